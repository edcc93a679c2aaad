// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Families of FPGAs: what every device of one has in common.
//!
//! This is the place that says what a family's block RAMs, cells and files are; which tools
//! make them says `flow::family`. A new family is a variant here, and the compiler names
//! every place that has to know it.

use serde::{Deserialize, Serialize};

/// A family of devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Lattice iCE40, UltraPlus included.
    #[default]
    Ice40,
    /// Lattice ECP5.
    Ecp5,
    /// Gowin GW1N and GW2A.
    Gowin,
    /// Xilinx (AMD) 7-series: Artix-7, and the fabric of a Zynq-7000.
    Xc7,
}

/// A family's building blocks, and how the files of a build are called.
#[derive(Debug)]
pub struct FamilySpec {
    /// In words.
    pub name: &'static str,
    /// Its block RAM, which the bitstream initialises.
    pub block_ram: Ram,
    /// The single-port RAM that a device may have, whose contents the host loads.
    pub single_port: Option<Ram>,
    /// Widest operand of the multipliers that synthesis takes for a product; none if it takes
    /// logic.
    pub multiplier: Option<u32>,
    /// What a look-up table is called in reports.
    pub table: &'static str,
    /// What a logic cell is called in reports; each has one look-up table.
    pub cell: &'static str,
    /// Pin constraints, in a build directory.
    pub constraints: &'static str,
    /// The placed design as text, in the directory of the flow.
    pub placed: &'static str,
    /// The bitstream, in a build directory.
    pub bitstream: &'static str,
    /// The netlist that place and route writes, in the directory of the flow: what is simulated
    /// where nothing turns the bitstream back into one.
    pub routed: Option<&'static str>,
}

/// A kind of RAM.
#[derive(Debug)]
pub struct Ram {
    /// What tools and data sheets call it.
    pub name: &'static str,
    /// Bits that it holds in its widest shape.
    pub bits: u32,
    /// Words and their width, one write and one read port.
    pub shapes: &'static [(u32, u32)],
    /// Bits of a word that are written together.
    pub byte: u32,
    /// How many look-up tables synthesis takes one to be worth.
    pub cost: u32,
    /// The same of two that are one of twice the bits, in each shape and twice as wide, where
    /// there are such.
    pub double: Option<u32>,
}

impl Ram {
    /// How many hold `depth` words of `width` bits, that are `written` or only read.
    #[must_use]
    pub fn count(&self, depth: u32, width: u32, written: bool) -> u32 {
        let shape = self.shape(depth, width, written);
        self.halves(shape) * self.rams(shape, depth, width, written)
    }

    /// How many make up one of a shape.
    fn halves(&self, (depth, width): (u32, u32)) -> u32 {
        (depth * width).div_ceil(self.bits)
    }

    /// Its own shapes, and those of two that are one.
    fn all_shapes(&self) -> impl DoubleEndedIterator<Item = (u32, u32)> {
        let twice = if self.double.is_some() { self.shapes } else { &[] };
        let widest = twice.iter().take(1).map(|(d, w)| (*d, 2 * w));
        let deeper = twice.iter().map(|(d, w)| (2 * d, *w));
        widest.chain(deeper).chain(self.shapes.iter().copied())
    }

    /// The shape that synthesis takes. A memory that is deeper than a RAM becomes one of
    /// as many words as that has, each with the bits of all banks side by side, from which the
    /// rest of the address selects. The cheapest shape is taken, if selecting one of `n` bits
    /// costs half of n − 1 look-up tables, and half a look-up table says of a bank that it is
    /// written (Yosys' `memory_libmap`).
    #[must_use]
    pub fn shape(&self, depth: u32, width: u32, written: bool) -> (u32, u32) {
        let price = |&shape: &(u32, u32)| {
            let banks = u64::from(depth.div_ceil(shape.0));
            let rams = u64::from(self.rams(shape, depth, width, written));
            let writes = if written && banks > 1 { banks } else { 0 };
            let cost = self.double.filter(|_| self.halves(shape) > 1).unwrap_or(self.cost);
            2 * u64::from(cost) * rams + u64::from(width) * banks.saturating_sub(1) + writes
        };
        // Of two that cost the same synthesis takes the deeper one.
        self.all_shapes().rev().min_by_key(price).unwrap_or((1, 1))
    }

