// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where a bit of an emitted memory is in block RAM.

use crate::emit::{File, memory_rows};
use crate::flow::blocks;

/// A bit of a block RAM of 256 words of 16 bits, which is known by its contents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RamBit {
    pub(super) contents: Vec<u16>,
    pub(super) at: usize,
    pub(super) bit: usize,
}

/// The sound rows of the memory in which two designs differ, and where they do: row and column;
/// nothing if they differ in no bit or in several.
pub(super) fn changed_at(
    sound: &[File],
    changed: &[File],
) -> Option<(Vec<Vec<bool>>, usize, usize)> {
    let mut pairs = sound.iter().zip(changed).filter(|(a, b)| a != b);
    let ((a, b), None) = (pairs.next()?, pairs.next()) else { return None };
    let (rows, other) = (memory_rows(&a.contents)?, memory_rows(&b.contents)?);
    let bits = |rows: &[Vec<bool>]| rows.iter().flatten().copied().collect::<Vec<_>>();
    let (all, after) = (bits(&rows), bits(&other));
    let width = rows.first()?.len();
    let mut differ = (0..all.len().max(after.len())).filter(|k| all.get(*k) != after.get(*k));
    let (at, None) = (differ.next()?, differ.next()) else { return None };
    Some((rows, at / width, at % width))
}

/// The one bit in which the memories of two designs differ, with the sound one's contents;
/// nothing if they differ in none or in several, or if no block RAM has it.
pub(super) fn changed_bit(sound: &[File], changed: &[File]) -> Option<RamBit> {
    let (rows, row, column) = changed_at(sound, changed)?;
    let kept = blocks::kept(&rows);
    let place = kept.iter().position(|c| *c == column)?;
    let contents = blocks::block(&rows, &kept, row, place);
    Some(RamBit { contents, at: row % 256, bit: place % 16 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 words of 20 bits: column 3 is always one, column c else bit c mod 9 of the address.
    fn memory(flip: Option<(u32, u32)>) -> Vec<File> {
        let word = |r: u32| {
            let bit = |c: u32| c == 3 || r >> (c % 9) & 1 == 1;
            (0..20).fold(0u32, |w, c| w | u32::from(bit(c) ^ (flip == Some((r, c)))) << c)
        };
        let text: String = (0..300).map(|r| format!("{:05x}\n", word(r))).collect();
        let same = File { path: "rtl/a.v".into(), contents: b"module a;".into() };
        vec![same, File { path: "rtl/mem.hex".into(), contents: text.into() }]
    }

    #[test]
    fn a_bit_is_found_without_the_columns_that_never_change() {
        let sound = memory(None);
        // Row 258 is word 2 of the second bank; column 18 is the 17th that is left.
        let found = changed_bit(&sound, &memory(Some((258, 18)))).unwrap();
        assert_eq!((found.at, found.bit), (2, 1));
        // Columns 17, 18 and 19 are left for the second slice: bits 8, 0 and 1 of the address.
        let word = |r: u16| r >> 8 & 1 | (r & 1) << 1 | (r >> 1 & 1) << 2;
        let bank: Vec<u16> = (256..512).map(|r| if r < 300 { word(r) } else { 0 }).collect();
        assert_eq!(found.contents, bank);
        let first = changed_bit(&sound, &memory(Some((7, 4)))).unwrap();
        assert_eq!((first.at, first.bit), (7, 3));
        // The first sixteen that are left: columns 0 to 2 and 4 to 16.
        let columns: Vec<u16> = (0..3).chain(4..17).collect();
        let word = |r: u16| (0..16).fold(0, |w, b| w | (r >> (columns[b] % 9) & 1) << b);
        assert_eq!(first.contents, (0..256).map(word).collect::<Vec<_>>());
    }

    #[test]
    fn several_bits_and_other_files_are_no_bit_of_a_block() {
        let sound = memory(None);
        assert_eq!(changed_bit(&sound, &sound), None);
        // In a column that synthesis leaves out.
        assert_eq!(changed_bit(&sound, &memory(Some((7, 3)))), None);
        let mut two = memory(Some((7, 4)));
        two[0].contents = b"module b;".into();
        assert_eq!(changed_bit(&sound, &two), None);
        let mut binary = sound.clone();
        binary[1].contents = vec![0, 1, 2];
        assert_eq!(changed_bit(&sound, &binary), None);
    }
}
