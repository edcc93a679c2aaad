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

    /// The weights of these outputs from these inputs alone, in their order.
    #[must_use]
    pub fn select(&self, outputs: &[bool], inputs: &[bool]) -> Self {
        let places = |kept: &[bool]| -> Vec<usize> {
            kept.iter().enumerate().filter(|(_, k)| **k).map(|(i, _)| i).collect()
        };
        let (rows, columns) = (places(outputs), places(inputs));
        let per_output = |scale: &PerChannel<f64>| match scale {
            PerChannel::All(s) => PerChannel::All(*s),
            PerChannel::Each(v) => PerChannel::Each(rows.iter().map(|r| v[*r]).collect()),
        };
        let all = self.inputs();
        match self {
            Self::Binary { signs, scale } => Self::Binary {
                signs: BitMatrix::from_fn(rows.len(), columns.len(), |r, c| {
                    signs.get(rows[r], columns[c])
                }),
                scale: per_output(scale),
            },
            Self::Integer { values, scale, .. } => Self::Integer {
                rows: rows.len(),
                values: chosen(values, all, &rows, &columns),
                scale: per_output(scale),
            },
            Self::Real { values, .. } => {
                Self::Real { rows: rows.len(), values: chosen(values, all, &rows, &columns) }
            }
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

/// Of values that lie row after row, those of these rows and columns.
fn chosen<T: Copy>(values: &[T], all: usize, rows: &[usize], columns: &[usize]) -> Vec<T> {
    rows.iter().flat_map(|r| columns.iter().map(move |c| values[r * all + c])).collect()
}

/// Planes in which hardware multiplies by such weights: 1 if they are all ±1, else the bits of the
/// widest.
#[must_use]
pub fn planes(weights: &[i8]) -> u32 {
    if weights.iter().all(|w| w.abs() == 1) {
        return 1;
    }
    let bits = |w: &i8| crate::ir::interval::signed_width(i64::from(*w));
    weights.iter().map(bits).max().unwrap_or(2).max(2)
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
