// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What follows the members of an ensemble, as a graph of its own: members are run once for a
//! sample, and what follows once for each choice of members.

use std::collections::HashMap;

use crate::diag::Result;
use crate::ir::{Graph, Input, NodeId, Op};

/// A graph whose input is what `start` gives; nothing if it also needs something else.
pub(super) fn rest(graph: &Graph, start: NodeId) -> Result<Option<Graph>> {
    let mut rest = Graph::new(graph.name.clone(), graph.timesteps);
    let stream = &graph.node(start).stream;
    let input = Input { shape: stream.shape.clone(), bits: None, is_static: false };
    let mut new = HashMap::new();
    new.insert(start, rest.add(graph.node(start).name.clone(), Op::Input(input), &[])?);
    for id in graph.order()? {
        let operands = graph.operands(id);
        if id == start || !operands.iter().any(|o| new.contains_key(o)) {
            continue;
        }
        let node = graph.node(id);
        let operands: Option<Vec<NodeId>> = operands.iter().map(|o| new.get(o).copied()).collect();
        match operands {
            Some(operands) if !node.op.is_register() => {
                new.insert(id, rest.add(node.name.clone(), node.op.clone(), &operands)?);
            }
            _ => return Ok(None),
        }
    }
    let Some(&output) = new.get(&graph.output()?) else { return Ok(None) };
    rest.set_output(output);
    Ok(Some(rest))
}
