// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Passes: named rewrites of the graph, run in a stated order and verified after each.
//!
//! One pass a file. To add one, implement [`Pass`], list it in [`PASSES`] and, if every
//! compilation needs it, in [`TO_INTEGER`] (CONTRIBUTING.md has the checklist).

mod absorb;
mod affine;
mod channels;
mod compose_linear;
mod drop_constant;
mod drop_unread;
mod fold_batch_norm;
mod fold_scale;
mod left;
mod magnitude;
mod merge_channels;
mod merge_identical;
mod merge_parallel;
mod narrow_operands;
mod prune_ensemble;
mod quantise;
mod reduce_timesteps;
mod round_weights;
mod shift_membranes;
mod whole_offsets;

use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, verify};

pub use left::{Parts, left, parts};
pub use prune_ensemble::{Ensemble, ensemble};

/// What a user may choose about the passes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Largest m of a leak k / 2^m.
    pub leak_bits: u32,
    /// The smallest threshold of a layer gets at least this many bits: its rounding error
    /// is below 2^−bits of itself.
    pub precision_bits: u32,
    /// Bits of the largest readout gain.
    pub gain_bits: u32,
    /// Widest stream of scaled numbers.
    pub stream_bits: u32,
    /// Widest operand of weights of several bits, where it is scaled numbers.
    pub operand_bits: u32,
    /// Bits of the largest gain that brings sums to the unit of a stream.
    pub scale_bits: u32,
    /// Bits of a weight that is not ±α, sign included: 2 to 8.
    pub weight_bits: u32,
    /// The same where the operand is scaled numbers, a product of two roundings.
    pub product_weight_bits: u32,
    /// The same for single layers, by name.
    pub layer_bits: Vec<(String, u32)>,
    /// How many timesteps are kept; all if nothing is said.
    pub keep_timesteps: Option<u32>,
    /// Which members of an ensemble are kept, counted from 0; all if nothing is said.
    pub keep_members: Option<Vec<usize>>,
    /// Nothing is left out by [`clean_up`].
    pub keep_neurons: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            leak_bits: 8,
            precision_bits: 12,
            gain_bits: 16,
            stream_bits: 16,
            operand_bits: 7,
            scale_bits: 10,
            weight_bits: 8,
            product_weight_bits: 6,
            layer_bits: Vec::new(),
            keep_timesteps: None,
            keep_members: None,
            keep_neurons: false,
        }
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
    &prune_ensemble::PruneEnsemble,
    &reduce_timesteps::ReduceTimesteps,
    &merge_identical::MergeIdentical,
    &compose_linear::ComposeLinear,
    &round_weights::RoundWeights,
    &merge_parallel::MergeParallel,
    &fold_scale::FoldScale,
    &fold_batch_norm::FoldBatchNorm,
    &shift_membranes::ShiftMembranes,
    &narrow_operands::NarrowOperands,
    &quantise::Quantise,
    &whole_offsets::WholeOffsets,
    &drop_constant::DropConstant,
    &merge_channels::MergeChannels,
    &drop_unread::DropUnread,
];

/// What a user leaves out of a model, before anything else: the model that is left is the one
/// whose accuracy counts.
pub const CUTS: &[(&str, &str)] = &[
    ("prune-ensemble", "first of all: the branches are as the model's author drew them"),
    ("reduce-timesteps", "after prune-ensemble, or before it: neither sees what the other changes"),
];

/// The pipeline of every compilation, with the reason for each place in the order.
pub const TO_INTEGER: &[(&str, &str)] = &[
    (
        "merge-identical",
        "first: what is computed once has neither to be multiplied out nor to be rounded twice",
    ),
    (
        "compose-linear",
        "before the weights are rounded: it multiplies the model's weights, not rounded ones",
    ),
    ("round-weights", "before merge-parallel, which gives layers other names than --precision has"),
    (
        "merge-parallel",
        "before the folds, while members have the operators of the model behind them",
    ),
    ("fold-scale", "before fold-batch-norm: batch norm is folded into the magnitudes it leaves"),
    (
        "fold-batch-norm",
        "before quantise: thresholds are rounded once, in units of the weighted sum",
    ),
    (
        "shift-membranes",
        "after fold-batch-norm: in the units that thresholds then have, a reset may be one number a channel",
    ),
    ("narrow-operands", "before quantise, which gives every scale its unit"),
    ("quantise", "last: after it every number is an integer"),
];

/// What follows where the hardware is told at run time what to leave out.
pub const FOR_KNOBS: &[(&str, &str)] =
    &[("whole-offsets", "after quantise, which gives logits their unit")];

/// What leaves neurons out of the integer form without a difference in any logit, for the
/// hardware; again and again, as long as there are fewer of them after it.
pub const CLEAN_UP: &[(&str, &str)] = &[
    (
        "drop-constant",
        "first, after quantise: what can be proved is about integers; rows that differ only where nothing fires are then the same",
    ),
    ("merge-channels", "before drop-unread: weights that are added may become zeros"),
    ("drop-unread", "last: it looks at zeros that merge-channels leaves"),
];

/// A model that a pass cannot treat; the caller adds the node.
fn unsupported(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::PASS_UNSUPPORTED, message)
}

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

/// What [`clean_up`] did.
pub struct CleanedUp {
    /// What went, and what could not go.
    pub notes: Vec<Note>,
    /// The graph with every neuron, if some are gone.
    pub whole: Option<Graph>,
}

/// Runs [`CLEAN_UP`] until nothing goes any more, which is at most as often as there are neurons;
/// not at all, if neurons are to be kept.
///
/// # Errors
/// An internal error if a pass breaks the graph.
pub fn clean_up(graph: &mut Graph, options: &Options) -> Result<CleanedUp> {
    let mut notes: Vec<Note> = Vec::new();
    if options.keep_neurons {
        return Ok(CleanedUp { notes, whole: None });
    }
    let (whole, all) = (graph.clone(), neurons(graph)?);
    loop {
        let before = neurons(graph)?;
        for note in run(graph, CLEAN_UP, options)? {
            if !notes.iter().any(|n| n.text == note.text) {
                notes.push(note);
            }
        }
        let left = neurons(graph)?;
        if left == before {
            return Ok(CleanedUp { notes, whole: (left != all).then_some(whole) });
        }
    }
}

/// Layers and neurons of a graph in integers.
fn neurons(graph: &Graph) -> Result<(usize, usize)> {
    let layers = channels::layers(graph)?;
    Ok((layers.len(), layers.iter().map(|id| graph.node(*id).stream.len()).sum()))
}
