// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One sum for all timesteps: who may have it, who gets it, and how wide its accumulators are.

use super::super::legalise::{Plan, legalise};
use super::super::numbers::numbers;
use super::super::{Own, Sums, Work};
use super::{Net, residual};
use crate::ir::{FixedLi, Graph, Input, Op, PerChannel};

fn planned(net: &Net, line: bool) -> Plan {
    let mut plan = legalise(&net.0).unwrap();
    let own =
        Own { lanes: 1, acc_bits: 0, once_bits: 0, membrane_bits: 0, digit_bits: 12, ring: None };
    if line {
        plan.shared.jobs.iter_mut().for_each(|job| job.own = Some(own));
    }
    numbers(&mut plan, net.0.timesteps).unwrap();
    plan
}

fn sums(plan: &Plan) -> Vec<Sums> {
    let of = |work: &Work| match work {
        Work::Sum(sum) => sum.sums,
        Work::Or { .. } => Sums::Each,
    };
    plan.shared.jobs.iter().map(|job| of(&job.work)).collect()
}

/// A stem, a layer of spikes with weights of `middle`, a head; levels of 4 bits.
fn three(timesteps: u32, middle: i8) -> Net {
    let mut n = Net::new(timesteps, &[8]);
    n.linear("stem", "in", 4, &[7, -3]);
    n.lif("s1", "stem", 50);
    n.linear("middle", "s1", 4, &[middle, -middle]);
    n.lif("s2", "middle", 5);
    n.linear("head", "s2", 2, &[13, -4]);
    n.read("head");
    n
}

/// The stem's sums are 15·4·7 = 420 at most; before the plane that subtracts, a weight of −3 has
/// counted as 5: 495 has 10 bits with its sign. The middle has 4 spikes of ±1, and of these 2·S =
/// 8 has 5 bits. Three accumulators hold 10 bits with 4 each, so that 5 it is. The head's sums are
/// 2·13 = 26 at most, 38 with a −4 that has counted as 12, 7 bits; those of three timesteps 114, 8.
#[test]
fn wide_sums_that_are_one_do_not_make_every_accumulator_wide() {
    let plan = planned(&three(3, 1), false);
    assert_eq!(sums(&plan), [Sums::Held, Sums::Each, Sums::Total]);
    assert_eq!((plan.shared.acc_bits, plan.shared.once_bits), (5, 10));
    assert_eq!(plan.shared.accumulators(), [5, 10]);
    // Up to three spikes of a neuron are two bits and a sign.
    let bits: Vec<_> = plan.shared.jobs.iter().map(|j| plan.shared.operand_bits(j)).collect();
    assert_eq!(bits, [5, 2, 3]);
    // Weights of 8 bits between spikes are wider than the head, which then gains nothing.
    let plan = planned(&three(3, 120), false);
    assert_eq!(sums(&plan), [Sums::Held, Sums::Each, Sums::Each]);
    // One timestep has one sum.
    let plan = planned(&three(1, 1), false);
    assert_eq!((sums(&plan), plan.shared.once_bits), (vec![Sums::Each; 3], 0));
}

/// Each processor of a line for itself: the head's 8 bits are 3 in each of three accumulators.
#[test]
fn a_processor_of_its_own_has_its_own_widths() {
    let plan = planned(&three(3, 1), true);
    let own: Vec<_> = plan.shared.jobs.iter().map(|j| j.own.unwrap()).collect();
    let bits: Vec<_> = own.iter().map(|o| (o.acc_bits, o.once_bits)).collect();
    assert_eq!(bits, [(4, 10), (5, 0), (3, 8)]);
}

/// What comes and goes has a sum for each timestep, and so have currents that spikes add to.
#[test]
fn what_changes_is_not_held() {
    let mut n = Net(Graph::new("net", 3));
    n.add("in", Op::Input(Input { shape: vec![8], bits: Some(1), is_static: false }), &[]);
    n.linear("stem", "in", 4, &[100, -30]);
    n.lif("s1", "stem", 50);
    n.linear("head", "s1", 2, &[1]);
    n.read("head");
    assert_eq!(sums(&planned(&n, true))[0], Sums::Each);
    let plan = planned(&Net(residual()), true);
    for (job, sums) in plan.shared.jobs.iter().zip(sums(&plan)) {
        let expected = match &*job.name {
            "stem" => Sums::Held,
            "head" => Sums::Total,
            _ => Sums::Each,
        };
        assert_eq!(sums, expected, "{}", job.name);
    }
}

/// A leak, a map that is added, a bit that is lost, the last timestep alone: the sum of the
/// results is not the result of the sum.
#[test]
fn what_is_not_added_up_is_not_counted() {
    let total = |change: &dyn Fn(&mut Net)| {
        let mut n = Net::new(3, &[8]);
        n.linear("stem", "in", 2, &[1, -1]);
        n.lif("s1", "stem", 50);
        n.linear("head", "s1", 2, &[100, -90]);
        change(&mut n);
        sums(&planned(&n, true)).pop().unwrap()
    };
    assert_eq!(total(&|n| n.read("head")), Sums::Total);
    let exact = |n: &mut Net| {
        n.scale("h", "head", 8, 16, 3);
        n.read("h");
    };
    assert_eq!(total(&exact), Sums::Total);
    let rounds = |n: &mut Net| {
        n.scale("h", "head", 8, 12, 3);
        n.read("h");
    };
    assert_eq!(total(&rounds), Sums::Each);
    let leaks = |n: &mut Net| {
        let li = FixedLi {
            leak_num: PerChannel::All(1),
            leak_shift: 1,
            frac: 0,
            width: 24,
            bias: vec![0; 2],
            sign: vec![1; 2],
            start: Vec::new(),
            resets: None,
        };
        n.add("h", Op::FixedLi(li), &["head"]);
        n.read("h");
    };
    assert_eq!(total(&leaks), Sums::Each);
    let adds = |n: &mut Net| {
        n.linear("other", "in", 2, &[3]);
        n.add("h", Op::Add, &["other", "head"]);
        n.read("h");
    };
    assert_ne!(total(&adds), Sums::Total);
}
