// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Currents that leak: in which job, with which numbers.

use super::super::legalise::{Plan, legalise};
use super::super::numbers::numbers;
use super::super::{Leak, Resets, Source, SumJob, Then, Work};
use super::Net;
use crate::hw::{Mapping, MemoryKind, Options, lower};
use crate::ir::{Compare, FixedLi, FixedResets, Gives, Op, PerChannel, Reset};
use crate::target;

/// A leak of 6 / 8, a bias of 5.
fn li(channels: usize) -> FixedLi {
    FixedLi {
        leak_num: PerChannel::All(6),
        leak_shift: 3,
        frac: 0,
        width: 24,
        bias: vec![5; channels],
        sign: Vec::new(),
        start: Vec::new(),
        resets: None,
    }
}

/// Two sums, scaled by 3 / 2, that leak, then neurons and a readout.
fn synapses(li: FixedLi) -> Net {
    let mut n = Net::new(4, &[6]);
    n.linear("fc", "in", 2, &[1, -1]);
    n.scale("scaled", "fc", 3, 1, 1);
    n.add("syn", Op::FixedLi(li), &["scaled"]);
    n.lif("lif", "syn", 9);
    n.linear("head", "lif", 2, &[1]);
    n
}

fn sum<'p>(plan: &'p Plan, name: &str) -> &'p SumJob {
    match &plan.shared.jobs.iter().find(|j| j.name == name).unwrap().work {
        Work::Sum(sum) => sum,
        Work::Or { .. } => panic!("{name} is an OR"),
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.shared.jobs.iter().map(|j| j.name.as_str()).collect()
}

/// Synapse and neuron are one job: the bias of 5 is 10 halves of the offset.
#[test]
fn a_synapse_is_part_of_its_layer() {
    let mut n = synapses(li(2));
    n.read("head");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan), ["fc", "head"]);
    assert_eq!(plan.shared.leaks, [Leak { num: 3, shift: 2, resets: None }]);
    let fc = sum(&plan, "fc");
    assert_eq!(
        (fc.leak, &*fc.gain, &*fc.offset, fc.shift),
        (Some(0), &[3, 3][..], &[11, 11][..], 1)
    );
    assert!(matches!(&fc.then, Then::Maps { keep: None, fire: Some((n, 0)) } if n.name == "lif"));
    assert_eq!(sum(&plan, "head").leak, None);
    assert_eq!((plan.shared.integrators(), plan.shared.leak_cycles(&plan.shared.jobs[0])), (2, 1));
}

/// A finer unit or a sign is a factor: of plain sums their own, else of a copy.
#[test]
fn another_unit_takes_sums_that_are_as_they_were() {
    let finer = FixedLi { frac: 2, sign: vec![1, -1], ..li(2) };
    let mut n = synapses(finer.clone());
    n.read("head");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan), ["fc", "syn", "head"]);
    let syn = sum(&plan, "syn");
    assert!(matches!(plan.shared.jobs[1].source, Source::Currents(0, _)));
    assert_eq!((sum(&plan, "fc").leak, syn.leak), (None, Some(0)));
    assert_eq!((&*syn.gain, &*syn.offset, syn.shift), (&[4, -4][..], &[5, 5][..], 0));

    let mut n = Net::new(4, &[6]);
    n.linear("fc", "in", 2, &[1, -1]);
    n.add("syn", Op::FixedLi(finer), &["fc"]);
    n.read("syn");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan), ["fc"]);
    assert_eq!(sum(&plan, "fc").gain, [4, -4]);
    assert!(matches!(sum(&plan, "fc").then, Then::Readout));
}

/// What others read stays what it is; a scale behind a leak, and another leak, are copies.
#[test]
fn a_tail_leaks_once_and_last() {
    let mut n = synapses(li(2));
    n.lif("other", "scaled", 4);
    n.add("again", Op::FixedLi(FixedLi { leak_num: PerChannel::All(1), ..li(2) }), &["syn"]);
    n.scale("more", "again", 1, 0, 1);
    n.lif("fine", "more", 7);
    n.add("both", Op::Add, &["other", "fine"]);
    n.linear("late", "both", 2, &[1]);
    n.add("all", Op::Add, &["head", "late"]);
    n.read("all");
    let plan = legalise(&n.0).unwrap();
    // `syn` leaks in a copy of `scaled`, `again` in one of `syn`, `more` is one of `again`.
    for (name, leak, gain) in [("fc", None, 3), ("syn", Some(0), 1), ("again", Some(1), 1)] {
        assert_eq!((sum(&plan, name).leak, sum(&plan, name).gain[0]), (leak, gain), "{name}");
    }
    assert_eq!((sum(&plan, "more").leak, sum(&plan, "more").shift), (None, 1));
    assert_eq!(
        plan.shared.leaks,
        [Leak { num: 3, shift: 2, resets: None }, Leak { num: 1, shift: 3, resets: None }]
    );
    assert_eq!(plan.shared.integrators(), 4);
}

#[test]
fn a_second_leak_is_that_of_a_copy() {
    let mut n = Net::new(4, &[6]);
    n.linear("fc", "in", 2, &[1, -1]);
    n.add("slow", Op::FixedLi(li(2)), &["fc"]);
    n.add("slower", Op::FixedLi(li(2)), &["slow"]);
    n.read("slower");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan), ["fc", "slower"]);
    assert!(plan.shared.jobs.iter().all(|j| sum(&plan, &j.name).leak == Some(0)));
}

