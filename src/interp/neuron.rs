// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers.

use super::value::{Bitmap, Value};
use crate::ir::{Compare, FixedLif, Lif, Reset};

/// State of a layer in real numbers: what the next current is added to.
#[derive(Default)]
pub(super) struct RealNeurons {
    state: Vec<f64>,
}

impl RealNeurons {
    /// One timestep.
    pub(super) fn step(&mut self, l: &Lif, x: &[f64]) -> Value {
        self.state.resize(x.len(), 0.0);
        let fired = x.iter().zip(&mut self.state).enumerate().map(|(c, (x, state))| {
            let theta = l.threshold.at(c);
            let u = *state + l.gain.at(c) * x + l.bias.at(c);
            let fires = match l.compare {
                Compare::AtLeast => u >= theta,
                Compare::Above => u > theta,
            };
            *state = match (l.reset, fires) {
                (Reset::Soft, true) => l.leak * (u - theta),
                (Reset::SoftDelayed, true) => l.leak * u - theta,
                (Reset::Hard, true) => 0.0,
                (_, false) | (Reset::None, true) => l.leak * u,
            };
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }
}

/// State of a layer in integers: what the next current is added to.
#[derive(Default)]
pub(super) struct FixedNeurons {
    state: Vec<i64>,
}

impl FixedNeurons {
    /// One timestep.
    pub(super) fn step(&mut self, l: &FixedLif, x: &[i64]) -> Value {
        self.state.resize(x.len(), 0);
        let leak = |v: i64| (v * i64::from(l.leak_num)) >> l.leak_shift;
        let fired = x.iter().zip(&mut self.state).enumerate().map(|(c, (x, state))| {
            let theta = l.threshold[c];
            let u = *state + (x << l.frac) + l.bias[c];
            let fires = match l.compare {
                Compare::AtLeast => u >= theta,
                Compare::Above => u > theta,
            };
            *state = match (l.reset, fires) {
                (Reset::Soft, true) => leak(u - theta),
                (Reset::SoftDelayed, true) => leak(u) - theta,
                (Reset::Hard, true) => 0,
                (_, false) | (Reset::None, true) => leak(u),
            };
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }
}
