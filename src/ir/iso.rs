// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Are two graphs the same, whatever their nodes are called?

use super::{Graph, NodeId};

/// True if both graphs compute the same with the same operators, node by node from the
/// outputs backwards; names do not count. Nodes that do not reach the output do.
#[must_use]
pub fn isomorphic(a: &Graph, b: &Graph) -> bool {
    let (Ok(out_a), Ok(out_b)) = (a.output(), b.output()) else { return false };
    if a.timesteps != b.timesteps || a.len() != b.len() {
        return false;
    }
    let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
    let mut open = vec![(out_a, out_b)];
    while let Some((x, y)) = open.pop() {
        match pairs.iter().find(|p| p.0 == x || p.1 == y) {
            Some(&pair) if pair == (x, y) => continue,
            Some(_) => return false,
            None => pairs.push((x, y)),
        }
        let (nx, ny) = (a.node(x), b.node(y));
        let (ox, oy) = (a.operands(x), b.operands(y));
        if nx.op != ny.op || nx.stream != ny.stream || ox.len() != oy.len() {
            return false;
        }
        open.extend(ox.into_iter().zip(oy));
    }
    pairs.len() == a.len()
}
