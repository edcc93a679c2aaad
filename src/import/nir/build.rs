// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nodes and edges become the graph.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{LiftReport, Lifted, Options};
use super::flat::Flat;
use super::shape::Shaped;
use super::unsaid::Time;
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{
    Delay, Graph, Input, Kind, Memory, NodeId, Op, PerChannel, Readout, ReadoutKind, Scale, Stream,
    cuts,
};

/// Builds the graph; the report says what each node became.
///
/// # Errors
/// [`codes::NIR_CYCLE`], and what the graph's rules lead to.
pub(super) fn build(
    flat: &Flat,
    shaped: &Shaped,
    name: &str,
    time: &Time,
    options: &Options,
) -> Result<(Graph, LiftReport)> {
    let memory: Vec<Memory> = shaped.lowered.iter().map(|ops| memory(ops)).collect();
    let cut = cuts(&memory, &flat.edges, flat.input).map_err(|cycle| {
        let names: Vec<&str> = cycle.iter().map(|&i| flat.nodes[i].path.as_str()).collect();
        flat.nodes[cycle[0]]
            .error(&codes::NIR_CYCLE, format!("a cycle without a neuron: {}", names.join(" → ")))
            .help("put a neuron, an integrator or a Delay into the cycle")
    })?;
    // What a register holds is known when what it takes has been built. If that is not what
    // was assumed, the graph is built again; each round settles at least one register.
    let mut kinds: BTreeMap<usize, Kind> = BTreeMap::new();
    loop {
        let mut builder = Builder {
            graph: Graph::new(name, time.timesteps),
            flat,
            shaped,
            memory: &memory,
            cut: &cut,
            kinds: &kinds,
            built: vec![None; flat.nodes.len()],
            delayed: BTreeMap::new(),
            report: LiftReport { lifted: Vec::new(), notes: time.notes.clone() },
        };
        builder.nodes(options)?;
        match builder.connect()? {
            None => return builder.finish(),
            Some((source, kind)) => {
                if kinds.insert(source, kind).is_some() {
                    return Err(flat.nodes[source]
                        .error(&codes::NIR_GRAPH, "a recurrence whose stream grows"));
                }
            }
        }
    }
}

fn memory(ops: &[(&str, Op)]) -> Memory {
    match ops.last() {
        Some((_, Op::Lif(_))) => Memory::Fires,
        Some((_, Op::Li(_))) => Memory::Integrates,
        Some((_, op)) if op.is_register() => Memory::Register,
        _ => Memory::None,
    }
}

struct Builder<'a> {
    graph: Graph,
    flat: &'a Flat,
    shaped: &'a Shaped,
    memory: &'a [Memory],
    cut: &'a BTreeSet<(usize, usize)>,
    /// What registers hold where it is not what their source's type suggests: by the node
    /// that is the register, or that is delayed.
    kinds: &'a BTreeMap<usize, Kind>,
    built: Vec<Option<NodeId>>,
    /// Registers of cut edges, by the node they delay.
    delayed: BTreeMap<usize, NodeId>,
    report: LiftReport,
}

