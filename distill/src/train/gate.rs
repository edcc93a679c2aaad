// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A gate for an ensemble: a small network that says of each sample how many members it
//! needs (an open question of SNE; this answer is ours).

use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use serde::Serialize;
use synfire::diag::Result;

use super::evaluate::{Setting, evaluate};
use crate::data::{Augment, Dataset};
use crate::nn::{Model, Operations, Walk, rng};

/// What a gate is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gated {
    /// Accuracy with as many members on as the gate says.
    pub accuracy: f64,
    /// Members that are on, on average.
    pub members: f64,
    /// Accuracy with the first 1, 2, … members on, whatever the sample.
    pub fixed: Vec<f64>,
    /// Operations of the gate itself, each inference.
    pub operations: Operations,
}

/// `[members][sample]`: the class that the first 1, 2, … of the members give.
fn answers(
    model: &Model,
    data: &Dataset,
    steps: usize,
    members: &[usize],
    device: &Device,
) -> Vec<Vec<u8>> {
    let all = super::members::count(model);
    (1..=members.len())
        .map(|on| {
            let active = (0..all).map(|m| members[..on].contains(&m)).collect();
            classes(model, data, steps, Some(active), device)
        })
        .collect()
}

fn classes(
    model: &Model,
    data: &Dataset,
    steps: usize,
    active: Option<Vec<bool>>,
    device: &Device,
) -> Vec<u8> {
    let model = model.valid();
    let all: Vec<usize> = (0..data.len()).collect();
    let chunk = |samples: &[usize]| {
        let input = data.batch(samples, &Augment::default(), &mut rng(0, 0), device);
        let mut walk = Walk::new(steps);
        walk.active.clone_from(&active);
        let logits: Tensor<2> = model.forward(input, &mut walk).logits.mean_dim(0).squeeze_dim(0);
        logits.argmax(1).into_data().iter::<u8>().collect::<Vec<_>>()
    };
    all.chunks(500).flat_map(chunk).collect()
}

/// The samples with new labels: one less than the number of members that give the right
/// class, the first ones of `members` on; all of them where no number does.
///
/// # Errors
/// As [`Dataset::new`].
pub fn needs(
    ensemble: &Model,
    data: &Dataset,
    (steps, members): (usize, &[usize]),
    device: &Device,
) -> Result<Dataset> {
    let answers = answers(ensemble, data, steps, members, device);
    let needed = |(i, label): (usize, &u8)| {
        let first = answers.iter().position(|a| a[i] == *label);
        first.unwrap_or(members.len() - 1) as u8
    };
    let labels = data.labels().iter().enumerate().map(needed).collect();
    data.relabelled(labels, members.len())
}

/// Runs an ensemble with as many members as a gate says.
///
/// # Errors
/// As [`evaluate`].
pub fn gated(
    ensemble: &Model,
    gate: &Model,
    data: &Dataset,
    (steps, members): (usize, &[usize]),
    device: &Device,
) -> Result<Gated> {
    let answers = answers(ensemble, data, steps, members, device);
    let chosen = classes(gate, data, steps, None, device);
    let total = data.len() as f64;
    let right = |answer: &mut dyn Iterator<Item = u8>| {
        answer.zip(data.labels()).filter(|(a, l)| a == *l).count() as f64 / total
    };
    let on = |k: &u8| usize::from(*k).min(members.len() - 1);
    let accuracy = right(&mut chosen.iter().enumerate().map(|(i, k)| answers[on(k)][i]));
    let setting = Setting { timesteps: steps, ..Setting::default() };
    Ok(Gated {
        accuracy,
        members: chosen.iter().map(|k| on(k) as f64 + 1.0).sum::<f64>() / total,
        fixed: answers.iter().map(|a| right(&mut a.iter().copied())).collect(),
        operations: evaluate(gate, data, &setting, device)?.operations,
    })
}
