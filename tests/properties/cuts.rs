// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is left of a model after timesteps, members or copies are taken away.

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{
    BatchNorm, Compare, Concat, Graph, Input, Lif, Linear, NodeId, Op, PerChannel, Readout,
    ReadoutKind, Reset, Scale, print,
};
use synfire::pass::{self, CUTS, Options};

use super::common::graphs::{eighths, graph, shown, weights};
use super::common::net::{Numbers, inputs, nets};
use super::common::rng::Rng;
use super::{config, to_integer};

fn cut(g: &Graph, timesteps: Option<u32>, members: Option<Vec<usize>>) -> Graph {
    let mut g = g.clone();
    let options =
        Options { keep_timesteps: timesteps, keep_members: members, ..Options::default() };
    pass::run(&mut g, CUTS, &options).unwrap_or_else(|d| panic!("{d}"));
    g
}

fn record(g: &Graph, shown: &[Vec<f64>]) -> Record {
    let is_static = g.node(g.find("in").unwrap()).stream.is_static;
    let stimulus = if is_static { Stimulus::Reals(&shown[0]) } else { Stimulus::RealSteps(shown) };
    Interp::new(g).unwrap().run_on(stimulus).unwrap()
}

/// Spikes of the first timesteps.
fn first(r: &Record, timesteps: u32) -> Vec<Vec<Vec<bool>>> {
    r.spikes.iter().map(|s| s.fired[..timesteps as usize].to_vec()).collect()
}

/// Members of one or two layers of neurons behind a layer or an input that they share, brought
/// together by an addition or a concat, and what follows. Numbers are dyadic: no sum is rounded.
fn an_ensemble(rng: &mut Rng) -> (Graph, usize) {
    let mut g = Graph::new("ensemble", 1 + rng.below(4) as u32);
    let size = 1 + rng.below(6);
    let input = Input { shape: vec![size], bits: None, is_static: rng.one_in(2) };
    let mut trunk = g.add("in", Op::Input(input), &[]).unwrap();
    if rng.one_in(2) {
        trunk = layer(rng, &mut g, "trunk", trunk, 3);
    }
    let (count, adds, width) = (2 + rng.below(4), rng.one_in(2), 1 + rng.below(4));
    let mut ends = Vec::new();
    for m in 0..count {
        let mut x = trunk;
        if rng.one_in(2) {
            x = layer(rng, &mut g, &format!("first{m}"), x, 4);
        }
        let outputs = if adds { width } else { 1 + rng.below(4) };
        x = layer(rng, &mut g, &format!("last{m}"), x, outputs);
        if rng.one_in(3) {
            let w = linear(rng, &g, x, outputs);
            x = g.add(format!("features{m}"), w, &[x]).unwrap();
        }
        ends.push(x);
    }
    let join = if adds { Op::Add } else { Op::Concat(Concat { axis: 0 }) };
    let mut x = g.add("join", join, &ends).unwrap();
    for k in 0..rng.below(3) {
        let n = g.node(x).stream.len();
        let mut list = || (0..n).map(|_| eighths(rng)).collect::<Vec<f64>>();
        let op = match k {
            0 => {
                let (gamma, beta, mean) = (list(), list(), list());
                let var = (0..n).map(|_| rng.pick(&[0.0, 0.75, 3.75])).collect();
                Op::BatchNorm(BatchNorm { gamma, beta, mean, var, eps: 0.25 })
            }
            _ => {
                Op::Scale(Scale { factor: PerChannel::Each(list()), offset: PerChannel::All(0.5) })
            }
        };
        x = g.add(format!("after{k}"), op, &[x]).unwrap();
    }
    if !adds || rng.one_in(2) {
        let head = linear(rng, &g, x, 3);
        x = g.add("head", head, &[x]).unwrap();
    }
    let kind =
        rng.pick(&[ReadoutKind::Sum, ReadoutKind::Mean, ReadoutKind::Last, ReadoutKind::Max]);
    let readout = Readout { kind, gain: PerChannel::All(1.0), offset: PerChannel::All(0.0) };
    let y = g.add("out", Op::Readout(readout), &[x]).unwrap();
    g.set_output(y);
    (g, count)
}

fn linear(rng: &mut Rng, g: &Graph, x: NodeId, outputs: usize) -> Op {
    let weights = weights(rng, outputs, g.node(x).stream.len());
    let bias = rng.one_in(3).then(|| (0..outputs).map(|_| eighths(rng)).collect());
    Op::Linear(Linear { weights, bias })
}

fn layer(rng: &mut Rng, g: &mut Graph, name: &str, x: NodeId, outputs: usize) -> NodeId {
    let w = linear(rng, g, x, outputs);
    let w = g.add(format!("{name}.w"), w, &[x]).unwrap();
    let zero = || PerChannel::All(0.0);
    let lif = Lif {
        leak: PerChannel::All(0.5),
        gain: PerChannel::All(1.0),
        bias: PerChannel::All(eighths(rng)),
        threshold: PerChannel::All(0.5),
        reset: Reset::Soft,
        compare: Compare::AtLeast,
        reset_to: zero(),
        start: zero(),
    };
    g.add(name, Op::Lif(lif), &[w]).unwrap()
}

