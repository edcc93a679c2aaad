// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Widths and places.

use super::super::legalise::{Plan, legalise};
use super::super::numbers::numbers;
use super::super::places::places;
use super::super::{Bank, SumJob, Sums, Work};
use super::{Net, residual};
use crate::ir::{Graph, Op, PoolKind};

fn plan(g: &Graph) -> Plan {
    let mut plan = legalise(g).unwrap();
    numbers(&mut plan, g.timesteps).unwrap();
    places(&mut plan).unwrap();
    plan
}

fn sum<'p>(plan: &'p Plan, name: &str) -> &'p SumJob {
    match &plan.shared.jobs.iter().find(|j| j.name == name).unwrap().work {
        Work::Sum(sum) => sum,
        Work::Or { .. } => panic!("{name} is an OR"),
    }
}

/// Two levels of 4 bits: 15·(7 + 1) = 120 at most, −15·6 = −90 at least.
#[test]
fn widths_follow_from_the_weights() {
    let mut n = Net::new(2, &[2]);
    n.linear("fc1", "in", 2, &[7, 1, -6, 0]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 1, &[1, 1]);
    n.read("fc2");
    let p = plan(&n.0);
    // The input is held: the accumulators of both timesteps together hold its one sum.
    assert_eq!((p.shared.acc_bits, p.shared.once_bits), (4, 8));
    assert_eq!((sum(&p, "fc1").sums, sum(&p, "fc2").sums), (Sums::Held, Sums::Total));
    assert_eq!((sum(&p, "fc1").planes, sum(&p, "fc2").planes), (4, 1));
    // u is at most 120 + 1 + (120 + 1 − 50)/2, at least −90 + 1 − 45.
    assert_eq!(p.shared.membrane_bits, 9);
    // Two spikes, two timesteps.
    assert_eq!(p.shared.readout.input_bits, 4);
    assert_eq!((p.shared.pack, sum(&p, "fc1").digits, sum(&p, "fc1").shift), (2, 1, 0));
}

#[test]
fn shifts_are_what_the_digits_drop_and_steps_of_four() {
    let mut n = Net::new(1, &[40]);
    n.linear("long", "in", 1, &[127]);
    n.scale("long.scaled", "long", 3, 5, 9);
    n.linear("short", "in", 1, &[1]);
    n.scale("short.scaled", "short", 3, 5, 9);
    n.add("sum", Op::Add, &["long.scaled", "short.scaled"]);
    n.read("sum");
    let p = plan(&n.0);
    // 40·15·127 has 18 bits with its sign, two digits of 12; 40·15 has 11.
    let [long, short] = ["long", "short"].map(|name| sum(&p, name));
    assert_eq!((long.digits, long.shift, long.gain[0], long.offset[0]), (2, 12, 24, 40));
    assert_eq!((short.digits, short.shift, short.gain[0], short.offset[0]), (1, 12, 24, 40));
}

/// 15 · 127 = 1,905 has 12 bits with its sign, 150 more have 13.
#[test]
fn a_digit_is_full_before_there_is_another() {
    for (weights, digits) in [([127, 0], 1), ([127, 10], 2)] {
        let mut n = Net::new(1, &[2]);
        n.linear("fc", "in", 1, &weights);
        n.read("fc");
        assert_eq!(sum(&plan(&n.0), "fc").digits, digits, "{weights:?}");
    }
}

/// −300..0 is there before 200..215 is added to it: −300 has 10 bits, −100..215 nine.
#[test]
fn a_register_holds_the_current_before_the_addition() {
    let mut n = Net::new(1, &[1]);
    n.linear("a", "in", 1, &[1]);
    n.scale("a.scaled", "a", 1, 200, 0);
    n.linear("b", "in", 1, &[-20]);
    n.add("sum", Op::Add, &["a.scaled", "b"]);
    n.read("sum");
    let p = plan(&n.0);
    assert_eq!((p.shared.current_bits, p.shared.membrane_bits), (9, 10));
}

/// (5 · 15 + 8) / 16 is 5 at most.
#[test]
fn offsets_are_added_before_the_shift() {
    let mut n = Net::new(1, &[1]);
    n.linear("fc", "in", 1, &[1]);
    n.scale("scaled", "fc", 5, 8, 4);
    n.read("scaled");
    assert_eq!(plan(&n.0).shared.readout.input_bits, 4);
}

/// A word of at most 32 bits, 16 elements, and no more than there are channels.
#[test]
fn elements_of_a_word() {
    for (timesteps, channels, pack) in
        [(1, 64, 16), (2, 64, 16), (3, 64, 8), (9, 64, 2), (16, 64, 2), (2, 3, 4)]
    {
        let mut n = Net::new(timesteps, &[2]);
        n.linear("fc1", "in", channels, &[1, -1]);
        n.lif("lif", "fc1", 5);
        n.linear("fc2", "lif", 1, &[1]);
        n.read("fc2");
        assert_eq!(plan(&n.0).shared.pack, pack, "{timesteps} {channels}");
    }
}

