// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interpreter against the definitions of the integer operators.

use std::collections::BTreeMap;

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Stimulus};
use synfire::ir::{
    Compare, FixedLi, Gives, Graph, Kind, Op, Ranges, Reset, Taken, entry, isomorphic, parse,
    print, verify,
};

use super::common::graphs::shown;
use super::common::integers::{integers, logits};
use super::common::naive::Naive;
use super::config;

fn stimulus<'a>(g: &Graph, shown: &'a [Vec<f64>]) -> Stimulus<'a> {
    let is_static = g.node(g.find("in").unwrap()).stream.is_static;
    if is_static { Stimulus::Reals(&shown[0]) } else { Stimulus::RealSteps(shown) }
}

fn record(g: &Graph, shown: &[Vec<f64>]) -> synfire::interp::Record {
    Interp::new(g).unwrap().run_on(stimulus(g, shown)).unwrap()
}

/// What does not fit its declared width, or its proven range.
pub(super) fn misfits(g: &Graph, naive: &mut Naive<'_>) -> Vec<String> {
    let ranges = Ranges::new(g).unwrap();
    let mut misfits = Vec::new();
    for id in g.order().unwrap() {
        let node = g.node(id);
        if node.op.is_readout() {
            continue;
        }
        let n = node.stream.len();
        for t in 0..g.timesteps {
            for (i, v) in naive.value(id, t).into_iter().enumerate() {
                let (lo, hi) = ranges.at(id, i, n);
                if !(lo as f64..=hi as f64).contains(&v) {
                    misfits.push(format!("{}[{i}] is {v}, not in {lo}..={hi}", node.name));
                }
                if let Kind::Current { width, .. } = node.stream.kind {
                    let limit = f64::from(width - 1).exp2();
                    if !(-limit..limit).contains(&v) {
                        misfits.push(format!("{}[{i}] is {v}: {width} bits", node.name));
                    }
                }
            }
        }
        if let Op::FixedLif(l) = &node.op {
            let limit = f64::from(l.width - 1).exp2();
            let held = &naive.reached[&id];
            misfits.extend(
                held.iter()
                    .filter(|v| !(-limit..limit).contains(*v))
                    .map(|v| format!("a membrane of {} is {v}: {} bits", node.name, l.width)),
            );
        }
    }
    misfits
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn every_integer_operator_is_its_definition(seed in any::<u64>(), size in 1usize..14) {
        let g = integers(seed, size);
        let text = print(&g).unwrap();
        verify(&g).map_err(|d| TestCaseError::fail(format!("{d}\n{text}")))?;
        let shown = shown(&g, seed);
        let got = record(&g, &shown);
        let mut naive = Naive::new(&g, shown);
        for layer in &got.spikes {
            let id = g.find(&layer.node).unwrap();
            for t in 0..g.timesteps {
                let want: Vec<bool> = naive.value(id, t).iter().map(|s| *s == 1.0).collect();
                prop_assert_eq!(&layer.fired[t as usize], &want, "{} at {}\n{}", layer.node, t, text);
            }
        }
        let out = g.output().unwrap();
        let Op::FixedReadout(readout) = &g.node(out).op else { panic!("no readout") };
        let taken: Vec<Vec<f64>> = (0..g.timesteps).map(|t| naive.value(out, t)).collect();
        prop_assert_eq!(&got.logits, &Logits::Integer(logits(readout, &taken)), "{}", text);
        let misfits = misfits(&g, &mut naive);
        prop_assert!(misfits.is_empty(), "{:?}\n{}", misfits, text);
    }

    /// An integrator beside a layer gives what the layer compares, and changes nothing else.
    #[test]
    fn membranes_decide_about_spikes(seed in any::<u64>(), size in 1usize..14) {
        let g = integers(seed, size);
        let (with, beside) = g.with_membranes().unwrap();
        verify(&with).map_err(|d| TestCaseError::fail(d.to_string()))?;
        let shown = shown(&g, seed);
        let mut membranes: Vec<Vec<Vec<i64>>> = vec![Vec::new(); beside.len()];
        let got = Interp::new(&with).unwrap().run_watching(stimulus(&g, &shown), &mut |id, _, v| {
            if let Some(k) = beside.iter().position(|(_, integrator)| *integrator == id) {
                membranes[k].push(v.to_integers());
            }
        });
        let got = got.unwrap();
        prop_assert_eq!(&got, &record(&g, &shown));
        for ((layer, _), membranes) in beside.iter().zip(membranes) {
            let node = with.node(*layer);
            let Op::FixedLif(l) = &node.op else { panic!("no neurons") };
            let spikes = got.spikes.iter().find(|s| s.node == node.name).unwrap();
            prop_assert_eq!(membranes.len(), g.timesteps as usize);
            for (membranes, fired) in membranes.iter().zip(&spikes.fired) {
                let reaches = |(n, u): (usize, &i64)| {
                    let theta = entry(&l.threshold, n, fired.len(), 1);
                    *u > theta || (*u == theta && l.compare == Compare::AtLeast)
                };
                let want: Vec<bool> = membranes.iter().enumerate().map(reaches).collect();
                prop_assert_eq!(fired, &want, "{}", node.name);
            }
        }
    }

    #[test]
    fn every_integer_operator_reads_back(seed in any::<u64>(), size in 1usize..20) {
        let g = integers(seed, size);
        let text = print(&g).unwrap();
        let back = parse(&text).map_err(|d| TestCaseError::fail(format!("{d}\n{text}")))?;
        prop_assert_eq!(&print(&back).unwrap(), &text);
        prop_assert!(isomorphic(&g, &back), "not the same graph:\n{}", text);
    }
}

