// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random real graphs whose numbers are sums of few powers of two and whose gains are
//! powers of two, so that neither folding nor quantising has anything to round. Membranes
//! meet their thresholds often.

use synfire::ir::{
    BatchNorm, BitMatrix, Conv, Delay, Graph, Kind, Li, Lif, Linear, NodeId, Op, PerChannel, Pool,
    PoolKind, Readout, Reshape, Scale, Stream, Threshold, Weights, Window,
};

use super::graphs::{READOUTS, RESETS, body, compare, each, ends, resets, window};
use super::rng::Rng;

/// A graph of about `size` operators on an input of integers.
pub fn dyadic(seed: u64, size: usize) -> Graph {
    let rng = &mut Rng(seed);
    let bits = rng.pick(&[Some(1), Some(2), Some(3)]);
    let mut g = body(rng, size, bits, one);
    g.timesteps = 1 + rng.below(3) as u32;
    let x = ends(&mut g, |_, id| id);
    let stream = g.node(x).stream.clone();
    let gain = each(rng, &stream, |rng| rng.pick(&[1.0, 0.5, 2.0, -1.0]));
    let offset = each(rng, &stream, quarters);
    let y = g.add("out", Op::Readout(Readout { kind: rng.pick(&READOUTS), gain, offset }), &[x]);
    g.set_output(y.unwrap());
    g
}

fn quarters(rng: &mut Rng) -> f64 {
    (rng.below(17) as f64 - 8.0) / 4.0
}

fn gain(rng: &mut Rng) -> f64 {
    rng.pick(&[1.0, 1.0, 0.5, 2.0, -1.0, -0.5])
}

fn weights(rng: &mut Rng, rows: usize, columns: usize) -> Weights {
    let scale = if rng.one_in(2) {
        PerChannel::All(rng.pick(&[1.0, 0.5]))
    } else {
        PerChannel::Each((0..rows).map(|_| rng.pick(&[1.0, 0.5, 2.0])).collect())
    };
    if rng.one_in(3) {
        let values = (0..rows * columns).map(|_| (rng.below(7) as i16 - 3) as i8).collect();
        return Weights::Integer { rows, values, scale };
    }
    let signs = BitMatrix::from_fn(rows, columns, |_, _| rng.one_in(2));
    Weights::Binary { signs, scale }
}

fn bias(rng: &mut Rng, rows: usize) -> Option<Vec<f64>> {
    rng.one_in(3).then(|| (0..rows).map(|_| quarters(rng)).collect())
}

fn lif(rng: &mut Rng, x: &Stream) -> Op {
    let reset = rng.pick(&RESETS);
    let sometimes = |rng: &mut Rng| {
        if rng.one_in(3) { each(rng, x, quarters) } else { PerChannel::zero() }
    };
    let reset_to = if reset.is_to_a_value() { sometimes(rng) } else { PerChannel::zero() };
    // Where they begin as they are reset, passes let membranes count from there.
    let start = if rng.one_in(2) { reset_to.clone() } else { sometimes(rng) };
    Op::Lif(Lif {
        leak: each(rng, x, |rng| rng.pick(&[0.0, 0.5, 1.0])),
        gain: if rng.one_in(2) { PerChannel::All(1.0) } else { each(rng, x, gain) },
        bias: sometimes(rng),
        threshold: each(rng, x, |rng| (1 + rng.below(8)) as f64 / 4.0),
        reset,
        compare: compare(rng),
        reset_to,
        start,
    })
}

fn small_window(rng: &mut Rng, x: &Stream) -> Window {
    let dims = (x.shape.len() - 1).max(1);
    let kernel = (0..dims).map(|_| rng.pick(&[1, 2])).collect();
    let padding = (0..dims).map(|_| if rng.one_in(3) { [1, 0] } else { [0, 0] }).collect();
    Window { kernel, stride: vec![1 + rng.below(2); dims], padding, dilation: vec![1; dims] }
}

fn one(rng: &mut Rng, g: &Graph, x: NodeId) -> Option<Op> {
    let x = &g.node(x).stream;
    let n = x.len();
    let norm = |rng: &mut Rng| {
        let mut list =
            |values: &[f64]| -> Vec<f64> { (0..x.shape[0]).map(|_| rng.pick(values)).collect() };
        Op::BatchNorm(BatchNorm {
            gamma: list(&[1.0, 1.0, 0.5, -1.0, 2.0, -0.5, 0.0]),
            beta: list(&[0.0, 0.25, -0.5, 1.0]),
            mean: list(&[0.0, 0.5, 1.0, -2.0]),
            var: list(&[0.75, 3.75]),
            eps: 0.25,
        })
    };
    Some(match rng.below(16) {
        0 => {
            let offset = if rng.one_in(2) { PerChannel::zero() } else { each(rng, x, quarters) };
            let factor =
                if rng.one_in(2) { PerChannel::All(gain(rng)) } else { each(rng, x, gain) };
            Op::Scale(Scale { factor, offset })
        }
        1 => {
            let rows = 1 + rng.below(6);
            Op::Linear(Linear { weights: weights(rng, rows, n), bias: bias(rng, rows) })
        }
        2..=4 => {
            let window = if rng.one_in(2) { window(rng, x) } else { small_window(rng, x) };
            let rows = 1 + rng.below(4);
            let columns = x.shape[0] * window.kernel.iter().product::<usize>();
            let (weights, bias) = (weights(rng, rows, columns), bias(rng, rows));
            Op::Conv(Conv { weights, bias, window, groups: 1 })
        }
        // As many outputs as inputs: what a shortcut goes around.
        5 => {
            let dims = x.shape.len() - 1;
            let window = Window {
                kernel: vec![3; dims],
                stride: vec![1; dims],
                padding: vec![[1, 1]; dims],
                dilation: vec![1; dims],
            };
            let weights = weights(rng, x.shape[0], x.shape[0] * 3usize.pow(dims as u32));
            Op::Conv(Conv { weights, bias: bias(rng, x.shape[0]), window, groups: 1 })
        }
        6 => {
            let kinds = [PoolKind::Sum, PoolKind::Average, PoolKind::AverageInside, PoolKind::Max];
            Op::Pool(Pool { kind: rng.pick(&kinds), window: small_window(rng, x) })
        }
        7 => Op::Reshape(Reshape { shape: vec![n] }),
        8 => Op::Relu,
        9 => Op::Threshold(Threshold { threshold: each(rng, x, quarters), compare: compare(rng) }),
        10 => Op::Delay(Delay { steps: each(rng, x, |rng| rng.below(2) as u32) }),
        11 => Op::Li(Li {
            leak: each(rng, x, |rng| rng.pick(&[0.0, 1.0])),
            gain: each(rng, x, gain),
            bias: each(rng, x, quarters),
            start: PerChannel::zero(),
            resets: match rng.one_in(2).then(|| lif(rng, x)) {
                Some(Op::Lif(l)) => resets(rng, l),
                _ => None,
            },
        }),
        12 | 13 => norm(rng),
        _ if x.kind == Kind::Spikes && !rng.one_in(4) => norm(rng),
        _ => lif(rng, x),
    })
}
