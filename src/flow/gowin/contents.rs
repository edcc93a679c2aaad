// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory contents in a Gowin bitstream (`.fs`): a line of digits for each frame, in which the
//! first bit of the device comes last. Behind the frames of the fabric, 256 for each row of block
//! RAMs hold what these start with. Frames, columns and places are those of Apicula's databases of
//! both chips.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Result, codes};
use crate::flow::routed::Words;

/// Where a chip has its block RAMs.
struct Chip {
    name: &'static str,
    /// Frames of its fabric, and their bits.
    frames: usize,
    bits: usize,
    /// Rows with block RAMs, and the columns of these.
    rows: &'static [(u32, &'static [u32])],
}

static CHIPS: &[Chip] = &[
    Chip {
        name: "GW1N-9C",
        frames: 712,
        bits: 2836,
        rows: &[
            (9, &[4, 7, 10, 13, 16, 19, 22, 31, 34, 37, 40]),
            (27, &[1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43]),
        ],
    },
    Chip {
        name: "GW2A-18C",
        frames: 1342,
        bits: 3376,
        rows: &[
            (9, &[4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43, 46, 49]),
            (27, &[1, 4, 7, 10, 13, 16, 19, 22, 31, 34, 37, 40, 43, 46]),
            (45, &[4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 43, 46, 49]),
        ],
    },
];

/// Frames of a row of block RAMs.
const FRAMES: usize = 256;
/// Words of a block RAM, and bits of one.
const WORDS: usize = 1024;
const BITS: usize = 18;
/// Checksum and filling behind the bits of a frame.
const TAIL: usize = 16 + 48;

/// Bit of a frame, counted from the left edge of a block RAM, for a bit of a word and the highest
/// two bits of its address.
const PLACES: [[usize; 4]; BITS] = [
    [21, 22, 27, 28],
    [30, 31, 35, 37],
    [38, 39, 44, 45],
    [47, 48, 53, 54],
    [56, 57, 61, 62],
    [64, 65, 70, 71],
    [72, 73, 79, 80],
    [82, 83, 87, 89],
    [90, 91, 96, 97],
    [98, 99, 105, 106],
    [107, 109, 113, 114],
    [116, 117, 122, 123],
    [124, 125, 131, 132],
    [133, 134, 139, 140],
    [142, 143, 148, 149],
    [150, 151, 156, 157],
    [159, 160, 165, 166],
    [168, 169, 173, 175],
];

/// A bitstream with one bit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The changed text.
    pub text: String,
    /// The block RAM's place, row × 100 + column.
    pub id: u32,
    /// Which of its words of 18 bits.
    pub word: usize,
    /// The bit in it.
    pub bit: usize,
}

/// The contents of every block RAM of a chip, used or not, by its place, row × 100 + column; none
/// if the bitstream has no frames for them.
///
/// # Errors
/// [`codes::ASC_FORMAT`].
pub fn block_rams(bitstream: &str, chip: &str) -> Result<BTreeMap<u32, Words>> {
    let chip = find(chip)?;
    let frames = frames(bitstream, chip)?;
    let mut found = BTreeMap::new();
    if frames.len() == chip.frames {
        return Ok(found);
    }
    for (band, (row, columns)) in chip.rows.iter().enumerate() {
        for column in *columns {
            let word = |w: usize| {
                let bit = |b: usize| {
                    let (frame, place) = place(chip, band, *column, w, b);
                    let (line, at) = (frames[frame].1, frames[frame].2 - place);
                    u32::from(line.as_bytes()[at] == b'1') << b
                };
                (0..BITS).map(bit).sum()
            };
            found.insert(row * 100 + column, (0..WORDS).map(word).collect());
        }
    }
    Ok(found)
}

/// Flips one bit of the `nth` word that is not zero, counting through all block RAMs and starting
/// again after the last one.
///
/// # Errors
/// [`codes::ASC_FORMAT`], also when no block RAM has contents.
pub fn flip(bitstream: &str, chip: &str, nth: usize) -> Result<Flipped> {
    let all = block_rams(bitstream, chip)?;
    let numbered = all.iter().flat_map(|(id, words)| {
        words.iter().enumerate().filter(|(_, word)| **word != 0).map(move |(w, _)| (*id, w))
    });
    let used: Vec<_> = numbered.collect();
    let Some(&(id, word)) = used.get(nth % used.len().max(1)) else {
        return Err(bad("no block RAM has contents"));
    };
    let chip = find(chip)?;
    let (bit, row) = (nth % BITS, id / 100);
    let band = chip.rows.iter().position(|r| r.0 == row).unwrap_or_default();
    let (frame, place) = place(chip, band, id % 100, word, bit);
    let (start, line, last) = frames(bitstream, chip)?[frame];
    let at = last - place;
    let new = if line.as_bytes()[at] == b'1' { "0" } else { "1" };
    let mut text = bitstream.to_owned();
    text.replace_range(start + at..=start + at, new);
    Ok(Flipped { text, id, word, bit })
}

fn find(name: &str) -> Result<&'static Chip> {
    let chip = CHIPS.iter().find(|c| c.name == name);
    chip.ok_or_else(|| bad(format!("it is not known where a {name} has its block RAMs")))
}

