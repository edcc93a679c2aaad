// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Executors that give what they are told to.

use crate::diag::Result;
use crate::sim::{Recorder, Step};
use crate::verify::{Executor, Outcome, Scope};

/// What the outcomes below are compared in.
pub(super) const SCOPE: Scope = Scope { trains: Some(5), cycles: true };

/// Layers of two and three neurons at five timesteps, three logits, cycle numbers.
pub(super) fn outcome() -> Outcome {
    let step =
        |cycle, stage, neuron, timestep, fires| Step { cycle, stage, neuron, timestep, fires };
    Outcome {
        trains: vec![vec![0b00001, 0b11010], vec![0, 0b10000, 0b00110]],
        logits: vec![-4, 9, 3],
        class: 1,
        ran: None,
        timing: Some(Recorder {
            inputs: vec![0, 1],
            events: vec![(5, 0), (6, 0), (9, 2)],
            steps: vec![step(7, 1, 0, 0, true), step(8, 1, 0, 1, false)],
            outputs: vec![(20, 7), (21, 0), (22, 1), (23, 1)],
        }),
    }
}

/// Gives these outcomes, one for each input, and writes down the inputs.
pub(super) struct Stub {
    pub(super) name: &'static str,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) seen: Vec<Vec<u8>>,
    /// Sizes of the batches.
    pub(super) batches: Vec<usize>,
    /// Outcomes to leave out (below 0) or to add at the end of the last batch.
    pub(super) extra: isize,
}

impl Stub {
    pub(super) fn new(name: &'static str, outcomes: Vec<Outcome>) -> Self {
        Self { name, outcomes, seen: Vec::new(), batches: Vec::new(), extra: 0 }
    }
}

impl Executor for Stub {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let from = self.seen.len();
        self.batches.push(inputs.len());
        self.seen.extend(inputs.iter().map(|i| i.to_vec()));
        let mut outcomes = self.outcomes[from..self.seen.len()].to_vec();
        if self.seen.len() == self.outcomes.len() {
            let n = outcomes.len().saturating_add_signed(self.extra);
            outcomes.resize(n, outcome());
        }
        Ok(outcomes)
    }
}

/// As many different inputs.
pub(super) fn inputs(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| (i as u32).to_le_bytes().to_vec()).collect()
}

/// As the executors take them.
pub(super) fn slices(inputs: &[Vec<u8>]) -> Vec<&[u8]> {
    inputs.iter().map(Vec::as_slice).collect()
}
