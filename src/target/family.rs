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
}

/// A family's building blocks, and how the files of a build are called.
#[derive(Debug)]
pub struct FamilySpec {
    /// In words.
    pub name: &'static str,
    /// Its block RAM, which the bitstream initialises.
    pub block_ram: BlockRam,
    /// What a logic cell is called in reports; each has one LUT4.
    pub cell: &'static str,
    /// True if there may be single-port RAM, whose contents the host loads.
    pub single_port: bool,
    /// Pin constraints, in a build directory.
    pub constraints: &'static str,
    /// The placed design as text, in the directory of the flow.
    pub placed: &'static str,
    /// The bitstream, in a build directory.
    pub bitstream: &'static str,
}

/// A kind of block RAM.
#[derive(Debug)]
pub struct BlockRam {
    /// What tools and data sheets call it.
    pub name: &'static str,
    /// Bits that it holds in its widest shape.
    pub bits: u32,
    /// Words and their width, one write and one read port.
    pub shapes: &'static [(u32, u32)],
    /// How many look-up tables synthesis takes one to be worth.
    pub cost: u32,
}

impl BlockRam {
    /// How many hold `depth` words of `width` bits.
    #[must_use]
    pub fn count(&self, depth: u32, width: u32) -> u32 {
        let (d, w) = self.shape(depth, width);
        depth.div_ceil(d).saturating_mul(width).div_ceil(w)
    }

    /// The shape that synthesis takes. A memory that is deeper than a block RAM becomes one of
    /// as many words as that has, each with the bits of all banks side by side, from which the
    /// rest of the address selects. The cheapest shape is taken, if selecting one of `n` bits
    /// costs half of n − 1 look-up tables (Yosys' `memory_libmap`).
    #[must_use]
    pub fn shape(&self, depth: u32, width: u32) -> (u32, u32) {
        let price = |&&(d, w): &&(u32, u32)| {
            let (banks, width) = (u64::from(depth.div_ceil(d)), u64::from(width));
            let rams = (banks * width).div_ceil(u64::from(w));
            2 * u64::from(self.cost) * rams + width * banks.saturating_sub(1)
        };
        self.shapes.iter().min_by_key(price).copied().unwrap_or((1, 1))
    }
}

static ICE40: FamilySpec = FamilySpec {
    name: "iCE40",
    block_ram: BlockRam {
        name: "EBR",
        bits: 4096,
        shapes: &[(256, 16), (512, 8), (1024, 4), (2048, 2)],
        cost: 64,
    },
    cell: "logic cells",
    single_port: true,
    constraints: "pins.pcf",
    placed: "pnr.asc",
    bitstream: "top.bin",
};

static ECP5: FamilySpec = FamilySpec {
    name: "ECP5",
    // 36 bits only where one port writes and the other one reads, as all of ours do. A byte
    // has nine bits; the shapes narrower than that leave the ninth unused.
    block_ram: BlockRam {
        name: "DP16KD",
        bits: 18_432,
        shapes: &[(512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16_384, 1)],
        cost: 128,
    },
    cell: "TRELLIS_COMB",
    single_port: false,
    constraints: "pins.lpf",
    placed: "pnr.config",
    bitstream: "top.bit",
};

impl Family {
    /// What it is made of.
    #[must_use]
    pub fn spec(self) -> &'static FamilySpec {
        match self {
            Self::Ice40 => &ICE40,
            Self::Ecp5 => &ECP5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_taken_that_synthesis_takes() {
        let count = |f: Family, depth, width| f.spec().block_ram.count(depth, width);
        assert_eq!(count(Family::Ice40, 2352 + 784, 32), 26);
        assert_eq!(count(Family::Ice40, 128, 4), 1);
        // 26 × (512 × 8), not 25 × (256 × 16) and twice as many to select from.
        assert_eq!(count(Family::Ice40, 7 * 784 + 784, 16), 26);
        // 7 × (512 × 36), not 8 × (4,096 × 4).
        assert_eq!(count(Family::Ecp5, 2352 + 784, 32), 7);
        assert_eq!(Family::Ecp5.spec().block_ram.shape(2352 + 784, 32), (512, 36));
        assert_eq!(count(Family::Ecp5, 784, 8), 1);
        // Three banks of 22 bits are 66 bits, not three times two block RAMs.
        assert_eq!(count(Family::Ecp5, 2352, 22), 4);
        assert_eq!(count(Family::Ecp5, 6272, 64), 25);
        assert_eq!(count(Family::Ecp5, 11_264, 24), 15);
        // 18 banks of a bit each are one block RAM.
        assert_eq!(count(Family::Ecp5, 18_432, 1), 1);
        assert_eq!(count(Family::Ecp5, 18_433, 1), 2);
    }

    #[test]
    fn no_shape_holds_more_than_the_ram() {
        for spec in [&ICE40, &ECP5] {
            let most = spec.block_ram.shapes.iter().map(|(d, w)| d * w).max();
            assert_eq!(most, Some(spec.block_ram.bits), "{}", spec.name);
        }
    }
}
