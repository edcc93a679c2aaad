// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The unit of every stream of scaled numbers.
//!
//! Streams that are added or joined, and what sums, maps and moves them, have one unit: they
//! are a *stage*. Its unit is 2^−f: f gives the smallest threshold that reads the stage
//! `precision_bits`, unless the stream would then be wider than `stream_bits`.

use std::collections::HashMap;

use super::{Integers, MAX_MEMBRANE};
use crate::diag::{Diagnostic, Result};
use crate::ir::{Graph, Kind, NodeId, Op, PerChannel};
use crate::pass::magnitude::magnitude;
use crate::pass::narrow_operands::is_operand;
use crate::pass::{Options, unsupported};

/// Rounds in which units may still become finer.
const ROUNDS: u32 = 8;

/// One unit.
struct Stage {
    /// Bits after the point.
    frac: i32,
    /// What its thresholds ask for.
    wanted: i32,
    /// What is held to a width, and to which.
    held: Vec<(NodeId, u32)>,
}

/// The unit of each real stream.
pub(super) struct Units {
    stage_of: HashMap<NodeId, usize>,
    stages: Vec<Stage>,
    /// Each integrator with its operand.
    integrators: Vec<(NodeId, NodeId)>,
    round: u32,
}

/// Bits that give the smallest of these thresholds `precision` bits.
pub(super) fn wanted<'a>(thresholds: impl Iterator<Item = &'a f64>, precision: u32) -> f64 {
    let smallest = thresholds.copied().fold(f64::INFINITY, f64::min);
    (f64::from(precision) - smallest.log2()).ceil()
}

impl Units {
    /// Divides the graph into stages.
    ///
    /// # Errors
    /// What meets without a common unit, or has no bound.
    pub(super) fn new(graph: &Graph, options: &Options) -> Result<Self> {
        let order = graph.order()?;
        let stage_of = stages(graph, &order)?;
        let count = stage_of.values().max().map_or(0, |m| m + 1);
        let mut largest = vec![0.0f64; count];
        let mut wants: Vec<Option<i32>> = vec![None; count];
        let mut held: Vec<Vec<(NodeId, u32)>> = vec![Vec::new(); count];
        let mut integrators = Vec::new();
        let mut summed = vec![false; count];
        for &id in &order {
            let (node, operands) = (graph.node(id), graph.operands(id));
            if matches!(node.op, Op::Input(_)) && node.stream.kind == Kind::Real {
                return Err(unsupported("the input is real numbers")
                    .at(node.name.clone())
                    .help("say how the numbers come from integers, e.g. --input-bits 8 --input-scale 1/255 for pixels divided by 255, --input-bits 1 --input-scale 1 for spikes; or export with an integer input that the model scales itself"));
            }
            let mut ask = |stage: usize, thresholds: &PerChannel<f64>| {
                let bits = wanted(thresholds.iter(), options.precision_bits);
                let bits = bits.clamp(-1024.0, 1024.0) as i32;
                wants[stage] = Some(wants[stage].map_or(bits, |w| w.max(bits)));
            };
            let read = operands.first().and_then(|x| stage_of.get(x)).copied();
            if let (Op::Lif(l), Some(stage)) = (&node.op, read) {
                ask(stage, &l.threshold);
            }
            if let (Op::Li(l), Some(&stage)) = (&node.op, stage_of.get(&id))
                && let Some(r) = &l.resets
            {
                ask(stage, &r.threshold);
            }
            let weighs = matches!(node.op, Op::Linear(_) | Op::Conv(_) | Op::Pool(_));
            if let (true, Some(stage)) = (weighs, read) {
                summed[stage] = true;
            }
            let Some(&stage) = stage_of.get(&id) else { continue };
            summed[stage] |= matches!(node.op, Op::Scale(_) | Op::Add);
            let Some(most) = magnitude(graph, id) else {
                return Err(unsupported("numbers that go round a cycle have no proven width")
                    .at(node.name.clone())
                    .help(
                        "let what goes round a cycle be spikes: put the delay behind the neurons",
                    ));
            };
            largest[stage] = largest[stage].max(most);
            if let Op::Li(_) = node.op {
                integrators.push((id, operands[0]));
            }
            if !weighs {
                let operand = is_operand(graph, id);
                held[stage]
                    .push((id, if operand { options.operand_bits } else { options.stream_bits }));
            }
        }
        // Membranes that nothing weighs, adds or scales.
        for &(id, _) in integrators.iter().filter(|i| !summed[stage_of[&i.0]]) {
            held[stage_of[&id]].iter_mut().for_each(|(_, bits)| *bits = MAX_MEMBRANE);
        }
        let stage = |(s, held): (usize, Vec<(NodeId, u32)>)| {
            let bits = held.iter().map(|h| h.1).min().unwrap_or(options.stream_bits);
            let room = f64::from(bits) - 2.0 - largest[s].max(1e-300).log2().ceil();
            // Membranes that no threshold reads keep as many bits as those that one does.
            let most = if bits == MAX_MEMBRANE { options.precision_bits as i32 } else { 1024 };
            let wanted = wants[s].unwrap_or(most);
            Stage { frac: wanted.min(room as i32), wanted, held }
        };
        let stages = held.into_iter().enumerate().map(stage).collect();
        let mut units = Self { stage_of, stages, integrators, round: 0 };
        units.order_integrators(graph);
        Ok(units)
    }

