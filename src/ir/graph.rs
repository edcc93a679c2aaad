// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The graph itself: nodes, operands and their order.

use std::collections::HashMap;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, NodeIndexable};

use super::infer::possible;
use super::{Op, Stream, infer};
use crate::diag::{Diagnostic, Result, codes};

/// Handle of a node.
pub type NodeId = NodeIndex;

/// One operator, its name and what it produces.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Unique in the graph; taken from the source file where there is one.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// What leaves it, as inferred from `op` and the operands.
    pub stream: Stream,
}

/// A spiking dataflow graph with one output.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Name of the model.
    pub name: String,
    /// T, ≥ 1.
    pub timesteps: u32,
    /// Edge weight: which operand of the target node.
    pub(super) nodes: StableDiGraph<Node, usize>,
    /// Node by name, which a node keeps.
    pub(super) names: HashMap<String, NodeId>,
    pub(super) output: Option<NodeId>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new(name: impl Into<String>, timesteps: u32) -> Self {
        Self {
            name: name.into(),
            timesteps,
            nodes: StableDiGraph::new(),
            names: HashMap::new(),
            output: None,
        }
    }

    /// Adds a node; its stream is inferred.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] if the name is taken, or operands and operator do not agree.
    pub fn add(&mut self, name: impl Into<String>, op: Op, operands: &[NodeId]) -> Result<NodeId> {
        let name = name.into();
        if self.find(&name).is_some() {
            return Err(Diagnostic::new(&codes::IR_INVALID, "two nodes have this name").at(name));
        }
        let streams: Vec<_> = operands.iter().map(|&o| &self.node(o).stream).collect();
        let stream = infer(&op, &streams).map_err(|d| d.at(name.clone()))?;
        let id = self.insert(Node { name, op, stream });
        for (slot, &operand) in operands.iter().enumerate() {
            self.nodes.add_edge(operand, id, slot);
        }
        Ok(id)
    }

    /// Adds a register (a delay of at least one timestep) whose operand comes later, by
    /// [`Graph::connect`]: it may depend on the register itself.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] if the name is taken or there can be no such stream.
    pub fn add_register(
        &mut self,
        name: impl Into<String>,
        op: Op,
        stream: Stream,
    ) -> Result<NodeId> {
        let name = name.into();
        if self.find(&name).is_some() {
            return Err(Diagnostic::new(&codes::IR_INVALID, "two nodes have this name").at(name));
        }
        if !op.is_register() {
            return Err(Diagnostic::internal("graph", "only a delay is a register"));
        }
        possible(&stream).map_err(|d| d.at(name.clone()))?;
        Ok(self.insert(Node { name, op, stream }))
    }

    fn insert(&mut self, node: Node) -> NodeId {
        let name = node.name.clone();
        let id = self.nodes.add_node(node);
        self.names.insert(name, id);
        id
    }

    /// Gives a register its operand, whose stream must be the one that was declared.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] if the streams differ; an internal error if it has an operand.
    pub fn connect(&mut self, register: NodeId, operand: NodeId) -> Result<()> {
        let node = self.node(register);
        if !node.op.is_register() || !self.operands(register).is_empty() {
            return Err(Diagnostic::internal("graph", "connect takes a register without operand"));
        }
        let stream =
            infer(&node.op, &[&self.node(operand).stream]).map_err(|d| d.at(node.name.clone()))?;
        if stream != node.stream {
            let message = format!("declared as `{}`, but it produces `{stream}`", node.stream);
            return Err(Diagnostic::new(&codes::IR_INVALID, message).at(node.name.clone()));
        }
        self.nodes.add_edge(operand, register, 0);
        Ok(())
    }

    /// Names the node whose stream leaves the graph.
    pub fn set_output(&mut self, id: NodeId) {
        self.output = Some(id);
    }

    /// The node whose stream leaves the graph.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] if none was named.
    pub fn output(&self) -> Result<NodeId> {
        self.output.ok_or_else(|| {
            Diagnostic::new(&codes::IR_INVALID, "the graph has no output")
                .help("name it in a line of its own: `output %node`")
        })
    }

    /// The node with this handle.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The operator of a node, to be changed in place; call [`Graph::refresh`] afterwards.
    pub fn op_mut(&mut self, id: NodeId) -> &mut Op {
        &mut self.nodes[id].op
    }

    /// The node with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.node_count()
    }

    /// True if there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Operands of a node, in order.
    #[must_use]
    pub fn operands(&self, id: NodeId) -> Vec<NodeId> {
        let mut slots: Vec<_> = self
            .nodes
            .edges_directed(id, Direction::Incoming)
            .map(|e| (*e.weight(), e.source()))
            .collect();
        slots.sort_unstable();
        slots.into_iter().map(|(_, source)| source).collect()
    }

    /// Nodes that take this node's stream, in order of their handles.
    #[must_use]
    pub fn users(&self, id: NodeId) -> Vec<NodeId> {
        let mut users: Vec<_> = self.nodes.neighbors_directed(id, Direction::Outgoing).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// All nodes, operands before users, except that a register on a cycle comes before its
    /// operand; the same order for the same graph.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] if the graph has a cycle without a register.
    pub fn order(&self) -> Result<Vec<NodeId>> {
        // Nodes that reach each other are in the same component.
        let mut component = vec![0; self.nodes.node_bound()];
        for (c, members) in kosaraju_scc(&self.nodes).into_iter().enumerate() {
            members.into_iter().for_each(|id| component[id.index()] = c);
        }
        let waits = |operand: NodeId, user: NodeId| {
            let recurs = component[operand.index()] == component[user.index()];
            !(recurs && self.nodes[user].op.is_register())
        };
        let mut missing: Vec<usize> = vec![0; self.nodes.node_bound()];
        let mut ready = std::collections::BTreeSet::new();
        for id in self.nodes.node_indices() {
            let operands = self.nodes.neighbors_directed(id, Direction::Incoming);
            missing[id.index()] = operands.filter(|&o| waits(o, id)).count();
            if missing[id.index()] == 0 {
                ready.insert(id);
            }
        }
        let mut order = Vec::with_capacity(self.len());
        while let Some(id) = ready.pop_first() {
            order.push(id);
            for user in self.nodes.neighbors_directed(id, Direction::Outgoing) {
                if !waits(id, user) {
                    continue;
                }
                let left = &mut missing[user.index()];
                *left -= 1;
                if *left == 0 {
                    ready.insert(user);
                }
            }
        }
        if order.len() == self.len() {
            return Ok(order);
        }
        let stuck = self.nodes.node_indices().find(|id| missing[id.index()] > 0);
        let name = stuck.map_or_else(String::new, |id| self.nodes[id].name.clone());
        Err(Diagnostic::new(&codes::IR_INVALID, "the graph has a cycle through this node")
            .at(name)
            .help("a recurrent connection needs a delay of at least one timestep"))
    }

    /// Removes a node with one operand: its users take the operand instead.
    ///
    /// # Errors
    /// An internal error if the node does not have exactly one operand.
    pub fn bypass(&mut self, id: NodeId) -> Result<()> {
        let operands = self.operands(id);
        let [operand] = operands[..] else {
            return Err(Diagnostic::internal("graph", "bypass takes a node with one operand"));
        };
        let out: Vec<_> = self
            .nodes
            .edges_directed(id, Direction::Outgoing)
            .map(|e| (e.target(), *e.weight()))
            .collect();
        for (user, slot) in out {
            self.nodes.add_edge(operand, user, slot);
        }
        if self.output == Some(id) {
            self.output = Some(operand);
        }
        if let Some(node) = self.nodes.remove_node(id) {
            self.names.remove(&node.name);
        }
        Ok(())
    }

    /// Infers every stream again, after operators have changed.
    ///
    /// # Errors
    /// [`codes::IR_INVALID`] with the node that no longer agrees with its operands.
    pub fn refresh(&mut self) -> Result<()> {
        let order = self.order()?;
        // What a register on a cycle takes comes later in the order, and depends on it:
        // streams settle after as many rounds as registers follow one another.
        let registers: Vec<_> =
            order.iter().copied().filter(|&id| self.nodes[id].op.is_register()).collect();
        for _ in 0..=registers.len() {
            for &id in &order {
                self.nodes[id].stream = self.inferred(id)?;
            }
            let mut settled = true;
            for &id in &registers {
                let stream = self.inferred(id)?;
                settled &= stream == self.nodes[id].stream;
                self.nodes[id].stream = stream;
            }
            if settled {
                return Ok(());
            }
        }
        let name = registers.first().map_or_else(String::new, |&id| self.nodes[id].name.clone());
        Err(Diagnostic::new(&codes::IR_INVALID, "a recurrence whose stream grows").at(name))
    }

    fn inferred(&self, id: NodeId) -> Result<Stream> {
        let operands = self.operands(id);
        let streams: Vec<_> = operands.iter().map(|&o| &self.nodes[o].stream).collect();
        infer(&self.nodes[id].op, &streams).map_err(|d| d.at(self.nodes[id].name.clone()))
    }
}
