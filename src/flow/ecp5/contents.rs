// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memory contents in an ECP5 text configuration: blocks `.bram_init ID` of 2,048 values of 9
//! bits, each a half of one of the 1,024 words, the lower half first.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Result, codes};
use crate::flow::routed::Words;

/// Values of a block RAM, and bits of one.
const VALUES: usize = 2048;
const BITS: usize = 9;

/// A configuration with one bit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The changed text.
    pub text: String,
    /// The block RAM's number.
    pub id: u32,
    /// Which of its values of 9 bits.
    pub value: usize,
    /// The bit in it.
    pub bit: usize,
}

/// The contents of every block RAM of a configuration, by number.
///
/// # Errors
/// [`codes::ASC_FORMAT`].
pub fn block_rams(config: &str) -> Result<BTreeMap<u32, Words>> {
    let mut found = BTreeMap::new();
    for (id, values) in values(config)? {
        let read: Vec<u32> = values
            .iter()
            .map(|&(_, text)| u32::from_str_radix(text, 16).unwrap_or(u32::MAX))
            .collect();
        if read.len() != VALUES || read.iter().any(|v| *v >= 1 << BITS) {
            let message = format!(".bram_init {id} is not {VALUES} values of {BITS} bits");
            return Err(Diagnostic::new(&codes::ASC_FORMAT, message));
        }
        let words = read.chunks(2).map(|pair| pair[1] << BITS | pair[0]).collect();
        if found.insert(id, words).is_some() {
            let message = format!(".bram_init {id} is there twice");
            return Err(Diagnostic::new(&codes::ASC_FORMAT, message));
        }
    }
    Ok(found)
}

/// Flips one bit of the `nth` value that is not zero, counting through all block RAMs and
/// starting again after the last one.
///
/// # Errors
/// [`codes::ASC_FORMAT`] when no block RAM has contents.
pub fn flip(config: &str, nth: usize) -> Result<Flipped> {
    let blocks = values(config)?;
    let numbered = blocks.iter().flat_map(|(id, values)| {
        values.iter().enumerate().map(move |(k, (at, text))| (*id, k, *at, *text))
    });
    let used: Vec<_> = numbered.filter(|(.., text)| text.bytes().any(|b| b != b'0')).collect();
    let Some(&(id, value, at, old)) = used.get(nth % used.len().max(1)) else {
        return Err(Diagnostic::new(&codes::ASC_FORMAT, "no block RAM has contents"));
    };
    let bit = nth % BITS;
    let new = u32::from_str_radix(old, 16).unwrap_or(0) ^ 1 << bit;
    let mut text = config.to_owned();
    text.replace_range(at..at + old.len(), &format!("{new:0width$x}", width = old.len()));
    Ok(Flipped { text, id, value, bit })
}

/// A block's number, and its values with their places in the text.
type Block<'a> = (u32, Vec<(usize, &'a str)>);

fn values(config: &str) -> Result<Vec<Block<'_>>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut inside = false;
    let mut at = 0;
    for (number, line) in config.split_inclusive('\n').enumerate() {
        let text = line.trim_end();
        if let Some(id) = text.strip_prefix(".bram_init ") {
            let id = id.trim().parse().map_err(|_| {
                Diagnostic::new(&codes::ASC_FORMAT, "a .bram_init has no number")
                    .at(format!("line {}", number + 1))
            })?;
            blocks.push((id, Vec::new()));
            inside = true;
        } else if text.starts_with('.') || text.is_empty() {
            inside = false;
        } else if inside && let Some((_, values)) = blocks.last_mut() {
            let start = line.as_ptr() as usize;
            let place = |word: &str| at + (word.as_ptr() as usize - start);
            values.extend(text.split_whitespace().map(|word| (place(word), word)));
        }
        at += line.len();
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(first: &str) -> String {
        let row = format!("{}\n", ["000"; 8].join(" "));
        let rest = row.repeat(255);
        format!(
            ".device LFE5U-25F\n\n.bram_init 3\n{first}\n{rest}\n.tile X\nword: A 11\n\n.bram_init 9\n{row}{rest}"
        )
    }

    #[test]
    fn two_values_are_a_word() {
        let text = config("001 100 000 000 1ff 000 000 000");
        let rams = block_rams(&text).unwrap();
        assert_eq!(rams.keys().copied().collect::<Vec<_>>(), [3, 9]);
        assert_eq!(rams[&3][..3], [0x2_0001, 0, 0x1ff]);
        assert_eq!(rams[&3].len(), 1024);
        assert!(rams[&9].iter().all(|w| *w == 0));
    }

    #[test]
    fn one_bit_of_a_value_in_use_is_flipped() {
        let text = config("001 100 000 000 1ff 000 000 000");
        let flipped = flip(&text, 1).unwrap();
        assert_eq!((flipped.id, flipped.value, flipped.bit), (3, 1, 1));
        let (before, after) = (block_rams(&text).unwrap(), block_rams(&flipped.text).unwrap());
        assert_eq!(before[&3][0] ^ after[&3][0], 1 << 10);
        assert_eq!((&before[&3][1..], &before[&9]), (&after[&3][1..], &after[&9]));
        assert_eq!(flip(&text, 5).unwrap().value, 4);
        // A bit that was set is cleared.
        let cleared = block_rams(&flip(&text, 0).unwrap().text).unwrap();
        assert_eq!((before[&3][0], cleared[&3][0]), (0x2_0001, 0x2_0000));
    }

    #[test]
    fn broken_blocks_are_refused() {
        for text in [
            config("001 100 000 000 1ff 000 000"),
            config("001 100 000 000 200 000 000 000"),
            config("001 100 000 000 xyz 000 000 000"),
            config("001 100 000 000 1ff 000 000 000").replace("init 9", "init 3"),
            ".bram_init x\n".to_owned(),
        ] {
            assert_eq!(block_rams(&text).unwrap_err().code.id, "SF0507");
        }
        assert_eq!(
            flip(&config("000 000 000 000 000 000 000 000"), 0).unwrap_err().code.id,
            "SF0507"
        );
    }
}
