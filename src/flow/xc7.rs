// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The netlist that synthesis makes for a 7-series, beside the models of its cells: the block RAMs in
//! it, and one bit of one of them changed.

use std::ops::Range;

/// The models, as Verilog.
pub const CELLS: &str = include_str!("../../templates/flow/xc7_cells.v");

/// Bits of a parameter with contents.
const SLICE: usize = 256;

/// A netlist with one bit of a block RAM changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flipped {
    /// The netlist.
    pub text: String,
    /// The cell's name.
    pub cell: String,
    /// Word and bit of it.
    pub word: usize,
    /// The bit.
    pub bit: usize,
}

/// A block RAM as a netlist has it.
struct Ram<'t> {
    /// Where the cell's parameters lie in the text, and what they are.
    at: Range<usize>,
    parameters: &'t str,
    name: &'t str,
    /// Bytes of eight bits, and a ninth of each.
    bytes: usize,
    /// Bits of a word that is read.
    width: usize,
}

/// Where a parameter has a bit.
struct Place {
    parameter: String,
    bit: usize,
}

/// Flips the bit in row `row` of a memory whose column is this: in the block RAM that holds the part of
/// the column around that row, if exactly one place does.
#[must_use]
pub fn flip(netlist: &str, column: &[bool], row: usize) -> Option<Flipped> {
    let mut found = Vec::new();
    for ram in rams(netlist) {
        let first = row / ram.words() * ram.words();
        let is = |r: usize| column.get(first + r).copied().unwrap_or(false);
        let holds = |c: &usize| (0..ram.words()).all(|r| ram.bit(r, *c) == is(r));
        found.extend((0..ram.width).filter(holds).map(|c| ram.flipped(netlist, row - first, c)));
        if found.len() > 1 {
            return None;
        }
    }
    found.pop().flatten()
}

/// Every block RAM that is read.
fn rams(netlist: &str) -> Vec<Ram<'_>> {
    let starts = netlist.match_indices("\n  RAMB");
    let one = |(at, _): (usize, &str)| {
        let cell = &netlist[at + 3..];
        let (kind, rest) = cell.split_once(" #(")?;
        let bytes = match kind {
            "RAMB18E1" => 2048,
            "RAMB36E1" => 4096,
            _ => return None,
        };
        let (parameters, rest) = rest.split_once("\n  ) ")?;
        let start = at + 3 + kind.len() + 3;
        let name = rest.split_once(" (")?.0.trim().trim_start_matches('\\');
        let width = |port: &str| {
            let value = parameter(parameters, &format!("READ_WIDTH_{port}"))?.1;
            value.rsplit(['d', '\'']).next()?.parse().ok().filter(|w| *w > 0)
        };
        let width = width("A").or_else(|| width("B"))?;
        Some(Ram { at: start..start + parameters.len(), parameters, name, bytes, width })
    };
    starts.filter_map(one).collect()
}

/// A parameter's value, and where it begins.
fn parameter<'t>(parameters: &'t str, name: &str) -> Option<(usize, &'t str)> {
    let before = format!(".{name}(");
    let at = parameters.find(&before)? + before.len();
    Some((at, parameters[at..].split_once(')')?.0))
}

