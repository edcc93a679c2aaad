// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Executors that are nothing but the formulas of the language reference: one in `f64`,
//! one in integers that cannot overflow and that looks at every declared width.

use synfire::ir::{Compare, FixedLif, Graph, Kind, Lif, Op, Reset};

/// What a run gives: per firing layer `[timestep][neuron]`, and the logits.
pub struct Run<N> {
    pub spikes: Vec<Vec<Vec<bool>>>,
    pub logits: Vec<N>,
    /// How near a membrane came to its threshold, relative to the threshold.
    pub margin: f64,
    /// Values that did not fit into their declared width.
    pub misfits: Vec<String>,
}

/// Runs the real form of a chain; the logits are sums over the timesteps.
pub fn real(g: &Graph, input: &[u16]) -> Run<f64> {
    let nodes: Vec<_> = g.order().unwrap().into_iter().map(|id| g.node(id)).collect();
    let mut states: Vec<Vec<f64>> = nodes.iter().map(|n| vec![0.0; n.stream.len()]).collect();
    let mut run =
        Run { spikes: Vec::new(), logits: Vec::new(), margin: f64::MAX, misfits: Vec::new() };
    run.spikes = nodes.iter().filter(|n| matches!(n.op, Op::Lif(_))).map(|_| Vec::new()).collect();
    for _ in 0..g.timesteps {
        let mut x: Vec<f64> = Vec::new();
        let mut layer = 0;
        for (node, state) in nodes.iter().zip(&mut states) {
            x = match &node.op {
                Op::Input(_) => input.iter().map(|v| f64::from(*v)).collect(),
                Op::Scale(s) => x.iter().map(|v| v * s.factor.at(0) + s.offset.at(0)).collect(),
                Op::Linear(l) => {
                    let (signs, scale) = l.weights.binary().unwrap();
                    let sign = |c, i| if signs.get(c, i) { 1.0 } else { -1.0 };
                    let sum = |c| (0..x.len()).map(|i| sign(c, i) * x[i]).sum::<f64>();
                    let bias = |c: usize| l.bias.as_ref().map_or(0.0, |b| b[c]);
                    (0..signs.rows()).map(|c| scale.at(c) * sum(c) + bias(c)).collect()
                }
                Op::BatchNorm(b) => (0..x.len())
                    .map(|c| {
                        b.gamma[c] * (x[c] - b.mean[c]) / (b.var[c] + b.eps).sqrt() + b.beta[c]
                    })
                    .collect(),
                Op::Lif(l) => {
                    let fired: Vec<bool> = (0..x.len())
                        .map(|c| real_neuron(l, c, &mut state[c], x[c], &mut run.margin))
                        .collect();
                    let out = fired.iter().map(|s| f64::from(u8::from(*s))).collect();
                    run.spikes[layer].push(fired);
                    layer += 1;
                    out
                }
                Op::Readout(r) => {
                    (0..x.len()).for_each(|c| state[c] += r.gain.at(c) * x[c] + r.offset.at(c));
                    run.logits = state.clone();
                    Vec::new()
                }
                other => panic!("{} is not real", other.name()),
            };
        }
    }
    run
}

/// `state` is the membrane after the reset, before the leak, except for `SoftDelayed`.
fn real_neuron(l: &Lif, c: usize, state: &mut f64, x: f64, margin: &mut f64) -> bool {
    let theta = l.threshold.at(c);
    let u = *state + (l.gain.at(c) * x + l.bias.at(c));
    *margin = margin.min((u - theta).abs() / theta);
    let s = match l.compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    };
    let spike = f64::from(u8::from(s));
    *state = match l.reset {
        Reset::Soft => l.leak.at(0) * (u - theta * spike),
        Reset::SoftDelayed => l.leak.at(0) * u - theta * spike,
        Reset::Hard => l.leak.at(0) * (u * (1.0 - spike)),
        Reset::None => l.leak.at(0) * u,
    };
    s
}

/// Runs the integer form of a chain.
pub fn integer(g: &Graph, input: &[u16]) -> Run<i128> {
    let nodes: Vec<_> = g.order().unwrap().into_iter().map(|id| g.node(id)).collect();
    let mut states: Vec<Vec<i128>> = nodes.iter().map(|n| vec![0; n.stream.len()]).collect();
    let mut run =
        Run { spikes: Vec::new(), logits: Vec::new(), margin: f64::MAX, misfits: Vec::new() };
    run.spikes =
        nodes.iter().filter(|n| matches!(n.op, Op::FixedLif(_))).map(|_| Vec::new()).collect();
    for _ in 0..g.timesteps {
        let mut x: Vec<i128> = Vec::new();
        let mut layer = 0;
        for (node, state) in nodes.iter().zip(&mut states) {
            x = match &node.op {
                Op::Input(_) => input.iter().map(|v| i128::from(*v)).collect(),
                Op::Linear(l) => {
                    let (signs, _) = l.weights.binary().unwrap();
                    let sum =
                        |c| (0..x.len()).map(|i| if signs.get(c, i) { x[i] } else { -x[i] }).sum();
                    let sums: Vec<i128> = (0..signs.rows()).map(sum).collect();
                    let Kind::Current { width, .. } = node.stream.kind else { panic!("real") };
                    sums.iter().for_each(|s| fits(&node.name, *s, width, &mut run.misfits));
                    sums
                }
                Op::FixedLif(l) => {
                    let fired: Vec<bool> = (0..x.len())
                        .map(|c| neuron(&node.name, l, c, &mut state[c], x[c], &mut run.misfits))
                        .collect();
                    let out = fired.iter().map(|s| i128::from(*s)).collect();
                    run.spikes[layer].push(fired);
                    layer += 1;
                    out
                }
                Op::FixedReadout(r) => {
                    (0..x.len()).for_each(|c| state[c] += x[c]);
                    let logit =
                        |c: usize| i128::from(r.gain[c]) * state[c] + i128::from(r.offset[c]);
                    run.logits = (0..x.len()).map(logit).collect();
                    run.logits.iter().for_each(|v| fits(&node.name, *v, r.width, &mut run.misfits));
                    Vec::new()
                }
                other => panic!("{} is not in the integer form", other.name()),
            };
        }
    }
    run
}

/// One timestep; `state` is what the current is added to.
pub fn neuron(
    name: &str,
    l: &FixedLif,
    c: usize,
    state: &mut i128,
    x: i128,
    misfits: &mut Vec<String>,
) -> bool {
    let theta = i128::from(l.threshold[c]);
    let current = x * (1i128 << l.frac) + i128::from(l.bias[c]);
    let u = *state + current;
    let s = match l.compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    };
    let spike = i128::from(s);
    let leak = |v: i128| (v * i128::from(l.leak_num)).div_euclid(1i128 << l.leak_shift);
    *state = match l.reset {
        Reset::Soft => leak(u - theta * spike),
        Reset::SoftDelayed => leak(u) - theta * spike,
        Reset::Hard => leak(u * (1 - spike)),
        Reset::None => leak(u),
    };
    for v in [current, u, *state, theta] {
        fits(name, v, l.width, misfits);
    }
    s
}

fn fits(name: &str, v: i128, width: u32, misfits: &mut Vec<String>) {
    let limit = 1i128 << (width - 1);
    if !(-limit..limit).contains(&v) {
        misfits.push(format!("{name}: {v} does not fit into {width} bits"));
    }
}
