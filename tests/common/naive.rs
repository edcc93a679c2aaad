// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every operator from its definition: values by demand, one element at a time, nothing
//! packed and nothing in an order. Integers below 2^53 are exact in `f64`.

use std::collections::HashMap;

use synfire::ir::{
    Compare, Conv, Gives, Graph, Lif, NodeId, Op, Pool, PoolKind, Reset, Weights, Window,
};

/// A graph and what it is shown, `[timestep][element]`.
pub struct Naive<'g> {
    graph: &'g Graph,
    shown: Vec<Vec<f64>>,
    values: HashMap<(NodeId, u32), Vec<f64>>,
    /// Membranes after the reset, before the leak; for a delayed one before the reset.
    membranes: HashMap<(NodeId, u32), Vec<f64>>,
    /// What registers of integer neurons held.
    pub reached: HashMap<NodeId, Vec<f64>>,
    /// How near something came to a threshold without being equal to it.
    pub margin: f64,
}

fn fires(compare: Compare, u: f64, theta: f64) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    }
}

fn spike(s: bool) -> f64 {
    if s { 1.0 } else { 0.0 }
}

impl<'g> Naive<'g> {
    pub fn new(graph: &'g Graph, shown: Vec<Vec<f64>>) -> Self {
        let (values, membranes) = (HashMap::new(), HashMap::new());
        let reached = HashMap::new();
        Self { graph, shown, values, membranes, reached, margin: f64::MAX }
    }

    /// What a node gives at a timestep.
    pub fn value(&mut self, id: NodeId, t: u32) -> Vec<f64> {
        if let Some(v) = self.values.get(&(id, t)) {
            return v.clone();
        }
        let v = self.compute(id, t);
        self.values.insert((id, t), v.clone());
        v
    }

