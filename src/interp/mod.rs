// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs a graph, untimed. On the integer form its results are *the* semantics: every
//! other executor must agree with them. On the real form it computes in `f64`, which
//! differs from a framework's `f32` only by rounding.

mod columns;
mod delay;
mod linear;
mod neuron;
mod planes;
mod ready;
mod rule;
mod signs;
mod step;
mod stimulus;
mod value;
mod window;
mod words;

use std::collections::HashMap;

use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, NodeId, Op, ReadoutKind, Stream, entry};
use ready::Ready;

use delay::History;
use neuron::{FixedNeurons, RealNeurons};
use stimulus::Form;
pub use value::Value;

/// The spikes of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spikes {
    /// Name of the node that fires.
    pub node: String,
    /// Number of neurons.
    pub neurons: usize,
    /// `[timestep][neuron]`.
    pub fired: Vec<Vec<bool>>,
}

impl Spikes {
    /// Number of spikes in all timesteps.
    #[must_use]
    pub fn count(&self) -> usize {
        self.fired.iter().flatten().filter(|s| **s).count()
    }
}

/// What one inference did.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Per firing node, in the graph's order.
    pub spikes: Vec<Spikes>,
    /// Real form: logits of each timestep, `[timestep][class]`; empty in the integer form.
    pub steps: Vec<Vec<f64>>,
    /// The logits of the inference (integer form: in units of the readout's fraction).
    pub logits: Logits,
    /// First class with the largest logit.
    pub class: usize,
}

/// Logits of one inference.
#[derive(Debug, Clone, PartialEq)]
pub enum Logits {
    /// Of the real form: mean or sum over the timesteps.
    Real(Vec<f64>),
    /// Of the integer form.
    Integer(Vec<i64>),
}

/// By how much the logit of the class, the largest, is above all others; of a class alone more than
/// any number.
#[must_use]
pub fn lead(logits: &[i64], class: usize) -> i64 {
    let others = logits.iter().enumerate().filter(|(c, _)| *c != class);
    let second = others.map(|(_, l)| *l).max();
    logits.get(class).zip(second).map_or(i64::MAX, |(best, second)| best - second)
}