/// What has leaked takes no addend: a copy does.
#[test]
fn an_addition_comes_before_the_leak_or_in_a_copy() {
    let mut n = synapses(li(2));
    n.linear("other", "in", 2, &[1]);
    n.add("fast", Op::FixedLi(li(2)), &["other"]);
    n.add("sum", Op::Add, &["syn", "fast"]);
    n.read("sum");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan)[..2], ["fc", "other"]);
    let adds: Vec<_> = plan.shared.jobs.iter().map(|j| sum(&plan, &j.name).add.is_some()).collect();
    let leaks: Vec<_> = plan.shared.jobs.iter().map(|j| sum(&plan, &j.name).leak).collect();
    assert_eq!(adds, [false, false, true]);
    assert_eq!(leaks, [Some(0), Some(0), None]);
}

/// One level of 4 bits times 4, and a bias of 5: 0 … 65 a timestep without a leak.
#[test]
fn widths_are_those_of_all_timesteps() {
    let mut n = Net::new(3, &[1]);
    n.linear("fc", "in", 1, &[4]);
    n.add("syn", Op::FixedLi(FixedLi { leak_num: PerChannel::All(8), ..li(1) }), &["fc"]);
    n.lif("lif", "syn", 100);
    n.linear("head", "lif", 1, &[1]);
    n.read("head");
    let mut plan = legalise(&n.0).unwrap();
    numbers(&mut plan, 3).unwrap();
    // h is at most 195 after three timesteps. u is 196, then 196 + ⌊(196 − 100) / 2⌋ or a bit more
    // where it did not fire, 245, and 268 at last. One timestep alone would leave it at 115.
    assert_eq!(plan.shared.membrane_bits, 1 + 9);
    assert_eq!(plan.shared.leaks[0], Leak { num: 1, shift: 0, resets: None });
    // The sums of a held level are one, which three accumulators hold.
    assert_eq!((plan.shared.acc_bits, plan.shared.once_bits), (3, 7));
}

#[test]
fn what_leaks_is_kept_between_chunks() {
    let mut n = synapses(li(2));
    n.read("head");
    let options = Options { mapping: Mapping::Shared, chunk: Some(2), ..Options::default() };
    let board = target::load("icebreaker").unwrap();
    let (design, estimate) = lower(&n.0, &board, &options).unwrap();
    let bits = design.shared.as_ref().unwrap().membrane_bits;
    let states: Vec<_> = estimate
        .memories
        .iter()
        .filter(|m| m.kind == MemoryKind::States)
        .map(|m| (&*m.layer, m.depth, m.width == bits))
        .collect();
    assert_eq!(states, [("membranes", 2, true), ("sums", 2, false), ("integrators", 2, true)]);
}

/// Membranes of two neurons that reset, at thresholds in the unit of the sums; what resets
/// otherwise is another kind of leak.
#[test]
fn resets_are_numbers_of_the_layer() {
    let resets = |reset, gives| {
        let (threshold, compare) = (vec![7, 9], Compare::Above);
        Some(FixedResets { threshold, reset, compare, reset_to: Vec::new(), gives })
    };
    let mut n = Net::new(4, &[6]);
    n.linear("fc", "in", 2, &[1, -1]);
    let late = FixedLi { resets: resets(Reset::SoftDelayed, Gives::Before), ..li(2) };
    n.add("first", Op::FixedLi(late), &["fc"]);
    n.lif("lif", "first", 9);
    n.linear("head", "lif", 2, &[1]);
    let hard = FixedLi { resets: resets(Reset::Hard, Gives::After), frac: 1, ..li(2) };
    n.add("second", Op::FixedLi(hard), &["head"]);
    n.read("second");
    let plan = legalise(&n.0).unwrap();
    assert_eq!(names(&plan), ["fc", "head"]);
    let kind = |reset, after| Resets { reset, compare: Compare::Above, after };
    let leak = |resets| Leak { num: 3, shift: 2, resets: Some(resets) };
    let all = [leak(kind(Reset::SoftDelayed, false)), leak(kind(Reset::Hard, true))];
    assert_eq!(plan.shared.leaks, all);
    for (job, index) in [("fc", 0), ("head", 1)] {
        assert_eq!((sum(&plan, job).leak, &*sum(&plan, job).theta), (Some(index), &[7, 9][..]));
    }
    // Another unit is a factor of the sums, and of the thresholds there already.
    assert_eq!(sum(&plan, "head").gain, [2, 2]);
}

#[test]
fn other_leaks_are_refused() {
    let to = FixedResets {
        threshold: vec![3, 3],
        reset: Reset::Hard,
        compare: Compare::Above,
        reset_to: vec![0, 1],
        gives: Gives::Before,
    };
    for (li, words) in [
        (
            FixedLi { leak_num: PerChannel::Each(vec![1, 2]), ..li(2) },
            "the leak differs between neurons; the processor has one for a layer",
        ),
        (FixedLi { start: vec![0, 3], ..li(2) }, "currents that start at another value than 0"),
        (FixedLi { resets: Some(to), ..li(2) }, "membranes that reset to another value than 0"),
    ] {
        let mut n = synapses(li);
        n.read("head");
        let d = legalise(&n.0).unwrap_err();
        assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("syn")));
        assert_eq!(d.message, words);
    }
}
