// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Integer operations at the model's widths, from the same 45 nm table.

use serde::Serialize;

use super::reach::additions;
use crate::energy::Band;
use crate::ir::{Graph, Kind, NodeId, Op, PoolKind};

/// 8-bit and 32-bit integer add in pJ; same table as [`super::E_AC`].
const INT_ADD: [f64; 2] = [0.03, 0.1];
/// 32-bit integer multiply in pJ; same table as [`super::E_AC`].
const INT_MUL_32: f64 = 3.1;

/// Integer operations at the model's widths, a static input computed once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct WidthAware {
    /// One addition for each synaptic operation (one a bit of the weight, where both operand and
    /// weight have several), in nanojoules.
    pub synapses_nj: Band,
    /// Gains and offsets behind layers, streams that are added, sums of windows, in nanojoules.
    pub scales_nj: Band,
    /// Charge, comparison, leak of every neuron at every timestep, in nanojoules.
    pub neurons_nj: Band,
    /// Gains of the readout, in nanojoules.
    pub readout_nj: Band,
}

impl WidthAware {
    /// Everything.
    #[must_use]
    pub fn total_nj(&self) -> Band {
        self.synapses_nj + self.scales_nj + self.neurons_nj + self.readout_nj
    }

    /// Adds the operations of one node; `once` is a layer's number of operations.
    pub(super) fn add(&mut self, graph: &Graph, id: NodeId, once: f64) {
        const NJ: f64 = 1e-3;
        let node = graph.node(id);
        let elements = node.stream.len() as f64;
        let timesteps = f64::from(graph.timesteps);
        // How often a stream is computed.
        let values = elements * if node.stream.is_static { 1.0 } else { timesteps };
        let width = match node.stream.kind {
            Kind::Current { width, .. } => width,
            Kind::Levels { bits } => bits,
            Kind::Spikes | Kind::Real => 1,
        };
        let operands = graph.operands(id);
        let kind = |k: usize| operands.get(k).map(|&o| graph.node(o).stream.kind);
        match &node.op {
            Op::Linear(l) if node.stream.kind != Kind::Real => {
                let each = additions(&l.weights, kind(0) == Some(Kind::Spikes));
                self.synapses_nj += add(width) * (once * each * NJ);
            }
            Op::Conv(c) if node.stream.kind != Kind::Real => {
                let each = additions(&c.weights, kind(0) == Some(Kind::Spikes));
                self.synapses_nj += add(width) * (once * each * NJ);
            }
            Op::FixedScale(s) => {
                let each = add(s.width) + Band::exact(INT_MUL_32);
                self.scales_nj += each * (values * NJ);
            }
            Op::Add => {
                let more = operands.len().saturating_sub(1) as f64;
                self.scales_nj += add(width) * (values * more * NJ);
            }
            // A maximum of spikes is an OR.
            Op::Pool(p) if p.kind != PoolKind::Max => {
                let more = p.window.kernel.iter().product::<usize>().saturating_sub(1) as f64;
                self.scales_nj += add(width) * (values * more * NJ);
            }
            Op::FixedLif(l) => {
                let adders = |k: &u32| f64::from(k.count_ones().saturating_sub(1));
                let leaks = l.leak_num.iter();
                let leak = leaks.clone().map(adders).sum::<f64>() / leaks.count() as f64;
                let steps = elements * timesteps;
                self.neurons_nj += add(l.width) * (steps * (2.0 + leak) * NJ);
            }
            Op::FixedReadout(r) => {
                let each = add(r.width) + Band::exact(INT_MUL_32);
                self.readout_nj += each * (elements * NJ);
            }
            _ => {}
        }
    }
}

/// An integer addition of `width` bits in pJ: the straight line through the table's two
/// points; the interval is proportional scaling from either.
pub(super) fn add(width: u32) -> Band {
    let w = f64::from(width);
    let [at8, at32] = INT_ADD;
    let line = at8 + (w - 8.0) * (at32 - at8) / 24.0;
    let (a, b) = (at8 / 8.0 * w, at32 / 32.0 * w);
    Band::new(line, a.min(b).min(line), a.max(b).max(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two gains of 8 bits, once and at each of five timesteps: 0.03 + 3.1 pJ each.
    #[test]
    fn what_is_static_is_computed_once() {
        let graph = |of: &str, stands: &str| {
            let input = format!("{{\"shape\":[2],\"bits\":3,\"is_static\":{of}}}");
            let gains = r#"{"gain":[3,5],"offset":[0,0],"shift":0,"width":8,"frac":0}"#;
            let text = format!(
                "synfire-ir 1\ngraph \"g\" timesteps 5\n\
                 %x = input() : levels[2; 3]{stands} {input}\n\
                 %s = fixed-scale(%x) : current[2; fixed(8, 0)]{stands} {gains}\noutput %s\n"
            );
            crate::ir::parse(&text).unwrap()
        };
        for (of, stands, times) in [("true", " static", 2.0), ("false", "", 10.0)] {
            let graph = graph(of, stands);
            let mut found = WidthAware::default();
            found.add(&graph, graph.find("s").unwrap(), 0.0);
            let value = found.scales_nj.value;
            assert!((value - times * 3.13e-3).abs() < 1e-9, "{value}");
            assert_eq!(found.total_nj(), found.scales_nj);
        }
    }
}
