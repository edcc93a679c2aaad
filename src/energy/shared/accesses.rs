// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which memory a job reads and writes how often. None is clocked but for an access.

use super::flips::{added, gathered};
use crate::hw::shared::{BANKS, Bank, Job, PARAMETERS, STATES, Shared, Source, SumJob, Then, Work};
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

    /// The levels that the host sends.
    pub(super) fn levels(&self, inputs: f64) -> Vec<Access<'m>> {
        let memory = self.find(MemoryKind::Levels, None);
        listed([("input map, written", memory, inputs)])
    }

    /// Of a job.
    pub(super) fn job(
        &self,
        design: &Design,
        (shared, job): (&Shared, &Job),
        act: &StageMean,
    ) -> Vec<Access<'m>> {
        let trains = self.find(MemoryKind::Trains, None);
        let mut all = vec![
            ("weight rows", self.find(MemoryKind::Weights, None), act.rows),
            ("input map, read", self.find(MemoryKind::Levels, None), act.input_reads),
            ("train maps, read", trains, act.train_reads),
            ("train maps, written", trains, act.train_writes),
        ];
        if let Work::Sum(sum) = &job.work {
            all.extend(self.sum(design, (shared, job, sum), act));
        }
        listed(all)
    }

    fn sum(
        &self,
        design: &Design,
        (shared, job, sum): (&Shared, &Job, &SumJob),
        act: &StageMean,
    ) -> Vec<(&'static str, Option<&'m Memory>, f64)> {
        let parameters = |name| self.find(MemoryKind::Parameters, Some(name));
        let states = |name| self.find(MemoryKind::States, Some(name));
        let [scales, neurons, readout] = PARAMETERS;
        // All timesteps of a chunk together.
        let (width, timesteps) = (f64::from(shared.width), f64::from(design.timesteps));
        let trains = act.steps / width;
        let mut all = vec![
            ("gains and offsets", parameters(scales), act.parameter_reads),
            ("thresholds and biases", parameters(neurons), trains),
            ("membranes, read and written", states(STATES[0]), 2.0 * trains),
            ("integrators, read and written", states(STATES[2]), 2.0 * act.integrations / width),
        ];
        if let Source::Currents(map, _) = job.source {
            all.push(("current maps, gathered", self.bank(shared, map), gathered(sum, act)));
        }
        if let Some(map) = sum.add {
            all.push(("current maps, added", self.bank(shared, map), added(sum, act)));
        }
        match sum.then {
            Then::Maps { keep: Some(map), .. } => {
                all.push(("current maps, kept", self.bank(shared, map), act.current_writes));
            }
            Then::Maps { keep: None, .. } => {}
            // A sum over the timesteps a class.
            Then::Readout => {
                all.push(("readout's gains", parameters(readout), act.results / timesteps));
                let sums = act.results / width;
                all.push(("sums, read and written", states(STATES[1]), 2.0 * sums));
            }
        }
        all
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
