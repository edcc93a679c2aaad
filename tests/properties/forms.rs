// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The real and the integer form of any graph: equal where nothing is rounded.

use std::collections::BTreeMap;

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{
    BitMatrix, Compare, Concat, Graph, Input, Kind, Lif, Linear, Op, PerChannel, Readout,
    ReadoutKind, Reset, Taken, Weights, print,
};
use synfire::pass::{self, Options, TO_INTEGER};

use super::common::dyadic::dyadic;
use super::common::graphs::{graph, shown};
use super::common::naive::Naive;
use super::common::rng::Rng;
use super::{config, integers::misfits};

/// Room for every number of these graphs.
fn options() -> Options {
    Options { stream_bits: 24, precision_bits: 10, ..Options::default() }
}

fn record(g: &Graph, shown: &[Vec<f64>]) -> Record {
    let interp = Interp::new(g).unwrap();
    let is_static = g.node(g.find("in").unwrap()).stream.is_static;
    let stimulus = if is_static { Stimulus::Reals(&shown[0]) } else { Stimulus::RealSteps(shown) };
    interp.run_on(stimulus).unwrap()
}

/// The folded form and the integer form; none where the passes say that there is none.
fn forms(g: &Graph) -> Result<(Graph, Graph), String> {
    let refused = |d: Box<synfire::diag::Diagnostic>| {
        assert_eq!(d.code.id, "SF0302", "{d}\n{}", print(g).unwrap());
        assert!(d.location.path.is_some(), "no place: {d}");
        d.message.clone()
    };
    let (last, before) = TO_INTEGER.split_last().unwrap();
    let mut folded = g.clone();
    pass::run(&mut folded, before, &options()).map_err(refused)?;
    let mut integer = folded.clone();
    pass::run(&mut integer, &[*last], &options()).map_err(refused)?;
    Ok((folded, integer))
}

/// True if quantising had nothing to round.
fn exact(folded: &Graph, integer: &Graph) -> bool {
    folded.order().unwrap().into_iter().all(|id| {
        let node = folded.node(id);
        let new = integer.find(&node.name).unwrap();
        let x = integer.operands(new).first().map(|&x| integer.node(x).stream.kind);
        let unit = match x {
            Some(Kind::Current { frac, .. }) => frac,
            _ => 0,
        };
        let on = |list: &PerChannel<f64>, bits: i32| {
            list.iter().all(|v| (v * f64::from(bits).exp2()).fract() == 0.0)
        };
        match (&node.op, &integer.node(new).op) {
            (Op::Scale(_), Op::FixedScale(s)) => s.shift == 0,
            // What remembers nothing decides as its whole threshold does.
            (Op::Lif(l), _) if l.leak.is_zero() && !l.reset.is_delayed() => true,
            (Op::Lif(l), Op::FixedLif(f)) => {
                let bits = unit + f.frac as i32;
                // Halved at every timestep.
                let spare = bits - folded.timesteps as i32;
                [&l.bias, &l.threshold, &l.reset_to, &l.start].iter().all(|p| on(p, spare))
            }
            (Op::Li(l), Op::FixedLi(f)) => {
                let resets = l.resets.iter().flat_map(|r| [&r.threshold, &r.reset_to]);
                let bits = unit + f.frac as i32;
                [&l.bias, &l.start].into_iter().chain(resets).all(|p| on(p, bits))
            }
            (Op::Readout(r), Op::FixedReadout(f)) => {
                let n = node.stream.len();
                (0..n).all(|i| (r.gain.of(i, n) * f64::from(f.frac - unit).exp2()).fract() == 0.0)
                    && on(&r.offset, f.frac)
            }
            _ => true,
        }
    })
}

/// The logits of the integer form as sums over the timesteps, or the largest of them.
fn sums(g: &Graph, record: &Record) -> Vec<f64> {
    let Op::FixedReadout(r) = &g.node(g.output().unwrap()).op else { panic!("no readout") };
    let Logits::Integer(logits) = &record.logits else { panic!("not integers") };
    logits.iter().map(|v| *v as f64 * f64::from(-r.frac).exp2()).collect()
}

fn real_sums(g: &Graph, record: &Record) -> Vec<f64> {
    let Op::Readout(r) = &g.node(g.output().unwrap()).op else { panic!("no readout") };
    let last = r.kind == ReadoutKind::Last;
    let steps = &record.steps[if last { record.steps.len() - 1 } else { 0 }..];
    let of = |c: usize| steps.iter().map(move |s| s[c]);
    let largest = |c| of(c).reduce(f64::max).unwrap();
    let is_max = r.kind == ReadoutKind::Max;
    (0..steps[0].len()).map(|c| if is_max { largest(c) } else { of(c).sum() }).collect()
}

