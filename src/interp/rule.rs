// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What membranes do at their thresholds, 64 neurons at a time.

use std::ops::Sub;

use crate::ir::{Compare, Entries, Reset};

/// Neurons whose spikes are a word of a bitmap.
pub(super) const BLOCK: usize = 64;

/// What each neuron of a block has.
pub(super) type Each<T> = [T; BLOCK];

/// A parameter, for a block of neurons after another.
pub(super) struct Parameter<'a, T> {
    entries: Entries<'a, T>,
    /// What all of them have, where it is one for all.
    values: Each<T>,
}

impl<'a, T: Copy> Parameter<'a, T> {
    pub(super) fn new(entries: Entries<'a, T>) -> Self {
        Self { values: [entries.peek(); BLOCK], entries }
    }

    /// That of the next block.
    pub(super) fn next(&mut self) -> &Each<T> {
        if !self.entries.is_one() {
            self.entries.fill(&mut self.values);
        }
        &self.values
    }
}

/// How the neurons of a block fire and reset.
pub(super) struct Rule<'a, T> {
    pub(super) reset: Reset,
    pub(super) compare: Compare,
    pub(super) threshold: &'a Each<T>,
    /// What a hard reset leaves, and a delayed one holds.
    pub(super) to: &'a Each<T>,
}

/// What a timestep makes of a block.
pub(super) struct Step<T> {
    /// Which neurons fire, each 0 or 1.
    pub(super) fires: Each<u8>,
    /// What the reset leaves of the membrane.
    pub(super) left: Each<T>,
    /// What the next current is added to.
    pub(super) next: Each<T>,
}

impl<T: Copy + PartialOrd + Sub<Output = T>> Rule<'_, T> {
    /// Membranes of which a delayed reset holds some at its value, a bit each.
    #[inline(always)]
    pub(super) fn held(&self, u: Each<T>, held: Option<&u64>) -> Each<T> {
        let Some(held) = held else { return u };
        each(|i| if held >> i & 1 == 1 { self.to[i] } else { u[i] })
    }

    /// With membranes `u`; `leak` is what the leak leaves of a neuron's membrane.
    #[inline(always)]
    pub(super) fn apply(&self, u: Each<T>, leak: impl Fn(usize, T) -> T) -> Step<T> {
        let theta = self.threshold;
        // No choice within a loop that the whole block shares.
        let fires: Each<u8> = match self.compare {
            Compare::AtLeast => each(|i| u8::from(u[i] >= theta[i])),
            Compare::Above => each(|i| u8::from(u[i] > theta[i])),
        };
        let fired = |i: usize, yes: T, no: T| if fires[i] == 1 { yes } else { no };
        let left = match self.reset {
            Reset::Soft => each(|i| fired(i, u[i] - theta[i], u[i])),
            Reset::Hard => each(|i| fired(i, self.to[i], u[i])),
            Reset::SoftDelayed | Reset::HardDelayed | Reset::None => u,
        };
        let leaked: Each<T> = each(|i| leak(i, left[i]));
        let next = match self.reset {
            Reset::SoftDelayed => each(|i| fired(i, leaked[i] - theta[i], leaked[i])),
            _ => leaked,
        };
        Step { fires, left, next }
    }
}

/// What `of` makes for each neuron of a block.
#[inline(always)]
pub(super) fn each<T>(of: impl FnMut(usize) -> T) -> Each<T> {
    std::array::from_fn(of)
}

/// Goes through neurons block by block: `work` takes the currents and the states of a block and
/// leaves the next states. Of what it returns, that of the neurons that there are goes to `give`.
pub(super) fn blocks<T: Copy + Default, R>(
    x: &[T],
    states: &mut [T],
    mut work: impl FnMut(&Each<T>, &mut Each<T>) -> Each<R>,
    mut give: impl FnMut(&[R]),
) {
    for (x, states) in x.chunks(BLOCK).zip(states.chunks_mut(BLOCK)) {
        // Whole blocks, so that no loop has an end of its own.
        let (mut currents, mut block) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        currents[..x.len()].copy_from_slice(x);
        block[..x.len()].copy_from_slice(states);
        give(&work(&currents, &mut block)[..x.len()]);
        states.copy_from_slice(&block[..x.len()]);
    }
}

/// A bit for each byte, which is 0 or 1: those of eight bytes come together in the highest byte
/// of the product.
pub(super) fn word(fires: &[u8]) -> u64 {
    let mut all = [0; BLOCK];
    all[..fires.len()].copy_from_slice(fires);
    let bits =
        |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let (eights, _) = all.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |word, (k, eight)| word | bits(eight) << (8 * k))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::value::Bitmap;

    #[test]
    fn a_word_has_a_bit_for_each_neuron() {
        for pattern in [0, u64::MAX, 1, 1 << 63, 0x8040_2010_0804_0201, 0xDEAD_BEEF_0123_4567] {
            assert_eq!(word(&each(|i| (pattern >> i & 1) as u8)), pattern);
        }
    }

    /// Neurons behind the last one do not fire, whatever their threshold is.
    #[test]
    fn the_last_block_ends_with_the_last_neuron() {
        for n in [1, 63, 64, 65, 130] {
            let (x, mut states, mut given) = (vec![2; n], vec![5; n], Vec::new());
            let work = |x: &Each<i32>, states: &mut Each<i32>| {
                *states = each(|i| states[i] + x[i]);
                [1; BLOCK]
            };
            blocks(&x, &mut states, work, |fires: &[u8]| given.push(word(fires)));
            let bits = Bitmap::from_iter(vec![true; n].into_iter());
            assert_eq!((given, states), (bits.words, vec![7; n]));
        }
    }
}
