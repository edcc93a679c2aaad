// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Executes a design cycle by cycle, without going through every cycle.
//!
//! A stage is a function of what its predecessor hands it and of when its successor takes
//! its results, so it is enough to follow the transactions: each one's cycle number is a
//! maximum over the cycles of the few it waits for. The rules stand in docs/hardware.md,
//! docs/shared.md and beside each stage; `synfire verify` holds them against the RTL, cycle by cycle.
//!
//! Cycle 0 is the one in which the first input is accepted; the host is always ready.

mod activity;
mod chain;
mod dense;
mod log;
mod neuron;
mod probe;
mod shared;

use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{Design, Stage};

pub use activity::{Activity, MeanActivity, StageActivity, StageMean};
use chain::StageState;
use log::Log;
pub use probe::{NoProbe, Probe, Recorder, Step};

/// Result of one inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// Per class.
    pub logits: Vec<i32>,
    /// First class with the largest logit.
    pub class: u8,
    /// Members of an ensemble that ran, where they may be left out once the class is settled.
    pub ran: Option<u32>,
    /// Cycle in which the last input was accepted.
    pub last_input: u64,
    /// Cycle in which the last byte of the result (the class) was sent.
    pub done: u64,
    /// What happened on the way.
    pub activity: Activity,
}

impl Inference {
    /// Core cycles from the last input to the last byte of the result.
    #[must_use]
    pub fn latency(&self) -> u64 {
        self.done - self.last_input
    }
}

/// A design ready to run.
pub struct Sim<'d> {
    design: &'d Design,
    tables: Vec<Option<dense::Tables>>,
    /// With the shared mapping; or why it cannot be run.
    shared: Option<Result<shared::Processor<'d>>>,
}

impl<'d> Sim<'d> {
    /// Prepares a design.
    #[must_use]
    pub fn new(design: &'d Design) -> Self {
        let tables = design
            .stages
            .iter()
            .map(|s| if let Stage::Dense(d) = s { Some(dense::Tables::new(d)) } else { None })
            .collect();
        let shared = design.shared.as_ref().map(|s| shared::Processor::new(design, s));
        Self { design, tables, shared }
    }

    /// Runs one inference; `gaps[i]` cycles pass before byte i of the request is offered (none if
    /// empty). `input` is `[input]`, or `[timestep][input]` if it changes.
    ///
    /// # Errors
    /// [`codes::INPUT_SHAPE`] if the input does not fit the design; an internal one if values
    /// do not fit into the widths that a design with the shared mapping declares.
    pub fn run(&self, input: &[u8], gaps: &[u8], probe: &mut impl Probe) -> Result<Inference> {
        let (port, wanted) = (self.design.input, self.design.input_values());
        if input.len() != wanted {
            let message = format!("{} values were given; the design takes {wanted}", input.len());
            return Err(Diagnostic::new(&codes::INPUT_SHAPE, message));
        }
        if let Some(v) =
            input.iter().skip(self.design.header_bytes()).find(|v| u32::from(**v) >> port.bits != 0)
        {
            let message = format!("level {v} does not fit into {} bits", port.bits);
            return Err(Diagnostic::new(&codes::INPUT_SHAPE, message));
        }
        if let Some(shared) = &self.shared {
            return shared.as_ref().map_err(Clone::clone)?.run(input, gaps, probe);
        }
        let header = self.design.header_bytes();
        let kept = self.design.kept(input);
        let mut stages: Vec<StageState<'_>> = self
            .design
            .stages
            .iter()
            .zip(&self.tables)
            .enumerate()
            .map(|(i, (stage, tables))| StageState::new(i, stage, tables.as_ref(), &kept))
            .collect();
        let mut activity = Activity::new(self.design);
        let mut log = Log::new(&mut activity, probe);
        let cycle = chain::offer(&mut stages, input, header, gaps, &mut log);
        let Some(StageState::Readout(readout)) = stages.last() else {
            return Err(Diagnostic::internal("sim", "the last stage is not a readout"));
        };
        let (logits, class, done) = readout.result();
        let ran = self.design.can_stop().then(|| readout.ran());
        activity.cycles = done + 1;
        Ok(Inference { logits, class, ran, last_input: cycle, done, activity })
    }
}
