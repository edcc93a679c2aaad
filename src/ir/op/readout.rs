// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From timesteps to logits.

use serde::{Deserialize, Serialize};

use super::PerChannel;

/// How timesteps are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutKind {
    /// Sum over the timesteps.
    Sum,
    /// Mean over the timesteps.
    Mean,
    /// The last timestep alone.
    Last,
    /// Every timestep is an output; the class is that of the sum.
    PerStep,
    /// The largest of all timesteps, class by class.
    Max,
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

/// What an integer readout takes of the timesteps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Their sum: it decides for a mean and for outputs of every timestep, too.
    #[default]
    Sum,
    /// The last one alone.
    Last,
    /// The largest of each class.
    Max,
}

impl Taken {
    /// True for [`Taken::Sum`], which the text form leaves out.
    #[must_use]
    pub fn is_sum(&self) -> bool {
        *self == Self::Sum
    }

    /// Timesteps whose values are added up, of so many.
    #[must_use]
    pub fn added(self, timesteps: u32) -> u32 {
        if self == Self::Sum { timesteps } else { 1 }
    }
}

/// `logit_c = gain_c · Σ_t x_c[t] + offset_c`, in integers, or with the last or the largest
/// `x_c` in the place of the sum; a logit times 2^−frac is the real sum over the timesteps. As
/// gains are not negative, the largest logit of a class is that of its largest `x_c`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedReadout {
    /// What is taken of the timesteps.
    #[serde(default, skip_serializing_if = "Taken::is_sum")]
    pub kind: Taken,
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
