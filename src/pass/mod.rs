// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Passes: named rewrites of the graph, run in a stated order and verified after each.
//!
//! One pass a file. To add one, implement [`Pass`], list it in [`PASSES`] and, if every
//! compilation needs it, in [`TO_INTEGER`] (CONTRIBUTING.md has the checklist).

mod check_hardware;
mod fold_batch_norm;
mod fold_scale;
mod quantise;

use crate::diag::{Diagnostic, Result};
use crate::ir::{Graph, verify};

/// What a user may choose about the passes.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Largest m of a leak k / 2^m.
    pub leak_bits: u32,
    /// The smallest threshold of a layer gets at least this many bits: its rounding error
    /// is below 2^−bits of itself.
    pub precision_bits: u32,
    /// Bits of the largest readout gain.
    pub gain_bits: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { leak_bits: 8, precision_bits: 12, gain_bits: 16 }
    }
}

/// A rewrite of the graph.
pub trait Pass: Sync {
    /// Kebab-case name.
    fn name(&self) -> &'static str;
    /// What it does, in a sentence.
    fn description(&self) -> &'static str;
    /// What must hold before it.
    fn requires(&self) -> &'static str;
    /// What holds after it.
    fn ensures(&self) -> &'static str;
    /// Rewrites the graph and says what a user should know about it.
    ///
    /// # Errors
    /// What the graph contains that the pass cannot treat.
    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>>;
}

/// Every pass.
pub static PASSES: &[&dyn Pass] = &[
    &check_hardware::CheckHardware,
    &fold_scale::FoldScale,
    &fold_batch_norm::FoldBatchNorm,
    &quantise::Quantise,
];

/// The pipeline of every compilation, with the reason for each place in the order.
pub const TO_INTEGER: &[(&str, &str)] = &[
    ("check-hardware", "first: what cannot be built is named as it stands in the model"),
    ("fold-scale", "before fold-batch-norm: batch norm is folded into the magnitudes it leaves"),
    (
        "fold-batch-norm",
        "before quantise: thresholds are rounded once, in units of the weighted sum",
    ),
    ("quantise", "last: after it every number is an integer"),
];

/// What one pass said.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Note {
    /// The pass.
    pub pass: &'static str,
    /// What a user should know.
    pub text: String,
}

/// Runs a pipeline and verifies the graph after every pass.
///
/// # Errors
/// What a pass cannot treat; an internal error if a pass breaks the graph.
pub fn run(graph: &mut Graph, pipeline: &[(&str, &str)], options: &Options) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    for (name, _) in pipeline {
        let pass = PASSES
            .iter()
            .find(|p| p.name() == *name)
            .ok_or_else(|| Diagnostic::internal("pass", format!("no pass is called `{name}`")))?;
        let texts = pass.run(graph, options)?;
        notes.extend(texts.into_iter().map(|text| Note { pass: pass.name(), text }));
        verify(graph)
            .map_err(|d| Diagnostic::internal(pass.name(), format!("left a broken graph: {d}")))?;
    }
    Ok(notes)
}
