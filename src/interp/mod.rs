// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Runs a graph, untimed. On the integer form its results are *the* semantics: every
//! other executor must agree with them. On the real form it computes in `f64`, which
//! differs from a framework's `f32` only by rounding.

mod linear;
mod neuron;
mod value;

use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, NodeId, Op};

use neuron::{FixedNeurons, RealNeurons};
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

/// A graph ready to run.
pub struct Interp<'g> {
    graph: &'g Graph,
    order: Vec<NodeId>,
    /// First operand of each node, by position in `order`.
    operand: Vec<usize>,
    output: usize,
}

impl<'g> Interp<'g> {
    /// Prepares a graph.
    ///
    /// # Errors
    /// If the graph is not well-formed.
    pub fn new(graph: &'g Graph) -> Result<Self> {
        let order = graph.order()?;
        let place = |id: NodeId| order.iter().position(|&o| o == id).unwrap_or(0);
        let operand =
            order.iter().map(|&id| graph.operands(id).first().map_or(0, |&o| place(o))).collect();
        let output = place(graph.output()?);
        Ok(Self { graph, order, operand, output })
    }

    /// Runs one inference on a static input.
    ///
    /// # Errors
    /// [`codes::INPUT_SHAPE`] if `input` does not have the model's number of levels or
    /// one of them is too large; an internal error if the graph has no readout.
    pub fn run(&self, input: &[u16]) -> Result<Record> {
        let mut values: Vec<Value> = vec![Value::Integers(Vec::new()); self.order.len()];
        let mut states: Vec<State> =
            self.order.iter().map(|&id| State::new(&self.graph.node(id).op)).collect();
        let mut spikes: Vec<Spikes> = Vec::new();
        let mut fires: Vec<Option<usize>> = vec![None; self.order.len()];
        for (i, &id) in self.order.iter().enumerate() {
            let node = self.graph.node(id);
            if matches!(node.op, Op::Lif(_) | Op::FixedLif(_)) {
                fires[i] = Some(spikes.len());
                spikes.push(Spikes {
                    node: node.name.clone(),
                    neurons: node.stream.len(),
                    fired: Vec::new(),
                });
            }
        }
        for t in 0..self.graph.timesteps {
            for (i, &id) in self.order.iter().enumerate() {
                let node = self.graph.node(id);
                if t > 0 && node.stream.is_static {
                    continue;
                }
                let value = step(node, &values[self.operand[i]], &mut states[i], input)?;
                if let (Some(layer), Value::Spikes(s)) = (fires[i], &value) {
                    spikes[layer].fired.push(s.to_bools());
                }
                values[i] = value;
            }
        }
        let (steps, logits) = match &states[self.output] {
            State::Steps(steps) => (steps.clone(), Logits::Real(self.real_logits(steps))),
            State::Sum(sum) => (Vec::new(), Logits::Integer(self.integer_logits(sum))),
            _ => {
                let node = self.graph.node(self.order[self.output]);
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
        use crate::ir::ReadoutKind;
        let classes = steps.first().map_or(0, Vec::len);
        let sum = |c: usize| steps.iter().map(|s| s[c]).sum::<f64>();
        let mean = matches!(&self.graph.node(self.order[self.output]).op,
            Op::Readout(r) if r.kind != ReadoutKind::Sum);
        (0..classes).map(|c| if mean { sum(c) / steps.len() as f64 } else { sum(c) }).collect()
    }

    fn integer_logits(&self, sum: &[i64]) -> Vec<i64> {
        match &self.graph.node(self.order[self.output]).op {
            Op::FixedReadout(r) => {
                sum.iter().zip(&r.gain).zip(&r.offset).map(|((s, g), o)| s * g + o).collect()
            }
            _ => sum.to_vec(),
        }
    }
}

/// What a node remembers between timesteps.
enum State {
    None,
    Real(RealNeurons),
    Fixed(FixedNeurons),
    Steps(Vec<Vec<f64>>),
    Sum(Vec<i64>),
}

impl State {
    fn new(op: &Op) -> Self {
        match op {
            Op::Lif(_) => Self::Real(RealNeurons::default()),
            Op::FixedLif(_) => Self::Fixed(FixedNeurons::default()),
            Op::Readout(_) => Self::Steps(Vec::new()),
            Op::FixedReadout(_) => Self::Sum(Vec::new()),
            _ => Self::None,
        }
    }
}

fn step(node: &crate::ir::Node, x: &Value, state: &mut State, input: &[u16]) -> Result<Value> {
    Ok(match (&node.op, state) {
        (Op::Input(i), _) => {
            if input.len() != node.stream.len() {
                let message =
                    format!("{} values were given; the model takes {}", input.len(), node.stream);
                return Err(Diagnostic::new(&codes::INPUT_SHAPE, message).at(node.name.clone()));
            }
            let limit = 1u32 << i.bits;
            if let Some(v) = input.iter().find(|v| u32::from(**v) >= limit) {
                let message = format!("level {v} does not fit into {} bits", i.bits);
                return Err(Diagnostic::new(&codes::INPUT_SHAPE, message).at(node.name.clone()));
            }
            Value::from_levels(input, i.bits)
        }
        (Op::Scale(s), _) => Value::Real(x.to_reals().iter().map(|v| v * s.factor).collect()),
        (Op::Linear(l), _) => linear::apply(l, x),
        (Op::BatchNorm(b), _) => Value::Real(
            x.to_reals()
                .iter()
                .enumerate()
                .map(|(c, v)| (v - b.mean[c]) / (b.var[c] + b.eps).sqrt() * b.gamma[c] + b.beta[c])
                .collect(),
        ),
        (Op::Lif(l), State::Real(neurons)) => neurons.step(l, &x.to_reals()),
        (Op::FixedLif(l), State::Fixed(neurons)) => neurons.step(l, &x.to_integers()),
        (Op::Readout(r), State::Steps(steps)) => {
            let logits: Vec<f64> = x
                .to_reals()
                .iter()
                .enumerate()
                .map(|(c, v)| r.gain.at(c) * v + r.offset.at(c))
                .collect();
            steps.push(logits.clone());
            Value::Real(logits)
        }
        (Op::FixedReadout(_), State::Sum(sum)) => {
            let x = x.to_integers();
            sum.resize(x.len(), 0);
            sum.iter_mut().zip(&x).for_each(|(s, v)| *s += v);
            Value::Integers(sum.clone())
        }
        (op, _) => {
            return Err(Diagnostic::internal(
                "interp",
                format!("`{}` has another state", op.name()),
            ));
        }
    })
}

/// Index of the first largest value.
fn first_largest<T: PartialOrd>(v: &[T]) -> usize {
    let mut best = 0;
    for (i, x) in v.iter().enumerate() {
        if *x > v[best] {
            best = i;
        }
    }
    best
}
