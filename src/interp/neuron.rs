// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers, and what else
//! integrates or compares.

use super::value::{Bitmap, Value};
use crate::ir::{
    Compare, Entries, FixedLi, FixedLif, FixedScale, Gives, Li, Lif, PerChannel, Reset, Threshold,
};

fn reaches<T: PartialOrd>(compare: Compare, u: T, theta: T) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    }
}

/// The membrane that an integrator gives which resets, of that before and what is left.
fn given<T>(gives: Gives, u: T, left: T) -> T {
    if gives == Gives::After { left } else { u }
}

/// How a neuron resets.
#[derive(Clone, Copy)]
struct Rule<T> {
    reset: Reset,
    compare: Compare,
    threshold: T,
    /// What a hard reset leaves.
    to: T,
}

impl<T: Copy + PartialOrd + std::ops::Sub<Output = T>> Rule<T> {
    /// Whether a neuron with membrane `u` fires, what the reset leaves of the membrane, and
    /// the state that the next current is added to.
    fn apply(&self, u: T, leak: impl Fn(T) -> T) -> (bool, T, T) {
        let fires = reaches(self.compare, u, self.threshold);
        let left = match self.reset {
            Reset::Soft if fires => u - self.threshold,
            Reset::Hard if fires => self.to,
            _ => u,
        };
        let leaked = leak(left);
        let is_late = fires && self.reset == Reset::SoftDelayed;
        (fires, left, if is_late { leaked - self.threshold } else { leaked })
    }
}

/// λ v of every neuron before the first timestep.
fn first_state(leak: &PerChannel<f64>, start: &PerChannel<f64>, n: usize) -> Vec<f64> {
    let (mut leak, mut start) = (leak.each(n), start.each(n));
    (0..n).map(|_| leak.take() * start.take()).collect()
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
        let (mut leaks, mut thetas, mut resets) =
            (l.leak.each(n), l.threshold.each(n), l.reset_to.each(n));
        let (mut gains, mut biases) = (l.gain.each(n), l.bias.each(n));
        let fired = x.iter().zip(states).map(|(x, state)| {
            let leak = leaks.take();
            let (reset, compare) = (l.reset, l.compare);
            let rule = Rule { reset, compare, threshold: thetas.take(), to: resets.take() };
            let u = *state + gains.take() * x + biases.take();
            let fires;
            (fires, _, *state) = rule.apply(u, |v| leak * v);
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }

    /// One timestep of neurons whose membranes are the result.
    pub(super) fn integrate(&mut self, l: &Li, x: &[f64]) -> Value {
        let n = x.len();
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let (mut leaks, mut gains, mut biases) = (l.leak.each(n), l.gain.each(n), l.bias.each(n));
        let mut resets = l.resets.as_ref().map(|r| (r, r.threshold.each(n), r.reset_to.each(n)));
        let membranes = x.iter().zip(states).map(|(x, state)| {
            let leak = leaks.take();
            let u = *state + gains.take() * x + biases.take();
            let Some((r, thetas, tos)) = &mut resets else {
                *state = leak * u;
                return u;
            };
            let (reset, compare) = (r.reset, r.compare);
            let rule = Rule { reset, compare, threshold: thetas.take(), to: tos.take() };
            let left;
            (_, left, *state) = rule.apply(u, |v| leak * v);
            given(r.gives, u, left)
        });
        Value::Real(membranes.collect())
    }
}

/// Spikes without memory.
pub(super) fn threshold(t: &Threshold, x: &[f64]) -> Value {
    let mut thetas = t.threshold.each(x.len());
    let fired = x.iter().map(|x| reaches(t.compare, *x, thetas.take()));
    Value::Spikes(Bitmap::from_iter(fired))
}

/// State of a layer in integers: what the next current is added to.
#[derive(Default)]
pub(super) struct FixedNeurons {
    state: Option<Vec<i64>>,
}

fn leaked(num: u32, shift: u32, v: i64) -> i64 {
    (v * i64::from(num)) >> shift
}

/// λ v of every neuron before the first timestep.
fn first_leaked(leak_num: &PerChannel<u32>, shift: u32, start: &[i64], n: usize) -> Vec<i64> {
    let (mut nums, mut starts) = (leak_num.each(n), Entries::new(start, n, 0));
    (0..n).map(|_| leaked(nums.take(), shift, starts.take())).collect()
}

impl FixedNeurons {
    /// One timestep of neurons that fire.
    pub(super) fn fire(&mut self, l: &FixedLif, x: &[i64]) -> Value {
        let n = x.len();
        let first = || first_leaked(&l.leak_num, l.leak_shift, &l.start, n);
        let states = self.state.get_or_insert_with(first);
        let (mut thetas, mut resets, mut nums) =
            (Entries::new(&l.threshold, n, 1), Entries::new(&l.reset_to, n, 0), l.leak_num.each(n));
        let (mut signs, mut biases) = (Entries::new(&l.sign, n, 1), Entries::new(&l.bias, n, 0));
        let fired = x.iter().zip(states).map(|(x, state)| {
            let num = nums.take();
            let (reset, compare) = (l.reset, l.compare);
            let rule = Rule { reset, compare, threshold: thetas.take(), to: resets.take() };
            let x = x * i64::from(signs.take());
            let u = *state + (x << l.frac) + biases.take();
            let fires;
            (fires, _, *state) = rule.apply(u, |v| leaked(num, l.leak_shift, v));
            fires
        });
        Value::Spikes(Bitmap::from_iter(fired))
    }

    /// One timestep of neurons whose membranes are the result.
    pub(super) fn integrate(&mut self, l: &FixedLi, x: &[i64]) -> Value {
        let n = x.len();
        let first = || first_leaked(&l.leak_num, l.leak_shift, &l.start, n);
        let states = self.state.get_or_insert_with(first);
        let (mut signs, mut biases) = (Entries::new(&l.sign, n, 1), Entries::new(&l.bias, n, 0));
        let mut nums = l.leak_num.each(n);
        let mut resets = l
            .resets
            .as_ref()
            .map(|r| (r, Entries::new(&r.threshold, n, 1), Entries::new(&r.reset_to, n, 0)));
        let membranes = x.iter().zip(states).map(|(x, state)| {
            let num = nums.take();
            let x = x * i64::from(signs.take());
            let u = *state + (x << l.frac) + biases.take();
            let Some((r, thetas, tos)) = &mut resets else {
                *state = leaked(num, l.leak_shift, u);
                return u;
            };
            let (reset, compare) = (r.reset, r.compare);
            let rule = Rule { reset, compare, threshold: thetas.take(), to: tos.take() };
            let left;
            (_, left, *state) = rule.apply(u, |v| leaked(num, l.leak_shift, v));
            given(r.gives, u, left)
        });
        Value::Integers(membranes.collect())
    }
}

/// `floor((gain x + offset) / 2^shift)`.
pub(super) fn scale(s: &FixedScale, x: &[i64]) -> Value {
    let (mut gains, mut offsets) =
        (Entries::new(&s.gain, x.len(), 0), Entries::new(&s.offset, x.len(), 0));
    let scaled = |x: &i64| (gains.take() * x + offsets.take()) >> s.shift;
    Value::Integers(x.iter().map(scaled).collect())
}
