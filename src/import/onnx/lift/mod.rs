// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From values to layers.
//!
//! A [`Stream`] is what flows along an edge of the graph, as values of the file: one
//! for each of the T unrolled timesteps, or one in all if it is static or already a sum
//! over time ([`Flow`]). Lifting starts with the model's input as the only stream and lets
//! every [`Pattern`] look at every stream; a match ([`Found`]) consumes values and gives a
//! new stream, until the output is reached. What takes several streams (`join`) waits for
//! the last of them: streams that were looked at stay known ([`known::Known`]). At the end
//! every operator must be accounted for (`account`).
//!
//! To teach it another dialect, write a file with a [`Pattern`] and add it to
//! [`PATTERNS`]. Three tools do most of the work:
//!
//! - [`steps::groups`] finds the operators that do the same to every timestep of a
//!   stream; a layer without state is one such group;
//! - [`Lift::look`] writes a value as a sum over chosen others, however it was
//!   computed; recurrences and readouts are compared in this form;
//! - [`weights::binarise`] recognises ±α per output channel.
//!
//! A pattern that does not apply returns nothing. One that applies and cannot be right
//! (ternary weights, a state that is baked in) returns a diagnostic at the node.

mod account;
mod affine;
mod alias;
mod batch_norm;
mod bias;
mod calls;
mod coeff;
mod conv;
mod flatten;
mod foreign;
mod global_pool;
mod input;
mod join;
mod known;
mod li;
mod lif;
mod linear;
mod multibit;
mod names;
mod pad;
mod per_step;
mod pool;
mod readout;
mod recurrence;
mod relu;
mod scale;
mod steps;
mod time;
mod total;
mod weights;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use self::account::Account;
use self::affine::{Affine, Looked};
use self::known::Known;
use self::names::{Hint, Names};
use super::model::Model;
use super::node::Node;
use super::values::{ValueId, Values};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::{LiftReport, Options};
use crate::ir::{self, Graph, Li, NodeId, Op, PerChannel, PoolKind, ReadoutKind};

/// Nodes of the graph beyond which no network of one chip goes.
const MAX_NODES: usize = 10_000;
/// Steps of work for each operator of the model before giving up; networks take about ten.
const FUEL_PER_VALUE: usize = 200;

/// Every pattern, in the order in which they look at a stream.
pub(super) const PATTERNS: &[&dyn Pattern] = &[
    &calls::Lif,
    &calls::Li,
    &calls::Threshold,
    &lif::Lif,
    &li::Li,
    &readout::Readout,
    &time::Time,
    &linear::Linear,
    &conv::Conv,
    &batch_norm::BatchNorm,
    &pool::Pool,
    &global_pool::GlobalPool,
    &relu::Relu,
    &alias::Alias,
    &flatten::Flatten,
    &join::Join,
    &total::Total,
    &scale::Scale,
    &time::Last,
];

/// Which values of the file a stream consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// One value: the same at every timestep.
    Static,
    /// One value a timestep.
    Steps,
    /// One value: what a readout of this kind makes of the node's timesteps.
    End(ReadoutKind),
}

/// What flows along an edge.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    /// The node it leaves.
    node: NodeId,
    steps: Vec<ValueId>,
    flow: Flow,
}

impl Stream {
    fn is_static(&self) -> bool {
        self.flow == Flow::Static
    }

    /// The same node, seen as other values.
    fn of(&self, steps: Vec<ValueId>) -> Self {
        Self { node: self.node, steps, flow: self.flow }
    }
}

/// What a match becomes.
#[derive(Debug)]
enum Effect {
    /// Nodes one after another, the first of which takes the stream.
    Nodes(Vec<(Hint, Op)>),
    /// A node that takes the streams of these nodes.
    Join(Hint, Op, Vec<NodeId>),
    /// What the stream of the first node is above that of the second.
    Difference(Hint, NodeId, NodeId),
    /// The node whose stream leaves the graph.
    Output(Hint, Op),
    /// Nothing: the same stream as other values.
    Alias,
    /// The same input in another shape.
    Reshape(Vec<usize>),
}

