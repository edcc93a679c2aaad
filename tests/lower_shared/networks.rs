// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random networks in the integer form of what the processor computes: levels or spikes as input,
//! parameters that are the same at all places of a channel.

use synfire::ir::interval::{
    integrator, logit_width, membrane_width, range_width, scaled, signed_width,
};
use synfire::ir::{
    BitMatrix, Compare, Concat, Conv, Delay, FixedLi, FixedLif, FixedReadout, FixedResets,
    FixedScale, Gives, Graph, Input, Kind, Linear, NodeId, Op, PerChannel, Pool, PoolKind, Ranges,
    Reset, Reshape, Stream, Taken, Weights, Window,
};

use super::common::rng::Rng;

/// Widest register that a graph may declare.
const WIDEST: u32 = 31;
/// Largest stream.
const MOST: usize = 400;

/// Leak, shift, reset, comparison.
type NeuronKind = (u32, u32, Reset, Compare);

fn kind(rng: &mut Rng) -> NeuronKind {
    let shift = rng.below(4) as u32;
    let leak = rng.below((1 << shift) + 1) as u32;
    let reset = rng.pick(&[Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None]);
    (leak, shift, reset, rng.pick(&[Compare::AtLeast, Compare::Above]))
}

/// In every third network currents may leak.
fn leaks(seed: u64) -> Option<Rng> {
    (seed % 3 == 1).then_some(Rng(seed ^ 0x6c65_616b))
}

struct Draft {
    rng: Rng,
    g: Graph,
    /// Draws what integrates, if anything does, beside what is drawn without.
    leaks: Option<Rng>,
    /// Of the neurons so far.
    kind: NeuronKind,
    /// Streams that something may still take.
    open: Vec<NodeId>,
    names: usize,
}

/// A network of about `size` operators.
pub(super) fn network(seed: u64, size: usize) -> Graph {
    over(seed, size, &[1, 2, 2, 3, 4, 5, 8, 16, 25, 32])
}

/// The same over one of these numbers of timesteps.
pub(super) fn over(seed: u64, size: usize, timesteps: &[u32]) -> Graph {
    let mut rng = Rng(seed);
    let timesteps = rng.pick(timesteps);
    let mut g = Graph::new("random", timesteps);
    let shape = match rng.below(4) {
        0 => vec![1 + rng.below(12)],
        1 => vec![1 + rng.below(3), 2 + rng.below(6)],
        _ => vec![1 + rng.below(3), 2 + rng.below(6), 2 + rng.below(6)],
    };
    let bits = Some(1 + rng.below(8) as u32);
    // In every fourth one spikes come and go.
    let input = match seed % 4 {
        3 => Input { shape, bits: Some(1), is_static: false },
        _ => Input { shape, bits, is_static: true },
    };
    let input = g.add("in", Op::Input(input), &[]).unwrap();
    let kind = kind(&mut rng);
    let mut d = Draft { rng, g, leaks: leaks(seed), kind, open: vec![input], names: 0 };
    d.grow(size);
    d.end()
}

/// A network whose first neurons see their own spikes of some timesteps ago; what follows is
/// drawn.
pub(super) fn recurrent(seed: u64, size: usize, timesteps: &[u32]) -> Graph {
    let mut rng = Rng(seed);
    let timesteps = rng.pick(timesteps);
    let mut g = Graph::new("recurrent", timesteps);
    let inputs = 1 + rng.below(20);
    let is_static = rng.one_in(4);
    let bits = Some(if is_static { 1 + rng.below(8) as u32 } else { 1 });
    let input = Input { shape: vec![inputs], bits, is_static };
    let input = g.add("in", Op::Input(input), &[]).unwrap();
    let neurons = 1 + rng.below(12);
    let late =
        rng.pick(&[1, 1, 1, 2].map(|steps| if timesteps.is_multiple_of(2) { steps } else { 1 }));
    let stream = Stream { shape: vec![neurons], kind: Kind::Spikes, is_static: false };
    let delay = Op::Delay(Delay { steps: PerChannel::All(late) });
    let back = g.add_register("back", delay, stream).unwrap();
    let kind = kind(&mut rng);
    let mut d = Draft { rng, g, leaks: leaks(seed), kind, open: vec![input], names: 0 };
    let sums = |d: &mut Draft, x: NodeId, columns| {
        let weights = d.weights(neurons, columns);
        let sums = d.put(Op::Linear(Linear { weights, bias: None }), &[x]).unwrap();
        let scaled = if d.rng.one_in(3) { d.scale(sums) } else { None };
        scaled.and_then(|op| d.put(op, &[sums])).unwrap_or(sums)
    };
    // In either order, and sometimes nothing but what comes back.
    let (now, then) = (sums(&mut d, input, inputs), sums(&mut d, back, neurons));
    let terms = d.rng.pick(&[[now, then], [then, now]]);
    let x = d.put(Op::Add, &terms).unwrap();
    let op = d.lif(x).unwrap();
    let neurons = d.put(op, &[x]).unwrap();
    d.g.connect(back, neurons).unwrap();
    d.open = vec![neurons];
    if d.rng.one_in(2) {
        d.open.insert(0, back);
    }
    d.grow(size);
    d.end()
}

