// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The target's figure: simulated activity × the target's table.

use super::assume::{Assume, STATED};
use super::report::{Cause, CauseEnergy, Comparison, Figure, Part, Phase, Report, StageEnergy};
use super::{Band, IoTiming, registers, shared, work};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{self, Design, Memory, MemoryKind, Place, PowerOn, Stage};
use crate::sim::MeanActivity;
use crate::target::{Basis, Coefficient, Energy, Target};

/// Picojoules in a nanojoule.
const PJ: f64 = 1e-3;

/// What one inference of `design` costs on `target`.
///
/// `mean` comes from simulations without pauses between the inputs; `io` says how much
/// longer the serial line takes.
///
/// # Errors
/// [`codes::ENERGY_UNKNOWN`] if the target has no coefficients.
pub fn device(
    design: &Design,
    target: &Target,
    mean: &MeanActivity,
    io: IoTiming,
) -> Result<Report> {
    let table = table(target)?;
    let memories = hw::estimate(design).memories;
    let model = Model::new(design, (table, &STATED), mean, io, (beside(design, target), &memories));
    let stages = model.stages();
    let jobs = match &design.shared {
        Some(processor) => shared::jobs(&model, processor, &stages),
        None => Vec::new(),
    };
    let causes = model.causes(&stages);
    let figure = |cycles: f64, energy_nj: Band| {
        let time_us = cycles / io.clock_mhz;
        let power_uw = if time_us > 0.0 { energy_nj * (1e3 / time_us) } else { Band::ZERO };
        Figure { cycles, time_us, energy_nj, power_uw }
    };
    let (core_nj, inference_nj) = (core(&causes), inference(&causes));
    let core = figure(model.core, core_nj);
    let inference = figure(model.inference(), inference_nj);
    let measured: f64 =
        causes.iter().filter(|c| c.basis == Basis::Measured).map(|c| c.core_nj.value).sum();
    Ok(Report {
        target: target.name.clone(),
        design: design.name.clone(),
        images: mean.images(),
        io,
        core,
        inference,
        likely: None,
        phases: model.phases(&stages),
        measured_share: if core.energy_nj.value > 0.0 {
            measured / core.energy_nj.value
        } else {
            0.0
        },
        comparisons: model.comparisons(core.power_uw),
        causes,
        stages,
        jobs,
    })
}

/// The coefficients of the target's device.
///
/// # Errors
/// [`codes::ENERGY_UNKNOWN`] if there are none.
pub(super) fn table(target: &Target) -> Result<&Energy> {
    target.device.energy.as_ref().ok_or_else(|| {
        let message = format!("`{}` has no energy coefficients", target.device.name);
        Diagnostic::new(&codes::ENERGY_UNKNOWN, message).at(target.name.clone()).help(
            "compile for a target that has some, or put measured ones into a target file of your own (docs/energy.md)",
        )
    })
}

/// What is on a chip beside its design and its line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Beside {
    /// Does the clock come from a PLL?
    pll: bool,
    /// Registers of what reads weights from the flash, which stand still after power-on.
    boot: u32,
}

/// That of a design on a target.
pub(super) fn beside(design: &Design, target: &Target) -> Beside {
    let Some(board) = &target.board else { return Beside::default() };
    let boot = PowerOn::of(design, board).map_or(0, registers::boot);
    Beside { pll: board.pll_setting.is_some(), boot }
}

/// Of the core alone, in nanojoules.
pub(super) fn core(causes: &[CauseEnergy]) -> Band {
    causes.iter().map(|c| c.core_nj).sum()
}

/// With the serial line, in nanojoules.
pub(super) fn inference(causes: &[CauseEnergy]) -> Band {
    causes.iter().map(|c| c.inference_nj).sum()
}

pub(super) struct Model<'a> {
    pub(super) design: &'a Design,
    table: &'a Energy,
    pub(super) assume: &'a Assume,
    pub(super) mean: &'a MeanActivity,
    io: IoTiming,
    beside: Beside,
    pub(super) memories: &'a [Memory],
    /// Cycles of the core alone.
    pub(super) core: f64,
    /// Cycles of the phases on the serial line.
    request: f64,
    compute: f64,
    response: f64,
}

