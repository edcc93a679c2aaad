// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a pattern is given, and what it finds.

use super::Lift;
use super::names::Hint;
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{NodeId, Op, ReadoutKind};

/// Which values of the file a stream consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// One value: the same at every timestep.
    Static,
    /// One value a timestep.
    Steps,
    /// One value: what a readout of this kind makes of the node's timesteps.
    End(ReadoutKind),
}

/// What flows along an edge.
#[derive(Debug, Clone)]
pub(in crate::import::onnx) struct Stream {
    /// The node it leaves.
    pub(super) node: NodeId,
    pub(super) steps: Vec<ValueId>,
    pub(super) flow: Flow,
}

impl Stream {
    pub(super) fn is_static(&self) -> bool {
        self.flow == Flow::Static
    }

    /// The same node, seen as other values.
    pub(super) fn of(&self, steps: Vec<ValueId>) -> Self {
        Self { node: self.node, steps, flow: self.flow }
    }
}

/// What a match becomes.
#[derive(Debug)]
pub(super) enum Effect {
    /// Nodes one after another, the first of which takes the stream.
    Nodes(Vec<(Hint, Op)>),
    /// Nodes one after another, the first of which takes the sum of the stream and of what
    /// each of these ways makes of the last one's spikes of the timestep before.
    Recurrent(Vec<Vec<(Hint, Op)>>, Vec<(Hint, Op)>),
    /// A node that takes the streams of these nodes.
    Join(Hint, Op, Vec<NodeId>),
    /// What the stream of the first node is above that of the second.
    Difference(Hint, NodeId, NodeId),
    /// The node whose stream leaves the graph.
    Output(Hint, Op),
    /// Nothing: the same stream as other values.
    Alias,
    /// The same input in another shape.
    Reshape(Vec<usize>),
}

/// A match of a pattern on a stream.
#[derive(Debug)]
pub(in crate::import::onnx) struct Found {
    pub(super) effect: Effect,
    /// The values of the stream that results.
    pub(super) steps: Vec<ValueId>,
    pub(super) flow: Flow,
    /// Every value that the match accounts for.
    pub(super) taken: Vec<ValueId>,
}

impl Found {
    /// A layer without state: the operators of `group`, one a timestep.
    pub(super) fn layer(stream: &Stream, hint: Hint, op: Op, group: Vec<ValueId>) -> Self {
        Self::new(stream, Effect::Nodes(vec![(hint, op)]), group)
    }

    pub(super) fn new(stream: &Stream, effect: Effect, group: Vec<ValueId>) -> Self {
        Self { effect, steps: group.clone(), flow: stream.flow, taken: group }
    }
}

/// A way in which the file's operators form a layer.
pub(in crate::import::onnx) trait Pattern: Sync {
    /// Kebab-case name, for the report.
    fn name(&self) -> &'static str;

    /// The operators that it is looked for at.
    fn operators(&self) -> &'static [&'static str];

    /// What they become, for the documentation.
    fn becomes(&self) -> &'static str;

    /// Every match on this stream.
    ///
    /// # Errors
    /// SF012x at the node that cannot be right.
    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>>;
}
