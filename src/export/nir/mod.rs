// SPDX-License-Identifier: Apache-2.0 OR MIT
//! NIR graphs, as the Python package `nir` 1.0.8 reads them.
//!
//! ```text
//! ir::Graph ─plan▶ who becomes a node ─layer, neuron▶ nodes and edges ─file▶ HDF5
//! ```
//!
//! The inverse of `import::nir`: what that makes of a file is written as a file of which it
//! makes the same graph. A number is chosen such that it reads back to the same double
//! where there is one (`euler`).

mod euler;
mod file;
mod layer;
mod neuron;
mod plan;

use super::Written;
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Node};

/// A node of a NIR graph.
#[derive(Debug, Clone)]
struct Out {
    kind: &'static str,
    parameters: Vec<(&'static str, Value)>,
}

/// A parameter.
#[derive(Debug, Clone)]
enum Value {
    Text(&'static str),
    Reals(Vec<usize>, Vec<f64>),
    Whole(Vec<usize>, Vec<i64>),
}

impl Out {
    fn new(kind: &'static str, parameters: Vec<(&'static str, Value)>) -> Self {
        Self { kind, parameters }
    }
}

/// Extents as a parameter.
fn extents(shape: &[usize]) -> Value {
    Value::Whole(vec![shape.len()], shape.iter().map(|&d| d as i64).collect())
}

fn unsupported(node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::EXPORT_UNSUPPORTED, message).at(node.name.clone())
}

/// Writes a graph in its real form; `dt` is the length of a timestep.
///
/// # Errors
/// [`codes::EXPORT_UNSUPPORTED`] with the node that NIR cannot say.
pub fn write(graph: &Graph, dt: f64) -> Result<Written> {
    let mut plan = plan::Plan::new(graph, dt);
    let whole = plan.nodes()?;
    let mut notes = plan.notes();
    notes.push(format!(
        "the file does not say the timestep: read it with --dt {dt} --timesteps {}",
        graph.timesteps
    ));
    Ok(Written { bytes: file::encode(&whole)?, notes })
}
