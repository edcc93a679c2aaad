// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights and parameters as constants of C++.

use askama::Template;

use crate::hw::ReadoutStage;

#[derive(Template)]
#[template(path = "hls/tables.h", escape = "none")]
pub(super) struct Tables<'a> {
    pub(super) model: &'a str,
    pub(super) tables: Vec<Table>,
}

/// A constant array.
pub(super) struct Table {
    pub(super) kind: String,
    pub(super) name: String,
    /// Extent of a row, in brackets; empty if a row is a number.
    pub(super) inner: String,
    pub(super) rows: Vec<String>,
}

impl Table {
    /// Numbers; one that no design has would be no array in C++, so there is at least a zero.
    pub(super) fn numbers(kind: String, name: String, values: impl Iterator<Item = i64>) -> Self {
        let mut rows: Vec<_> = values.map(|v| v.to_string()).collect();
        if rows.is_empty() {
            rows.push("0".into());
        }
        Self { kind, name, inner: String::new(), rows }
    }

    /// Rows of bits, 32 in a word, the lowest first.
    pub(super) fn bits(
        name: String,
        width: u32,
        rows: impl Iterator<Item = impl Iterator<Item = bool>>,
    ) -> Self {
        let words = width.div_ceil(32) as usize;
        let row = |bits: &mut dyn Iterator<Item = bool>| {
            let mut row = vec![0u32; words];
            bits.enumerate().for_each(|(k, bit)| row[k / 32] |= u32::from(bit) << (k % 32));
            let row: Vec<_> = row.iter().map(|w| format!("{w:#010x}")).collect();
            format!("{{{}}}", row.join(", "))
        };
        let rows = rows.map(|mut r| row(&mut r)).collect();
        Self { kind: "unsigned".into(), name, inner: format!("[{words}]"), rows }
    }
}

/// Gains and offsets of a readout.
pub(super) fn readout(r: &ReadoutStage) -> [Table; 2] {
    let gain = r.gain.iter().copied();
    let offset = r.offset.iter().copied();
    [
        Table::numbers(format!("ap_uint<{}>", r.gain_bits), "readout_gain".into(), gain),
        Table::numbers(format!("ap_int<{}>", r.offset_bits), "readout_offset".into(), offset),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_lie_32_in_a_word_the_lowest_first() {
        let row = |ones: &'static [usize]| (0..34).map(move |k| ones.contains(&k));
        let t = Table::bits("w".into(), 34, [row(&[0, 5, 33]), row(&[31])].into_iter());
        assert_eq!(t.inner, "[2]");
        assert_eq!(t.rows, ["{0x00000021, 0x00000002}", "{0x80000000, 0x00000000}"]);
    }

    #[test]
    fn an_array_has_a_number_at_least() {
        let none = Table::numbers("int".into(), "n".into(), std::iter::empty());
        assert_eq!(none.rows, ["0"]);
        assert_eq!(Table::numbers("int".into(), "n".into(), [-3, 4].into_iter()).rows, ["-3", "4"]);
    }
}
