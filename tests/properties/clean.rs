// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is left of the integer form without neurons that nobody needs: the same, bit by bit.

use std::cell::RefCell;

use proptest::prelude::*;
use synfire::hw;
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::interval::{membrane_width, spikes};
use synfire::ir::{
    Compare, Concat, Conv, Delay, FixedLif, FixedReadout, Graph, Input, Kind, Linear, NodeId, Op,
    PerChannel, Pool, PoolKind, Ranges, Reset, Reshape, Stream, Taken, Weights, Window, planes,
    print, verify,
};
use synfire::pass::{self, CleanedUp, Options};
use synfire::sim::{NoProbe, Sim};
use synfire::target;

use super::common::corners::Corners;
use super::common::graphs::{RESETS, compare, each, shown};
use super::common::integers::{integers, lif, weights};
use super::common::net::{inputs, integer_nets};
use super::common::rng::Rng;
use super::{holds, to_hardware};

fn record(g: &Graph, shown: &[Vec<f64>]) -> Record {
    let is_static = g.node(g.find("in").unwrap()).stream.is_static;
    let stimulus = if is_static { Stimulus::Reals(&shown[0]) } else { Stimulus::RealSteps(shown) };
    Interp::new(g).unwrap().run_on(stimulus).unwrap()
}

fn cleaned(g: &Graph) -> (Graph, CleanedUp) {
    let mut next = g.clone();
    let done = pass::clean_up(&mut next, &Options::default()).unwrap();
    (next, done)
}

/// A neuron whose bounds are near, and the least and the largest current.
fn neuron(rng: &mut Rng) -> (FixedLif, (i64, i64), u32) {
    let mut whole = |most: usize| rng.below(2 * most + 1) as i64 - most as i64;
    let (a, b) = (whole(4), whole(4));
    let (bias, start, reset_to) = (whole(5), whole(6), whole(6));
    let sign = [whole(1) as i8, 1, 1, -1][rng.below(4)];
    let (shift, reset) = (rng.below(4) as u32, rng.pick(&RESETS));
    let l = FixedLif {
        leak_num: PerChannel::All(rng.below((1 << shift) + 1) as u32),
        leak_shift: shift,
        frac: rng.below(2) as u32,
        width: 40,
        bias: vec![bias],
        threshold: vec![1 + rng.below(12) as i64],
        reset,
        compare: compare(rng),
        sign: vec![sign],
        reset_to: if reset.is_to_a_value() { vec![reset_to] } else { Vec::new() },
        start: vec![start],
    };
    (l, (a.min(b), a.max(b)), 1 + rng.below(4) as u32)
}

/// Does it fire, timestep by timestep? By docs/ir.md.
fn fires(l: &FixedLif, currents: &[i64]) -> Vec<bool> {
    let leak = |v: i64| (v * i64::from(l.leak_num.at(0))).div_euclid(1 << l.leak_shift);
    let to = l.reset_to.first().copied().unwrap_or(0);
    let (mut state, mut held) = (leak(l.start[0]), false);
    let mut all = Vec::new();
    for x in currents {
        let mut u = state + i64::from(l.sign[0]) * x * (1 << l.frac) + l.bias[0];
        if held {
            u = to;
        }
        let theta = l.threshold[0];
        let s = if l.compare == Compare::AtLeast { u >= theta } else { u > theta };
        state = match l.reset {
            Reset::Soft => leak(if s { u - theta } else { u }),
            Reset::SoftDelayed => leak(u) - if s { theta } else { 0 },
            Reset::Hard => leak(if s { to } else { u }),
            Reset::HardDelayed | Reset::None => leak(u),
        };
        held = s && l.reset == Reset::HardDelayed;
        all.push(s);
    }
    all
}

/// What [`bounds_are_those_of_all_sequences`] has to meet at least.
const BOUNDS: &[(&str, u64)] = &[
    ("never", 2_700),
    ("always", 230),
    ("sometimes", 1_000),
    ("always, with Soft", 50),
    ("always, with SoftDelayed", 38),
    ("always, with Hard", 48),
    ("always, with HardDelayed", 28),
    ("always, with None", 63),
    ("never, by one", 150),
    ("sometimes, by one", 150),
];

