// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Who wants to see more than the result.

/// Told of everything that happens, with its cycle; the order of calls is not that of the
/// cycles.
pub trait Probe {
    /// Input `index` is accepted.
    fn input(&mut self, _index: usize, _cycle: u64) {}
    /// Stage `stage` reads a row of weights.
    fn event(&mut self, _stage: usize, _cycle: u64) {}
    /// Stage `stage` computes a timestep of a neuron.
    fn step(&mut self, _step: Step) {}
    /// A byte of the result is sent.
    fn output(&mut self, _byte: u8, _cycle: u64) {}
}

/// One timestep of one neuron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// When it is computed.
    pub cycle: u64,
    /// Index of the stage in the design.
    pub stage: usize,
    /// The neuron.
    pub neuron: u32,
    /// The timestep.
    pub timestep: u32,
    /// Whether it fires.
    pub fires: bool,
}

/// Looks away.
pub struct NoProbe;

impl Probe for NoProbe {}

/// Writes everything down.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recorder {
    /// Cycle of each accepted input.
    pub inputs: Vec<u64>,
    /// (cycle, stage) of each row of weights that is read.
    pub events: Vec<(u64, usize)>,
    /// Every timestep of every neuron.
    pub steps: Vec<Step>,
    /// (cycle, byte) of the result.
    pub outputs: Vec<(u64, u8)>,
}

impl Recorder {
    /// Brings events and steps into the order of their cycles.
    pub fn sort(&mut self) {
        self.events.sort_unstable();
        self.steps.sort_unstable();
    }
}

impl Probe for Recorder {
    fn input(&mut self, _index: usize, cycle: u64) {
        self.inputs.push(cycle);
    }

    fn event(&mut self, stage: usize, cycle: u64) {
        self.events.push((cycle, stage));
    }

    fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn output(&mut self, byte: u8, cycle: u64) {
        self.outputs.push((cycle, byte));
    }
}