impl Draft {
    /// Draws so many operators.
    fn grow(&mut self, size: usize) {
        for _ in 0..size {
            // Later streams more often, so that networks become deep.
            let back = self.rng.below(self.open.len()).min(self.rng.below(self.open.len()));
            let x = self.open[self.open.len() - 1 - back];
            let x = self.integrated(x).unwrap_or(x);
            if let Some((op, operands)) = self.one(x) {
                self.put(op, &operands);
            }
        }
    }

    fn put(&mut self, op: Op, operands: &[NodeId]) -> Option<NodeId> {
        self.names += 1;
        let id = self.g.add(format!("n{}", self.names), op, operands).ok()?;
        let stream = &self.g.node(id).stream;
        let narrow = !matches!(stream.kind, Kind::Current { width, .. } if width > 26);
        if stream.len() <= MOST && narrow && stream.kind != Kind::Real {
            self.open.push(id);
        }
        Some(id)
    }

    fn list<T>(&mut self, n: usize, mut draw: impl FnMut(&mut Rng) -> T) -> Vec<T> {
        (0..n).map(|_| draw(&mut self.rng)).collect()
    }

    fn weights(&mut self, rows: usize, columns: usize) -> Weights {
        let scale = PerChannel::All(1.0);
        if self.rng.one_in(2) {
            let signs = BitMatrix::from_fn(rows, columns, |_, _| self.rng.one_in(2));
            return Weights::Binary { signs, scale };
        }
        let most = self.rng.pick(&[1, 3, 127]);
        let values =
            self.list(rows * columns, |r| (r.below(2 * most + 1) as i64 - most as i64) as i8);
        Weights::Integer { rows, values, scale }
    }

    /// A window, over currents one of a pool.
    fn window(&mut self, dims: usize, tiles: bool) -> Window {
        let kernel: Vec<usize> = self.list(dims, |r| 1 + r.below(3));
        if tiles {
            let padding = vec![[0; 2]; dims];
            return Window { stride: kernel.clone(), padding, dilation: vec![1; dims], kernel };
        }
        let stride = self.list(dims, |r| 1 + r.below(2));
        let dilation = if self.rng.one_in(6) { vec![2; dims] } else { vec![1; dims] };
        let pads = self.rng.one_in(2);
        let padding = kernel
            .iter()
            .map(|k| if pads { [self.rng.below(*k), self.rng.below(*k)] } else { [0; 2] })
            .collect();
        Window { kernel, stride, padding, dilation }
    }

    fn scale(&mut self, x: NodeId) -> Option<Op> {
        let stream = self.g.node(x).stream.clone();
        let (n, channels) = (stream.len(), stream.shape[0]);
        let mut s = FixedScale {
            gain: self.list(channels, |r| r.below(41) as i64 - 20),
            offset: self.list(channels, |r| r.below(121) as i64 - 60),
            shift: self.rng.below(7) as u32,
            width: 1,
            frac: 0,
        };
        if self.rng.one_in(3) {
            s.gain.fill(self.rng.pick(&[1, 1, 2]));
            s.offset.fill(1 << s.shift >> 1);
        }
        let ranges = Ranges::new(&self.g).ok()?;
        for i in 0..n {
            s.width = s.width.max(range_width(scaled(&s, i, n, ranges.at(x, i, n))?));
        }
        (s.width <= WIDEST).then_some(Op::FixedScale(s))
    }

