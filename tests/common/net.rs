// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random networks: their shape is drawn (and shrunk) by proptest, their numbers follow
//! from a seed.

use proptest::prelude::*;
use synfire::ir::{
    BatchNorm, BitMatrix, Compare, Graph, Input, Lif, Linear, NodeId, Op, PerChannel, Readout,
    ReadoutKind, Reset, Scale, Weights,
};
use synfire::pass::Options;

use super::rng::Rng;

/// Which real numbers a network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Every gain a power of two, everything else a small multiple of one: `f64` computes
    /// without any rounding, before and after folding.
    Dyadic,
    /// Whatever training gives.
    Any,
    /// Small multiples of one half, next to the sums: membranes meet their thresholds, and a
    /// unit more or less decides.
    Coarse,
}

/// A layer that fires.
#[derive(Debug, Clone)]
pub struct Layer {
    pub outputs: usize,
    pub norm: bool,
    pub bias: bool,
    pub per_channel: bool,
    pub leak: usize,
    pub reset: Reset,
    pub compare: Compare,
}

/// A network.
#[derive(Debug, Clone)]
pub struct Net {
    pub seed: u64,
    pub numbers: Numbers,
    pub timesteps: u32,
    pub inputs: usize,
    pub bits: u32,
    /// Pixels are scaled.
    pub scale: bool,
    pub layers: Vec<Layer>,
    /// Classes of a last linear layer; none: the last firing layer is read out itself.
    pub classes: Option<usize>,
    /// Bits of that layer's weights; 1: ±1.
    pub class_bits: u32,
    pub readout: ReadoutKind,
    /// How it becomes integers.
    pub options: Options,
}