    fn compute(&mut self, id: NodeId, t: u32) -> Vec<f64> {
        let graph = self.graph;
        let node = graph.node(id);
        let n = node.stream.shape.iter().product::<usize>();
        let from = graph.operands(id);
        if let Op::Delay(d) = &node.op {
            let ago = |i| t.checked_sub(d.steps.of(i, n));
            return (0..n).map(|i| ago(i).map_or(0.0, |t| self.value(from[0], t)[i])).collect();
        }
        let inputs: Vec<Vec<f64>> = from.iter().map(|&o| self.value(o, t)).collect();
        let shape = |k: usize| graph.node(from[k]).stream.shape.clone();
        match &node.op {
            Op::Input(_) => self.shown[t as usize].clone(),
            Op::Scale(s) => {
                (0..n).map(|i| s.factor.of(i, n) * inputs[0][i] + s.offset.of(i, n)).collect()
            }
            Op::Linear(l) => (0..n)
                .map(|r| {
                    let x = &inputs[0];
                    let sum: f64 = (0..x.len()).map(|c| weight(&l.weights, r, c) * x[c]).sum();
                    sum + l.bias.as_ref().map_or(0.0, |b| b[r])
                })
                .collect(),
            Op::Conv(c) => conv(c, &inputs[0], &shape(0), &node.stream.shape),
            Op::Pool(p) => pool(p, &inputs[0], &shape(0), &node.stream.shape),
            Op::BatchNorm(b) => (0..n)
                .map(|i| {
                    let c = i / (n / node.stream.shape[0]);
                    (inputs[0][i] - b.mean[c]) / (b.var[c] + b.eps).sqrt() * b.gamma[c] + b.beta[c]
                })
                .collect(),
            Op::Reshape(_) => inputs[0].clone(),
            Op::Add => (0..n).map(|i| inputs.iter().map(|x| x[i]).sum()).collect(),
            Op::Concat(c) => {
                let shapes: Vec<_> = (0..from.len()).map(shape).collect();
                indices(&node.stream.shape)
                    .map(|mut at| {
                        let mut k = 0;
                        while at[c.axis] >= shapes[k][c.axis] {
                            at[c.axis] -= shapes[k][c.axis];
                            k += 1;
                        }
                        inputs[k][flat(&shapes[k], &at)]
                    })
                    .collect()
            }
            Op::Relu => inputs[0].iter().map(|v| if *v > 0.0 { *v } else { 0.0 }).collect(),
            Op::Threshold(h) => (0..n)
                .map(|i| {
                    self.near(inputs[0][i], h.threshold.of(i, n));
                    spike(fires(h.compare, inputs[0][i], h.threshold.of(i, n)))
                })
                .collect(),
            Op::Li(l) => {
                let before = self.membrane(id, t, |i| l.start.of(i, n), n);
                let u = |i| {
                    l.leak.of(i, n) * before[i] + l.gain.of(i, n) * inputs[0][i] + l.bias.of(i, n)
                };
                let u: Vec<f64> = (0..n).map(u).collect();
                let Some(r) = &l.resets else {
                    self.membranes.insert((id, t), u.clone());
                    return u;
                };
                let numbers = |i| (r.threshold.of(i, n), r.reset_to.of(i, n));
                let (u, left) = self.resetting((id, t), (r.reset, r.compare), u, numbers);
                (0..n).for_each(|i| self.near(u[i], r.threshold.of(i, n)));
                if r.gives == Gives::After { left } else { u }
            }
            Op::Lif(l) => {
                let before = self.membrane(id, t, |i| l.start.of(i, n), n);
                let [taken, held] = self.delayed(id, t, l.reset, n);
                let (mut spikes, mut after) = (Vec::new(), Vec::new());
                for i in 0..n {
                    let mut u = l.leak.of(i, n) * before[i] - l.threshold.of(i, n) * taken[i]
                        + (l.gain.of(i, n) * inputs[0][i] + l.bias.of(i, n));
                    if held[i] > 0.0 {
                        u = l.reset_to.of(i, n);
                    }
                    self.near(u, l.threshold.of(i, n));
                    let s = fires(l.compare, u, l.threshold.of(i, n));
                    spikes.push(spike(s));
                    after.push(reset(l, i, n, u, s));
                }
                self.membranes.insert((id, t), after);
                spikes
            }
            Op::Readout(r) => {
                (0..n).map(|i| r.gain.of(i, n) * inputs[0][i] + r.offset.of(i, n)).collect()
            }
            Op::FixedScale(s) => (0..n)
                .map(|i| {
                    let whole = each(&s.gain, i, n) * inputs[0][i] + each(&s.offset, i, n);
                    (whole / f64::from(s.shift).exp2()).floor()
                })
                .collect(),
            Op::FixedLi(l) => {
                let before = self.membrane(id, t, |i| each(&l.start, i, n), n);
                let u = |i| {
                    let leaked = before[i] * f64::from(l.leak_num.of(i, n));
                    (leaked / f64::from(l.leak_shift).exp2()).floor()
                        + sign(&l.sign, i, n) * inputs[0][i] * f64::from(l.frac).exp2()
                        + each(&l.bias, i, n)
                };
                let u: Vec<f64> = (0..n).map(u).collect();
                let Some(r) = &l.resets else {
                    self.membranes.insert((id, t), u.clone());
                    return u;
                };
                let numbers = |i| (each(&r.threshold, i, n), each(&r.reset_to, i, n));
                let (u, left) = self.resetting((id, t), (r.reset, r.compare), u, numbers);
                let held = (0..n).flat_map(|i| [u[i], left[i], each(&r.threshold, i, n)]);
                self.reached.entry(id).or_default().extend(held);
                if r.gives == Gives::After { left } else { u }
            }
            Op::FixedLif(l) => {
                let before = self.membrane(id, t, |i| each(&l.start, i, n), n);
                let [taken, held] = self.delayed(id, t, l.reset, n);
                let (mut spikes, mut after) = (Vec::new(), Vec::new());
                for i in 0..n {
                    let theta = each(&l.threshold, i, n);
                    let leaked = before[i] * f64::from(l.leak_num.of(i, n));
                    let mut u = (leaked / f64::from(l.leak_shift).exp2()).floor()
                        - theta * taken[i]
                        + sign(&l.sign, i, n) * inputs[0][i] * f64::from(l.frac).exp2()
                        + each(&l.bias, i, n);
                    if held[i] > 0.0 {
                        u = each(&l.reset_to, i, n);
                    }
                    let s = fires(l.compare, u, theta);
                    spikes.push(spike(s));
                    after.push(match l.reset {
                        Reset::Soft if s => u - theta,
                        Reset::Hard if s => each(&l.reset_to, i, n),
                        _ => u,
                    });
                    self.reached.entry(id).or_default().extend([u, after[i], theta]);
                }
                self.membranes.insert((id, t), after);
                spikes
            }
            Op::FixedReadout(_) => inputs[0].clone(),
            Op::Delay(_) => unreachable!("taken from earlier timesteps above"),
        }
    }

    /// The membrane that a node left a timestep ago.
    fn membrane(&mut self, id: NodeId, t: u32, start: impl Fn(usize) -> f64, n: usize) -> Vec<f64> {
        if t == 0 {
            return (0..n).map(start).collect();
        }
        self.value(id, t - 1);
        self.membranes[&(id, t - 1)].clone()
    }

    /// Which neurons fired a timestep ago, as far as a delayed reset takes their threshold away,
    /// and as far as it holds them.
    fn delayed(&mut self, id: NodeId, t: u32, reset: Reset, n: usize) -> [Vec<f64>; 2] {
        match (reset, t) {
            (Reset::SoftDelayed, 1..) => [self.value(id, t - 1), vec![0.0; n]],
            (Reset::HardDelayed, 1..) => [vec![0.0; n], self.value(id, t - 1)],
            _ => [vec![0.0; n], vec![0.0; n]],
        }
    }

