// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use synfire::diag::{Diagnostic, Result, codes};

use crate::data::{Augment, Dataset};
use crate::nn::{Model, Operations, Walk, rng};

/// How a network is run.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Timesteps.
    pub timesteps: usize,
    /// Members that are on; nothing: all.
    pub active: Option<Vec<bool>>,
    /// Changes of the samples: noise.
    pub augment: Augment,
}

/// How good a network is, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Share of samples with the right class, after 1, 2, … timesteps.
    pub accuracy: Vec<f64>,
    /// Spikes of each layer of neurons, per neuron and timestep; those of members that are
    /// off are left out.
    pub firing: Vec<f64>,
    /// Operations of one inference.
    pub operations: Operations,
}

impl Evaluation {
    /// Accuracy after all timesteps.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.accuracy.last().copied().unwrap_or(0.0)
    }
}

/// Runs a network over a data set. What t timesteps give is the prefix of what T give, so
/// one run tells all of them.
///
/// # Errors
/// [`codes::TRAIN_DIVERGED`] if a logit is no finite number.
pub fn evaluate(
    model: &Model,
    data: &Dataset,
    setting: &Setting,
    device: &Device,
) -> Result<Evaluation> {
    let model = model.valid();
    let steps = setting.timesteps;
    let mut right = vec![0_usize; steps];
    let mut firing: Vec<f64> = Vec::new();
    let mut operations = Operations::default();
    let mut random = rng(0, 0);
    let all: Vec<usize> = (0..data.len()).collect();
    for samples in all.chunks(500) {
        let input = data.batch(samples, &setting.augment, &mut random, device);
        let mut walk = Walk::new(steps);
        walk.active.clone_from(&setting.active);
        walk.spikes = Some(Vec::new());
        walk.operations = Some(Operations::default());
        let output = model.forward(input, &mut walk);
        if !output.logits.clone().into_data().iter::<f32>().all(f32::is_finite) {
            return Err(Diagnostic::new(
                &codes::TRAIN_DIVERGED,
                "a logit of the network is not a finite number",
            )
            .help("lower the rate or the weight of a loss; the last checkpoint is that of the epoch before"));
        }
        let labels = data.labels_of(samples);
        let mut sum: Option<Tensor<3>> = None;
        // A teacher has one timestep, whatever it is asked for.
        let given = output.logits.dims()[0];
        for (t, right) in right.iter_mut().enumerate() {
            let step = output.logits.clone().narrow(0, t.min(given - 1), 1);
            let total = match sum.take() {
                Some(sum) => sum + step,
                None => step,
            };
            let classes = total.clone().argmax(2).into_data();
            *right +=
                classes.iter::<i64>().zip(&labels).filter(|(c, l)| *c == i64::from(**l)).count();
            sum = Some(total);
        }
        let share = samples.len() as f64 / data.len() as f64;
        for (i, spikes) in walk.spikes.iter().flatten().enumerate() {
            let mean = f64::from(spikes.maps.clone().mean().into_data().iter::<f32>().sum::<f32>());
            if i == firing.len() {
                firing.push(0.0);
            }
            firing[i] += mean * share;
        }
        let counted = walk.operations.unwrap_or_default();
        operations.macs += counted.macs / data.len() as f64;
        operations.sops += counted.sops / data.len() as f64;
    }
    let accuracy = right.iter().map(|r| *r as f64 / data.len() as f64).collect();
    Ok(Evaluation { accuracy, firing, operations })
}
