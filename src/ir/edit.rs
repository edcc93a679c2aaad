// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Changes of a graph that passes make.

use std::collections::BTreeSet;

use petgraph::Direction;
use petgraph::visit::EdgeRef;

use super::{Graph, NodeId, Op};
use crate::diag::Result;

impl Graph {
    /// `name`, or with marks behind it if a node is called so.
    #[must_use]
    pub fn unused(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.find(&name).is_some() {
            name.push('\'');
        }
        name
    }

    /// Gives a node another operator and other operands; call [`Graph::refresh`] afterwards.
    pub fn replace(&mut self, id: NodeId, op: Op, operands: &[NodeId]) {
        let old: Vec<_> =
            self.nodes.edges_directed(id, Direction::Incoming).map(|e| e.id()).collect();
        for edge in old {
            self.nodes.remove_edge(edge);
        }
        for (slot, &operand) in operands.iter().enumerate() {
            self.nodes.add_edge(operand, id, slot);
        }
        *self.op_mut(id) = op;
    }

    /// Says how many channels a node's stream has after an edit; call [`Graph::refresh`] once that
    /// is said of all. A register on a cycle is followed before what it takes.
    pub fn set_channels(&mut self, id: NodeId, channels: usize) {
        self.nodes[id].stream.shape[0] = channels;
    }

    /// Lets everything that takes `old` take `new`; call [`Graph::refresh`] afterwards.
    pub fn supersede(&mut self, old: NodeId, new: NodeId) {
        let edges: Vec<_> = self
            .nodes
            .edges_directed(old, Direction::Outgoing)
            .map(|e| (e.id(), e.target(), *e.weight()))
            .collect();
        for (edge, user, slot) in edges {
            self.nodes.remove_edge(edge);
            self.nodes.add_edge(new, user, slot);
        }
        if self.output == Some(old) {
            self.output = Some(new);
        }
    }

    /// Removes what the output does not depend on, but for the input.
    ///
    /// # Errors
    /// If the graph has no output.
    pub fn prune(&mut self) -> Result<()> {
        let mut reached = BTreeSet::new();
        let mut open = vec![self.output()?];
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(self.operands(id));
            }
        }
        let idle =
            |id: &NodeId| !reached.contains(id) && !matches!(self.node(*id).op, Op::Input(_));
        let idle: Vec<NodeId> = self.nodes.node_indices().filter(idle).collect();
        for id in idle {
            if let Some(node) = self.nodes.remove_node(id) {
                self.names.remove(&node.name);
            }
        }
        Ok(())
    }
}
