// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// What stands for the derivative of a spike by the membrane potential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Surrogate {
    /// `max(0, γ − |u − θ|) / γ²` (SLTT, SEI-BWSNN with γ = θ).
    Triangle {
        /// γ: half the width.
        width: f64,
    },
    /// `a z (1 − z)` with `z = sigmoid(a (u − θ))` (rate-based backpropagation: a = 4).
    Sigmoid {
        /// a.
        slope: f64,
    },
    /// `a / 2 / (1 + (π/2 · a (u − θ))²)`.
    Arctan {
        /// a.
        slope: f64,
    },
}

impl Surrogate {
    /// The derivative where the membrane is `distance` above the threshold; no gradient
    /// flows through it.
    #[must_use]
    pub fn slope<const D: usize>(self, distance: Tensor<D>) -> Tensor<D> {
        let distance = distance.detach();
        match self {
            Self::Triangle { width } => {
                let rise = distance.abs().neg().add_scalar(width).mul_scalar(1.0 / (width * width));
                activation::relu(rise)
            }
            Self::Sigmoid { slope } => {
                let z = activation::sigmoid(distance.mul_scalar(slope));
                z.clone().mul_scalar(slope) * (z.neg().add_scalar(1.0))
            }
            Self::Arctan { slope } => {
                let x = distance.mul_scalar(slope * std::f64::consts::FRAC_PI_2);
                (x.clone() * x).add_scalar(1.0).recip().mul_scalar(slope / 2.0)
            }
        }
    }
}
