// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `narrow-operands`: what weights of several bits take from a stream of scaled numbers gets a
//! unit of its own.
//!
//! Hardware multiplies plane by plane of the weights, with adders as wide as the product. A
//! residual stream needs its width where neurons and additions read it; as an operand of
//! weights of six bits seven bits of it are as good as the weights are (decision 25).

use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Conv, Graph, Kind, Linear, NodeId, Op, PerChannel, Scale, Weights};

/// See the module.
pub(super) struct NarrowOperands;

impl Pass for NarrowOperands {
    fn name(&self) -> &'static str {
        "narrow-operands"
    }

    fn description(&self) -> &'static str {
        "puts a scale before weights of several bits, so that their operand has a unit of its own"
    }

    fn requires(&self) -> &'static str {
        "weights are ±1 or integers without bias (fold-batch-norm)"
    }

    fn ensures(&self) -> &'static str {
        "weights of several bits take the input, spikes, levels or what a scale gives"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        for id in graph.order()? {
            let Some(&x) = graph.operands(id).first() else { continue };
            let operand = graph.node(x);
            if !several_bits(&graph.node(id).op) || operand.stream.kind != Kind::Real {
                continue;
            }
            if matches!(operand.op, Op::Input(_)) || is_operand(graph, x) {
                continue;
            }
            let name = graph.unused(&format!("{}.operand", graph.node(id).name));
            let scale = graph.add(name, Op::Scale(Scale::by(PerChannel::All(1.0))), &[x])?;
            let op = graph.node(id).op.clone();
            graph.replace(id, op, &[scale]);
        }
        graph.refresh()?;
        Ok(Vec::new())
    }
}

/// Has the layer weights of several bits?
fn several_bits(op: &Op) -> bool {
    match op {
        Op::Linear(Linear { weights, .. }) | Op::Conv(Conv { weights, .. }) => {
            matches!(weights, Weights::Integer { .. })
        }
        _ => false,
    }
}

/// Is it a scale that only weights of several bits read?
pub(super) fn is_operand(graph: &Graph, id: NodeId) -> bool {
    let users = graph.users(id);
    matches!(graph.node(id).op, Op::Scale(_))
        && !users.is_empty()
        && users.iter().all(|&user| several_bits(&graph.node(user).op))
}