impl<'a> Model<'a> {
    pub(super) fn new(
        design: &'a Design,
        (table, assume): (&'a Energy, &'a Assume),
        mean: &'a MeanActivity,
        io: IoTiming,
        (beside, memories): (Beside, &'a [Memory]),
    ) -> Self {
        let core = mean.cycles();
        let inputs = inputs(design, mean).min(core);
        Self {
            design,
            table,
            assume,
            mean,
            io,
            beside,
            memories,
            core,
            request: io.request_cycles().max(inputs),
            compute: core - inputs,
            response: io.response_cycles(),
        }
    }

    /// What the design's stages or jobs do, and the serial link.
    pub(super) fn stages(&self) -> Vec<StageEnergy> {
        let mut stages: Vec<StageEnergy> = match &self.design.shared {
            Some(processor) => shared::stages(self, processor),
            None => (0..self.design.stages.len()).map(|i| self.stage(i)).collect(),
        };
        stages.push(self.link());
        stages
    }

    fn inference(&self) -> f64 {
        self.request + self.compute + self.response
    }

    /// Bytes that the host sends in an inference: levels, or parts of trains.
    pub(super) fn inputs(&self) -> f64 {
        inputs(self.design, self.mean)
    }

    /// None for SPRAM on a device without, and for a PLL that is not used.
    fn coefficient(&self, cause: Cause) -> Option<&'a Coefficient> {
        match cause {
            Cause::Pll => self.table.pll.as_ref().filter(|_| self.beside.pll),
            Cause::Static => Some(&self.table.static_power),
            Cause::Clock => Some(&self.table.clock_cycle),
            Cause::Registers => Some(&self.table.register_clock),
            Cause::Flips => Some(&self.table.bit_toggle),
            Cause::Ram => Some(&self.table.ram_access),
            Cause::RamIdle => Some(&self.table.ram_idle),
            Cause::Spram => self.table.spram_access.as_ref(),
        }
    }

    /// Nanojoules of one; nothing where there is nothing to count.
    fn each(&self, cause: Cause) -> Band {
        self.coefficient(cause).map_or(Band::ZERO, Band::from) * PJ
    }

    /// A contribution: how often in the core alone, and with the serial line.
    pub(super) fn part(
        &self,
        what: &'static str,
        cause: Cause,
        core: Band,
        inference: Band,
    ) -> Part {
        let each = self.each(cause);
        Part { what, cause, count: core, core_nj: core * each, inference_nj: inference * each }
    }

    fn stage(&self, i: usize) -> StageEnergy {
        let stage = &self.design.stages[i];
        let ff = Band::exact(f64::from(registers::of(stage, self.design.trace)));
        let mut parts = vec![self.registers(ff)];
        for f in work::flips(self.assume, self.design, self.mean, i) {
            parts.push(self.part(f.what, Cause::Flips, f.count, f.count));
        }
        let (mut ebr, mut spram) = (0, 0);
        for m in self.memories.iter().filter(|m| m.stage == i) {
            if let Some(f) = work::table_flips(self.assume, self.design, self.mean, m) {
                parts.push(self.part(f.what, Cause::Flips, f.count, f.count));
            }
            if let Some(a) = work::accesses(self.assume, self.design, self.mean, m) {
                let banks = f64::from(a.rams);
                let count = (a.reads + a.writes) * banks;
                let cause = if a.place == Place::Spram { Cause::Spram } else { Cause::Ram };
                *if cause == Cause::Spram { &mut spram } else { &mut ebr } += a.rams;
                parts.push(self.part(access_name(a.kind), cause, count, count));
                if a.always_clocked {
                    let idle = |cycles: f64| Band::exact(cycles).less(a.reads) * banks;
                    let (core, all) = (idle(self.core), idle(self.inference()));
                    parts.push(self.part(idle_name(a.kind), Cause::RamIdle, core, all));
                }
            }
        }
        let (name, module) = match stage {
            Stage::Dense(d) => (d.name.clone(), "sf_dense"),
            Stage::Planes(p) => (format!("{}, planes", p.name), "sf_planes"),
            Stage::Lif(l) => (l.name.clone(), "sf_lif"),
            Stage::Count(_) => ("spike counts".to_owned(), "sf_count_ones"),
            Stage::Readout(r) => (r.name.clone(), "sf_readout"),
        };
        total(Some(i), (name, module), ff, (ebr, spram), parts)
    }

    /// Serial line, framing, checksums, what reads the flash.
    fn link(&self) -> StageEnergy {
        let bytes = f64::from(self.io.request_bytes + self.io.response_bytes);
        let Assume { link_byte, link_registers, counted, .. } = *self.assume;
        let link_registers = link_registers + Band::exact(f64::from(self.beside.boot));
        let flips = link_byte * bytes + counted * (bytes * self.io.cycles_per_byte);
        let parts = vec![
            self.registers(link_registers),
            self.part("serial line and framing", Cause::Flips, Band::ZERO, flips),
        ];
        let name = ("serial link".to_owned(), "sf_host_link");
        total(None, name, link_registers, (0, 0), parts)
    }

    pub(super) fn registers(&self, ff: Band) -> Part {
        self.part("registers", Cause::Registers, ff * self.core, ff * self.inference())
    }

    /// Static power, the PLL's, or the clock's base for some cycles, in nanojoules.
    fn chip(&self, cause: Cause, cycles: f64) -> Band {
        let c = self.each(cause);
        // µW × µs = pJ.
        let count = if cause == Cause::Clock { cycles } else { cycles / self.io.clock_mhz };
        c * count
    }

