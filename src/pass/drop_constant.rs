// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `drop-constant`: neurons that never fire, and neurons that always do, are left out.
//!
//! Whether a neuron can fire is decided by interval analysis of its membrane over all timesteps
//! ([`crate::ir::interval::spikes`]), for whatever input. What the weights behind it made of a
//! spike in every timestep is a constant, and goes into the constant currents and offsets that
//! follow:
//!
//! `W s = W_kept s_kept + W_gone 1`

use super::channels::{Channels, layers, said};
use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Graph, NodeId, Op, Ranges, Taken, entry, runs};

/// See the module.
pub(super) struct DropConstant;

impl Pass for DropConstant {
    fn name(&self) -> &'static str {
        "drop-constant"
    }

    fn description(&self) -> &'static str {
        "leaves out neurons that never fire or always do, whatever the input is"
    }

    fn requires(&self) -> &'static str {
        "the integer form; another graph is left as it is"
    }

    fn ensures(&self) -> &'static str {
        "the same logits, and the same spikes of the neurons that are left, to the bit"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        // Fewer neurons make other bounds narrower; each round leaves out one at least.
        while let Some((next, note)) = next(graph)? {
            *graph = next;
            notes.push(note);
        }
        let ranges = Ranges::with_spikes(graph)?;
        for id in layers(graph)? {
            let stay: Vec<bool> = values(graph, &ranges, id).iter().map(Option::is_some).collect();
            if stay.contains(&true) {
                let text = said(graph, id, &stay);
                notes.push(format!(
                    "{text} never fire or always do, and stay: their places are needed"
                ));
            }
        }
        Ok(notes)
    }
}

/// Leaves something out, if anything can be.
fn next(graph: &Graph) -> Result<Option<(Graph, String)>> {
    let ranges = Ranges::with_spikes(graph)?;
    Ok(layers(graph)?.into_iter().find_map(|id| {
        let values = values(graph, &ranges, id);
        if values.iter().all(Option::is_none) {
            return None;
        }
        let channels = Channels::of(graph, id);
        // Where constants cannot be taken in, zeros can.
        let found = [true, false].into_iter().find_map(|takes_in| {
            let gone = gone(graph, &ranges, &channels, &values, takes_in)?;
            let next = constants(graph, &ranges, &channels, &gone)?;
            Some((channels.without(next, &gone)?, gone))
        });
        let (next, gone) = found?;
        let of = |value: i64| -> Vec<bool> {
            gone.iter().zip(&values).map(|(g, v)| *g && *v == Some(value)).collect()
        };
        let part = |value: i64, what: &str| {
            let some = of(value);
            some.contains(&true).then(|| format!("{} {what}", said(graph, id, &some)))
        };
        let parts = [part(0, "never fire"), part(1, "fire in every timestep")];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        Some((next, text + &channels.end(graph, id, &gone)))
    }))
}

/// What each channel of a layer gives, if it is always the same.
fn values(graph: &Graph, ranges: &Ranges, id: NodeId) -> Vec<Option<i64>> {
    (0..graph.node(id).stream.shape[0]).map(|c| ranges.constant(graph, id, c)).collect()
}

/// The channels that can go: the weights behind them read a constant, or zero.
fn gone(
    graph: &Graph,
    ranges: &Ranges,
    channels: &Channels,
    values: &[Option<i64>],
    takes_in: bool,
) -> Option<Vec<bool>> {
    let may = |(c, v): (usize, &Option<i64>)| v.is_some() && !channels.is_pinned(c);
    let mut gone: Vec<bool> = values.iter().enumerate().map(may).collect();
    for (_, from, labels) in channels.readers(graph) {
        for (place, label) in labels.iter().enumerate() {
            let Some(c) = label.filter(|c| gone[*c]) else { continue };
            let read = ranges.constant(graph, from, place);
            gone[c] = read.is_some_and(|v| takes_in || v == 0);
        }
    }
    channels.spare(&mut gone);
    gone.contains(&true).then_some(gone)
}

/// The graph with constants in the places of what these channels give.
fn constants(graph: &Graph, ranges: &Ranges, channels: &Channels, gone: &[bool]) -> Option<Graph> {
    let mut next = graph.clone();
    for (user, from, labels) in channels.readers(graph) {
        let (weights, area, padded) = match &graph.node(user).op {
            Op::Linear(l) => (&l.weights, 1, false),
            Op::Conv(c) => {
                let padded = c.window.padding.iter().flatten().any(|p| *p > 0);
                (&c.weights, c.window.kernel.iter().product(), padded)
            }
            _ => return None,
        };
        let mut sums = vec![0i128; weights.outputs()];
        for (place, _) in labels.iter().enumerate().filter(|(_, l)| l.is_some_and(|c| gone[c])) {
            let value = ranges.constant(graph, from, place)?;
            for (row, sum) in sums.iter_mut().enumerate() {
                let columns = place * area..(place + 1) * area;
                let weight = |c| weights.value(row, c) as i128;
                *sum += i128::from(value) * columns.map(weight).sum::<i128>();
            }
        }
        if sums.iter().all(|s| *s == 0) {
            continue;
        }
        // At the edges a window sees fewer of them.
        if padded || !take_in(&mut next, user, &sums) {
            return None;
        }
    }
    Some(next)
}

/// Larger constants are beyond every width; products of smaller ones stay in 128 bits.
const MOST: i128 = 1 << 62;

/// Adds a constant for each channel to a stream, in all that takes it; says whether all can.
fn take_in(graph: &mut Graph, stream: NodeId, sums: &[i128]) -> bool {
    let n = graph.node(stream).stream.len();
    let timesteps = i128::from(graph.timesteps);
    let add = |list: &mut Vec<i64>, factors: &[i64], one: i128| added(list, factors, one, sums, n);
    let signs = |list: &[i8]| -> Vec<i64> {
        if list.is_empty() { vec![1] } else { list.iter().map(|s| i64::from(*s)).collect() }
    };
    sums.iter().all(|s| s.abs() <= MOST)
        && graph.users(stream).into_iter().all(|user| match graph.op_mut(user) {
            Op::FixedLif(l) => add(&mut l.bias, &signs(&l.sign), 1 << l.frac),
            Op::FixedLi(l) => add(&mut l.bias, &signs(&l.sign), 1 << l.frac),
            Op::FixedScale(s) => add(&mut s.offset, &s.gain, 1),
            Op::FixedReadout(r) => {
                let taken = if r.kind == Taken::Sum { timesteps } else { 1 };
                add(&mut r.offset, &r.gain, taken)
            }
            _ => false,
        })
}

/// Adds constants times factors times one number to a list with an entry a channel, or one an
/// element where a factor has; says whether all sums are numbers of 64 bits.
fn added(list: &mut Vec<i64>, factors: &[i64], one: i128, sums: &[i128], n: usize) -> bool {
    let m = runs([list.len(), factors.len(), sums.len()], n);
    let sum = |i| {
        let constant = entry(sums, i, m, 0).checked_mul(one)?;
        let product = constant.checked_mul(i128::from(entry(factors, i, m, 0)))?;
        i64::try_from(product.checked_add(i128::from(entry(list, i, m, 0)))?).ok()
    };
    match (0..m).map(sum).collect() {
        Some(all) => {
            *list = all;
            true
        }
        None => false,
    }
}
