// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The device figure, taken apart.

use serde::Serialize;

use super::{Band, IoTiming, Likely};
use crate::target::Basis;

/// What energy is spent on; each has a coefficient in the target's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Leakage and always-on circuits.
    Static,
    /// The PLL that makes the clock.
    Pll,
    /// Clock tree and base.
    Clock,
    /// Clock load of the design's registers.
    Registers,
    /// Bits that flip.
    Flips,
    /// Block RAMs read at a new address, or written.
    Ram,
    /// Block RAMs clocked without a new address.
    RamIdle,
    /// Single-port RAMs read or written.
    Spram,
}

impl Cause {
    /// Every cause, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::Static,
        Self::Pll,
        Self::Clock,
        Self::Registers,
        Self::Flips,
        Self::Ram,
        Self::RamIdle,
        Self::Spram,
    ];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Pll => "PLL",
            Self::Clock => "clock and base",
            Self::Registers => "clock load of registers",
            Self::Flips => "bits that flip",
            Self::Ram => "block RAM accesses",
            Self::RamIdle => "block RAM, clocked only",
            Self::Spram => "SPRAM accesses",
        }
    }
}

/// Time, energy and power of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Mean clock cycles.
    pub cycles: f64,
    /// Microseconds.
    pub time_us: f64,
    /// Nanojoules.
    pub energy_nj: Band,
    /// Average power in microwatts.
    pub power_uw: Band,
}

/// A phase of an inference over the serial line. Its energy is what passes with time
/// (static, clocks, idle memories); the work itself is listed by stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// `request`, `compute` or `response`.
    pub name: &'static str,
    /// True if the host and its line decide how long it lasts.
    pub host_bound: bool,
    /// Clock cycles.
    pub cycles: f64,
    /// Microseconds.
    pub time_us: f64,
    /// Nanojoules.
    pub energy_nj: Band,
}

/// One contribution of one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Which nets, registers or memory.
    pub what: &'static str,
    /// Which coefficient it is multiplied by.
    pub cause: Cause,
    /// Flips, accesses or register cycles of an inference, core only.
    pub count: Band,
    /// Nanojoules, core only.
    pub core_nj: Band,
    /// Nanojoules, serial line included.
    pub inference_nj: Band,
}

/// One stage or job, or what surrounds them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageEnergy {
    /// Index in the design; `None` for the serial link, the input, the processor and the line.
    pub stage: Option<usize>,
    /// Name of the layer.
    pub name: String,
    /// The module in hdl/.
    pub module: &'static str,
    /// Flip-flops.
    pub registers: Band,
    /// Block RAMs.
    pub ebr: u32,
    /// Single-port RAMs.
    pub spram: u32,
    /// Its contributions.
    pub parts: Vec<Part>,
    /// Their sum, core only, in nanojoules.
    pub core_nj: Band,
    /// Their sum, serial line included, in nanojoules.
    pub inference_nj: Band,
}

/// The input, or one job of the shared mapping: its work and its time. All of them together
/// are the core's cycles and energy. The jobs of a line are at work at the same time: a row more,
/// the line, has the core's cycles, and the energies alone add up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobEnergy {
    /// Name of the layer.
    pub name: String,
    /// Index of the job; `None` for the input and the line.
    pub job: Option<usize>,
    /// Mean clock cycles.
    pub cycles: f64,
    /// Their share of the core's, 0..=1.
    pub share: f64,
    /// What it does, in nanojoules.
    pub work_nj: Band,
    /// What passes with time while it lasts, in nanojoules; in a line the clock of its own
    /// registers in all cycles.
    pub time_nj: Band,
    /// Both.
    pub core_nj: Band,
}

/// Energy by cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CauseEnergy {
    /// What it is spent on.
    pub cause: Cause,
    /// What the coefficient rests on; of bits that flip an estimate, as their number is assumed.
    pub basis: Basis,
    /// Nanojoules, core only.
    pub core_nj: Band,
    /// Nanojoules, serial line included.
    pub inference_nj: Band,
}

/// The result held against a published measurement on the same device: other designs, so
/// this says whether the figure is plausible, not which design is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The published design.
    pub name: String,
    /// Where it was published.
    pub source: String,
    /// Published power, lowest and highest, in microwatts.
    pub published_uw: [f64; 2],
    /// This design's power in microwatts while it computes.
    pub core_uw: Band,
    /// What the device draws at this clock without doing anything, in microwatts.
    pub floor_uw: Band,
    /// `below`, `within` or `above` the published range.
    pub verdict: &'static str,
}

/// What one inference costs on a device.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Board or device.
    pub target: String,
    /// Name of the model.
    pub design: String,
    /// Inferences the activity was averaged over.
    pub images: u64,
    /// Clock and serial line.
    pub io: IoTiming,
    /// Inputs and result at the core's own speed: first input to last byte of the result.
    pub core: Figure,
    /// From the first bit of the request to the last bit of the response. The result's first
    /// bytes leave while the last ones are computed; that overlap is not counted.
    pub inference: Figure,
    /// Where nine tenths of the draws lie; none if nobody drew.
    pub likely: Option<Likely>,
    /// The three phases of `inference`.
    pub phases: Vec<Phase>,
    /// By cause.
    pub causes: Vec<CauseEnergy>,
    /// By stage: everything but static power and the clock's base, which belong to the chip.
    pub stages: Vec<StageEnergy>,
    /// By job, with the shared mapping; else empty.
    pub jobs: Vec<JobEnergy>,
    /// Share of the core energy whose coefficient was measured on the device, 0..=1.
    pub measured_share: f64,
    /// Against what others measured.
    pub comparisons: Vec<Comparison>,
}
