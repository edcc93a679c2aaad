// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaving channels out of a graph.

use super::Channels;
use crate::diag::Result;
use crate::ir::interval::membrane_width;
use crate::ir::{FixedLif, Graph, NodeId, Op, PerChannel, Ranges, runs};

impl Channels {
    /// Leaves channels of the layer out of every stream that goes with it. Membranes get as narrow
    /// as those that are left may be; no other number changes.
    ///
    /// # Errors
    /// If the graph that is left is none, which the caller takes for "not possible".
    pub(super) fn remove(&self, graph: &mut Graph, gone: &[bool]) -> Result<()> {
        let (mut narrower, mut channels) = (Vec::new(), Vec::new());
        for id in graph.order()? {
            let rows = self.kept(graph, id, gone);
            let Some(&operand) = graph.operands(id).first() else { continue };
            let columns = self.kept(graph, operand, gone);
            if rows.iter().chain(&columns).all(|k| *k) {
                continue;
            }
            if matches!(graph.node(id).op, Op::FixedLif(_)) {
                narrower.push(id);
            }
            channels.push((id, rows.iter().filter(|k| **k).count()));
            narrow(graph.op_mut(id), &rows, &columns);
        }
        channels.into_iter().for_each(|(id, count)| graph.set_channels(id, count));
        graph.refresh()?;
        let ranges = Ranges::new(graph)?;
        for id in narrower {
            let width = graph.operands(id).first().map_or(1, |&x| width(graph, &ranges, id, x));
            if let Op::FixedLif(l) = graph.op_mut(id) {
                l.width = width.max(l.frac + 1).min(l.width);
            }
        }
        graph.refresh()
    }
}

fn width(graph: &Graph, ranges: &Ranges, id: NodeId, x: NodeId) -> u32 {
    let node = graph.node(id);
    let Op::FixedLif(l) = &node.op else { return 1 };
    let lists = l.lengths().into_iter().chain([ranges.entries(x).len()]);
    let n = runs(lists, node.stream.len());
    let of = |i| membrane_width(l, i, n, ranges.at(x, i, n), graph.timesteps);
    (0..n).map(of).max().unwrap_or(1)
}

/// Gives an operator these channels of its result, from these of its operand.
fn narrow(op: &mut Op, rows: &[bool], columns: &[bool]) {
    match op {
        Op::Linear(l) => l.weights = l.weights.select(rows, columns),
        Op::Conv(c) => {
            let area = c.window.kernel.iter().product();
            let of = |k: &bool| std::iter::repeat_n(*k, area);
            let columns: Vec<bool> = columns.iter().flat_map(of).collect();
            c.weights = c.weights.select(rows, &columns);
        }
        Op::FixedLif(l) => neurons(l, rows),
        Op::FixedLi(l) => {
            each(&mut l.leak_num, rows);
            [&mut l.bias, &mut l.start].into_iter().for_each(|v| list(v, rows));
            list(&mut l.sign, rows);
            if let Some(r) = &mut l.resets {
                [&mut r.threshold, &mut r.reset_to].into_iter().for_each(|v| list(v, rows));
            }
        }
        Op::FixedScale(s) => {
            [&mut s.gain, &mut s.offset].into_iter().for_each(|v| list(v, rows));
        }
        Op::Delay(d) => each(&mut d.steps, rows),
        Op::Reshape(r) => r.shape[0] = rows.iter().filter(|k| **k).count(),
        _ => {}
    }
}

fn neurons(l: &mut FixedLif, kept: &[bool]) {
    each(&mut l.leak_num, kept);
    let lists = [&mut l.bias, &mut l.threshold, &mut l.reset_to, &mut l.start];
    lists.into_iter().for_each(|v| list(v, kept));
    list(&mut l.sign, kept);
}

fn each<T: Copy>(values: &mut PerChannel<T>, kept: &[bool]) {
    if let PerChannel::Each(v) = values {
        list(v, kept);
    }
}

/// Of a list with an entry a channel or an element, what belongs to these channels.
fn list<T: Copy>(values: &mut Vec<T>, kept: &[bool]) {
    let run = (values.len() / kept.len()).max(1);
    let left = values.chunks(run).zip(kept).filter(|(_, k)| **k);
    *values = left.flat_map(|(v, _)| v.iter().copied()).collect();
}
