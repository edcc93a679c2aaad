// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph as a table.

use std::fmt::Write as _;

use serde::Serialize;

use super::facts::{self, grouped};
use crate::diag::Result;
use crate::ir::Graph;

const HEAD: [&str; 9] =
    ["node", "operator", "from", "stream", "parameters", "+1", "-1", "threshold", "leak"];
/// Columns of numbers are aligned at the right.
const RIGHT: std::ops::RangeInclusive<usize> = 4..=6;

/// A graph in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the graph.
    pub name: String,
    /// How often it runs for one inference.
    pub timesteps: u32,
    /// Stored parameters of all nodes.
    pub parameters: usize,
    /// Operands before users.
    pub nodes: Vec<NodeSummary>,
    /// The node whose stream is the result.
    pub output: Option<String>,
}

/// One node of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeSummary {
    /// Its name.
    pub name: String,
    /// What it computes.
    pub operator: &'static str,
    /// The nodes that feed it.
    pub from: Vec<String>,
    /// What leaves it, as the text form has it.
    pub stream: String,
    /// Stored parameters.
    pub parameters: usize,
    /// Weights that are +1 and that are −1.
    pub signs: Option<(usize, usize)>,
    /// Thresholds, lowest to highest.
    pub threshold: Option<String>,
    /// Leak.
    pub leak: Option<String>,
}

/// The graph in figures.
///
/// # Errors
/// Only if the graph has a cycle without a register.
pub fn summary(graph: &Graph) -> Result<Summary> {
    let said = |text: String| Some(text).filter(|t| !t.is_empty());
    let node = |id| {
        let node = graph.node(id);
        let facts = facts::of(&node.op, &node.stream);
        NodeSummary {
            name: node.name.clone(),
            operator: node.op.name(),
            from: graph.operands(id).iter().map(|&o| graph.node(o).name.clone()).collect(),
            stream: node.stream.to_string(),
            parameters: facts.parameters,
            signs: facts.signs,
            threshold: said(facts.threshold),
            leak: said(facts.leak),
        }
    };
    let nodes: Vec<_> = graph.order()?.into_iter().map(node).collect();
    Ok(Summary {
        name: graph.name.clone(),
        timesteps: graph.timesteps,
        parameters: nodes.iter().map(|n| n.parameters).sum(),
        nodes,
        output: graph.output().ok().map(|id| graph.node(id).name.clone()),
    })
}

/// The graph as a table, one node a line, operands before users; a register on a cycle comes
/// before its operand.
///
/// # Errors
/// Only if the graph has a cycle without a register.
pub fn text(graph: &Graph) -> Result<String> {
    let summary = summary(graph)?;
    let mut rows = vec![HEAD.map(str::to_owned)];
    for n in &summary.nodes {
        let (plus, minus) =
            n.signs.map_or_else(Default::default, |(p, m)| (grouped(p), grouped(m)));
        rows.push([
            n.name.clone(),
            n.operator.to_owned(),
            n.from.join(", "),
            n.stream.clone(),
            grouped(n.parameters),
            plus,
            minus,
            n.threshold.clone().unwrap_or_default(),
            n.leak.clone().unwrap_or_default(),
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
    let _ = writeln!(out, "\n{} nodes, {} parameters", graph.len(), grouped(summary.parameters));
    if let Some(output) = summary.output {
        let _ = writeln!(out, "output: {output}");
    }
    Ok(out)
}
