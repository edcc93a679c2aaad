// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Statistics of batch norms taken anew.
//!
//! Training took them over all timesteps. Membranes begin empty, so the first timesteps have
//! fewer spikes, and a model that keeps these alone sees other means and variances.

use super::infer::{Work, infer_watching};
use super::split::Place;
use crate::data::Samples;
use crate::diag::Result;
use crate::interp::Interp;
use crate::ir::{Graph, NodeId, Op};

/// The same model with the statistics of the samples at `places`; nothing if no norm sees
/// anything that changes with time. Norms are treated one after the other: what is changed in
/// one decides what the next one sees.
pub(super) fn anew(
    graph: &Graph,
    samples: &Samples,
    places: &[Place],
    work: &Work<'_>,
) -> Result<Option<Graph>> {
    let mut graph = graph.clone();
    let mut found = false;
    for id in graph.order()? {
        let Some(&operand) = graph.operands(id).first() else { continue };
        if !matches!(graph.node(id).op, Op::BatchNorm(_)) || graph.node(operand).stream.is_static {
            continue;
        }
        found = true;
        let (mean, var) = moments(&graph, operand, samples, places, work)?;
        if let Op::BatchNorm(norm) = graph.op_mut(id) {
            (norm.mean, norm.var) = (mean, var);
        }
        graph.refresh()?;
    }
    Ok(found.then_some(graph))
}

/// Mean and variance of each channel of what a node gives, over samples and timesteps.
fn moments(
    graph: &Graph,
    id: NodeId,
    samples: &Samples,
    places: &[Place],
    work: &Work<'_>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let channels = graph.node(id).stream.shape[0];
    let each = graph.node(id).stream.len() / channels;
    let sums = |interp: &mut Interp<'_>, place: Place| {
        let mut sums = vec![(0.0, 0.0); channels];
        infer_watching(interp, samples, place, &mut |node, _, value| {
            if node == id {
                for (i, v) in value.to_reals().iter().enumerate() {
                    let s = &mut sums[i / each];
                    *s = (s.0 + v, s.1 + v * v);
                }
            }
        })?;
        Ok(sums)
    };
    // Sums of samples in their order: the same at any number of threads.
    let all = work.each(places, || Interp::new(graph), sums)?;
    let n = (all.len() * each * graph.timesteps as usize) as f64;
    let total = |c: usize| all.iter().fold((0.0, 0.0), |t, s| (t.0 + s[c].0, t.1 + s[c].1));
    Ok((0..channels)
        .map(total)
        .map(|(sum, squares)| {
            let mean = sum / n;
            (mean, (squares / n - mean * mean).max(0.0))
        })
        .unzip())
}
