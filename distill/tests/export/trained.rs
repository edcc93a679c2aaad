// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What an executor gives for a sample, and the first of them: the trainer's own forward
//! pass.

use std::collections::BTreeMap;

use serde::Deserialize;
use synfire::diag::Result;
use synfire::ir::{Graph, Op};
use synfire_distill::nn::Walk;

use crate::models::{Case, Shown};

/// One sample in one executor.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Run {
    /// By the name of the node, `[timestep][neuron]`.
    pub(crate) spikes: BTreeMap<String, Vec<Vec<bool>>>,
    /// Means over the timesteps.
    pub(crate) logits: Vec<f64>,
}

impl Run {
    /// The first of the largest logits.
    pub(crate) fn class(&self) -> usize {
        let larger = |best, i| if self.logits[i] > self.logits[best] { i } else { best };
        (0..self.logits.len()).fold(0, larger)
    }
}

/// Names of the neurons, in the order in which the trainer visits them.
pub(crate) fn neurons(graph: &Graph) -> Result<Vec<String>> {
    let order = graph.order()?;
    let nodes = order.into_iter().map(|id| graph.node(id));
    Ok(nodes.filter(|n| matches!(n.op, Op::Lif(_))).map(|n| n.name.clone()).collect())
}

/// All samples in one batch, with the members that are `active`.
pub(crate) fn run(case: &Case, shown: &Shown, active: Option<&[bool]>) -> Result<Vec<Run>> {
    let graph = active.map_or_else(|| case.graph(), |active| case.subset(active))?;
    let names = neurons(&graph)?;
    let mut walk = Walk::new(case.steps);
    walk.spikes = Some(Vec::new());
    walk.active = active.map(<[bool]>::to_vec);
    let output = case.model.forward(case.signal(shown), &mut walk);
    let layers = walk.spikes.unwrap();
    assert_eq!(layers.len(), names.len());
    let [times, batch, classes] = output.logits.dims();
    let logits: Vec<f32> = output.logits.into_data().iter::<f32>().collect();
    let fired: Vec<Vec<f32>> =
        layers.into_iter().map(|l| l.maps.into_data().iter::<f32>().collect()).collect();
    let sample = |i: usize| {
        let spikes = names.iter().zip(&fired).map(|(name, all)| {
            let n = all.len() / case.steps / batch;
            // `[timestep][batch][element]`, as everything of a signal.
            let step = |t| all[(t * batch + i) * n..][..n].iter().map(|s| *s == 1.0).collect();
            (name.clone(), (0..case.steps).map(step).collect())
        });
        let at = |c: usize, t: usize| f64::from(logits[(t * batch + i) * classes + c]);
        let mean = |c: usize| (0..times).map(|t| at(c, t)).sum::<f64>() / times as f64;
        Run { spikes: spikes.collect(), logits: (0..classes).map(mean).collect() }
    };
    Ok((0..batch).map(sample).collect())
}
