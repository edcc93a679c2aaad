// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The device's figure of the shared mapping: what each job does, and what of the processor is
//! clocked whatever runs.
//!
//! The work of a job is what the simulator counted in it; what the readout does belongs to the
//! last one, which feeds it. Registers are the processor's. A job's share of what passes with
//! time is that of its cycles. In a line (`line.rs`) each job has registers of its own.

mod accesses;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod by_width;
mod flips;
mod line;
#[cfg(test)]
mod line_by_hand;
mod registers;
mod widths;

use super::Band;
use super::device::{Model, total};
use super::report::{Cause, JobEnergy, Part, StageEnergy};
use super::work::{self, Flips};
use crate::hw::shared::{Job, Shared, Work};
use crate::hw::{Place, Stage};
use accesses::{Access, Memories, Ports};
use widths::Widths;

/// The input, each job, the processor, or what a line has beside its processors.
pub(super) fn stages(model: &Model<'_>, shared: &Shared) -> Vec<StageEnergy> {
    if shared.is_line() {
        return line::stages(model, shared);
    }
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
        input(
            self.model,
            self.shared,
            flips::levels(self.model.assume, &self.widths, self.model.inputs()),
        )
    }

    fn job(&self, i: usize, job: &Job) -> StageEnergy {
        let ports = Memories(self.model.memories).of_processor(self.shared, job);
        let is_last = i + 1 == self.shared.jobs.len();
        let (parts, module) =
            work_of(self.model, (self.shared, &self.widths), (i, job, is_last), &ports);
        total(Some(i), (job.name.clone(), module), Band::ZERO, (0, 0), parts)
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

/// What brings the host's inputs into the input map, or into each of them.
fn input(model: &Model<'_>, shared: &Shared, flips: Vec<Flips>) -> StageEnergy {
    // A word of the map is a level, or a train of one byte or two.
    let chunks = model.design.input_words() / shared.input.depth().max(1);
    let count = model.design.input.count.div_ceil(shared.input.pack);
    let words = model.inputs().min(f64::from(count * chunks));
    let accesses = Memories(model.memories).levels(words);
    let parts = parts(model, flips, &accesses);
    total(None, ("input".to_owned(), "sf_input_map"), Band::ZERO, (0, 0), parts)
}

/// What job `i` does on a processor; to the last one belongs what the readout does.
fn work_of(
    model: &Model<'_>,
    (shared, w): (&Shared, &Widths),
    (i, job, is_last): (usize, &Job, bool),
    ports: &Ports<'_>,
) -> (Vec<Part>, &'static str) {
    let (a, act) = (model.assume, model.mean.stage(i));
    let timesteps = f64::from(model.design.timesteps);
    let (mut flips, module) = match &job.work {
        Work::Or { .. } => (flips::or(a, w, &act), "sf_or"),
        Work::Sum(sum) => (flips::sum(a, (shared, w), (job, sum), &act), "sf_lanes"),
    };
    if is_last && let Stage::Readout(readout) = registers::readout(shared, w) {
        flips.extend(work::readout(a, &readout, act.results / timesteps));
    }
    (parts(model, flips, &ports.accesses(model.design, (shared, job), &act)), module)
}

/// Flips, and accesses to RAM; a memory made of LUTs flips nets instead.
fn parts(model: &Model<'_>, flips: Vec<Flips>, accesses: &[Access<'_>]) -> Vec<Part> {
    let flips = flips.into_iter().map(|f| (f.what, Cause::Flips, f.count));
    let access = |a: &Access<'_>| {
        let m = a.memory;
        let (cause, each) = match m.place {
            Place::Luts => {
                let (each, nets) = (model.assume.replaced, model.assume.glitch);
                (Cause::Flips, each * nets * f64::from(m.luts()))
            }
            Place::BlockRam => (Cause::Ram, Band::exact(f64::from(m.ebr()))),
            Place::Spram => (Cause::Spram, Band::exact(f64::from(m.spram()))),
        };
        (a.what, cause, each * a.count)
    };
    flips
        .chain(accesses.iter().map(access))
        .map(|(what, cause, count)| model.part(what, cause, count, count))
        .collect()
}

/// Time and energy of the input and of each job: their own work, and of what passes with time
/// as much as their cycles are of all.
pub(super) fn jobs(model: &Model<'_>, shared: &Shared, stages: &[StageEnergy]) -> Vec<JobEnergy> {
    if shared.is_line() {
        return line::jobs(model, shared, stages);
    }
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