    /// Membranes of an integrator that resets, `u` but for what a delayed reset does, and what is
    /// left of them.
    fn resetting(
        &mut self,
        (id, t): (NodeId, u32),
        (reset, compare): (Reset, Compare),
        mut u: Vec<f64>,
        numbers: impl Fn(usize) -> (f64, f64),
    ) -> (Vec<f64>, Vec<f64>) {
        if let (Reset::SoftDelayed | Reset::HardDelayed, 1..) = (reset, t) {
            let before = self.value(id, t - 1);
            for (i, u) in u.iter_mut().enumerate() {
                let (theta, to) = numbers(i);
                if fires(compare, before[i], theta) {
                    *u = if reset == Reset::SoftDelayed { *u - theta } else { to };
                }
            }
        }
        let left = |(i, &u): (usize, &f64)| {
            let (theta, to) = numbers(i);
            match reset {
                Reset::Soft if fires(compare, u, theta) => u - theta,
                Reset::Hard if fires(compare, u, theta) => to,
                _ => u,
            }
        };
        let left: Vec<f64> = u.iter().enumerate().map(left).collect();
        self.membranes.insert((id, t), left.clone());
        (u, left)
    }

    fn near(&mut self, u: f64, theta: f64) {
        if u != theta {
            self.margin = self.margin.min((u - theta).abs());
        }
    }
}

fn reset(l: &Lif, i: usize, n: usize, u: f64, fired: bool) -> f64 {
    match l.reset {
        Reset::Soft if fired => u - l.threshold.of(i, n),
        Reset::Hard if fired => l.reset_to.of(i, n),
        _ => u,
    }
}

/// What element `i` of `n` has of a list with an entry a channel or an element.
fn each(list: &[i64], i: usize, n: usize) -> f64 {
    if list.is_empty() { 0.0 } else { list[i / (n / list.len())] as f64 }
}

fn sign(list: &[i8], i: usize, n: usize) -> f64 {
    if list.is_empty() { 1.0 } else { f64::from(list[i / (n / list.len())]) }
}

/// One weight, with its scale.
fn weight(w: &Weights, r: usize, c: usize) -> f64 {
    match w {
        Weights::Binary { signs, scale } => {
            if signs.get(r, c) {
                scale.at(r)
            } else {
                -scale.at(r)
            }
        }
        Weights::Integer { rows, values, scale } => {
            f64::from(values[r * (values.len() / rows) + c]) * scale.at(r)
        }
        Weights::Real { rows, values } => values[r * (values.len() / rows) + c],
    }
}

/// Every index of a shape, the last dimension fastest.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let shape = shape.to_vec();
    (0..shape.iter().product::<usize>()).map(move |mut i| {
        let mut at = vec![0; shape.len()];
        for d in (0..shape.len()).rev() {
            at[d] = i % shape[d];
            i /= shape[d];
        }
        at
    })
}

fn flat(shape: &[usize], at: &[usize]) -> usize {
    at.iter().zip(shape).fold(0, |i, (a, n)| i * n + a)
}

/// Where element `k` of the window at `at` is; none if that is padding.
fn place(w: &Window, size: &[usize], at: &[usize], k: &[usize]) -> Option<Vec<usize>> {
    let on_axis = |d: usize| {
        let i = (at[d] * w.stride[d] + k[d] * w.dilation[d]) as i64 - w.padding[d][0] as i64;
        (0..size[d] as i64).contains(&i).then_some(i as usize)
    };
    (0..size.len()).map(on_axis).collect()
}

fn conv(c: &Conv, x: &[f64], from: &[usize], to: &[usize]) -> Vec<f64> {
    let (inputs, outputs) = (from[0] / c.groups, to[0] / c.groups);
    let mut y = Vec::new();
    for at in indices(to) {
        let mut sum = c.bias.as_ref().map_or(0.0, |b| b[at[0]]);
        for channel in 0..inputs {
            for k in indices(&c.window.kernel) {
                let Some(p) = place(&c.window, &from[1..], &at[1..], &k) else { continue };
                let whole = [vec![at[0] / outputs * inputs + channel], p].concat();
                let column = flat(
                    &[&[inputs][..], &c.window.kernel].concat(),
                    &[&[channel], &k[..]].concat(),
                );
                sum += weight(&c.weights, at[0], column) * x[flat(from, &whole)];
            }
        }
        y.push(sum);
    }
    y
}

fn pool(p: &Pool, x: &[f64], from: &[usize], to: &[usize]) -> Vec<f64> {
    let window = |at: Vec<usize>| {
        let mut seen = Vec::new();
        for k in indices(&p.window.kernel) {
            if let Some(place) = place(&p.window, &from[1..], &at[1..], &k) {
                seen.push(x[flat(from, &[&at[..1], &place].concat())]);
            }
        }
        let sum: f64 = seen.iter().sum();
        match p.kind {
            PoolKind::Sum => sum,
            PoolKind::Average => sum / p.window.kernel.iter().product::<usize>() as f64,
            PoolKind::AverageInside => sum / seen.len() as f64,
            PoolKind::Max => seen.into_iter().reduce(|a, b| if b > a { b } else { a }).unwrap(),
        }
    };
    indices(to).map(window).collect()
}
