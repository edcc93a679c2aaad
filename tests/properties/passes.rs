// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What passes keep.

use std::cell::RefCell;

use proptest::prelude::*;
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Compare, FixedLif, Graph, Kind, Lif, Op, print};
use synfire::pass::{self, Options, TO_INTEGER};

use super::common::corners::Corners;
use super::common::net::{Net, Numbers, inputs, integer_nets, nets};
use super::common::reference::{self, Rounding, Run};
use super::common::rng::Rng;
use super::{config, holds, to_integer};

const FOLDS: &[(&str, &str)] = &[("fold-scale", ""), ("fold-batch-norm", "")];

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
    pass::run(&mut g, FOLDS, &Options::default())
        .map_err(|d| TestCaseError::fail(d.to_string()))?;
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

    /// Whatever currents a neuron is given, its membrane stays within the width.
    #[test]
    fn membranes_fit_for_any_sequence_of_currents(net in integer_nets()) {
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
            if forgets(l) {
                continue;
            }
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
    fn passes_leave_the_integer_form_alone(net in integer_nets()) {
        let mut g = to_integer(&net)?;
        let text = print(&g).unwrap();
        pass::run(&mut g, TO_INTEGER, &net.options)
            .map_err(|d| TestCaseError::fail(d.to_string()))?;
        prop_assert_eq!(print(&g).unwrap(), text);
    }
}

/// What [`integers_follow_the_formulas_and_fit`] has to meet at least.
const MET: &[(&str, u64)] = &[
    ("u = θ with ≥", 10_000),
    ("u = θ − 1 with ≥", 4_000),
    ("u = θ with >", 10_000),
    ("u = θ + 1 with >", 4_000),
    ("a spike with reset soft", 80_000),
    ("a spike with reset soft-delayed", 70_000),
    ("a spike with reset hard", 70_000),
    ("a spike with reset none", 80_000),
    ("the leak rounds a negative membrane", 100_000),
    ("the leak rounds a negative odd membrane", 70_000),
    ("the leak rounds a positive membrane", 100_000),
    ("rounding towards zero gives other spikes", 50),
    ("a sum fills its width", 10_000),
    ("a membrane fills its width", 40_000),
    ("a logit fills its width", 30_000),
];

/// The interpreter computes the formulas, and no value leaves its declared width.
#[test]
fn integers_follow_the_formulas_and_fit() {
    let met = RefCell::new(Corners::default());
    holds(768, integer_nets(), |net| {
        let g = to_integer(&net)?;
        for x in inputs(&net, 6).into_iter().chain(extremes(&g)) {
            let want = reference::integer(&g, &x);
            let other = reference::integer_rounding(&g, &x, Rounding::TowardsZero);
            let mut met = met.borrow_mut();
            met.add(&want.corners);
            met.note("rounding towards zero gives other spikes", want.spikes != other.spikes);
            let got = Interp::new(&g).unwrap().run(&x).unwrap();
            prop_assert_eq!(spikes(&got), want.spikes);
            let Logits::Integer(logits) = &got.logits else { panic!("not integers") };
            let logits: Vec<i128> = logits.iter().map(|v| i128::from(*v)).collect();
            prop_assert_eq!(&logits, &want.logits);
            let largest = logits.iter().max().unwrap();
            prop_assert_eq!(got.class, logits.iter().position(|v| v == largest).unwrap());
            prop_assert!(want.misfits.is_empty(), "{:?}", want.misfits);
        }
        Ok(())
    });
    met.into_inner().report("interp", MET);
}

/// What [`quantise_rounds_to_the_nearest`] has to meet at least.
const ROUNDED: &[(&str, u64)] = &[
    ("a threshold rounded up", 1_000),
    ("a threshold rounded down", 1_000),
    ("a threshold between two", 100),
    ("a bias rounded up", 1_000),
    ("a bias rounded down", 1_000),
    ("a bias between two", 90),
    ("a negative bias between two", 50),
    ("a leak rounded up", 100),
    ("a leak rounded down", 70),
    ("a gain rounded up", 200),
    ("a gain rounded down", 200),
    ("an offset rounded up", 300),
    ("an offset rounded down", 200),
];

