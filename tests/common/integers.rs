// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random graphs with every operator of the integer form, each as narrow as it may be.

use synfire::ir::interval::{integrator, logit_width, membrane_width, range_width, scaled};
use synfire::ir::{
    BitMatrix, Conv, Delay, FixedLi, FixedLif, FixedReadout, FixedResets, FixedScale, Gives, Graph,
    Kind, Linear, NodeId, Op, PerChannel, Pool, PoolKind, Ranges, Reset, Reshape, Stream, Taken,
    Weights, entry,
};

use super::graphs::{RESETS, body, compare, each, ends, window};
use super::rng::Rng;

/// Widest register that a graph may declare.
const WIDEST: u32 = 40;

/// A graph of about `size` integer operators.
pub fn integers(seed: u64, size: usize) -> Graph {
    let rng = &mut Rng(seed);
    let bits = rng.pick(&[Some(1), Some(1), Some(2), Some(5)]);
    let mut g = body(rng, size, bits, one);
    let end = ends(&mut g, unit);
    let n = g.node(end).stream.len();
    let (gain, offset) =
        (list(rng, &[n], |r| r.below(9) as i64), list(rng, &[n], |r| whole(r, 40)));
    let kind = rng.pick(&[Taken::Sum, Taken::Sum, Taken::Last, Taken::Max]);
    let (ranges, steps) =
        (Ranges::new(&g).unwrap(), if kind == Taken::Sum { g.timesteps } else { 1 });
    let needed = |c| logit_width(gain[c], offset[c], ranges.at(end, c, n), steps);
    let width = (0..n).map(needed).max().unwrap();
    assert!(width <= WIDEST, "{width}");
    let readout = FixedReadout { kind, frac: 0, gain, offset, gain_width: 4, width };
    let out = g.add("out", Op::FixedReadout(readout), &[end]).unwrap();
    g.set_output(out);
    g
}

/// A stream of unit 1 and few bits.
fn unit(g: &mut Graph, id: NodeId) -> NodeId {
    let stream = g.node(id).stream.clone();
    match stream.kind {
        Kind::Current { frac, width } if frac != 0 || width > 20 => {
            let shift = width.saturating_sub(12);
            let scale =
                |width| FixedScale { gain: vec![1], offset: vec![0], shift, width, frac: 0 };
            let n = stream.len();
            let mut all = scale(WIDEST);
            (all.gain, all.offset) = (vec![1; n], vec![1 << shift >> 1; n]);
            let ranges = Ranges::new(g).unwrap();
            let needed = |i| range_width(scaled(&all, i, n, ranges.at(id, i, n)).unwrap());
            all.width = (0..n).map(needed).max().unwrap();
            let name = format!("{}.unit", g.node(id).name);
            g.add(name, Op::FixedScale(all), &[id]).unwrap()
        }
        _ => id,
    }
}

fn whole(rng: &mut Rng, most: usize) -> i64 {
    rng.below(2 * most + 1) as i64 - most as i64
}

/// One entry a channel or one an element.
fn list<T>(rng: &mut Rng, shape: &[usize], mut draw: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    let n = if rng.one_in(2) { shape[0] } else { shape.iter().product() };
    (0..n).map(|_| draw(rng)).collect()
}

fn some<T>(rng: &mut Rng, shape: &[usize], draw: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    if rng.one_in(2) { Vec::new() } else { list(rng, shape, draw) }
}

pub fn weights(rng: &mut Rng, rows: usize, columns: usize) -> Weights {
    let scale = PerChannel::All(1.0);
    if rng.one_in(2) {
        let signs = BitMatrix::from_fn(rows, columns, |_, _| rng.one_in(2));
        return Weights::Binary { signs, scale };
    }
    let most = rng.pick(&[1, 7, 127]);
    let values = (0..rows * columns).map(|_| whole(rng, most) as i8).collect();
    Weights::Integer { rows, values, scale }
}

fn leak(rng: &mut Rng, x: &Stream) -> (PerChannel<u32>, u32) {
    let shift = rng.below(5) as u32;
    (each(rng, x, |rng| rng.below((1 << shift) + 1) as u32), shift)
}

fn sign(rng: &mut Rng, x: &Stream) -> Vec<i8> {
    some(rng, &x.shape, |rng| rng.pick(&[-1, 0, 1, 1]))
}