impl Builder<'_> {
    /// Every node after those it takes.
    fn nodes(&mut self, options: &Options) -> Result<()> {
        let count = self.flat.nodes.len();
        let mut waits = vec![0usize; count];
        let holds = |&&(from, to): &&(usize, usize)| {
            !self.cut.contains(&(from, to)) && self.memory[to] != Memory::Register
        };
        for &(_, to) in self.flat.edges.iter().filter(holds) {
            waits[to] += 1;
        }
        let mut ready: BTreeSet<usize> = (0..count).filter(|&i| waits[i] == 0).collect();
        while let Some(at) = ready.pop_first() {
            let id = if at == self.flat.input { self.input(options)? } else { self.node(at)? };
            self.built[at] = Some(id);
            for edge in self.flat.edges.range((at, 0)..=(at, usize::MAX)).filter(holds) {
                waits[edge.1] -= 1;
                if waits[edge.1] == 0 {
                    ready.insert(edge.1);
                }
            }
        }
        Ok(())
    }

    /// The model's input: real numbers, others at each timestep, unless the options say
    /// otherwise.
    fn input(&mut self, options: &Options) -> Result<NodeId> {
        let at = self.flat.input;
        let (path, shape) = (self.flat.nodes[at].path.clone(), self.shaped.shapes[at].clone());
        let is_static = options.input_static;
        let op = Op::Input(Input { shape, bits: options.input_bits, is_static });
        let id = self.graph.add(path.clone(), op, &[])?;
        self.account(at, Some(path.clone()));
        match options.input_scale {
            Some(factor) if factor != 1.0 => {
                let op = Op::Scale(Scale::by(PerChannel::All(factor)));
                self.graph.add(format!("{path}.scale"), op, &[id])
            }
            _ => Ok(id),
        }
    }

    /// The operators of one node.
    fn node(&mut self, at: usize) -> Result<NodeId> {
        let path = self.flat.nodes[at].path.clone();
        let ops = &self.shaped.lowered[at];
        if self.memory[at] == Memory::Register {
            let Some((_, op)) = ops.last() else {
                return Err(Diagnostic::internal("nir", "a register without an operator"));
            };
            self.account(at, Some(path.clone()));
            return self.register(at, path, op.clone());
        }
        let mut id = self.operand(at)?;
        for (ending, op) in ops {
            id = self.graph.add(format!("{path}{ending}"), op.clone(), &[id])?;
        }
        if at == self.flat.output {
            let readout = Readout {
                kind: ReadoutKind::PerStep,
                gain: PerChannel::All(1.0),
                offset: PerChannel::zero(),
            };
            id = self.graph.add(path, Op::Readout(readout), &[id])?;
        }
        self.account(at, Some(self.graph.node(id).name.clone()));
        Ok(id)
    }

    /// What leads into a node: the sum of it, if there are several edges.
    fn operand(&mut self, at: usize) -> Result<NodeId> {
        let sources: Vec<usize> =
            self.flat.edges.iter().filter(|e| e.1 == at).map(|e| e.0).collect();
        let mut operands = Vec::with_capacity(sources.len());
        for from in sources {
            operands.push(self.source(from, at)?);
        }
        match operands[..] {
            [one] => Ok(one),
            _ => self.graph.add(format!("{}.sum", self.flat.nodes[at].path), Op::Add, &operands),
        }
    }

    /// What an edge carries.
    fn source(&mut self, from: usize, to: usize) -> Result<NodeId> {
        if self.cut.contains(&(from, to)) {
            if let Some(&id) = self.delayed.get(&from) {
                return Ok(id);
            }
            let name = format!("{}.delay", self.flat.nodes[from].path);
            let id = self.register(from, name, Op::Delay(Delay { steps: PerChannel::All(1) }))?;
            self.delayed.insert(from, id);
            return Ok(id);
        }
        self.built[from].ok_or_else(|| Diagnostic::internal("nir", "a node before its operand"))
    }

    /// A register whose operand comes later; `at` is what it delays, or itself.
    fn register(&mut self, at: usize, name: String, op: Op) -> Result<NodeId> {
        let suggested = if self.memory[at] == Memory::Fires { Kind::Spikes } else { Kind::Real };
        let kind = self.kinds.get(&at).copied().unwrap_or(suggested);
        let shape = self.shaped.shapes[at].clone();
        self.graph.add_register(name, op, Stream { shape, kind, is_static: false })
    }

    /// Gives the registers what they take; returns the first whose kind was assumed wrongly.
    fn connect(&mut self) -> Result<Option<(usize, Kind)>> {
        let mut pairs: Vec<(usize, NodeId, NodeId)> = Vec::new();
        for (&from, &id) in &self.delayed {
            pairs.push((from, id, self.source_of(from)?));
        }
        for at in 0..self.flat.nodes.len() {
            if self.memory[at] == Memory::Register {
                let operand = self.operand(at)?;
                pairs.push((at, self.source_of(at)?, operand));
            }
        }
        for (at, register, operand) in pairs {
            let kind = self.graph.node(operand).stream.kind;
            if kind != self.graph.node(register).stream.kind {
                return Ok(Some((at, kind)));
            }
            self.graph.connect(register, operand)?;
        }
        Ok(None)
    }

    fn source_of(&self, at: usize) -> Result<NodeId> {
        self.built[at].ok_or_else(|| {
            self.flat.nodes[at].error(&codes::NIR_CYCLE, "this node is in a cycle without a neuron")
        })
    }

    fn account(&mut self, at: usize, node: Option<String>) {
        let source = &self.flat.nodes[at];
        self.report.lifted.push(Lifted {
            pattern: "nir",
            node,
            sources: vec![format!("{} ({})", source.path, source.kind)],
        });
    }

    fn finish(mut self) -> Result<(Graph, LiftReport)> {
        let output = self.source_of(self.flat.output)?;
        self.graph.set_output(output);
        let dead: Vec<String> =
            self.flat.dead.iter().map(|(path, kind)| format!("{path} ({kind})")).collect();
        if !dead.is_empty() {
            self.report.lifted.push(Lifted { pattern: "dead", node: None, sources: dead });
        }
        Ok((self.graph, self.report))
    }
}
