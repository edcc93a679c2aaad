// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design needs: memories exactly, LUTs and cycles as an estimate.
//!
//! The LUT model is linear in the widths of a stage's registers and adders; its factors
//! were fitted to synthesis results for iCE40 and hold to about 15 % (`synfire compile
//! --bitstream` prints both numbers). It only steers the folding; place and route decides.

use serde::Serialize;

use super::{DenseStage, Design, LifStage, ReadoutStage, Stage};

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
    /// In block RAM.
    pub block: bool,
}

impl Memory {
    /// Block RAMs that hold it.
    #[must_use]
    pub fn ebr(&self) -> u32 {
        Self::blocks(self.depth, self.width)
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

    /// Only memories that are never written can be LUTs.
    #[must_use]
    pub fn can_be_luts(&self) -> bool {
        matches!(self.kind, MemoryKind::Weights | MemoryKind::Parameters)
    }
}

/// What a design needs.
#[derive(Debug, Clone, Serialize)]
pub struct Estimate {
    /// Four-input LUTs.
    pub lut4: u32,
    /// Block RAMs.
    pub ebr: u32,
    /// Core cycles after the last input, at half the inputs non-zero.
    pub cycles: u32,
    /// Those cycles, stage by stage.
    pub stage_cycles: Vec<u32>,
    /// Every memory.
    pub memories: Vec<Memory>,
}

/// UART, framing, checksum, reset and the glue around the core (measured).
const HOST_LINK_LUTS: u32 = 350;

/// Estimates a design.
#[must_use]
pub fn estimate(design: &Design) -> Estimate {
    let memories = memories(design);
    let logic: u32 = design.stages.iter().map(stage_luts).sum();
    let stored: u32 = memories.iter().map(|m| if m.block { bank_luts(m) } else { m.luts() }).sum();
    let stage_cycles: Vec<u32> = design.stages.iter().map(stage_cycles).collect();
    Estimate {
        lut4: logic + stored + HOST_LINK_LUTS,
        ebr: memories.iter().filter(|m| m.block).map(Memory::ebr).sum(),
        cycles: stage_cycles.iter().sum(),
        stage_cycles,
        memories,
    }
}

/// Every memory of a design, in the order of the stages.
pub(super) fn memories(design: &Design) -> Vec<Memory> {
    let mut all = Vec::new();
    for (stage, s) in design.stages.iter().enumerate() {
        let mut add = |layer: &str, kind, depth, width, block| {
            all.push(Memory { stage, layer: layer.to_owned(), kind, depth, width, block });
        };
        match s {
            Stage::Dense(d) => {
                add(&d.name, MemoryKind::Weights, d.depth(), d.lanes, d.block);
                if d.groups() > 1 {
                    add(&d.name, MemoryKind::Values, d.inputs(), d.input_bits, true);
                    add(&d.name, MemoryKind::Bitmap, d.words(), 16, true);
                }
            }
            Stage::Lif(l) => {
                let width = l.bias_bits + l.threshold_bits;
                add(&l.name, MemoryKind::Parameters, l.neurons(), width, l.block);
                if design.trace {
                    add(&l.name, MemoryKind::Trace, l.neurons(), l.timesteps, true);
                }
            }
            Stage::Readout(r) => {
                let width = r.gain_bits + r.offset_bits;
                add(&r.name, MemoryKind::Parameters, r.classes(), width, r.block);
            }
            Stage::Count(_) => {}
        }
    }
    all
}

/// Output multiplexers of a memory that spans several block RAMs in depth.
fn bank_luts(m: &Memory) -> u32 {
    let banks = m.depth.div_ceil(256);
    m.width * (banks - 1) * 2 / 3
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

/// Cycles a stage adds after the last input.
fn stage_cycles(stage: &Stage) -> u32 {
    match stage {
        Stage::Dense(d) => (d.groups() - 1) * (d.inputs() / 2 + 4) + 5,
        Stage::Lif(l) => l.timesteps + 2,
        Stage::Count(_) => 0,
        Stage::Readout(r) => r.classes() * (r.gain_bits + 3) + 5,
    }
}
