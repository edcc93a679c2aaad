// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What has a state: neurons, integrators, delays.

use serde::{Deserialize, Serialize};

use super::PerChannel;

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
    /// The membrane goes to a value, zero unless the neuron says otherwise:
    /// `u[t] = λ u[t−1] (1 − s[t−1]) + x[t]`.
    Hard,
    /// The membrane goes to a value one step later, and stays there for that step: its current
    /// is lost (snnTorch's neurons with synapses and recurrent ones). With a value of zero:
    /// `u[t] = (1 − s[t−1]) (λ u[t−1] + x[t])`.
    HardDelayed,
    /// Nothing.
    None,
}

impl Reset {
    /// Does it set the membrane to a value?
    #[must_use]
    pub fn is_to_a_value(self) -> bool {
        matches!(self, Self::Hard | Self::HardDelayed)
    }

    /// Does it come a step after the spike? Then it leaves no membrane of the spike's step.
    #[must_use]
    pub fn is_delayed(self) -> bool {
        matches!(self, Self::SoftDelayed | Self::HardDelayed)
    }

    /// Its name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::SoftDelayed => "soft-delayed",
            Self::Hard => "hard",
            Self::HardDelayed => "hard-delayed",
            Self::None => "none",
        }
    }
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
    /// λ, 0 ≤ λ ≤ 1, per channel.
    pub leak: PerChannel<f64>,
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
    /// What a hard reset sets the membrane to, per channel.
    #[serde(default = "PerChannel::zero", skip_serializing_if = "PerChannel::is_zero")]
    pub reset_to: PerChannel<f64>,
    /// The membrane before the first timestep, per channel.
    #[serde(default = "PerChannel::zero", skip_serializing_if = "PerChannel::is_zero")]
    pub start: PerChannel<f64>,
}

/// Which membrane of a timestep an integrator gives that resets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// u, with which the neuron fires (snnTorch).
    #[default]
    Before,
    /// What the reset leaves of it (`SpikingJelly`).
    After,
}

impl Gives {
    /// True for [`Gives::Before`], which the text form leaves out.
    #[must_use]
    pub fn is_before(&self) -> bool {
        *self == Self::Before
    }
}

/// How an integrator resets where a neuron would fire, although nothing sees its spikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resets {
    /// θ, > 0, per channel.
    pub threshold: PerChannel<f64>,
    /// What reaching it does to the membrane; not [`Reset::None`].
    pub reset: Reset,
    /// ≥ or >.
    pub compare: Compare,
    /// What a hard reset sets the membrane to, per channel.
    #[serde(default = "PerChannel::zero", skip_serializing_if = "PerChannel::is_zero")]
    pub reset_to: PerChannel<f64>,
    /// The membrane that is the result; after a delayed reset there is none.
    #[serde(default, skip_serializing_if = "Gives::is_before")]
    pub gives: Gives,
}

/// The same in integers, in units of the membrane. Lists have one entry a channel or one an
/// element ([`super::entry`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedResets {
    /// θ, > 0.
    pub threshold: Vec<i64>,
    /// What reaching it does to the membrane; not [`Reset::None`].
    pub reset: Reset,
    /// ≥ or >.
    pub compare: Compare,
    /// What a hard reset sets the membrane to; empty for 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reset_to: Vec<i64>,
    /// The membrane that is the result; after a delayed reset there is none.
    #[serde(default, skip_serializing_if = "Gives::is_before")]
    pub gives: Gives,
}

/// Leaky integration without spikes: `u[t] = λ v[t−1] + g x[t] + b`; the result is u, and v
/// is u unless it resets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Li {
    /// λ, 0 ≤ λ ≤ 1, per channel.
    pub leak: PerChannel<f64>,
    /// g, per channel.
    pub gain: PerChannel<f64>,
    /// b, a constant current per channel.
    pub bias: PerChannel<f64>,
    /// v before the first timestep, per channel.
    #[serde(default = "PerChannel::zero", skip_serializing_if = "PerChannel::is_zero")]
    pub start: PerChannel<f64>,
    /// The reset, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets: Option<Resets>,
}

/// A spike where the input reaches a threshold; no memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// θ, per channel.
    pub threshold: PerChannel<f64>,
    /// ≥ or >.
    pub compare: Compare,
}

/// `y[t] = x[t − d]`, 0 before the first input. Where every d is at least 1 it is a
/// register: its operand may depend on its result, which is how a graph is recurrent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// d, in timesteps, per channel.
    pub steps: PerChannel<u32>,
}

impl Delay {
    /// Does its result depend on earlier timesteps alone?
    #[must_use]
    pub fn is_register(&self) -> bool {
        self.steps.iter().all(|d| *d >= 1)
    }
}

/// The same in integers. With `F = frac`, `k = leak_num`, `m = leak_shift`:
/// `u[t] = floor(k v[t−1] / 2^m) + sign·x[t]·2^F + bias`, compared with `threshold`. One
/// unit of the membrane is `2^−F` units of the operand. Lists have one entry a channel or
/// one an element ([`super::entry`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedLif {
    /// k, per channel.
    pub leak_num: PerChannel<u32>,
    /// m.
    pub leak_shift: u32,
    /// F: bits of the membrane after the operand's unit.
    pub frac: u32,
    /// Width of the membrane, sign included; from interval analysis.
    pub width: u32,
    /// In units of the membrane.
    pub bias: Vec<i64>,
    /// In units of the membrane.
    pub threshold: Vec<i64>,
    /// What firing does to the membrane.
    pub reset: Reset,
    /// ≥ or >.
    pub compare: Compare,
    /// What the operand is multiplied by: −1, 0 or 1; empty for 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sign: Vec<i8>,
    /// What a hard reset sets v to, in units of the membrane; empty for 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reset_to: Vec<i64>,
    /// v before the first timestep, in units of the membrane; empty for 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<i64>,
}

/// Leaky integration in integers: `u[t] = floor(k v[t−1] / 2^m) + sign·x[t]·2^F + bias`;
/// the result is u, and v is u unless it resets. The fields are those of [`FixedLif`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedLi {
    /// k, per channel.
    pub leak_num: PerChannel<u32>,
    /// m.
    pub leak_shift: u32,
    /// F: bits of u after the operand's unit.
    pub frac: u32,
    /// Width of u, sign included; from interval analysis.
    pub width: u32,
    /// In units of u.
    pub bias: Vec<i64>,
    /// What the operand is multiplied by: −1, 0 or 1; empty for 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sign: Vec<i8>,
    /// v before the first timestep, in units of u; empty for 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<i64>,
    /// The reset, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets: Option<FixedResets>,
}

impl FixedLif {
    /// Number of entries of each of its lists.
    #[must_use]
    pub fn lengths(&self) -> [usize; 6] {
        let leaks = self.leak_num.iter().count();
        let own = [self.bias.len(), self.threshold.len(), self.sign.len()];
        [leaks, own[0], own[1], own[2], self.reset_to.len(), self.start.len()]
    }
}

impl FixedLi {
    /// Number of entries of each of its lists.
    #[must_use]
    pub fn lengths(&self) -> [usize; 5] {
        let of =
            |list: fn(&FixedResets) -> &Vec<i64>| self.resets.as_ref().map_or(0, |r| list(r).len());
        let own = [self.bias.len(), self.sign.len(), self.start.len()];
        [own[0], own[1], own[2], of(|r| &r.threshold), of(|r| &r.reset_to)]
    }
}
