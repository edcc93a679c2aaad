// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which channels of other streams go with a channel of a layer of neurons.
//!
//! Between the weights before neurons and the weights behind them everything treats each channel
//! for itself: pools, sums, scales, delays, a reshape that keeps channels whole. A channel can be
//! left out if it is left out of all these streams; then its rows go from the weights before, and
//! its columns from those behind. What has a place for every channel (the input, the classes,
//! groups of a convolution) keeps those that it has.

mod remove;

use std::collections::BTreeMap;

use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op, verify};

/// For each channel of a stream, the neuron (or channel of neurons) that it goes with.
type Labels = Vec<Option<usize>>;

/// The streams that lose a channel where a layer of neurons does.
pub(super) struct Channels {
    labels: BTreeMap<NodeId, Labels>,
    /// Channels of the layer that something needs in its place.
    pinned: Vec<bool>,
}

impl Channels {
    /// Those of a layer of neurons.
    pub(super) fn of(graph: &Graph, neurons: NodeId) -> Self {
        let count = graph.node(neurons).stream.shape[0];
        let mut found = Self { labels: BTreeMap::new(), pinned: vec![false; count] };
        let mut open = vec![(neurons, (0..count).map(Some).collect::<Labels>())];
        while let Some((id, labels)) = open.pop() {
            if let Some(known) = found.labels.get(&id).cloned() {
                // Streams that cannot agree keep what they do not agree about.
                let differ = known.iter().zip(&labels).filter(|(a, b)| a != b);
                differ.for_each(|(a, b)| found.pin(a.iter().chain(b).copied()));
                continue;
            }
            found.labels.insert(id, labels.clone());
            found.before(graph, id, &labels, &mut open);
            for user in graph.users(id) {
                found.behind(graph, (id, user), &labels, &mut open);
            }
        }
        found
    }

    /// Does something need this channel in its place?
    pub(super) fn is_pinned(&self, channel: usize) -> bool {
        self.pinned[channel]
    }

    /// The weights that read the channels, each with the stream that it reads and its labels.
    pub(super) fn readers(&self, graph: &Graph) -> Vec<(NodeId, NodeId, &[Option<usize>])> {
        let mut all = Vec::new();
        for (&from, labels) in &self.labels {
            let users = graph.users(from).into_iter();
            let weighs = users.filter(|u| matches!(graph.node(*u).op, Op::Linear(_) | Op::Conv(_)));
            all.extend(weighs.map(|user| (user, from, &labels[..])));
        }
        all
    }

    /// No stream may lose all of its channels: one of each stays.
    pub(super) fn spare(&self, gone: &mut [bool]) {
        for labels in self.labels.values() {
            if labels.iter().all(|l| l.is_some_and(|c| gone[c])) {
                labels.iter().take(1).flatten().for_each(|c| gone[*c] = false);
            }
        }
    }

    /// What goes with these channels of a layer, and that it goes: the end of a note.
    pub(super) fn end(&self, graph: &Graph, layer: NodeId, gone: &[bool]) -> String {
        let fires = |id: &NodeId| *id != layer && matches!(graph.node(*id).op, Op::FixedLif(_));
        let others = self.labels.keys().copied().filter(fires).filter_map(|id| {
            let lost: Vec<bool> = self.kept(graph, id, gone).iter().map(|k| !k).collect();
            lost.contains(&true).then(|| format!(", with them {}", said(graph, id, &lost)))
        });
        format!("{}: left out, the others keep their order", others.collect::<String>())
    }

    /// A graph without these channels of the layer; none if it would break a rule, such as a
    /// declared width.
    pub(super) fn without(&self, mut graph: Graph, gone: &[bool]) -> Option<Graph> {
        self.remove(&mut graph, gone).and_then(|()| verify(&graph)).ok()?;
        Some(graph)
    }

    /// Which channels of a stream are left if these of the layer go.
    pub(super) fn kept(&self, graph: &Graph, id: NodeId, gone: &[bool]) -> Vec<bool> {
        match self.labels.get(&id) {
            Some(labels) => labels.iter().map(|l| !l.is_some_and(|c| gone[c])).collect(),
            None => vec![true; graph.node(id).stream.shape[0]],
        }
    }

    fn pin(&mut self, channels: impl IntoIterator<Item = usize>) {
        channels.into_iter().for_each(|c| self.pinned[c] = true);
    }

