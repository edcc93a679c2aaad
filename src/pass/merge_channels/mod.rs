// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `merge-channels`: of neurons of a layer that always fire alike one is left.
//!
//! Neurons fire alike if they have the same numbers and everything before them does the same for
//! both, down to equal rows of weights. The weights that read them are added:
//!
//! `w_a s + w_b s = (w_a + w_b) s`
//!
//! The sum of two signs is no sign, and hardware multiplies plane by plane, so a neuron goes only
//! where the sums have no more bits than the widest weight of their layer.

mod same;

use std::collections::BTreeMap;

use super::channels::{Channels, layers, said};
use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::interval::signed_width;
use crate::ir::{Graph, NodeId, Op, Weights, planes};
use same::Same;

/// See the module.
pub(super) struct MergeChannels;

impl Pass for MergeChannels {
    fn name(&self) -> &'static str {
        "merge-channels"
    }

    fn description(&self) -> &'static str {
        "makes one neuron of neurons of a layer that always fire alike"
    }

    fn requires(&self) -> &'static str {
        "the integer form; another graph is left as it is"
    }

    fn ensures(&self) -> &'static str {
        "the same logits, and the same spikes of the neurons that are left, to the bit; no weights with more bits"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for id in layers(graph)? {
            let twins = twins(graph, id);
            if twins.iter().all(Option::is_none) {
                continue;
            }
            let text = |some: &[bool]| said(graph, id, some);
            let channels = Channels::of(graph, id);
            let merged = merged(graph, &channels, &twins);
            let gone = merged.as_ref().map_or(vec![false; twins.len()], |(_, gone)| gone.clone());
            let stay: Vec<bool> = twins.iter().zip(&gone).map(|(t, g)| t.is_some() && !g).collect();
            if gone.contains(&true) {
                let (text, end) = (text(&gone), channels.end(graph, id, &gone));
                notes.push(format!("{text} are copies of others{end}"));
            }
            if stay.contains(&true) {
                let text = text(&stay);
                notes.push(format!(
                    "{text} are copies of others and stay: the weights that read them cannot be added"
                ));
            }
            if let Some((next, _)) = merged {
                *graph = next;
            }
        }
        Ok(notes)
    }
}

/// For each channel of a layer the first one that it fires like, if it is not that itself.
fn twins(graph: &Graph, id: NodeId) -> Vec<Option<usize>> {
    let count = graph.node(id).stream.shape[0];
    let mut same = Same::new(graph);
    let mut firsts: Vec<usize> = Vec::new();
    let mut twin = |c: usize| {
        let found = firsts.iter().copied().find(|&a| same.are(id, a, c));
        if found.is_none() {
            firsts.push(c);
        }
        found
    };
    (0..count).map(&mut twin).collect()
}

/// The graph without those twins whose weights can be added to those of the first ones.
fn merged(
    graph: &Graph,
    channels: &Channels,
    twins: &[Option<usize>],
) -> Option<(Graph, Vec<bool>)> {
    let mut readers: Vec<Reader> = Vec::new();
    for (user, from, labels) in channels.readers(graph) {
        readers.push(Reader::new(graph, user, from, labels)?);
    }
    let mut same = Same::new(graph);
    let mut gone = vec![false; twins.len()];
    for (b, a) in twins.iter().enumerate() {
        let Some(a) = a.filter(|_| !channels.is_pinned(b)) else { continue };
        let added: Option<Vec<Vec<i8>>> =
            readers.iter().map(|r| r.added(&mut same, a, b)).collect();
        let Some(added) = added else { continue };
        readers.iter_mut().zip(added).for_each(|(r, values)| r.values = values);
        gone[b] = true;
    }
    if !gone.contains(&true) {
        return None;
    }
    let mut next = graph.clone();
    for reader in readers {
        if let Op::Linear(crate::ir::Linear { weights: Weights::Integer { values, .. }, .. })
        | Op::Conv(crate::ir::Conv { weights: Weights::Integer { values, .. }, .. }) =
            next.op_mut(reader.user)
        {
            *values = reader.values;
        }
    }
    Some((channels.without(next, &gone)?, gone))
}

/// Weights that read neurons.
struct Reader {
    user: NodeId,
    from: NodeId,
    /// The places in which each channel of the layer is read.
    places: BTreeMap<usize, Vec<usize>>,
    values: Vec<i8>,
    columns: usize,
    /// Columns of a place.
    area: usize,
    bits: u32,
}

impl Reader {
    /// None if the weights are signs.
    fn new(graph: &Graph, user: NodeId, from: NodeId, labels: &[Option<usize>]) -> Option<Self> {
        let (weights, area) = match &graph.node(user).op {
            Op::Linear(l) => (&l.weights, 1),
            Op::Conv(c) => (&c.weights, c.window.kernel.iter().product()),
            _ => return None,
        };
        let Weights::Integer { values, .. } = weights else { return None };
        let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, label) in labels.iter().enumerate() {
            label.iter().for_each(|c| places.entry(*c).or_default().push(place));
        }
        let (columns, bits, values) = (weights.inputs(), planes(values), values.clone());
        Some(Self { user, from, places, values, columns, area, bits })
    }

    /// The weights with those of channel `b` added to those of `a`; none if they get wider, or if
    /// what is read of the two is not the same.
    fn added(&self, same: &mut Same<'_>, a: usize, b: usize) -> Option<Vec<i8>> {
        let none = Vec::new();
        let of = |c| self.places.get(&c).unwrap_or(&none);
        let (to, from) = (of(a), of(b));
        let alike =
            to.len() == from.len() && to.iter().zip(from).all(|(&a, &b)| same.are(self.from, a, b));
        if !alike {
            return None;
        }
        let mut values = self.values.clone();
        for row in values.chunks_mut(self.columns) {
            for (to, from) in to.iter().zip(from) {
                for k in 0..self.area {
                    let (to, from) = (to * self.area + k, from * self.area + k);
                    let sum = i64::from(row[to]) + i64::from(row[from]);
                    let fits = if self.bits == 1 {
                        sum.abs() == 1
                    } else {
                        signed_width(sum) <= self.bits
                    };
                    row[to] = i8::try_from(sum).ok().filter(|s| fits && *s != i8::MIN)?;
                }
            }
        }
        Some(values)
    }
}