/// Whether a neuron ever fires, and whether it always does, is what all sequences of currents say.
#[test]
fn bounds_are_those_of_all_sequences() {
    let mut met = Corners::default();
    for seed in 0..8000 {
        let (l, (lo, hi), timesteps) = neuron(&mut Rng(seed));
        let count = (hi - lo + 1) as usize;
        let of = |l: &FixedLif| {
            let (mut ever, mut always) = (false, true);
            for k in 0..count.pow(timesteps) {
                let digit = |t: u32| lo + (k / count.pow(t) % count) as i64;
                let fired = fires(l, &(0..timesteps).map(digit).collect::<Vec<_>>());
                ever |= fired.contains(&true);
                always &= !fired.contains(&false);
            }
            (i64::from(always), i64::from(ever))
        };
        let want = of(&l);
        assert_eq!(spikes(&l, 0, 1, (lo, hi), timesteps), want, "{l:?} {lo}..={hi} {timesteps}");
        let name = [["never", "sometimes"], ["", "always"]][want.0 as usize][want.1 as usize];
        met.note(name, true);
        if want == (1, 1) {
            let names = RESETS.map(|r| match r {
                Reset::Soft => "always, with Soft",
                Reset::SoftDelayed => "always, with SoftDelayed",
                Reset::Hard => "always, with Hard",
                Reset::HardDelayed => "always, with HardDelayed",
                Reset::None => "always, with None",
            });
            let place = RESETS.iter().position(|r| *r == l.reset).unwrap();
            met.note(names[place], true);
        }
        let theta = |by: i64| {
            let threshold = vec![(l.threshold[0] + by).max(1)];
            of(&FixedLif { threshold, ..l.clone() })
        };
        met.note("never, by one", want == (0, 0) && theta(-1) != want);
        met.note("sometimes, by one", want == (0, 1) && theta(1) == (0, 0));
    }
    met.report("spikes", BOUNDS);
}

/// Layers of neurons between weights, with what may stand between them: sums with a recurrent
/// connection or a shortcut, scales, pools, delays, a concat.
fn layered(rng: &mut Rng) -> Graph {
    let mut g = Graph::new("layers", 1 + rng.below(3) as u32);
    let maps = rng.one_in(3);
    let shape =
        if maps { vec![1 + rng.below(2), 2 + rng.below(3)] } else { vec![2 + rng.below(4)] };
    let input = Input { shape, bits: Some(1 + rng.below(2) as u32), is_static: rng.one_in(2) };
    let mut x = g.add("in", Op::Input(input), &[]).unwrap();
    let mut names = (0..).map(|k| format!("n{k}"));
    let mut add =
        |g: &mut Graph, op: Op, of: &[NodeId]| g.add(names.next().unwrap(), op, of).unwrap();
    for _ in 0..1 + rng.below(2) {
        let n = 2 + rng.below(5);
        let from = x;
        let w = weighed(rng, &g, x, n);
        x = add(&mut g, w, &[x]);
        let stream = g.node(x).stream.clone();
        let recurs = !maps && rng.one_in(4);
        if recurs {
            let spikes = Stream { kind: Kind::Spikes, is_static: false, ..stream.clone() };
            let one = Op::Delay(Delay { steps: PerChannel::All(1) });
            let before = g.add_register(format!("before {n} {}", g.len()), one, spikes).unwrap();
            let w = weighed(rng, &g, before, n);
            let again = add(&mut g, w, &[before]);
            x = add(&mut g, Op::Add, &[x, again]);
            let lif = lif(rng, &g.node(x).stream);
            x = add(&mut g, Op::FixedLif(lif), &[x]);
            g.connect(before, x).unwrap();
        } else {
            if rng.one_in(4) && g.node(from).stream.shape == stream.shape {
                x = add(&mut g, Op::Add, &[x, from]);
            }
            let lif = lif(rng, &g.node(x).stream);
            x = add(&mut g, Op::FixedLif(lif), &[x]);
        }
        let op = match rng.below(8) {
            0 => Op::Delay(Delay { steps: each(rng, &stream, |rng| rng.below(2) as u32) }),
            1 => Op::FixedLif(lif(rng, &stream)),
            2 if maps => {
                let kernel = 1 + rng.below(stream.shape[1].min(2));
                let window = Window {
                    kernel: vec![kernel],
                    stride: vec![1 + rng.below(2)],
                    padding: vec![[rng.below(kernel), 0]],
                    dilation: vec![1],
                };
                Op::Pool(Pool { kind: rng.pick(&[PoolKind::Sum, PoolKind::Max]), window })
            }
            _ => continue,
        };
        x = add(&mut g, op, &[x]);
    }
    let n = g.node(x).stream.len();
    if maps {
        x = add(&mut g, Op::Reshape(Reshape { shape: vec![n] }), &[x]);
    }
    if rng.one_in(4) {
        let all = [x, x];
        x = add(&mut g, Op::Concat(Concat { axis: 0 }), &all);
    }
    let w = weighed(rng, &g, x, 3);
    x = add(&mut g, w, &[x]);
    let list = |rng: &mut Rng, most: usize| (0..3).map(|_| rng.below(most) as i64).collect();
    let (gain, offset) = (list(rng, 9), list(rng, 40));
    let kind = rng.pick(&[Taken::Sum, Taken::Sum, Taken::Last, Taken::Max]);
    let readout = FixedReadout { kind, frac: 0, gain, offset, gain_width: 4, width: 40 };
    let y = g.add("out", Op::FixedReadout(readout), &[x]).unwrap();
    g.set_output(y);
    g
}