impl Ram<'_> {
    fn words(&self) -> usize {
        if self.width < 9 { self.bytes * 8 / self.width } else { self.bytes * 9 / self.width }
    }

    /// Bytes of nine bits hold a word of nine bits, a part of a wider one, or several of fewer, which
    /// leave the ninth bit out.
    fn place(&self, word: usize, c: usize) -> Place {
        let (byte, bit) = if self.width < 9 {
            let each = 8 / self.width;
            (word / each, word % each * self.width + c)
        } else {
            (word * (self.width / 9) + c / 9, c % 9)
        };
        let (name, at) = if bit == 8 { ("INITP", byte) } else { ("INIT", byte * 8 + bit) };
        Place { parameter: format!("{name}_{:02X}", at / SLICE), bit: at % SLICE }
    }

    /// The digit that has a bit, where it is, and the bit in it; a digit that is not known is 0.
    fn digit(&self, place: &Place) -> Option<(usize, u32, u32)> {
        let (at, value) = parameter(self.parameters, &place.parameter)?;
        let (size, digits) = value.split_once('\'')?;
        let bits = match digits.chars().next()? {
            'h' => 4,
            'b' => 1,
            _ => return None,
        };
        let from_right = place.bit / bits;
        let index = (digits.len() - 1).checked_sub(from_right + 1)?;
        let digit = char::from(digits.as_bytes()[index + 1]).to_digit(16).unwrap_or(0);
        Some((at + size.len() + 2 + index, digit, (place.bit % bits) as u32))
    }

    fn bit(&self, word: usize, c: usize) -> bool {
        self.digit(&self.place(word, c)).is_some_and(|(_, digit, bit)| digit >> bit & 1 == 1)
    }

    fn flipped(&self, netlist: &str, word: usize, bit: usize) -> Option<Flipped> {
        let (at, digit, in_digit) = self.digit(&self.place(word, bit))?;
        let at = self.at.start + at;
        let new = char::from_digit(digit ^ 1 << in_digit, 16)?;
        let text = format!("{}{new}{}", &netlist[..at], &netlist[at + 1..]);
        Some(Flipped { text, cell: self.name.to_owned(), word, bit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cell as Yosys writes it, with these parameters.
    fn cell(kind: &str, width: &str, contents: &[(&str, String)]) -> String {
        let mut text = format!("\n  {kind} #(\n    .DOA_REG(32'sd0)");
        for (name, value) in contents {
            text += &format!(",\n    .{name}({value})");
        }
        text + &format!(
            ",\n    .READ_WIDTH_A({width}),\n    .READ_WIDTH_B(32'd0)\n  ) \\u_core.mem.0.0  (\n    .WEA(2'h0)\n  );\n"
        )
    }

    /// 256 bits, all zero but these.
    fn slice(ones: &[usize]) -> String {
        let digit =
            |i: usize| (0..4).fold(0, |d, b| d | u32::from(ones.contains(&(4 * i + b))) << b);
        let digits: String = (0..64).rev().filter_map(|i| char::from_digit(digit(i), 16)).collect();
        format!("256'h{digits}")
    }

    fn column(ones: &[usize]) -> Vec<bool> {
        (0..600).map(|r| ones.contains(&r)).collect()
    }

    #[test]
    fn a_bit_is_found_where_its_column_lies() {
        // Word 3 of 18 bits: bytes 6 and 7; bit 10 is bit 1 of the second one, 17 its ninth.
        let contents = [("INIT_00", slice(&[57, 34])), ("INITP_00", slice(&[7, 9]))];
        let text = cell("RAMB18E1", "32'd18", &contents);
        let flipped = flip(&text, &column(&[3]), 3).unwrap();
        assert_eq!((&*flipped.cell, flipped.word, flipped.bit), ("u_core.mem.0.0", 3, 10));
        assert_eq!(flipped.text, text.replace(&slice(&[57, 34]), &slice(&[34])));
        let flipped = flip(&text, &column(&[3, 4]), 4).unwrap();
        assert_eq!((flipped.word, flipped.bit), (4, 17));
        assert_eq!(flipped.text, text.replace(&slice(&[7, 9]), &slice(&[7])));
        // A bit that becomes one; a column that is nowhere, one that is at two places.
        let made = flip(&text, &column(&[3]), 5).unwrap();
        assert_eq!(made.text, text.replace(&slice(&[57, 34]), &slice(&[57, 34, 89])));
        assert_eq!(flip(&text, &column(&[4]), 4), None);
        assert_eq!(flip(&text, &column(&[]), 4), None);
    }

    #[test]
    fn every_shape_has_its_places() {
        for (width, word, bit, of_byte) in
            [(1, 19, 0, 19), (2, 9, 1, 19), (4, 5, 3, 23), (9, 2, 5, 21), (36, 2, 28, 89)]
        {
            let text = cell("RAMB18E1", &format!("32'd{width}"), &[("INIT_00", slice(&[of_byte]))]);
            let found = flip(&text, &column(&[word]), word).unwrap();
            assert_eq!((found.word, found.bit), (word, bit), "{width}");
        }
        // The widest word of a pair; the rest of a column behind its last word is another RAM's.
        let text = cell("RAMB36E1", "32'sd72", &[("INIT_01", slice(&[0]))]);
        let found = flip(&text, &column(&[4]), 4).unwrap();
        assert_eq!((found.word, found.bit), (4, 0));
        // 300 words of eight bytes are 19,200 bits, 75 slices.
        let text = cell("RAMB36E1", "32'd72", &[("INIT_4B", slice(&[0]))]);
        let found = flip(&text, &column(&[300]), 300).unwrap();
        assert_eq!((found.word, found.bit), (300, 0));
        let text = cell("RAMB18E1", "32'd36", &[("INIT_00", slice(&[33]))]);
        let found = flip(&text, &column(&[513]), 513).unwrap();
        assert_eq!((found.word, found.bit), (1, 1));
        // Bits that are not known are zero, in either base.
        let unknown = format!("256'b{}1{}", "x".repeat(246), "0".repeat(9));
        let text = cell("RAMB18E1", "32'd18", &[("INIT_00", unknown)]);
        assert_eq!(flip(&text, &column(&[0]), 0).unwrap().bit, 10);
    }
}