/// Every parameter is the integer nearest to what it stands for; of two, the one farther from
/// zero.
#[test]
fn quantise_rounds_to_the_nearest() {
    let met = RefCell::new(Corners::default());
    let nearest = |v: f64, found: i64, names: &[&'static str]| {
        let (off, mut met) = (found as f64 - v, met.borrow_mut());
        let is = [off > 0.0, off < 0.0, off.abs() == 0.5, off == -0.5];
        for (name, is) in names.iter().zip(is) {
            met.note(name, is);
        }
        prop_assert!(off.abs() <= 0.5, "{found} for {v}");
        prop_assert!(off.abs() < 0.5 || (off > 0.0) == (v > 0.0), "{found} for {v}: a tie");
        Ok(())
    };
    holds(512, integer_nets(), |net| {
        let (real, integer) = (folded(&net)?, to_integer(&net)?);
        for id in real.order().unwrap() {
            match (&real.node(id).op, &integer.node(id).op) {
                (Op::Lif(l), Op::FixedLif(f)) if forgets(l) => {
                    for c in 0..f.bias.len() {
                        decides_alike(l, f, c, range(&integer, id, c))?;
                    }
                }
                (Op::Lif(l), Op::FixedLif(f)) => {
                    let unit = f64::from(f.frac).exp2();
                    for c in 0..f.bias.len() {
                        let name = &[
                            "a bias rounded up",
                            "a bias rounded down",
                            "a bias between two",
                            "a negative bias between two",
                        ];
                        nearest(l.bias.at(c) * unit, f.bias[c], name)?;
                        let name = &[
                            "a threshold rounded up",
                            "a threshold rounded down",
                            "a threshold between two",
                        ];
                        nearest(l.threshold.at(c) * unit, f.threshold[c], name)?;
                    }
                    let whole = f64::from(1u32 << f.leak_shift);
                    let name = &["a leak rounded up", "a leak rounded down"];
                    nearest(l.leak.at(0) * whole, f.leak_num.at(0).into(), name)?;
                    let exact = f.leak_shift < net.options.leak_bits;
                    prop_assert!(!exact || l.leak.at(0) * whole == f64::from(f.leak_num.at(0)));
                    // The smallest threshold has the bits that were asked for, and no more.
                    let smallest =
                        (0..f.bias.len()).map(|c| l.threshold.at(c)).fold(f64::INFINITY, f64::min);
                    let least = f64::from(net.options.precision_bits).exp2();
                    prop_assert!(smallest * unit >= least * 0.999_999);
                    prop_assert!(f.frac == 0 || smallest * unit < 2.0 * least * 1.000_001);
                }
                (Op::Readout(r), Op::FixedReadout(f)) => {
                    let unit = f64::from(f.frac).exp2();
                    for c in 0..f.gain.len() {
                        let name = &["a gain rounded up", "a gain rounded down"];
                        nearest(r.gain.at(c) * unit, f.gain[c], name)?;
                        let all = r.offset.at(c) * f64::from(net.timesteps) * unit;
                        let name = &["an offset rounded up", "an offset rounded down"];
                        nearest(all, f.offset[c], name)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    });
    met.into_inner().report("quantise", ROUNDED);
}

/// Is nothing left of a membrane at the next timestep?
fn forgets(l: &Lif) -> bool {
    l.leak.is_zero() && !l.reset.is_delayed()
}

/// A whole threshold fires for the same currents as the real one, those next to it included.
fn decides_alike(
    l: &Lif,
    f: &FixedLif,
    c: usize,
    (lo, hi): (i128, i128),
) -> Result<(), TestCaseError> {
    let real = l.threshold.at(c) - l.bias.at(c);
    let near = (real.round() as i128).clamp(lo, hi);
    for x in near - 2..=near + 2 {
        let off = x as f64 - real;
        let whole = (x << f.frac) + i128::from(f.bias[c]) - i128::from(f.threshold[c]);
        let (wanted, found) = match l.compare {
            Compare::AtLeast => (off >= -1e-9 * real.abs().max(1.0), whole >= 0),
            Compare::Above => (off > 1e-9 * real.abs().max(1.0), whole > 0),
        };
        prop_assert!(
            !(lo..=hi).contains(&x) || wanted == found,
            "{x} of {lo} to {hi} at {real}: {f:?}"
        );
    }
    Ok(())
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
                let (mut all, mut corners) = (Vec::new(), Corners::default());
                let noted = (&mut all, &mut corners);
                reference::neuron("", l, c, &mut state, x, Rounding::Down, noted);
                misfits.append(&mut all);
            }
        }
    }
    misfits
}
