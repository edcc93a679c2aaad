// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights, and the layers that have them.

use serde::{Deserialize, Serialize};

use super::PerChannel;
use crate::ir::BitMatrix;

/// Weights of a [`Linear`] or [`Conv`](super::Conv) layer: a row an output, a column an input. For a
/// convolution a row is an output channel, and its columns are the window's inputs,
/// channel by channel, row by row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Weights {
    /// ±`scale` per output.
    Binary {
        /// The signs.
        signs: BitMatrix,
        /// Magnitude α_c, > 0.
        scale: PerChannel<f64>,
    },
    /// `scale` times a small integer.
    Integer {
        /// Number of rows.
        rows: usize,
        /// Row after row, −127 to 127.
        values: Vec<i8>,
        /// Per output, > 0.
        scale: PerChannel<f64>,
    },
    /// Real numbers.
    Real {
        /// Number of rows.
        rows: usize,
        /// Row after row.
        values: Vec<f64>,
    },
}

impl Weights {
    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        match self {
            Self::Binary { signs, .. } => signs.rows(),
            Self::Integer { rows, .. } | Self::Real { rows, .. } => *rows,
        }
    }

    /// Number of inputs of one output.
    #[must_use]
    pub fn inputs(&self) -> usize {
        match self {
            Self::Binary { signs, .. } => signs.cols(),
            Self::Integer { rows, values, .. } => values.len().checked_div(*rows).unwrap_or(0),
            Self::Real { rows, values } => values.len().checked_div(*rows).unwrap_or(0),
        }
    }

    /// One weight, with its scale.
    #[must_use]
    pub fn value(&self, output: usize, input: usize) -> f64 {
        match self {
            Self::Binary { signs, scale } if signs.get(output, input) => scale.at(output),
            Self::Binary { scale, .. } => -scale.at(output),
            Self::Integer { values, scale, .. } => {
                f64::from(values[output * self.inputs() + input]) * scale.at(output)
            }
            Self::Real { values, .. } => values[output * self.inputs() + input],
        }
    }

    /// Signs and magnitudes, if every weight is ± the magnitude of its output.
    #[must_use]
    pub fn binary(&self) -> Option<(&BitMatrix, &PerChannel<f64>)> {
        match self {
            Self::Binary { signs, scale } => Some((signs, scale)),
            _ => None,
        }
    }

    /// Multiplies the weights of one output by −1.
    pub fn negate_row(&mut self, output: usize) {
        let row = output * self.inputs()..(output + 1) * self.inputs();
        match self {
            Self::Binary { signs, .. } => signs.negate_row(output),
            Self::Integer { values, .. } => {
                values[row].iter_mut().for_each(|v| *v = v.saturating_neg());
            }
            Self::Real { values, .. } => values[row].iter_mut().for_each(|v| *v = -*v),
        }
    }

    /// Multiplies every weight; the factor is not zero.
    pub fn multiply(&mut self, factor: f64) {
        let scale = match self {
            Self::Real { values, .. } => return values.iter_mut().for_each(|v| *v *= factor),
            Self::Binary { signs, scale } => {
                if factor < 0.0 {
                    (0..signs.rows()).for_each(|r| signs.negate_row(r));
                }
                scale
            }
            Self::Integer { values, scale, .. } => {
                if factor < 0.0 {
                    values.iter_mut().for_each(|v| *v = v.saturating_neg());
                }
                scale
            }
        };
        match scale {
            PerChannel::All(s) => *s *= factor.abs(),
            PerChannel::Each(v) => v.iter_mut().for_each(|s| *s *= factor.abs()),
        }
    }

    /// As [`Weights::binary`], to be changed.
    pub fn binary_mut(&mut self) -> Option<(&mut BitMatrix, &mut PerChannel<f64>)> {
        match self {
            Self::Binary { signs, scale } => Some((signs, scale)),
            _ => None,
        }
    }
}

/// `y = W x + b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weights: Weights,
    /// Per output.
    pub bias: Option<Vec<f64>>,
}
