// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Losses over time: the entropy term of SC-NeuroCore's tutorial, and self-distillation of
//! full-range timesteps.

use burn::tensor::{Tensor, activation::log_softmax};

use super::{Target, kl};
use crate::nn::Output;

/// `Σ s log s` with `s = softmax(z / τ)`, mean over the batch.
pub(super) fn negative_entropy(logits: Tensor<2>, tau: f64) -> Tensor<1> {
    let log = log_softmax(logits.div_scalar(tau), 1);
    (log.clone().exp() * log).sum_dim(1).mean()
}

/// `τ² KL` of every timestep from the mean of the logits of those timesteps that have the
/// sample right; of all timesteps where none has.
pub(super) fn own_steps(output: &Output, target: &Target, tau: f64) -> Tensor<1> {
    let logits = output.logits.clone().detach();
    let [steps, batch, classes] = logits.dims();
    let chosen = logits.clone().equal(logits.clone().max_dim(2).expand([steps, batch, classes]));
    let right = chosen.float() * target.one_hot.clone().unsqueeze::<3>();
    let right = right.sum_dim(2).clamp(0.0, 1.0);
    let count = right.clone().sum_dim(0);
    let none = count.clone().equal_elem(0.0).float();
    let weight = right + none;
    let total = weight.clone().sum_dim(0);
    let mean = (logits * weight).sum_dim(0) / total;
    let teacher = mean.div_scalar(tau).expand([steps, batch, classes]);
    kl(teacher, output.logits.clone().div_scalar(tau)).mul_scalar(tau * tau)
}
