// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `fold-batch-norm`: magnitudes, biases, factors and batch norm become parameters of
//! neurons, integrators and readouts.
//!
//! Every stream of the result stands for `a_c n + b_c` of the stream it was ([`Affine`]):
//! scales, batch norms and averages change a and b alone, weights lose their magnitudes to
//! them, and what has a membrane takes them in ([`super::absorb`]). Where streams must have
//! one unit (sums of different magnitudes, weights over unequal channels, zero padding
//! beside an offset) a `scale` makes real numbers of them again. Exact in real numbers.

use std::collections::{BTreeSet, HashMap};

use super::absorb::{self, Absorbed};
use super::affine::Affine;
use super::magnitude::magnitude;
use super::{Options, Pass, unsupported};
use crate::diag::Result;
use crate::ir::{
    Concat, Conv, Graph, Kind, Linear, NodeId, Op, PerChannel, Pool, PoolKind, Scale, Stream,
    Weights,
};

/// See the module.
pub(super) struct FoldBatchNorm;

impl Pass for FoldBatchNorm {
    fn name(&self) -> &'static str {
        "fold-batch-norm"
    }

    fn description(&self) -> &'static str {
        "folds weight magnitudes, biases, factors and batch norm into thresholds, constant currents and readout gains"
    }

    fn requires(&self) -> &'static str {
        "weights are ±1 or integers, times a magnitude; the input is integers"
    }

    fn ensures(&self) -> &'static str {
        "weights are integers without bias; no batch-norm is left, and a scale only where streams must have one unit"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        // A stream that one of its users needs in another unit is brought to it for all.
        let mut early = BTreeSet::new();
        loop {
            let mut fold = Fold::new(graph, early.clone());
            fold.all()?;
            let Fold { to, notes, early: needed, .. } = fold;
            if needed == early {
                *graph = to;
                return Ok(notes);
            }
            early = needed;
        }
    }
}

/// A node of the old graph in the new one.
#[derive(Clone)]
struct Folded {
    id: NodeId,
    affine: Affine,
}

struct Fold<'g> {
    from: &'g Graph,
    to: Graph,
    done: HashMap<NodeId, Folded>,
    /// Spikes and levels in the unit of real numbers, beside the integers that they are.
    reals: HashMap<NodeId, NodeId>,
    /// Currents that are brought to the unit of real numbers where they arise.
    early: BTreeSet<NodeId>,
    notes: Vec<String>,
}

impl<'g> Fold<'g> {
    fn new(from: &'g Graph, early: BTreeSet<NodeId>) -> Self {
        let to = Graph::new(from.name.clone(), from.timesteps);
        Self { from, to, done: HashMap::new(), reals: HashMap::new(), early, notes: Vec::new() }
    }

    fn all(&mut self) -> Result<()> {
        let mut registers = Vec::new();
        for id in self.from.order()? {
            let node = self.from.node(id);
            let operands = self.from.operands(id);
            let folded = if operands.iter().all(|o| self.done.contains_key(o)) {
                self.node(id, &operands).map_err(|d| d.at(node.name.clone()))?
            } else {
                registers.push((id, operands[0]));
                self.register(id)?
            };
            if !folded.affine.is_finite() {
                let message =
                    "factors, magnitudes and batch norm together are too large for a number";
                return Err(unsupported(message).at(node.name.clone()));
            }
            self.done.insert(id, folded);
            if self.early.contains(&id) {
                self.real(id)?;
            }
        }
        for (register, operand) in registers {
            let declared = &self.to.node(self.done[&register].id).stream;
            let x = if declared.kind == Kind::Real {
                self.real(operand)?
            } else {
                self.done[&operand].id
            };
            let name = &self.from.node(register).name;
            self.to
                .connect(self.done[&register].id, x)
                .map_err(|d| unsupported(d.message).at(name.clone()))?;
        }
        self.to.set_output(self.done[&self.from.output()?].id);
        Ok(())
    }

