// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Each step of lowering by itself, on small networks.

mod chunks;
mod cost;
mod folding;
mod integrators;
mod jobs;
mod line;
mod numbers;
mod once;

use crate::hw::{Design, Mapping, Options, lower};
use crate::ir::{
    Compare, Conv, FixedLif, FixedReadout, FixedScale, Graph, Input, Kind, Linear, NodeId, Op,
    PerChannel, Pool, PoolKind, Reset, Reshape, Taken, Weights, Window,
};
use crate::target;

/// A graph that is built line by line.
pub(crate) struct Net(pub(crate) Graph);

impl Net {
    /// A network with an input of 4-bit levels `in`.
    pub(crate) fn new(timesteps: u32, shape: &[usize]) -> Self {
        let mut net = Self(Graph::new("net", timesteps));
        let input = Input { shape: shape.to_vec(), bits: Some(4), is_static: true };
        net.add("in", Op::Input(input), &[]);
        net
    }

    pub(crate) fn add(&mut self, name: &str, op: Op, operands: &[&str]) {
        let operands: Vec<NodeId> = operands.iter().map(|o| self.0.find(o).unwrap()).collect();
        self.0.add(name, op, &operands).unwrap();
    }

    fn shape(&self, name: &str) -> Vec<usize> {
        self.0.node(self.0.find(name).unwrap()).stream.shape.clone()
    }

    /// A convolution of `rows` channels over square windows, padded so that an odd extent
    /// keeps the size; the weights repeat `values`.
    pub(crate) fn conv(
        &mut self,
        name: &str,
        x: &str,
        (rows, extent, stride): (usize, usize, usize),
        values: &[i8],
    ) {
        let channels = self.shape(x)[0];
        let window = window(extent, stride, extent / 2);
        let count = rows * channels * extent * extent;
        let conv = Conv { weights: integers(rows, count, values), bias: None, window, groups: 1 };
        self.add(name, Op::Conv(conv), &[x]);
    }

    pub(crate) fn linear(&mut self, name: &str, x: &str, rows: usize, values: &[i8]) {
        let inputs: usize = self.shape(x).iter().product();
        let weights = integers(rows, rows * inputs, values);
        self.add(name, Op::Linear(Linear { weights, bias: None }), &[x]);
    }

    pub(crate) fn scale(&mut self, name: &str, x: &str, gain: i64, offset: i64, shift: u32) {
        let channels = self.shape(x)[0];
        let scale = FixedScale {
            gain: vec![gain; channels],
            offset: vec![offset; channels],
            shift,
            width: 24,
            frac: 0,
        };
        self.add(name, Op::FixedScale(scale), &[x]);
    }

    pub(crate) fn lif(&mut self, name: &str, x: &str, threshold: i64) {
        let channels = self.shape(x)[0];
        self.add(name, Op::FixedLif(neurons(channels, threshold)), &[x]);
    }

    pub(crate) fn pool(&mut self, name: &str, x: &str, kind: PoolKind, extent: usize) {
        self.add(name, Op::Pool(Pool { kind, window: window(extent, extent, 0) }), &[x]);
    }

    pub(crate) fn flatten(&mut self, name: &str, x: &str) {
        let shape = vec![self.shape(x).iter().product()];
        self.add(name, Op::Reshape(Reshape { shape }), &[x]);
    }

    pub(crate) fn read(&mut self, x: &str) {
        let classes = self.shape(x)[0];
        let readout = FixedReadout {
            kind: Taken::Sum,
            frac: 0,
            gain: vec![3; classes],
            offset: vec![-7; classes],
            gain_width: 2,
            width: 24,
        };
        self.add("out", Op::FixedReadout(readout), &[x]);
        let out = self.0.find("out").unwrap();
        self.0.set_output(out);
        assert!(matches!(self.0.node(out).stream.kind, Kind::Current { .. }));
    }
}

