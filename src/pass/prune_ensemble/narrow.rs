// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What follows a concat that gets narrower.

use super::super::unsupported;
use crate::diag::Result;
use crate::ir::{BitMatrix, Graph, Linear, NodeId, Op, PerChannel, Weights};

/// Entries of a stream: which are kept, and what stood in the others.
struct Entries {
    /// `[channel or element]`.
    kept: Vec<bool>,
    /// The value of an entry that is not kept.
    gone: Vec<f64>,
}

/// Leaves entries out of all that follows `join`, up to the layers that weigh them. `kept` goes
/// along dimension `axis`.
pub(super) fn narrow(graph: &mut Graph, join: NodeId, axis: usize, kept: &[bool]) -> Result<()> {
    if axis != 0 {
        let message = format!("members that are put together in dimension {axis}, not in 0");
        return Err(unsupported(message).at(graph.node(join).name.clone()));
    }
    let entries = Entries { kept: kept.to_vec(), gone: vec![0.0; kept.len()] };
    follow(graph, join, &entries)
}

fn follow(graph: &mut Graph, from: NodeId, entries: &Entries) -> Result<()> {
    for user in graph.users(from) {
        let (elements, node) = (graph.node(from).stream.len(), graph.node(user));
        let (name, shape) = (node.name.clone(), node.stream.shape.clone());
        let mut next = None;
        match graph.op_mut(user) {
            Op::Linear(linear) => {
                columns(linear, entries);
                continue;
            }
            Op::Scale(s) => {
                let of = |i: usize| s.factor.of(i, entries.kept.len());
                let to = |i: usize| s.offset.of(i, entries.kept.len());
                if by_entry(&s.factor, entries) && by_entry(&s.offset, entries) {
                    next = Some(entries.through(|i, v| of(i) * v + to(i)));
                    slice(&mut s.factor, &entries.kept);
                    slice(&mut s.offset, &entries.kept);
                }
            }
            Op::BatchNorm(b) if b.mean.len() == entries.kept.len() => {
                next = Some(entries.through(|i, v| {
                    (v - b.mean[i]) / (b.var[i] + b.eps).sqrt() * b.gamma[i] + b.beta[i]
                }));
                for list in [&mut b.gamma, &mut b.beta, &mut b.mean, &mut b.var] {
                    *list = left(list, &entries.kept);
                }
            }
            Op::Relu => next = Some(entries.through(|_, v| v.max(0.0))),
            // Zeros stay zeros, whatever is taken of them.
            Op::Pool(_) if shape[0] == entries.kept.len() && entries.are_zero() => {
                next = Some(entries.through(|_, v| v));
            }
            Op::Reshape(r) if shape.len() == 1 => {
                let flat = entries.each(elements);
                r.shape = vec![flat.kept.iter().filter(|k| **k).count()];
                next = Some(flat);
            }
            _ => {}
        }
        let Some(next) = next else {
            let message = "it takes the results of all members, and there is no rule for fewer";
            return Err(unsupported(message).at(name).help(
                "scales, batch norms, pools and a reshape to one dimension may stand between the members and the layer that weighs them",
            ));
        };
        follow(graph, user, &next)?;
    }
    Ok(())
}

impl Entries {
    /// After an operator that treats each entry for itself.
    fn through(&self, of: impl Fn(usize, f64) -> f64) -> Self {
        let gone = self.gone.iter().enumerate().map(|(i, v)| of(i, *v)).collect();
        Self { kept: self.kept.clone(), gone }
    }

    /// One an element, of as many elements.
    fn each(&self, elements: usize) -> Self {
        let entry = |i: usize| i * self.kept.len() / elements;
        Self {
            kept: (0..elements).map(|i| self.kept[entry(i)]).collect(),
            gone: (0..elements).map(|i| self.gone[entry(i)]).collect(),
        }
    }

    fn are_zero(&self) -> bool {
        self.gone.iter().all(|v| *v == 0.0)
    }
}

/// Is there one entry for all, or one for each of these?
fn by_entry(list: &PerChannel<f64>, entries: &Entries) -> bool {
    list.fits(entries.kept.len())
}

fn slice(list: &mut PerChannel<f64>, kept: &[bool]) {
    if let PerChannel::Each(v) = list {
        *v = left(v, kept);
    }
}

fn left<T: Copy>(list: &[T], kept: &[bool]) -> Vec<T> {
    list.iter().zip(kept).filter(|(_, k)| **k).map(|(v, _)| *v).collect()
}

/// Leaves columns out; what constants stood there becomes part of the bias.
fn columns(linear: &mut Linear, entries: &Entries) {
    let (rows, all) = (linear.weights.outputs(), linear.weights.inputs());
    if !entries.are_zero() {
        let lost = |r: usize| -> f64 {
            let gone = (0..all).filter(|c| !entries.kept[*c]);
            gone.map(|c| linear.weights.value(r, c) * entries.gone[c]).sum()
        };
        let lost: Vec<f64> = (0..rows).map(lost).collect();
        let bias = linear.bias.get_or_insert_with(|| vec![0.0; rows]);
        bias.iter_mut().zip(lost).for_each(|(b, l)| *b += l);
    }
    let places: Vec<usize> = (0..all).filter(|c| entries.kept[*c]).collect();
    match &mut linear.weights {
        Weights::Binary { signs, .. } => {
            *signs = BitMatrix::from_fn(rows, places.len(), |r, c| signs.get(r, places[c]));
        }
        Weights::Integer { values, .. } => {
            *values = values.chunks(all).flat_map(|row| left(row, &entries.kept)).collect();
        }
        Weights::Real { values, .. } => {
            *values = values.chunks(all).flat_map(|row| left(row, &entries.kept)).collect();
        }
    }
}