    pub(super) fn causes(&self, stages: &[StageEnergy]) -> Vec<CauseEnergy> {
        let of_cause = |cause: Cause| {
            let parts = || stages.iter().flat_map(|s| &s.parts).filter(move |p| p.cause == cause);
            let (core_nj, inference_nj) = match cause {
                Cause::Static | Cause::Pll | Cause::Clock => {
                    (self.chip(cause, self.core), self.chip(cause, self.inference()))
                }
                _ => (parts().map(|p| p.core_nj).sum(), parts().map(|p| p.inference_nj).sum()),
            };
            // SPRAM is named only where it is used.
            let named = cause != Cause::Spram || parts().next().is_some();
            let of_one = self.coefficient(cause).filter(|_| named)?.basis;
            // What one flip takes may be measured; how many there are is assumed.
            let basis = if cause == Cause::Flips { Basis::Estimate } else { of_one };
            Some(CauseEnergy { cause, basis, core_nj, inference_nj })
        };
        Cause::ALL.into_iter().filter_map(of_cause).collect()
    }

    /// What passes with time: static power, clocks, memories that are clocked only.
    fn phases(&self, stages: &[StageEnergy]) -> Vec<Phase> {
        [
            ("request", true, self.request),
            ("compute", false, self.compute),
            ("response", true, self.response),
        ]
        .map(|(name, host_bound, cycles)| Phase {
            name,
            host_bound,
            cycles,
            time_us: cycles / self.io.clock_mhz,
            energy_nj: self.passing(stages, cycles),
        })
        .into()
    }

    /// What so many cycles cost, whatever happens in them.
    pub(super) fn passing(&self, stages: &[StageEnergy], cycles: f64) -> Band {
        let ff: Band = stages.iter().map(|s| s.registers).sum();
        let clocked = self
            .memories
            .iter()
            .filter(|m| m.place == Place::BlockRam && work::always_clocked(self.design, m.kind));
        let ebr: u32 = clocked.map(Memory::ebr).sum();
        let each = Band::from(&self.table.register_clock) * ff
            + Band::from(&self.table.ram_idle) * f64::from(ebr);
        self.chip_of(cycles) + each * (cycles * PJ)
    }

    /// What the chip takes in so many cycles, whatever is on it.
    pub(super) fn chip_of(&self, cycles: f64) -> Band {
        [Cause::Static, Cause::Pll, Cause::Clock].map(|c| self.chip(c, cycles)).into_iter().sum()
    }

    fn comparisons(&self, core_uw: Band) -> Vec<Comparison> {
        // pJ × MHz = µW.
        let floor_uw = Band::from(&self.table.static_power)
            + self.coefficient(Cause::Pll).map_or(Band::ZERO, Band::from)
            + Band::from(&self.table.clock_cycle) * self.io.clock_mhz;
        let verdict = |low: f64, high: f64| match core_uw.value {
            v if v < low => "below",
            v if v > high => "above",
            _ => "within",
        };
        let compare = |p: &crate::target::Published| Comparison {
            name: p.name.clone(),
            source: p.source.clone(),
            published_uw: [p.low_uw, p.high_uw],
            core_uw,
            floor_uw,
            verdict: verdict(p.low_uw, p.high_uw),
        };
        self.table.published.iter().map(compare).collect()
    }
}

/// Bytes that come: a stage of a chain counts them; a job counts what it loads instead, as
/// often as it does.
fn inputs(design: &Design, mean: &MeanActivity) -> f64 {
    if design.shared.is_some() {
        return f64::from(design.input_bytes());
    }
    mean.stage(0).inputs
}

pub(super) fn total(
    stage: Option<usize>,
    (name, module): (String, &'static str),
    registers: Band,
    (ebr, spram): (u32, u32),
    parts: Vec<Part>,
) -> StageEnergy {
    let core_nj = parts.iter().map(|p| p.core_nj).sum();
    let inference_nj = parts.iter().map(|p| p.inference_nj).sum();
    StageEnergy { stage, name, module, registers, ebr, spram, parts, core_nj, inference_nj }
}

fn access_name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Weights => "weight rows",
        MemoryKind::Parameters => "parameters",
        MemoryKind::Values => "kept inputs",
        MemoryKind::Bitmap => "bitmap of inputs",
        MemoryKind::Trace => "trace",
        MemoryKind::Levels => "input map",
        MemoryKind::Trains => "train maps",
        MemoryKind::Currents => "current maps",
        MemoryKind::States => "states",
        MemoryKind::Sums => "sums of members",
        MemoryKind::Logits => "logits",
    }
}

fn idle_name(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Weights => "weight rows, clocked only",
        MemoryKind::Parameters => "parameters, clocked only",
        MemoryKind::Values => "kept inputs, clocked only",
        MemoryKind::Bitmap => "bitmap of inputs, clocked only",
        MemoryKind::Trace => "trace, clocked only",
        MemoryKind::Levels => "input map, clocked only",
        MemoryKind::Trains => "train maps, clocked only",
        MemoryKind::Currents => "current maps, clocked only",
        MemoryKind::States => "states, clocked only",
        MemoryKind::Sums => "sums of members, clocked only",
        MemoryKind::Logits => "logits, clocked only",
    }
}