    /// A bank that is written has bytes of its own; those that are only read share them.
    fn rams(&self, (d, w): (u32, u32), depth: u32, width: u32, written: bool) -> u32 {
        let byte = if written { self.byte.min(w) } else { 1 };
        depth.div_ceil(d).saturating_mul(width.next_multiple_of(byte)).div_ceil(w)
    }
}

static ICE40: FamilySpec = FamilySpec {
    name: "iCE40",
    block_ram: Ram {
        name: "EBR",
        bits: 4096,
        shapes: &[(256, 16), (512, 8), (1024, 4), (2048, 2)],
        byte: 1,
        cost: 64,
        double: None,
    },
    single_port: Some(Ram {
        name: "SPRAM",
        bits: 262_144,
        shapes: &[(16_384, 16)],
        byte: 4,
        cost: 2048,
        double: None,
    }),
    // Synthesis is not asked for them: there are eight.
    multiplier: None,
    table: "LUT4",
    cell: "logic cells",
    constraints: "pins.pcf",
    placed: "pnr.asc",
    bitstream: "top.bin",
    routed: None,
};

static ECP5: FamilySpec = FamilySpec {
    name: "ECP5",
    // 36 bits only where one port writes and the other one reads, as all of ours do. A byte
    // has nine bits; the shapes narrower than that leave the ninth unused.
    block_ram: Ram {
        name: "DP16KD",
        bits: 18_432,
        shapes: &[(512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16_384, 1)],
        byte: 9,
        cost: 128,
        double: None,
    },
    single_port: None,
    multiplier: Some(18),
    table: "LUT4",
    cell: "TRELLIS_COMB",
    constraints: "pins.lpf",
    placed: "pnr.config",
    bitstream: "top.bit",
    routed: Some("pnr.json"),
};

static GOWIN: FamilySpec = FamilySpec {
    name: "Gowin",
    // The same words as a DP16KD, also where only one port reads them.
    block_ram: Ram {
        name: "BSRAM",
        bits: 18_432,
        shapes: &[(512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16_384, 1)],
        byte: 9,
        cost: 128,
        double: None,
    },
    single_port: None,
    // Synthesis is not asked for them: their cells have no model here.
    multiplier: None,
    table: "LUT4",
    cell: "LUT4 sites",
    constraints: "pins.cst",
    placed: "pnr.json",
    bitstream: "top.fs",
    routed: Some("pnr.json"),
};

static XC7: FamilySpec = FamilySpec {
    name: "7-series",
    // A RAMB36 is two of them, of which synthesis takes a pair to be worth one look-up table more.
    block_ram: Ram {
        name: "RAMB18",
        bits: 18_432,
        shapes: &[(512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16_384, 1)],
        byte: 9,
        cost: 129,
        double: Some(257),
    },
    single_port: None,
    // Synthesis is not asked for them: there is no model of their many modes.
    multiplier: None,
    table: "LUT6",
    // A carry lies beside the look-up tables that it adds; what else is packed says only Vivado.
    cell: "LUT6 sites",
    constraints: "pins.xdc",
    placed: "routed.json",
    bitstream: "top.bit",
    routed: None,
};