    /// A register whose operand comes later: spikes and levels, or real numbers.
    fn register(&mut self, id: NodeId) -> Result<Folded> {
        let node = self.from.node(id);
        let kind = match node.stream.kind {
            Kind::Real | Kind::Current { .. } => Kind::Real,
            kind => kind,
        };
        let stream = Stream { kind, ..node.stream.clone() };
        let affine = Affine::unit(&stream);
        let id = self.to.add_register(node.name.clone(), node.op.clone(), stream)?;
        Ok(Folded { id, affine })
    }

    /// The operand, its stream and what that stands for.
    fn operand(&self, old: NodeId) -> (NodeId, Stream, Affine) {
        let folded = &self.done[&old];
        (folded.id, self.to.node(folded.id).stream.clone(), folded.affine.clone())
    }

    fn add(&mut self, old: NodeId, op: Op, operands: &[NodeId]) -> Result<NodeId> {
        let name = self.from.node(old).name.clone();
        self.to.add(name, op, operands).map_err(|d| unsupported(d.message))
    }

    /// What the old node gives, as real numbers: a scale is put in where there is none.
    fn real(&mut self, old: NodeId) -> Result<NodeId> {
        let (id, stream, affine) = self.operand(old);
        if stream.kind == Kind::Real && affine.is_unit() {
            return Ok(id);
        }
        if let Some(&id) = self.reals.get(&old) {
            return Ok(id);
        }
        let (factor, offset) = affine.parameters();
        let name = format!("{}.unit", self.from.node(old).name);
        let name = self.to.unused(&self.from.unused(&name));
        let real = self.to.add(name, Op::Scale(Scale { factor, offset }), &[id])?;
        if matches!(stream.kind, Kind::Spikes | Kind::Levels { .. }) {
            self.reals.insert(old, real);
        } else {
            self.early.insert(old);
            self.done.insert(old, Folded { id: real, affine: Affine::unit(&stream) });
        }
        Ok(real)
    }

    /// The operand as it is if `fits`, else as real numbers.
    fn fitting(
        &mut self,
        old: NodeId,
        fits: impl Fn(&Stream, &Affine) -> bool,
    ) -> Result<(NodeId, Stream, Affine)> {
        let (id, stream, affine) = self.operand(old);
        if fits(&stream, &affine) {
            return Ok((id, stream, affine));
        }
        let id = self.real(old)?;
        let stream = self.to.node(id).stream.clone();
        let affine = Affine::unit(&stream);
        Ok((id, stream, affine))
    }

