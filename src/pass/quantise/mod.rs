// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `quantise`: the border between real and integer numbers.
//!
//! Rounding, everywhere: thresholds, constant currents, gains and scaled streams to
//! nearest; the leak's product towards −∞, as an arithmetic shift does.

mod neuron;
mod readout;
mod scale;
mod units;

use std::collections::HashMap;

use self::units::Units;
use super::{Options, Pass, unsupported};
use crate::diag::{Diagnostic, Result};
use crate::ir::{Graph, Kind, NodeId, Op, Ranges};

/// Widest membrane that the simulator and the hardware take.
const MAX_MEMBRANE: u32 = 31;

/// See the module.
pub(super) struct Quantise;

impl Pass for Quantise {
    fn name(&self) -> &'static str {
        "quantise"
    }

    fn description(&self) -> &'static str {
        "makes every number an integer whose width interval analysis proves sufficient"
    }

    fn requires(&self) -> &'static str {
        "weights are integers without bias; scales bring to one unit what meets (fold-batch-norm)"
    }

    fn ensures(&self) -> &'static str {
        "the integer form; nothing saturates or wraps"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let mut units = Units::new(graph, options)?;
        let mut finest = 0;
        loop {
            let built = Integers::build(graph, &units, options, finest)?;
            // Units first: what a membrane needs depends on them.
            if units.fit(graph, &built)? {
                continue;
            }
            let finer = finest_on_streams(&built.graph)?;
            if finer <= finest {
                *graph = built.graph;
                return Ok(built.notes);
            }
            finest = finer;
        }
    }
}

/// The most bits after the point of a membrane whose neuron reads a stream with a unit of its
/// own. All neurons get at least so many: hardware that runs the layers one after another
/// shifts by one number.
fn finest_on_streams(graph: &Graph) -> Result<u32> {
    let mut finest = 0;
    for id in graph.order()? {
        let (Op::FixedLif(l), Some(&x)) = (&graph.node(id).op, graph.operands(id).first()) else {
            continue;
        };
        let weighted = matches!(graph.node(x).op, Op::Linear(_) | Op::Conv(_));
        if !weighted && matches!(graph.node(x).stream.kind, Kind::Current { .. }) {
            finest = finest.max(l.frac);
        }
    }
    Ok(finest)
}

/// The integer form as far as it is built.
struct Integers {
    graph: Graph,
    ranges: Ranges,
    /// New nodes by old ones.
    done: HashMap<NodeId, NodeId>,
    notes: Vec<String>,
}

/// A node that becomes integers: its operand in the integer form.
struct Site<'a> {
    built: &'a Integers,
    /// The operand.
    x: NodeId,
    name: &'a str,
    /// Bits after the point of the operand.
    frac: i32,
    options: &'a Options,
    /// The fewest bits after the point that a membrane gets.
    finest: u32,
}

impl Integers {
    fn build(graph: &Graph, units: &Units, options: &Options, finest: u32) -> Result<Self> {
        let mut built = Self {
            graph: Graph::new(graph.name.clone(), graph.timesteps),
            ranges: Ranges::default(),
            done: HashMap::new(),
            notes: Vec::new(),
        };
        let mut registers = Vec::new();
        for id in graph.order()? {
            let node = graph.node(id);
            let operands = graph.operands(id);
            let known: Option<Vec<NodeId>> =
                operands.iter().map(|o| built.done.get(o).copied()).collect();
            let new = match known {
                None => {
                    registers.push((id, operands[0]));
                    built.graph.add_register(
                        node.name.clone(),
                        node.op.clone(),
                        node.stream.clone(),
                    )?
                }
                Some(operands) => built
                    .node(graph, id, &operands, units, (options, finest))
                    .map_err(|d| d.at(node.name.clone()))?,
            };
            built.ranges.follow(&built.graph, new);
            built.done.insert(id, new);
        }
        for (register, operand) in registers {
            built.graph.connect(built.done[&register], built.done[&operand])?;
        }
        built.graph.set_output(built.done[&graph.output()?]);
        Ok(built)
    }

    fn node(
        &mut self,
        graph: &Graph,
        id: NodeId,
        operands: &[NodeId],
        units: &Units,
        (options, finest): (&Options, u32),
    ) -> Result<NodeId> {
        let node = graph.node(id);
        let frac = |x: NodeId| match self.graph.node(x).stream.kind {
            Kind::Current { frac, .. } => frac,
            _ => 0,
        };
        let site = operands.first().map(|&x| Site {
            built: self,
            x,
            name: &node.name,
            frac: frac(x),
            options,
            finest,
        });
        let mut note = None;
        let op = match (&node.op, site) {
            (Op::Scale(s), Some(site)) => {
                let (op, text) = scale::scale(&site, s, units.frac(id))?;
                note = Some(text);
                Op::FixedScale(op)
            }
            (Op::Lif(l), Some(site)) => {
                let (op, text) = neuron::lif(&site, l)?;
                note = Some(text);
                Op::FixedLif(op)
            }
            (Op::Li(l), Some(site)) => {
                let (op, text) = neuron::li(&site, l, units.frac(id))?;
                note = Some(text);
                Op::FixedLi(op)
            }
            (Op::Readout(r), Some(site)) => {
                let (op, text) = readout::readout(&site, r)?;
                note = Some(text);
                Op::FixedReadout(op)
            }
            (Op::BatchNorm(_) | Op::Threshold(_), _) => {
                return Err(no_form(&node.op));
            }
            (op, _) => op.clone(),
        };
        let new = self.graph.add(node.name.clone(), op, operands);
        let new = new.map_err(|d| unsupported(d.message))?;
        if self.graph.node(new).stream.kind == Kind::Real {
            return Err(unsupported(
                "its result is still real: weights or factors were not folded, or a sum needs over 46 bits",
            )
            .help("a smaller --stream-bits leaves more room for sums"));
        }
        self.notes.extend(note);
        Ok(new)
    }
}

/// An operator that only the real form has.
fn no_form(op: &Op) -> Box<Diagnostic> {
    unsupported(format!("`{}` has no integer form", op.name()))
        .help("fold-batch-norm brings it into neurons")
}
