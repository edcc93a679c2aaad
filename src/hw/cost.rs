// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design needs: memories exactly, LUTs and cycles as an estimate.
//!
//! The LUT model is linear in the widths of a stage's registers and adders; its factors
//! were fitted to synthesis results for iCE40 and hold to about 15 % (`synfire compile
//! --bitstream` prints both numbers). It only steers the folding; place and route decides.

use serde::Serialize;

use super::{DenseStage, Design, LifStage, Place, ReadoutStage, Stage};

/// What a memory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryKind {
    /// Weights of a dense layer (read only).
    Weights,
    /// Thresholds and currents, or readout gains (read only).
    Parameters,
    /// Inputs kept for replay.
    Values,
    /// Which of them are non-zero.
    Bitmap,
    /// Spike trains kept for the host.
    Trace,
}

/// One memory.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// Index of the stage it belongs to.
    pub stage: usize,
    /// Name of the layer.
    pub layer: String,
    /// What it is for.
    pub kind: MemoryKind,
    /// Words.
    pub depth: u32,
    /// Bits of a word.
    pub width: u32,
    /// Where it lies.
    pub place: Place,
}

impl Memory {
    /// Block RAMs that hold it, if they do.
    #[must_use]
    pub fn ebr(&self) -> u32 {
        Self::blocks(self.depth, self.width)
    }

    /// Single-port RAMs that hold it, if they do.
    #[must_use]
    pub fn spram(&self) -> u32 {
        Self::single_ports(self.depth, self.width)
    }

    /// Single-port RAMs (16,384 × 16 bits) that hold `depth` words of `width` bits, side by
    /// side and one after the other.
    #[must_use]
    pub fn single_ports(depth: u32, width: u32) -> u32 {
        depth.div_ceil(SPRAM_WORDS) * width.div_ceil(16)
    }

    /// Block RAMs that hold `depth` words of `width` bits: the best of the four shapes of an
    /// iCE40 EBR.
    #[must_use]
    pub fn blocks(depth: u32, width: u32) -> u32 {
        [(256, 16), (512, 8), (1024, 4), (2048, 2)]
            .iter()
            .map(|(d, w)| depth.div_ceil(*d) * width.div_ceil(*w))
            .min()
            .unwrap_or(0)
    }

    /// LUTs that hold it: 16 bits each, and a tree of multiplexers.
    #[must_use]
    pub fn luts(&self) -> u32 {
        let rows = self.depth.div_ceil(16);
        self.width * (rows + (rows - 1) * 2 / 3)
    }
}

/// Words of an iCE40 SPRAM.
const SPRAM_WORDS: u32 = 16_384;

/// What a design needs.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    /// Four-input LUTs.
    pub lut4: u32,
    /// Block RAMs.
    pub ebr: u32,
    /// Single-port RAMs.
    pub spram: u32,
    /// Core cycles after the last input, at half the inputs non-zero.
    pub cycles: u32,
    /// Those cycles, stage by stage.
    pub stage_cycles: Vec<u32>,
    /// Every memory.
    pub memories: Vec<Memory>,
}

/// UART, framing, checksum, reset and the glue around the core (measured).
const HOST_LINK_LUTS: u32 = 350;
/// Address and byte counters of a memory that the host loads, and its share of the link.
const LOADED_LUTS: u32 = 100;

/// Estimates a design.
#[must_use]
pub fn estimate(design: &Design) -> Estimate {
    let memories = memories(design);
    let logic: u32 = design.stages.iter().map(stage_luts).sum();
    let stored: u32 = memories.iter().map(stored_luts).sum();
    let count = |place: Place, of: fn(&Memory) -> u32| {
        memories.iter().filter(|m| m.place == place).map(of).sum()
    };
    let stage_cycles: Vec<u32> =
        (0..design.stages.len()).map(|i| stage_cycles(design, i)).collect();
    Estimate {
        lut4: logic + stored + HOST_LINK_LUTS,
        ebr: count(Place::BlockRam, Memory::ebr),
        spram: count(Place::Spram, Memory::spram),
        cycles: stage_cycles.iter().sum(),
        stage_cycles,
        memories,
    }
}

/// Every memory of a design, in the order of the stages.
pub(super) fn memories(design: &Design) -> Vec<Memory> {
    let mut all = Vec::new();
    for (stage, s) in design.stages.iter().enumerate() {
        let mut add = |layer: &str, kind, depth, width, place| {
            all.push(Memory { stage, layer: layer.to_owned(), kind, depth, width, place });
        };
        match s {
            Stage::Dense(d) => {
                add(&d.name, MemoryKind::Weights, d.depth(), d.lanes, d.place);
                if d.groups() > 1 {
                    add(&d.name, MemoryKind::Values, d.inputs(), d.input_bits, Place::BlockRam);
                    add(&d.name, MemoryKind::Bitmap, d.words(), 16, Place::BlockRam);
                }
            }
            Stage::Lif(l) => {
                let width = l.bias_bits + l.threshold_bits;
                add(&l.name, MemoryKind::Parameters, l.neurons(), width, Place::block_ram(l.block));
                if design.trace {
                    add(&l.name, MemoryKind::Trace, l.neurons(), l.timesteps, Place::BlockRam);
                }
            }
            Stage::Readout(r) => {
                let width = r.gain_bits + r.offset_bits;
                add(&r.name, MemoryKind::Parameters, r.classes(), width, Place::block_ram(r.block));
            }
            Stage::Count(_) => {}
        }
    }
    all
}

/// LUTs of a memory: its contents, or what multiplexes the RAMs it spans in depth; a loaded
/// one also has what counts the bytes that come in.
fn stored_luts(m: &Memory) -> u32 {
    let banks = |words: u32| m.width * (m.depth.div_ceil(words) - 1) * 2 / 3;
    match m.place {
        Place::Luts => m.luts(),
        Place::BlockRam => banks(256),
        Place::Spram => banks(SPRAM_WORDS) + LOADED_LUTS,
    }
}

fn stage_luts(stage: &Stage) -> u32 {
    match stage {
        Stage::Dense(d) => dense_luts(d),
        Stage::Lif(l) => lif_luts(l),
        Stage::Count(bits) => bits * 2,
        Stage::Readout(r) => readout_luts(r),
    }
}

fn dense_luts(d: &DenseStage) -> u32 {
    let lane = d.time_parallel * (2 * d.acc_bits + 1) + 1;
    let replay = if d.groups() > 1 { 120 } else { 0 };
    d.lanes * lane + d.time_parallel * 2 * d.acc_bits + replay + 80
}

fn lif_luts(l: &LifStage) -> u32 {
    let leak = l.leak_num.count_ones().saturating_sub(1) * (l.membrane_bits + l.leak_shift);
    6 * l.membrane_bits + leak + 30
}

fn readout_luts(r: &ReadoutStage) -> u32 {
    3 * r.logit_bits + r.gain_bits + r.input_bits + 80
}

/// Cycles stage `i` adds after the last input.
fn stage_cycles(design: &Design, i: usize) -> u32 {
    // Results that are still in the drain when the last group is done.
    let left = match i.checked_sub(1).map(|before| &design.stages[before]) {
        Some(Stage::Dense(d)) => d.group_size(d.groups() - 1),
        _ => 1,
    };
    match &design.stages[i] {
        Stage::Dense(d) => (d.groups() - 1) * (d.inputs() / 2 + 4) + 5,
        Stage::Lif(l) => left * l.timesteps + 2,
        Stage::Count(_) => 0,
        Stage::Readout(r) => r.classes() * (r.gain_bits + 3) + 5,
    }
}
