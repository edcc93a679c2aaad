// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `merge-parallel`: layers that take the same stream and whose results are put together
//! become one layer.
//!
//! Rows of weights are put behind one another, and so is what follows them channel by
//! channel: batch norm, factors, neurons. Nothing is computed that was not before.

use super::affine::shortest;
use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{
    BatchNorm, BitMatrix, Graph, Li, Lif, Linear, NodeId, Op, PerChannel, Resets, Scale, Threshold,
    Weights,
};

/// See the module.
pub(super) struct MergeParallel;

impl Pass for MergeParallel {
    fn name(&self) -> &'static str {
        "merge-parallel"
    }

    fn description(&self) -> &'static str {
        "makes one layer of linear layers on the same stream whose results are put together"
    }

    fn requires(&self) -> &'static str {
        "nothing"
    }

    fn ensures(&self) -> &'static str {
        "no concat of equal chains, each a linear layer on the same stream with what follows it channel by channel"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        loop {
            let found = graph.order()?.into_iter().find_map(|id| Some((id, branches(graph, id)?)));
            let Some((concat, branches)) = found else { return Ok(notes) };
            notes.push(merge(graph, concat, &branches)?);
        }
    }
}

/// Nodes from the layer to the concat, in this order.
type Branch = Vec<NodeId>;

/// The equal chains that a concat puts together, if it does.
fn branches(graph: &Graph, concat: NodeId) -> Option<Vec<Branch>> {
    let node = graph.node(concat);
    if !matches!(node.op, Op::Concat(_)) || node.stream.shape.len() != 1 {
        return None;
    }
    let operands = graph.operands(concat);
    let mut all: Vec<Branch> = Vec::new();
    for &end in &operands {
        let mut chain = vec![end];
        loop {
            let last = *chain.last()?;
            if graph.users(last).len() != 1 || graph.output().ok() == Some(last) {
                return None;
            }
            match &graph.node(last).op {
                Op::Linear(_) => break,
                Op::Lif(_)
                | Op::Li(_)
                | Op::Threshold(_)
                | Op::BatchNorm(_)
                | Op::Scale(_)
                | Op::Relu => {
                    chain.push(*graph.operands(last).first()?);
                }
                _ => return None,
            }
        }
        chain.reverse();
        all.push(chain);
    }
    // A stream that is put in twice is one chain, not two.
    let mut distinct = operands;
    distinct.sort_unstable();
    distinct.dedup();
    let alike = distinct.len() == all.len()
        && all.iter().all(|chain| {
            chain.len() == all[0].len() && graph.operands(chain[0]) == graph.operands(all[0][0])
        })
        && (0..all[0].len()).all(|k| joined(graph, &all, k).is_some());
    alike.then_some(all)
}

/// Operator `k` of all branches as one; nothing if they differ in kind.
fn joined(graph: &Graph, branches: &[Branch], k: usize) -> Option<Op> {
    let nodes: Vec<_> = branches.iter().map(|b| graph.node(b[k])).collect();
    let sizes: Vec<usize> = nodes.iter().map(|n| n.stream.len()).collect();
    macro_rules! all {
        ($kind:ident) => {
            nodes
                .iter()
                .map(|n| if let Op::$kind(op) = &n.op { Some(op) } else { None })
                .collect::<Option<Vec<_>>>()
        };
    }
    macro_rules! each {
        ($ops:expr, $field:ident) => {
            behind($ops.iter().map(|op| &op.$field), &sizes)
        };
    }
    Some(match &nodes[0].op {
        Op::Linear(_) => Op::Linear(rows(&all!(Linear)?)?),
        Op::Relu if nodes.iter().all(|n| n.op == Op::Relu) => Op::Relu,
        Op::Scale(_) => {
            let ops = all!(Scale)?;
            Op::Scale(Scale { factor: each!(ops, factor), offset: each!(ops, offset) })
        }
        Op::BatchNorm(_) => {
            let ops = all!(BatchNorm)?;
            let of = |list: fn(&BatchNorm) -> &Vec<f64>| {
                ops.iter().flat_map(|b| list(b).iter().copied()).collect::<Vec<f64>>()
            };
            let same = ops.iter().all(|b| b.eps == ops[0].eps);
            let var =
                ops.iter().flat_map(|b| b.var.iter().map(|v| if same { *v } else { v + b.eps }));
            Op::BatchNorm(BatchNorm {
                gamma: of(|b| &b.gamma),
                beta: of(|b| &b.beta),
                mean: of(|b| &b.mean),
                var: var.collect(),
                eps: if same { ops[0].eps } else { 0.0 },
            })
        }
        Op::Threshold(t) => {
            let ops = all!(Threshold)?;
            if ops.iter().any(|o| o.compare != t.compare) {
                return None;
            }
            Op::Threshold(Threshold { threshold: each!(ops, threshold), compare: t.compare })
        }
        Op::Li(l) => {
            let ops = all!(Li)?;
            let resets = match &l.resets {
                None if ops.iter().all(|o| o.resets.is_none()) => None,
                None => return None,
                Some(of) => {
                    let all = ops.iter().map(|o| o.resets.as_ref()).collect::<Option<Vec<_>>>()?;
                    let rule = |r: &Resets| (r.reset, r.compare, r.gives);
                    if all.iter().any(|r| rule(r) != rule(of)) {
                        return None;
                    }
                    let (threshold, reset_to) = (each!(all, threshold), each!(all, reset_to));
                    Some(Resets { threshold, reset_to, ..of.clone() })
                }
            };
            Op::Li(Li {
                leak: each!(ops, leak),
                gain: each!(ops, gain),
                bias: each!(ops, bias),
                start: each!(ops, start),
                resets,
            })
        }
        Op::Lif(l) => {
            let ops = all!(Lif)?;
            if ops.iter().any(|o| o.compare != l.compare || o.reset != l.reset) {
                return None;
            }
            Op::Lif(Lif {
                leak: each!(ops, leak),
                gain: each!(ops, gain),
                bias: each!(ops, bias),
                threshold: each!(ops, threshold),
                reset: l.reset,
                compare: l.compare,
                reset_to: each!(ops, reset_to),
                start: each!(ops, start),
            })
        }
        _ => return None,
    })
}