/// The properties above say something: whatever the operators can do occurs often.
#[test]
fn random_integer_graphs_have_everything() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..1500 {
        let g = integers(seed, 12);
        for id in g.order().unwrap() {
            let node = g.node(id);
            let mut count = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
            count(node.op.name());
            let from = g.operands(id).first().map(|&o| g.node(o).stream.kind);
            let of_currents = matches!(from, Some(Kind::Current { .. }));
            let scaled = matches!(from, Some(Kind::Current { frac, .. }) if frac != 0);
            match &node.op {
                Op::FixedLif(l) => {
                    count(&format!("{:?}", l.reset));
                    let spatial = node.stream.shape.len() > 1;
                    [
                        ("negated", l.sign.contains(&-1)),
                        ("ignored", l.sign.contains(&0)),
                        ("started", l.start.iter().any(|v| *v != 0)),
                        ("reset to", l.reset == Reset::Hard && l.reset_to.iter().any(|v| *v != 0)),
                        (
                            "held at",
                            l.reset == Reset::HardDelayed && l.reset_to.iter().any(|v| *v != 0),
                        ),
                        ("leaks", l.leak_num.iter().count() > 1),
                        ("by channel", spatial && l.bias.len() == node.stream.shape[0]),
                        ("neurons on another unit", scaled),
                    ]
                    .iter()
                    .filter(|(_, is)| *is)
                    .for_each(|(what, _)| count(what));
                }
                Op::FixedLi(FixedLi { resets: Some(r), .. }) => {
                    count(&format!("integrators that reset {:?}", r.reset));
                    if r.gives == Gives::After {
                        count("membranes after a reset");
                    }
                }
                Op::FixedReadout(r) if r.kind == Taken::Last => count("last"),
                Op::FixedReadout(r) if r.kind == Taken::Max => count("largest"),
                Op::Linear(_) | Op::Conv(_) if of_currents => count("weights on currents"),
                Op::Pool(_) | Op::Add | Op::Concat(_) if scaled => count("another unit"),
                Op::Relu if of_currents => count("relu on currents"),
                _ => {}
            }
        }
    }
    let rare: Vec<_> = seen.iter().filter(|(_, n)| **n < 60).collect();
    assert!(seen.len() == 36 && rare.is_empty(), "{} {seen:?}", seen.len());
}
