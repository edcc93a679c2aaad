// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Tensor, activation::log_softmax};

use super::Target;

/// `Σ p (log p − log q)` over the last dimension, the mean over all others, where p and q
/// are given by logits. No gradient flows to the teacher.
#[must_use]
pub fn kl<const D: usize>(teacher: Tensor<D>, student: Tensor<D>) -> Tensor<1> {
    let log_p = log_softmax(teacher.detach(), D - 1);
    let log_q = log_softmax(student, D - 1);
    (log_p.clone().exp() * (log_p - log_q)).sum_dim(D - 1).mean()
}

/// `τ² KL(softmax(z_T / τ) ‖ softmax(o / τ))`; zero without a teacher.
pub(super) fn from_teacher(logits: &Tensor<3>, target: &Target, temperature: f64) -> Tensor<1> {
    let Some(teacher) = &target.logits else {
        return Tensor::zeros([1], &logits.device());
    };
    let teacher = teacher.clone().div_scalar(temperature).unsqueeze::<3>();
    let teacher = teacher.expand(logits.dims());
    kl(teacher, logits.clone().div_scalar(temperature)).mul_scalar(temperature * temperature)
}
