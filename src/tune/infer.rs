// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Running a graph on samples.

use std::ops::Range;

use crate::data::{Samples, Slice};
use crate::diag::{Diagnostic, Result};
use crate::interp::{Interp, Logits, Record, Stimulus, Value, first_largest};
use crate::ir::{Graph, NodeId, Op, ReadoutKind};

use super::split::Place;

/// One inference on a sample.
///
/// # Errors
/// As [`Interp::run_on`]; an internal error if there is no such sample.
pub fn infer(interp: &Interp<'_>, samples: &Samples, i: Place) -> Result<Record> {
    infer_watching(interp, samples, i, &mut |_, _, _| {})
}

/// The same, with a look at what every node gives.
///
/// # Errors
/// As [`infer`].
pub fn infer_watching(
    interp: &Interp<'_>,
    samples: &Samples,
    i: Place,
    watch: &mut dyn FnMut(NodeId, u32, &Value),
) -> Result<Record> {
    let missing = || Diagnostic::internal("infer", "a sample is missing");
    let Some(timesteps) = samples.timesteps() else {
        return match samples.get(i).ok_or_else(missing)? {
            Slice::U8(v) => {
                let levels: Vec<u16> = v.iter().map(|v| u16::from(*v)).collect();
                interp.run_watching(Stimulus::Levels(&levels), watch)
            }
            Slice::U16(v) => interp.run_watching(Stimulus::Levels(v), watch),
            Slice::Real(v) => interp.run_watching(Stimulus::Reals(v), watch),
        };
    };
    let step = |t| samples.step(i, t).map(|s| s.to_reals()).ok_or_else(missing);
    let steps: Vec<Vec<f64>> = (0..timesteps).map(step).collect::<Result<_>>()?;
    interp.run_watching(Stimulus::RealSteps(&steps), watch)
}

/// The class after each timestep of an inference of the real form: what its first timesteps
/// alone would have given.
pub(super) fn classes(graph: &Graph, record: &Record) -> Result<Vec<u16>> {
    let Op::Readout(readout) = &graph.node(graph.output()?).op else {
        return Err(Diagnostic::internal("tune", "not the real form"));
    };
    let mut sum: Vec<f64> = Vec::new();
    let mut classes = Vec::with_capacity(record.steps.len());
    for step in &record.steps {
        if readout.kind == ReadoutKind::Last {
            sum.clear();
        }
        let of_largest = readout.kind == ReadoutKind::Max && !sum.is_empty();
        sum.resize(step.len(), 0.0);
        let taken = |s: f64, v: f64| if of_largest { s.max(v) } else { s + v };
        sum.iter_mut().zip(step).for_each(|(s, v)| *s = taken(*s, *v));
        // The logits of a run of so many timesteps.
        let so_far = (classes.len() + 1) as f64;
        let divides = matches!(readout.kind, ReadoutKind::Mean | ReadoutKind::PerStep);
        let logit = |v: &f64| if divides { v / so_far } else { *v };
        let logits: Vec<f64> = sum.iter().map(logit).collect();
        classes.push(first_largest(&logits) as u16);
    }
    debug_assert!(matches!(record.logits, Logits::Real(_)));
    Ok(classes)
}

/// Which of the samples at `places` a graph, in either form, has right.
///
/// # Errors
/// As [`infer`].
pub fn right_on(
    graph: &Graph,
    samples: &Samples,
    places: &[Place],
    work: &Work<'_>,
) -> Result<Vec<bool>> {
    let label = |p: Place| samples.labels.as_ref().and_then(|l| l.get(p)).map(|l| *l as usize);
    work.each(
        places,
        || Interp::new(graph),
        |interp, p| Ok(Some(infer(interp, samples, p)?.class) == label(p)),
    )
}

/// How a part of the work is done in parallel: threads, and who is told about each sample.
pub struct Work<'a> {
    /// Threads; the result does not depend on it.
    pub threads: usize,
    /// Called after each inference.
    pub tick: &'a (dyn Fn() + Sync),
}

impl Work<'_> {
    /// What `of` gives for each place, in their order. Each thread has a state that `start` makes.
    ///
    /// # Errors
    /// The first one, in the order of the places, of what `start` and `of` report.
    pub fn each<S, T: Send>(
        &self,
        places: &[Place],
        start: impl Fn() -> Result<S> + Sync,
        of: impl Fn(&mut S, Place) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let chunk = places.len().div_ceil(self.threads.max(1)).max(1);
        let part = |range: Range<usize>| -> Result<Vec<T>> {
            let mut state = start()?;
            let mut all = Vec::with_capacity(range.len());
            for &place in &places[range] {
                all.push(of(&mut state, place)?);
                (self.tick)();
            }
            Ok(all)
        };
        let parts: Vec<Result<Vec<T>>> = std::thread::scope(|scope| {
            let part = &part;
            let spawn = |from: usize| {
                let range = from..(from + chunk).min(places.len());
                scope.spawn(move || part(range))
            };
            let handles: Vec<_> = (0..places.len()).step_by(chunk).map(spawn).collect();
            let died = |_| Err(Diagnostic::internal("tune", "a thread died"));
            handles.into_iter().map(|h| h.join().unwrap_or_else(died)).collect()
        });
        let mut all = Vec::with_capacity(places.len());
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }
}
