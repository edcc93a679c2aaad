// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Levels as bit planes and back, eight at a time.

use super::value::Bitmap;

/// The planes of levels of up to 16 bits, lowest first.
pub(super) fn of(levels: &[u16], bits: usize) -> Vec<Bitmap> {
    let blank = || Bitmap { words: vec![0; levels.len().div_ceil(64)], len: levels.len() };
    let mut planes: Vec<_> = (0..bits).map(|_| blank()).collect();
    for (k, eight) in levels.chunks(8).enumerate() {
        for (half, planes) in planes.chunks_mut(8).enumerate() {
            let byte = |v: &u16| (v >> (8 * half)) as u8;
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(eight).for_each(|(b, v)| *b = byte(v));
            let rows = transposed(bytes);
            let place = |b: u8| u64::from(b) << (k % 8 * 8);
            planes.iter_mut().zip(rows).for_each(|(p, row)| p.words[k / 8] |= place(row));
        }
    }
    planes
}

/// The levels of up to 32 planes.
pub(super) fn levels(planes: &[Bitmap]) -> Vec<u32> {
    let len = planes.first().map_or(0, |p| p.len);
    let mut levels = vec![0; len];
    for (k, eight) in levels.chunks_mut(8).enumerate() {
        for (quarter, planes) in planes.chunks(8).enumerate() {
            let mut rows = [0; 8];
            let row = |p: &Bitmap| (p.words[k / 8] >> (k % 8 * 8)) as u8;
            rows.iter_mut().zip(planes).for_each(|(r, p)| *r = row(p));
            let bytes = transposed(rows).map(u32::from);
            eight.iter_mut().zip(bytes).for_each(|(v, byte)| *v |= byte << (8 * quarter));
        }
    }
    levels
}

/// Bit b of byte i becomes bit i of byte b: a matrix of 8 × 8 bits whose blocks of 1, 2 and 4
/// change places across the diagonal (Warren, Hacker's Delight, 7-3).
fn transposed(bytes: [u8; 8]) -> [u8; 8] {
    let mut x = u64::from_le_bytes(bytes);
    for (shift, mask) in
        [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0)]
    {
        let changed = (x ^ (x >> shift)) & mask;
        x ^= changed ^ (changed << shift);
    }
    x.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_the_bits_of_the_levels() {
        for (count, bits) in [(1, 1), (8, 3), (65, 8), (130, 9), (200, 16), (0, 2)] {
            let level = |i: usize| (i * 40_503 % (1 << bits)) as u16;
            let given: Vec<u16> = (0..count).map(level).collect();
            let planes = of(&given, bits);
            assert_eq!(planes.len(), bits);
            for (b, plane) in planes.iter().enumerate() {
                let want: Vec<bool> = given.iter().map(|v| v >> b & 1 == 1).collect();
                assert_eq!(*plane, Bitmap::from_iter(want.into_iter()), "plane {b} of {bits}");
            }
            let given: Vec<u32> = given.into_iter().map(u32::from).collect();
            assert_eq!(levels(&planes), given, "{bits} bits");
        }
    }

    /// What sums of levels have.
    #[test]
    fn levels_have_up_to_32_bits() {
        let want = [0x8000_0001, 0x00FF_00FF, 7, 0, u32::MAX, 1 << 17, 1 << 30, 9, 0xABCD_EF01];
        let plane = |b: u32| Bitmap::from_iter(want.iter().map(|v| v >> b & 1 == 1));
        assert_eq!(levels(&(0..32).map(plane).collect::<Vec<_>>()), want);
    }
}