/// The whole ensemble, with what the others give multiplied by nothing.
fn silenced(g: &Graph, keep: &[usize]) -> Graph {
    let mut g = g.clone();
    let join = g.find("join").unwrap();
    let ends = g.operands(join);
    let mut operands = Vec::new();
    for (m, &end) in ends.iter().enumerate() {
        let factor = PerChannel::All(if keep.contains(&m) { 1.0 } else { 0.0 });
        operands.push(g.add(format!("gate{m}"), Op::Scale(Scale::by(factor)), &[end]).unwrap());
    }
    let op = g.node(join).op.clone();
    g.replace(join, op, &operands);
    g.refresh().unwrap();
    g
}

proptest! {
    #![proptest_config(config(256))]

    /// Any graph: the first timesteps fire as they did among more.
    #[test]
    fn fewer_timesteps_are_the_first_ones(seed: u64, size in 1usize..14, keep in 1u32..6) {
        let g = graph(seed, size);
        let keep = keep.min(g.timesteps);
        let shown = shown(&g, seed);
        let (all, few) = (record(&g, &shown), record(&cut(&g, Some(keep), None), &shown));
        prop_assert_eq!(first(&few, keep), first(&all, keep), "{}", print(&g).unwrap());
        prop_assert_eq!(&few.steps[..], &all.steps[..keep as usize]);
    }

    /// The same of the integer forms, each made by the passes for its number of timesteps.
    #[test]
    fn and_so_do_the_integer_forms(net in nets(Numbers::Any), keep in 1u32..6) {
        let all = to_integer(&net)?;
        let keep = keep.min(net.timesteps);
        let mut few = cut(&net.graph(), Some(keep), None);
        pass::run(&mut few, pass::TO_INTEGER, &net.options).unwrap();
        for x in inputs(&net, 4) {
            let a = Interp::new(&all).unwrap().run(&x).unwrap();
            let b = Interp::new(&few).unwrap().run(&x).unwrap();
            prop_assert_eq!(first(&b, keep), first(&a, keep));
        }
    }

    /// Any ensemble, any members: what is left is the whole with zeros from the others.
    #[test]
    fn members_left_out_give_zeros(seed: u64, mask in 1usize..32) {
        let (g, count) = an_ensemble(&mut Rng(seed));
        let found = pass::ensemble(&g).unwrap().map(|e| e.ends.len());
        prop_assert_eq!(found, Some(count), "{}", print(&g).unwrap());
        let keep: Vec<usize> = (0..count).filter(|m| mask >> m & 1 == 1).collect();
        prop_assume!(!keep.is_empty());
        let few = cut(&g, None, Some(keep.clone()));
        let shown = shown(&g, seed);
        let (want, got) = (record(&silenced(&g, &keep), &shown), record(&few, &shown));
        prop_assert_eq!(&got.logits, &want.logits, "{:?} of\n{}", keep, print(&g).unwrap());
        prop_assert_eq!(&got.steps, &want.steps);
        for layer in &got.spikes {
            let before = want.spikes.iter().find(|l| l.node == layer.node).unwrap();
            prop_assert_eq!(&layer.fired, &before.fired);
        }
        // Neurons of members that are off are gone.
        for m in (0..count).filter(|m| !keep.contains(m)) {
            let left = few.find(&format!("last{m}"));
            prop_assert_eq!(left, None);
        }
    }

    /// Neurons with a copy of everything before them are merged, and nothing changes.
    #[test]
    fn copies_are_merged_without_a_difference(seed: u64, size in 1usize..10) {
        let g = graph(seed, size);
        let (shown, rng) = (shown(&g, seed), &mut Rng(seed));
        let mut doubled = g.clone();
        let mut twin = std::collections::HashMap::new();
        for id in g.order().unwrap() {
            let node = g.node(id).clone();
            if matches!(node.op, Op::Input(_) | Op::Readout(_) | Op::Delay(_)) {
                continue;
            }
            let of = |o: NodeId| twin.get(&o).copied().unwrap_or(o);
            let operands: Vec<NodeId> = g.operands(id).into_iter().map(of).collect();
            let copy = doubled.add(format!("copy of {}", node.name), node.op, &operands).unwrap();
            twin.insert(id, copy);
            // Some of what took the node takes its copy.
            for user in g.users(id) {
                let op = doubled.node(user).op.clone();
                if rng.one_in(2) && !matches!(op, Op::Delay(_)) {
                    let taken: Vec<NodeId> = doubled.operands(user);
                    let swap = |&o: &NodeId| if o == id { copy } else { o };
                    doubled.replace(user, op, &taken.iter().map(swap).collect::<Vec<_>>());
                }
            }
        }
        doubled.refresh().unwrap();
        let mut merged = doubled.clone();
        pass::run(&mut merged, &[("merge-identical", "")], &Options::default()).unwrap();
        let (want, got) = (record(&g, &shown), record(&merged, &shown));
        prop_assert!(matches!(got.logits, Logits::Real(_)));
        prop_assert_eq!(got.logits, want.logits);
        for id in merged.order().unwrap() {
            let only_concats = || {
                let mut users = merged.users(id).into_iter();
                users.all(|u| matches!(merged.node(u).op, Op::Concat(_)))
            };
            let node = merged.node(id);
            let copied = node.name.starts_with("copy of ") && matches!(node.op, Op::Lif(_));
            let original = node.name.strip_prefix("copy of ").and_then(|n| merged.find(n));
            prop_assert!(!(copied && original.is_some()) || only_concats(), "{}", print(&merged).unwrap());
        }
    }
}
