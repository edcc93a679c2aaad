// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What passes keep.

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{FixedLif, Graph, Kind, Op, print};
use synfire::pass::{self, Options, TO_INTEGER};

use super::common::net::{Net, Numbers, inputs, nets};
use super::common::reference::{self, Run};
use super::common::rng::Rng;
use super::{config, to_integer};

const FOLDS: &[(&str, &str)] = &[TO_INTEGER[1], TO_INTEGER[2]];

fn spikes(r: &Record) -> Vec<Vec<Vec<bool>>> {
    r.spikes.iter().map(|s| s.fired.clone()).collect()
}

fn reals(r: &Record) -> Vec<f64> {
    let Logits::Real(v) = &r.logits else { panic!("not real") };
    v.clone()
}

/// The folded real form.
fn folded(net: &Net) -> Result<Graph, TestCaseError> {
    let mut g = net.graph();
    pass::run(&mut g, FOLDS, &Options::default()).map_err(|d| {
        if d.message.contains("batch-norm gain is 0") {
            TestCaseError::reject("a neuron always fires")
        } else {
            TestCaseError::fail(d.to_string())
        }
    })?;
    Ok(g)
}

fn near(a: &[f64], b: &[f64], relative: f64) -> bool {
    let size = a.iter().chain(b).fold(1e-3, |m: f64, v| m.max(v.abs()));
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() <= relative * size)
}

/// Sums over the timesteps, as the reference gives them, to what the graph's readout says.
fn brought_together(net: &Net, sums: &[f64]) -> Vec<f64> {
    let mean = net.readout != synfire::ir::ReadoutKind::Sum;
    sums.iter().map(|s| if mean { s / f64::from(net.timesteps) } else { *s }).collect()
}

proptest! {
    #![proptest_config(config(192))]

    /// With dyadic numbers nothing is rounded: spikes and logits are equal, ties included.
    #[test]
    fn folding_changes_nothing_where_nothing_is_rounded(net in nets(Numbers::Dyadic)) {
        let (before, after) = (net.graph(), folded(&net)?);
        for x in inputs(&net, 4) {
            let want: Run<f64> = reference::real(&before, &x);
            let a = Interp::new(&before).unwrap().run(&x).unwrap();
            let b = Interp::new(&after).unwrap().run(&x).unwrap();
            prop_assert_eq!(&spikes(&a), &want.spikes, "interp is not the reference");
            prop_assert_eq!(reals(&a), brought_together(&net, &want.logits));
            prop_assert_eq!(spikes(&b), want.spikes, "folding changed the spikes");
            prop_assert_eq!(reals(&b), reals(&a));
            prop_assert_eq!(b.class, a.class);
        }
    }

    /// With any numbers both sides round: inputs that bring a membrane within 1e-9 of its
    /// threshold prove nothing and are left out.
    #[test]
    fn folding_changes_nothing_but_rounding(net in nets(Numbers::Any)) {
        let (before, after) = (net.graph(), folded(&net)?);
        for x in inputs(&net, 4) {
            let want = reference::real(&before, &x);
            if want.margin < 1e-9 {
                continue;
            }
            let a = Interp::new(&before).unwrap().run(&x).unwrap();
            let b = Interp::new(&after).unwrap().run(&x).unwrap();
            prop_assert_eq!(&spikes(&a), &want.spikes);
            prop_assert_eq!(spikes(&b), want.spikes);
            prop_assert!(near(&reals(&a), &brought_together(&net, &want.logits), 1e-9));
            prop_assert!(near(&reals(&a), &reals(&b), 1e-9));
        }
    }

    /// The interpreter computes the formulas, and no value leaves its declared width.
    #[test]
    fn integers_follow_the_formulas_and_fit(net in nets(Numbers::Any)) {
        let g = to_integer(&net)?;
        for x in inputs(&net, 4).into_iter().chain(extremes(&g)) {
            let want = reference::integer(&g, &x);
            let got = Interp::new(&g).unwrap().run(&x).unwrap();
            prop_assert_eq!(spikes(&got), want.spikes);
            let Logits::Integer(logits) = &got.logits else { panic!("not integers") };
            let logits: Vec<i128> = logits.iter().map(|v| i128::from(*v)).collect();
            prop_assert_eq!(&logits, &want.logits);
            let largest = logits.iter().max().unwrap();
            prop_assert_eq!(got.class, logits.iter().position(|v| v == largest).unwrap());
            prop_assert!(want.misfits.is_empty(), "{:?}", want.misfits);
        }
    }

    /// Whatever currents a neuron is given, its membrane stays within the width.
    #[test]
    fn membranes_fit_for_any_sequence_of_currents(net in nets(Numbers::Any)) {
        let g = to_integer(&net)?;
        let mut rng = Rng(net.seed);
        for id in g.order().unwrap() {
            let Op::FixedLif(l) = &g.node(id).op else { continue };
            for c in 0..l.threshold.len().min(6) {
                let range = range(&g, id, c);
                let misfits = drive(l, c, range, g.timesteps, &mut rng);
                prop_assert!(misfits.is_empty(), "neuron {c}, currents {range:?}: {misfits:?}");
            }
        }
    }

    /// Where the leak keeps integers and all numbers lie on the grid, integers are exact.
    #[test]
    fn quantise_is_exact_on_its_grid(mut net in nets(Numbers::Dyadic)) {
        net.layers.iter_mut().for_each(|l| l.leak = [0, 3][l.leak % 2]);
        let (real, integer) = (folded(&net)?, to_integer(&net)?);
        for id in real.order().unwrap() {
            let (Op::Lif(l), Op::FixedLif(f)) = (&real.node(id).op, &integer.node(id).op) else {
                continue;
            };
            let on_grid = |v: &f64| (v * f64::from(f.frac).exp2()).fract() == 0.0;
            prop_assume!(l.bias.iter().chain(l.threshold.iter()).all(on_grid));
        }
        for x in inputs(&net, 4) {
            let a = Interp::new(&real).unwrap().run(&x).unwrap();
            let b = Interp::new(&integer).unwrap().run(&x).unwrap();
            prop_assert_eq!(spikes(&a), spikes(&b));
            let unit = unit(&integer);
            let Logits::Integer(logits) = &b.logits else { panic!("not integers") };
            let got: Vec<f64> = logits.iter().map(|v| *v as f64 * unit).collect();
            let steps = a.steps.iter();
            let sums = (0..got.len()).map(|c| steps.clone().map(|s| s[c]).sum()).collect::<Vec<f64>>();
            prop_assert!(near(&got, &sums, 1e-2), "{got:?} {sums:?}");
        }
    }

    /// The pipeline has nothing left to do on its own result.
    #[test]
    fn passes_leave_the_integer_form_alone(net in nets(Numbers::Any)) {
        let mut g = to_integer(&net)?;
        let text = print(&g).unwrap();
        pass::run(&mut g, TO_INTEGER, &Options::default())
            .map_err(|d| TestCaseError::fail(d.to_string()))?;
        prop_assert_eq!(print(&g).unwrap(), text);
    }
}

