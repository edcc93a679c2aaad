// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Membranes, which nothing but their neurons sees, beside the spikes.

use super::{FixedLi, FixedLif, FixedResets, Gives, Graph, Li, Lif, NodeId, Op, Reset, Resets};
use crate::diag::Result;

impl Graph {
    /// A copy in which an integrator that nobody reads stands beside each layer with a membrane
    /// that fires; and each such layer with its integrator, in the graph's order. What the
    /// integrator gives is u, which the layer compares with its threshold: it takes the same
    /// operand and resets when the layer does.
    ///
    /// # Errors
    /// [`IR_INVALID`](crate::diag::codes::IR_INVALID) if the graph is not well-formed.
    pub fn with_membranes(&self) -> Result<(Self, Vec<(NodeId, NodeId)>)> {
        let mut graph = self.clone();
        let mut beside = Vec::new();
        for id in self.order()? {
            let op = match &self.node(id).op {
                Op::Lif(l) => Op::Li(of_real(l)),
                Op::FixedLif(l) => Op::FixedLi(of_fixed(l)),
                _ => continue,
            };
            let mut name = format!("{}.membrane", self.node(id).name);
            while graph.find(&name).is_some() {
                name.push('_');
            }
            beside.push((id, graph.add(name, op, &self.operands(id))?));
        }
        Ok((graph, beside))
    }
}

fn of_real(l: &Lif) -> Li {
    let resets = Resets {
        threshold: l.threshold.clone(),
        reset: l.reset,
        compare: l.compare,
        reset_to: l.reset_to.clone(),
        gives: Gives::Before,
    };
    Li {
        leak: l.leak.clone(),
        gain: l.gain.clone(),
        bias: l.bias.clone(),
        start: l.start.clone(),
        resets: (l.reset != Reset::None).then_some(resets),
    }
}

fn of_fixed(l: &FixedLif) -> FixedLi {
    let resets = FixedResets {
        threshold: l.threshold.clone(),
        reset: l.reset,
        compare: l.compare,
        reset_to: l.reset_to.clone(),
        gives: Gives::Before,
    };
    FixedLi {
        leak_num: l.leak_num.clone(),
        leak_shift: l.leak_shift,
        frac: l.frac,
        width: l.width,
        bias: l.bias.clone(),
        sign: l.sign.clone(),
        start: l.start.clone(),
        resets: (l.reset != Reset::None).then_some(resets),
    }
}
