// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The trainer and other executors, side by side.

use std::collections::BTreeMap;

use synfire::diag::Result;
use synfire::interp::{Interp, Logits, Stimulus};
use synfire::ir::{Graph, Op, PerChannel};

use crate::models::{Case, Shown};
use crate::trained::Run;

/// What executors may differ by, in single precision (the trainer, ONNX Runtime) or double
/// precision (the interpreter): in logits, relative to the largest of them or 1, and in
/// membranes, relative to the threshold.
pub(crate) const BOUND: f64 = 1e-5;

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) samples: usize,
    /// Samples with a membrane within [`BOUND`] of its threshold.
    pub(crate) near: usize,
    /// Those of them where the executors' spikes do differ.
    pub(crate) flipped: usize,
    /// The largest difference of a logit, relative as [`BOUND`].
    pub(crate) worst: f64,
    /// Samples with another class, since two logits are equal up to rounding.
    pub(crate) tied: usize,
    /// Spikes, and neurons times timesteps, by layer.
    fired: BTreeMap<String, (usize, usize)>,
}

/// What the interpreter gives for a sample.
pub(crate) fn interp(graph: &Graph, case: &Case, sample: &[Vec<f32>]) -> Result<Run> {
    let levels: Vec<Vec<u16>> =
        sample.iter().map(|s| s.iter().map(|v| *v as u16).collect()).collect();
    let reals: Vec<Vec<f64>> =
        sample.iter().map(|s| s.iter().copied().map(f64::from).collect()).collect();
    let stimulus = match (case.scale().is_some(), case.changes()) {
        (true, false) => Stimulus::Levels(&levels[0]),
        (true, true) => Stimulus::LevelSteps(&levels),
        (false, false) => Stimulus::Reals(&reals[0]),
        (false, true) => Stimulus::RealSteps(&reals),
    };
    let record = Interp::new(graph)?.run_on(stimulus)?;
    let logits = match record.logits {
        Logits::Real(logits) => logits,
        Logits::Integer(logits) => logits.into_iter().map(|l| l as f64).collect(),
    };
    Ok(Run { spikes: record.spikes.into_iter().map(|l| (l.node, l.fired)).collect(), logits })
}

/// Every sample in the interpreter.
pub(crate) fn interpreted(graph: &Graph, case: &Case, shown: &Shown) -> Result<Vec<Run>> {
    shown.iter().map(|sample| interp(graph, case, sample)).collect()
}

/// Every sample: the same spikes of every neuron of the graph, logits within the bound, the
/// same class. A sample is let off only if its spikes would change if all thresholds were
/// larger or smaller by the bound; at most one in fifty is. Only in the model `ties`, whose
/// logits are small integers times a magnitude, may the class be that of an equal logit.
pub(crate) fn agree(
    graph: &Graph,
    (case, shown): (&Case, &Shown),
    trained: &[Run],
    other: &[Run],
) -> Result<Found> {
    let name = case.name;
    assert_eq!([trained.len(), other.len()], [shown.len(); 2], "{name}");
    let graphs = [moved(graph, 1.0 - BOUND)?, moved(graph, 1.0 + BOUND)?];
    let mut found = Found { samples: shown.len(), ..Found::default() };
    for (sample, (want, got)) in shown.iter().zip(trained.iter().zip(other)) {
        let [fewer, more] = [interp(&graphs[0], case, sample)?, interp(&graphs[1], case, sample)?];
        let near = fewer.spikes != more.spikes;
        found.near += usize::from(near);
        if near && got.spikes != want.spikes {
            found.flipped += 1;
            continue;
        }
        for (layer, fired) in &want.spikes {
            assert!(got.spikes.get(layer) == Some(fired), "{name}: {layer} has other spikes");
        }
        assert_eq!(got.spikes.len(), want.spikes.len(), "{name}");
        let size = want.logits.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        let pairs = got.logits.iter().zip(&want.logits);
        let off = pairs.fold(0.0, |m: f64, (x, y)| m.max((x - y).abs())) / size;
        assert!(off <= BOUND, "{name}: logits are off by {off}");
        if got.class() != want.class() {
            let short = want.logits[want.class()] - want.logits[got.class()];
            assert!(name == "ties" && short <= BOUND * size, "{name}: class off by {short}");
            found.tied += 1;
        }
        found.worst = found.worst.max(off);
        for (layer, fired) in &got.spikes {
            let all = found.fired.entry(layer.clone()).or_default();
            all.0 += fired.iter().flatten().filter(|s| **s).count();
            all.1 += fired.iter().map(Vec::len).sum::<usize>();
        }
    }
    assert!(found.flipped * 50 <= found.samples, "{name}: {found:?}");
    // A layer that is silent or always fires would agree with anything.
    for (layer, (fired, all)) in &found.fired {
        assert!(fired * 100 > *all && fired * 20 < all * 19, "{name}: {layer}: {fired} of {all}");
    }
    Ok(found)
}

/// The same graph with every threshold times `factor`.
fn moved(graph: &Graph, factor: f64) -> Result<Graph> {
    let mut graph = graph.clone();
    for id in graph.order()? {
        if let Op::Lif(l) = graph.op_mut(id)
            && let PerChannel::All(threshold) = &mut l.threshold
        {
            *threshold *= factor;
        }
    }
    Ok(graph)
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { samples, near, flipped, worst, tied, fired } = self;
        let layers = fired.len();
        write!(
            f,
            "{samples} samples, {layers} layers of neurons, logits off by {worst:.1e}, \
             {near} samples near a threshold, {flipped} with other spikes, {tied} tied"
        )
    }
}
