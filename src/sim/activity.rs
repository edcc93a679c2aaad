// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What one inference made the hardware do; the energy model multiplies it.

use serde::Serialize;

use crate::hw::Design;

/// Counts of one inference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Clock cycles, from the first input to the last byte of the result.
    pub cycles: u64,
    /// Per stage of the design, or per job with the shared mapping.
    pub stages: Vec<StageActivity>,
}

/// Declares the counts of a stage, their sum, and their mean.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts of one stage of the chain, or of one job of the shared mapping.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        pub struct StageActivity {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// Mean counts of one stage or job.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
        pub struct StageMean {
            $($(#[$doc])* pub $name: f64,)*
        }

        impl StageActivity {
            fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            fn mean(&self, of: impl Fn(u64) -> f64) -> StageMean {
                StageMean { $($name: of(self.$name),)* }
            }
        }
    };
}

counts! {
    /// Cycle in which a job begins: on one processor when the one before ends, in a line when the
    /// rows are there that it needs first. With several chunks of timesteps it is as if a job ran
    /// all of them at once. 0 for a stage.
    begin,
    /// Cycle in which it has ended; the last one ends with the inference. 0 for a stage.
    end,
    /// Inputs taken in. Job: elements of the words loaded.
    inputs,
    /// Inputs other than zero; with spikes, all spikes of all timesteps.
    nonzero,
    /// Rows of weights read.
    rows,
    /// Words of the bitmap scanned. Job: words loaded, as often as they are.
    words,
    /// Additions into accumulators.
    additions,
    /// Results handed on. Or job: trains written.
    results,
    /// Timesteps of neurons computed.
    steps,
    /// Spikes fired.
    spikes,
    /// Timesteps of integrators computed.
    integrations,
    /// Reads of the input map; this and the following are 0 for a stage.
    input_reads,
    /// Reads of the train memory.
    train_reads,
    /// Writes of the train memory.
    train_writes,
    /// Reads of the current memories.
    current_reads,
    /// Writes of the current memories.
    current_writes,
    /// Channels whose parameters are looked up: once for all timesteps of a place.
    parameter_reads,
}

impl Activity {
    pub(super) fn new(design: &Design) -> Self {
        let jobs = design.shared.as_ref().map_or(0, |s| s.jobs.len());
        Self { cycles: 0, stages: vec![StageActivity::default(); design.stages.len() + jobs] }
    }
}

/// Sum over inferences of one design, read as a mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MeanActivity {
    /// Number of inferences.
    images: u64,
    /// Their sum.
    total: Activity,
}

impl MeanActivity {
    /// Takes one more inference in.
    pub fn add(&mut self, one: &Activity) {
        self.images += 1;
        self.total.cycles += one.cycles;
        if self.total.stages.len() < one.stages.len() {
            self.total.stages.resize_with(one.stages.len(), StageActivity::default);
        }
        for (sum, s) in self.total.stages.iter_mut().zip(&one.stages) {
            sum.add(s);
        }
    }

    /// Number of inferences.
    #[must_use]
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Mean clock cycles.
    #[must_use]
    pub fn cycles(&self) -> f64 {
        self.mean(self.total.cycles)
    }

    /// Means of stage or job `i`; zeros if there was none.
    #[must_use]
    pub fn stage(&self, i: usize) -> StageMean {
        let Some(s) = self.total.stages.get(i) else { return StageMean::default() };
        s.mean(|sum| self.mean(sum))
    }

    fn mean(&self, sum: u64) -> f64 {
        sum as f64 / self.images.max(1) as f64
    }
}

impl<'a> FromIterator<&'a Activity> for MeanActivity {
    fn from_iter<I: IntoIterator<Item = &'a Activity>>(all: I) -> Self {
        let mut mean = Self::default();
        all.into_iter().for_each(|a| mean.add(a));
        mean
    }
}