#[test]
fn numbers_that_are_too_wide_name_their_layer() {
    let mut n = Net::new(2, &[2]);
    n.linear("fc1", "in", 2, &[7]);
    n.scale("big", "fc1", 1 << 15, 0, 0);
    n.scale("bigger", "big", 1 << 14, 0, 0);
    n.lif("lif", "bigger", 50);
    n.linear("fc2", "lif", 1, &[1, 1]);
    n.read("fc2");
    let mut p = legalise(&n.0).unwrap();
    let d = numbers(&mut p, 2).unwrap_err();
    assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("bigger")), "{d}");
}

/// stem, conv1, short, conv2 keep maps; each but the first two lives in the bank that the
/// ones beside it do not.
#[test]
fn maps_of_currents_change_banks_and_take_over_each_others_place() {
    let p = plan(&residual());
    let maps = &p.shared.currents;
    let at: Vec<_> = maps.iter().map(|m| (m.shape[0], m.bank, m.base)).collect();
    // In the order in which they were first asked for: stem, conv1, short, conv2.
    assert_eq!(at, [(4, Bank::A, 0), (4, Bank::B, 0), (8, Bank::A, 0), (8, Bank::B, 0)]);
    assert_eq!(p.shared.bank_depth(Bank::A), 8 * 8 * 4 * 2);
}

/// Two maps that wait for each other in one bank lie side by side.
#[test]
fn maps_that_live_at_the_same_time_lie_apart() {
    let mut n = Net::new(2, &[2, 4, 4]);
    for (name, rows) in [("a", 3), ("b", 3)] {
        n.conv(name, "in", (rows, 1, 1), &[1, -1]);
        n.lif(&format!("{name}.lif"), name, 4);
    }
    for (name, from) in [("c", "a"), ("d", "b")] {
        n.conv(name, &format!("{from}.lif"), (3, 1, 1), &[1, -1]);
        n.add(&format!("{name}.sum"), Op::Add, &[name, from]);
        n.lif(&format!("{name}.lif"), &format!("{name}.sum"), 4);
    }
    n.add("both", Op::Add, &["c.lif", "d.lif"]);
    n.flatten("flat", "both");
    n.linear("fc", "flat", 2, &[1, -1]);
    n.read("fc");
    let p = plan(&n.0);
    let [a, b] = ["c", "d"].map(|name| &p.shared.currents[sum(&p, name).add.unwrap()]);
    assert_eq!((a.bank, b.bank), (Bank::A, Bank::A));
    assert_eq!(a.base.abs_diff(b.base), 4 * 4 * 3 * 2);
}

/// A frame is as wide as the widest padding of its readers, or what a window sees behind the
/// last place; regions of trains follow one another.
#[test]
fn frames_and_regions() {
    let p = plan(&residual());
    let trains: Vec<_> = p.shared.trains.iter().map(|m| (m.halo, m.base)).collect();
    assert_eq!(p.shared.input.halo, 1);
    // Two channels of 8 a word of 16 elements would have room for: E is 8.
    let [eight, four] = [(8 + 2) * 9 + 1, (4 + 2) * 5 + 1];
    assert_eq!(p.shared.pack, 8);
    assert_eq!(trains, [(1, 0), (1, eight), (1, 2 * eight), (0, 2 * eight + four)]);
}

/// What a job reads, adds and keeps lies in three maps, but there are two banks.
#[test]
fn a_third_bank_is_missed_where_it_is_needed() {
    let mut n = Net::new(2, &[2, 4, 4]);
    n.conv("a", "in", (2, 3, 1), &[1, -1]);
    n.conv("b", "in", (2, 3, 1), &[1, 1, -1]);
    n.conv("c", "a", (2, 1, 1), &[3, 2]);
    n.conv("d", "b", (2, 1, 1), &[3, 2]);
    n.add("sum", Op::Add, &["c", "d"]);
    n.pool("pool", "sum", PoolKind::Sum, 2);
    n.conv("e", "pool", (2, 1, 1), &[1]);
    n.lif("lif", "e", 9);
    n.flatten("flat", "lif");
    n.linear("fc", "flat", 2, &[1, -1]);
    n.read("fc");
    let mut p = legalise(&n.0).unwrap();
    numbers(&mut p, 2).unwrap();
    let d = places(&mut p).unwrap_err();
    assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0410", Some("d")), "{d}");
}

/// The planes of −6 = 2 − 8 count 2·15 up before the last one counts down; with ±1 twice the
/// sum of a window is there for a moment.
#[test]
fn accumulators_hold_what_there_is_on_the_way() {
    // 7 · 15, and 7 · 15 of −1 = 7 − 8 on top.
    let all = [([-6, -6], 9), ([-8, -8], 9), ([-7, -1], 8), ([7, -1], 9), ([1, -1], 7)];
    for (weights, bits) in all {
        let mut n = Net::new(1, &[2]);
        n.linear("fc", "in", 1, &weights);
        n.read("fc");
        assert_eq!(plan(&n.0).shared.acc_bits, bits, "{weights:?}");
    }
}