/// What one unit of a logit is worth.
fn unit(g: &Graph) -> f64 {
    let Op::FixedReadout(r) = &g.node(g.output().unwrap()).op else { panic!("no readout") };
    (-f64::from(r.frac)).exp2()
}

/// Inputs that make a sum of the first layer largest and smallest.
fn extremes(g: &Graph) -> Vec<Vec<u16>> {
    let order = g.order().unwrap();
    let (Op::Input(i), Op::Linear(l)) = (&g.node(order[0]).op, &g.node(order[1]).op) else {
        panic!("another order")
    };
    let (signs, _) = l.weights.binary().unwrap();
    let top = ((1u32 << i.bits.unwrap()) - 1) as u16;
    let input = |c: usize, plus: bool| {
        (0..signs.cols()).map(|k| if signs.get(c, k) == plus { top } else { 0 }).collect()
    };
    (0..signs.rows().min(6)).flat_map(|c| [input(c, true), input(c, false)]).collect()
}

/// Smallest and largest current of a neuron.
fn range(g: &Graph, lif: synfire::ir::NodeId, c: usize) -> (i128, i128) {
    let linear = g.operands(lif)[0];
    let Op::Linear(l) = &g.node(linear).op else { panic!("no linear layer") };
    let (signs, _) = l.weights.binary().unwrap();
    let top = match g.node(g.operands(linear)[0]).stream.kind {
        Kind::Levels { bits } => (1i128 << bits) - 1,
        _ => 1,
    };
    let plus = (0..signs.cols()).filter(|i| signs.get(c, *i)).count() as i128;
    (-top * (signs.cols() as i128 - plus), top * plus)
}

/// Every sequence of extreme currents, and some that stop just below the threshold.
fn drive(
    l: &FixedLif,
    c: usize,
    (lo, hi): (i128, i128),
    timesteps: u32,
    rng: &mut Rng,
) -> Vec<String> {
    let mut misfits = Vec::new();
    for bits in 0..(1u32 << timesteps.min(8)) {
        for teasing in [false, true] {
            let mut state = 0;
            for t in 0..timesteps {
                let mut x = if bits >> (t % 8) & 1 == 1 { hi } else { lo };
                if teasing && rng.one_in(2) {
                    // As near to the threshold as it can get without firing.
                    let missing = i128::from(l.threshold[c]) - state - i128::from(l.bias[c]);
                    x = ((missing - 1) >> l.frac).clamp(lo, hi);
                }
                reference::neuron("", l, c, &mut state, x, &mut misfits);
            }
        }
    }
    misfits
}
