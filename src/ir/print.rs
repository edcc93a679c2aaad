// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes a graph as text (docs/ir.md).

use std::fmt::Write as _;

use super::{Graph, Op};
use crate::diag::{Diagnostic, Result};

/// Version of the text form.
pub(super) const VERSION: u32 = 1;

/// The text form of a graph; [`super::parse()`] reads it back to the same graph.
///
/// # Errors
/// Only if the graph is not well-formed (a cycle without a register, no output).
pub fn print(graph: &Graph) -> Result<String> {
    let mut text = format!(
        "synfire-ir {VERSION}\ngraph {} timesteps {}\n",
        quoted(&graph.name),
        graph.timesteps
    );
    for id in graph.order()? {
        let node = graph.node(id);
        let operands: Vec<_> =
            graph.operands(id).iter().map(|&o| reference(&graph.node(o).name)).collect();
        let _ = writeln!(
            text,
            "{} = {}({}) : {} {}",
            reference(&node.name),
            node.op.name(),
            operands.join(", "),
            node.stream,
            attributes(&node.op)?
        );
    }
    let _ = writeln!(text, "output {}", reference(&graph.node(graph.output()?).name));
    Ok(text)
}

/// A name as it is referred to: bare where it can be, quoted as JSON otherwise.
pub(super) fn reference(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if !name.is_empty() && name.chars().all(bare) {
        format!("%{name}")
    } else {
        format!("%{}", quoted(name))
    }
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

fn attributes(op: &Op) -> Result<String> {
    match op {
        Op::Input(a) => serde_json::to_string(a),
        Op::Scale(a) => serde_json::to_string(a),
        Op::Linear(a) => serde_json::to_string(a),
        Op::Conv(a) => serde_json::to_string(a),
        Op::Pool(a) => serde_json::to_string(a),
        Op::Reshape(a) => serde_json::to_string(a),
        Op::Add | Op::Relu => Ok("{}".to_owned()),
        Op::Concat(a) => serde_json::to_string(a),
        Op::Threshold(a) => serde_json::to_string(a),
        Op::Delay(a) => serde_json::to_string(a),
        Op::Li(a) => serde_json::to_string(a),
        Op::BatchNorm(a) => serde_json::to_string(a),
        Op::Lif(a) => serde_json::to_string(a),
        Op::FixedLif(a) => serde_json::to_string(a),
        Op::FixedLi(a) => serde_json::to_string(a),
        Op::FixedScale(a) => serde_json::to_string(a),
        Op::Readout(a) => serde_json::to_string(a),
        Op::FixedReadout(a) => serde_json::to_string(a),
    }
    .map_err(|e| Diagnostic::internal("print", e.to_string()))
}
