// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From values to layers.
//!
//! A [`Stream`] is what flows along an edge of the graph, as values of the file: one
//! value if it is static, else one for each of the T unrolled timesteps. Lifting starts
//! with the model's input as the only stream and lets every [`Pattern`] look at every
//! stream; a match ([`Found`]) consumes values and gives a new stream, until the output
//! is reached. At the end every operator must be accounted for (`account`).
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
mod coeff;
mod flatten;
mod foreign;
mod input;
mod lif;
mod lif_call;
mod linear;
mod multibit;
mod names;
mod per_step;
mod readout;
mod recurrence;
mod scale;
mod steps;
mod weights;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use self::account::Account;
use self::affine::{Affine, Looked};
use self::names::{Hint, Names};
use super::model::Model;
use super::node::Node;
use super::values::{ValueId, Values};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::{LiftReport, Options};
use crate::ir::{self, Graph, NodeId, Op};

/// Nodes of the graph beyond which no network of one chip goes.
const MAX_NODES: usize = 10_000;
/// Steps of work for each operator of the model before giving up; networks take about ten.
const FUEL_PER_VALUE: usize = 200;

/// Every pattern, in the order in which they look at a stream.
const PATTERNS: &[&dyn Pattern] = &[
    &lif_call::Lif,
    &lif::Lif,
    &readout::Readout,
    &linear::Linear,
    &batch_norm::BatchNorm,
    &alias::Alias,
    &flatten::Flatten,
    &scale::Scale,
];

/// What flows along an edge.
#[derive(Debug, Clone)]
struct Stream {
    /// The node it leaves.
    node: NodeId,
    /// One value a timestep; one value in all if `is_static`.
    steps: Vec<ValueId>,
    is_static: bool,
}

/// What a match becomes.
#[derive(Debug)]
enum Effect {
    /// A node that takes the stream.
    Node(Hint, Op),
    /// The node whose stream leaves the graph.
    Output(Hint, Op),
    /// Nothing: the same stream as other values.
    Alias,
    /// The same input in another shape.
    Reshape(Vec<usize>),
}

/// A match of a pattern on a stream.
#[derive(Debug)]
struct Found {
    effect: Effect,
    /// The values of the stream that results.
    steps: Vec<ValueId>,
    is_static: bool,
    /// Every value that the match accounts for.
    taken: Vec<ValueId>,
}

/// A way in which the file's operators form a layer.
trait Pattern: Sync {
    /// Kebab-case name, for the report.
    fn name(&self) -> &'static str;

    /// Every match on this stream.
    ///
    /// # Errors
    /// SF012x at the node that cannot be right.
    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>>;
}

/// The state of lifting.
struct Lift<'m> {
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
}

/// Lifts the values of a model to a graph named `name`.
///
/// # Errors
/// SF011x, SF012x with the node and what could be done.
pub(super) fn lift<'m>(
    model: &'m Model<'m>,
    values: &'m Values,
    name: &str,
    options: &'m Options,
) -> Result<(Graph, LiftReport)> {
    foreign::check(model, values, options)?;
    let mut lift = Lift {
        model,
        values,
        options,
        notes: RefCell::default(),
        fuel: Cell::new(FUEL_PER_VALUE * (values.fates.len() + 100)),
        graph: Graph::new(name, 1),
        names: Names::default(),
        account: Account::default(),
        timesteps: None,
        open: VecDeque::new(),
    };
    let stream = input::input(&mut lift, options)?;
    lift.open.push_back(stream);
    while let Some(stream) = lift.open.pop_front() {
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
    report.notes = lift.notes.take();
    let Some((timesteps, _)) = lift.timesteps else {
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
        let Found { effect, steps, is_static, taken } = found;
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
            Effect::Node(hint, op) | Effect::Output(hint, op) if self.graph.len() >= MAX_NODES => {
                let message = format!("more than {MAX_NODES} layers");
                let place = format!("{} {}", op.name(), self.names.name(&hint));
                return Err(Diagnostic::new(&codes::IMPORT_TOO_LARGE, message).at(place));
            }
            Effect::Node(hint, op) => {
                let name = self.names.name(&hint);
                (self.graph.add(name.clone(), op, &[stream.node])?, Some(name))
            }
            Effect::Output(hint, op) => {
                let name = self.names.name(&hint);
                let node = self.graph.add(name.clone(), op, &[stream.node])?;
                self.graph.set_output(node);
                self.account.take(pattern, Some(name), taken);
                return Ok(());
            }
        };
        if !is_static {
            self.agree(steps.len(), name.as_deref().unwrap_or(pattern))?;
        }
        self.account.take(pattern, name, taken);
        self.open.push_back(Stream { node, steps, is_static });
        Ok(())
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
