// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A board as a level that is compared.

use std::time::{Duration, Instant};

use super::host::{Host, Line};
use crate::diag::Result;
use crate::verify::{Executor, Outcome, Pair};

/// A board behind a serial line.
pub struct BoardExecutor<'d, L, P> {
    host: Host<'d, L>,
    trace: bool,
    progress: P,
    /// The class of each inference so far.
    pub classes: Vec<usize>,
    /// How long each took, from the request's first byte to the answer's last.
    pub latencies: Vec<Duration>,
    /// Time spent with the board, attempts without an answer included.
    pub busy: Duration,
}

impl<'d, L: Line, P: FnMut()> BoardExecutor<'d, L, P> {
    /// Runs inferences with `host`, with spike trains if `trace`; `progress` is told of each.
    pub fn new(host: Host<'d, L>, trace: bool, progress: P) -> Self {
        let (classes, latencies, busy) = Default::default();
        Self { host, trace, progress, classes, latencies, busy }
    }

    /// The host that talks to it.
    pub fn host(&self) -> &Host<'d, L> {
        &self.host
    }
}

impl<L: Line, P: FnMut()> Executor for BoardExecutor<'_, L, P> {
    fn name(&self) -> &'static str {
        Pair::SIM_BOARD.found
    }

    fn run(&mut self, inputs: &[&[u8]]) -> Result<Vec<Outcome>> {
        let mut one = |input: &&[u8]| {
            let number = self.classes.len();
            let begun = Instant::now();
            let answer = self.host.infer(input, self.trace);
            self.busy += begun.elapsed();
            let (outcome, took) = answer.map_err(|d| match d.location.path {
                None => d.at(format!("image {number}")),
                Some(_) => d,
            })?;
            self.classes.push(outcome.class);
            self.latencies.push(took);
            (self.progress)();
            Ok(outcome)
        };
        inputs.iter().map(&mut one).collect()
    }
}
