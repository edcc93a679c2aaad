// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The device's figure of a line: each job with the registers and memories of its own processor,
//! which are clocked all the time, and what they have in common.

use super::accesses::Memories;
use super::widths::Widths;
use super::{flips, input, registers, work_of};
use crate::energy::Band;
use crate::energy::device::{Model, total};
use crate::energy::report::{Cause, JobEnergy, StageEnergy};
use crate::hw::shared::{Shared, Source};
use crate::hw::{Memory, Place};

/// The input, each job, what the processors have in common.
pub(super) fn stages(model: &Model<'_>, shared: &Shared) -> Vec<StageEnergy> {
    let engine = |job| {
        let engine = shared.engine(job);
        let widths = Widths::of_engine(model.design, &engine);
        (engine, widths)
    };
    let engines: Vec<_> = shared.jobs.iter().map(engine).collect();
    let (memories, last) = (Memories(model.memories), engines.len().saturating_sub(1));
    let job = |(i, (engine, w)): (usize, &(Shared, Widths))| {
        let ports = memories.of_line(shared, i);
        let job = &engine.jobs[0];
        let (mut parts, module) = work_of(model, (engine, w), (i, job, i == last), &ports);
        let ff = Band::exact(f64::from(registers::engine(engine, w)));
        parts.insert(0, model.registers(ff));
        let own = model.memories.iter().filter(|m| m.stage == i);
        let ebr = own.filter(|m| m.place == Place::BlockRam).map(Memory::ebr).sum();
        total(Some(i), (job.name.clone(), module), ff, (ebr, 0), parts)
    };
    let all = Widths::new(model.design, shared);
    let maps = shared.jobs.iter().filter(|job| job.source == Source::Input).count() as f64;
    let mut levels = flips::levels(model.assume, &all, model.inputs());
    levels.iter_mut().for_each(|f| f.count = f.count * maps);
    let common = engines.last().map_or(0, |(engine, w)| registers::line(shared, &all, (engine, w)));
    let ff = Band::exact(f64::from(common));
    let line = ("line".to_owned(), "sf_core");
    let line = total(None, line, ff, (0, 0), vec![model.registers(ff)]);
    let jobs = engines.iter().enumerate().map(job);
    std::iter::once(input(model, shared, levels)).chain(jobs).chain([line]).collect()
}

/// The input and each job with its own work and the clock of its own registers, and with the line
/// all else that passes with time. Jobs are at work at the same time: their cycles are no shares.
pub(super) fn jobs(model: &Model<'_>, shared: &Shared, stages: &[StageEnergy]) -> Vec<JobEnergy> {
    let count = shared.jobs.len();
    let first = (0..count).map(|i| model.mean.stage(i).begin).fold(model.core, f64::min);
    let clock = |s: &StageEnergy| -> Band {
        s.parts.iter().filter(|p| p.cause == Cause::Registers).map(|p| p.core_nj).sum()
    };
    let work = |s: &StageEnergy| -> Band {
        s.parts.iter().filter(|p| p.cause != Cause::Registers).map(|p| p.core_nj).sum()
    };
    let row = |stage: &StageEnergy, cycles: f64, time_nj: Band| JobEnergy {
        name: stage.name.clone(),
        job: stage.stage,
        cycles,
        share: if model.core > 0.0 { cycles / model.core } else { 0.0 },
        work_nj: work(stage),
        time_nj,
        core_nj: work(stage) + time_nj,
    };
    // The input and the jobs; the line, with the serial link's registers.
    let (own, common) = stages.split_at((count + 1).min(stages.len()));
    let cycles = |s: &StageEnergy| match s.stage {
        Some(i) => (model.mean.stage(i).end - model.mean.stage(i).begin).max(0.0),
        None => first,
    };
    let mut rows: Vec<_> = own.iter().map(|s| row(s, cycles(s), clock(s))).collect();
    let time: Band = model.chip_of(model.core) + common.iter().map(clock).sum::<Band>();
    rows.extend(common.first().map(|line| row(line, model.core, time)));
    rows
}
