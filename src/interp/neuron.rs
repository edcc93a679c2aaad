// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers, and what else
//! integrates or compares.

use super::rule::{Parameter, Rule, each, fired};
use super::value::{Bitmap, Value};
use crate::ir::{Compare, Entries, FixedLi, FixedLif, FixedScale, Li, Lif, PerChannel, Threshold};
use crate::vector::vectorised;

fn reaches<T: PartialOrd>(compare: Compare, u: T, theta: T) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
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
        let mut leaks = Parameter::new(l.leak.each(n));
        let mut thetas = Parameter::new(l.threshold.each(n));
        let mut resets = Parameter::new(l.reset_to.each(n));
        let mut gains = Parameter::new(l.gain.each(n));
        let mut biases = Parameter::new(l.bias.each(n));
        let spikes = fired(x, states, |x, states| {
            let (leaks, gains, biases) = (leaks.next(), gains.next(), biases.next());
            let (reset, compare) = (l.reset, l.compare);
            let rule = Rule { reset, compare, threshold: thetas.next(), to: resets.next() };
            vectorised(
                #[inline(always)]
                || {
                    let u = each(|i| states[i] + gains[i] * x[i] + biases[i]);
                    let (fires, next) = rule.apply(&u, |i, v| leaks[i] * v);
                    *states = next;
                    fires
                },
            )
        });
        Value::Spikes(spikes)
    }

    /// One timestep of neurons that only integrate.
    pub(super) fn integrate(&mut self, l: &Li, x: &[f64]) -> Value {
        let n = x.len();
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let (mut leaks, mut gains, mut biases) = (l.leak.each(n), l.gain.each(n), l.bias.each(n));
        let membranes = x.iter().zip(states).map(|(x, state)| {
            let u = *state + gains.take() * x + biases.take();
            *state = leaks.take() * u;
            u
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

#[inline(always)]
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
        let mut thetas = Parameter::new(Entries::new(&l.threshold, n, 1));
        let mut resets = Parameter::new(Entries::new(&l.reset_to, n, 0));
        let mut nums = Parameter::new(l.leak_num.each(n));
        let mut signs = Parameter::new(Entries::new(&l.sign, n, 1));
        let mut biases = Parameter::new(Entries::new(&l.bias, n, 0));
        let spikes = fired(x, states, |x, states| {
            let (nums, signs, biases) = (nums.next(), signs.next(), biases.next());
            let (reset, compare) = (l.reset, l.compare);
            let rule = Rule { reset, compare, threshold: thetas.next(), to: resets.next() };
            vectorised(
                #[inline(always)]
                || {
                    let current = |i: usize| (x[i] * i64::from(signs[i])) << l.frac;
                    let u = each(|i| states[i] + current(i) + biases[i]);
                    let (fires, next) = rule.apply(&u, |i, v| leaked(nums[i], l.leak_shift, v));
                    *states = next;
                    fires
                },
            )
        });
        Value::Spikes(spikes)
    }

    /// One timestep of neurons that only integrate.
    pub(super) fn integrate(&mut self, l: &FixedLi, x: &[i64]) -> Value {
        let n = x.len();
        let first = || first_leaked(&l.leak_num, l.leak_shift, &l.start, n);
        let states = self.state.get_or_insert_with(first);
        let (mut signs, mut biases) = (Entries::new(&l.sign, n, 1), Entries::new(&l.bias, n, 0));
        let mut nums = l.leak_num.each(n);
        let membranes = x.iter().zip(states).map(|(x, state)| {
            let x = x * i64::from(signs.take());
            let u = *state + (x << l.frac) + biases.take();
            *state = leaked(nums.take(), l.leak_shift, u);
            u
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