    fn node(&mut self, old: NodeId, operands: &[NodeId]) -> Result<Folded> {
        let from = self.from;
        let node = from.node(old);
        let Some(&x) = operands.first() else {
            let id = self.add(old, node.op.clone(), &[])?;
            return Ok(Folded { id, affine: Affine::unit(&node.stream) });
        };
        let (id, affine) = match &node.op {
            Op::Scale(s) => {
                let (id, stream, affine) = self.operand(x);
                let lists = [s.factor.iter().count(), s.offset.iter().count()];
                let of = |i, n, a, b| {
                    let f = s.factor.of(i, n);
                    (a * f, b * f + s.offset.of(i, n))
                };
                (id, affine.then(&stream, &lists, of))
            }
            Op::BatchNorm(norm) => {
                let (id, stream, affine) = self.operand(x);
                let channels = norm.mean.len();
                let of = |i: usize, n: usize, a, b| {
                    let c = i * channels / n;
                    let g = norm.gamma[c] / (norm.var[c] + norm.eps).sqrt();
                    (a * g, (b - norm.mean[c]) * g + norm.beta[c])
                };
                (id, affine.then(&stream, &[channels], of))
            }
            Op::Linear(l) => self.linear(old, l, x)?,
            Op::Conv(c) => self.conv(old, c, x)?,
            Op::Pool(p) => self.pool(old, p, x)?,
            Op::Reshape(_) => {
                let (id, _, affine) = self.operand(x);
                let id = self.add(old, node.op.clone(), &[id])?;
                (id, affine.reshaped(&self.to.node(id).stream))
            }
            Op::Relu | Op::Delay(_) => {
                let rises = node.op == Op::Relu;
                let fits = |_: &Stream, a: &Affine| a.keeps_zero() && (!rises || a.rises());
                let (id, _, affine) = self.fitting(x, fits)?;
                (self.add(old, node.op.clone(), &[id])?, affine)
            }
            Op::Add => self.sum(old, operands)?,
            Op::Concat(c) => self.concat(old, c, operands)?,
            Op::Lif(_) | Op::Readout(_) if self.is_plain(&node.op, x) => {
                let (id, _, _) = self.operand(x);
                (self.add(old, node.op.clone(), &[id])?, Affine::unit(&node.stream))
            }
            Op::Threshold(_) | Op::Lif(_) | Op::Li(_) => {
                let (id, stream, affine) = self.operand(x);
                let reach = magnitude(&self.to, id);
                let absorbed = absorb::membrane(
                    &node.op,
                    &stream,
                    &affine,
                    self.rows(x, &stream, &affine).is_some(),
                    reach,
                    from.timesteps,
                )?;
                let Absorbed { op, affine, negate, notes } = absorbed;
                self.negate(x, &negate);
                self.notes.extend(notes.into_iter().map(|n| format!("{}: {n}", node.name)));
                (self.add(old, op, &[id])?, affine)
            }
            Op::Readout(r) => {
                let (mut id, stream, affine) = self.operand(x);
                let (readout, negative) = absorb::readout(r, &stream, &affine)?;
                let by_row = negative.len() == stream.shape[0];
                if by_row && self.rows(x, &stream, &affine).is_some() {
                    self.negate(x, &negative);
                } else if negative.contains(&true) {
                    let sign = negative.iter().map(|n| if *n { -1.0 } else { 1.0 }).collect();
                    let scale = Op::Scale(Scale::by(PerChannel::Each(sign)));
                    id = self.to.add(format!("{}.sign", node.name), scale, &[id])?;
                }
                let unit = Affine::unit(&node.stream);
                (self.add(old, Op::Readout(readout), &[id])?, unit)
            }
            Op::Input(_)
            | Op::FixedLif(_)
            | Op::FixedLi(_)
            | Op::FixedScale(_)
            | Op::FixedReadout(_) => {
                let fits = |s: &Stream, a: &Affine| s.kind != Kind::Real && a.is_unit();
                let (id, stream, affine) = self.operand(x);
                if !fits(&stream, &affine) {
                    return Err(unsupported("an integer operator behind real numbers"));
                }
                let id = self.add(old, node.op.clone(), &[id])?;
                (id, Affine::unit(&self.to.node(id).stream))
            }
        };
        Ok(Folded { id, affine })
    }

    /// Weights without magnitude and bias, and what their sums stand for.
    fn weights(weights: &Weights) -> Result<(Weights, PerChannel<f64>)> {
        let mut plain = weights.clone();
        let scale = match &mut plain {
            Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => scale,
            Weights::Real { .. } => {
                return Err(unsupported("its weights are real numbers")
                    .help("the pass `round-weights` makes integers of them"));
            }
        };
        let found = std::mem::replace(scale, PerChannel::All(1.0));
        Ok((plain, found))
    }

    fn linear(&mut self, old: NodeId, l: &Linear, x: NodeId) -> Result<(NodeId, Affine)> {
        let (plain, scale) = Self::weights(&l.weights)?;
        let (id, stream, affine) = self.fitting(x, |_, a| a.one_gain().is_some())?;
        let (n, a) = (stream.len(), affine.one_gain().unwrap_or(1.0));
        let of_offsets = |o| (0..n).map(|i| l.weights.value(o, i) * affine.of(i, n).1).sum::<f64>();
        let entry = |o: usize| {
            let own = l.bias.as_ref().map_or(0.0, |b| b[o]);
            (scale.at(o) * a, if affine.keeps_zero() { own } else { of_offsets(o) + own })
        };
        let entries = (0..l.weights.outputs()).map(entry).collect();
        let id = self.add(old, Op::Linear(Linear { weights: plain, bias: None }), &[id])?;
        Ok((id, Affine::new(entries)))
    }

