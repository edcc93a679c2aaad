// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A design with the shared mapping as nothing but its formulas (docs/shared.md, What is
//! computed): loops over `[channel][row][column]`, no memories, no cycles.

use synfire::hw::Design;
use synfire::hw::Train;
use synfire::hw::shared::{NeuronKind, Source, SumJob, Then, Work};
use synfire::ir::{Compare, Reset};

/// What a run gives; trains of the layers that fire, in the order of the jobs.
pub struct Run {
    pub trains: Vec<Vec<Train>>,
    pub logits: Vec<i64>,
    pub class: usize,
}

/// A map, `[timestep][channel][row][column]`.
struct Map {
    shape: [u32; 3],
    values: Vec<Vec<i64>>,
}

impl Map {
    fn new(shape: [u32; 3], timesteps: u32) -> Self {
        let size = shape.iter().product::<u32>() as usize;
        Self { shape, values: vec![vec![0; size]; timesteps as usize] }
    }

    fn index(&self, c: u32, y: i64, x: i64) -> Option<usize> {
        let [_, h, w] = self.shape;
        let inside = (0..i64::from(h)).contains(&y) && (0..i64::from(w)).contains(&x);
        inside.then(|| ((i64::from(c) * i64::from(h) + y) * i64::from(w) + x) as usize)
    }

    /// Zero outside.
    fn get(&self, t: u32, c: u32, y: i64, x: i64) -> i64 {
        self.index(c, y, x).map_or(0, |i| self.values[t as usize][i])
    }

    fn set(&mut self, t: u32, [c, y, x]: [u32; 3], value: i64) {
        let i = self.index(c, y.into(), x.into()).unwrap();
        self.values[t as usize][i] = value;
    }
}

fn floor_shift(value: i64, shift: u32) -> i64 {
    value.div_euclid(1 << shift)
}

