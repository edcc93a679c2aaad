// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Changes memory contents in an iCE40 text configuration: one bit, so that a check which reads the
//! bitstream back can be shown to notice; or all of some blocks, for another model.

use crate::diag::{Diagnostic, Result, codes};

/// Hexadecimal digits of one 16-bit word; a line holds sixteen words, the last one first.
const WORD_DIGITS: usize = 4;

/// A configuration with one bit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The changed text.
    pub text: String,
    /// Where the memory block is: column and row of its tile.
    pub tile: String,
    /// The word in the block as it is initialised, 0 to 255.
    pub word: usize,
    /// The bit in the word.
    pub bit: usize,
}

/// Flips one bit of the `nth` word that is not zero, counting through the `.ram_data`
/// blocks in the order of the text and starting again after the last one. Words that are
/// zero are passed over: most of them belong to memories that the design does not read.
///
/// # Errors
/// [`codes::ASC_FORMAT`] when a block is not hexadecimal or none has contents.
pub fn flip_ram_bit(asc: &str, nth: usize) -> Result<Flipped> {
    let words = words(asc)?;
    if words.is_empty() {
        return Err(Diagnostic::new(&codes::ASC_FORMAT, "no block RAM has contents"));
    }
    Ok(flip(asc, &words[nth % words.len()], nth % (WORD_DIGITS * 4)))
}

/// Flips `bit` of word `at` in the block of 256 × 16 bits whose words are `contents`, both
/// as its ports see them; nothing if no block has exactly these, or word `at` is zero.
///
/// # Errors
/// As [`flip_ram_bit`].
pub fn flip_in_block(
    asc: &str,
    contents: &[u16],
    at: usize,
    bit: usize,
) -> Result<Option<Flipped>> {
    let words = words(asc)?;
    let value =
        |w: &Word| stored(u16::from_str_radix(&asc[w.at..w.at + WORD_DIGITS], 16).unwrap_or(0));
    let in_use = contents.iter().filter(|c| **c != 0).count();
    let block = words.chunk_by(|a, b| a.tile == b.tile).find(|block| {
        block.len() == in_use && block.iter().all(|w| contents.get(w.word) == Some(&value(w)))
    });
    let word = block.and_then(|block| block.iter().find(|w| w.word == at));
    Ok(word.map(|w| flip(asc, w, place(bit))))
}

/// Gives block RAMs other contents, as their ports see them: each is known by what it holds.
///
/// # Errors
/// [`codes::ASC_FORMAT`] if none holds it, or if several do that are to differ.
pub fn replace_blocks(asc: &str, changes: &[(Vec<u16>, Vec<u16>)]) -> Result<String> {
    let mut text = asc.as_bytes().to_vec();
    let found = all_blocks(asc)?;
    for (before, after) in changes.iter().filter(|(before, after)| before != after) {
        let wanted = changes.iter().filter(|(b, _)| b == before);
        if wanted.clone().any(|(_, a)| a != after) || before.iter().all(|w| *w == 0) {
            let message = "two memories begin with the same contents and are to differ";
            return Err(Diagnostic::new(&codes::ASC_FORMAT, message));
        }
        let holders: Vec<_> = found.iter().filter(|b| b.contents == *before).collect();
        if holders.is_empty() {
            let message = "no block RAM holds what this build says";
            return Err(Diagnostic::new(&codes::ASC_FORMAT, message));
        }
        for (word, value) in holders.iter().flat_map(|b| b.at.iter().zip(after)) {
            text[*word..word + WORD_DIGITS]
                .copy_from_slice(format!("{:04x}", stored(*value)).as_bytes());
        }
    }
    // Only digits were replaced.
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The contents of all block RAMs, in the order of the text.
///
/// # Errors
/// [`codes::ASC_FORMAT`] when a block is not hexadecimal.
pub fn contents(asc: &str) -> Result<Vec<Vec<u16>>> {
    Ok(all_blocks(asc)?.into_iter().map(|b| b.contents).collect())
}

struct Block {
    contents: Vec<u16>,
    /// Byte offset of each word.
    at: Vec<usize>,
}

fn all_blocks(asc: &str) -> Result<Vec<Block>> {
    // Checked as the words are.
    words(asc)?;
    let mut blocks: Vec<Block> = Vec::new();
    let (mut open, mut at) = (false, 0);
    for line in asc.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with(".ram_data ") {
            open = true;
            blocks.push(Block { contents: Vec::new(), at: Vec::new() });
        } else if text.starts_with('.') || text.is_empty() {
            open = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| open) {
            for word in (0..16).rev().map(|i| i * WORD_DIGITS) {
                let digits = &text[word..word + WORD_DIGITS];
                block.contents.push(stored(u16::from_str_radix(digits, 16).unwrap_or(0)));
                block.at.push(at + word);
            }
        }
        at += line.len();
    }
    Ok(blocks)
}

