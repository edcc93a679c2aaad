// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interval analysis of streams: between which values does every integer lie?

use std::collections::HashMap;

use super::interval::{Range, integrator, range, range_width, scaled, spikes};
use super::{Concat, Conv, Graph, Kind, Node, NodeId, Op, Pool, PoolKind, Stream, Weights};
use crate::diag::Result;

/// The range of each element of each stream of integers, at any timestep and for any input.
#[derive(Default)]
pub struct Ranges {
    lists: HashMap<NodeId, Vec<Range>>,
    /// Are neurons asked whether they ever, and whether they always fire?
    asks_neurons: bool,
}

impl Ranges {
    /// Follows the graph from its input. A register on a cycle may hold whatever its stream
    /// can; what is real has the range (0, 0).
    ///
    /// # Errors
    /// If the graph has a cycle without a register.
    pub fn new(graph: &Graph) -> Result<Self> {
        Self::default().over(graph)
    }

    /// The same, where a neuron that never or always fires has the range of that. No declared
    /// width counts on it.
    ///
    /// # Errors
    /// If the graph has a cycle without a register.
    pub fn with_spikes(graph: &Graph) -> Result<Self> {
        Self { asks_neurons: true, ..Self::default() }.over(graph)
    }

    fn over(mut self, graph: &Graph) -> Result<Self> {
        let order = graph.order()?;
        order.iter().for_each(|&id| self.follow(graph, id));
        if self.asks_neurons && order.iter().any(|&id| graph.node(id).op.is_register()) {
            // Now it is known what registers on cycles take: these ranges hold all values, and so
            // do those that follow from them.
            order.iter().for_each(|&id| self.follow(graph, id));
        }
        Ok(self)
    }

    /// Adds a node whose operands were followed before.
    pub fn follow(&mut self, graph: &Graph, id: NodeId) {
        let found = self.node(graph, id);
        self.lists.insert(id, found);
    }

    /// Bits that hold every element, sign included.
    #[must_use]
    pub fn width(&self, id: NodeId) -> u32 {
        self.entries(id).iter().map(|r| range_width(*r)).max().unwrap_or(1)
    }

    /// Range of element `i` of `n`, the length of the node's stream.
    #[must_use]
    pub fn at(&self, id: NodeId, i: usize, n: usize) -> Range {
        self.lists.get(&id).map_or((0, 0), |list| list[i * list.len() / n])
    }

    /// What every element of a channel always is, if it is one value.
    #[must_use]
    pub fn constant(&self, graph: &Graph, id: NodeId, channel: usize) -> Option<i64> {
        let stream = &graph.node(id).stream;
        let (n, channels) = (stream.len(), stream.shape[0]);
        let (first, area) = (self.at(id, channel, channels), n / channels);
        let list = self.entries(id);
        let same = |i: usize| self.at(id, i, n) == first;
        let one = channels % list.len() == 0 || (channel * area..(channel + 1) * area).all(same);
        (first.0 == first.1 && one).then_some(first.0)
    }

    /// Ranges that cover runs of equal length: all elements, a channel, or an element.
    #[must_use]
    pub fn entries(&self, id: NodeId) -> &[Range] {
        self.lists.get(&id).map_or(&[(0, 0)], Vec::as_slice)
    }

    fn node(&self, graph: &Graph, id: NodeId) -> Vec<Range> {
        let node = graph.node(id);
        let operands = graph.operands(id);
        if matches!(node.stream.kind, Kind::Real) {
            return vec![(0, 0)];
        }
        if operands.iter().any(|o| !self.lists.contains_key(o)) {
            return vec![possible(node.stream.kind)];
        }
        let n = node.stream.len();
        let Some(&x) = operands.first() else { return vec![possible(node.stream.kind)] };
        let (list, from) = (self.entries(x), &graph.node(x).stream);
        match &node.op {
            Op::Linear(l) => weighted(&l.weights, |_, i| self.at(x, i, from.len())),
            Op::Conv(c) => self.conv(c, x, from),
            Op::Pool(p) => pool(p, &channels(list, from), from),
            Op::Reshape(_) => list.to_vec(),
            Op::Relu => list.iter().map(|(lo, hi)| ((*lo).max(0), (*hi).max(0))).collect(),
            // Zeros come before the first input.
            Op::Delay(_) => list.iter().map(|r| hull(*r, (0, 0))).collect(),
            Op::Add => {
                let runs = runs(operands.iter().map(|&o| self.entries(o).len()), n);
                let sum = |i: usize| {
                    let each = operands.iter().map(|&o| self.at(o, i, runs));
                    each.fold((0, 0), |s, r| {
                        range(i128::from(s.0) + i128::from(r.0), i128::from(s.1) + i128::from(r.1))
                    })
                };
                (0..runs).map(sum).collect()
            }
            Op::Concat(c) => self.concat(c, graph, &operands, node),
            Op::FixedScale(s) => {
                let runs = runs([list.len(), s.gain.len(), s.offset.len()], n);
                let all = possible(node.stream.kind);
                (0..runs).map(|i| scaled(s, i, runs, self.at(x, i, runs)).unwrap_or(all)).collect()
            }
            Op::FixedLif(l) if self.asks_neurons => {
                let runs = runs(l.lengths().into_iter().chain([list.len()]), n);
                let of = |i| spikes(l, i, runs, self.at(x, i, runs), graph.timesteps);
                (0..runs).map(of).collect()
            }
            Op::FixedLi(l) => {
                let counts = [list.len(), l.leak_num.iter().count()];
                let runs = runs(l.lengths().into_iter().chain(counts), n);
                let of = |i| integrator(l, i, runs, self.at(x, i, runs), graph.timesteps);
                (0..runs).map(of).collect()
            }
            _ => vec![possible(node.stream.kind)],
        }
    }

