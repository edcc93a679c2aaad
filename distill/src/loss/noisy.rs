// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Distillation with noise on the student's side (NLD of CKDSNN).

use burn::tensor::{Tensor, TensorData, activation::softmax};
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{Target, kl};
use crate::nn::Rng;

/// Added to a variance: logits that are all equal (nothing has fired) have a deviation of 0,
/// where the root has no derivative.
const EPSILON: f64 = 1e-12;

/// What the noise is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseForm {
    /// Logits: `z + λ ε`, ε normal with the mean and deviation of a sample's logits.
    #[default]
    Paper,
    /// Probabilities: `(1 − λ) softmax(z / τ) + λ softmax(ε / τ)`, the deviation squared
    /// (the published code).
    Code,
}

pub(super) fn loss(
    logits: &Tensor<2>,
    target: &Target,
    (tau, noise): (f64, f64),
    form: NoiseForm,
    rng: &mut Rng,
) -> Tensor<1> {
    let Some(teacher) = &target.logits else {
        return Tensor::zeros([1], &logits.device());
    };
    let [batch, classes] = logits.dims();
    let normal: Vec<f32> = StandardNormal.sample_iter(rng).take(batch * classes).collect();
    let normal = Tensor::from_data(TensorData::new(normal, [batch, classes]), &logits.device());
    noisy_kl(teacher.clone(), logits.clone(), normal, (tau, noise), form)
}

/// `τ² KL` of a teacher from a student whose logits carry the noise that `normal`, numbers
/// of mean 0 and variance 1, makes; all `[batch, classes]`. Mean over the batch.
#[must_use]
pub fn noisy_kl(
    teacher: Tensor<2>,
    logits: Tensor<2>,
    normal: Tensor<2>,
    (tau, noise): (f64, f64),
    form: NoiseForm,
) -> Tensor<1> {
    let (variance, mean) = logits.clone().var_mean(1);
    let teacher = teacher.div_scalar(tau);
    let divergence = match form {
        NoiseForm::Paper => {
            let epsilon = mean + variance.add_scalar(EPSILON).sqrt() * normal;
            let soft = logits + epsilon.mul_scalar(noise);
            kl(teacher, soft.div_scalar(tau))
        }
        NoiseForm::Code => {
            let epsilon = mean + variance * normal;
            let own = softmax(logits.div_scalar(tau), 1).mul_scalar(1.0 - noise);
            let mixed = own + softmax(epsilon.div_scalar(tau), 1).mul_scalar(noise);
            // Logits of mixed probabilities are their logarithms.
            kl(teacher, mixed.add_scalar(1e-10).log())
        }
    };
    divergence.mul_scalar(tau * tau)
}
