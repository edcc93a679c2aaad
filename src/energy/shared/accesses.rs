// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which memory a job reads and writes how often. None is clocked but for an access.

use super::flips::{added, gathered};
use crate::hw::shared::{
    BANKS, Bank, Job, PARAMETERS, STATES, Shared, Source, Stored, SumJob, Then, Work,
};
use crate::hw::{Design, Memory, MemoryKind};
use crate::sim::StageMean;

/// Accesses of one sort.
pub(super) struct Access<'m> {
    pub(super) what: &'static str,
    pub(super) memory: &'m Memory,
    pub(super) count: f64,
}

/// The memories of a design, by what they are for.
pub(super) struct Memories<'m>(pub(super) &'m [Memory]);

impl<'m> Memories<'m> {
    /// The memory of a kind; of several that with this name.
    fn find(&self, kind: MemoryKind, name: Option<&str>) -> Option<&'m Memory> {
        self.0.iter().find(|m| m.kind == kind && name.is_none_or(|n| n == m.layer))
    }

    fn bank(&self, shared: &Shared, map: usize) -> Option<&'m Memory> {
        let bank = usize::from(shared.currents[map].bank == Bank::B);
        self.find(MemoryKind::Currents, Some(BANKS[bank]))
    }

    /// The levels that the host sends, into the input map of each who has one.
    pub(super) fn levels(&self, inputs: f64) -> Vec<Access<'m>> {
        let maps = self.0.iter().filter(|m| m.kind == MemoryKind::Levels).count() as f64;
        let memory = self.find(MemoryKind::Levels, None);
        listed([("input map, written", memory, inputs * maps)])
    }

    /// What a job of one processor reads and writes.
    pub(super) fn of_processor(&self, shared: &Shared, job: &Job) -> Ports<'m> {
        let parameters = |name| self.find(MemoryKind::Parameters, Some(name));
        let trains = self.find(MemoryKind::Trains, None);
        Ports {
            weights: self.find(MemoryKind::Weights, None),
            levels: self.find(MemoryKind::Levels, None),
            trains_read: trains,
            trains_written: (trains, 1),
            parameters: PARAMETERS.map(parameters),
            states: STATES.map(|name| self.find(MemoryKind::States, Some(name))),
            gathered: gathers(job).and_then(|map| self.bank(shared, map)),
            added: adds(job).and_then(|map| self.bank(shared, map)),
            kept: (keeps(job).and_then(|map| self.bank(shared, map)), 1),
        }
    }

    /// What a job of a line reads and writes: each map lies in a memory for each who uses it, all of
    /// them those of the job that writes it.
    pub(super) fn of_line(&self, shared: &Shared, index: usize) -> Ports<'m> {
        let of =
            |stage: usize, kind| self.0.iter().filter(move |m| m.stage == stage && m.kind == kind);
        let written = |map: Stored, kind| shared.writer(map).and_then(|w| of(w, kind).next());
        let current = |map| written(Stored::Currents(map), MemoryKind::Currents);
        let job = &shared.jobs[index];
        let mut parameters = of(index, MemoryKind::Parameters);
        let scales = parameters.next();
        // The last job has none of neurons, but the readout's.
        let (mut neurons, mut readout) = (parameters.next(), None);
        if job.fires().is_none() {
            std::mem::swap(&mut neurons, &mut readout);
        }
        let copies = |kind| of(index, kind).count() as u32;
        Ports {
            weights: of(index, MemoryKind::Weights).next(),
            levels: of(index, MemoryKind::Levels).next(),
            trains_read: match job.source {
                Source::Trains(map) => written(Stored::Trains(map), MemoryKind::Trains),
                _ => None,
            },
            trains_written: (of(index, MemoryKind::Trains).next(), copies(MemoryKind::Trains)),
            parameters: [scales, neurons, readout],
            states: [None; 3],
            gathered: gathers(job).and_then(current),
            added: adds(job).and_then(current),
            kept: (keeps(job).and_then(current), copies(MemoryKind::Currents)),
        }
    }
}

/// The memories that a job reads and writes; of maps that it writes, how many copies there are.
pub(super) struct Ports<'m> {
    weights: Option<&'m Memory>,
    levels: Option<&'m Memory>,
    trains_read: Option<&'m Memory>,
    trains_written: (Option<&'m Memory>, u32),
    /// Gains and offsets, neurons, those of the readout.
    parameters: [Option<&'m Memory>; 3],
    /// Membranes, sums, integrators.
    states: [Option<&'m Memory>; 3],
    gathered: Option<&'m Memory>,
    added: Option<&'m Memory>,
    kept: (Option<&'m Memory>, u32),
}

impl<'m> Ports<'m> {
    /// How often.
    pub(super) fn accesses(
        &self,
        design: &Design,
        (shared, job): (&Shared, &Job),
        act: &StageMean,
    ) -> Vec<Access<'m>> {
        let (written, copies) = self.trains_written;
        let mut all = vec![
            ("weight rows", self.weights, act.rows),
            ("input map, read", self.levels, act.input_reads),
            ("train maps, read", self.trains_read, act.train_reads),
            ("train maps, written", written, act.train_writes * f64::from(copies)),
        ];
        if let Work::Sum(sum) = &job.work {
            all.extend(self.sum(design, shared, sum, act));
        }
        listed(all)
    }

    fn sum(
        &self,
        design: &Design,
        shared: &Shared,
        sum: &SumJob,
        act: &StageMean,
    ) -> Vec<(&'static str, Option<&'m Memory>, f64)> {
        let [scales, neurons, readout] = self.parameters;
        let [membranes, sums, integrators] = self.states;
        // All timesteps of a chunk together.
        let (width, timesteps) = (f64::from(shared.width), f64::from(design.timesteps));
        let trains = act.steps / width;
        let (kept, copies) = self.kept;
        let mut all = vec![
            ("gains and offsets", scales, act.parameter_reads),
            ("thresholds and biases", neurons, trains),
            ("membranes, read and written", membranes, 2.0 * trains),
            ("integrators, read and written", integrators, 2.0 * act.integrations / width),
            ("current maps, gathered", self.gathered, gathered(sum, act)),
            ("current maps, added", self.added, added(sum, act)),
            ("current maps, kept", kept, act.current_writes * f64::from(copies)),
        ];
        if let Then::Readout = sum.then {
            // A sum over the timesteps a class.
            all.push(("readout's gains", readout, act.results / timesteps));
            all.push(("sums, read and written", sums, 2.0 * act.results / width));
        }
        all
    }
}

/// The map of currents that a job gathers from, adds, keeps.
fn gathers(job: &Job) -> Option<usize> {
    match job.source {
        Source::Currents(map, _) => Some(map),
        _ => None,
    }
}

fn adds(job: &Job) -> Option<usize> {
    match &job.work {
        Work::Sum(sum) => sum.add,
        Work::Or { .. } => None,
    }
}

fn keeps(job: &Job) -> Option<usize> {
    match &job.work {
        Work::Sum(sum) => match sum.then {
            Then::Maps { keep, .. } => keep,
            Then::Readout => None,
        },
        Work::Or { .. } => None,
    }
}

/// Those that happen.
fn listed<'m>(
    all: impl IntoIterator<Item = (&'static str, Option<&'m Memory>, f64)>,
) -> Vec<Access<'m>> {
    let there = all.into_iter().filter(|a| a.2 > 0.0);
    there
        .filter_map(|(what, memory, count)| Some(Access { what, memory: memory?, count }))
        .collect()
}
