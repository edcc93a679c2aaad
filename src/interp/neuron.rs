// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrate-and-fire neurons, in real numbers and in integers, and what else
//! integrates or compares.

use super::value::{Bitmap, Value};
use crate::ir::{
    Compare, Entries, FixedLi, FixedLif, FixedScale, Li, Lif, PerChannel, Reset, Threshold,
};
use crate::vector::vectorised;

/// Neurons whose spikes are a word of a [`Bitmap`].
const BLOCK: usize = 64;

/// A parameter, for a block of neurons after another.
struct Block<'a, T> {
    entries: Entries<'a, T>,
    /// What all of them have, where it is one for all.
    values: [T; BLOCK],
}

impl<'a, T: Copy> Block<'a, T> {
    fn new(entries: Entries<'a, T>) -> Self {
        Self { values: [entries.peek(); BLOCK], entries }
    }

    fn next(&mut self) -> &[T; BLOCK] {
        if !self.entries.is_one() {
            self.entries.fill(&mut self.values);
        }
        &self.values
    }
}

/// Spikes of neurons, block by block: `work` takes the currents and the states of a block, leaves
/// the next states and says which neurons fire, each 0 or 1.
fn fired<T: Copy + Default>(
    x: &[T],
    states: &mut [T],
    mut work: impl FnMut(&[T; BLOCK], &mut [T; BLOCK]) -> [u8; BLOCK],
) -> Value {
    let words = x.chunks(BLOCK).zip(states.chunks_mut(BLOCK)).map(|(x, states)| {
        // Whole blocks, so that no loop has an end of its own.
        let (mut currents, mut block) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        currents[..x.len()].copy_from_slice(x);
        block[..x.len()].copy_from_slice(states);
        let mut fires = work(&currents, &mut block);
        states.copy_from_slice(&block[..x.len()]);
        fires[x.len()..].fill(0);
        // The bits of eight bytes come together in the highest byte of the product.
        let bits =
            |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let (eights, _) = fires.as_chunks::<8>();
        eights.iter().enumerate().fold(0, |word, (k, eight)| word | bits(eight) << (8 * k))
    });
    Value::Spikes(Bitmap { words: words.collect(), len: x.len() })
}

/// Which membranes reach their thresholds.
#[inline(always)]
fn reached<T: PartialOrd>(compare: Compare, u: &[T; BLOCK], theta: &[T; BLOCK]) -> [u8; BLOCK] {
    match compare {
        Compare::AtLeast => std::array::from_fn(|i| u8::from(u[i] >= theta[i])),
        Compare::Above => std::array::from_fn(|i| u8::from(u[i] > theta[i])),
    }
}

#[inline(always)]
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
        let mut leaks = Block::new(l.leak.each(n));
        let mut thetas = Block::new(l.threshold.each(n));
        let mut resets = Block::new(l.reset_to.each(n));
        let mut gains = Block::new(l.gain.each(n));
        let mut biases = Block::new(l.bias.each(n));
        fired(x, states, |x, states| {
            let (leaks, thetas, resets) = (leaks.next(), thetas.next(), resets.next());
            let (gains, biases) = (gains.next(), biases.next());
            vectorised(
                #[inline(always)]
                || {
                    let u = std::array::from_fn(|i| states[i] + gains[i] * x[i] + biases[i]);
                    let fires = reached(l.compare, &u, thetas);
                    let if_fires =
                        |i: usize, yes: f64, no: f64| if fires[i] == 1 { yes } else { no };
                    *states = match l.reset {
                        Reset::Soft => {
                            std::array::from_fn(|i| leaks[i] * if_fires(i, u[i] - thetas[i], u[i]))
                        }
                        Reset::SoftDelayed => std::array::from_fn(|i| {
                            if_fires(i, leaks[i] * u[i] - thetas[i], leaks[i] * u[i])
                        }),
                        Reset::Hard => {
                            std::array::from_fn(|i| leaks[i] * if_fires(i, resets[i], u[i]))
                        }
                        Reset::None => std::array::from_fn(|i| leaks[i] * u[i]),
                    };
                    fires
                },
            )
        })
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
        let mut thetas = Block::new(Entries::new(&l.threshold, n, 1));
        let mut resets = Block::new(Entries::new(&l.reset_to, n, 0));
        let mut nums = Block::new(l.leak_num.each(n));
        let mut signs = Block::new(Entries::new(&l.sign, n, 1));
        let mut biases = Block::new(Entries::new(&l.bias, n, 0));
        fired(x, states, |x, states| {
            let (thetas, resets, nums) = (thetas.next(), resets.next(), nums.next());
            let (signs, biases) = (signs.next(), biases.next());
            vectorised(
                #[inline(always)]
                || {
                    let current = |i: usize| (x[i] * i64::from(signs[i])) << l.frac;
                    let u = std::array::from_fn(|i| states[i] + current(i) + biases[i]);
                    let fires = reached(l.compare, &u, thetas);
                    let leak = |i: usize, v: i64| leaked(nums[i], l.leak_shift, v);
                    let if_fires =
                        |i: usize, yes: i64, no: i64| if fires[i] == 1 { yes } else { no };
                    *states = match l.reset {
                        Reset::Soft => {
                            std::array::from_fn(|i| leak(i, if_fires(i, u[i] - thetas[i], u[i])))
                        }
                        Reset::SoftDelayed => {
                            std::array::from_fn(|i| leak(i, u[i]) - if_fires(i, thetas[i], 0))
                        }
                        Reset::Hard => {
                            std::array::from_fn(|i| leak(i, if_fires(i, resets[i], u[i])))
                        }
                        Reset::None => std::array::from_fn(|i| leak(i, u[i])),
                    };
                    fires
                },
            )
        })
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
