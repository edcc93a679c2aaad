// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers, and what else
//! integrates or compares.

use super::rule::{BLOCK, Each, Parameter, Rule, Step, blocks, each, word};
use super::value::{Bitmap, Value};
use crate::ir::{
    Compare, Entries, FixedLi, FixedLif, FixedScale, Gives, Li, Lif, PerChannel, Reset, Threshold,
};
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

/// Which neurons a delayed reset holds for a timestep, a word a block; none with other resets.
#[derive(Default)]
struct Held(Vec<u64>);

impl Held {
    fn of(&mut self, reset: Reset, n: usize) -> std::slice::IterMut<'_, u64> {
        self.0.resize(if reset == Reset::HardDelayed { n.div_ceil(BLOCK) } else { 0 }, 0);
        self.0.iter_mut()
    }
}

/// State of a layer in real numbers: what the next current is added to.
#[derive(Default)]
pub(super) struct RealNeurons {
    state: Option<Vec<f64>>,
    held: Held,
}

impl RealNeurons {
    /// One timestep of neurons that fire.
    pub(super) fn fire(&mut self, l: &Lif, x: &[f64]) -> Value {
        let n = x.len();
        let rules = (l.threshold.each(n), l.reset_to.each(n), l.reset, l.compare);
        let currents = (l.leak.each(n), l.gain.each(n), l.bias.each(n));
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let mut words = Vec::with_capacity(n.div_ceil(BLOCK));
        let held = self.held.of(l.reset, n);
        let work = reals(
            rules,
            currents,
            held,
            #[inline(always)]
            |_, step| step.fires,
        );
        blocks(x, states, work, |fires| words.push(word(fires)));
        Value::Spikes(Bitmap { words, len: n })
    }

    /// One timestep of neurons whose membranes are the result.
    pub(super) fn integrate(&mut self, l: &Li, x: &[f64]) -> Value {
        let n = x.len();
        let one = PerChannel::All(0.0);
        let (theta, to) = l.resets.as_ref().map_or((&one, &one), |r| (&r.threshold, &r.reset_to));
        let (reset, compare, after) =
            of_integrator(l.resets.as_ref().map(|r| (r.reset, r.compare, r.gives)));
        let rules = (theta.each(n), to.each(n), reset, compare);
        let currents = (l.leak.each(n), l.gain.each(n), l.bias.each(n));
        let states = self.state.get_or_insert_with(|| first_state(&l.leak, &l.start, n));
        let mut membranes = Vec::with_capacity(n);
        let held = self.held.of(reset, n);
        let work = reals(
            rules,
            currents,
            held,
            #[inline(always)]
            |u, step| if after { step.left } else { u },
        );
        blocks(x, states, work, |given| membranes.extend_from_slice(given));
        Value::Real(membranes)
    }
}

/// How an integrator resets, if it does, and whether it gives what the reset leaves.
fn of_integrator(resets: Option<(Reset, Compare, Gives)>) -> (Reset, Compare, bool) {
    let (reset, compare, gives) = resets.unwrap_or((Reset::None, Compare::AtLeast, Gives::Before));
    (reset, compare, gives == Gives::After)
}

/// Thresholds, what hard resets leave, and which reset and comparison a layer has.
type Rules<'a, T> = (Entries<'a, T>, Entries<'a, T>, Reset, Compare);