/// Small weights, most often with a wide one among them, which leaves room for sums.
fn roomy(rng: &mut Rng, rows: usize, columns: usize) -> Weights {
    if rng.one_in(3) {
        return weights(rng, rows, columns);
    }
    let mut values: Vec<i8> = (0..rows * columns).map(|_| rng.below(7) as i8 - 3).collect();
    let place = rng.below(values.len());
    values[place] = rng.pick(&[-7, 7, 3]);
    Weights::Integer { rows, values, scale: PerChannel::All(1.0) }
}

fn weighed(rng: &mut Rng, g: &Graph, x: NodeId, rows: usize) -> Op {
    let stream = &g.node(x).stream;
    if stream.shape.len() == 1 {
        return Op::Linear(Linear { weights: roomy(rng, rows, stream.len()), bias: None });
    }
    let kernel = 1 + rng.below(2);
    let window = Window {
        kernel: vec![kernel],
        stride: vec![1],
        padding: vec![if rng.one_in(3) { [1, 0] } else { [0, 0] }],
        dilation: vec![1],
    };
    let weights = roomy(rng, rows, stream.shape[0] * kernel);
    // A window fits, whatever pools have left.
    let window =
        if stream.shape[1] < kernel { Window { padding: vec![[1, 1]], ..window } } else { window };
    Op::Conv(Conv { weights, bias: None, window, groups: 1 })
}

/// A random graph with copies of neurons, thresholds out of reach and next to it, constant
/// currents that fire, and columns of zeros; what would break a rule is left out.
fn seeded(seed: u64, size: usize) -> Graph {
    let rng = &mut Rng(seed ^ 0xc1ea);
    let mut g = if rng.one_in(5) { integers(seed, size) } else { layered(rng) };
    g.timesteps = g.timesteps.min(3);
    for id in g.order().unwrap() {
        for _ in 0..2 {
            let mut next = g.clone();
            if change(&mut next, id, rng).is_some() && fitted(&mut next).is_some() {
                g = next;
            }
        }
    }
    g
}

