// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A matrix of signs, one bit each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A `rows` × `cols` matrix of ±1, bit-packed row by row: bit 1 is +1, bit 0 is −1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitMatrix {
    rows: usize,
    cols: usize,
    words_per_row: usize,
    words: Vec<u64>,
}

impl BitMatrix {
    /// All −1.
    #[must_use]
    pub fn new(rows: usize, cols: usize) -> Self {
        let words_per_row = cols.div_ceil(64);
        Self { rows, cols, words_per_row, words: vec![0; rows * words_per_row] }
    }

    /// Builds a matrix from a predicate that says where +1 stands.
    #[must_use]
    pub fn from_fn(rows: usize, cols: usize, mut plus: impl FnMut(usize, usize) -> bool) -> Self {
        let mut m = Self::new(rows, cols);
        for r in 0..rows {
            for c in 0..cols {
                m.set(r, c, plus(r, c));
            }
        }
        m
    }

    /// Number of rows (outputs).
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (inputs).
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// True where the weight is +1.
    #[must_use]
    pub fn get(&self, row: usize, col: usize) -> bool {
        self.words[row * self.words_per_row + col / 64] >> (col % 64) & 1 == 1
    }

    /// Sets one weight: true is +1.
    pub fn set(&mut self, row: usize, col: usize, plus: bool) {
        let word = &mut self.words[row * self.words_per_row + col / 64];
        let bit = 1u64 << (col % 64);
        if plus { *word |= bit } else { *word &= !bit }
    }

    /// Row `row`, 64 weights a word, lowest bit first; unused bits are 0.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u64] {
        &self.words[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    /// Multiplies a row by −1.
    pub fn negate_row(&mut self, row: usize) {
        for col in 0..self.cols {
            self.set(row, col, !self.get(row, col));
        }
    }
}

/// Text form: one string of hexadecimal digits a row, column 0 in the lowest bit of the
/// first digit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hex {
    cols: usize,
    rows: Vec<String>,
}

impl Serialize for BitMatrix {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let digit = |r: usize, d: usize| {
            let nibble = (0..4).fold(0, |n, b| {
                let c = d * 4 + b;
                n | u32::from(c < self.cols && self.get(r, c)) << b
            });
            char::from_digit(nibble, 16).unwrap_or('0')
        };
        let rows = (0..self.rows)
            .map(|r| (0..self.cols.div_ceil(4)).map(|d| digit(r, d)).collect())
            .collect();
        Hex { cols: self.cols, rows }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for BitMatrix {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let hex = Hex::deserialize(d)?;
        if hex.rows.iter().any(|row| row.len() != hex.cols.div_ceil(4)) {
            return Err(D::Error::custom(format!(
                "a row of {} weights has the wrong length",
                hex.cols
            )));
        }
        let mut m = Self::new(hex.rows.len(), hex.cols);
        for (r, row) in hex.rows.iter().enumerate() {
            for (d, ch) in row.chars().enumerate() {
                let nibble = ch
                    .to_digit(16)
                    .ok_or_else(|| D::Error::custom(format!("'{ch}' is no hexadecimal digit")))?;
                for b in (0..4).filter(|b| nibble >> b & 1 == 1) {
                    if d * 4 + b >= hex.cols {
                        return Err(D::Error::custom("a bit beyond the last column is set"));
                    }
                    m.set(r, d * 4 + b, true);
                }
            }
        }
        Ok(m)
    }
}