    fn conv(&self, c: &Conv, x: NodeId, from: &Stream) -> Vec<Range> {
        let of_channel = channels(self.entries(x), from);
        let area: usize = c.window.kernel.iter().product();
        let (inputs, rows) = (from.shape[0] / c.groups, c.weights.outputs() / c.groups);
        let padded = c.window.padding.iter().flatten().any(|p| *p > 0);
        weighted(&c.weights, |row, column| {
            let seen = of_channel[row / rows * inputs + column / area];
            if padded { hull(seen, (0, 0)) } else { seen }
        })
    }

    fn concat(&self, c: &Concat, graph: &Graph, operands: &[NodeId], node: &Node) -> Vec<Range> {
        let streams = operands.iter().map(|&o| (self.entries(o), &graph.node(o).stream));
        if c.axis > 0 {
            let lists: Vec<_> = streams.map(|(list, s)| channels(list, s)).collect();
            let both = |i: usize| lists.iter().map(|l| l[i]).reduce(hull).unwrap_or((0, 0));
            return (0..node.stream.shape[0]).map(both).collect();
        }
        // Operands differ in the number of channels only: runs of one element, or of one
        // channel, have the same length in all of them.
        let by_channel = streams.clone().all(|(list, s)| s.shape[0] % list.len() == 0);
        let expanded = streams.flat_map(|(list, s)| {
            let n = if by_channel { s.shape[0] } else { s.len() };
            (0..n).map(move |i| list[i * list.len() / n])
        });
        expanded.collect()
    }
}

/// Whatever a stream of this kind can hold.
fn possible(kind: Kind) -> Range {
    match kind {
        Kind::Real => (0, 0),
        Kind::Spikes => (0, 1),
        Kind::Levels { bits } => (0, (1 << bits.min(62)) - 1),
        Kind::Current { width, .. } => {
            let limit = 1i64 << (width.clamp(1, 62) - 1);
            (-limit, limit - 1)
        }
    }
}

fn hull(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Number of runs that all lists agree with: the longest where the others divide it.
#[must_use]
pub fn runs(lengths: impl IntoIterator<Item = usize>, n: usize) -> usize {
    let lengths: Vec<usize> = lengths.into_iter().filter(|l| *l > 0).collect();
    let longest = lengths.iter().copied().max().unwrap_or(1);
    if lengths.iter().all(|l| longest % l == 0) { longest } else { n }
}

/// One range a channel.
fn channels(list: &[Range], stream: &Stream) -> Vec<Range> {
    let (channels, n) = (stream.shape[0], stream.len());
    if channels % list.len() == 0 {
        return (0..channels).map(|c| list[c * list.len() / channels]).collect();
    }
    let area = n / channels;
    let of = |c: usize| {
        let elements = (c * area..(c + 1) * area).map(|i| list[i * list.len() / n]);
        elements.reduce(hull).unwrap_or((0, 0))
    };
    (0..channels).map(of).collect()
}

/// One range a row: `x` gives that of each column.
fn weighted(weights: &Weights, x: impl Fn(usize, usize) -> Range) -> Vec<Range> {
    let columns = weights.inputs();
    let row = |r: usize| {
        let products = (0..columns).map(|c| {
            let (w, (lo, hi)) = (whole(weights, r, c), x(r, c));
            let (a, b) = (w * i128::from(lo), w * i128::from(hi));
            (a.min(b), a.max(b))
        });
        let (lo, hi) = products.fold((0, 0), |s, p| (s.0 + p.0, s.1 + p.1));
        range(lo, hi)
    };
    (0..weights.outputs()).map(row).collect()
}

/// A weight without its scale; 0 if it is real.
fn whole(weights: &Weights, row: usize, column: usize) -> i128 {
    match weights {
        Weights::Binary { signs, .. } if signs.get(row, column) => 1,
        Weights::Binary { .. } => -1,
        Weights::Integer { values, .. } => i128::from(values[row * weights.inputs() + column]),
        Weights::Real { .. } => 0,
    }
}

fn pool(p: &Pool, of_channel: &[Range], from: &Stream) -> Vec<Range> {
    if p.kind == PoolKind::Max {
        return of_channel.to_vec();
    }
    // A window sees one element or more, at most all of its own.
    let sizes = p.window.kernel.iter().zip(&from.shape[1..]);
    let most: i128 = sizes.map(|(k, size)| (*k).min(*size) as i128).product();
    let sum = |(lo, hi): &Range| {
        let (lo, hi) = (i128::from(*lo), i128::from(*hi));
        range(lo.min(lo * most), hi.max(hi * most))
    };
    of_channel.iter().map(sum).collect()
}