fn change(g: &mut Graph, id: NodeId, rng: &mut Rng) -> Option<()> {
    let operand = *g.operands(id).first()?;
    let channels = g.node(id).stream.shape[0];
    let (a, b) = (rng.below(channels), rng.below(channels));
    let ranges = Ranges::new(g).unwrap();
    let timesteps = g.timesteps;
    match g.op_mut(id) {
        Op::FixedLif(l) if rng.one_in(2) => {
            // All of a channel, and its row before.
            let copy = |v: &mut Vec<i64>| {
                let run = v.len() / channels;
                v.copy_within(a * run..(a + 1) * run, b * run);
            };
            [&mut l.bias, &mut l.threshold, &mut l.reset_to, &mut l.start]
                .into_iter()
                .for_each(copy);
            let run = l.sign.len() / channels;
            l.sign.copy_within(a * run..(a + 1) * run, b * run);
            l.leak_num = PerChannel::All(l.leak_num.at(0));
            let row = |w: &mut Weights| match w {
                Weights::Integer { rows, values, .. } => {
                    let n = values.len() / *rows;
                    values.copy_within(a * n..(a + 1) * n, b * n);
                }
                Weights::Binary { signs, .. } => {
                    (0..signs.cols()).for_each(|c| signs.set(b, c, signs.get(a, c)));
                }
                Weights::Real { .. } => {}
            };
            match g.op_mut(operand) {
                Op::Linear(l) => row(&mut l.weights),
                Op::Conv(c) if c.groups == 1 => row(&mut c.weights),
                _ => return None,
            }
        }
        Op::FixedLif(l) => {
            let run = l.threshold.len() / channels;
            let x = ranges.at(operand, b, channels);
            let up = rng.one_in(2);
            for i in b * run..(b + 1) * run {
                if up {
                    // The first threshold that is out of reach, or the last that is not.
                    let n = l.threshold.len();
                    let reach = |l: &FixedLif| spikes(l, i, n, x, timesteps) != (0, 0);
                    while reach(l) && l.threshold[i] < 1 << 12 {
                        l.threshold[i] += 1;
                    }
                    l.threshold[i] = (l.threshold[i] - rng.below(2) as i64).max(1);
                } else if l.bias.len() == l.threshold.len() {
                    l.bias[i] = l.threshold[i] + [0, 40, 400][rng.below(3)];
                    if !l.reset_to.is_empty() {
                        l.reset_to.fill(l.threshold[i] + 1);
                    }
                }
            }
        }
        Op::Linear(l) => zeros(&mut l.weights, 1, rng)?,
        Op::Conv(c) => zeros(&mut c.weights, c.window.kernel.iter().product(), rng)?,
        _ => return None,
    }
    Some(())
}

fn zeros(w: &mut Weights, area: usize, rng: &mut Rng) -> Option<()> {
    let all = w.inputs();
    let Weights::Integer { values, .. } = w else { return None };
    let place = rng.below(all / area) * area;
    values.chunks_mut(all).for_each(|row| row[place..place + area].fill(0));
    Some(())
}

/// Gives neurons the width that they need.
fn fitted(g: &mut Graph) -> Option<()> {
    g.refresh().ok()?;
    for id in g.order().unwrap() {
        let (n, timesteps) = (g.node(id).stream.len(), g.timesteps);
        let Some(&x) = g.operands(id).first() else { continue };
        let ranges = Ranges::new(g).unwrap();
        if let Op::FixedLif(l) = g.op_mut(id) {
            let needed = |i| membrane_width(l, i, n, ranges.at(x, i, n), timesteps);
            l.width = (0..n).map(needed).max()?.max(l.frac + 1);
        }
    }
    verify(g).ok()
}

/// Which neurons a layer keeps, by what the notes say; none if a note has too long a list.
fn kept(notes: &[pass::Note], name: &str, channels: usize) -> Option<Vec<usize>> {
    let mut left: Vec<usize> = (0..channels).collect();
    let begin = format!("`{name}`: ");
    for note in notes.iter().filter(|n| n.text.contains("left out")) {
        let mut gone = Vec::new();
        for (at, _) in note.text.match_indices(&begin) {
            let (_, list) = note.text[at..].split_once('(')?;
            let (list, _) = list.split_once(')')?;
            for part in list.split(", ") {
                let (from, to) = part.split_once('-').unwrap_or((part, part));
                gone.extend(from.parse::<usize>().ok()?..=to.parse().ok()?);
            }
        }
        let stays = |(i, _): &(usize, &usize)| !gone.contains(i);
        left = left.iter().enumerate().filter(stays).map(|(_, c)| *c).collect();
    }
    Some(left)
}

/// What [`nothing_changes_without_them`] has to meet at least.
const LEFT_OUT: &[(&str, u64)] = &[
    ("a graph that loses something", 160),
    ("a graph that loses nothing", 40),
    ("neurons that never fire", 230),
    ("neurons that always fire", 50),
    ("copies", 16),
    ("neurons that nobody reads", 33),
    ("channels of maps", 95),
    ("neurons that stay", 190),
    ("neurons of two layers at once", 37),
    ("spikes of a layer that lost some", 1_600),
];