/// What a network is shown during one inference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stimulus<'a> {
    /// Levels, the same at every timestep.
    Levels(&'a [u16]),
    /// Levels of each timestep; zeros after the last.
    LevelSteps(&'a [Vec<u16>]),
    /// Real numbers, the same at every timestep.
    Reals(&'a [f64]),
    /// Real numbers of each timestep; zeros after the last.
    RealSteps(&'a [Vec<f64>]),
}

/// A graph ready to run.
pub struct Interp<'g> {
    graph: &'g Graph,
    order: Vec<NodeId>,
    /// Operands of each node, by position in `order`.
    operands: Vec<Vec<usize>>,
    /// Their weights, by position in `order`.
    weights: Vec<Ready>,
    output: usize,
    /// How the model's input presents levels.
    input: Form,
}

impl<'g> Interp<'g> {
    /// Prepares a graph.
    ///
    /// # Errors
    /// If the graph is not well-formed.
    pub fn new(graph: &'g Graph) -> Result<Self> {
        let order = graph.order()?;
        let places: HashMap<NodeId, usize> =
            order.iter().enumerate().map(|(i, id)| (*id, i)).collect();
        let place = |id: NodeId| places.get(&id).copied().unwrap_or(0);
        let operands =
            order.iter().map(|&id| graph.operands(id).into_iter().map(place).collect()).collect();
        let output = place(graph.output()?);
        let weights = order.iter().map(|&id| {
            let operand = graph.operands(id).first().map(|&o| graph.node(o).stream.kind);
            Ready::of(graph.node(id), operand)
        });
        let weights = weights.collect();
        let input = Form::of(graph, &order);
        Ok(Self { graph, order, operands, weights, output, input })
    }

    /// The graph that is run.
    #[must_use]
    pub fn graph(&self) -> &'g Graph {
        self.graph
    }

    /// Runs one inference on a static input of levels.
    ///
    /// # Errors
    /// As [`Interp::run_on`].
    pub fn run(&self, input: &[u16]) -> Result<Record> {
        self.run_on(Stimulus::Levels(input))
    }

    /// Runs one inference.
    ///
    /// # Errors
    /// [`codes::INPUT_SHAPE`] if the stimulus does not have the model's number of elements, a
    /// level is too large or a number not finite, or it changes and the model's input does
    /// not; [`codes::IR_INVALID`] if the graph has no readout.
    pub fn run_on(&self, stimulus: Stimulus<'_>) -> Result<Record> {
        self.run_watching(stimulus, &mut |_, _, _| {})
    }

    /// Runs one inference and shows what every node gives: the node, the timestep, the value. A
    /// stream that stays the same is shown at the first timestep alone.
    ///
    /// # Errors
    /// As [`Interp::run_on`].
    pub fn run_watching(
        &self,
        stimulus: Stimulus<'_>,
        watch: &mut dyn FnMut(NodeId, u32, &Value),
    ) -> Result<Record> {
        let graph = self.graph;
        let mut values: Vec<Value> = vec![Value::Integers(Vec::new()); self.order.len()];
        let mut states: Vec<State> =
            self.order.iter().map(|&id| State::new(&graph.node(id).op)).collect();
        let mut spikes: Vec<Spikes> = Vec::new();
        let mut fires: Vec<Option<usize>> = vec![None; self.order.len()];
        for (i, &id) in self.order.iter().enumerate() {
            let node = graph.node(id);
            if matches!(node.op, Op::Lif(_) | Op::FixedLif(_) | Op::Threshold(_)) {
                fires[i] = Some(spikes.len());
                spikes.push(Spikes {
                    node: node.name.clone(),
                    neurons: node.stream.len(),
                    fired: Vec::new(),
                });
            }
        }
        for t in 0..graph.timesteps {
            for (i, &id) in self.order.iter().enumerate() {
                let node = graph.node(id);
                if t > 0 && node.stream.is_static {
                    if let (Some(layer), Value::Spikes(s)) = (fires[i], &values[i]) {
                        spikes[layer].fired.push(s.to_bools());
                    }
                    continue;
                }
                let value = match &node.op {
                    Op::Input(_) => stimulus::present(node, self.input, stimulus, t as usize)?,
                    _ => {
                        let taken = &self.operands[i];
                        let operands: Vec<Operand<'_>> = taken
                            .iter()
                            .map(|&o| (&values[o], &graph.node(self.order[o]).stream))
                            .collect();
                        step::step(node, &self.weights[i], &operands, &mut states[i])?
                    }
                };
                if let (Some(layer), Value::Spikes(s)) = (fires[i], &value) {
                    spikes[layer].fired.push(s.to_bools());
                }
                watch(id, t, &value);
                values[i] = value;
            }
            // Registers gave their results first; now their operands are known.
            for (i, &id) in self.order.iter().enumerate() {
                if let (Op::Delay(d), State::Delay(history)) = (&graph.node(id).op, &mut states[i])
                    && d.is_register()
                {
                    history.take(d, values[self.operands[i][0]].clone());
                }
            }
        }
        let (steps, logits) = match &states[self.output] {
            State::Steps(steps) => (steps.clone(), Logits::Real(self.real_logits(steps))),
            State::Sum(sum) => (Vec::new(), Logits::Integer(self.integer_logits(sum))),
            _ => {
                let node = graph.node(self.order[self.output]);
                let message =
                    format!("`{}` has no logits; let a readout be the output", node.op.name());
                return Err(Diagnostic::new(&codes::IR_INVALID, message).at(node.name.clone()));
            }
        };
        let class = match &logits {
            Logits::Real(v) => first_largest(v),
            Logits::Integer(v) => first_largest(v),
        };
        Ok(Record { spikes, steps, logits, class })
    }

    fn real_logits(&self, steps: &[Vec<f64>]) -> Vec<f64> {
        let classes = steps.first().map_or(0, Vec::len);
        let sum = |c: usize| steps.iter().map(|s| s[c]).sum::<f64>();
        let largest = |c: usize| steps.iter().map(|s| s[c]).fold(f64::NEG_INFINITY, f64::max);
        let Op::Readout(readout) = &self.graph.node(self.order[self.output]).op else {
            return Vec::new();
        };
        match readout.kind {
            ReadoutKind::Sum => (0..classes).map(sum).collect(),
            ReadoutKind::Last => steps.last().cloned().unwrap_or_default(),
            ReadoutKind::Max => (0..classes).map(largest).collect(),
            ReadoutKind::Mean | ReadoutKind::PerStep => {
                (0..classes).map(|c| sum(c) / steps.len() as f64).collect()
            }
        }
    }

    fn integer_logits(&self, sum: &[i64]) -> Vec<i64> {
        match &self.graph.node(self.order[self.output]).op {
            Op::FixedReadout(r) => {
                let n = sum.len();
                let logit =
                    |(c, s): (usize, &i64)| s * entry(&r.gain, c, n, 0) + entry(&r.offset, c, n, 0);
                sum.iter().enumerate().map(logit).collect()
            }
            _ => sum.to_vec(),
        }
    }
}

/// A value and the type of the edge it flows along.
type Operand<'a> = (&'a Value, &'a Stream);

/// What a node remembers between timesteps.
enum State {
    None,
    Real(RealNeurons),
    Fixed(FixedNeurons),
    Delay(History),
    Steps(Vec<Vec<f64>>),
    Sum(Vec<i64>),
}

impl State {
    fn new(op: &Op) -> Self {
        match op {
            Op::Lif(_) | Op::Li(_) => Self::Real(RealNeurons::default()),
            Op::FixedLif(_) | Op::FixedLi(_) => Self::Fixed(FixedNeurons::default()),
            Op::Delay(_) => Self::Delay(History::default()),
            Op::Readout(_) => Self::Steps(Vec::new()),
            Op::FixedReadout(_) => Self::Sum(Vec::new()),
            _ => Self::None,
        }
    }
}

/// Index of the first largest value: the class of an inference.
#[must_use]
pub fn first_largest<T: PartialOrd>(v: &[T]) -> usize {
    let mut best = 0;
    for (i, x) in v.iter().enumerate() {
        if *x > v[best] {
            best = i;
        }
    }
    best
}
