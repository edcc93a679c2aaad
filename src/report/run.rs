// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What one simulated inference did, as far as a page shows it.

use crate::hw::Train;

/// One inference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Of the class with the largest logit.
    pub class: u8,
    /// Per class.
    pub logits: Vec<i32>,
    /// From the first input to the last byte of the result.
    pub cycles: u64,
    /// The input, and each stage or job.
    pub spans: Vec<Span>,
    /// The layers that fire.
    pub layers: Vec<Layer>,
}

/// What happened between two cycles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// Name of the layer.
    pub name: String,
    /// First cycle.
    pub from: u64,
    /// The cycle after the last one.
    pub to: u64,
    /// Cycle of each row of weights that was read.
    pub rows: Vec<u64>,
    /// Words loaded, or inputs taken.
    pub words: u64,
    /// Additions into accumulators.
    pub additions: u64,
    /// Spikes fired.
    pub spikes: u64,
}

/// The spikes of a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// Name of the node that fires.
    pub name: String,
    /// Channels, rows, columns.
    pub shape: [usize; 3],
    /// A train a neuron; bit t is timestep t.
    pub trains: Vec<Train>,
}

impl Span {
    /// Cycles.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }
}

impl Layer {
    /// Spikes in all timesteps.
    #[must_use]
    pub fn spikes(&self) -> u64 {
        self.trains.iter().map(|t| u64::from(t.count_ones())).sum()
    }
}
