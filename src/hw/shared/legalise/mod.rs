// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From the graph to jobs: which nodes one job computes, which maps it reads and writes.
//!
//! Nodes are gone through in order. A weighted layer begins a job; what follows it goes into
//! the job's tail as long as nothing else reads the stream in between. Where a tail cannot
//! take what follows (a second scale, a third stream to add), its currents are kept in a map
//! and a *copy* goes on with them: a job whose weights are the identity.
//!
//! Numbers that belong to later steps (widths, bases, lanes) are 0 in the result.

mod events;
mod order;
mod streams;
mod tail;
mod weights;

use std::collections::HashMap;

use super::{InputMap, Job, Leak, NeuronKind, Resets, Shared, Work};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::stages::keeps_currents;
use crate::hw::{Input, Place, ReadoutStage};
use crate::ir::{FixedLi, FixedLif, Gives, Graph, Kind, Node, NodeId, Op, PerChannel, Reset};
use streams::Held;

/// Longest spike train: what the host reads back is compared as a word.
const MAX_TIMESTEPS: u32 = 128;
/// Inputs arrive as bytes.
const MAX_INPUT_BITS: u32 = 8;
/// The host link counts them in 16 bits.
const MAX_INPUTS: usize = u16::MAX as usize;

/// Jobs and maps of a graph.
#[derive(Debug, Clone)]
pub(in crate::hw) struct Plan {
    /// All that does not depend on the device.
    pub(in crate::hw) shared: Shared,
    /// What the host sends.
    pub(in crate::hw) input: Input,
    /// Maps of currents that lie within another one, from this channel on: (map, the one
    /// around it, channel). They have one place.
    pub(super) parts: Vec<(usize, usize, u32)>,
    /// Timesteps that streams are delayed by, if any are: the width of a chunk.
    pub(super) delay: Option<u32>,
    /// What was done, in words.
    pub(in crate::hw) notes: Vec<String>,
}

/// Turns the graph's nodes into jobs.
///
/// # Errors
/// `HW_UNSUPPORTED` with the first node that no job computes.
pub(in crate::hw) fn legalise(graph: &Graph) -> Result<Plan> {
    let output = graph.output()?;
    let mut b = Builder::new(graph);
    for id in graph.order()? {
        if reaches(graph, id, output) {
            b.node(id)?;
        }
    }
    let readout = b
        .readout
        .take()
        .ok_or_else(|| unsupported(graph.node(output), "the network does not end in a readout"))?;
    if b.jobs.iter().filter(|j| matches!(j.work, Work::Or { .. })).count() == b.jobs.len() {
        return Err(unsupported(graph.node(output), "no layer has weights"));
    }
    let (shape, input) = (b.input_shape, b.input);
    let shared = Shared {
        width: graph.timesteps,
        lanes: 1,
        pack: 1,
        acc_bits: 0,
        once_bits: 0,
        digit_bits: 0,
        current_bits: 0,
        membrane_bits: 0,
        kinds: b.kinds,
        leaks: b.leaks,
        frac: b.frac,
        input: InputMap { shape, halo: 0, bits: input.bits, pack: 1, trains: input.changes },
        trains: b.trains,
        currents: b.currents,
        jobs: b.jobs,
        readout,
        last: b.last,
        weights: Place::BlockRam,
        banks: [Place::BlockRam; 2],
    };
    let mut plan = Plan {
        shared,
        input: Input { count: shape.iter().product(), ..input },
        parts: b.parts,
        delay: b.delay,
        notes: b.notes,
    };
    order::sort(&mut plan)?;
    Ok(plan)
}

/// What has been found so far.
struct Builder<'a> {
    graph: &'a Graph,
    /// How the stream of each node is there.
    held: HashMap<NodeId, Held>,
    jobs: Vec<Job>,
    trains: Vec<super::TrainMap>,
    currents: Vec<super::CurrentMap>,
    parts: Vec<(usize, usize, u32)>,
    input_shape: [u32; 3],
    /// Its count is 0 before there is an input.
    input: Input,
    kinds: Vec<NeuronKind>,
    leaks: Vec<Leak>,
    /// F of the processor: that of the neurons with the coarsest membranes.
    frac: u32,
    /// Maps that something reads before the neurons that write them are known.
    promised: HashMap<NodeId, usize>,
    /// Timesteps that streams are delayed by.
    delay: Option<u32>,
    readout: Option<ReadoutStage>,
    /// Does it take the last timestep alone?
    last: bool,
    notes: Vec<String>,
}

