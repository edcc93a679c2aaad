// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks for the processor: the shipped students, and forms that those do not have, with
//! random weights.

use std::path::Path;

use synfire::import::{self, WeightForm};
use synfire::ir::{
    BatchNorm, BitMatrix, Compare, Conv, Delay, Graph, Input, Kind, Li, Lif, Linear, NodeId, Op,
    PerChannel, Pool, PoolKind, Readout, ReadoutKind, Reset, Reshape, Stream, Weights, Window,
};

use super::common::rng::Rng;

/// A student of distill/students.
pub(super) fn student(name: &str) -> Graph {
    let file = format!("distill/students/{name}.onnx");
    // Stems and heads have real weights.
    let options = import::Options { weights: WeightForm::Float, ..Default::default() };
    import::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file), &options).unwrap()
}

/// Sums of two convolutions feed neurons with a hard reset; an average before the head.
pub(super) fn residual() -> Graph {
    let mut n = Net::new("residual", 4, (Reset::Hard, Compare::Above));
    let stem = n.input(&[3, 12, 12], 8);
    let stem = n.conv(stem, 24, (3, 1), false);
    let first = n.neurons(stem);
    let inner = n.conv(first, 24, (3, 1), true);
    let inner = n.neurons(inner);
    let inner = n.conv(inner, 24, (3, 1), true);
    let short = n.conv(first, 24, (1, 1), true);
    let sum = n.put(Op::Add, &[inner, short]);
    let second = n.neurons(sum);
    let inner = n.conv(second, 40, (3, 2), true);
    let last = n.neurons(inner);
    let mean = n.pool(last, PoolKind::Average, 6);
    n.head(mean, 10)
}

/// Convolutions and pools in turn, then dense layers.
pub(super) fn vgg() -> Graph {
    let mut n = Net::new("vgg", 4, (Reset::Soft, Compare::AtLeast));
    let mut x = n.input(&[1, 16, 16], 8);
    for (channels, kind, binary) in
        [(16, PoolKind::Max, false), (32, PoolKind::Max, true), (32, PoolKind::Average, true)]
    {
        let sums = n.conv(x, channels, (3, 1), binary);
        let spikes = n.neurons(sums);
        x = n.pool(spikes, kind, 2);
    }
    let flat = n.flatten(x);
    let sums = n.linear(flat, 64, true);
    let spikes = n.neurons(sums);
    n.head(spikes, 10)
}

/// Dense layers on two maps of events that come and go.
pub(super) fn events() -> Graph {
    let mut n = Net::new("events", 16, (Reset::SoftDelayed, Compare::Above));
    let input = Input { shape: vec![2, 17, 17], bits: Some(1), is_static: false };
    let input = n.put(Op::Input(input), &[]);
    let flat = n.flatten(input);
    let sums = n.linear(flat, 48, true);
    let spikes = n.neurons(sums);
    let sums = n.linear(spikes, 32, false);
    let spikes = n.neurons(sums);
    n.head(spikes, 11)
}

/// Current-based neurons that see their own spikes, over many timesteps: chunks of one.
pub(super) fn synapses() -> Graph {
    let mut n = Net::new("synapses", 24, (Reset::SoftDelayed, Compare::Above));
    let input = Input { shape: vec![60], bits: Some(1), is_static: false };
    let input = n.put(Op::Input(input), &[]);
    let stream = Stream { shape: vec![36], kind: Kind::Spikes, is_static: false };
    let late = Op::Delay(Delay { steps: PerChannel::All(1) });
    let back = n.g.add_register("back", late, stream).unwrap();
    let (sums, again) = (n.linear(input, 36, true), n.linear(back, 36, true));
    let sums = n.put(Op::Add, &[again, sums]);
    let li = Li {
        leak: PerChannel::All(0.75),
        gain: PerChannel::All(1.0),
        bias: PerChannel::zero(),
        start: PerChannel::zero(),
        resets: None,
    };
    let synapses = n.put(Op::Li(li), &[sums]);
    let spikes = n.neurons(synapses);
    n.g.connect(back, spikes).unwrap();
    n.head(spikes, 11)
}

/// A graph that is built layer by layer.
struct Net {
    g: Graph,
    rng: Rng,
    kind: (Reset, Compare),
}