pub(super) fn neurons(channels: usize, threshold: i64) -> FixedLif {
    FixedLif {
        leak_num: PerChannel::All(2),
        leak_shift: 2,
        frac: 0,
        width: 24,
        bias: vec![1; channels],
        threshold: vec![threshold; channels],
        reset: Reset::Soft,
        compare: Compare::AtLeast,
        sign: Vec::new(),
        reset_to: Vec::new(),
        start: Vec::new(),
    }
}

fn integers(rows: usize, count: usize, values: &[i8]) -> Weights {
    let values = values.iter().copied().cycle().take(count).collect();
    Weights::Integer { rows, values, scale: PerChannel::All(1.0) }
}

fn window(extent: usize, stride: usize, padding: usize) -> Window {
    Window {
        kernel: vec![extent; 2],
        stride: vec![stride; 2],
        padding: vec![[padding; 2]; 2],
        dilation: vec![1; 2],
    }
}

/// A stem, two stages with a residual stream each, and a head, as the shipped convolutional
/// student has them.
pub(crate) fn residual() -> Graph {
    let mut n = Net::new(2, &[1, 8, 8]);
    n.conv("stem", "in", (4, 3, 1), &[3, -1, 2, 0, 5]);
    n.scale("stem.scaled", "stem", 5, 8, 4);
    n.lif("lif0", "stem.scaled", 20);
    n.conv("conv1", "lif0", (4, 3, 1), &[1, -1, -1, 1, 1]);
    n.scale("conv1.scaled", "conv1", 3, 1, 1);
    n.add("sum1", Op::Add, &["conv1.scaled", "stem.scaled"]);
    n.lif("lif1", "sum1", 30);
    n.conv("conv2", "lif1", (8, 3, 2), &[1, 1, -1]);
    n.scale("conv2.scaled", "conv2", 7, 0, 2);
    n.pool("pooled", "sum1", PoolKind::Sum, 2);
    n.scale("mean", "pooled", 1, 2, 2);
    n.conv("short", "mean", (8, 1, 1), &[2, -3, 1]);
    n.scale("short.scaled", "short", 9, 4, 3);
    n.add("sum2", Op::Add, &["conv2.scaled", "short.scaled"]);
    n.lif("lif2", "sum2", 40);
    n.conv("conv3", "lif2", (8, 3, 1), &[1, -1]);
    n.scale("conv3.scaled", "conv3", 7, 0, 2);
    n.add("sum3", Op::Add, &["conv3.scaled", "sum2"]);
    n.lif("lif3", "sum3", 40);
    n.flatten("flat", "lif3");
    n.linear("head", "flat", 3, &[7, -2, 0, 1]);
    n.read("head");
    n.0
}

/// 32 timesteps, and a layer of spikes between stem and head: a sum for each timestep.
fn spikes_to_spikes() -> Graph {
    let mut n = Net::new(32, &[16]);
    n.linear("fc1", "in", 200, &[1, -1, -1]);
    n.lif("s1", "fc1", 5);
    n.linear("fc2", "s1", 200, &[1, 1, -1]);
    n.lif("s2", "fc2", 5);
    n.linear("fc3", "s2", 10, &[1, -1]);
    n.read("fc3");
    n.0
}

/// Two convolutions that see the same spikes; their results are added.
pub(crate) fn two_readers() -> Graph {
    let mut n = Net::new(2, &[1, 6, 6]);
    n.conv("c", "in", (4, 3, 1), &[1, -1]);
    n.lif("n", "c", 9);
    for name in ["a", "b"] {
        n.conv(name, "n", (4, 3, 1), &[1, -1, -1]);
        n.scale(&format!("{name}.scaled"), name, 3, 1, 1);
    }
    n.add("sum", Op::Add, &["a.scaled", "b.scaled"]);
    n.lif("m", "sum", 7);
    n.flatten("flat", "m");
    n.linear("head", "flat", 3, &[1, -1, -1]);
    n.read("head");
    n.0
}

/// A graph on a line, with all the lanes of an ECP5.
pub(crate) fn on_line(graph: &Graph) -> Design {
    let options = Options { mapping: Mapping::Pipeline, ..Options::default() };
    lower(graph, &target::load("ecp5-25f").unwrap(), &options).unwrap().0
}
