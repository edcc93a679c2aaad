// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of the graph.

mod channel;
mod neuron;
mod readout;
mod rounding;
mod weights;
mod window;

use serde::{Deserialize, Serialize};

pub use channel::{Entries, PerChannel, entry};
pub use neuron::{
    Compare, Delay, FixedLi, FixedLif, FixedResets, Gives, Li, Lif, Reset, Resets, Threshold,
};
pub use readout::{FixedReadout, Readout, ReadoutKind, Taken};
pub use weights::{Linear, Weights, planes};
pub use window::{Conv, Inside, Pool, PoolKind, Window};

/// What a node computes at every timestep.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A model input.
    Input(Input),
    /// Multiplication by constants, and addition of constants.
    Scale(Scale),
    /// Fully connected layer.
    Linear(Linear),
    /// Convolution.
    Conv(Conv),
    /// Batch normalisation with fixed statistics.
    BatchNorm(BatchNorm),
    /// Sums, means or maxima of windows.
    Pool(Pool),
    /// The same elements in another shape.
    Reshape(Reshape),
    /// Sum of two or more streams, element by element.
    Add,
    /// Two or more streams behind one another in one dimension.
    Concat(Concat),
    /// max(x, 0).
    Relu,
    /// Spikes where the input reaches a threshold.
    Threshold(Threshold),
    /// The input some timesteps ago.
    Delay(Delay),
    /// Leaky integration without spikes.
    Li(Li),
    /// Leaky integrate-and-fire neurons, real form.
    Lif(Lif),
    /// Leaky integrate-and-fire neurons, integer form.
    FixedLif(FixedLif),
    /// Leaky integration without spikes, integer form.
    FixedLi(FixedLi),
    /// Multiplication by constants, and addition of constants, integer form.
    FixedScale(FixedScale),
    /// How the outputs of the timesteps become logits, real form.
    Readout(Readout),
    /// How the outputs of the timesteps become logits, integer form.
    FixedReadout(FixedReadout),
}

/// A model input: direct coding presents the same values at every timestep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Extent of each dimension, without batch.
    pub shape: Vec<usize>,
    /// Width of one unsigned level; 1 for spikes; none: real numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// True if the same values are presented at every timestep.
    pub is_static: bool,
}

/// `y = factor · x + offset`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// What is multiplied, per channel.
    pub factor: PerChannel<f64>,
    /// What is added, per channel.
    #[serde(default = "PerChannel::zero", skip_serializing_if = "PerChannel::is_zero")]
    pub offset: PerChannel<f64>,
}

/// `y = floor((gain·x + offset) / 2^shift)`, in integers. To nearest rounds an offset that
/// has half a unit, `2^(shift−1)`, in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedScale {
    /// One entry a channel, or one an element.
    pub gain: Vec<i64>,
    /// One entry a channel, or one an element.
    pub offset: Vec<i64>,
    /// Bits that are cut off.
    pub shift: u32,
    /// Width of the result, sign included; from interval analysis.
    pub width: u32,
    /// Bits after the binary point of the result.
    pub frac: i32,
}

/// `y = (x − mean) / sqrt(var + eps) · gamma + beta`, per channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// Gain.
    pub gamma: Vec<f64>,
    /// Shift.
    pub beta: Vec<f64>,
    /// Running mean.
    pub mean: Vec<f64>,
    /// Running variance, ≥ 0.
    pub var: Vec<f64>,
    /// Added to the variance, > 0.
    pub eps: f64,
}

/// The same elements in the same order (the last dimension runs fastest) in another shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reshape {
    /// Extent of each dimension of the result.
    pub shape: Vec<usize>,
}

/// Streams behind one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concat {
    /// The dimension in which they may differ.
    pub axis: usize,
}

impl Scale {
    /// Multiplication alone.
    #[must_use]
    pub const fn by(factor: PerChannel<f64>) -> Self {
        Self { factor, offset: PerChannel::zero() }
    }
}

impl Op {
    /// The operator's name in the text form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Scale(_) => "scale",
            Self::Linear(_) => "linear",
            Self::Conv(_) => "conv",
            Self::BatchNorm(_) => "batch-norm",
            Self::Pool(_) => "pool",
            Self::Reshape(_) => "reshape",
            Self::Add => "add",
            Self::Concat(_) => "concat",
            Self::Relu => "relu",
            Self::Threshold(_) => "threshold",
            Self::Delay(_) => "delay",
            Self::Li(_) => "li",
            Self::Lif(_) => "lif",
            Self::FixedLif(_) => "fixed-lif",
            Self::FixedLi(_) => "fixed-li",
            Self::FixedScale(_) => "fixed-scale",
            Self::Readout(_) => "readout",
            Self::FixedReadout(_) => "fixed-readout",
        }
    }

    /// Least and largest number of operands.
    #[must_use]
    pub fn arity(&self) -> (usize, usize) {
        match self {
            Self::Input(_) => (0, 0),
            Self::Add | Self::Concat(_) => (2, MAX_OPERANDS),
            _ => (1, 1),
        }
    }

    /// Does it end a graph?
    #[must_use]
    pub fn is_readout(&self) -> bool {
        matches!(self, Self::Readout(_) | Self::FixedReadout(_))
    }

    /// Does the result of a timestep depend on earlier timesteps alone?
    #[must_use]
    pub fn is_register(&self) -> bool {
        matches!(self, Self::Delay(d) if d.is_register())
    }
}

/// Most streams that are added or put together.
const MAX_OPERANDS: usize = 4096;
