// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From power-on to the first inference, where the design reads its weights from the board's flash.

use serde::{Deserialize, Serialize};
use synfire_link::Request;

use super::Design;
use crate::target::Board;

/// Cycles of the power-on reset (hdl/sf_por.v).
const RESET: u32 = 1024;
/// Cycles that a PLL's lock takes to be seen: two flip-flops (hdl/sf_pll_ice40.v).
const LOCK: u32 = 2;
/// Cycles beside the wait and the bytes until the answer's first bit: one to select the flash, 16
/// for AB, 64 for command and address (hdl/sf_flash_boot.v), 5 from the last byte to the serial
/// line.
const BESIDE: u32 = 86;
/// Cycles of a byte from the flash.
const BYTE: u32 = 16;

/// What is read from the flash after power-on, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerOn {
    /// Where in the flash the weights lie.
    pub offset: u32,
    /// Bytes that are read: the longest request that loads them, without its delimiter.
    pub bytes: u32,
    /// Cycles that the flash is given to wake up.
    pub wait: u32,
    /// Cycles from a PLL's lock until the reset begins to end.
    pub lock: u32,
}

impl PowerOn {
    /// That of a design on a board; nothing if it reads none, or there is nothing to read.
    #[must_use]
    pub fn of(design: &Design, board: &Board) -> Option<Self> {
        let (boot, load) = (board.boots()?, design.load_bytes());
        let bytes = Request::encoded_max(load as usize) as u32 - 1;
        let wait = board.wake_cycles(boot);
        let lock = board.pll_setting.map_or(0, |_| LOCK);
        (load > 0).then_some(Self { offset: boot.offset, bytes, wait, lock })
    }

    /// Clock cycles from the end of configuration, or from the PLL's lock, until the board says that
    /// it is ready: to the first bit of its answer on the serial line. The same for all weights.
    #[must_use]
    pub fn ready_cycles(&self) -> u64 {
        u64::from(self.lock + RESET + BESIDE + self.wait) + u64::from(BYTE) * u64::from(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::{DenseStage, Input, Options, Place, Stage};
    use crate::ir::BitMatrix;
    use crate::target::{self, Family};

    /// A neuron of two inputs: two bytes of weights.
    fn design(place: Place) -> Design {
        let dense = DenseStage {
            name: "fc".into(),
            weights: BitMatrix::new(1, 2),
            planes: 1,
            lanes: 1,
            input_bits: 1,
            time_parallel: 1,
            acc_bits: 2,
            place,
            split: crate::hw::Split::None,
        };
        Design {
            name: "tiny".into(),
            timesteps: 1,
            input: Input { count: 2, bits: 1, changes: false },
            stages: vec![Stage::Dense(dense)],
            shared: None,
            trace: false,
            family: Family::Ice40,
            knobs: None,
        }
    }

    /// 91 cells: of 1,000 that route 909 are the design's, and of 950 that are asked for 859.
    #[test]
    fn what_reads_the_flash_takes_its_cells() {
        let of = |boots, cells| Options { boots, cells, ..Options::default() }.cells_of(1000);
        assert_eq!((of(false, None), of(true, None)), (1000, 909));
        assert_eq!((of(false, Some(950)), of(true, Some(950))), (950, 859));
    }

    #[test]
    fn the_time_to_ready_is_that_of_the_bytes() {
        let mut board = target::load("icebreaker").unwrap().board.unwrap();
        assert_eq!(PowerOn::of(&design(Place::Spram), &board), None);
        board.standalone = true;
        assert_eq!(PowerOn::of(&design(Place::BlockRam), &board), None);
        // Two bytes, command and checksum, a code. 1024 + 1 + 16 + 37 + 64 + 6 · 16 + 5.
        let found = PowerOn::of(&design(Place::Spram), &board).unwrap();
        assert_eq!(found, PowerOn { offset: 0x2_0000, bytes: 6, wait: 37, lock: 0 });
        assert_eq!(found.ready_cycles(), 1243);
        // Of a PLL that makes 24 MHz the flash gets twice the cycles, and its lock takes two.
        board.pll_setting = Some(target::Pll { reference: 1, feedback: 64, output: 32 });
        let fast = PowerOn::of(&design(Place::Spram), &board).unwrap();
        assert_eq!((fast.wait, fast.lock, fast.ready_cycles()), (73, 2, 1281));
        // 25,091 bytes have 98 blocks of 254 and one that is shorter.
        let demo = PowerOn { bytes: Request::encoded_max(25_088) as u32 - 1, ..found };
        assert_eq!((demo.bytes, demo.ready_cycles()), (25_190, 404_187));
    }
}
