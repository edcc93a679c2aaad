// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Seeded random levels, for models that come without images.

use super::Inputs;

/// `count` inputs of `size` levels of `bits` bits; half the levels are zero. The same
/// seed gives the same inputs on every machine (SplitMix64).
#[must_use]
pub fn random(size: usize, bits: u32, count: usize, seed: u64) -> Inputs {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let mask = ((1u32 << bits) - 1) as u8;
    let level = |z: u64| if z >> 63 == 1 { z as u8 & mask } else { 0 };
    let levels = (0..size * count).map(|_| level(next())).collect();
    Inputs { size, levels, labels: None }
}
