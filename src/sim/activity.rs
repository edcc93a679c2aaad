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
