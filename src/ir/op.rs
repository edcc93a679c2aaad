// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of the graph.

use serde::{Deserialize, Serialize};

use super::BitMatrix;

/// One value for all channels, or one value a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerChannel<T> {
    /// The same for every channel.
    All(T),
    /// One entry a channel.
    Each(Vec<T>),
}

impl<T: Copy> PerChannel<T> {
    /// The value for channel `c`; `c` must be below the length of [`PerChannel::Each`].
    #[must_use]
    pub fn at(&self, c: usize) -> T {
        match self {
            Self::All(v) => *v,
            Self::Each(v) => v[c],
        }
    }

    /// True if it can serve `channels` channels.
    #[must_use]
    pub fn fits(&self, channels: usize) -> bool {
        match self {
            Self::All(_) => true,
            Self::Each(v) => v.len() == channels,
        }
    }

    /// Every stored value.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::All(v) => std::slice::from_ref(v).iter(),
            Self::Each(v) => v.iter(),
        }
    }
}

/// What a node computes at every timestep.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// A model input.
    Input(Input),
    /// Multiplication by one constant.
    Scale(Scale),
    /// Fully connected layer.
    Linear(Linear),
    /// Batch normalisation with fixed statistics.
    BatchNorm(BatchNorm),
    /// Leaky integrate-and-fire neurons, real form.
    Lif(Lif),
    /// Leaky integrate-and-fire neurons, integer form.
    FixedLif(FixedLif),
    /// How the outputs of the timesteps become logits, real form.
    Readout(Readout),
    /// How the outputs of the timesteps become logits, integer form.
    FixedReadout(FixedReadout),
}

/// A model input: direct coding presents the same levels at every timestep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Extent of each dimension, without batch.
    pub shape: Vec<usize>,
    /// Width of one unsigned level; 1 for spikes.
    pub bits: u32,
    /// True if the same values are presented at every timestep.
    pub is_static: bool,
}

/// `y = factor · x`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The constant.
    pub factor: f64,
}

/// Weights of a [`Linear`] layer, `[outputs, inputs]`.
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
}

impl Weights {
    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        let Self::Binary { signs, .. } = self;
        signs.rows()
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        let Self::Binary { signs, .. } = self;
        signs.cols()
    }
}

/// `y = W x + b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weights: Weights,
    /// Per output; none is zero.
    pub bias: Option<Vec<f64>>,
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

/// What happens to the membrane when the neuron fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// The threshold is subtracted, and what is left leaks (the papers):
    /// `u[t] = λ (u[t−1] − θ s[t−1]) + x[t]`.
    Soft,
    /// The threshold is subtracted one step later, after the leak (snnTorch):
    /// `u[t] = λ u[t−1] + x[t] − θ s[t−1]`.
    SoftDelayed,
    /// The membrane goes to zero: `u[t] = λ u[t−1] (1 − s[t−1]) + x[t]`.
    Hard,
    /// Nothing.
    None,
}

/// When a neuron fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// `u ≥ θ`.
    AtLeast,
    /// `u > θ`.
    Above,
}

/// Leaky integrate-and-fire: `u[t] = λ v[t−1] + g x[t] + b`, `s[t] = u[t] ⋛ θ`, then reset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lif {
    /// λ, 0 ≤ λ ≤ 1.
    pub leak: f64,
    /// g, per channel.
    pub gain: PerChannel<f64>,
    /// b, a constant current per channel.
    pub bias: PerChannel<f64>,
    /// θ, per channel.
    pub threshold: PerChannel<f64>,
    /// What firing does to the membrane.
    pub reset: Reset,
    /// ≥ or >.
    pub compare: Compare,
}

/// The same in integers. With `F = frac`, `k = leak_num`, `m = leak_shift`:
/// `u[t] = floor(k v[t−1] / 2^m) + x[t]·2^F + bias`, compared with `threshold`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedLif {
    /// k.
    pub leak_num: u32,
    /// m.
    pub leak_shift: u32,
    /// F: bits after the binary point of the membrane.
    pub frac: u32,
    /// Width of the membrane, sign included; from interval analysis.
    pub width: u32,
    /// Per neuron, in units of 2^−F.
    pub bias: Vec<i64>,
    /// Per neuron, in units of 2^−F.
    pub threshold: Vec<i64>,
    /// What firing does to the membrane.
    pub reset: Reset,
    /// ≥ or >.
    pub compare: Compare,
}

/// How timesteps are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutKind {
    /// Sum over the timesteps.
    Sum,
    /// Mean over the timesteps.
    Mean,
    /// Every timestep is an output; the class is that of the sum.
    PerStep,
}

/// Logits of one timestep `gain_c · x_c + offset_c`, brought together over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readout {
    /// How timesteps are brought together.
    pub kind: ReadoutKind,
    /// Per class.
    pub gain: PerChannel<f64>,
    /// Per class and timestep.
    pub offset: PerChannel<f64>,
}

/// `logit_c = gain_c · Σ_t x_c[t] + offset_c`, in integers; a logit times 2^−frac is the
/// real sum over the timesteps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedReadout {
    /// Bits after the binary point of a logit; negative if its unit is above 1.
    pub frac: i32,
    /// Unsigned, per class.
    pub gain: Vec<i64>,
    /// Per class, for all timesteps together.
    pub offset: Vec<i64>,
    /// Width of `gain` in bits.
    pub gain_width: u32,
    /// Width of a logit, sign included; from interval analysis.
    pub width: u32,
}

impl Op {
    /// The operator's name in the text form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::Scale(_) => "scale",
            Self::Linear(_) => "linear",
            Self::BatchNorm(_) => "batch-norm",
            Self::Lif(_) => "lif",
            Self::FixedLif(_) => "fixed-lif",
            Self::Readout(_) => "readout",
            Self::FixedReadout(_) => "fixed-readout",
        }
    }

    /// Number of operands.
    #[must_use]
    pub fn arity(&self) -> usize {
        usize::from(!matches!(self, Self::Input(_)))
    }
}
