// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The device's figure of the shared mapping: what each job does, and what of the processor is
//! clocked whatever runs.
//!
//! The work of a job is what the simulator counted in it; what the readout does belongs to the
//! last one, which feeds it. Registers are the processor's. A job's share of what passes with
//! time is that of its cycles.

mod accesses;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod by_width;
mod flips;
mod registers;
mod widths;

use super::Band;
use super::assume::{GLITCH, REPLACED};
use super::device::{Model, total};
use super::report::{Cause, JobEnergy, Part, StageEnergy};
use super::work::{self, Flips};
use crate::hw::shared::{Job, Shared, Work};
use crate::hw::{Place, Stage};
use accesses::{Access, Memories};
use widths::Widths;

/// The input, each job, the processor.
pub(super) fn stages(model: &Model<'_>, shared: &Shared) -> Vec<StageEnergy> {
    let all = Processor { model, shared, widths: Widths::new(model.design, shared) };
    let jobs = shared.jobs.iter().enumerate().map(|(i, job)| all.job(i, job));
    std::iter::once(all.input()).chain(jobs).chain([all.processor()]).collect()
}

struct Processor<'m> {
    model: &'m Model<'m>,
    shared: &'m Shared,
    widths: Widths,
}

impl Processor<'_> {
    fn input(&self) -> StageEnergy {
        let inputs = self.model.inputs();
        // A word of the map is a level, or a train of one byte or two.
        let chunks = self.model.design.input_words() / self.shared.input.depth().max(1);
        let count = self.model.design.input.count.div_ceil(self.shared.input.pack);
        let words = inputs.min(f64::from(count * chunks));
        let accesses = Memories(&self.model.memories).levels(words);
        let parts = self.parts(flips::levels(&self.widths, inputs), &accesses);
        total(None, ("input".to_owned(), "sf_input_map"), Band::ZERO, (0, 0), parts)
    }

    fn job(&self, i: usize, job: &Job) -> StageEnergy {
        let (shared, w) = (self.shared, &self.widths);
        let act = self.model.mean.stage(i);
        let timesteps = f64::from(self.model.design.timesteps);
        let (mut flips, module) = match &job.work {
            Work::Or { .. } => (flips::or(w, &act), "sf_or"),
            Work::Sum(sum) => (flips::sum((shared, w), (job, sum), &act), "sf_lanes"),
        };
        if i + 1 == shared.jobs.len()
            && let Stage::Readout(readout) = registers::readout(shared, w)
        {
            flips.extend(work::readout(&readout, act.results / timesteps));
        }
        let accesses = Memories(&self.model.memories).job(self.model.design, (shared, job), &act);
        let parts = self.parts(flips, &accesses);
        total(Some(i), (job.name.clone(), module), Band::ZERO, (0, 0), parts)
    }

    /// Flips, and accesses to RAM; a memory made of LUTs flips nets instead.
    fn parts(&self, flips: Vec<Flips>, accesses: &[Access<'_>]) -> Vec<Part> {
        let flips = flips.into_iter().map(|f| (f.what, Cause::Flips, f.count));
        let access = |a: &Access<'_>| {
            let m = a.memory;
            let (cause, each) = match m.place {
                Place::Luts => (Cause::Flips, REPLACED * GLITCH * f64::from(m.luts())),
                Place::BlockRam => (Cause::Ram, Band::exact(f64::from(m.ebr()))),
                Place::Spram => (Cause::Spram, Band::exact(f64::from(m.spram()))),
            };
            (a.what, cause, each * a.count)
        };
        flips
            .chain(accesses.iter().map(access))
            .map(|(what, cause, count)| self.model.part(what, cause, count, count))
            .collect()
    }

    fn processor(&self) -> StageEnergy {
        let count = registers::of(self.model.design, self.shared, &self.widths);
        let ff = Band::exact(f64::from(count));
        let rams = |place: Place| self.model.memories.iter().filter(move |m| m.place == place);
        let ebr = rams(Place::BlockRam).map(crate::hw::Memory::ebr).sum();
        let spram = rams(Place::Spram).map(crate::hw::Memory::spram).sum();
        let parts = vec![self.model.registers(ff)];
        total(None, ("processor".to_owned(), "sf_core"), ff, (ebr, spram), parts)
    }
}

/// Time and energy of the input and of each job: their own work, and of what passes with time
/// as much as their cycles are of all.
pub(super) fn jobs(model: &Model<'_>, shared: &Shared, stages: &[StageEnergy]) -> Vec<JobEnergy> {
    let begins: Vec<f64> = (0..shared.jobs.len()).map(|i| model.mean.stage(i).begin).collect();
    let mut ends = begins.clone();
    ends.push(model.core);
    let mut from = 0.0;
    let rows = ends.into_iter().zip(stages).map(|(end, stage)| {
        let cycles = f64::max(end - from, 0.0);
        from = end;
        let time_nj = model.passing(stages, cycles);
        JobEnergy {
            name: stage.name.clone(),
            job: stage.stage,
            cycles,
            share: if model.core > 0.0 { cycles / model.core } else { 0.0 },
            work_nj: stage.core_nj,
            time_nj,
            core_nj: stage.core_nj + time_nj,
        }
    });
    rows.collect()
}
