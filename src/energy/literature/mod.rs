// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The papers' figure: operations × energy per operation in 45 nm.
//!
//! A layer whose input is only 0 and 1 costs an accumulation for each synaptic operation
//! (SOP: an input spike times the neurons it reaches); any other layer costs a
//! multiply-accumulate for each weight: added spikes, pixels and currents are no spikes.
//! Papers write the SOPs as firing rate × T × FLOP; since the rate is spikes / (neurons × T)
//! and FLOP is neurons × fan-out, that is the same number as the spikes counted here × fan-out,
//! if all inputs have the same fan-out. Those at the border of a padded map have a smaller one,
//! so they are counted one by one.

#[cfg(test)]
mod counted;
mod reach;
mod spikes;
#[cfg(test)]
mod tests;
mod width;

use serde::Serialize;

use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Kind, NodeId, Op};
use reach::reach;
pub use spikes::{SpikeCounter, Spikes};
pub use width::WidthAware;

/// 32-bit floating-point multiply (3.7 pJ) and add (0.9 pJ), 45 nm, 0.9 V: M. Horowitz,
/// "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9.
pub const E_MAC: f64 = 4.6;
/// 32-bit floating-point add in pJ; same table.
pub const E_AC: f64 = 0.9;
/// What a reader of these figures has to know.
pub const CAVEATS: &[&str] = &[
    "operations only, 45 nm floating point: no memory, no clock, no leakage, no membrane updates; not comparable with the device figure",
    "papers count a directly encoded first layer T times although its input is the same; `once` counts what hardware that holds the sums computes",
    "a layer fed by anything but 0 and 1 (pixels, added or pooled spikes) counts as multiply-accumulate whatever its weights are",
    "binary weights make no difference in this convention: 0.9 pJ is a 32-bit floating-point add",
    "the width-aware figure scales the same table's integer adds to this model's widths; the scaling between 8 and 32 bits is ours",
];

/// Which operation a layer counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// Multiply-accumulate: its input is not only 0 and 1.
    Mac,
    /// Accumulation: its input is spikes.
    Ac,
}

/// One layer with weights.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layer {
    /// Name of the node.
    pub name: String,
    /// What its operations count as.
    pub kind: LayerKind,
    /// Weights used in a timestep if every input is non-zero.
    pub flops: f64,
    /// Operations of an inference if a static input is computed once.
    pub once: f64,
    /// Operations of an inference if it is computed at every timestep.
    pub repeated: f64,
    /// Input spikes for each input neuron and timestep.
    pub rate: Option<f64>,
}

/// Operations and energy of one way to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Variant {
    /// Multiply-accumulates of an inference.
    pub macs: f64,
    /// Accumulations of an inference.
    pub sops: f64,
    /// Nanojoules.
    pub energy_nj: f64,
}

/// The figure in the papers' convention.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Literature {
    /// Layers with weights, in the graph's order.
    pub layers: Vec<Layer>,
    /// As papers count: a static input at every timestep again.
    pub repeated: Variant,
    /// As this hardware computes: a static input once.
    pub once: Variant,
    /// Only of the integer form.
    pub width_aware: Option<WidthAware>,
    /// What a reader has to know.
    pub caveats: &'static [&'static str],
}

/// Energy of so many operations, in nanojoules: 4.6 pJ a MAC, 0.9 pJ an accumulation.
#[must_use]
pub fn convention(macs: f64, sops: f64) -> f64 {
    (macs * E_MAC + sops * E_AC) * 1e-3
}

/// The papers' figure for a graph in either form.
///
/// `spikes` has what [`SpikeCounter`] counts: for every node that a layer takes spikes from,
/// those of each element. For a static input it may say which levels are not zero, which only
/// the width-aware figure uses unless the levels are 0 and 1.
///
/// # Errors
/// [`codes::INPUT_SHAPE`] if `spikes` lacks a stream.
pub fn literature(graph: &Graph, spikes: &Spikes) -> Result<Literature> {
    let mut layers = Vec::new();
    let (mut integer, mut width_aware) = (false, WidthAware::default());
    for id in graph.order()? {
        let node = graph.node(id);
        integer |= matches!(node.op, Op::FixedLif(_) | Op::FixedReadout(_));
        let mut once = 0.0;
        if let Some(reach) = reach(graph, id) {
            let layer = layer(graph, id, &reach, spikes)?;
            // Zero levels cost nothing, if it is known which are.
            once = reached(graph, id, &reach, spikes).map_or(layer.once, |n| n.min(layer.once));
            layers.push(layer);
        }
        width_aware.add(graph, id, once);
    }
    Ok(Literature {
        repeated: variant(&layers, |l| l.repeated),
        once: variant(&layers, |l| l.once),
        layers,
        width_aware: integer.then_some(width_aware),
        caveats: CAVEATS,
    })
}

fn variant(layers: &[Layer], count: impl Fn(&Layer) -> f64) -> Variant {
    let sum = |kind| layers.iter().filter(|l| l.kind == kind).map(&count).sum::<f64>();
    let (macs, sops) = (sum(LayerKind::Mac), sum(LayerKind::Ac));
    Variant { macs, sops, energy_nj: convention(macs, sops) }
}

fn layer(graph: &Graph, id: NodeId, reach: &[f64], spikes: &Spikes) -> Result<Layer> {
    let name = graph.node(id).name.clone();
    let input = &graph.node(graph.operands(id)[0]).stream;
    let (inputs, timesteps) = (input.len() as f64, f64::from(graph.timesteps));
    let flops = reach.iter().sum::<f64>();
    let presented = if input.is_static { 1.0 } else { timesteps };
    if input.kind != Kind::Spikes {
        let (once, repeated) = (flops * presented, flops * timesteps);
        return Ok(Layer { name, kind: LayerKind::Mac, flops, once, repeated, rate: None });
    }
    let given = source(graph, id, spikes).zip(reached(graph, id, reach, spikes));
    let (count, once) = given.ok_or_else(|| {
        Diagnostic::new(&codes::INPUT_SHAPE, "the number of spikes it receives was not given")
            .at(name.clone())
            .help("simulate some inputs first")
    })?;
    let rate = Some(count.iter().sum::<f64>() / (inputs * presented));
    let repeated = once * timesteps / presented;
    Ok(Layer { name, kind: LayerKind::Ac, flops, once, repeated, rate })
}

/// What leaves a node's operand: spikes, or levels that are not zero.
fn source<'s>(graph: &Graph, id: NodeId, spikes: &'s Spikes) -> Option<&'s [f64]> {
    let operand = graph.node(*graph.operands(id).first()?);
    spikes.get(&operand.name).map(Vec::as_slice).filter(|n| n.len() == operand.stream.len())
}

/// Their synaptic operations.
fn reached(graph: &Graph, id: NodeId, reach: &[f64], spikes: &Spikes) -> Option<f64> {
    Some(source(graph, id, spikes)?.iter().zip(reach).map(|(n, r)| n * r).sum())
}
