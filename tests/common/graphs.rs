// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random graphs with every operator of the real form. Numbers are small multiples of 1/8,
//! so that sums have no rounding in whatever order they are taken.

use synfire::ir::{
    BatchNorm, BitMatrix, Compare, Concat, Conv, Delay, Gives, Graph, Input, Kind, Li, Lif, Linear,
    NodeId, Op, PerChannel, Pool, PoolKind, Readout, ReadoutKind, Reset, Resets, Reshape, Scale,
    Stream, Threshold, Weights, Window,
};

use super::rng::Rng;

/// Largest stream: the plain executor is slow.
const MOST: usize = 160;

pub fn eighths(rng: &mut Rng) -> f64 {
    (rng.below(33) as f64 - 16.0) / 8.0
}

/// One for all, one a channel or one an element.
pub fn each<T>(rng: &mut Rng, x: &Stream, mut draw: impl FnMut(&mut Rng) -> T) -> PerChannel<T> {
    match rng.below(3) {
        0 => PerChannel::All(draw(rng)),
        1 => PerChannel::Each((0..x.shape[0]).map(|_| draw(rng)).collect()),
        _ => PerChannel::Each((0..x.len()).map(|_| draw(rng)).collect()),
    }
}

fn per_output(rng: &mut Rng, n: usize) -> PerChannel<f64> {
    let draw = |rng: &mut Rng| (1 + rng.below(12)) as f64 / 8.0;
    match rng.below(4) {
        0 | 1 => PerChannel::All(1.0),
        2 => PerChannel::All(draw(rng)),
        // Ones in a list are plain, too.
        _ if rng.one_in(3) => PerChannel::Each(vec![1.0; n]),
        _ => PerChannel::Each((0..n).map(|_| draw(rng)).collect()),
    }
}

pub fn weights(rng: &mut Rng, rows: usize, columns: usize) -> Weights {
    match rng.below(4) {
        0 => {
            let values = (0..rows * columns).map(|_| (rng.below(255) as i16 - 127) as i8).collect();
            Weights::Integer { rows, values, scale: per_output(rng, rows) }
        }
        1 => Weights::Real { rows, values: (0..rows * columns).map(|_| eighths(rng)).collect() },
        _ => {
            let signs = BitMatrix::from_fn(rows, columns, |_, _| rng.one_in(2));
            Weights::Binary { signs, scale: per_output(rng, rows) }
        }
    }
}

fn bias(rng: &mut Rng, rows: usize) -> Option<Vec<f64>> {
    match rng.below(4) {
        0 => Some((0..rows).map(|_| eighths(rng)).collect()),
        // Not the same as none: the stream is real.
        1 => Some(vec![0.0; rows]),
        _ => None,
    }
}

/// A window of as many dimensions as the stream has; it may not fit.
pub fn window(rng: &mut Rng, x: &Stream) -> Window {
    let dims = (x.shape.len() - 1).max(1);
    let mut list = |n: usize| -> Vec<usize> { (0..dims).map(|_| 1 + rng.below(n)).collect() };
    let (kernel, stride, dilation) = (list(4), list(3), list(3));
    let padding = kernel.iter().map(|k| [rng.below(k + 1), rng.below(k + 1)]).collect();
    Window { kernel, stride, padding, dilation }
}

pub fn compare(rng: &mut Rng) -> Compare {
    if rng.one_in(2) { Compare::AtLeast } else { Compare::Above }
}

fn leak(rng: &mut Rng) -> f64 {
    rng.pick(&[0.0, 0.25, 0.5, 0.75, 1.0])
}

fn start(rng: &mut Rng, x: &Stream) -> PerChannel<f64> {
    if rng.one_in(2) { PerChannel::zero() } else { each(rng, x, eighths) }
}

/// Every reset that neurons can have.
pub const RESETS: [Reset; 5] =
    [Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::HardDelayed, Reset::None];

fn lif(rng: &mut Rng, x: &Stream) -> Lif {
    let reset = rng.pick(&RESETS);
    let reset_to = if reset.is_to_a_value() { start(rng, x) } else { PerChannel::zero() };
    Lif {
        leak: each(rng, x, leak),
        gain: each(rng, x, eighths),
        bias: each(rng, x, eighths),
        threshold: each(rng, x, |rng| (1 + rng.below(24)) as f64 / 8.0),
        reset,
        compare: compare(rng),
        reset_to,
        start: start(rng, x),
    }
}

