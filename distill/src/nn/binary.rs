// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights with one bit, `a · sign(W)`, sign(0) = +1.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What the weights of a layer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Real numbers.
    Real,
    /// ±a with one a for the layer, the mean magnitude (SEI-BWSNN, as far as known).
    #[default]
    BinaryLayer,
    /// ±a with one a an output channel (Bi-Real Net, `ReActNet`).
    BinaryChannel,
}

/// The weights that compute, `[outputs, inputs]`, from the latent real ones. The gradient
/// by a latent weight is that by the binary one where its magnitude is at most 1, else 0
/// (clip STE); the magnitude a gets none.
#[must_use]
pub fn effective(latent: Tensor<2>, precision: Precision) -> Tensor<2> {
    let Some(scale) = magnitude(&latent, precision) else { return latent };
    let sign = sign(latent.clone().detach());
    let clipped = latent.clamp(-1.0, 1.0);
    // The difference is exactly zero: it only carries the gradient.
    let through = clipped.clone() - clipped.detach();
    sign * scale + through
}

/// The magnitude a of the weights, without a gradient: `[1, 1]` for a layer, `[outputs, 1]`
/// by channel, nothing if they are real numbers.
#[must_use]
pub fn magnitude(latent: &Tensor<2>, precision: Precision) -> Option<Tensor<2>> {
    let magnitudes = || latent.clone().detach().abs();
    match precision {
        Precision::Real => None,
        Precision::BinaryLayer => Some(magnitudes().mean().reshape([1, 1])),
        Precision::BinaryChannel => Some(magnitudes().mean_dim(1)),
    }
}

/// ±1; +1 at 0.
fn sign(latent: Tensor<2>) -> Tensor<2> {
    latent.greater_equal_elem(0.0).float().mul_scalar(2.0).sub_scalar(1.0)
}
