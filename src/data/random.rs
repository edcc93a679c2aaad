// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Seeded random levels, for models that come without images.

use super::Inputs;
use super::rng::number;

/// `count` inputs of `size` levels of `bits` bits; half the levels are zero. The same
/// seed gives the same inputs on every machine (SplitMix64).
#[must_use]
pub fn random(size: usize, bits: u32, count: usize, seed: u64) -> Inputs {
    let mask = ((1u32 << bits) - 1) as u8;
    let level = |z: u64| if z >> 63 == 1 { z as u8 & mask } else { 0 };
    let levels = (0..(size * count) as u64).map(|n| level(number(seed, n))).collect();
    Inputs { size, timesteps: None, levels, labels: None }
}

/// 0 to `count` in an order of its own for each seed.
#[must_use]
pub fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by_key(|&i| (number(seed, i as u64), i));
    places
}