    fn conv(&mut self, old: NodeId, c: &Conv, x: NodeId) -> Result<(NodeId, Affine)> {
        let (plain, scale) = Self::weights(&c.weights)?;
        let padded = c.window.padding.iter().flatten().any(|p| *p > 0);
        // Padding is zeros, so zeros must stand for zeros.
        let fits = |s: &Stream, a: &Affine| {
            a.one_gain().is_some() && (a.keeps_zero() || (!padded && a.by_channel(s)))
        };
        let (id, stream, affine) = self.fitting(x, fits)?;
        let (channels, a) = (stream.shape[0], affine.one_gain().unwrap_or(1.0));
        let area: usize = c.window.kernel.iter().product();
        let (inputs, rows) = (channels / c.groups, c.weights.outputs() / c.groups);
        let of_offsets = |o: usize| {
            let offset = |k: usize| affine.of(o / rows * inputs + k / area, channels).1;
            (0..c.weights.inputs()).map(|k| c.weights.value(o, k) * offset(k)).sum::<f64>()
        };
        let entry = |o: usize| {
            let own = c.bias.as_ref().map_or(0.0, |b| b[o]);
            (scale.at(o) * a, if affine.keeps_zero() { own } else { of_offsets(o) + own })
        };
        let entries = (0..c.weights.outputs()).map(entry).collect();
        let op = Op::Conv(Conv { weights: plain, bias: None, ..c.clone() });
        Ok((self.add(old, op, &[id])?, Affine::new(entries)))
    }

    fn pool(&mut self, old: NodeId, p: &Pool, x: NodeId) -> Result<(NodeId, Affine)> {
        let (_, stream, _) = self.operand(x);
        let counts = counts(p, &stream);
        let area = p.window.kernel.iter().product::<usize>();
        let alike = counts.iter().all(|n| *n == counts[0]);
        let count = match p.kind {
            PoolKind::Average => area,
            _ if p.kind == PoolKind::AverageInside && !alike => {
                return Err(unsupported("the mean over windows of unequal size at the edge")
                    .help("train it with padding that counts as zeros, or without padding"));
            }
            _ => counts[0],
        };
        let fits = |s: &Stream, a: &Affine| {
            let edge = a.keeps_zero() || (alike && counts[0] == area);
            a.by_channel(s) && if p.kind == PoolKind::Max { a.rises() } else { edge }
        };
        let (id, stream, affine) = self.fitting(x, fits)?;
        let n = count as f64;
        let (kind, affine) = match p.kind {
            PoolKind::Max => (PoolKind::Max, affine),
            PoolKind::Sum => (PoolKind::Sum, affine.then(&stream, &[], |_, _, a, b| (a, b * n))),
            PoolKind::Average | PoolKind::AverageInside => {
                (PoolKind::Sum, affine.then(&stream, &[], |_, _, a, b| (a / n, b)))
            }
        };
        let op = Op::Pool(Pool { kind, window: p.window.clone() });
        Ok((self.add(old, op, &[id])?, affine))
    }

    fn sum(&mut self, old: NodeId, operands: &[NodeId]) -> Result<(NodeId, Affine)> {
        let all: Vec<_> = operands.iter().map(|&o| self.operand(o)).collect();
        let n = self.from.node(old).stream.len();
        let alike = |x: &(NodeId, Stream, Affine)| {
            x.1.kind != Kind::Real && (0..n).all(|i| x.2.of(i, n).0 == all[0].2.of(i, n).0)
        };
        if all.iter().all(alike) {
            let lists: Vec<usize> = all.iter().map(|x| x.2.len()).collect();
            let of = |i, n, a, _| (a, all.iter().map(|x| x.2.of(i, n).1).sum());
            let affine = all[0].2.then(&all[0].1, &lists, of);
            let ids: Vec<_> = all.iter().map(|x| x.0).collect();
            return Ok((self.add(old, Op::Add, &ids)?, affine));
        }
        let ids = self.reals(operands)?;
        let id = self.add(old, Op::Add, &ids)?;
        Ok((id, Affine::unit(&self.to.node(id).stream)))
    }

