// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design needs: memories exactly, logic and cycles as an estimate.

use serde::Serialize;

use super::{DenseStage, Design, LifStage, Place, ReadoutStage, Split, Stage, logic, shared};
use crate::target::{Family, Ram};

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
    /// Sums of a readout's classes, of the members so far.
    Sums,
    /// Logits that are not sent yet.
    Logits,
    /// Spike trains kept for the host.
    Trace,
    /// The levels of the host, with the shared mapping.
    Levels,
    /// Spike trains between layers, with the shared mapping.
    Trains,
    /// Currents between layers, with the shared mapping.
    Currents,
    /// Membranes and sums between two chunks of timesteps, with the shared mapping.
    States,
}

/// One memory.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// Index of the stage it belongs to; 0 with the shared mapping.
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
    /// Whose block RAMs there are.
    #[serde(skip)]
    pub family: Family,
}

impl Memory {
    /// Block RAMs that hold it, if they do.
    #[must_use]
    pub fn ebr(&self) -> u32 {
        self.family.spec().block_ram.count(self.depth, self.width, self.written())
    }

    /// Single-port RAMs that hold it, if they do.
    #[must_use]
    pub fn spram(&self) -> u32 {
        // Weights come in whole bytes.
        let loaded = self.kind == MemoryKind::Weights;
        let width = if loaded { self.width.next_multiple_of(8) } else { self.width };
        let ram = self.family.spec().single_port.as_ref();
        ram.map_or(0, |ram| ram.count(self.depth, width, true))
    }

    /// What it is made of, if not of look-up tables.
    #[must_use]
    pub fn ram(&self) -> Option<&'static Ram> {
        match self.place {
            Place::Luts => None,
            Place::BlockRam => Some(&self.family.spec().block_ram),
            Place::Spram => self.family.spec().single_port.as_ref(),
        }
    }

    /// Words of one of the RAMs that it lies in; all of its own, if it lies in look-up tables.
    #[must_use]
    pub fn bank_words(&self) -> u32 {
        let words = self.ram().map(|ram| ram.shape(self.depth, self.width, self.written()).0);
        words.unwrap_or(self.depth).max(1)
    }

    /// Is it written while an inference runs?
    fn written(&self) -> bool {
        !matches!(self.kind, MemoryKind::Weights | MemoryKind::Parameters)
    }

    /// LUTs that hold it: 16 bits each, and a tree of multiplexers.
    #[must_use]
    pub fn luts(&self) -> u32 {
        let rows = self.depth.div_ceil(16);
        self.width * (rows + (rows - 1) * 2 / 3)
    }
}

/// What a design needs.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    /// Four-input LUTs.
    pub lut4: u32,
    /// Logic cells: those LUTs, carries without one, lone flip-flops.
    pub cells: u32,
    /// Block RAMs.
    pub ebr: u32,
    /// Single-port RAMs.
    pub spram: u32,
    /// Multipliers.
    pub dsp: u32,
    /// Core cycles after the last input, at half the inputs non-zero.
    pub cycles: u32,
    /// Those cycles, stage by stage, or job by job.
    pub stage_cycles: Vec<u32>,
    /// Every memory.
    pub memories: Vec<Memory>,
    /// What was chosen, and why, in words.
    pub reasons: Vec<String>,
}

/// Estimates a design.
#[must_use]
pub fn estimate(design: &Design) -> Estimate {
    if let Some(shared) = &design.shared {
        return shared::estimate(design, shared);
    }
    let memories = memories(design);
    let (lut4, cells) = logic::estimate(design, &memories);
    let count = |place: Place, of: fn(&Memory) -> u32| {
        memories.iter().filter(|m| m.place == place).map(of).sum()
    };
    let stage_cycles: Vec<u32> =
        (0..design.stages.len()).map(|i| stage_cycles(design, i)).collect();
    Estimate {
        lut4,
        cells,
        ebr: count(Place::BlockRam, Memory::ebr),
        spram: count(Place::Spram, Memory::spram),
        dsp: design
            .lifs()
            .map(|l| leak_multipliers(design.family, l.leak_num, l.membrane_bits))
            .sum(),
        cycles: stage_cycles.iter().sum(),
        stage_cycles,
        memories,
        reasons: Vec::new(),
    }
}

