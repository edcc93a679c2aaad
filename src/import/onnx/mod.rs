// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ONNX models.
//!
//! ```text
//! bytes ─decode▶ proto ─model▶ Model ─values▶ Values ─lift▶ ir::Graph
//! ```
//!
//! - `decode`: protobuf, bounded by the size of the file;
//! - `external`: tensors in files beside the model;
//! - `functions`: the model's own functions inlined;
//! - `model`: every edge resolved, names unique, no cycle, shapes known;
//! - `values`: the graph as values, constants folded (`ops/`), equal subexpressions one;
//! - `lift`: patterns that recognise layers and roll the unrolled timesteps up.
//!
//! The batch dimension is the first one of the input. A symbolic batch is taken as 1, a
//! fixed one as it is; the graph that results describes one sample.

mod catalogue;
mod decode;
#[cfg(test)]
mod defaults;
pub(crate) mod dialect;
mod elem;
mod external;
mod functions;
mod lift;
mod model;
mod node;
mod ops;
mod outputs;
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[rustfmt::skip]
pub(crate) mod proto;
#[cfg(test)]
mod second_decoder;
mod tensor;
#[cfg(test)]
mod testing;
mod values;
mod window;

pub use catalogue::{Operator, Pattern, operators, patterns};

use std::path::Path;

use super::{LiftReport, Options};
use crate::diag::Result;
use crate::ir::Graph;

/// Imports an ONNX model; `name` is used where the file names nothing itself.
///
/// # Errors
/// SF01xx with the node and what could be done; tensors in other files are refused.
pub fn import(bytes: &[u8], name: &str, options: &Options) -> Result<(Graph, LiftReport)> {
    import_from(bytes, name, None, options)
}

/// As [`import`], with tensors in other files of `folder`.
///
/// # Errors
/// As [`import`].
pub fn import_from(
    bytes: &[u8],
    name: &str,
    folder: Option<&Path>,
    options: &Options,
) -> Result<(Graph, LiftReport)> {
    let mut proto = decode::decode(bytes)?;
    let beside = folder.map_or(Ok(0), |f| external::load(&mut proto, f))?;
    let size = bytes.len().saturating_add(beside);
    functions::inline(&mut proto, size)?;
    let read = |options: &Options| {
        let model = model::Model::new(&proto, options)?;
        let values = values::Values::new(&model, size)?;
        lift::lift(&model, &values, size, name, options)
    };
    read(options).or_else(|refused| outputs::choose(&proto, options, refused, read))
}
