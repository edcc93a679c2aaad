// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What one inference made the hardware do; the energy model multiplies it.

use serde::Serialize;

use crate::hw::Design;

/// Counts of one inference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Clock cycles, from the first input to the last byte of the result.
    pub cycles: u64,
    /// Per stage of the design.
    pub stages: Vec<StageActivity>,
}

/// Counts of one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StageActivity {
    /// Inputs taken in.
    pub inputs: u64,
    /// Inputs other than zero; with spikes, all spikes of all timesteps.
    pub nonzero: u64,
    /// Rows of weights read.
    pub rows: u64,
    /// Words of the bitmap scanned.
    pub words: u64,
    /// Additions into accumulators.
    pub additions: u64,
    /// Results handed on.
    pub results: u64,
    /// Timesteps of neurons computed.
    pub steps: u64,
    /// Spikes fired.
    pub spikes: u64,
}

impl Activity {
    pub(super) fn new(design: &Design) -> Self {
        Self { cycles: 0, stages: vec![StageActivity::default(); design.stages.len()] }
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

/// Mean counts of one stage; the fields are those of [`StageActivity`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "StageActivity has the descriptions")]
pub struct StageMean {
    pub inputs: f64,
    pub nonzero: f64,
    pub rows: f64,
    pub words: f64,
    pub additions: f64,
    pub results: f64,
    pub steps: f64,
    pub spikes: f64,
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
            sum.inputs += s.inputs;
            sum.nonzero += s.nonzero;
            sum.rows += s.rows;
            sum.words += s.words;
            sum.additions += s.additions;
            sum.results += s.results;
            sum.steps += s.steps;
            sum.spikes += s.spikes;
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

    /// Means of stage `i`; zeros if there was none.
    #[must_use]
    pub fn stage(&self, i: usize) -> StageMean {
        let Some(s) = self.total.stages.get(i) else { return StageMean::default() };
        StageMean {
            inputs: self.mean(s.inputs),
            nonzero: self.mean(s.nonzero),
            rows: self.mean(s.rows),
            words: self.mean(s.words),
            additions: self.mean(s.additions),
            results: self.mean(s.results),
            steps: self.mean(s.steps),
            spikes: self.mean(s.spikes),
        }
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
