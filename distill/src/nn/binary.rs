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
    let (sign, scale) = match precision {
        Precision::Real => return latent,
        Precision::BinaryLayer => {
            let scale = latent.clone().detach().abs().mean().reshape([1, 1]);
            (sign(latent.clone().detach()), scale)
        }
        Precision::BinaryChannel => {
            (sign(latent.clone().detach()), latent.clone().detach().abs().mean_dim(1))
        }
    };
    let clipped = latent.clamp(-1.0, 1.0);
    // The difference is exactly zero: it only carries the gradient.
    let through = clipped.clone() - clipped.detach();
    sign * scale + through
}

/// ±1; +1 at 0.
fn sign(latent: Tensor<2>) -> Tensor<2> {
    latent.greater_equal_elem(0.0).float().mul_scalar(2.0).sub_scalar(1.0)
}