    fn reals(&mut self, operands: &[NodeId]) -> Result<Vec<NodeId>> {
        operands.iter().map(|&o| self.real(o)).collect()
    }

    fn concat(&mut self, old: NodeId, c: &Concat, operands: &[NodeId]) -> Result<(NodeId, Affine)> {
        let all: Vec<_> = operands.iter().map(|&o| self.operand(o)).collect();
        if all.iter().any(|x| x.1.kind == Kind::Real) {
            let ids = self.reals(operands)?;
            let id = self.add(old, Op::Concat(c.clone()), &ids)?;
            return Ok((id, Affine::unit(&self.to.node(id).stream)));
        }
        // In memory each operand is a row of runs; the result takes a run of each in turn.
        let runs: usize = all[0].1.shape[..c.axis].iter().product();
        let run = |r: usize| {
            all.iter().flat_map(move |(_, s, affine)| {
                let (n, length) = (s.len(), s.len() / runs);
                (r * length..(r + 1) * length).map(move |i| affine.of(i, n))
            })
        };
        let entries = (0..runs).flat_map(run).collect();
        let ids: Vec<_> = all.iter().map(|x| x.0).collect();
        let id = self.add(old, Op::Concat(c.clone()), &ids)?;
        let affine = Affine::new(entries).compressed(&self.to.node(id).stream);
        Ok((id, affine))
    }

    /// Is there nothing for a neuron or a readout to take in?
    fn is_plain(&self, op: &Op, x: NodeId) -> bool {
        let (_, stream, affine) = self.operand(x);
        let one = |gain: &PerChannel<f64>| gain.iter().all(|g| *g == 1.0);
        let positive = match op {
            Op::Lif(l) => one(&l.gain),
            Op::Readout(r) => r.gain.iter().all(|g| *g >= 0.0),
            _ => false,
        };
        positive && affine.is_unit() && self.rows(x, &stream, &affine).is_none()
    }

    /// The layer whose rows are the channels of a stream and that nothing else takes.
    fn rows(&self, mut old: NodeId, stream: &Stream, affine: &Affine) -> Option<NodeId> {
        loop {
            if self.from.users(old).len() != 1 || self.early.contains(&old) {
                return None;
            }
            match &self.from.node(old).op {
                Op::BatchNorm(_) | Op::Scale(_) => old = *self.from.operands(old).first()?,
                Op::Linear(_) | Op::Conv(_) => break,
                _ => return None,
            }
        }
        affine.by_channel(stream).then_some(self.done.get(&old)?.id)
    }

    /// Negates rows of the layer that gives `old`.
    fn negate(&mut self, old: NodeId, negate: &[bool]) {
        let (_, stream, affine) = self.operand(old);
        let Some(id) = self.rows(old, &stream, &affine) else { return };
        let (Op::Linear(Linear { weights, .. }) | Op::Conv(Conv { weights, .. })) =
            self.to.op_mut(id)
        else {
            return;
        };
        for (row, _) in negate.iter().enumerate().filter(|(_, n)| **n) {
            weights.negate_row(row);
        }
    }
}

/// How many elements that are no padding each window sees.
fn counts(p: &Pool, x: &Stream) -> Vec<usize> {
    let along = |d: usize| -> Vec<usize> {
        let size = x.shape[d + 1];
        let steps = p.window.steps(d, size).unwrap_or(0);
        (0..steps).map(|at| p.window.inside(d, at, size).count).collect()
    };
    let dims: Vec<Vec<usize>> = (0..p.window.kernel.len()).map(along).collect();
    dims.iter()
        .fold(vec![1], |all, dim| all.iter().flat_map(|a| dim.iter().map(move |b| a * b)).collect())
}