impl Family {
    /// What it is made of.
    #[must_use]
    pub fn spec(self) -> &'static FamilySpec {
        match self {
            Self::Ice40 => &ICE40,
            Self::Ecp5 => &ECP5,
            Self::Gowin => &GOWIN,
            Self::Xc7 => &XC7,
        }
    }

    /// Multipliers that synthesis takes for a product of operands of so many bits: one for each
    /// pair of their pieces. A piece of one bit is left to logic.
    #[must_use]
    pub fn multipliers(self, bits: [u32; 2]) -> u32 {
        let Some(most) = self.spec().multiplier else { return 0 };
        bits.map(|b| b / most + u32::from(b % most > 1)).iter().product()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_taken_that_synthesis_takes() {
        let count = |f: Family, depth, width| f.spec().block_ram.count(depth, width, false);
        assert_eq!(count(Family::Ice40, 2352 + 784, 32), 26);
        assert_eq!(count(Family::Ice40, 128, 4), 1);
        // 26 × (512 × 8), not 25 × (256 × 16) and twice as many to select from.
        assert_eq!(count(Family::Ice40, 7 * 784 + 784, 16), 26);
        // 7 × (512 × 36), not 8 × (4,096 × 4).
        assert_eq!(count(Family::Ecp5, 2352 + 784, 32), 7);
        assert_eq!(Family::Ecp5.spec().block_ram.shape(2352 + 784, 32, false), (512, 36));
        assert_eq!(count(Family::Ecp5, 784, 8), 1);
        // Three banks of 22 bits are 66 bits, not three times two block RAMs.
        assert_eq!(count(Family::Ecp5, 2352, 22), 4);
        assert_eq!(count(Family::Ecp5, 6272, 64), 25);
        assert_eq!(count(Family::Ecp5, 11_264, 24), 15);
        // 18 banks of a bit each are one block RAM.
        assert_eq!(count(Family::Ecp5, 18_432, 1), 1);
        assert_eq!(count(Family::Ecp5, 18_433, 1), 2);
        // Nothing of a word that has no bits.
        assert_eq!(count(Family::Ecp5, 266, 0), 0);
    }

    /// What Yosys made of the memories of currents and trains of the convolutional student.
    #[test]
    fn banks_that_are_written_share_no_byte() {
        let count = |depth, width| Family::Ecp5.spec().block_ram.count(depth, width, true);
        // 13 banks of two bytes of 9 bits; those of 16 bits side by side would be 12 RAMs.
        assert_eq!(count(12_544, 16), 13);
        assert_eq!((count(1452, 32), count(962, 8)), (3, 1));
        // Bits of an EBR are written one by one.
        assert_eq!(Family::Ice40.spec().block_ram.count(1400, 10, true), 4);
        // Two banks of 20 bits: ten times four bits, not twice two RAMs.
        let Some(spram) = &Family::Ice40.spec().single_port else { panic!("no SPRAM") };
        assert_eq!([20, 16, 17].map(|w| spram.count(20_000, w, true)), [3, 2, 3]);
    }

    /// What Yosys made of memories of a 7-series, in halves of a RAMB36.
    #[test]
    fn two_halves_are_one_where_that_is_cheaper() {
        let ram = &Family::Xc7.spec().block_ram;
        let of = |depth, width| (ram.shape(depth, width, false), ram.count(depth, width, false));
        // As wide as two of 36 bits, as deep as two.
        assert_eq!(of(256, 40), ((512, 72), 2));
        assert_eq!(of(784, 256), ((1024, 18), 15));
        assert_eq!(of(1024, 36), ((1024, 36), 2));
        assert_eq!([of(512, 36), of(2048, 9)], [((512, 36), 1), ((2048, 9), 1)]);
        assert_eq!(of(32_768, 1), ((32_768, 1), 2));
        // Other families have no such pairs.
        assert_eq!(Family::Ecp5.spec().block_ram.shape(256, 40, false), (512, 36));
    }

    #[test]
    fn operands_are_cut_for_multipliers() {
        let of = |a, b| Family::Ecp5.multipliers([a, b]);
        assert_eq!([of(13, 18), of(13, 20), of(13, 36), of(20, 20)], [1, 2, 2, 4]);
        // A piece of one bit is logic.
        assert_eq!([of(13, 19), of(13, 1)], [1, 0]);
        assert_eq!(Family::Ice40.multipliers([13, 18]), 0);
    }

    #[test]
    fn no_shape_holds_more_than_the_ram() {
        let specs = [&ICE40, &ECP5, &GOWIN, &XC7];
        let rams = specs.iter().flat_map(|s| s.single_port.iter().chain([&s.block_ram]));
        for ram in rams {
            let most = ram.shapes.iter().map(|(d, w)| d * w).max();
            assert_eq!(most, Some(ram.bits), "{}", ram.name);
        }
    }
}
