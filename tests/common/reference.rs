// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Executors that are nothing but the formulas of the language reference: one in `f64`,
//! one in integers that cannot overflow and that looks at every declared width.

use synfire::ir::{Compare, FixedLif, Graph, Kind, Lif, Op, PerChannel, Reset, Weights};

use super::corners::Corners;

/// How the leak's product becomes an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Down, as an arithmetic shift does: the definition.
    Down,
    /// Towards zero, as a division of most languages does: a likely fault.
    TowardsZero,
}

/// What a run gives: per firing layer `[timestep][neuron]`, and the logits.
pub struct Run<N> {
    pub spikes: Vec<Vec<Vec<bool>>>,
    pub logits: Vec<N>,
    /// How near a membrane came to its threshold, relative to the threshold.
    pub margin: f64,
    /// Values that did not fit into their declared width.
    pub misfits: Vec<String>,
    /// Of the integer form: what happened how often.
    pub corners: Corners,
}

impl<N> Run<N> {
    fn new(layers: usize) -> Self {
        Self {
            spikes: vec![Vec::new(); layers],
            logits: Vec::new(),
            margin: f64::MAX,
            misfits: Vec::new(),
            corners: Corners::default(),
        }
    }
}

/// Runs the real form of a chain; the logits are sums over the timesteps.
pub fn real(g: &Graph, input: &[u16]) -> Run<f64> {
    let nodes: Vec<_> = g.order().unwrap().into_iter().map(|id| g.node(id)).collect();
    let mut states: Vec<Vec<f64>> = nodes.iter().map(|n| vec![0.0; n.stream.len()]).collect();
    let mut run = Run::new(nodes.iter().filter(|n| matches!(n.op, Op::Lif(_))).count());
    for _ in 0..g.timesteps {
        let mut x: Vec<f64> = Vec::new();
        let mut layer = 0;
        for (node, state) in nodes.iter().zip(&mut states) {
            x = match &node.op {
                Op::Input(_) => input.iter().map(|v| f64::from(*v)).collect(),
                Op::Scale(s) => x.iter().map(|v| v * s.factor.at(0) + s.offset.at(0)).collect(),
                Op::Linear(l) => {
                    let scale = scale(&l.weights);
                    let sum = |c| {
                        (0..x.len()).map(|i| whole(&l.weights, c, i) as f64 * x[i]).sum::<f64>()
                    };
                    let bias = |c: usize| l.bias.as_ref().map_or(0.0, |b| b[c]);
                    (0..l.weights.outputs()).map(|c| scale.at(c) * sum(c) + bias(c)).collect()
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

/// A weight without its scale.
fn whole(weights: &Weights, output: usize, input: usize) -> i128 {
    match weights {
        Weights::Binary { signs, .. } => {
            if signs.get(output, input) {
                1
            } else {
                -1
            }
        }
        Weights::Integer { values, .. } => values[output * weights.inputs() + input].into(),
        Weights::Real { .. } => panic!("real weights"),
    }
}

fn scale(weights: &Weights) -> &PerChannel<f64> {
    match weights {
        Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => scale,
        Weights::Real { .. } => panic!("real weights"),
    }
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
        Reset::HardDelayed => unreachable!("graphs.rs has it; hardware does not"),
    };
    s
}

/// Runs the integer form of a chain.
pub fn integer(g: &Graph, input: &[u16]) -> Run<i128> {
    integer_rounding(g, input, Rounding::Down)
}

/// The same with a leak that rounds in a way of its own.
pub fn integer_rounding(g: &Graph, input: &[u16], rounding: Rounding) -> Run<i128> {
    let nodes: Vec<_> = g.order().unwrap().into_iter().map(|id| g.node(id)).collect();
    let mut states: Vec<Vec<i128>> = nodes.iter().map(|n| vec![0; n.stream.len()]).collect();
    let mut run = Run::new(nodes.iter().filter(|n| matches!(n.op, Op::FixedLif(_))).count());
    for _ in 0..g.timesteps {
        let mut x: Vec<i128> = Vec::new();
        let mut layer = 0;
        for (node, state) in nodes.iter().zip(&mut states) {
            x = match &node.op {
                Op::Input(_) => input.iter().map(|v| i128::from(*v)).collect(),
                Op::Linear(l) => {
                    let sum = |c| (0..x.len()).map(|i| whole(&l.weights, c, i) * x[i]).sum();
                    let sums: Vec<i128> = (0..l.weights.outputs()).map(sum).collect();
                    let Kind::Current { width, .. } = node.stream.kind else { panic!("real") };
                    for sum in &sums {
                        fits(&node.name, *sum, width, &mut run.misfits);
                        run.corners.note("a sum fills its width", fills(*sum, width));
                    }
                    sums
                }
                Op::FixedLif(l) => {
                    let fired: Vec<bool> = (0..x.len())
                        .map(|c| {
                            let (state, run) =
                                (&mut state[c], (&mut run.misfits, &mut run.corners));
                            neuron(&node.name, l, c, state, x[c], rounding, run)
                        })
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
                    for v in &run.logits {
                        fits(&node.name, *v, r.width, &mut run.misfits);
                        // The register has a bit to spare.
                        run.corners.note("a logit fills its width", fills(*v, r.width - 1));
                    }
                    Vec::new()
                }
                other => panic!("{} is not in the integer form", other.name()),
            };
        }
    }
    run
}

/// One timestep, see [`step`]; says what did not fit and what happened.
pub fn neuron(
    name: &str,
    l: &FixedLif,
    c: usize,
    state: &mut i128,
    x: i128,
    rounding: Rounding,
    (misfits, corners): (&mut Vec<String>, &mut Corners),
) -> bool {
    let Step { current, u, leaks, fires } = step(l, c, state, x, rounding);
    let is_rounded = (leaks * i128::from(l.leak_num.at(0))).rem_euclid(1i128 << l.leak_shift) != 0;
    let is_odd = leaks % 2 != 0;
    corners.note("the leak rounds a negative membrane", leaks < 0 && is_rounded);
    corners.note("the leak rounds a negative odd membrane", leaks < 0 && is_odd && is_rounded);
    corners.note("the leak rounds a positive membrane", leaks > 0 && is_rounded);
    let theta = i128::from(l.threshold[c]);
    corners.neuron(l, u - theta, fires);
    for v in [current, u, *state, theta] {
        fits(name, v, l.width, misfits);
        corners.note("a membrane fills its width", fills(v, l.width));
    }
    fires
}

/// What one timestep of a neuron gives.
pub struct Step {
    pub current: i128,
    pub u: i128,
    /// What is multiplied by the leak.
    pub leaks: i128,
    pub fires: bool,
}

/// One timestep; `state` is what the current is added to.
pub fn step(l: &FixedLif, c: usize, state: &mut i128, x: i128, rounding: Rounding) -> Step {
    let theta = i128::from(l.threshold[c]);
    let sign = l.sign.get(c).map_or(1, |s| i128::from(*s));
    let current = sign * x * (1i128 << l.frac) + i128::from(l.bias[c]);
    let u = *state + current;
    let fires = match l.compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    };
    let spike = i128::from(fires);
    let leaks = match l.reset {
        Reset::Soft => u - theta * spike,
        Reset::Hard => u * (1 - spike),
        Reset::SoftDelayed | Reset::None => u,
        Reset::HardDelayed => unreachable!("integers.rs has it; hardware does not"),
    };
    let (product, unit) = (leaks * i128::from(l.leak_num.at(0)), 1i128 << l.leak_shift);
    let leaked = match rounding {
        Rounding::Down => product.div_euclid(unit),
        Rounding::TowardsZero => product / unit,
    };
    *state = if l.reset == Reset::SoftDelayed { leaked - theta * spike } else { leaked };
    Step { current, u, leaks, fires }
}

fn fits(name: &str, v: i128, width: u32, misfits: &mut Vec<String>) {
    let limit = 1i128 << (width - 1);
    if !(-limit..limit).contains(&v) {
        misfits.push(format!("{name}: {v} does not fit into {width} bits"));
    }
}

/// Would it not fit into a bit less?
fn fills(v: i128, width: u32) -> bool {
    let half = (1i128 << (width - 1)) / 2;
    !(-half..half.max(1)).contains(&v)
}