/// Every memory of a design, in the order of the stages.
pub(super) fn memories(design: &Design) -> Vec<Memory> {
    let mut all = Vec::new();
    for (stage, s) in design.stages.iter().enumerate() {
        let mut add = |layer: &str, kind, depth, width, place| {
            let (layer, family) = (layer.to_owned(), design.family);
            all.push(Memory { stage, layer, kind, depth, width, place, family });
        };
        match s {
            Stage::Dense(d) => {
                add(&d.name, MemoryKind::Weights, d.depth(), d.lanes, d.place);
                if d.replays() {
                    add(&d.name, MemoryKind::Values, d.inputs(), d.input_bits, Place::BlockRam);
                    add(&d.name, MemoryKind::Bitmap, d.words(), 16, Place::BlockRam);
                }
            }
            Stage::Lif(l) => {
                let width = lif_columns(l);
                add(&l.name, MemoryKind::Parameters, l.neurons(), width, Place::block_ram(l.block));
                if design.trace {
                    add(&l.name, MemoryKind::Trace, l.neurons(), l.timesteps, Place::BlockRam);
                }
            }
            Stage::Readout(r) => {
                let width = readout_columns(r);
                add(&r.name, MemoryKind::Parameters, r.depth(), width, Place::block_ram(r.block));
                if r.members > 1 {
                    add(&r.name, MemoryKind::Sums, r.classes(), r.input_bits, Place::BlockRam);
                }
                if !r.margins.is_empty() {
                    add(&r.name, MemoryKind::Logits, r.classes(), r.logit_bits, Place::BlockRam);
                }
            }
            Stage::Count(_) | Stage::Planes(_) => {}
        }
    }
    all
}

/// Bits of the parameters that are not the same for every neuron: synthesis leaves out the
/// others.
fn lif_columns(l: &LifStage) -> u32 {
    varying(&l.bias, l.bias_bits) + varying(&l.threshold, l.threshold_bits)
}

pub(super) fn readout_columns(r: &ReadoutStage) -> u32 {
    let words = r.words();
    varying(words.iter().map(|w| &w.0), r.offset_bits)
        + varying(words.iter().map(|w| &w.1), r.gain_bits)
}

/// Bits that are not the same in all values.
pub(super) fn varying<'a>(values: impl IntoIterator<Item = &'a i64>, bits: u32) -> u32 {
    let mut values = values.into_iter();
    let first = values.next().copied().unwrap_or(0);
    let changes = values.fold(0, |c, v| c | (v ^ first));
    (changes & ((1 << bits) - 1)).count_ones()
}

/// Multipliers of a leak k / 2^m of a membrane of so many bits; a power of two needs none.
pub(super) fn leak_multipliers(family: Family, k: u32, membrane_bits: u32) -> u32 {
    match k.count_ones() {
        0 | 1 => 0,
        _ => family.multipliers([membrane_bits, u32::BITS - k.leading_zeros() + 1]),
    }
}

/// Cycles stage `i` adds after the last input.
fn stage_cycles(design: &Design, i: usize) -> u32 {
    // The engine whose results arrive.
    let engine = design.stages[..i].iter().rev().find_map(|s| match s {
        Stage::Dense(d) => Some(d),
        _ => None,
    });
    // Results that are still in the drain when the last group is done.
    let left = match i.checked_sub(1).map(|before| &design.stages[before]) {
        Some(Stage::Dense(d)) => d.group_size(d.groups() - 1),
        _ => 1,
    };
    match &design.stages[i] {
        Stage::Dense(d) => replay_cycles(d) + 5,
        Stage::Planes(p) => p.planes,
        Stage::Lif(l) => left * l.timesteps + 2,
        Stage::Count(_) => 0,
        Stage::Readout(r) => readout_cycles(r, engine),
    }
}

/// Cycles in which the groups behind the first one go through the inputs again.
fn replay_cycles(d: &DenseStage) -> u32 {
    let first = if let Split::Inputs(_) = d.split { d.groups() } else { d.slots() };
    (first - 1) * (d.inputs() / 2 + 4)
}

/// Cycles that the classes take behind the engine's last group: the classes before have been
/// read out while that was at work, as far as there was time.
fn readout_cycles(r: &ReadoutStage, engine: Option<&DenseStage>) -> u32 {
    let class = r.gain_bits + 3;
    let (last, during) = match engine {
        Some(d) if d.neurons() == r.classes() => {
            (d.group_size(d.groups() - 1).div_ceil(d.planes), replay_cycles(d))
        }
        _ => (r.classes(), 0),
    };
    last * class + ((r.classes() - last) * class).saturating_sub(during) + 5
}