    fn lif(&mut self, x: NodeId) -> Option<Op> {
        let stream = self.g.node(x).stream.clone();
        let (n, channels) = (stream.len(), stream.shape[0]);
        // Most layers have the neurons of those before.
        if self.rng.one_in(5) {
            self.kind = kind(&mut self.rng);
        }
        let (leak_num, leak_shift, reset, compare) = self.kind;
        let ranges = Ranges::new(&self.g).ok()?;
        let top = |c| ranges.at(x, c * n / channels, n).1.max(1) as usize;
        let most = (0..channels).map(top).max()?;
        let mut l = FixedLif {
            leak_num: PerChannel::All(leak_num),
            leak_shift,
            frac: if self.rng.one_in(4) { self.rng.below(4) as u32 } else { 0 },
            width: 1,
            bias: self.list(channels, |r| r.below(21) as i64 - 10),
            threshold: self.list(channels, |r| 1 + r.below(most) as i64 / 2),
            reset,
            compare,
            sign: Vec::new(),
            reset_to: Vec::new(),
            start: Vec::new(),
        };
        if self.rng.one_in(3) {
            l.sign = self.list(channels, |r| r.pick(&[-1, 0, 1, 1]));
        }
        let needed = |i| membrane_width(&l, i, n, ranges.at(x, i, n), self.g.timesteps);
        let own = l.bias.iter().map(|b| signed_width(*b)).max()?;
        l.width = (0..n).map(needed).max()?.max(l.frac + 1).max(own);
        (l.width <= WIDEST).then_some(Op::FixedLif(l))
    }

    /// The same currents after a leak, for one of three if any leak.
    fn integrated(&mut self, x: NodeId) -> Option<NodeId> {
        let stream = self.g.node(x).stream.clone();
        let (n, channels) = (stream.len(), stream.shape[0]);
        let rng = self.leaks.as_mut()?;
        if !matches!(stream.kind, Kind::Current { .. }) || !rng.one_in(3) {
            return None;
        }
        let leak_shift = rng.below(4) as u32;
        let mut l = FixedLi {
            leak_num: PerChannel::All(rng.below((1 << leak_shift) + 1) as u32),
            leak_shift,
            frac: if rng.one_in(3) { 1 + rng.below(3) as u32 } else { 0 },
            width: 1,
            bias: (0..channels).map(|_| rng.below(21) as i64 - 10).collect(),
            sign: Vec::new(),
            start: Vec::new(),
            resets: None,
        };
        if rng.one_in(3) {
            l.sign = (0..channels).map(|_| rng.pick(&[-1, 0, 1, 1])).collect();
        }
        let ranges = Ranges::new(&self.g).ok()?;
        let top = |c| ranges.at(x, c * n / channels, n).1.max(1);
        let most = (0..channels).map(top).max()? << l.frac;
        let reset = rng.pick(&[Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None]);
        let threshold = (0..channels).map(|_| 1 + rng.below(most as usize) as i64).collect();
        let compare = rng.pick(&[Compare::AtLeast, Compare::Above]);
        let after = rng.one_in(2) && reset != Reset::SoftDelayed;
        let gives = if after { Gives::After } else { Gives::Before };
        let resets = FixedResets { threshold, reset, compare, reset_to: Vec::new(), gives };
        l.resets = (reset != Reset::None).then_some(resets);
        let needed = |i| range_width(integrator(&l, i, n, ranges.at(x, i, n), self.g.timesteps));
        let own = l.bias.iter().map(|b| signed_width(*b)).max()?;
        l.width = (0..n).map(needed).max()?.max(l.frac + 1).max(own);
        if l.width > 26 { None } else { self.put(Op::FixedLi(l), &[x]) }
    }

    /// An open stream of the same kind and, but for the channels, shape.
    fn beside(&mut self, x: NodeId, channels: bool) -> Option<NodeId> {
        let of = |id: NodeId| &self.g.node(id).stream;
        let events = |id| !matches!(of(id).kind, Kind::Current { .. });
        let fits = |id: &&NodeId| {
            let (a, b) = (&of(x).shape, &of(**id).shape);
            let same = a.len() == b.len() && a[1..] == b[1..] && (!channels || a[0] == b[0]);
            same && (channels || events(x) == events(**id))
        };
        let found: Vec<NodeId> = self.open.iter().filter(fits).copied().collect();
        Some(found[self.rng.below(found.len())])
    }

