// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph as a table.

use std::fmt::Write as _;

use super::facts::{self, grouped};
use crate::diag::Result;
use crate::ir::Graph;

const HEAD: [&str; 9] =
    ["node", "operator", "from", "stream", "parameters", "+1", "-1", "threshold", "leak"];
/// Columns of numbers are aligned at the right.
const RIGHT: std::ops::RangeInclusive<usize> = 4..=6;

/// The graph as a table, one node a line, operands before users; a register on a cycle comes
/// before its operand.
///
/// # Errors
/// Only if the graph has a cycle without a register.
pub fn text(graph: &Graph) -> Result<String> {
    let mut rows = vec![HEAD.map(str::to_owned)];
    let mut parameters = 0;
    for id in graph.order()? {
        let node = graph.node(id);
        let facts = facts::of(&node.op, &node.stream);
        parameters += facts.parameters;
        let from: Vec<_> = graph.operands(id).iter().map(|&o| graph.node(o).name.clone()).collect();
        let (plus, minus) = match facts.signs {
            Some((p, m)) => (grouped(p), grouped(m)),
            None => (String::new(), String::new()),
        };
        rows.push([
            node.name.clone(),
            node.op.name().to_owned(),
            from.join(", "),
            node.stream.to_string(),
            grouped(facts.parameters),
            plus,
            minus,
            facts.threshold,
            facts.leak,
        ]);
    }
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = format!("{}, {} timesteps\n\n", graph.name, graph.timesteps);
    for (i, row) in rows.iter().enumerate() {
        let cell = |(c, text): (usize, &String)| {
            let w = widths[c];
            if RIGHT.contains(&c) { format!("{text:>w$}") } else { format!("{text:<w$}") }
        };
        let line = row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "{}", line.trim_end());
        if i == 0 {
            let rule: Vec<_> = widths.iter().map(|&w| "-".repeat(w)).collect();
            let _ = writeln!(out, "{}", rule.join("  "));
        }
    }
    let _ = writeln!(out, "\n{} nodes, {} parameters", graph.len(), grouped(parameters));
    if let Ok(output) = graph.output() {
        let _ = writeln!(out, "output: {}", graph.node(output).name);
    }
    Ok(out)
}