/// A block of neurons in real numbers: leaks, gains and biases, which of them are held, and what
/// of it is the result.
fn reals<'h, R>(
    (theta, to, reset, compare): Rules<'_, f64>,
    (leaks, gains, biases): (Entries<'_, f64>, Entries<'_, f64>, Entries<'_, f64>),
    mut held: impl Iterator<Item = &'h mut u64>,
    result: impl Fn(Each<f64>, Step<f64>) -> Each<R>,
) -> impl FnMut(&Each<f64>, &mut Each<f64>) -> Each<R> {
    let (mut thetas, mut tos) = (Parameter::new(theta), Parameter::new(to));
    let mut leaks = Parameter::new(leaks);
    let (mut gains, mut biases) = (Parameter::new(gains), Parameter::new(biases));
    move |x, states| {
        let (leaks, gains, biases) = (leaks.next(), gains.next(), biases.next());
        let rule = Rule { reset, compare, threshold: thetas.next(), to: tos.next() };
        let held = held.next();
        vectorised(
            #[inline(always)]
            || {
                let u = each(|i| states[i] + gains[i] * x[i] + biases[i]);
                let u = rule.held(u, held.as_deref());
                let step = rule.apply(u, |i, v| leaks[i] * v);
                *states = step.next;
                if let Some(held) = held {
                    *held = word(&step.fires);
                }
                result(u, step)
            },
        )
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
    held: Held,
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
        let (theta, to) = (Entries::new(&l.threshold, n, 1), Entries::new(&l.reset_to, n, 0));
        let (signs, biases) = (Entries::new(&l.sign, n, 1), Entries::new(&l.bias, n, 0));
        let first = || first_leaked(&l.leak_num, l.leak_shift, &l.start, n);
        let states = self.state.get_or_insert_with(first);
        let rules = (theta, to, l.reset, l.compare);
        let currents = (l.leak_num.each(n), signs, biases);
        let mut words = Vec::with_capacity(n.div_ceil(BLOCK));
        let held = self.held.of(l.reset, n);
        let work = integers(
            rules,
            currents,
            (l.frac, l.leak_shift),
            held,
            #[inline(always)]
            |_, step| step.fires,
        );
        blocks(x, states, work, |fires| words.push(word(fires)));
        Value::Spikes(Bitmap { words, len: n })
    }

    /// One timestep of neurons whose membranes are the result.
    pub(super) fn integrate(&mut self, l: &FixedLi, x: &[i64]) -> Value {
        let n = x.len();
        let (theta, to): (&[i64], &[i64]) =
            l.resets.as_ref().map_or((&[], &[]), |r| (&r.threshold, &r.reset_to));
        let (reset, compare, after) =
            of_integrator(l.resets.as_ref().map(|r| (r.reset, r.compare, r.gives)));
        let rules = (Entries::new(theta, n, 1), Entries::new(to, n, 0), reset, compare);
        let (signs, biases) = (Entries::new(&l.sign, n, 1), Entries::new(&l.bias, n, 0));
        let first = || first_leaked(&l.leak_num, l.leak_shift, &l.start, n);
        let states = self.state.get_or_insert_with(first);
        let currents = (l.leak_num.each(n), signs, biases);
        let mut membranes = Vec::with_capacity(n);
        let held = self.held.of(reset, n);
        let work = integers(
            rules,
            currents,
            (l.frac, l.leak_shift),
            held,
            #[inline(always)]
            |u, step| if after { step.left } else { u },
        );
        blocks(x, states, work, |given| membranes.extend_from_slice(given));
        Value::Integers(membranes)
    }
}

/// A block of neurons in integers: leaks, signs and biases, bits of the fraction and of the leak,
/// which of them are held, and what of it is the result.
fn integers<'h, R>(
    (theta, to, reset, compare): Rules<'_, i64>,
    (nums, signs, biases): (Entries<'_, u32>, Entries<'_, i8>, Entries<'_, i64>),
    (frac, shift): (u32, u32),
    mut held: impl Iterator<Item = &'h mut u64>,
    result: impl Fn(Each<i64>, Step<i64>) -> Each<R>,
) -> impl FnMut(&Each<i64>, &mut Each<i64>) -> Each<R> {
    let (mut thetas, mut tos) = (Parameter::new(theta), Parameter::new(to));
    let mut nums = Parameter::new(nums);
    let (mut signs, mut biases) = (Parameter::new(signs), Parameter::new(biases));
    move |x, states| {
        let (nums, signs, biases) = (nums.next(), signs.next(), biases.next());
        let rule = Rule { reset, compare, threshold: thetas.next(), to: tos.next() };
        let held = held.next();
        vectorised(
            #[inline(always)]
            || {
                let current = |i: usize| (x[i] * i64::from(signs[i])) << frac;
                let u = each(|i| states[i] + current(i) + biases[i]);
                let u = rule.held(u, held.as_deref());
                let step = rule.apply(u, |i, v| leaked(nums[i], shift, v));
                *states = step.next;
                if let Some(held) = held {
                    *held = word(&step.fires);
                }
                result(u, step)
            },
        )
    }
}

/// `floor((gain x + offset) / 2^shift)`.
pub(super) fn scale(s: &FixedScale, x: &[i64]) -> Value {
    let (mut gains, mut offsets) =
        (Entries::new(&s.gain, x.len(), 0), Entries::new(&s.offset, x.len(), 0));
    let scaled = |x: &i64| (gains.take() * x + offsets.take()) >> s.shift;
    Value::Integers(x.iter().map(scaled).collect())
}
