// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Trained networks as graphs of the compiler, and as files that it reads.
//!
//! The graph is the real form of [`synfire::ir`], whose reference is docs/ir.md; the file
//! has the dialect of docs/onnx-dialect.md, which ONNX Runtime runs as well.
//!
//! | layer | operator |
//! |---|---|
//! | `Linear`, `Conv` | `linear`, `conv`: signs and magnitudes, or real weights; a `reshape` where the shape must change |
//! | `Norm` | `batch-norm` with the running statistics |
//! | `Neuron` | `lif`, or `relu` |
//! | `AveragePool` | `pool`, the mean |
//! | `Residual` | `add` |
//! | `Parallel` | `concat`; nothing for a single member |
//! | the logits | `readout`, the mean over the timesteps |
//!
//! **Numbers.** The trainer computes in single precision, and every parameter is exported
//! as the number that it computes with: a leak of 0.1 is the single-precision neighbour of
//! 0.1. So single precision holds the whole file. The magnitude of binary weights comes
//! from [`magnitude`](crate::nn::magnitude), the function that training takes it from.
//! Executors differ by the rounding of sums and of scaled levels alone, which shows in a
//! spike only where a membrane ends within that rounding of its threshold, and in a class
//! only where two logits are equal up to it: logits of a binary head without bias are whole
//! numbers times one magnitude, and can be.
//!
//! **Shapes.** Maps are `[channels, height, width]`; what a linear layer takes and gives is
//! `[elements]`. If linear layers alone look at the input, it is `[elements]` too: a
//! dense network gets no `reshape`, which hardware does not have.
//!
//! **Names.** A node is called after its stage, its place in it and its operator:
//! `hidden.0.linear`, `blocks.3.body.1.lif`, `students.0.members.2.0.linear`. The ends are
//! `input`, `input.scale` and `logits`.
//!
//! **Subsets.** The linear layer behind an ensemble of k members is a sum of k products,
//! one for the columns of each. [`subset`] leaves members and their columns out and
//! keeps the magnitude and the bias of all: what is left computes what the trainer does
//! when a member is silent ([`Walk::active`](crate::nn::Walk::active)).
//!
//! How a command line uses it:
//!
//! ```
//! use synfire::diag::Result;
//! use synfire_distill::export::{self, InputCode};
//! use synfire_distill::nn::{Model, spec};
//!
//! /// A checkpoint as a file, and the first two of its four students as another.
//! fn export(spec: &spec::Model, model: &Model) -> Result<[Vec<u8>; 2]> {
//!     let all = export::onnx(spec, model, 4, InputCode::PIXELS)?;
//!     let active = [true, true, false, false];
//!     let pair = export::subset(spec, model, &active, 4, InputCode::PIXELS)?;
//!     Ok([all, synfire::export::onnx::write(&pair)?])
//! }
//! ```

mod build;
mod parameters;

use synfire::diag::Result;
use synfire::ir::{self, Graph};

use crate::data::Dataset;
use crate::nn::{Model, spec};
use build::Builder;

/// What a network is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InputCode {
    /// Levels of 8 bits, the same at every timestep; the network sees level · scale.
    Levels {
        /// What a level is multiplied with.
        scale: f64,
    },
    /// Levels of 8 bits, others at every timestep.
    LevelSteps {
        /// What a level is multiplied with.
        scale: f64,
    },
    /// Spikes, others at every timestep: a data set that is shown as rates.
    Spikes,
    /// Real numbers, the same at every timestep.
    Reals,
    /// Real numbers, others at every timestep.
    RealSteps,
}

impl InputCode {
    /// Pixels from 0 to 1 in steps of 1/255, the same at every timestep.
    pub const PIXELS: Self = Self::Levels { scale: 1.0 / 255.0 };

    /// What the samples of a data set are.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        match (data.timesteps(), data.is_fixed()) {
            (None, _) => Self::Levels { scale: data.scale },
            (Some(_), true) => Self::LevelSteps { scale: data.scale },
            (Some(_), false) => Self::Spikes,
        }
    }
}

/// A network as a graph of `steps` timesteps, verified.
///
/// # Errors
/// [`STUDENT_EXPORT`](synfire::diag::codes::STUDENT_EXPORT) if model and description do not
/// belong together or a binary layer has no magnitude; what [`ir::verify`] says, with the
/// node.
pub fn graph(spec: &spec::Model, model: &Model, steps: u32, input: InputCode) -> Result<Graph> {
    build(spec, model, None, steps, input)
}

/// A network with the members of its ensemble that are `active`, as a graph.
///
/// # Errors
/// As [`graph`]; [`STUDENT_SUBSET`](synfire::diag::codes::STUDENT_SUBSET) if the network has
/// no ensemble of so many members, none of them is active, or something depends on a member
/// that cannot be cut out with it.
pub fn subset(
    spec: &spec::Model,
    model: &Model,
    active: &[bool],
    steps: u32,
    input: InputCode,
) -> Result<Graph> {
    build(spec, model, Some(active), steps, input)
}

/// A network as a file in the compiler's dialect of ONNX.
///
/// # Errors
/// As [`graph`] and [`synfire::export::onnx::write`].
pub fn onnx(spec: &spec::Model, model: &Model, steps: u32, input: InputCode) -> Result<Vec<u8>> {
    synfire::export::onnx::write(&graph(spec, model, steps, input)?)
}

fn build(
    spec: &spec::Model,
    model: &Model,
    active: Option<&[bool]>,
    steps: u32,
    input: InputCode,
) -> Result<Graph> {
    let graph = Builder::new(active, steps).model(spec, model, input)?;
    ir::verify(&graph)?;
    Ok(graph)
}
