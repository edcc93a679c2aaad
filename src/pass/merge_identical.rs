// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `merge-identical`: neurons that fire alike are there once.
//!
//! Students that share a trunk are often written with a copy of it each. Neurons are the same if
//! all that they depend on is; then one of them serves all, and the others go with what they
//! alone depend on. So do copies of what has no weights, such as the factor on pixels. Layers
//! whose results differ later stay apart, even if they have the same weights: `merge-parallel`
//! makes one layer of them, with copies and all.

use std::collections::HashMap;

use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op};

/// See the module.
pub(super) struct MergeIdentical;

impl Pass for MergeIdentical {
    fn name(&self) -> &'static str {
        "merge-identical"
    }

    fn description(&self) -> &'static str {
        "makes one layer of layers of neurons that always fire alike"
    }

    fn requires(&self) -> &'static str {
        "nothing"
    }

    fn ensures(&self) -> &'static str {
        "neurons outside of cycles that compute the same are there once, unless a concat takes them all"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if matches!(graph.node(graph.output()?).op, Op::FixedReadout(_)) {
            return Ok(notes);
        }
        // The first node that computes what a node does. Operands come before users.
        let mut first: HashMap<NodeId, NodeId> = HashMap::new();
        let mut kept: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
        for id in graph.order()? {
            let of = |o: NodeId| first.get(&o).copied().unwrap_or(o);
            let operands: Vec<NodeId> = graph.operands(id).into_iter().map(of).collect();
            let same = |k: &&(NodeId, Vec<NodeId>)| {
                k.1 == operands && !operands.is_empty() && graph.node(k.0).op == graph.node(id).op
            };
            match kept.iter().find(same) {
                Some((twin, _)) => drop(first.insert(id, *twin)),
                None => kept.push((id, operands)),
            }
        }
        for id in graph.order()? {
            let Some(&twin) = first.get(&id) else { continue };
            let goes = match graph.node(id).op {
                Op::Linear(_) | Op::Conv(_) => false,
                Op::Lif(_) | Op::Li(_) | Op::Threshold(_) => {
                    graph.users(id).iter().any(|u| !matches!(graph.node(*u).op, Op::Concat(_)))
                }
                // Only where nothing has to go with it.
                _ => graph.operands(id) == graph.operands(twin),
            };
            if goes {
                notes.push(format!("{} is {}", graph.node(id).name, graph.node(twin).name));
                graph.supersede(id, twin);
            }
        }
        if !notes.is_empty() {
            graph.prune()?;
            graph.refresh()?;
        }
        Ok(notes)
    }
}