/// A match of a pattern on a stream.
#[derive(Debug)]
pub(super) struct Found {
    effect: Effect,
    /// The values of the stream that results.
    steps: Vec<ValueId>,
    flow: Flow,
    /// Every value that the match accounts for.
    taken: Vec<ValueId>,
}

impl Found {
    /// A layer without state: the operators of `group`, one a timestep.
    fn layer(stream: &Stream, hint: Hint, op: Op, group: Vec<ValueId>) -> Self {
        Self::new(stream, Effect::Nodes(vec![(hint, op)]), group)
    }

    fn new(stream: &Stream, effect: Effect, group: Vec<ValueId>) -> Self {
        Self { effect, steps: group.clone(), flow: stream.flow, taken: group }
    }
}

/// A way in which the file's operators form a layer.
pub(super) trait Pattern: Sync {
    /// Kebab-case name, for the report.
    fn name(&self) -> &'static str;

    /// The operators that it is looked for at.
    fn operators(&self) -> &'static [&'static str];

    /// What they become, for the documentation.
    fn becomes(&self) -> &'static str;

    /// Every match on this stream.
    ///
    /// # Errors
    /// SF012x at the node that cannot be right.
    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>>;
}

/// The state of lifting.
pub(super) struct Lift<'m> {
    model: &'m Model<'m>,
    values: &'m Values,
    options: &'m Options,
    fuel: Cell<usize>,
    notes: RefCell<Vec<String>>,
    graph: Graph,
    names: Names,
    account: Account,
    /// T and the node it was found at.
    timesteps: Option<(usize, String)>,
    open: VecDeque<Stream>,
    known: Known,
}

/// Lifts the values of a model, whose file has `bytes` bytes, to a graph named `name`.
///
/// # Errors
/// SF011x, SF012x with the node and what could be done.
pub(super) fn lift<'m>(
    model: &'m Model<'m>,
    values: &'m Values,
    bytes: usize,
    name: &str,
    options: &'m Options,
) -> Result<(Graph, LiftReport)> {
    foreign::check(model, values, options)?;
    let mut lift = Lift {
        model,
        values,
        options,
        notes: RefCell::default(),
        fuel: Cell::new(FUEL_PER_VALUE * (values.fates.len() + 100) + bytes),
        graph: Graph::new(name, 1),
        names: Names::default(),
        account: Account::default(),
        timesteps: None,
        open: VecDeque::new(),
        known: Known::default(),
    };
    let stream = input::input(&mut lift, options)?;
    if stream.flow == Flow::Steps {
        lift.agree(stream.steps.len(), lift.model.input.0)?;
    }
    lift.open.push_back(stream);
    while let Some(stream) = lift.open.pop_front() {
        lift.known.add(stream.clone());
        for pattern in PATTERNS {
            for found in pattern.find(&lift, &stream)? {
                lift.add(pattern.name(), &stream, found)?;
            }
            if lift.fuel.get() == 0 {
                return Err(Diagnostic::new(
                    &codes::IMPORT_TOO_LARGE,
                    "the search for layers takes more work than a network of this size needs",
                )
                .at(format!("pattern {}", pattern.name())));
            }
        }
    }
    let mut report = std::mem::take(&mut lift.account).close(model, values)?;
    if lift.timesteps.as_ref().is_some_and(|(t, _)| *t == 1) && model.states.is_empty() {
        lift.note("one timestep and no state: neither leak nor reset has any effect; if the network was trained with more, its state was lost when it was exported".to_owned());
    }
    if values.has_half_precision() {
        lift.note(
            "the model computes in half precision; here its numbers are not rounded to that"
                .to_owned(),
        );
    }
    report.notes = lift.notes.take();
    let fires = |id: &NodeId| matches!(lift.graph.node(*id).op, Op::Lif(_));
    let is_spiking = lift.graph.order()?.iter().any(fires);
    let Some((timesteps, _)) = lift.timesteps.take().filter(|_| is_spiking || model.is_own) else {
        return Err(Diagnostic::new(
            &codes::LIFT_NO_NEURON,
            "no layer of the model compares a membrane potential with a threshold",
        )
        .help("export the spiking network, not its non-spiking teacher"));
    };
    if lift.graph.output().is_err() {
        let message = "it is not computed from the timesteps of the network";
        return Err(
            Diagnostic::new(&codes::IMPORT_OUTPUT, message).at(format!("output {}", model.output))
        );
    }
    lift.all_reach_the_output()?;
    lift.graph.timesteps = u32::try_from(timesteps).map_err(|_| {
        Diagnostic::new(&codes::LIFT_TIMESTEPS, format!("{timesteps} timesteps are too many"))
    })?;
    ir::verify(&lift.graph)?;
    Ok((lift.graph, report))
}

