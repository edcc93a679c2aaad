// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators that a node becomes, in order. The last one has the node's name, the
//! others the name and an ending.

mod layer;
mod neuron;
mod window;

use super::node::Node;
use super::unsaid::Time;
use crate::diag::{Result, codes};
use crate::ir::Op;

/// Operators with their endings; none for a node that passes its stream on.
pub(super) type Lowered = Vec<(&'static str, Op)>;

/// What a node of this shape becomes.
///
/// # Errors
/// [`codes::NIR_NODE`] for an unknown type, and what the parameters lead to.
pub(super) fn lower(node: &Node, shape: &[usize], time: &Time) -> Result<Lowered> {
    let op = match node.kind.as_str() {
        "Input" | "Output" => return layer::end(node, shape),
        "Flatten" => return layer::flatten(node, shape),
        "Linear" => layer::linear(node, shape, false)?,
        "Affine" => layer::linear(node, shape, true)?,
        "Scale" => layer::scale(node, shape)?,
        "Threshold" => layer::threshold(node, shape)?,
        "Delay" => layer::delay(node, shape, time)?,
        "Conv1d" => window::conv(node, shape, 1)?,
        "Conv2d" => window::conv(node, shape, 2)?,
        "SumPool2d" | "AvgPool2d" => window::pool(node, shape)?,
        "I" | "LI" => neuron::integrator(node, shape, time)?,
        "IF" | "LIF" => neuron::firing(node, shape, time)?,
        "CubaLI" => return neuron::current_based(node, shape, time, neuron::integrator),
        "CubaLIF" => return neuron::current_based(node, shape, time, neuron::firing),
        other => {
            let message =
                format!("the type `{}` is not known", other.chars().take(60).collect::<String>());
            return Err(node
                .error(&codes::NIR_NODE, message)
                .help("docs/nir.md lists the types that are read; express the node by them"));
        }
    };
    Ok(vec![("", op)])
}
