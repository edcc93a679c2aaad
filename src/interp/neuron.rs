// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers, and what else
//! integrates or compares.

use super::value::{Bitmap, Value};
use crate::ir::{
    Compare, FixedLi, FixedLif, FixedScale, Li, Lif, PerChannel, Reset, Threshold, entry,
};

fn reaches<T: PartialOrd>(compare: Compare, u: T, theta: T) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    }
}

/// λ v of every neuron before the first timestep.
fn first_state(leak: &PerChannel<f64>, start: &PerChannel<f64>, n: usize) -> Vec<f64> {
    (0..n).map(|i| leak.of(i, n) * start.of(i, n)).collect()
}

/// State of a layer in real numbers: what the next current is added to.
#[derive(Default)]
pub(super) struct RealNeurons {
    state: Option<Vec<f64>>,
}

impl RealNeurons {
    /// One timestep of neurons that fire.
    pub(super) fn fire(&mut self, l: &Lif, x: &[f64]) -> Value {
        let n = x.len();
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let fired = x.iter().zip(states).enumerate().map(|(i, (x, state))| {
            let (leak, theta) = (l.leak.of(i, n), l.threshold.of(i, n));
            let u = *state + l.gain.of(i, n) * x + l.bias.of(i, n);
            let fires = reaches(l.compare, u, theta);
            *state = match (l.reset, fires) {
                (Reset::Soft, true) => leak * (u - theta),
                (Reset::SoftDelayed, true) => leak * u - theta,
                (Reset::Hard, true) => leak * l.reset_to.of(i, n),
                (_, false) | (Reset::None, true) => leak * u,
            };
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }

    /// One timestep of neurons that only integrate.
    pub(super) fn integrate(&mut self, l: &Li, x: &[f64]) -> Value {
        let n = x.len();
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let membranes = x.iter().zip(states).enumerate().map(|(i, (x, state))| {
            let u = *state + l.gain.of(i, n) * x + l.bias.of(i, n);
            *state = l.leak.of(i, n) * u;
            u
        });
        Value::Real(membranes.collect())
    }
}

/// Spikes without memory.
pub(super) fn threshold(t: &Threshold, x: &[f64]) -> Value {
    let n = x.len();
    let fired = x.iter().enumerate().map(|(i, x)| reaches(t.compare, *x, t.threshold.of(i, n)));
    Value::Spikes(Bitmap::from_iter(fired))
}

/// State of a layer in integers: what the next current is added to.
#[derive(Default)]
pub(super) struct FixedNeurons {
    state: Option<Vec<i64>>,
}

fn leaked(leak_num: &PerChannel<u32>, shift: u32, i: usize, n: usize, v: i64) -> i64 {
    (v * i64::from(leak_num.of(i, n))) >> shift
}

impl FixedNeurons {
    /// One timestep of neurons that fire.
    pub(super) fn fire(&mut self, l: &FixedLif, x: &[i64]) -> Value {
        let n = x.len();
        let leak = |i, v| leaked(&l.leak_num, l.leak_shift, i, n, v);
        let first = || (0..n).map(|i| leak(i, entry(&l.start, i, n, 0))).collect();
        let states = self.state.get_or_insert_with(first);
        let fired = x.iter().zip(states).enumerate().map(|(i, (x, state))| {
            let theta = entry(&l.threshold, i, n, 1);
            let x = x * i64::from(entry(&l.sign, i, n, 1));
            let u = *state + (x << l.frac) + entry(&l.bias, i, n, 0);
            let fires = reaches(l.compare, u, theta);
            *state = match (l.reset, fires) {
                (Reset::Soft, true) => leak(i, u - theta),
                (Reset::SoftDelayed, true) => leak(i, u) - theta,
                (Reset::Hard, true) => leak(i, entry(&l.reset_to, i, n, 0)),
                (_, false) | (Reset::None, true) => leak(i, u),
            };
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }

    /// One timestep of neurons that only integrate.
    pub(super) fn integrate(&mut self, l: &FixedLi, x: &[i64]) -> Value {
        let n = x.len();
        let leak = |i, v| leaked(&l.leak_num, l.leak_shift, i, n, v);
        let first = || (0..n).map(|i| leak(i, entry(&l.start, i, n, 0))).collect();
        let states = self.state.get_or_insert_with(first);
        let membranes = x.iter().zip(states).enumerate().map(|(i, (x, state))| {
            let x = x * i64::from(entry(&l.sign, i, n, 1));
            let u = *state + (x << l.frac) + entry(&l.bias, i, n, 0);
            *state = leak(i, u);
            u
        });
        Value::Integers(membranes.collect())
    }
}

/// `floor((gain x + offset) / 2^shift)`.
pub(super) fn scale(s: &FixedScale, x: &[i64]) -> Value {
    let n = x.len();
    let scaled = |(i, x): (usize, &i64)| {
        (entry(&s.gain, i, n, 0) * x + entry(&s.offset, i, n, 0)) >> s.shift
    };
    Value::Integers(x.iter().enumerate().map(scaled).collect())
}