impl<'m> Lift<'m> {
    fn add(&mut self, pattern: &'static str, stream: &Stream, found: Found) -> Result<()> {
        let Found { effect, steps, mut flow, taken } = found;
        let (node, name) = match effect {
            Effect::Alias => (stream.node, None),
            Effect::Reshape(shape) => {
                if let Some(input) = self.input_of(stream.node)
                    && let Op::Input(input) = self.graph.op_mut(input)
                {
                    input.shape = shape;
                }
                self.graph.refresh()?;
                (stream.node, None)
            }
            Effect::Nodes(nodes) => {
                let (mut node, mut name) = (stream.node, None);
                for (hint, op) in nodes {
                    let (id, label) = self.layer(&hint, op, &[node], &mut flow)?;
                    (node, name) = (id, Some(label));
                }
                (node, name)
            }
            Effect::Join(hint, op, operands) => {
                let (node, name) = self.layer(&hint, op, &operands, &mut flow)?;
                (node, Some(name))
            }
            Effect::Difference(hint, whole, part) => {
                let op = Op::Scale(ir::Scale::by(PerChannel::All(-1.0)));
                let (negative, sign) = self.layer(&Hint::new("scale"), op, &[part], &mut flow)?;
                self.account.take(pattern, Some(sign), []);
                let (node, name) = self.layer(&hint, Op::Add, &[whole, negative], &mut flow)?;
                (node, Some(name))
            }
            Effect::Output(hint, op) => {
                let (node, name) = self.layer(&hint, op, &[stream.node], &mut flow)?;
                self.graph.set_output(node);
                self.account.take(pattern, Some(name), taken);
                return Ok(());
            }
        };
        if flow == Flow::Steps {
            self.agree(steps.len(), name.as_deref().unwrap_or(pattern))?;
        }
        self.account.take(pattern, name, taken);
        self.open.push_back(Stream { node, steps, flow });
        Ok(())
    }

    /// Adds a node. The operands of [`Flow::End`] are held as what flows at every timestep;
    /// what is linear can be computed before the sum over time as well as after it.
    fn layer(
        &mut self,
        hint: &Hint,
        mut op: Op,
        operands: &[NodeId],
        flow: &mut Flow,
    ) -> Result<(NodeId, String)> {
        let name = self.names.name(hint);
        if self.graph.len() >= MAX_NODES {
            let message = format!("more than {MAX_NODES} layers");
            let place = format!("{} {name}", op.name());
            return Err(Diagnostic::new(&codes::IMPORT_TOO_LARGE, message).at(place));
        }
        let mut operands = operands.to_vec();
        let count = self.count();
        match *flow {
            Flow::End(kind @ (ReadoutKind::Sum | ReadoutKind::Mean)) if !is_affine(&op) => {
                // The sum itself is needed: integrate, and read the last timestep.
                let gain = if kind == ReadoutKind::Mean { 1.0 / count } else { 1.0 };
                for operand in &mut operands {
                    let name = self.names.name(&Hint::new("integrator"));
                    *operand = self.graph.add(name.clone(), integrator(gain), &[*operand])?;
                    self.account.take("sum-over-time", Some(name), []);
                }
                *flow = Flow::End(ReadoutKind::Last);
            }
            Flow::End(ReadoutKind::Sum) => divide_offset(&mut op, count),
            _ => {}
        }
        let node = self.graph.add(name.clone(), op, &operands)?;
        Ok((node, name))
    }

