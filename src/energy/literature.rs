// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The papers' figure: operations × energy per operation in 45 nm.
//!
//! A layer whose input is only 0 and 1 costs an accumulation for each synaptic operation
//! (SOP: an input spike times the neurons it reaches); any other layer costs a
//! multiply-accumulate for each weight. Papers write the SOPs as firing rate × T × FLOP;
//! since the rate is spikes / (neurons × T) and FLOP is neurons × fan-out, that is the same
//! number as the spikes counted here × fan-out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Band;
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{Design, Stage};
use crate::ir::{Graph, Kind, NodeId, Op};
use crate::sim::MeanActivity;

/// 32-bit floating-point multiply (3.7 pJ) and add (0.9 pJ), 45 nm, 0.9 V: M. Horowitz,
/// "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9.
pub const E_MAC: f64 = 4.6;
/// 32-bit floating-point add in pJ; same table.
pub const E_AC: f64 = 0.9;
/// 8-bit and 32-bit integer add in pJ; same table.
const INT_ADD: [f64; 2] = [0.03, 0.1];
/// 32-bit integer multiply in pJ; same table.
const INT_MUL_32: f64 = 3.1;

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

/// Integer operations at the model's widths, a static input computed once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WidthAware {
    /// One addition for each synaptic operation, in nanojoules.
    pub synapses_nj: Band,
    /// Charge, comparison, leak of every neuron at every timestep, in nanojoules.
    pub neurons_nj: Band,
    /// Gains of the readout, in nanojoules.
    pub readout_nj: Band,
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

/// Mean spikes of an inference by layer, from simulation; ready for [`literature`].
#[must_use]
pub fn mean_spikes(design: &Design, mean: &MeanActivity) -> BTreeMap<String, f64> {
    let lif = |(i, s): (usize, &Stage)| match s {
        Stage::Lif(l) => Some((l.name.clone(), mean.stage(i).spikes)),
        _ => None,
    };
    design.stages.iter().enumerate().filter_map(lif).collect()
}

/// The papers' figure for a graph in either form.
///
/// `spikes`: mean number of spikes of an inference, all neurons and timesteps together, of
/// every node that fires, by name. For a static input it may give the number of non-zero
/// levels, which only the width-aware figure uses unless the levels are 0 and 1.
///
/// # Errors
/// [`codes::INPUT_SHAPE`] if `spikes` lacks a layer.
pub fn literature(graph: &Graph, spikes: &BTreeMap<String, f64>) -> Result<Literature> {
    let mut layers = Vec::new();
    let (mut integer, mut sums) = (false, [Band::ZERO; 3]);
    let timesteps = f64::from(graph.timesteps);
    for id in graph.order()? {
        let node = graph.node(id);
        match &node.op {
            Op::Linear(l) => {
                let fan_out = l.weights.outputs() as f64;
                let layer = layer(graph, id, fan_out, spikes)?;
                if let Kind::Current { width, .. } = node.stream.kind {
                    let known = source(graph, id, spikes).map(|(n, _)| n * fan_out);
                    let adds = known.map_or(layer.once, |k| k.min(layer.once));
                    sums[0] += add(width) * adds;
                }
                layers.push(layer);
            }
            Op::FixedLif(l) => {
                integer = true;
                let leak = f64::from(l.leak_num.count_ones().saturating_sub(1));
                let steps = node.stream.len() as f64 * timesteps;
                sums[1] += add(l.width) * (steps * (2.0 + leak));
            }
            Op::FixedReadout(r) => {
                let classes = node.stream.len() as f64;
                sums[2] += (add(r.width) + Band::exact(INT_MUL_32)) * classes;
            }
            _ => {}
        }
    }
    let [synapses, neurons, readout] = sums.map(|s| s * 1e-3);
    Ok(Literature {
        repeated: variant(&layers, |l| l.repeated),
        once: variant(&layers, |l| l.once),
        layers,
        width_aware: integer.then_some(WidthAware {
            synapses_nj: synapses,
            neurons_nj: neurons,
            readout_nj: readout,
        }),
        caveats: CAVEATS,
    })
}

fn variant(layers: &[Layer], count: impl Fn(&Layer) -> f64) -> Variant {
    let sum = |kind| layers.iter().filter(|l| l.kind == kind).map(&count).sum::<f64>();
    let (macs, sops) = (sum(LayerKind::Mac), sum(LayerKind::Ac));
    Variant { macs, sops, energy_nj: convention(macs, sops) }
}

fn layer(graph: &Graph, id: NodeId, fan_out: f64, spikes: &BTreeMap<String, f64>) -> Result<Layer> {
    let name = graph.node(id).name.clone();
    let input = &graph.node(graph.operands(id)[0]).stream;
    let (inputs, timesteps) = (input.len() as f64, f64::from(graph.timesteps));
    let flops = inputs * fan_out;
    let presented = if input.is_static { 1.0 } else { timesteps };
    if input.kind != Kind::Spikes {
        let (once, repeated) = (flops * presented, flops * timesteps);
        return Ok(Layer { name, kind: LayerKind::Mac, flops, once, repeated, rate: None });
    }
    let (count, _) = source(graph, id, spikes).ok_or_else(|| {
        Diagnostic::new(&codes::INPUT_SHAPE, "the number of spikes it receives was not given")
            .at(name.clone())
            .help("simulate some inputs first")
    })?;
    let once = count * fan_out;
    let rate = Some(count / (inputs * presented));
    let repeated = once * timesteps / presented;
    Ok(Layer { name, kind: LayerKind::Ac, flops, once, repeated, rate })
}

