// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where a run writes down what happens.

use super::activity::{Activity, StageActivity};
use super::probe::{Probe, Step};

/// What happens, up to the cycle in which the stages are reset because the class is settled. Those
/// that come after it are followed as if they were not, and nothing of it is written down: what
/// happens before does not depend on it.
pub(super) struct Log<'a, P> {
    pub(super) activity: &'a mut Activity,
    pub(super) probe: &'a mut P,
    /// Last cycle in which the stages are at work.
    pub(super) stop: u64,
}

impl<'a, P: Probe> Log<'a, P> {
    pub(super) fn new(activity: &'a mut Activity, probe: &'a mut P) -> Self {
        Self { activity, probe, stop: u64::MAX }
    }

    /// A row of weights is read.
    #[inline]
    pub(super) fn event(&mut self, stage: usize, cycle: u64) {
        if cycle <= self.stop {
            self.probe.event(stage, cycle);
        }
    }

    /// A timestep of a neuron is computed; is it yet to be counted?
    #[inline]
    pub(super) fn step(&mut self, step: Step, counts: bool) {
        if step.cycle > self.stop {
            return;
        }
        if counts {
            let activity = &mut self.activity.stages[step.stage];
            activity.steps += 1;
            activity.spikes += u64::from(step.fires);
        }
        self.probe.step(step);
    }

    /// Something else of a stage in a cycle.
    #[inline]
    pub(super) fn count(&mut self, stage: usize, cycle: u64, of: impl FnOnce(&mut StageActivity)) {
        if cycle <= self.stop {
            of(&mut self.activity.stages[stage]);
        }
    }
}