    /// A layer beside the way to the output was taken for something it is not.
    fn all_reach_the_output(&self) -> Result<()> {
        let output = self.graph.output()?;
        for id in self.graph.order()? {
            if id != output && self.graph.users(id).is_empty() {
                let message = "what this layer computes does not reach the output in a way that was understood";
                return Err(Diagnostic::new(&codes::LIFT_UNSUPPORTED, message).at(self
                    .graph
                    .node(id)
                    .name
                    .clone()));
            }
        }
        Ok(())
    }

    /// T, or 1 as long as it is not known.
    #[allow(clippy::cast_precision_loss)]
    fn count(&self) -> f64 {
        self.timesteps.as_ref().map_or(1, |(t, _)| *t) as f64
    }

    /// Every stream has the same number of timesteps.
    fn agree(&mut self, steps: usize, name: &str) -> Result<()> {
        match &self.timesteps {
            None => self.timesteps = Some((steps, name.to_owned())),
            Some((known, first)) if *known != steps => {
                let message = format!("it has {steps} timestep(s), but `{first}` has {known}");
                return Err(Diagnostic::new(&codes::LIFT_TIMESTEPS, message).at(name));
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The input that this node is, or scales.
    fn input_of(&self, mut node: NodeId) -> Option<NodeId> {
        while let Op::Scale(_) = self.graph.node(node).op {
            node = self.graph.operands(node).first().copied()?;
        }
        matches!(self.graph.node(node).op, Op::Input(_)).then_some(node)
    }

    /// The node of the model that computes this value.
    fn node(&self, id: ValueId) -> Option<&'m Node<'m>> {
        self.model.nodes.get(self.values.node(id)?)
    }

    /// Operator of a value of ONNX's own operator set, else the empty string.
    fn op(&self, id: ValueId) -> &'m str {
        match self.node(id) {
            Some(node) if node.is_standard() => self.values.joined(id).unwrap_or(node.op()),
            _ => "",
        }
    }

    /// A diagnostic at the node that computes this value.
    fn error(
        &self,
        id: ValueId,
        code: &'static codes::Code,
        message: impl Into<String>,
    ) -> Box<Diagnostic> {
        match self.node(id) {
            Some(node) => node.error(code, message),
            None => Diagnostic::new(code, message),
        }
    }

    /// A value as a sum of at most `max_terms`, stopping at `stop`.
    fn look(
        &self,
        id: ValueId,
        stop: impl IntoIterator<Item = ValueId>,
        max_terms: usize,
    ) -> Looked {
        Affine::new(self.model, self.values, &self.fuel, stop, max_terms).form(id)
    }

    /// Says something to whoever reads the report.
    fn note(&self, text: String) {
        self.notes.borrow_mut().push(text);
    }

    /// Uses up work; once there is none left, lifting ends with a diagnostic.
    fn spend(&self, work: usize) {
        self.fuel.set(self.fuel.get().saturating_sub(work));
    }
}

/// True if the mean over time may be taken after it as well as before it. A readout says
/// itself what becomes of the timesteps.
fn is_affine(op: &Op) -> bool {
    match op {
        Op::Scale(_)
        | Op::Linear(_)
        | Op::Conv(_)
        | Op::BatchNorm(_)
        | Op::Reshape(_)
        | Op::Add
        | Op::Concat(_)
        | Op::Readout(_) => true,
        Op::Pool(p) => p.kind != PoolKind::Max,
        _ => false,
    }
}

/// What is added once to a sum over time, as what is added at every timestep.
fn divide_offset(op: &mut Op, count: f64) {
    let divide = |v: &mut Vec<f64>| v.iter_mut().for_each(|x| *x /= count);
    match op {
        Op::Linear(l) => l.bias.iter_mut().for_each(divide),
        Op::Conv(c) => c.bias.iter_mut().for_each(divide),
        Op::BatchNorm(b) => [&mut b.mean, &mut b.beta].into_iter().for_each(divide),
        _ => {}
    }
}

fn integrator(gain: f64) -> Op {
    Op::Li(Li {
        leak: PerChannel::All(1.0),
        gain: PerChannel::All(gain),
        bias: PerChannel::zero(),
        start: PerChannel::zero(),
    })
}