/// Layers by name; merged ones in parts are not looked at.
fn spikes(r: &Record) -> BTreeMap<&str, &Vec<Vec<bool>>> {
    r.spikes.iter().map(|s| (s.node.as_str(), &s.fired)).collect()
}

proptest! {
    #![proptest_config(config(1200))]

    #[test]
    fn integers_are_exact_where_nothing_is_rounded(seed in any::<u64>(), size in 1usize..12) {
        let g = dyadic(seed, size);
        let (folded, integer) = match forms(&g) {
            Ok(forms) => forms,
            Err(why) => return Err(TestCaseError::reject(why)),
        };
        prop_assume!(exact(&folded, &integer));
        let text = || format!("{}\n{}", print(&g).unwrap(), print(&integer).unwrap());
        for k in 0..3 {
            let shown = shown(&g, seed ^ k);
            let (r, f, n) = (record(&g, &shown), record(&folded, &shown), record(&integer, &shown));
            for (name, fired) in spikes(&r) {
                for other in [spikes(&f), spikes(&n)] {
                    if let Some(found) = other.get(name) {
                        prop_assert_eq!(*found, fired, "{}\n{}", name, text());
                    }
                }
            }
            prop_assert_eq!(real_sums(&folded, &f), real_sums(&g, &r), "{}", text());
            prop_assert_eq!(sums(&integer, &n), real_sums(&g, &r), "{}", text());
            prop_assert_eq!(n.class, r.class);
            let mut naive = Naive::new(&integer, shown);
            let misfits = misfits(&integer, &mut naive);
            prop_assert!(misfits.is_empty(), "{:?}\n{}", misfits, text());
        }
    }

    #[test]
    fn the_integer_form_is_left_alone(seed in any::<u64>(), size in 1usize..12) {
        let Ok((_, integer)) = forms(&dyadic(seed, size)) else {
            return Err(TestCaseError::reject("refused"));
        };
        let mut again = integer.clone();
        pass::run(&mut again, TO_INTEGER, &options())
            .map_err(|d| TestCaseError::fail(format!("{d}\n{}", print(&integer).unwrap())))?;
        prop_assert_eq!(print(&again).unwrap(), print(&integer).unwrap());
    }
}

/// The property above says something: what it is about occurs, and thresholds are met.
#[test]
fn random_dyadic_graphs_have_everything() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..1000 {
        let g = dyadic(seed, 10);
        let (folded, integer) = match forms(&g) {
            Ok(forms) => forms,
            Err(why) => {
                *refused.entry(why).or_default() += 1;
                continue;
            }
        };
        let mut count = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
        if !exact(&folded, &integer) {
            count("rounded");
            continue;
        }
        count("exact");
        let mut naive = Naive::new(&integer, shown(&integer, seed));
        for id in integer.order().unwrap() {
            let node = integer.node(id);
            count(node.op.name());
            match &node.op {
                Op::FixedLif(l) => {
                    for t in 0..integer.timesteps {
                        naive.value(id, t);
                    }
                    let n = node.stream.len();
                    let held = naive.reached[&id].chunks(3);
                    if held.clone().any(|c| c[0] == c[2]) {
                        count("tie");
                    }
                    if l.sign.contains(&-1) {
                        count("negated");
                    }
                    if l.sign.contains(&0) {
                        count("constant");
                    }
                    if l.bias.len() != n {
                        count("by channel");
                    }
                }
                Op::Add if matches!(node.stream.kind, Kind::Current { frac, .. } if frac != 0) => {
                    count("residual");
                }
                Op::FixedReadout(r) if r.kind == Taken::Last => count("last"),
                Op::FixedReadout(r) if r.kind == Taken::Max => count("largest"),
                Op::Delay(_) => {
                    let order = integer.order().unwrap();
                    let place = |o| order.iter().position(|&p| p == o).unwrap();
                    if place(integer.operands(id)[0]) > place(id) {
                        count("recurrent");
                    }
                }
                _ => {}
            }
        }
    }
    let rare: Vec<_> = seen.iter().filter(|(_, n)| **n < 20).collect();
    assert!(seen.len() == 23 && rare.is_empty(), "{} {seen:?} {refused:?}", seen.len());
}

