// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Features of ensembles (SNE): regression on the teacher's, and what makes a teacher's
//! blocks differ.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Target;
use crate::nn::Output;

/// Mean of `(F − f_T)²` over batch and the elements of the members that are on (those of the
/// others are 0 in both); F is the mean over time of what flows into the last stage. Zero
/// without a teacher.
pub(super) fn distance(output: &Output, target: &Target) -> Tensor<1> {
    let (Some(own), Some(teacher)) = (output.features.last(), target.features.last()) else {
        return Tensor::zeros([1], &output.logits.device());
    };
    let off = own.mean() - teacher.maps.clone();
    (off.clone() * off).mean().div_scalar(target.kept)
}

/// [`similarity`] of what flows into the last stage.
pub(super) fn unlike(output: &Output, blocks: usize, form: Similarity) -> Tensor<1> {
    let Some(own) = output.features.last() else {
        return Tensor::zeros([1], &output.logits.device());
    };
    similarity(own.mean().flatten(1, 3), blocks, form)
}

/// Which form the likeness of feature blocks takes; the paper's is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Similarity {
    /// `mean_{i<j} cos(f⁽ⁱ⁾, f⁽ʲ⁾)`.
    #[default]
    Cosine,
    /// `−mean_{i<j} ‖f⁽ⁱ⁾/‖f⁽ⁱ⁾‖ − f⁽ʲ⁾/‖f⁽ʲ⁾‖‖²`.
    Distance,
}

/// Likeness of the `blocks` equal parts of features `[batch, elements]`, mean over the
/// batch. Fine-tuning a teacher to make it small gives each student a part of its own.
#[must_use]
pub fn similarity(features: Tensor<2>, blocks: usize, form: Similarity) -> Tensor<1> {
    let [batch, elements] = features.dims();
    let parts = features.reshape([batch, blocks, elements / blocks]);
    let norm = (parts.clone() * parts.clone()).sum_dim(2).add_scalar(1e-12).sqrt();
    let unit = parts / norm;
    let cosines = unit.clone().matmul(unit.transpose());
    // All pairs without those of a block and itself, whose cosine is 1.
    let pairs = (blocks * (blocks - 1)) as f64;
    let mean = (cosines.sum() / batch as f64).sub_scalar(blocks as f64).div_scalar(pairs);
    match form {
        Similarity::Cosine => mean,
        Similarity::Distance => mean.mul_scalar(2.0).sub_scalar(2.0),
    }
}