/// Lists behind one another; streams have one dimension, so each has one entry or all.
fn behind<'a>(
    lists: impl Iterator<Item = &'a PerChannel<f64>>,
    sizes: &[usize],
) -> PerChannel<f64> {
    let each = lists.zip(sizes).flat_map(|(list, &n)| (0..n).map(move |i| list.of(i, n)));
    shortest(each.collect())
}

/// Rows of weights behind one another; all in one form.
fn rows(layers: &[&Linear]) -> Option<Linear> {
    let outputs: Vec<usize> = layers.iter().map(|l| l.weights.outputs()).collect();
    let (count, columns) = (outputs.iter().sum(), layers[0].weights.inputs());
    let place = |mut r: usize| {
        let mut k = 0;
        while r >= outputs[k] {
            r -= outputs[k];
            k += 1;
        }
        (k, r)
    };
    let scales = layers.iter().map(|l| match &l.weights {
        Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => Some(scale),
        Weights::Real { .. } => None,
    });
    let scale = scales.collect::<Option<Vec<_>>>().map(|s| behind(s.into_iter(), &outputs));
    let weights = match (&layers[0].weights, scale) {
        (Weights::Binary { .. }, Some(scale)) => {
            let all: Vec<&BitMatrix> =
                layers.iter().map(|l| Some(l.weights.binary()?.0)).collect::<Option<_>>()?;
            let signs = BitMatrix::from_fn(count, columns, |r, c| {
                let (k, r) = place(r);
                all[k].get(r, c)
            });
            Weights::Binary { signs, scale }
        }
        (Weights::Integer { .. }, Some(scale)) => {
            let list = |l: &&Linear| match &l.weights {
                Weights::Integer { values, .. } => Some(values.clone()),
                _ => None,
            };
            let values: Vec<Vec<i8>> = layers.iter().map(list).collect::<Option<_>>()?;
            Weights::Integer { rows: count, values: values.concat(), scale }
        }
        (Weights::Real { .. }, _) => {
            let list = |l: &&Linear| match &l.weights {
                Weights::Real { values, .. } => Some(values.clone()),
                _ => None,
            };
            let values: Vec<Vec<f64>> = layers.iter().map(list).collect::<Option<_>>()?;
            Weights::Real { rows: count, values: values.concat() }
        }
        _ => return None,
    };
    let own = |l: &&Linear| l.bias.clone().unwrap_or_else(|| vec![0.0; l.weights.outputs()]);
    let bias = layers.iter().any(|l| l.bias.is_some());
    Some(Linear { weights, bias: bias.then(|| layers.iter().flat_map(own).collect()) })
}

/// One chain in the place of all; says so.
fn merge(graph: &mut Graph, concat: NodeId, branches: &[Branch]) -> Result<String> {
    let mut x = graph.operands(branches[0][0]);
    let mut names = Vec::new();
    for k in 0..branches[0].len() {
        let Some(op) = joined(graph, branches, k) else { break };
        let each = branches.iter().map(|b| graph.node(b[k]).name.as_str());
        let name = graph.unused(&each.collect::<Vec<_>>().join("+"));
        x = vec![graph.add(name.clone(), op, &x)?];
        names.push(name);
    }
    graph.supersede(concat, x[0]);
    graph.prune()?;
    graph.refresh()?;
    Ok(format!("{} are one layer: {}", branches.len(), names.first().map_or("", String::as_str)))
}