/// Members on one stream, put together before a head: what they compute, and what the passes
/// make of them.
fn ensemble(seed: u64) -> Graph {
    let rng = &mut Rng(seed);
    let (inputs, members) = (1 + rng.below(8), 2 + rng.below(3));
    let mut g = Graph::new("ensemble", 1 + rng.below(3) as u32);
    let input = Input { shape: vec![inputs], bits: Some(2), is_static: rng.one_in(2) };
    let x = g.add("in", Op::Input(input), &[]).unwrap();
    let (second, reset) = (rng.one_in(2), rng.pick(&[Reset::Soft, Reset::Hard]));
    let binary = |rng: &mut Rng, rows, columns| {
        let signs = BitMatrix::from_fn(rows, columns, |_, _| rng.one_in(2));
        let scale = PerChannel::Each((0..rows).map(|_| rng.pick(&[1.0, 0.5])).collect());
        let bias = rng.one_in(3).then(|| (0..rows).map(|_| rng.pick(&[0.25, -0.5])).collect());
        Op::Linear(Linear { weights: Weights::Binary { signs, scale }, bias })
    };
    let mut ends = Vec::new();
    for m in 0..members {
        let n = 1 + rng.below(6);
        let fc = g.add(format!("{m}.fc"), binary(rng, n, inputs), &[x]).unwrap();
        let lif = Lif {
            leak: PerChannel::All(rng.pick(&[0.0, 0.5, 1.0])),
            gain: PerChannel::All(1.0),
            bias: PerChannel::zero(),
            threshold: PerChannel::Each((0..n).map(|_| rng.pick(&[0.5, 1.0, 1.5])).collect()),
            reset,
            compare: Compare::AtLeast,
            reset_to: PerChannel::zero(),
            start: PerChannel::zero(),
        };
        let mut end = g.add(format!("{m}.lif"), Op::Lif(lif), &[fc]).unwrap();
        if second {
            let rows = 1 + rng.below(4);
            end = g.add(format!("{m}.out"), binary(rng, rows, n), &[end]).unwrap();
        }
        ends.push(end);
    }
    let all = g.add("all", Op::Concat(Concat { axis: 0 }), &ends).unwrap();
    let n = g.node(all).stream.len();
    let values = (0..2 * n).map(|_| rng.pick(&[1.0, -0.5, 0.25, 2.0])).collect();
    let head = Linear { weights: Weights::Real { rows: 2, values }, bias: Some(vec![0.5, -0.25]) };
    let head = g.add("head", Op::Linear(head), &[all]).unwrap();
    let readout =
        Readout { kind: ReadoutKind::Sum, gain: PerChannel::All(1.0), offset: PerChannel::zero() };
    let y = g.add("y", Op::Readout(readout), &[head]).unwrap();
    g.set_output(y);
    g
}

proptest! {
    #![proptest_config(config(300))]

    /// An ensemble is a chain of two layers, whatever its members are.
    #[test]
    fn an_ensemble_becomes_a_chain(seed in any::<u64>()) {
        let g = ensemble(seed);
        let (folded, integer) = forms(&g).map_err(TestCaseError::fail)?;
        let text = || format!("{}\n{}", print(&g).unwrap(), print(&integer).unwrap());
        let count = |op: &str| {
            integer.order().unwrap().into_iter().filter(|&id| integer.node(id).op.name() == op).count()
        };
        prop_assert_eq!(count("fixed-lif"), 1, "{}", text());
        if g.find("0.out").is_none() {
            prop_assert_eq!(count("linear"), 2, "{}", text());
        }
        let shown = shown(&g, seed);
        let (r, f, n) = (record(&g, &shown), record(&folded, &shown), record(&integer, &shown));
        let merged: Vec<Vec<bool>> = (0..g.timesteps as usize)
            .map(|t| r.spikes.iter().flat_map(|l| l.fired[t].clone()).collect())
            .collect();
        prop_assert_eq!(&n.spikes[0].fired, &merged, "{}", text());
        prop_assert_eq!(real_sums(&folded, &f), real_sums(&g, &r), "{}", text());
        if exact(&folded, &integer) {
            prop_assert_eq!(sums(&integer, &n), real_sums(&g, &r), "{}", text());
        }
    }
}

proptest! {
    #![proptest_config(config(1000))]

    /// Any graph becomes integers or is refused with a place: numbers of any kind, real inputs
    /// and weights, gains of 0.
    #[test]
    fn any_graph_becomes_integers_or_is_refused(seed in any::<u64>(), size in 1usize..14) {
        let g = graph(seed, size);
        let mut integer = g.clone();
        match pass::run(&mut integer, TO_INTEGER, &Options::default()) {
            Ok(_) => {
                let real = |id| integer.node(id).stream.kind == Kind::Real;
                prop_assert!(!integer.order().unwrap().into_iter().any(real));
                let mut naive = Naive::new(&integer, shown(&integer, seed));
                let misfits = misfits(&integer, &mut naive);
                prop_assert!(misfits.is_empty(), "{:?}\n{}", misfits, print(&integer).unwrap());
            }
            Err(d) => {
                let known = d.code.id == "SF0302" && d.location.path.is_some();
                prop_assert!(known, "{} {d}\n{}", d.code.id, print(&g).unwrap());
            }
        }
    }
}