impl<'a> Builder<'a> {
    fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            held: HashMap::new(),
            jobs: Vec::new(),
            trains: Vec::new(),
            currents: Vec::new(),
            parts: Vec::new(),
            input_shape: [0; 3],
            input: Input { count: 0, bits: 0, changes: false },
            kinds: Vec::new(),
            leaks: Vec::new(),
            frac: coarsest(graph),
            promised: HashMap::new(),
            delay: None,
            readout: None,
            last: false,
            notes: Vec::new(),
        }
    }

    fn node(&mut self, id: NodeId) -> Result<()> {
        let graph = self.graph;
        let node = graph.node(id);
        if graph.timesteps > MAX_TIMESTEPS {
            let message =
                format!("{} timesteps; the hardware runs up to {MAX_TIMESTEPS}", graph.timesteps);
            return Err(unsupported(node, message));
        }
        if matches!(node.stream.kind, Kind::Real) {
            let message = format!("its result is {}; integers were expected", node.stream);
            return Err(unsupported(node, message));
        }
        let operands = graph.operands(id);
        let held = match (&node.op, &operands[..]) {
            (Op::Input(input), _) => self.input(id, node, input)?,
            (Op::Linear(l), &[x]) => self.linear(node, l, x)?,
            (Op::Conv(c), &[x]) => self.conv(node, c, x)?,
            (Op::Pool(p), &[x]) => self.pool(node, p, x)?,
            (Op::Reshape(_), &[x]) => self.stream(x)?.clone(),
            // Levels and spikes are never below zero.
            (Op::Relu, &[x]) if !matches!(node.stream.kind, Kind::Current { .. }) => {
                self.stream(x)?.clone()
            }
            (Op::Add, all) => self.add(node, all)?,
            (Op::Concat(c), all) => self.concat(node, c, all)?,
            (Op::FixedScale(s), &[x]) => self.scale(node, s, x)?,
            (Op::FixedLif(l), &[x]) => self.lif((id, node), l, x)?,
            (Op::FixedLi(l), &[x]) => self.li(node, l, x)?,
            (Op::Delay(d), &[x]) => self.delay(node, d, x)?,
            (Op::FixedReadout(r), &[x]) => return self.read(node, r, x),
            (op, _) => {
                return Err(unsupported(node, format!("no job computes `{}`", op.name())));
            }
        };
        // What several nodes read stays as it is.
        let several = graph.users(id).len() > 1;
        let held = match held {
            Held::Currents { job, sealed } => Held::Currents { job, sealed: sealed || several },
            other => other,
        };
        self.held.insert(id, held);
        Ok(())
    }

    fn input(&mut self, id: NodeId, node: &Node, input: &crate::ir::Input) -> Result<Held> {
        let widest = if input.is_static { MAX_INPUT_BITS } else { 1 };
        let Some(bits) = input.bits.filter(|b| *b <= widest && node.stream.len() <= MAX_INPUTS)
        else {
            let message = "an input has static levels of up to 8 bits, or spikes that change; \
                           up to 65535 of them";
            return Err(unsupported(node, message));
        };
        if self.input.count > 0 {
            return Err(unsupported(node, "a second input; the host sends one"));
        }
        let count = node.stream.len() as u32;
        self.input = Input { count, bits, changes: !input.is_static };
        let own = || streams::extents(&node.stream.shape);
        self.input_shape = streams::seen_as(self.graph, id).or_else(own).unwrap_or([
            node.stream.len() as u32,
            1,
            1,
        ]);
        Ok(Held::of(super::Source::Input))
    }

    /// How the stream of a node that came before is there.
    fn stream(&self, id: NodeId) -> Result<&Held> {
        self.held.get(&id).ok_or_else(|| {
            unsupported(self.graph.node(id), "the hardware runs no such recurrent connection")
        })
    }

    /// The kind of a layer that fires, by its index.
    fn kind(&mut self, node: &Node, l: &FixedLif) -> Result<usize> {
        keeps_currents(node, l.reset)?;
        let (num, shift) = one_leak(node, &l.leak_num, l.leak_shift)?;
        let (reset, compare) = (l.reset, l.compare);
        Ok(index(&mut self.kinds, NeuronKind { leak_num: num, leak_shift: shift, reset, compare }))
    }

    /// The leak of a layer that integrates, by its index.
    fn leak(&mut self, node: &Node, l: &FixedLi) -> Result<usize> {
        keeps_currents(node, l.resets.as_ref().map_or(Reset::None, |r| r.reset))?;
        let (num, shift) = one_leak(node, &l.leak_num, l.leak_shift)?;
        let resets = l.resets.as_ref().map(|r| Resets {
            reset: r.reset,
            compare: r.compare,
            after: r.gives == Gives::After,
        });
        Ok(index(&mut self.leaks, Leak { num, shift, resets }))
    }
}

/// The leak k / 2^m that all of a layer have, its fraction reduced.
fn one_leak(node: &Node, num: &PerChannel<u32>, mut shift: u32) -> Result<(u32, u32)> {
    let PerChannel::All(mut num) = *num else {
        let message = "the leak differs between neurons; the processor has one for a layer";
        return Err(unsupported(node, message));
    };
    while shift > 0 && num % 2 == 0 {
        (num, shift) = (num / 2, shift - 1);
    }
    Ok((num, shift))
}

/// Where it is in a list of what there is, at the end of it if it is new.
fn index<T: PartialEq>(list: &mut Vec<T>, it: T) -> usize {
    list.iter().position(|known| *known == it).unwrap_or_else(|| {
        list.push(it);
        list.len() - 1
    })
}

/// The fewest bits after the point that a membrane of the graph has.
fn coarsest(graph: &Graph) -> u32 {
    let frac = |op: &Op| if let Op::FixedLif(l) = op { Some(l.frac) } else { None };
    graph.order().into_iter().flatten().filter_map(|id| frac(&graph.node(id).op)).min().unwrap_or(0)
}

/// Does the output depend on this node?
fn reaches(graph: &Graph, from: NodeId, output: NodeId) -> bool {
    let mut seen = std::collections::BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if id == output {
            return true;
        }
        open.extend(graph.users(id).into_iter().filter(|u| seen.insert(*u)));
    }
    false
}

/// A node that the processor does not take.
pub(super) fn unsupported(node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::HW_UNSUPPORTED, message)
        .at(node.name.clone())
        .help("`synfire simulate` runs the model without hardware")
}
