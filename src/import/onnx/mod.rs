// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ONNX models.
//!
//! ```text
//! bytes ─decode▶ proto ─model▶ Model ─values▶ Values ─lift▶ ir::Graph
//! ```
//!
//! - `decode`: protobuf, bounded by the size of the file;
//! - `model`: every edge resolved, names unique, no cycle, shapes known;
//! - `values`: the graph as values, constants folded (`ops/`), equal subexpressions one;
//! - `lift`: patterns that recognise layers and roll the unrolled timesteps up.
//!
//! The batch dimension is the first one of the input. A symbolic batch is taken as 1, a
//! fixed one as it is; the graph that results describes one sample.

mod catalogue;
mod decode;
mod elem;
mod lift;
mod model;
mod node;
mod ops;
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[rustfmt::skip]
mod proto;
mod tensor;
#[cfg(test)]
mod testing;
mod values;
mod window;

pub use catalogue::{Operator, Pattern, operators, patterns};

use super::{LiftReport, Options};
use crate::diag::Result;
use crate::ir::Graph;

/// Imports an ONNX model; `name` is used where the file names nothing itself.
///
/// # Errors
/// SF01xx with the node and what could be done.
pub fn import(bytes: &[u8], name: &str, options: &Options) -> Result<(Graph, LiftReport)> {
    let proto = decode::decode(bytes)?;
    let model = model::Model::new(&proto, options)?;
    let values = values::Values::new(&model, bytes.len())?;
    lift::lift(&model, &values, name, options)
}