pub fn run(design: &Design, input: &[u8]) -> Run {
    let shared = design.shared.as_ref().unwrap();
    let steps = design.timesteps;
    let mut levels = Map::new(shared.input.shape, steps);
    let count = design.input.count as usize;
    for (t, values) in levels.values.iter_mut().enumerate() {
        let from = if design.input.changes { t * count } else { 0 };
        *values = input[from..from + count].iter().map(|v| i64::from(*v)).collect();
    }
    let mut trains: Vec<Map> = shared.trains.iter().map(|m| Map::new(m.shape, steps)).collect();
    let mut currents: Vec<Map> = shared.currents.iter().map(|m| Map::new(m.shape, steps)).collect();
    let mut run = Run { trains: Vec::new(), logits: Vec::new(), class: 0 };
    for job in &shared.jobs {
        let gathered = match job.source {
            Source::Currents(m, g) => {
                let [c, h, w] = currents[m].shape;
                let mut map = Map::new([c, h / g.window[0], w / g.window[1]], steps);
                for (t, at) in everywhere(steps, map.shape) {
                    let mut sum = 0;
                    for k in 0..g.window[0] {
                        for l in 0..g.window[1] {
                            let (y, x) = (at[1] * g.window[0] + k, at[2] * g.window[1] + l);
                            sum += currents[m].get(t, at[0], y.into(), x.into());
                        }
                    }
                    let half = if g.shift == 0 { 0 } else { 1 << (g.shift - 1) };
                    map.set(t, at, floor_shift(sum + half, g.shift));
                }
                Some(map)
            }
            _ => None,
        };
        let source = match (&gathered, job.source) {
            (Some(map), _) => map,
            (None, Source::Trains(m)) => &trains[m],
            (None, _) => &levels,
        };
        match &job.work {
            Work::Or { window, stride, to } => {
                let mut out = Map::new(job.out, steps);
                for (t, at) in everywhere(steps, job.out) {
                    let mut any = 0;
                    for k in 0..window[0] {
                        for l in 0..window[1] {
                            let (y, x) = (at[1] * stride[0] + k, at[2] * stride[1] + l);
                            any |= source.get(t, at[0], y.into(), x.into());
                        }
                    }
                    out.set(t, at, any);
                }
                trains[*to] = out;
            }
            Work::Sum(sum) => {
                let mut h = Map::new(job.out, steps);
                for (t, at) in everywhere(steps, job.out) {
                    let c = at[0] as usize;
                    let p = weighted(sum, source, t, at);
                    let y = floor_shift(sum.gain[c] * p + sum.offset[c], sum.shift);
                    let r = sum
                        .add
                        .map_or(0, |m| currents[m].get(t, at[0], at[1].into(), at[2].into()));
                    h.set(t, at, y + r);
                }
                if let Some(leak) = sum.leak.map(|leak| shared.leaks[leak]) {
                    for (_, at) in everywhere(1, job.out) {
                        let mut state = 0;
                        for t in 0..steps {
                            let u = state + h.get(t, at[0], at[1].into(), at[2].into());
                            let leaks = |v: i64| floor_shift(v * i64::from(leak.num), leak.shift);
                            let (reached, theta, r) = match leak.resets {
                                Some(r) => {
                                    let theta = sum.theta[at[0] as usize];
                                    let above = r.compare == Compare::Above;
                                    (if above { u > theta } else { u >= theta }, theta, r)
                                }
                                None => {
                                    state = leaks(u);
                                    h.set(t, at, u);
                                    continue;
                                }
                            };
                            let left = match r.reset {
                                Reset::Soft if reached => u - theta,
                                Reset::Hard if reached => 0,
                                _ => u,
                            };
                            let late = reached && r.reset == Reset::SoftDelayed;
                            state = leaks(left) - if late { theta } else { 0 };
                            h.set(t, at, if r.after { left } else { u });
                        }
                    }
                }
                match &sum.then {
                    Then::Maps { keep, fire } => {
                        if let Some((neurons, to)) = fire {
                            let mut fired = Map::new(job.out, steps);
                            for (_, at) in everywhere(1, job.out) {
                                let c = at[0] as usize;
                                let mut v = 0;
                                for t in 0..steps {
                                    let h = h.get(t, at[0], at[1].into(), at[2].into());
                                    let current =
                                        i64::from(neurons.sign[c]) * h * (1 << shared.frac);
                                    let u = v + current + neurons.bias[c];
                                    let (s, next) = neuron(
                                        &shared.kinds[neurons.kind],
                                        u,
                                        neurons.threshold[c],
                                    );
                                    fired.set(t, at, s);
                                    v = next;
                                }
                            }
                            let train = |i: usize| {
                                let bit = |t: u32| (fired.values[t as usize][i] as Train) << t;
                                (0..steps).map(bit).sum()
                            };
                            run.trains.push((0..fired.values[0].len()).map(train).collect());
                            trains[*to] = fired;
                        }
                        if let Some(keep) = keep {
                            currents[*keep] = h;
                        }
                    }
                    Then::Readout => {
                        let r = &shared.readout;
                        for c in 0..job.out[0] {
                            let first = if shared.last { steps - 1 } else { 0 };
                            let sum: i64 = (first..steps).map(|t| h.get(t, c, 0, 0)).sum();
                            run.logits.push(sum * r.gain[c as usize] + r.offset[c as usize]);
                        }
                    }
                }
            }
        }
    }
    let best = run.logits.iter().max().unwrap();
    run.class = run.logits.iter().position(|l| l == best).unwrap();
    run
}

/// Every timestep of every element.
fn everywhere(steps: u32, [c, h, w]: [u32; 3]) -> impl Iterator<Item = (u32, [u32; 3])> {
    let places = (0..c).flat_map(move |c| (0..h).flat_map(move |y| (0..w).map(move |x| [c, y, x])));
    places.flat_map(move |at| (0..steps).map(move |t| (t, at)))
}

fn weighted(sum: &SumJob, source: &Map, t: u32, at: [u32; 3]) -> i64 {
    let mut weights = sum
        .weights
        .iter()
        .skip(at[0] as usize * (sum.window[0] * sum.window[1] * source.shape[0]) as usize);
    let mut p = 0;
    for k in 0..sum.window[0] {
        for l in 0..sum.window[1] {
            for c in 0..source.shape[0] {
                let y = i64::from(at[1] * sum.stride[0] + k) - i64::from(sum.padding[0]);
                let x = i64::from(at[2] * sum.stride[1] + l) - i64::from(sum.padding[1]);
                p += i64::from(*weights.next().unwrap()) * source.get(t, c, y, x);
            }
        }
    }
    p
}

/// Spike, and what the next timestep adds to.
fn neuron(kind: &NeuronKind, u: i64, theta: i64) -> (i64, i64) {
    let s = i64::from(match kind.compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    });
    let leak = |v: i64| floor_shift(v * i64::from(kind.leak_num), kind.leak_shift);
    let next = match kind.reset {
        Reset::Soft => leak(u - s * theta),
        Reset::SoftDelayed => leak(u) - s * theta,
        Reset::Hard => leak(u * (1 - s)),
        Reset::None => leak(u),
        Reset::HardDelayed => unreachable!("hardware does not have it"),
    };
    (s, next)
}