fn layer() -> impl Strategy<Value = Layer> {
    let reset = prop_oneof![
        Just(Reset::None),
        Just(Reset::Soft),
        Just(Reset::SoftDelayed),
        Just(Reset::Hard)
    ];
    let compare = prop_oneof![Just(Compare::AtLeast), Just(Compare::Above)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (1usize..=24, flags, 0usize..8, reset, compare).prop_map(
        |(outputs, (norm, bias, per_channel), leak, reset, compare)| Layer {
            outputs,
            norm,
            bias,
            per_channel,
            leak,
            reset,
            compare,
        },
    )
}

/// Networks of one to three firing layers.
pub fn nets(numbers: Numbers) -> impl Strategy<Value = Net> {
    let readout =
        prop_oneof![Just(ReadoutKind::Sum), Just(ReadoutKind::Mean), Just(ReadoutKind::PerStep)];
    (
        any::<u64>(),
        prop_oneof![4 => 1u32..=8, 1 => 9u32..=16],
        1usize..=70,
        1u32..=8,
        any::<bool>(),
        prop::collection::vec(layer(), 1..=3),
        prop::option::of(1usize..=12),
        readout,
    )
        .prop_map(move |(seed, timesteps, inputs, bits, scale, layers, classes, readout)| {
            Net {
                seed,
                numbers,
                timesteps,
                inputs,
                bits,
                scale,
                layers,
                classes,
                class_bits: [1, 1, 1, 1, 2, 3, 5, 8][(seed % 8) as usize],
                readout,
                options: Options::default(),
            }
        })
}

/// Networks for whatever happens after `quantise`: half of them with [`Numbers::Any`], half
/// [`Numbers::Coarse`], and integers of any precision.
pub fn integer_nets() -> impl Strategy<Value = Net> {
    let options = (
        prop::sample::select(vec![1u32, 2, 3, 8]),
        prop::sample::select(vec![1u32, 2, 3, 5, 8, 12]),
        prop::sample::select(vec![4u32, 9, 16]),
    );
    let any = (nets(Numbers::Any), options.clone());
    // Where sums are small, more timesteps and few bits: currents change sign from one to another.
    let coarse = (nets(Numbers::Coarse), options, 3u32..=12, 1u32..=3).prop_map(
        |(mut net, (leak_bits, precision_bits, gain_bits), timesteps, bits)| {
            (net.timesteps, net.bits) = (timesteps, bits);
            (net, (leak_bits, precision_bits.min(3), gain_bits))
        },
    );
    prop_oneof![any, coarse].prop_map(|(net, (leak_bits, precision_bits, gain_bits))| Net {
        options: Options { leak_bits, precision_bits, gain_bits, ..Options::default() },
        ..net
    })
}

/// Draws the numbers of one network.
struct Draw {
    rng: Rng,
    dyadic: bool,
    coarse: bool,
}

impl Draw {
    /// About `size`, positive: a power of two if they must be dyadic.
    fn gain(&mut self, size: f64) -> f64 {
        if self.coarse {
            1.0
        } else if self.dyadic {
            (size.log2().round() + self.rng.below(3) as f64 - 1.0).exp2()
        } else {
            size * (1.0 + 0.7 * self.rng.real())
        }
    }

    /// Of either sign, up to about `size`.
    fn offset(&mut self, size: f64) -> f64 {
        if self.coarse {
            (self.rng.below(4 * size.ceil() as usize + 1) as f64 - 2.0 * size.ceil()) / 2.0
        } else if self.dyadic {
            (self.rng.below(17) as f64 - 8.0) / 8.0 * size.log2().round().exp2()
        } else {
            size * self.rng.real()
        }
    }

    /// Positive, about `size`.
    fn level(&mut self, size: f64) -> f64 {
        if self.coarse {
            (1.0 + self.rng.below(2 * size.ceil() as usize) as f64) / 2.0
        } else if self.dyadic {
            (1.0 + self.rng.below(12) as f64) / 8.0 * size.log2().round().exp2()
        } else {
            size * (1.1 + self.rng.real())
        }
    }

    /// From −largest to largest; one in eight at an end, so that the weights need all their bits.
    fn weight(&mut self, largest: i32) -> i8 {
        let value = match self.rng.one_in(8) {
            true => self.rng.pick(&[-largest, largest]),
            false => self.rng.below(2 * largest as usize + 1) as i32 - largest,
        };
        value as i8
    }

    fn channels(
        &mut self,
        n: usize,
        each: bool,
        mut value: impl FnMut(&mut Self) -> f64,
    ) -> PerChannel<f64> {
        if each {
            PerChannel::Each((0..n).map(|_| value(self)).collect())
        } else {
            PerChannel::All(value(self))
        }
    }
}

impl Net {
    /// The network in the real form.
    pub fn graph(&self) -> Graph {
        let mut draw = Draw {
            rng: Rng(self.seed),
            dyadic: self.numbers == Numbers::Dyadic,
            coarse: self.numbers == Numbers::Coarse,
        };
        let mut g = Graph::new("random net", self.timesteps);
        let input =
            Op::Input(Input { shape: vec![self.inputs], bits: Some(self.bits), is_static: true });
        let mut at = g.add("in", input, &[]).unwrap();
        // Largest level that flows, as a real number.
        let mut level = f64::from((1u32 << self.bits) - 1);
        if self.scale && !draw.coarse {
            let factor = if draw.dyadic { (-f64::from(self.bits)).exp2() } else { 1.0 / level };
            let factor = if draw.rng.one_in(8) { -factor } else { factor };
            let offset = PerChannel::All(if draw.rng.one_in(4) { -0.5 } else { 0.0 });
            let scale = Op::Scale(Scale { factor: PerChannel::All(factor), offset });
            at = g.add("scale", scale, &[at]).unwrap();
            level *= factor.abs();
        }
        let mut width = self.inputs;
        for (i, layer) in self.layers.iter().enumerate() {
            let n = layer.outputs;
            let flags = (layer.norm, layer.bias);
            let (linear, size) = self.linear(&mut draw, flags, 1, (width, n), level);
            at = self.block(&mut g, &format!("fc{i}"), linear, at);
            let lif = lif(&mut draw, layer, size);
            at = g.add(format!("lif {i}"), Op::Lif(lif), &[at]).unwrap();
            (width, level) = (n, 1.0);
        }
        let mut gain = PerChannel::All(1.0);
        if let Some(n) = self.classes {
            let flags = (draw.rng.one_in(2), draw.rng.one_in(2));
            let bits = self.class_bits;
            let (linear, size) = self.linear(&mut draw, flags, bits, (width, n), level);
            at = self.block(&mut g, "out", linear, at);
            if draw.rng.one_in(3) {
                let sign = draw.rng.pick(&[1.0, -1.0]);
                gain = draw.channels(n, true, |d| sign * d.gain(1.0 / size));
            }
            width = n;
        } else if draw.rng.one_in(3) {
            gain = draw.channels(width, true, |d| d.gain(1.0));
        }
        let each = draw.rng.one_in(2);
        let offset = if draw.rng.one_in(2) {
            PerChannel::All(0.0)
        } else {
            draw.channels(width, each, |d| d.offset(1.0))
        };
        let readout = Op::Readout(Readout { kind: self.readout, gain, offset });
        let out = g.add("logits", readout, &[at]).unwrap();
        g.set_output(out);
        g
    }

    fn block(
        &self,
        g: &mut Graph,
        name: &str,
        (l, norm): (Linear, Option<BatchNorm>),
        x: NodeId,
    ) -> NodeId {
        let at = g.add(name, Op::Linear(l), &[x]).unwrap();
        norm.map_or(at, |b| g.add(format!("{name}/bn"), Op::BatchNorm(b), &[at]).unwrap())
    }

    /// A linear layer, its batch norm if there is one, and how large its results are.
    fn linear(
        &self,
        draw: &mut Draw,
        (norm, bias): (bool, bool),
        bits: u32,
        (inputs, n): (usize, usize),
        level: f64,
    ) -> ((Linear, Option<BatchNorm>), f64) {
        let largest = (1 << (bits - 1)) - 1;
        let signs = BitMatrix::from_fn(n, inputs, |_, _| draw.rng.one_in(2));
        let values = match bits {
            1 => Vec::new(),
            _ => (0..n * inputs).map(|_| draw.weight(largest)).collect(),
        };
        let each = draw.rng.one_in(2);
        let scale = if draw.rng.one_in(3) {
            PerChannel::All(1.0)
        } else {
            draw.channels(n, each, |d| d.gain(0.25))
        };
        let typical = 0.5 * level * (inputs as f64).sqrt() * f64::from(largest.max(1));
        let mut size = typical * scale.at(0);
        let bias = bias.then(|| (0..n).map(|_| draw.offset(size)).collect());
        let norm = (norm && !draw.coarse).then(|| {
            let eps = if draw.dyadic { 1.0 / 1024.0 } else { 1e-5 };
            let mut deviations: Vec<f64> = (0..n).map(|_| draw.gain(size)).collect();
            if draw.dyadic {
                // Large enough that var + eps is computed without rounding.
                deviations.iter_mut().for_each(|d| *d = d.max(0.125));
            }
            let gamma = |d: &mut Draw| match d.rng.below(12) {
                0 => 0.0,
                1 => d.gain(1e-9),
                2..4 => -d.gain(1.0),
                _ => d.gain(1.0),
            };
            let gamma: Vec<f64> = (0..n).map(|_| gamma(draw)).collect();
            let beta = gamma.iter().map(|g| if g.abs() < 1e-6 { -0.25 } else { draw.offset(0.5) });
            BatchNorm {
                beta: beta.collect(),
                gamma,
                mean: (0..n).map(|_| draw.offset(size)).collect(),
                var: deviations.iter().map(|d| d * d - eps).map(|v| v.max(0.0)).collect(),
                eps,
            }
        });
        if norm.is_some() {
            size = 1.0;
        }
        let weights = match bits {
            1 => Weights::Binary { signs, scale },
            _ => Weights::Integer { rows: n, values, scale },
        };
        ((Linear { weights, bias }, norm), size)
    }
}

/// Neurons for currents of about `size`.
fn lif(draw: &mut Draw, layer: &Layer, size: f64) -> Lif {
    let n = layer.outputs;
    let leak = if draw.dyadic {
        [1.0, 0.5, 0.75, 0.0, 0.25, 0.5, 1.0, 0.75][layer.leak]
    } else {
        [1.0, 0.5, 0.9, 0.0, 0.95, 1.0 / 3.0, 0.875, 0.999][layer.leak]
    };
    let gain = if draw.rng.one_in(3) {
        draw.channels(n, layer.per_channel, |d| {
            let sign = d.rng.pick(&[1.0, 1.0, -1.0]);
            sign * d.gain(1.0)
        })
    } else {
        PerChannel::All(1.0)
    };
    let bias = if draw.rng.one_in(2) {
        PerChannel::All(0.0)
    } else {
        draw.channels(n, layer.per_channel, |d| d.offset(size / 4.0))
    };
    let threshold = draw.channels(n, layer.per_channel, |d| d.level(size));
    let zero = PerChannel::zero();
    let leak = PerChannel::All(leak);
    Lif {
        leak,
        gain,
        bias,
        threshold,
        reset: layer.reset,
        compare: layer.compare,
        reset_to: zero.clone(),
        start: zero,
    }
}

/// Inputs that a network may be given: all levels at their largest, none, few, many; one word of
/// the bitmap alone, one level alone; then many again.
pub fn inputs(net: &Net, count: usize) -> Vec<Vec<u16>> {
    let mut rng = Rng(net.seed ^ 0x5eed);
    let top = 1usize << net.bits;
    let input = |k: usize| {
        let word = rng.below(net.inputs.div_ceil(16));
        let one = rng.below(net.inputs);
        let mut level = |i: usize| match k {
            0 => (top - 1) as u16,
            1 => 0,
            2 if !rng.one_in(8) => 0,
            4 if i / 16 != word => 0,
            4 => 1 + rng.below(top - 1) as u16,
            5 if i != one => 0,
            5 => (top - 1) as u16,
            _ => rng.below(top) as u16,
        };
        (0..net.inputs).map(&mut level).collect()
    };
    (0..count).map(input).collect()
}