    fn one(&mut self, x: NodeId) -> Option<(Op, Vec<NodeId>)> {
        let stream = self.g.node(x).stream.clone();
        let (n, dims) = (stream.len(), stream.shape.len() - 1);
        let events = !matches!(stream.kind, Kind::Current { .. });
        let op = match self.rng.below(if events { 9 } else { 12 }) {
            0 if dims == 0 || events => {
                let rows = 1 + self.rng.below(12);
                Op::Linear(Linear { weights: self.weights(rows, n), bias: None })
            }
            1..=4 if dims > 0 && events => {
                let window = self.window(dims, false);
                let channels = stream.shape[0];
                let groups = if self.rng.one_in(4) { channels } else { 1 };
                let rows = groups * (1 + self.rng.below(if groups > 1 { 2 } else { 10 }));
                let columns = channels / groups * window.kernel.iter().product::<usize>();
                let weights = self.weights(rows, columns);
                Op::Conv(Conv { weights, bias: None, window, groups })
            }
            5 if dims > 0 => {
                let spikes = stream.kind == Kind::Spikes && !stream.is_static;
                let kind = if spikes && self.rng.one_in(2) { PoolKind::Max } else { PoolKind::Sum };
                let mut window = self.window(dims, !events);
                if kind == PoolKind::Max {
                    window.padding.fill([0; 2]);
                    window.dilation.fill(1);
                }
                Op::Pool(Pool { kind, window })
            }
            6 if dims > 0 && events => {
                let flat = self.g.add(
                    format!("flat{}", self.g.len()),
                    Op::Reshape(Reshape { shape: vec![n] }),
                    &[x],
                );
                let rows = 1 + self.rng.below(12);
                let weights = self.weights(rows, n);
                return Some((Op::Linear(Linear { weights, bias: None }), vec![flat.ok()?]));
            }
            6 if dims > 0 && self.rng.one_in(4) => Op::Reshape(Reshape { shape: vec![n] }),
            7 if events || dims == 0 || self.rng.one_in(8) => {
                let other = self.beside(x, false)?;
                return Some((Op::Concat(Concat { axis: 0 }), vec![x, other]));
            }
            8 => {
                let other = self.beside(x, true)?;
                return Some((Op::Add, vec![x, other]));
            }
            9 if dims > 0 && !events => {
                let window = Window {
                    kernel: vec![1; dims],
                    stride: vec![1; dims],
                    padding: vec![[0; 2]; dims],
                    dilation: vec![1; dims],
                };
                let rows = 1 + self.rng.below(6);
                let weights = self.weights(rows, stream.shape[0]);
                Op::Conv(Conv { weights, bias: None, window, groups: 1 })
            }
            10 => self.scale(x)?,
            _ => self.lif(x)?,
        };
        Some((op, vec![x]))
    }

    /// Neurons on the last stream if it needs them, a linear layer and the readout.
    fn end(mut self) -> Graph {
        let current =
            |d: &Self, id: NodeId| matches!(d.g.node(id).stream.kind, Kind::Current { .. });
        let mut x = *self.open.last().unwrap();
        let vector = matches!(self.g.node(x).op, Op::Linear(_)) && self.rng.one_in(2);
        if current(&self, x) && !vector {
            x = match self.lif(x) {
                Some(op) => self.put(op, &[x]).unwrap(),
                None => self.open[0],
            };
        }
        if !vector {
            if self.g.node(x).stream.shape.len() > 1 {
                let n = self.g.node(x).stream.len();
                x = self.put(Op::Reshape(Reshape { shape: vec![n] }), &[x]).unwrap();
            }
            let rows = 1 + self.rng.below(10);
            let weights = self.weights(rows, self.g.node(x).stream.len());
            x = self.put(Op::Linear(Linear { weights, bias: None }), &[x]).unwrap();
        }
        x = self.integrated(x).unwrap_or(x);
        let n = self.g.node(x).stream.len();
        let (gain, offset) =
            (self.list(n, |r| r.below(4) as i64), self.list(n, |r| r.below(99) as i64 - 40));
        let ranges = Ranges::new(&self.g).unwrap();
        let kind = if self.rng.one_in(4) { Taken::Last } else { Taken::Sum };
        let times = if kind == Taken::Last { 1 } else { self.g.timesteps };
        let needed = |c| logit_width(gain[c], offset[c], ranges.at(x, c, n), times);
        let width = (0..n).map(needed).max().unwrap();
        let readout = FixedReadout { kind, frac: 0, gain, offset, gain_width: 2, width };
        let out = self.g.add("out", Op::FixedReadout(readout), &[x]).unwrap();
        self.g.set_output(out);
        self.g
    }
}
