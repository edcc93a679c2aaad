// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interpreter against the definitions of the operators, on graphs with all of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{Graph, NodeId, Op, ReadoutKind, isomorphic, parse, print, verify};

use super::common::graphs::{graph, shown};
use super::common::naive::Naive;
use super::config;

/// Divisions and square roots round; everything else here is exact.
const BOUND: f64 = 1e-9;

fn run(g: &Graph, shown: &[Vec<f64>]) -> Record {
    let interp = Interp::new(g).unwrap();
    let is_static = g.node(g.find("in").unwrap()).stream.is_static;
    let stimulus = if is_static { Stimulus::Reals(&shown[0]) } else { Stimulus::RealSteps(shown) };
    interp.run_on(stimulus).unwrap()
}

fn near(a: &[f64], b: &[f64]) -> bool {
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= BOUND * a.abs().max(b.abs()).max(1.0);
    a.len() == b.len() && a.iter().zip(b).all(close)
}

/// The logits by the definition of the readout.
fn logits(g: &Graph, steps: &[Vec<f64>]) -> Vec<f64> {
    let Op::Readout(r) = &g.node(g.output().unwrap()).op else { panic!("no readout") };
    let sum = |c: usize| steps.iter().map(|s| s[c]).sum::<f64>();
    let logit = |c: usize| match r.kind {
        ReadoutKind::Sum => sum(c),
        ReadoutKind::Last => steps[steps.len() - 1][c],
        ReadoutKind::Max => steps.iter().map(|s| s[c]).reduce(f64::max).unwrap(),
        ReadoutKind::Mean | ReadoutKind::PerStep => sum(c) / steps.len() as f64,
    };
    (0..steps[0].len()).map(logit).collect()
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn every_operator_is_its_definition(seed in any::<u64>(), size in 1usize..14) {
        let g = graph(seed, size);
        verify(&g).map_err(|d| TestCaseError::fail(d.to_string()))?;
        let shown = shown(&g, seed);
        let mut naive = Naive::new(&g, shown.clone());
        let out = g.output().unwrap();
        let steps: Vec<Vec<f64>> = (0..g.timesteps).map(|t| naive.value(out, t)).collect();
        let fires = |&id: &NodeId| matches!(g.node(id).op, Op::Lif(_) | Op::Threshold(_));
        let fire = g.order().unwrap().into_iter().filter(fires);
        let mut spikes = BTreeMap::new();
        for id in fire {
            let trains = (0..g.timesteps)
                .map(|t| naive.value(id, t).iter().map(|s| *s == 1.0).collect())
                .collect::<Vec<Vec<bool>>>();
            spikes.insert(g.node(id).name.clone(), trains);
        }
        // Rounding decides nothing.
        prop_assume!(naive.margin > BOUND);
        let record = run(&g, &shown);
        let text = print(&g).unwrap();
        for layer in &record.spikes {
            prop_assert_eq!(&layer.fired, &spikes[&layer.node], "{}\n{}", layer.node, text);
        }
        for (t, (found, wanted)) in record.steps.iter().zip(&steps).enumerate() {
            prop_assert!(near(found, wanted), "t {}: {:?}, not {:?}\n{}", t, found, wanted, text);
        }
        prop_assert_eq!(record.steps.len(), steps.len());
        let Logits::Real(found) = &record.logits else { panic!("integers") };
        let wanted = logits(&g, &steps);
        prop_assert!(near(found, &wanted), "{:?}, not {:?}\n{}", found, wanted, text);
    }

    /// The same numbers, never packed: the input says that they are real.
    #[test]
    fn packed_and_unpacked_give_the_same(seed in any::<u64>(), size in 1usize..14) {
        let g = graph(seed, size);
        let shown = shown(&g, seed);
        let mut unpacked = g.clone();
        let input = unpacked.find("in").unwrap();
        if let Op::Input(i) = unpacked.op_mut(input) {
            i.bits = None;
        }
        // A recurrence may hold on to the kind it was declared with.
        prop_assume!(unpacked.refresh().is_ok());
        verify(&unpacked).map_err(|d| TestCaseError::fail(d.to_string()))?;
        let (a, b) = (run(&g, &shown), run(&unpacked, &shown));
        let mut naive = Naive::new(&g, shown);
        let out = g.output().unwrap();
        (0..g.timesteps).for_each(|t| drop(naive.value(out, t)));
        prop_assume!(naive.margin > BOUND);
        for (a, b) in a.steps.iter().zip(&b.steps) {
            prop_assert!(near(a, b), "{:?}, not {:?}\n{}", a, b, print(&g).unwrap());
        }
    }

    #[test]
    fn every_operator_reads_back(seed in any::<u64>(), size in 1usize..20) {
        let g = graph(seed, size);
        let text = print(&g).unwrap();
        let back = parse(&text).map_err(|d| TestCaseError::fail(format!("{d}\n{text}")))?;
        prop_assert_eq!(&print(&back).unwrap(), &text);
        prop_assert!(isomorphic(&g, &back), "not the same graph:\n{}", text);
        let shown = shown(&g, seed);
        prop_assert_eq!(run(&g, &shown).logits, run(&back, &shown).logits);
    }
}

/// The properties above say something: every operator occurs, most of them often.
#[test]
fn random_graphs_have_every_operator() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut recurrent = 0;
    for seed in 0..2000 {
        let g = graph(seed, 12);
        let order = g.order().unwrap();
        for (at, &id) in order.iter().enumerate() {
            *seen.entry(g.node(id).op.name()).or_default() += 1;
            let place = |o| order.iter().position(|&p| p == o).unwrap();
            recurrent += usize::from(g.operands(id).iter().any(|&o| place(o) > at));
        }
    }
    let rare: Vec<_> = seen.iter().filter(|(_, n)| **n < 100).collect();
    assert!(seen.len() == 15 && rare.is_empty(), "{seen:?}");
    assert!(recurrent > 100, "{recurrent}");
}