    /// What the operands of a node have to lose with its own stream.
    fn before(
        &mut self,
        graph: &Graph,
        id: NodeId,
        labels: &Labels,
        open: &mut Vec<(NodeId, Labels)>,
    ) {
        let operands = graph.operands(id);
        match &graph.node(id).op {
            Op::Linear(_) => {}
            Op::Conv(c) if c.groups == 1 => {}
            Op::Pool(_) | Op::Relu | Op::Delay(_) | Op::Add => {
                open.extend(operands.iter().map(|&o| (o, labels.clone())));
            }
            Op::FixedLif(_) | Op::FixedLi(_) | Op::FixedScale(_) => {
                open.extend(operands.iter().map(|&o| (o, labels.clone())));
            }
            Op::Reshape(_) => {
                for &o in &operands {
                    let labels = self.regrouped(graph, (id, o), labels);
                    open.push((o, labels));
                }
            }
            Op::Concat(c) if c.axis == 0 => {
                let mut rest = &labels[..];
                for &o in &operands {
                    let (here, behind) = rest.split_at(graph.node(o).stream.shape[0]);
                    open.push((o, here.to_vec()));
                    rest = behind;
                }
            }
            Op::Concat(_) => open.extend(operands.iter().map(|&o| (o, labels.clone()))),
            _ => self.pin(labels.iter().copied().flatten()),
        }
    }

    /// What a node that takes a stream has to lose with it.
    fn behind(
        &mut self,
        graph: &Graph,
        (from, user): (NodeId, NodeId),
        labels: &Labels,
        open: &mut Vec<(NodeId, Labels)>,
    ) {
        match &graph.node(user).op {
            Op::Linear(_) => {}
            Op::Conv(c) if c.groups == 1 => {}
            Op::Pool(_) | Op::Relu | Op::Delay(_) | Op::Add => open.push((user, labels.clone())),
            Op::FixedLif(_) | Op::FixedLi(_) | Op::FixedScale(_) => {
                open.push((user, labels.clone()));
            }
            Op::Reshape(_) => {
                let labels = self.regrouped(graph, (from, user), labels);
                open.push((user, labels));
            }
            // What other operands lose is what is known so far; if it turns out to be more, that
            // stays.
            Op::Concat(c) if c.axis == 0 => {
                let (known, mut first) = (self.labels.get(&user), 0);
                let of = |o: NodeId| {
                    let here = first..first + graph.node(o).stream.shape[0];
                    first = here.end;
                    match (known, self.labels.get(&o)) {
                        _ if o == from => labels.clone(),
                        (Some(known), _) => known[here].to_vec(),
                        (None, Some(own)) => own.clone(),
                        (None, None) => vec![None; here.len()],
                    }
                };
                open.push((user, graph.operands(user).into_iter().flat_map(of).collect()));
            }
            Op::Concat(_) => open.push((user, labels.clone())),
            _ => self.pin(labels.iter().copied().flatten()),
        }
    }

    /// The labels of the same elements in another shape. Where a channel there has elements of
    /// several here, these stay.
    fn regrouped(
        &mut self,
        graph: &Graph,
        (from, to): (NodeId, NodeId),
        labels: &Labels,
    ) -> Labels {
        let elements = graph.node(from).stream.len();
        let (here, there) = (labels.len(), graph.node(to).stream.shape[0]);
        let (run, area) = (elements / there, elements / here);
        let mut all = Vec::with_capacity(there);
        for c in 0..there {
            // One element of each channel here that this one has a part of.
            let first = labels[c * run / area];
            let parts = c * run / area..=((c + 1) * run - 1) / area;
            if parts.clone().all(|k| labels[k] == first) {
                all.push(first);
            } else {
                self.pin(parts.filter_map(|k| labels[k]).collect::<Vec<_>>());
                all.push(None);
            }
        }
        all
    }
}

/// Layers of neurons of a graph in integers, in order; none of another graph.
pub(super) fn layers(graph: &Graph) -> Result<Vec<NodeId>> {
    if !matches!(graph.node(graph.output()?).op, Op::FixedReadout(_)) {
        return Ok(Vec::new());
    }
    let fires = |id: &NodeId| matches!(graph.node(*id).op, Op::FixedLif(_));
    Ok(graph.order()?.into_iter().filter(fires).collect())
}

/// Longest list of places that a note has.
const MOST_PLACES: usize = 16;

/// What a note says about channels of a layer: "`lif`: 3 of 16 neurons (2, 5-6)".
pub(super) fn said(graph: &Graph, layer: NodeId, channels: &[bool]) -> String {
    let node = graph.node(layer);
    let what = if node.stream.shape.len() == 1 { "neurons" } else { "channels" };
    let places: Vec<usize> = (0..channels.len()).filter(|c| channels[*c]).collect();
    let runs = places.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        _ => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    let runs: Vec<String> = runs.collect();
    let more = if runs.len() > MOST_PLACES { ", …" } else { "" };
    let list = runs[..runs.len().min(MOST_PLACES)].join(", ");
    format!("`{}`: {} of {} {what} ({list}{more})", node.name, places.len(), channels.len())
}
