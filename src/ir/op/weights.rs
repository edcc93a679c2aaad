// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights, and the layers that have them.

use serde::{Deserialize, Serialize};

use super::PerChannel;
use crate::ir::BitMatrix;

/// Weights of a [`Linear`] or [`Conv`] layer: a row an output, a column an input. For a
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

/// Where a window stands over the spatial dimensions of a stream `[channels, …]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Extent; its length (1 or 2) is the number of spatial dimensions.
    pub kernel: Vec<usize>,
    /// Distance between neighbouring windows.
    pub stride: Vec<usize>,
    /// Elements added before and after.
    pub padding: Vec<[usize; 2]>,
    /// Distance between neighbouring elements of a window.
    pub dilation: Vec<usize>,
}

impl Window {
    /// Extent of the result in dimension `d`, of `size` elements; nothing if the window
    /// does not fit or a number makes no sense.
    #[must_use]
    pub fn steps(&self, d: usize, size: usize) -> Option<usize> {
        let [before, after] = *self.padding.get(d)?;
        let reach = self
            .dilation
            .get(d)?
            .checked_mul(self.kernel.get(d)?.checked_sub(1)?)?
            .checked_add(1)?;
        let room = size.checked_add(before)?.checked_add(after)?.checked_sub(reach)?;
        Some(room.checked_div(*self.stride.get(d)?)? + 1)
    }
}

/// Convolution (cross-correlation, as every framework has it) over one or two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// `[output channels, input channels / groups × window]`.
    pub weights: Weights,
    /// Per output channel.
    pub bias: Option<Vec<f64>>,
    /// The window; padding is with zeros.
    pub window: Window,
    /// Channels are divided into this many groups that do not see each other.
    pub groups: usize,
}

/// What a [`Pool`] makes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolKind {
    /// The sum.
    Sum,
    /// The mean over the window, padding counted as zeros.
    Average,
    /// The mean over what is not padding.
    AverageInside,
    /// The largest; padding never is.
    Max,
}

/// One value for each window of each channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// Where the windows are.
    pub window: Window,
}