/// Any graph of integers: the same logits, the same spikes of what is left, no wider weights.
#[test]
fn nothing_changes_without_them() {
    let met = RefCell::new(Corners::default());
    holds(400, (any::<u64>(), 2usize..12), |(seed, size)| {
        let g = seeded(seed, size);
        let (less, done) = cleaned(&g);
        let mut met = met.borrow_mut();
        let text = || {
            let notes: Vec<&str> = done.notes.iter().map(|n| &*n.text).collect();
            format!("{notes:#?}\n{}\n{}", print(&g).unwrap(), print(&less).unwrap())
        };
        met.note("a graph that loses something", done.whole.is_some());
        met.note("a graph that loses nothing", done.whole.is_none());
        for note in &done.notes {
            for (name, part) in [
                ("neurons that never fire", "never fire"),
                ("neurons that always fire", "fire in every timestep"),
                ("copies", "are copies of others:"),
                ("neurons that nobody reads", "read by nobody"),
                ("channels of maps", " channels ("),
                ("neurons of two layers at once", "with them"),
            ] {
                met.note(name, note.text.contains(part) && note.text.contains("left out"));
            }
            met.note("neurons that stay", note.text.contains("stay"));
        }
        if done.whole.is_none() {
            prop_assert_eq!(print(&less).unwrap(), print(&g).unwrap());
        }
        let (again, _) = cleaned(&less);
        prop_assert_eq!(print(&again).unwrap(), print(&less).unwrap());
        for id in less.order().unwrap() {
            let node = less.node(id);
            let (Op::Linear(_) | Op::Conv(_)) = &node.op else { continue };
            let of = |g: &Graph| match &g.node(g.find(&node.name).unwrap()).op {
                Op::Linear(Linear { weights: Weights::Integer { values, .. }, .. })
                | Op::Conv(Conv { weights: Weights::Integer { values, .. }, .. }) => planes(values),
                _ => 1,
            };
            prop_assert!(of(&less) <= of(&g).max(2), "{}\n{}", node.name, text());
        }
        for k in 0..6 {
            let shown = if k < 2 { extreme(&g, k == 1) } else { shown(&g, seed ^ k) };
            let (want, got) = (record(&g, &shown), record(&less, &shown));
            prop_assert_eq!(&got.logits, &want.logits, "{}", text());
            prop_assert_eq!(got.class, want.class);
            for layer in &got.spikes {
                let all = want.spikes.iter().find(|l| l.node == layer.node).unwrap();
                let channels = g.node(g.find(&layer.node).unwrap()).stream.shape[0];
                let Some(kept) = kept(&done.notes, &layer.node, channels) else { continue };
                met.note("spikes of a layer that lost some", kept.len() < channels);
                for (few, all) in layer.fired.iter().zip(&all.fired) {
                    let run = all.len() / channels;
                    let of = |c: &usize| all[c * run..(c + 1) * run].to_vec();
                    let left: Vec<bool> = kept.iter().flat_map(of).collect();
                    prop_assert_eq!(few, &left, "{}\n{}", layer.node, text());
                }
            }
        }
        Ok(())
    });
    met.into_inner().report("clean-up", LEFT_OUT);
}

/// Nothing, or everything at its largest.
fn extreme(g: &Graph, most: bool) -> Vec<Vec<f64>> {
    let input = g.node(g.find("in").unwrap());
    let Op::Input(i) = &input.op else { panic!("no input") };
    let top = f64::from((1u32 << i.bits.unwrap()) - 1);
    vec![vec![if most { top } else { 0.0 }; input.stream.len()]; g.timesteps as usize]
}

/// Hardware without them gives the logits of the model with them.
#[test]
fn hardware_needs_none_of_them() {
    let met = RefCell::new(Corners::default());
    let target = target::load("ulx3s-85f").unwrap();
    holds(200, integer_nets(), |net| {
        let g = to_hardware(&net)?;
        let (less, done) = cleaned(&g);
        let lowered = hw::lower(&less, &target, &hw::Options::default());
        let Ok((design, _)) = lowered else { return Err(TestCaseError::reject("no hardware")) };
        met.borrow_mut().note("a network that loses something", done.whole.is_some());
        let (interp, sim) = (Interp::new(&g).unwrap(), Sim::new(&design));
        for x in inputs(&net, 6) {
            let want = interp.run(&x).unwrap();
            let bytes: Vec<u8> = x.iter().map(|v| *v as u8).collect();
            let got = sim.run(&bytes, &[], &mut NoProbe).unwrap();
            let logits = got.logits.iter().map(|l| i64::from(*l)).collect();
            prop_assert_eq!(Logits::Integer(logits), want.logits, "{}", print(&less).unwrap());
            prop_assert_eq!(usize::from(got.class), want.class);
        }
        Ok(())
    });
    met.into_inner().report("hardware", &[("a network that loses something", 34)]);
}