/// The reset of these neurons, and the membrane to give; none where they have none.
pub fn resets(rng: &mut Rng, l: Lif) -> Option<Resets> {
    let Lif { threshold, reset, compare, reset_to, .. } = l;
    let gives = match reset {
        Reset::None => return None,
        Reset::SoftDelayed | Reset::HardDelayed => Gives::Before,
        _ => rng.pick(&[Gives::Before, Gives::After]),
    };
    Some(Resets { threshold, reset, compare, reset_to, gives })
}

/// A random operator for one stream.
fn one(rng: &mut Rng, x: &Stream) -> Op {
    let n = x.len();
    match rng.below(16) {
        0 => Op::Scale(Scale { factor: each(rng, x, eighths), offset: each(rng, x, eighths) }),
        1 | 2 => {
            let rows = 1 + rng.below(9);
            Op::Linear(Linear { weights: weights(rng, rows, n), bias: bias(rng, rows) })
        }
        3..=6 => {
            let window = window(rng, x);
            let divisors: Vec<usize> =
                (1..=x.shape[0]).filter(|d| x.shape[0].is_multiple_of(*d)).collect();
            let groups = rng.pick(&divisors);
            let rows = groups * (1 + rng.below(3));
            let columns = x.shape[0] / groups * window.kernel.iter().product::<usize>();
            let (weights, bias) = (weights(rng, rows, columns), bias(rng, rows));
            Op::Conv(Conv { weights, bias, window, groups })
        }
        7 | 8 => {
            let kinds = [PoolKind::Sum, PoolKind::Average, PoolKind::AverageInside, PoolKind::Max];
            Op::Pool(Pool { kind: rng.pick(&kinds), window: window(rng, x) })
        }
        9 => {
            let divisors: Vec<usize> = (1..=n).filter(|d| n.is_multiple_of(*d)).collect();
            let (a, b) = (rng.pick(&divisors), rng.pick(&divisors));
            let shape =
                if n.is_multiple_of(a * b) { vec![a, n / a / b, b] } else { vec![a, n / a] };
            Op::Reshape(Reshape { shape: if rng.one_in(3) { vec![n] } else { shape } })
        }
        10 => Op::Relu,
        11 => Op::Threshold(Threshold {
            threshold: each(rng, x, |rng| 4.0 * eighths(rng)),
            compare: compare(rng),
        }),
        12 => Op::Delay(Delay { steps: each(rng, x, |rng| rng.below(4) as u32) }),
        13 => {
            let (leak, gain) = (each(rng, x, leak), each(rng, x, eighths));
            let (bias, start) = (each(rng, x, eighths), start(rng, x));
            let resets = rng.one_in(2).then(|| {
                let l = lif(rng, x);
                resets(rng, l)
            });
            Op::Li(Li { leak, gain, bias, start, resets: resets.flatten() })
        }
        14 => {
            let mut list = |least: f64| -> Vec<f64> {
                (0..x.shape[0]).map(|_| eighths(rng).max(least)).collect()
            };
            let (gamma, beta, mean) = (list(-2.0), list(-2.0), list(-2.0));
            Op::BatchNorm(BatchNorm { gamma, beta, mean, var: list(0.125), eps: 0.25 })
        }
        _ => Op::Lif(lif(rng, x)),
    }
}

/// Every way to bring timesteps together.
pub const READOUTS: [ReadoutKind; 5] = [
    ReadoutKind::Sum,
    ReadoutKind::Mean,
    ReadoutKind::Last,
    ReadoutKind::PerStep,
    ReadoutKind::Max,
];

/// A graph of about `size` operators, its input of any kind.
pub fn graph(seed: u64, size: usize) -> Graph {
    let rng = &mut Rng(seed);
    let bits = rng.pick(&[None, Some(1), Some(1), Some(2), Some(5)]);
    let mut g = body(rng, size, bits, |rng, g, x| Some(one(rng, &g.node(x).stream)));
    let x = ends(&mut g, |_, id| id);
    let stream = g.node(x).stream.clone();
    let (gain, offset) = (each(rng, &stream, eighths), each(rng, &stream, eighths));
    let readout = Op::Readout(Readout { kind: rng.pick(&READOUTS), gain, offset });
    let y = g.add("out", readout, &[x]).unwrap();
    g.set_output(y);
    g
}

