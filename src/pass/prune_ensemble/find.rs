// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which part of a graph is an ensemble.

use std::collections::BTreeSet;

use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op};

/// Members of an ensemble: branches that share nothing but what is before all or some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensemble {
    /// Where the members come together: a concat or an addition.
    pub join: NodeId,
    /// The last node of each member, in the order in which the join takes them.
    pub ends: Vec<NodeId>,
    /// The nodes that a member has for itself.
    pub own: Vec<BTreeSet<NodeId>>,
}

/// The ensemble in a graph, if there is one: of several, the one nearest to the output.
///
/// A residual block is none: its shortcut has no neurons, or neurons follow.
///
/// # Errors
/// If the graph is not well-formed.
pub fn ensemble(graph: &Graph) -> Result<Option<Ensemble>> {
    let order = graph.order()?;
    let neurons = order.iter().filter(|id| fires(graph, **id));
    let before = ancestors(graph, neurons.flat_map(|&id| graph.operands(id)).collect());
    let joins = order.iter().rev().filter(|id| !before.contains(id));
    Ok(joins.copied().find_map(|join| members(graph, join)))
}

fn fires(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Lif(_) | Op::FixedLif(_) | Op::Threshold(_))
}

/// The members that come together at a node, if it is the join of an ensemble.
fn members(graph: &Graph, join: NodeId) -> Option<Ensemble> {
    if !matches!(graph.node(join).op, Op::Add | Op::Concat(_)) {
        return None;
    }
    let ends = graph.operands(join);
    let all: Vec<BTreeSet<NodeId>> = ends.iter().map(|&e| ancestors(graph, vec![e])).collect();
    let own = |m: usize| -> BTreeSet<NodeId> {
        let elsewhere = |id: &NodeId| (0..all.len()).any(|o| o != m && all[o].contains(id));
        all[m].iter().copied().filter(|id| !elsewhere(id)).collect()
    };
    let own: Vec<_> = (0..ends.len()).map(own).collect();
    let alone = |own: &BTreeSet<NodeId>| {
        own.iter().any(|&id| fires(graph, id))
            && own.iter().all(|&id| graph.users(id).iter().all(|u| *u == join || own.contains(u)))
    };
    own.iter().all(alone).then_some(Ensemble { join, ends, own })
}

/// Nodes and all that they depend on.
fn ancestors(graph: &Graph, mut open: Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(graph.operands(id));
        }
    }
    seen
}