    /// Bits after the point of a real stream.
    pub(super) fn frac(&self, id: NodeId) -> i32 {
        self.stage_of.get(&id).map_or(0, |s| self.stages[*s].frac)
    }

    /// An integrator adds bits to its operand and never takes any away.
    fn order_integrators(&mut self, graph: &Graph) {
        // Backwards what is lowered is lowered for all before it, forwards what is raised.
        let mut integrators = self.integrators.clone();
        if self.round > 0 {
            integrators.reverse();
        }
        for (id, x) in integrators {
            let stage = self.stage_of[&id];
            match self.stage_of.get(&x) {
                Some(&from) if self.round == 0 => {
                    let own = self.stages[from].frac;
                    let stage = &mut self.stages[stage];
                    (stage.frac, stage.wanted) = (stage.frac.max(own), stage.wanted.max(own));
                }
                Some(&from) => {
                    self.stages[from].frac = self.stages[from].frac.min(self.stages[stage].frac);
                }
                None => {
                    let own = match graph.node(x).stream.kind {
                        Kind::Current { frac, .. } => frac,
                        _ => 0,
                    };
                    self.stages[stage].frac = self.stages[stage].frac.max(own);
                }
            }
        }
    }

    /// Brings the units to the widths that were found; true if one has changed.
    ///
    /// # Errors
    /// If a stream stays too wide.
    pub(super) fn fit(&mut self, graph: &Graph, built: &Integers) -> Result<bool> {
        let before: Vec<i32> = self.stages.iter().map(|s| s.frac).collect();
        for stage in &mut self.stages {
            let spare = |&(id, bits): &(NodeId, u32)| {
                i64::from(bits) - i64::from(built.ranges.width(built.done[&id]))
            };
            let spare = stage.held.iter().map(spare).min().unwrap_or(0);
            let finer = if self.round < ROUNDS { i64::from(stage.wanted - stage.frac) } else { 0 };
            stage.frac += spare.min(finer.max(0)) as i32;
        }
        self.order_integrators(graph);
        self.round += 1;
        if self.round > 4 * ROUNDS {
            let over = |s: &Stage| {
                s.held.iter().find(|h| built.ranges.width(built.done[&h.0]) > h.1).copied()
            };
            if let Some((id, bits)) = self.stages.iter().find_map(over) {
                let message = format!("its numbers need over {bits} bits");
                return Err(unsupported(message).at(graph.node(id).name.clone()));
            }
            return Ok(false);
        }
        Ok(before.iter().zip(&self.stages).any(|(b, s)| *b != s.frac))
    }
}

/// Why a real stream on integers has no unit.
fn no_unit(op: &Op) -> Box<Diagnostic> {
    match op {
        Op::BatchNorm(_) => super::no_form(op),
        Op::Add | Op::Concat(_) => unsupported("what meets here has no common unit")
            .help("fold-batch-norm puts in the scales that are missing"),
        _ => unsupported("its result is real: weights, biases or factors were not folded")
            .help("fold-batch-norm takes them out"),
    }
}

/// Numbers the stages: the real streams that must have one unit.
fn stages(graph: &Graph, order: &[NodeId]) -> Result<HashMap<NodeId, usize>> {
    let real = |id: &NodeId| graph.node(*id).stream.kind == Kind::Real;
    let mut joined: HashMap<NodeId, NodeId> = HashMap::new();
    fn root(joined: &HashMap<NodeId, NodeId>, mut id: NodeId) -> NodeId {
        while let Some(&next) = joined.get(&id) {
            id = next;
        }
        id
    }
    for &id in order.iter().filter(|id| real(id)) {
        let node = graph.node(id);
        if matches!(node.op, Op::Scale(_) | Op::Li(_) | Op::Readout(_) | Op::Input(_)) {
            continue;
        }
        for operand in graph.operands(id) {
            if !real(&operand) {
                return Err(no_unit(&node.op).at(node.name.clone()));
            }
            let (a, b) = (root(&joined, id), root(&joined, operand));
            if a != b {
                joined.insert(a, b);
            }
        }
    }
    let (mut numbers, mut stage_of) = (HashMap::new(), HashMap::new());
    for &id in order.iter().filter(|id| real(id)) {
        if matches!(graph.node(id).op, Op::Readout(_) | Op::Input(_)) {
            continue;
        }
        let next = numbers.len();
        stage_of.insert(id, *numbers.entry(root(&joined, id)).or_insert(next));
    }
    Ok(stage_of)
}