pub fn lif(rng: &mut Rng, x: &Stream) -> FixedLif {
    let (leak_num, leak_shift) = leak(rng, x);
    let reset = rng.pick(&RESETS);
    FixedLif {
        leak_num,
        leak_shift,
        frac: rng.below(4) as u32,
        width: WIDEST,
        bias: list(rng, &x.shape, |rng| whole(rng, 20)),
        threshold: list(rng, &x.shape, |rng| 1 + rng.below(40) as i64),
        reset,
        compare: compare(rng),
        sign: sign(rng, x),
        reset_to: if reset.is_to_a_value() {
            some(rng, &x.shape, |rng| whole(rng, 30))
        } else {
            Vec::new()
        },
        start: some(rng, &x.shape, |rng| whole(rng, 30)),
    }
}

/// A reset of an integrator, if neurons drawn at random have one.
fn resets(rng: &mut Rng, x: &Stream) -> Option<FixedResets> {
    let FixedLif { threshold, reset, compare, reset_to, .. } = lif(rng, x);
    let gives = match reset {
        Reset::None => return None,
        Reset::SoftDelayed | Reset::HardDelayed => Gives::Before,
        _ => rng.pick(&[Gives::Before, Gives::After]),
    };
    Some(FixedResets { threshold, reset, compare, reset_to, gives })
}

/// A random operator for the stream of `x`; none if it would be too wide.
fn one(rng: &mut Rng, g: &Graph, x: NodeId) -> Option<Op> {
    let stream = &g.node(x).stream;
    let n = stream.len();
    let ranges = Ranges::new(g).unwrap();
    let seen = |i| ranges.at(x, i, n);
    Some(match rng.below(14) {
        0 | 1 => {
            let mut s = FixedScale {
                gain: list(rng, &stream.shape, |rng| whole(rng, 20)),
                offset: list(rng, &stream.shape, |rng| whole(rng, 60)),
                shift: rng.below(5) as u32,
                width: 1,
                frac: rng.pick(&[0, 0, 0, 2]),
            };
            for i in 0..n {
                s.width = s.width.max(range_width(scaled(&s, i, n, seen(i))?));
            }
            fits(s.width).then_some(Op::FixedScale(s))?
        }
        2 => {
            let rows = 1 + rng.below(9);
            Op::Linear(Linear { weights: weights(rng, rows, n), bias: None })
        }
        3..=5 => {
            let window = window(rng, stream);
            let channels = stream.shape[0];
            let divisors: Vec<usize> =
                (1..=channels).filter(|d| channels.is_multiple_of(*d)).collect();
            let groups = rng.pick(&divisors);
            let rows = groups * (1 + rng.below(3));
            let columns = channels / groups * window.kernel.iter().product::<usize>();
            let weights = weights(rng, rows, columns);
            Op::Conv(Conv { weights, bias: None, window, groups })
        }
        6 | 7 => {
            let kind = rng.pick(&[PoolKind::Sum, PoolKind::Max]);
            Op::Pool(Pool { kind, window: window(rng, stream) })
        }
        8 => Op::Reshape(Reshape { shape: vec![n] }),
        9 => Op::Relu,
        10 => Op::Delay(Delay { steps: each(rng, stream, |rng| rng.below(3) as u32) }),
        11 => {
            let (leak_num, leak_shift) = leak(rng, stream);
            let mut l = FixedLi {
                leak_num,
                leak_shift,
                frac: rng.pick(&[0, 0, 1, 2]),
                width: 1,
                bias: list(rng, &stream.shape, |rng| whole(rng, 20)),
                sign: sign(rng, stream),
                start: some(rng, &stream.shape, |rng| whole(rng, 30)),
                resets: if rng.one_in(2) { resets(rng, stream) } else { None },
            };
            let needed = |i| range_width(integrator(&l, i, n, seen(i), g.timesteps));
            l.width = (0..n).map(needed).max()?.max(l.frac + 1);
            fits(l.width).then_some(Op::FixedLi(l))?
        }
        _ => {
            let mut l = lif(rng, stream);
            let needed = |i| membrane_width(&l, i, n, seen(i), g.timesteps);
            l.width = (0..n).map(needed).max()?.max(l.frac + 1);
            fits(l.width).then_some(Op::FixedLif(l))?
        }
    })
}

fn fits(width: u32) -> bool {
    width <= WIDEST
}

/// The logits by the definition of the readout, from what it takes at each timestep.
pub fn logits(readout: &FixedReadout, taken: &[Vec<f64>]) -> Vec<i64> {
    let n = taken[0].len();
    let sum = |c: usize| match readout.kind {
        Taken::Sum => taken.iter().map(|x| x[c]).sum::<f64>(),
        Taken::Last => taken[taken.len() - 1][c],
        Taken::Max => taken.iter().map(|x| x[c]).reduce(f64::max).unwrap(),
    };
    let logit = |c| sum(c) as i64 * entry(&readout.gain, c, n, 0) + entry(&readout.offset, c, n, 0);
    (0..n).map(logit).collect()
}
