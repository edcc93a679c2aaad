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
mod alpha;
mod batch_norm;
mod bias;
mod calls;
mod coeff;
mod conv;
mod encoder;
mod feedback;
mod flatten;
mod foreign;
mod global_pool;
mod grow;
mod input;
mod join;
mod known;
mod li;
mod lif;
mod linear;
mod membranes;
mod multibit;
mod names;
mod pad;
mod pattern;
mod per_step;
mod pool;
mod raise;
mod readout;
mod recurrence;
mod relu;
mod scale;
mod sign;
mod steps;
mod synapse;
mod time;
mod total;
mod weights;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use self::account::Account;
use self::affine::{Affine, Looked};
use self::encoder::Attempt;
use self::known::Known;
use self::names::{Hint, Names};
pub(super) use self::pattern::Pattern;
use self::pattern::{Effect, Flow, Found, Stream};
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
    &sign::Sign,
    &alias::Alias,
    &flatten::Flatten,
    &join::Join,
    &total::Total,
    &scale::Scale,
    &time::Last,
];

/// The state of lifting.
pub(super) struct Lift<'m> {
    model: &'m Model<'m>,
    values: &'m Values,
    options: &'m Options,
    fuel: Cell<usize>,
    notes: RefCell<Vec<String>>,
    /// Weights that are not binary, and what is wrong with them if none are.
    multi_bit: RefCell<Vec<(String, Box<Diagnostic>)>>,
    graph: Graph,
    names: Names,
    account: Account,
    /// T and the node it was found at.
    timesteps: Option<(usize, String)>,
    open: VecDeque<Stream>,
    known: Known,
    /// A static stream that is compared with a constant once is an encoder, and stays static.
    encodes: bool,
    /// There is such a comparison.
    compares_once: Cell<bool>,
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
    let fuel = FUEL_PER_VALUE * (values.fates.len() + 100) + bytes;
    encoder::lift(fuel, |fuel, encodes| {
        let mut lift = Lift {
            model,
            values,
            options,
            notes: RefCell::default(),
            multi_bit: RefCell::default(),
            fuel: Cell::new(fuel),
            graph: Graph::new(name, 1),
            names: Names::default(),
            account: Account::default(),
            timesteps: None,
            open: VecDeque::new(),
            known: Known::default(),
            encodes,
            compares_once: Cell::new(false),
        };
        let lifted = whole(&mut lift);
        Attempt { lifted, compares_once: lift.compares_once.get(), fuel: lift.fuel.get() }
    })
}

/// The graph of a model, and how it came about.
fn whole(lift: &mut Lift<'_>) -> Result<(Graph, LiftReport)> {
    let (model, values, options) = (lift.model, lift.values, lift.options);
    let quantised = foreign::check(model, values, options)?;
    let found = lift.layers(options);
    // What a model without binary layers lacks is told before what follows from it.
    multibit::accept(lift, quantised)?;
    found.map_err(|refused| {
        let may_follow = [&codes::LIFT_UNSUPPORTED, &codes::LIFT_NEURON, &codes::LIFT_TIMESTEPS];
        let cause = account::beyond_all(model, values);
        cause.filter(|_| may_follow.iter().any(|c| c.id == refused.code.id)).unwrap_or(refused)
    })?;
    let mut report = std::mem::take(&mut lift.account).close(model, values)?;
    let forgets = lift.timesteps.as_ref().is_some_and(|(t, _)| *t == 1) && model.states.is_empty();
    let is_neuron = |id: &NodeId| matches!(lift.graph.node(*id).op, Op::Lif(_));
    if forgets && lift.graph.order()?.iter().any(is_neuron) {
        lift.note("one timestep and no state: neither leak nor reset has any effect; if the network was trained with more, its state was lost when it was exported".to_owned());
    }
    if values.has_half_precision() {
        lift.note(
            "the model computes in half precision; here its numbers are not rounded to that"
                .to_owned(),
        );
    }
    report.notes = lift.notes.take();
    let fires = |id: &NodeId| match &lift.graph.node(*id).op {
        Op::Lif(_) | Op::Threshold(_) => true,
        Op::Li(l) => l.resets.is_some(),
        _ => false,
    };
    let is_spiking = lift.graph.order()?.iter().any(fires);
    // A graph of our own may have timesteps without neurons; one without time is a teacher.
    let is_timed = lift.graph.output().map_or(true, |output| {
        let read = lift.graph.operands(output);
        read.iter().any(|id| !lift.graph.node(*id).stream.is_static)
    });
    let is_taken = is_spiking || (model.is_own && is_timed);
    let Some((timesteps, _)) = lift.timesteps.take().filter(|_| is_taken) else {
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
            .help("export the network with fewer timesteps")
    })?;
    ir::verify(&lift.graph)?;
    Ok((std::mem::replace(&mut lift.graph, Graph::new("", 1)), report))
}

impl<'m> Lift<'m> {
    /// Lets every pattern look at every stream, until there are no more.
    fn layers(&mut self, options: &Options) -> Result<()> {
        let stream = input::input(self, options)?;
        if stream.flow == Flow::Steps {
            self.agree(stream.steps.len(), self.model.input.0)?;
        }
        self.open.push_back(stream);
        while let Some(stream) = self.open.pop_front() {
            self.known.add(stream.clone());
            for pattern in PATTERNS {
                for found in pattern.find(self, &stream)? {
                    self.add(pattern.name(), &stream, found)?;
                }
                if self.fuel.get() == 0 {
                    return Err(Diagnostic::new(
                        &codes::IMPORT_TOO_LARGE,
                        "the search for layers takes more work than a network of this size needs",
                    )
                    .at(format!("pattern {}", pattern.name())));
                }
            }
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
        #[cfg(test)]
        super::testing::count(work);
        self.fuel.set(self.fuel.get().saturating_sub(work));
    }
}
