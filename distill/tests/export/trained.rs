// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the trainer's own forward pass gives, sample by sample.

use std::collections::BTreeMap;

use synfire::diag::Result;
use synfire::ir::{Graph, Op};
use synfire_distill::export;
use synfire_distill::nn::Walk;

use crate::models::{Case, Shown};

/// One sample in the trainer.
pub(crate) struct Trained {
    /// `[timestep][class]`; one timestep if the logits are the same at all of them.
    pub(crate) logits: Vec<Vec<f32>>,
    /// By the name of the node, `[timestep][neuron]`.
    pub(crate) spikes: BTreeMap<String, Vec<Vec<bool>>>,
}

impl Trained {
    pub(crate) fn mean(&self) -> Vec<f64> {
        let classes = self.logits[0].len();
        let sum = |c: usize| self.logits.iter().map(|s| f64::from(s[c])).sum::<f64>();
        (0..classes).map(|c| sum(c) / self.logits.len() as f64).collect()
    }
}

/// Names of the neurons, in the order in which the trainer visits them.
pub(crate) fn neurons(graph: &Graph) -> Result<Vec<String>> {
    let order = graph.order()?;
    let nodes = order.into_iter().map(|id| graph.node(id));
    Ok(nodes.filter(|n| matches!(n.op, Op::Lif(_))).map(|n| n.name.clone()).collect())
}

/// All samples in one batch, with the members that are `active`.
pub(crate) fn run(case: &Case, shown: &Shown, active: Option<&[bool]>) -> Result<Vec<Trained>> {
    let steps = u32::try_from(case.steps).unwrap();
    let names = neurons(&export::graph(&case.spec, &case.model, steps, case.input)?)?;
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
    // `[timestep][batch][element]`, as everything of a signal.
    let row = |all: &[f32], times: usize, t: usize, sample: usize| {
        let n = all.len() / times / batch;
        all[(t * batch + sample) * n..][..n].to_vec()
    };
    let sample = |i: usize| {
        let spikes = names.iter().zip(&fired).map(|(name, all)| {
            let step = |t| row(all, case.steps, t, i).into_iter().map(|s| s == 1.0).collect();
            (name.clone(), (0..case.steps).map(step).collect())
        });
        assert_eq!(logits.len(), times * batch * classes);
        Trained {
            logits: (0..times).map(|t| row(&logits, times, t, i)).collect(),
            spikes: spikes.collect(),
        }
    };
    Ok((0..batch).map(sample).collect())
}
