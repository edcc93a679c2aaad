// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memories and cycles of a small network, by hand from docs/shared.md.

use super::super::fold::budget;
use super::Net;
use crate::hw::MemoryKind::{Levels, Parameters, Trains, Weights};
use crate::hw::{Estimate, Mapping, Options, lower};
use crate::ir::PoolKind;
use crate::target;

/// Two channels of 4×4 levels, three channels that fire, the OR of 2×2, two classes; T = 2,
/// four lanes.
fn estimated() -> Estimate {
    let mut n = Net::new(2, &[2, 4, 4]);
    n.conv("conv", "in", (3, 3, 1), &[1, -1]);
    n.lif("lif", "conv", 4);
    n.pool("pool", "lif", PoolKind::Max, 2);
    n.flatten("flat", "pool");
    n.linear("fc", "flat", 2, &[1, -1]);
    n.read("fc");
    let lanes = [("shared".to_owned(), 4)].into();
    let options = Options { mapping: Mapping::Shared, lanes, ..Options::default() };
    lower(&n.0, &target::load("icebreaker").unwrap(), &options).unwrap().1
}

#[test]
fn every_memory_of_a_processor() {
    let e = estimated();
    let found: Vec<_> = e.memories.iter().map(|m| (&*m.layer, m.kind, m.depth, m.width)).collect();
    let want = [
        // 9 · 2 rows, to the next multiple of E = 4; 4 places of one word of 4, two to a word.
        ("weights", Weights, 20 + 8, 4),
        // (4 + 2) · 5 + 1 places of two channels.
        ("input", Levels, 62, 4),
        // 16 places and 4, a word each.
        ("trains", Trains, 20, 8),
        // 3 + 2 channels: a gain of 1 has two bits, an offset of 0 one.
        ("scales", Parameters, 5, 3),
        // Of 3 channels a current of 1, a threshold of 4 without a sign, a sign.
        ("neurons", Parameters, 3, 2 + 3 + 2),
        // A gain of 3 without a sign, an offset of −7.
        ("readout", Parameters, 2, 2 + 4),
    ];
    assert_eq!(found, want);
}

#[test]
fn cycles_of_each_job() {
    // 16 places, 18 levels each: 18 · 2 / 2 + 4, and (3 · 2 + 1) + 1 + 5 for the last ones.
    let conv = 16 * 22 + 13;
    // Four windows of four words.
    let pool = 4 * 4 + 3;
    // Four words, (2 · 2 + 1) + 1 + 5, a readout of 2 · (2 + 3) + 5.
    let fc = 4 * 2 / 2 + 4 + 11 + 15;
    assert_eq!(estimated().stage_cycles, [conv, pool, fc]);
}

/// Who asks for cells gets them of those that place and route leaves.
#[test]
fn a_tenth_of_the_cells_is_left_to_place_and_route() {
    let board = target::load("icebreaker").unwrap();
    let of = |cells| budget(&board, &Options { cells, ..Options::default() }).lut4;
    assert_eq!([None, Some(1000), Some(5280)].map(of), [4752, 1000, 4752]);
}