/// A word as the text has it, of one as a port sees it, and the other way round.
fn stored(word: u16) -> u16 {
    (0..16).fold(0, |v, bit| v | (word >> place(bit) & 1) << bit)
}

/// Where a word's text has the bit that a port calls `bit`: the four digits of its number
/// backwards (compared with known contents in all blocks of a design).
fn place(bit: usize) -> usize {
    (bit as u8 & 15).reverse_bits() as usize >> 4
}

fn flip(asc: &str, chosen: &Word, bit: usize) -> Flipped {
    let digit = chosen.at + WORD_DIGITS - 1 - bit / 4;
    let old = u32::from(asc.as_bytes()[digit] as char);
    let old = char::from_u32(old).and_then(|c| c.to_digit(16)).unwrap_or(0);
    let new = char::from_digit(old ^ 1 << (bit % 4), 16).unwrap_or('0');
    let mut text = asc.to_string();
    text.replace_range(digit..=digit, new.encode_utf8(&mut [0; 4]));
    Flipped { text, tile: chosen.tile.clone(), word: chosen.word, bit }
}

struct Word {
    /// Byte offset of its first digit.
    at: usize,
    tile: String,
    word: usize,
}

/// The words that are not zero.
fn words(asc: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut block: Option<(&str, usize)> = None;
    let mut at = 0;
    for (number, line) in asc.split_inclusive('\n').enumerate() {
        let text = line.trim_end();
        if let Some(tile) = text.strip_prefix(".ram_data ") {
            block = Some((tile, 0));
        } else if text.starts_with('.') || text.is_empty() {
            block = None;
        } else if let Some((tile, row)) = &mut block {
            if !text.bytes().all(|b| b.is_ascii_hexdigit()) || text.len() != 16 * WORD_DIGITS {
                let message = "memory contents are not 64 hexadecimal digits";
                return Err(
                    Diagnostic::new(&codes::ASC_FORMAT, message).at(format!("line {}", number + 1))
                );
            }
            for i in (0..16).filter(|i| text[i * WORD_DIGITS..][..WORD_DIGITS] != *"0000") {
                words.push(Word {
                    at: at + i * WORD_DIGITS,
                    tile: (*tile).to_string(),
                    word: *row * 16 + 15 - i,
                });
            }
            *row += 1;
        }
        at += line.len();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asc() -> String {
        let zero = "0".repeat(64);
        let used = format!("{}8001", "0".repeat(60));
        let other = format!("00ff{}", "0".repeat(60));
        format!(
            ".device 5k\n.ram_data 6 1\n{zero}\n{zero}\n\n.ram_data 6 3\n{zero}\n{used}\n{other}\n.logic_tile 1 1\nabc\n"
        )
    }

    #[test]
    fn blocks_are_replaced_by_what_they_hold() {
        let asc = asc();
        let before = super::contents(&asc).unwrap();
        assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [32, 48]);
        // The last digits of a line are its first word; a word's bits are those of the port in the
        // order of their numbers read backwards.
        assert_eq!((before[1][16], before[1][47]), (0x8001, 0x5555));
        let mut after = before[1].clone();
        (after[16], after[47], after[0]) = (0x0001, 0, 0x0003);
        let change = (before[1].clone(), after.clone());
        let patched = replace_blocks(&asc, std::slice::from_ref(&change)).unwrap();
        assert_eq!(super::contents(&patched).unwrap(), [before[0].clone(), after.clone()]);
        assert_eq!(patched.len(), asc.len());
        assert!(
            patched.starts_with(".device 5k\n.ram_data 6 1\n0000") && patched.ends_with("abc\n")
        );
        // The same twice is the same; what stays need not be found.
        let twice = [change.clone(), change.clone(), (vec![7; 256], vec![7; 256])];
        assert_eq!(replace_blocks(&asc, &twice).unwrap(), patched);
        let other = (before[1].clone(), before[1].clone());
        let unknown = (vec![9; 48], after.clone());
        let empty = (before[0].clone(), vec![1; 32]);
        for changes in [vec![change, other], vec![unknown], vec![empty]] {
            assert_eq!(replace_blocks(&asc, &changes).unwrap_err().code.id, "SF0507");
        }
    }

    #[test]
    fn flips_exactly_one_bit_of_a_word_in_use() {
        let asc = asc();
        let first = flip_ram_bit(&asc, 0).unwrap();
        assert_eq!((first.tile.as_str(), first.word, first.bit), ("6 3", 16, 0));
        assert!(first.text.contains("8000\n"));
        let second = flip_ram_bit(&asc, 1).unwrap();
        assert_eq!((second.word, second.bit), (47, 1));
        assert!(second.text.contains("\n00fd"));
        let changed = asc.bytes().zip(second.text.bytes()).filter(|(a, b)| a != b).count();
        assert_eq!((changed, asc.len()), (1, second.text.len()));
    }

    #[test]
    fn counts_round_and_through_the_bits() {
        let third = flip_ram_bit(&asc(), 2).unwrap();
        assert_eq!((third.word, third.bit), (16, 2));
        assert!(third.text.contains("8005\n"));
        // All sixteen bits of a word, then the first one again.
        for (nth, bit) in [(9, 9), (15, 15), (17, 1)] {
            assert_eq!(flip_ram_bit(&asc(), nth).unwrap().bit, bit);
        }
    }

    /// Contents as the ports see them: word 0 is 3 (bits 0 and 1, kept as bits 0 and 8), word 2
    /// is 0x8002 (bits 1 and 15, kept as bits 8 and 15), word 17 is 0x0010 (bit 4, kept as bit 2).
    fn contents() -> [u16; 256] {
        let mut contents = [0; 256];
        (contents[0], contents[2], contents[17]) = (3, 0x8002, 0x0010);
        contents
    }

    fn block() -> String {
        let zero = "0".repeat(64);
        let first = format!("{}8100{}0101", "0".repeat(52), "0".repeat(4));
        let second = format!("{}00040000", "0".repeat(56));
        format!(".ram_data 19 5\n{first}\n{second}\n{zero}\n")
    }

    #[test]
    fn a_block_is_found_by_its_contents() {
        let asc = format!("{}{}", asc(), block());
        for (at, bit, kept) in
            [(0, 0, 0), (0, 1, 8), (2, 15, 15), (2, 4, 2), (17, 8, 1), (17, 7, 14)]
        {
            let f = flip_in_block(&asc, &contents(), at, bit).unwrap().unwrap();
            assert_eq!((f.tile.as_str(), f.word, f.bit), ("19 5", at, kept), "{at}, {bit}");
            let mut changed = contents();
            changed[at] ^= 1 << bit;
            let back = flip_in_block(&f.text, &changed, at, bit).unwrap().unwrap();
            assert_eq!(back.text, asc, "{at}, {bit}");
        }
    }

    #[test]
    fn other_contents_are_not_taken_for_it() {
        let asc = block();
        let found = |contents: &[u16], at| flip_in_block(&asc, contents, at, 0).unwrap().is_some();
        assert!(found(&contents(), 17));
        assert!(!found(&contents(), 1), "a word that is zero");
        for (at, value) in [(0, 1), (0, 0), (3, 1), (17, 0x0020)] {
            let mut other = contents();
            other[at] = value;
            assert!(!found(&other, 2), "{at}: {value}");
        }
    }

    #[test]
    fn says_when_there_is_nothing_to_flip_or_the_text_is_broken() {
        assert_eq!(flip_ram_bit(".device 5k\n", 0).unwrap_err().code.id, "SF0507");
        let err = flip_ram_bit(".ram_data 1 1\nxyz\n", 0).unwrap_err();
        assert_eq!(err.location.path.as_deref(), Some("line 2"));
        assert!(flip_ram_bit(".ram_data 1 1\nééé\n", 0).is_err());
        for line in ["abc".to_owned(), "g".repeat(64)] {
            assert!(flip_ram_bit(&format!(".ram_data 1 1\n{line}\n"), 0).is_err(), "{line}");
        }
    }
}
