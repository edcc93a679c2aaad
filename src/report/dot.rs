// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph for Graphviz.

use std::fmt::Write as _;

use super::facts;
use crate::diag::Result;
use crate::ir::{Graph, Kind, Op};

/// The graph in Graphviz' language; the streams stand on the edges.
///
/// # Errors
/// Only if the graph has a cycle without a register.
pub fn dot(graph: &Graph) -> Result<String> {
    let mut out = format!("digraph {} {{\n", quoted(&graph.name));
    out.push_str("  rankdir=TB;\n");
    out.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=10];\n");
    let order = graph.order()?;
    for &id in &order {
        let node = graph.node(id);
        let mut lines = vec![node.name.clone(), node.op.name().to_owned()];
        lines.extend(facts::of(&node.op, &node.stream).lines);
        let shape = match node.op {
            Op::Input(_) => ", shape=ellipse",
            Op::Lif(_) | Op::FixedLif(_) => ", peripheries=2",
            _ => "",
        };
        let _ =
            writeln!(out, "  n{} [label={}{shape}{}];", id.index(), label(&lines), fill(&node.op));
    }
    let mut above = std::collections::HashSet::new();
    for &id in &order {
        for (slot, operand) in graph.operands(id).into_iter().enumerate() {
            let stream = &graph.node(operand).stream;
            let mut style = String::new();
            if stream.kind == Kind::Spikes {
                style += ", style=dashed";
            }
            if matches!(graph.node(id).op, Op::Concat(_)) {
                let _ = write!(style, ", headlabel=\"{}\"", slot + 1);
            }
            if !above.contains(&operand) {
                // It closes a cycle, and does not say what stands above what.
                style += ", constraint=false";
            }
            let (from, to) = (operand.index(), id.index());
            let text = quoted(&stream.to_string());
            let _ = writeln!(out, "  n{from} -> n{to} [label={text}{style}];");
        }
        above.insert(id);
    }
    if let Ok(output) = graph.output() {
        let text = quoted(&graph.node(output).stream.to_string());
        let _ = writeln!(out, "  output [shape=plaintext];");
        let _ = writeln!(out, "  n{} -> output [label={text}];", output.index());
    }
    out.push_str("}\n");
    Ok(out)
}

/// What has weights, what fires and what keeps a state otherwise is told apart by a pale colour,
/// which black text can be read on.
fn fill(op: &Op) -> &'static str {
    match op {
        Op::Input(_) | Op::Readout(_) | Op::FixedReadout(_) => ", fillcolor=\"#e8ecf1\"",
        Op::Linear(_) | Op::Conv(_) => ", fillcolor=\"#dbe9fb\"",
        Op::Lif(_) | Op::FixedLif(_) | Op::Threshold(_) => ", fillcolor=\"#fde6cf\"",
        Op::Li(_) | Op::FixedLi(_) | Op::Delay(_) => ", fillcolor=\"#dff3e1\"",
        _ => "",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A quote ends the string and a backslash begins an escape; a line break would be one.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}

/// Several lines, centred.
fn label(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|l| escaped(l)).collect();
    format!("\"{}\"", lines.join("\\n"))
}
