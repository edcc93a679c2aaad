// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Saliency maps (CKDSNN): where a network looks.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use super::{Target, kl};
use crate::nn::{Maps, Output, Signal};

/// How the maps of student and teacher are made comparable before the softmax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MapForm {
    /// Not at all, Σ over timesteps and channels; the loss times τ².
    #[default]
    Paper,
    /// Each map to 0…1 by its own extremes; the loss times τ². It then says where a map is
    /// largest, not by how much: a softmax of numbers of 0…1 over many places is nearly even.
    Scaled,
    /// All maps of a batch by the extremes of the batch; no τ² (the published code).
    Code,
}

/// `relu(Σ_c w[class, c] F_c)` with the class that the teacher predicts: Grad-CAM, up to a
/// positive factor, of a network whose head is a mean over places and a linear layer.
/// `features`: `[batch, c, h, w]`, `head`: `[classes, c]`; gives `[batch, h · w]`.
#[must_use]
pub fn class_map(features: Maps, logits: Tensor<2>, head: Tensor<2>) -> Tensor<2> {
    let [batch, c, h, w] = features.dims();
    let class = logits.argmax(1).reshape([batch]);
    let weight = head.select(0, class).reshape([batch, c, 1, 1]);
    relu((features * weight).sum_dim(1)).reshape([batch, h * w])
}

/// The last features with more than one place.
pub(super) fn last_maps(features: &[Signal]) -> Option<&Signal> {
    features.iter().rev().find(|s| {
        let [_, _, h, w] = s.maps.dims();
        h * w > 1
    })
}

/// KL between the teacher's map and `Σ_t Σ_c F[t, c]`, where maps are scaled `mean_t Σ_c`; zero if
/// either is missing. A rate pass has one timestep, and its sum is the mean.
pub(super) fn loss(output: &Output, target: &Target, tau: f64, form: MapForm) -> Tensor<1> {
    let (Some(teacher), Some(student)) = (&target.map, last_maps(&output.features)) else {
        return Tensor::zeros([1], &output.logits.device());
    };
    let mean = student.mean();
    let [batch, _, h, w] = mean.dims();
    let timesteps = match form {
        MapForm::Paper => student.steps.unwrap_or(1),
        MapForm::Scaled | MapForm::Code => 1,
    };
    let student = mean.sum_dim(1).reshape([batch, h * w]).mul_scalar(timesteps as f64);
    let scaled = |map: Tensor<2>| normalise(map, form).div_scalar(tau);
    let divergence = kl(scaled(teacher.clone()), scaled(student));
    match form {
        MapForm::Paper | MapForm::Scaled => divergence.mul_scalar(tau * tau),
        MapForm::Code => divergence,
    }
}

/// `(x − min) / (max − min + 10⁻³)`, or the map as it is.
fn normalise(map: Tensor<2>, form: MapForm) -> Tensor<2> {
    let (low, high) = match form {
        MapForm::Paper => return map,
        MapForm::Scaled => (map.clone().min_dim(1), map.clone().max_dim(1)),
        MapForm::Code => (map.clone().min().reshape([1, 1]), map.clone().max().reshape([1, 1])),
    };
    (map - low.clone()) / (high - low).add_scalar(1e-3)
}