/// Everything but the end of a graph; `one` draws an operator for one stream.
pub fn body(
    rng: &mut Rng,
    size: usize,
    bits: Option<u32>,
    one: impl Fn(&mut Rng, &Graph, NodeId) -> Option<Op>,
) -> Graph {
    let mut g = Graph::new("random", 1 + rng.below(5) as u32);
    let extent = |rng: &mut Rng| 1 + rng.below(6);
    let shape = match rng.below(4) {
        0 => vec![1 + rng.below(70)],
        1 => vec![extent(rng), 1 + rng.below(20)],
        _ => vec![extent(rng), extent(rng), extent(rng)],
    };
    let input = Input { shape, bits, is_static: rng.one_in(2) };
    let mut nodes = vec![g.add("in", Op::Input(input), &[]).unwrap()];
    let mut open = Vec::new();
    for k in 0..size {
        let name = format!("n{k}");
        // The latest nodes more often than the others.
        let back = rng.below(nodes.len()).min(rng.below(nodes.len()));
        let x = nodes[nodes.len() - 1 - back];
        let stream = g.node(x).stream.clone();
        let added = match rng.below(8) {
            0 => {
                let same: Vec<NodeId> = nodes
                    .iter()
                    .copied()
                    .filter(|&o| g.node(o).stream.shape == stream.shape)
                    .collect();
                let operands: Vec<_> = (0..2 + rng.below(3)).map(|_| rng.pick(&same)).collect();
                g.add(name, Op::Add, &operands)
            }
            1 => {
                let axis = rng.below(stream.shape.len());
                let fits = |o: &NodeId| {
                    let other = &g.node(*o).stream.shape;
                    other.len() == stream.shape.len()
                        && (0..other.len()).all(|d| d == axis || other[d] == stream.shape[d])
                };
                let same: Vec<NodeId> = nodes.iter().copied().filter(fits).collect();
                let operands: Vec<_> = (0..2 + rng.below(2)).map(|_| rng.pick(&same)).collect();
                g.add(name, Op::Concat(Concat { axis }), &operands)
            }
            2 => {
                let steps = each(rng, &stream, |rng| 1 + rng.below(3) as u32);
                let stream = Stream { is_static: false, ..stream };
                let id = g.add_register(name, Op::Delay(Delay { steps }), stream);
                open.extend(id.as_ref().ok().copied());
                id
            }
            // Linear layers take a flat stream.
            3 => g.add(name, Op::Reshape(Reshape { shape: vec![stream.len()] }), &[x]),
            _ => match one(rng, &g, x) {
                Some(op) => g.add(name, op, &[x]),
                None => continue,
            },
        };
        // What does not fit is left out.
        let Ok(id) = added else { continue };
        let big = g.node(id).stream.len() > MOST || wide(&g.node(id).stream);
        nodes.extend((!big).then_some(id));
    }
    for register in open {
        // The last that fits: most likely one that depends on the register.
        let wanted = g.node(register).stream.clone();
        let fits = |o: &&NodeId| {
            let s = &g.node(**o).stream;
            s.shape == wanted.shape && s.kind == wanted.kind && **o != register
        };
        let found = nodes.iter().rev().find(fits).copied();
        g.connect(register, found.unwrap_or(register)).unwrap();
    }
    g
}

/// Whatever nothing takes, side by side, so that all of it reaches the output; `unit` brings
/// it to the unit of the others.
pub fn ends(g: &mut Graph, unit: impl Fn(&mut Graph, NodeId) -> NodeId) -> NodeId {
    let order = g.order().unwrap();
    let (mut flat, mut reached) = (Vec::new(), Vec::new());
    // The last first: what is left of a cycle that nothing takes is one of its nodes.
    for &id in order.iter().rev() {
        if reached.contains(&id) {
            continue;
        }
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if !reached.contains(&id) {
                reached.push(id);
                open.extend(g.operands(id));
            }
        }
        let reshape = Op::Reshape(Reshape { shape: vec![g.node(id).stream.len()] });
        let end = g.add(format!("end{}", flat.len()), reshape, &[id]).unwrap();
        flat.push(unit(g, end));
    }
    match flat[..] {
        [one] => one,
        _ => g.add("ends", Op::Concat(Concat { axis: 0 }), &flat).unwrap(),
    }
}

/// Integers that would soon need more bits than `f64` has.
fn wide(s: &Stream) -> bool {
    match s.kind {
        Kind::Levels { bits } => bits > 24,
        Kind::Current { width, .. } => width > 32,
        Kind::Real | Kind::Spikes => false,
    }
}

/// What the input of a graph is shown at each timestep.
pub fn shown(g: &Graph, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = Rng(seed ^ 0x5eed);
    let input = g.node(g.find("in").unwrap());
    let Op::Input(i) = &input.op else { panic!("no input") };
    let mut draw = || match i.bits {
        None => eighths(&mut rng),
        Some(_) if rng.one_in(3) => 0.0,
        Some(bits) => rng.below(1 << bits) as f64,
    };
    let mut steps: Vec<Vec<f64>> =
        (0..g.timesteps).map(|_| (0..input.stream.len()).map(|_| draw()).collect()).collect();
    if i.is_static {
        let first = steps[0].clone();
        steps.fill(first);
    }
    steps
}
