// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The trainer and the compiler's interpreter, side by side.

use std::collections::BTreeMap;

use synfire::diag::Result;
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{Graph, Op, PerChannel};

use crate::models::{Case, Shown};
use crate::trained::Trained;

/// What single precision (the trainer) and double precision (the interpreter) may differ
/// by: in logits, relative to the largest of them or 1, and in membranes, relative to the
/// threshold.
pub(crate) const BOUND: f64 = 1e-5;

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) samples: usize,
    /// Samples with a membrane within [`BOUND`] of its threshold, and those of them where
    /// the executors' spikes do differ.
    pub(crate) near: usize,
    pub(crate) flipped: usize,
    /// The largest difference of a logit, relative as [`BOUND`].
    pub(crate) worst: f64,
    /// Spikes, and neurons times timesteps, by layer.
    pub(crate) fired: BTreeMap<String, (usize, usize)>,
}

/// What the interpreter gives for a sample.
pub(crate) fn interp(graph: &Graph, case: &Case, sample: &[Vec<f32>]) -> Result<Record> {
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
    Interp::new(graph)?.run_on(stimulus)
}

/// Every sample: the same spikes of every neuron of the graph, logits within the bound, the
/// same class. A sample is let off only if its spikes would change if all thresholds were
/// larger or smaller by the bound; at most one in fifty is.
pub(crate) fn agree(
    graph: &Graph,
    case: &Case,
    shown: &Shown,
    trained: &[Trained],
) -> Result<Found> {
    let name = case.name;
    let moved = [moved(graph, 1.0 - BOUND)?, moved(graph, 1.0 + BOUND)?];
    let mut found = Found { samples: shown.len(), ..Found::default() };
    for (sample, trained) in shown.iter().zip(trained) {
        let record = interp(graph, case, sample)?;
        let mut near = false;
        for graph in &moved {
            near |= interp(graph, case, sample)?.spikes != record.spikes;
        }
        found.near += usize::from(near);
        let same = record.spikes.iter().all(|layer| trained.spikes[&layer.node] == layer.fired);
        if near && !same {
            found.flipped += 1;
            continue;
        }
        assert!(same, "{name}: other spikes");
        let want = trained.mean();
        let got = logits(&record);
        let size = want.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        let off = got.iter().zip(&want).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs())) / size;
        assert!(off <= BOUND, "{name}: logits are off by {off}");
        assert_eq!(record.class, largest(&want), "{name}: another class");
        found.worst = found.worst.max(off);
        for layer in &record.spikes {
            let (fired, all) = found.fired.entry(layer.node.clone()).or_default();
            *fired += layer.count();
            *all += layer.neurons * layer.fired.len();
        }
    }
    assert!(found.flipped * 50 <= found.samples, "{name}: {found:?}");
    // A layer that is silent or always fires would agree with anything.
    for (layer, (fired, all)) in &found.fired {
        assert!(fired * 100 > *all && fired * 20 < all * 19, "{name}: {layer}: {fired} of {all}");
    }
    Ok(found)
}

pub(crate) fn logits(record: &Record) -> Vec<f64> {
    match &record.logits {
        Logits::Real(logits) => logits.clone(),
        Logits::Integer(_) => panic!("a graph of integers"),
    }
}

fn largest(v: &[f64]) -> usize {
    (0..v.len()).fold(0, |best, i| if v[i] > v[best] { i } else { best })
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