impl Net {
    fn new(name: &str, timesteps: u32, kind: (Reset, Compare)) -> Self {
        Self { g: Graph::new(name, timesteps), rng: Rng(7), kind }
    }

    fn put(&mut self, op: Op, operands: &[NodeId]) -> NodeId {
        let name = format!("n{}", self.g.len());
        self.g.add(name, op, operands).unwrap()
    }

    fn input(&mut self, shape: &[usize], bits: u32) -> NodeId {
        let input = Input { shape: shape.to_vec(), bits: Some(bits), is_static: true };
        self.put(Op::Input(input), &[])
    }

    /// A number for each of `n` channels, around `mean`.
    fn each(&mut self, n: usize, mean: f64, most: f64) -> Vec<f64> {
        (0..n).map(|_| mean + most * self.rng.real()).collect()
    }

    /// Real weights become integers of eight bits.
    fn weights(&mut self, rows: usize, columns: usize, binary: bool) -> Weights {
        if binary {
            let signs = BitMatrix::from_fn(rows, columns, |_, _| self.rng.one_in(2));
            return Weights::Binary { signs, scale: PerChannel::Each(self.each(rows, 0.75, 0.25)) };
        }
        Weights::Real { rows, values: self.each(rows * columns, 0.0, 1.0) }
    }

    /// Extent and stride of the window; an odd extent keeps the size.
    fn conv(&mut self, x: NodeId, rows: usize, of: (usize, usize), binary: bool) -> NodeId {
        let (extent, stride) = of;
        let columns = self.g.node(x).stream.shape[0] * extent * extent;
        let weights = self.weights(rows, columns, binary);
        let window = square(extent, stride, extent / 2);
        self.put(Op::Conv(Conv { weights, bias: None, window, groups: 1 }), &[x])
    }

    fn linear(&mut self, x: NodeId, rows: usize, binary: bool) -> NodeId {
        let columns = self.g.node(x).stream.len();
        let weights = self.weights(rows, columns, binary);
        self.put(Op::Linear(Linear { weights, bias: None }), &[x])
    }

    fn neurons(&mut self, x: NodeId) -> NodeId {
        let n = self.g.node(x).stream.shape[0];
        let norm = BatchNorm {
            gamma: self.each(n, 1.0, 0.5),
            beta: self.each(n, 0.0, 0.2),
            mean: self.each(n, 0.0, 1.0),
            var: self.each(n, 30.0, 10.0),
            eps: 1e-5,
        };
        let x = self.put(Op::BatchNorm(norm), &[x]);
        let (reset, compare) = self.kind;
        let lif = Lif {
            leak: PerChannel::All(0.75),
            gain: PerChannel::All(1.0),
            bias: PerChannel::zero(),
            threshold: PerChannel::All(1.0),
            reset,
            compare,
            reset_to: PerChannel::zero(),
            start: PerChannel::zero(),
        };
        self.put(Op::Lif(lif), &[x])
    }

    fn pool(&mut self, x: NodeId, kind: PoolKind, extent: usize) -> NodeId {
        self.put(Op::Pool(Pool { kind, window: square(extent, extent, 0) }), &[x])
    }

    fn flatten(&mut self, x: NodeId) -> NodeId {
        let shape = vec![self.g.node(x).stream.len()];
        self.put(Op::Reshape(Reshape { shape }), &[x])
    }

    /// A dense layer with real weights, and the logits.
    fn head(mut self, x: NodeId, classes: usize) -> Graph {
        let flat = self.flatten(x);
        let sums = self.linear(flat, classes, false);
        let (gain, offset) = (PerChannel::All(1.0), PerChannel::Each(self.each(classes, 0.0, 1.0)));
        let readout = Readout { kind: ReadoutKind::Mean, gain, offset };
        let logits = self.put(Op::Readout(readout), &[sums]);
        self.g.set_output(logits);
        self.g
    }
}

fn square(extent: usize, stride: usize, padding: usize) -> Window {
    Window {
        kernel: vec![extent; 2],
        stride: vec![stride; 2],
        padding: vec![[padding; 2]; 2],
        dilation: vec![1; 2],
    }
}