/// The spikes that reach a node, and whose they are: the first node before it that is listed.
fn source<'g>(
    graph: &'g Graph,
    id: NodeId,
    spikes: &BTreeMap<String, f64>,
) -> Option<(f64, &'g str)> {
    let mut at = id;
    loop {
        let operands = graph.operands(at);
        let [before] = operands[..] else { return None };
        let name = graph.node(before).name.as_str();
        if let Some(&count) = spikes.get(name) {
            return Some((count, name));
        }
        if matches!(graph.node(before).op, Op::Linear(_) | Op::Lif(_) | Op::FixedLif(_)) {
            return None;
        }
        at = before;
    }
}

/// An integer addition of `width` bits in pJ: the straight line through the table's two
/// points; the interval is proportional scaling from either.
fn add(width: u32) -> Band {
    let w = f64::from(width);
    let [at8, at32] = INT_ADD;
    let line = at8 + (w - 8.0) * (at32 - at8) / 24.0;
    let (a, b) = (at8 / 8.0 * w, at32 / 32.0 * w);
    Band::new(line, a.min(b).min(line), a.max(b).max(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{self, BitMatrix, Compare, Lif, Linear, PerChannel, Reset, Weights};

    /// 0.1 nJ in a figure in mJ.
    fn mj(giga_ac: f64, giga_mac: f64) -> f64 {
        convention(giga_mac * 1e9, giga_ac * 1e9) * 1e-6
    }

    #[test]
    fn published_imagenet_figures_are_reproduced() {
        // syops-counter, README: spiking-resnet18, sew-resnet18, resnet18 on ImageNet.
        assert!((mj(0.10, 0.14) - 0.734).abs() < 5e-4);
        assert!((mj(0.50, 2.75) - 13.10).abs() < 5e-3);
        assert!((mj(0.0, 1.82) - 8.372).abs() < 5e-4);
    }

    fn linear(rows: usize, cols: usize) -> Op {
        let signs = BitMatrix::from_fn(rows, cols, |r, c| (r + c) % 2 == 0);
        let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
        Op::Linear(Linear { weights, bias: None })
    }

    fn graph(bits: u32) -> Graph {
        let mut g = Graph::new("g", 4);
        let input = Op::Input(ir::Input { shape: vec![20], bits, is_static: true });
        let x = g.add("x", input, &[]).unwrap();
        let a = g.add("fc1", linear(10, 20), &[x]).unwrap();
        let lif = Op::Lif(Lif {
            leak: 0.5,
            gain: PerChannel::All(1.0),
            bias: PerChannel::All(0.0),
            threshold: PerChannel::All(1.0),
            reset: Reset::Soft,
            compare: Compare::AtLeast,
        });
        let s = g.add("lif1", lif, &[a]).unwrap();
        let y = g.add("fc2", linear(3, 10), &[s]).unwrap();
        g.set_output(y);
        g
    }

    #[test]
    fn first_layer_counts_once_or_at_every_timestep() {
        let spikes = BTreeMap::from([("lif1".to_owned(), 7.0)]);
        let l = literature(&graph(8), &spikes).unwrap();
        assert_eq!((l.once.macs, l.repeated.macs), (200.0, 800.0));
        assert_eq!((l.once.sops, l.repeated.sops), (21.0, 21.0));
        assert!((l.once.energy_nj - (0.92 + 0.0189)).abs() < 1e-12);
    }

    #[test]
    fn counted_sops_are_rate_times_t_times_flop() {
        let spikes = BTreeMap::from([("lif1".to_owned(), 7.0)]);
        let l = literature(&graph(8), &spikes).unwrap();
        let fc2 = &l.layers[1];
        assert!((fc2.rate.unwrap() * 4.0 * fc2.flops - fc2.once).abs() < 1e-9);
    }

    #[test]
    fn binary_pixels_count_as_spikes() {
        let spikes = BTreeMap::from([("x".to_owned(), 5.0), ("lif1".to_owned(), 0.0)]);
        let l = literature(&graph(1), &spikes).unwrap();
        assert_eq!((l.once.macs, l.once.sops, l.repeated.sops), (0.0, 50.0, 200.0));
    }

    #[test]
    fn a_missing_layer_is_named() {
        let d = literature(&graph(8), &BTreeMap::new()).unwrap_err();
        assert_eq!(d.location.path.as_deref(), Some("fc2"));
    }

    #[test]
    fn integer_adds_pass_through_the_table() {
        assert!((add(8).value - 0.03).abs() < 1e-12 && (add(32).value - 0.1).abs() < 1e-12);
        for w in 1..40 {
            let b = add(w);
            assert!(0.0 < b.low && b.low <= b.value && b.value <= b.high, "{w}: {b:?}");
        }
    }
}
