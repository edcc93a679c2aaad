// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Are two channels of a stream always the same?

use std::collections::HashMap;

use crate::ir::{Graph, NodeId, Op, PerChannel, Weights};

/// What is known about pairs of channels. What cannot be told counts as different.
pub(super) struct Same<'g> {
    graph: &'g Graph,
    known: HashMap<(NodeId, usize, usize), bool>,
}

impl<'g> Same<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        Self { graph, known: HashMap::new() }
    }

    /// Do channels `a` and `b` of a node's stream always have the same elements?
    pub(super) fn are(&mut self, id: NodeId, a: usize, b: usize) -> bool {
        if a == b {
            return true;
        }
        if let Some(known) = self.known.get(&(id, a, b)) {
            return *known;
        }
        // What depends on itself.
        self.known.insert((id, a, b), false);
        let found = self.compare(id, a, b);
        self.known.insert((id, a, b), found);
        found
    }

    fn compare(&mut self, id: NodeId, a: usize, b: usize) -> bool {
        let node = self.graph.node(id);
        let channels = node.stream.shape[0];
        let numbers = match &node.op {
            Op::Linear(l) => return rows(&l.weights, a, b),
            Op::Conv(c) => return c.groups == 1 && rows(&c.weights, a, b),
            Op::Pool(_) | Op::Relu | Op::Add => true,
            Op::Concat(c) if c.axis > 0 => true,
            Op::Concat(_) => return self.joined(id, a, b),
            Op::Reshape(_) => return self.reshaped(id, a, b),
            Op::Delay(d) => each(&d.steps, channels, a, b),
            Op::FixedScale(s) => list(&s.gain, channels, a, b) && list(&s.offset, channels, a, b),
            Op::FixedLif(l) => {
                let lists = [&l.bias, &l.threshold, &l.reset_to, &l.start];
                each(&l.leak_num, channels, a, b)
                    && list(&l.sign, channels, a, b)
                    && lists.iter().all(|v| list(v, channels, a, b))
            }
            Op::FixedLi(l) => {
                let resets = l.resets.iter().flat_map(|r| [&r.threshold, &r.reset_to]);
                each(&l.leak_num, channels, a, b)
                    && list(&l.sign, channels, a, b)
                    && resets.chain([&l.bias, &l.start]).all(|v| list(v, channels, a, b))
            }
            _ => false,
        };
        let operands = self.graph.operands(id);
        numbers && operands.into_iter().all(|o| self.are(o, a, b))
    }

    /// Two channels of streams behind one another: of the same stream, or different.
    fn joined(&mut self, id: NodeId, a: usize, b: usize) -> bool {
        let mut first = 0;
        for o in self.graph.operands(id) {
            let next = first + self.graph.node(o).stream.shape[0];
            match ((first..next).contains(&a), (first..next).contains(&b)) {
                (true, true) => return self.are(o, a - first, b - first),
                (false, false) => first = next,
                _ => return false,
            }
        }
        false
    }

    /// Two channels whose elements stand in the same places of channels of another shape.
    fn reshaped(&mut self, id: NodeId, a: usize, b: usize) -> bool {
        let Some(&o) = self.graph.operands(id).first() else { return false };
        let (to, from) = (&self.graph.node(id).stream, &self.graph.node(o).stream);
        let (run, area) = (to.len() / to.shape[0], from.len() / from.shape[0]);
        let (a, b) = (a * run, b * run);
        let mut at = 0;
        while at < run {
            let (i, j) = (a + at, b + at);
            if i % area != j % area || !self.are(o, i / area, j / area) {
                return false;
            }
            // To the end of this channel.
            at += area - i % area;
        }
        true
    }
}

fn rows(weights: &Weights, a: usize, b: usize) -> bool {
    match weights {
        Weights::Binary { signs, .. } => signs.row(a) == signs.row(b),
        Weights::Integer { values, .. } => {
            let row = |r: usize| &values[r * weights.inputs()..(r + 1) * weights.inputs()];
            row(a) == row(b)
        }
        Weights::Real { .. } => false,
    }
}

fn each<T: PartialEq>(values: &PerChannel<T>, channels: usize, a: usize, b: usize) -> bool {
    match values {
        PerChannel::All(_) => true,
        PerChannel::Each(v) => list(v, channels, a, b),
    }
}

/// Of a list with an entry a channel or an element, or without any.
fn list<T: PartialEq>(values: &[T], channels: usize, a: usize, b: usize) -> bool {
    let run = values.len() / channels;
    values[a * run..(a + 1) * run] == values[b * run..(b + 1) * run]
}