/// Frame and bit of it, counted from the first of the device, of a bit of a word. Words whose
/// addresses differ in their lowest two bits lie far from each other.
fn place(chip: &Chip, band: usize, column: u32, word: usize, bit: usize) -> (usize, usize) {
    let quarter = [0, 2, 1, 3][word & 3];
    let row = quarter * 64 + (word >> 2 & 63);
    // Each column of tiles has 60 bits, the first one 68.
    let left = 68 + 60 * (column as usize - 1);
    (chip.frames + FRAMES * band + FRAMES - 1 - row, left + PLACES[bit][word >> 8])
}

/// Where a line begins, the line, and in it the device's first bit.
type Frame<'a> = (usize, &'a str, usize);

/// The frames: those of the fabric, or those of all block RAMs as well.
fn frames<'a>(bitstream: &'a str, chip: &Chip) -> Result<Vec<Frame<'a>>> {
    let length = chip.bits.next_multiple_of(8) + TAIL;
    let mut all = Vec::new();
    let mut at = 0;
    for line in bitstream.split_inclusive('\n') {
        let text = line.trim_end();
        if text.len() == length && text.bytes().all(|b| matches!(b, b'0' | b'1')) {
            all.push((at, text, length - TAIL - 1));
        }
        at += line.len();
    }
    let with = chip.frames + FRAMES * chip.rows.len();
    if [chip.frames, with].contains(&all.len()) {
        return Ok(all);
    }
    let (found, name) = (all.len(), chip.name);
    Err(bad(format!(
        "{found} frames of {} bits; a {name} has {} or {with}",
        chip.bits, chip.frames
    )))
}

fn bad(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ASC_FORMAT, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bitstream of a GW1N-9C with these bits set: frame, digit of its line.
    fn bitstream(bits: &[(usize, usize)]) -> String {
        let mut text = "//Comment\n1010\n".to_owned();
        for frame in 0..712 + 512 {
            let mut line = vec![b'0'; 2840 + 64];
            bits.iter().filter(|b| b.0 == frame).for_each(|b| line[b.1] = b'1');
            text += &String::from_utf8(line).unwrap();
            text.push('\n');
        }
        text + "0000\n"
    }

    #[test]
    fn a_bit_has_its_frame_and_its_column() {
        // Of the block RAM in row 27, column 4 (left edge 248), word 0x2A5, bit 9: quarter 2, row
        // 64 · 2 + 41 = 169 of the second band; bit 105.
        let digit = 2839 - (248 + 105);
        let text = bitstream(&[(712 + 256 + 255 - 169, digit)]);
        let found = block_rams(&text, "GW1N-9C").unwrap();
        assert_eq!(found.len(), 26);
        assert_eq!(found[&2704].len(), 1024);
        assert_eq!(found[&2704][0x2A5], 1 << 9);
        let others = found.iter().flat_map(|(id, w)| w.iter().map(move |w| (*id, *w)));
        assert_eq!(others.filter(|(_, word)| *word != 0).count(), 1);
    }

    #[test]
    fn every_bit_has_a_place_of_its_own() {
        for chip in CHIPS {
            let mut places = std::collections::BTreeSet::new();
            for (band, (_, columns)) in chip.rows.iter().enumerate() {
                for column in *columns {
                    for bit in (0..WORDS).flat_map(|w| (0..BITS).map(move |b| (w, b))) {
                        let place = place(chip, band, *column, bit.0, bit.1);
                        assert!(place.1 < chip.bits && places.insert(place), "{}", chip.name);
                    }
                }
            }
        }
    }

    #[test]
    fn one_bit_of_a_word_in_use_is_flipped() {
        // Word 1 of the first block RAM (row 9, column 4), bit 0: quarter 2; and its bit 3.
        let line = 712 + 255 - 128;
        let text = bitstream(&[(line, 2839 - 248 - 21), (line, 2839 - 248 - 47)]);
        let flipped = flip(&text, "GW1N-9C", 3).unwrap();
        assert_eq!((flipped.id, flipped.word, flipped.bit), (904, 1, 3));
        let of = |text| block_rams(text, "GW1N-9C").unwrap()[&904][1];
        assert_eq!((of(&text), of(&flipped.text)), (0b1001, 0b0001));
        assert_eq!(of(&flip(&text, "GW1N-9C", 2).unwrap().text), 0b1101);
    }

    #[test]
    fn what_is_no_bitstream_of_the_chip_is_refused() {
        let text = bitstream(&[]);
        for (text, chip, words) in [
            (&*text, "GW2A-18C", "0 frames of 3376 bits; a GW2A-18C has 1342 or 2110"),
            (&text[..3000 * 900], "GW1N-9C", "frames of 2836 bits; a GW1N-9C has 712 or 1224"),
            (&text, "GW5A-25A", "it is not known where a GW5A-25A has its block RAMs"),
        ] {
            let d = block_rams(text, chip).unwrap_err();
            assert!(d.code.id == "SF0507" && d.message.contains(words), "{d}");
        }
        assert_eq!(flip(&text, "GW1N-9C", 0).unwrap_err().message, "no block RAM has contents");
        // Without memories there are no frames of theirs.
        let lines: Vec<_> = text.lines().take(2 + 712).collect();
        assert!(block_rams(&lines.join("\n"), "GW1N-9C").unwrap().is_empty());
    }
}
