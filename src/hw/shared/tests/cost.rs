// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Memories and cycles of a small network, by hand from docs/shared.md.

use super::super::fold::budget;
use super::super::{Leak, Resets, Shared, SumJob, Then, Work};
use super::Net;
use crate::hw::MemoryKind::{Levels, Parameters, Trains, Weights};
use crate::hw::{Design, Estimate, Mapping, Options, Place, estimate, lower};
use crate::ir::{Compare, PoolKind, Reset};
use crate::target::{self, Family};

/// Two channels of 4×4 levels, three channels that fire, the OR of 2×2, two classes; T = 2,
/// four lanes.
fn estimated() -> Estimate {
    estimate(&lowered())
}

fn lowered() -> Design {
    let mut n = Net::new(2, &[2, 4, 4]);
    n.conv("conv", "in", (3, 3, 1), &[1, -1]);
    n.lif("lif", "conv", 4);
    n.pool("pool", "lif", PoolKind::Max, 2);
    n.flatten("flat", "pool");
    n.linear("fc", "flat", 2, &[1, -1]);
    n.read("fc");
    let lanes = [("shared".to_owned(), 4)].into();
    let options = Options { mapping: Mapping::Shared, lanes, ..Options::default() };
    lower(&n.0, &target::load("icebreaker").unwrap(), &options).unwrap().0
}

#[test]
fn every_memory_of_a_processor() {
    let e = estimated();
    let found: Vec<_> = e.memories.iter().map(|m| (&*m.layer, m.kind, m.depth, m.width)).collect();
    let want = [
        // 9 · 2 rows, to the next multiple of E = 4; 4 places of one word of 4, two to a word.
        ("weights", Weights, 20 + 8, 4),
        // (4 + 2) · 5 + 1 places of two channels.
        ("input", Levels, 62, 4),
        // 16 places and 4, a word each.
        ("trains", Trains, 20, 8),
        // 3 + 2 channels, 3 that fire, 2 classes; all have the same parameters.
        ("scales", Parameters, 5, 0),
        ("neurons", Parameters, 3, 0),
        ("readout", Parameters, 2, 0),
    ];
    assert_eq!(found, want);
}

/// The numbers of `conv`.
fn conv(shared: &mut Shared) -> &mut SumJob {
    let Work::Sum(sum) = &mut shared.jobs[0].work else { panic!("conv is no sum") };
    sum
}

/// What `change` makes of the estimate for a family.
fn changed(family: Family, change: impl Fn(&mut Shared)) -> Estimate {
    let mut design = lowered();
    design.family = family;
    change(design.shared.as_mut().unwrap());
    estimate(&design)
}

#[test]
fn bits_that_are_the_same_everywhere_are_left_out() {
    let e = changed(Family::Ice40, |shared| {
        let sum = conv(shared);
        // 001, 011; 0, 1.
        (sum.gain, sum.offset) = (vec![1, 3, 1], vec![0, -1, 0]);
        let Then::Maps { fire: Some((neurons, _)), .. } = &mut sum.then else { panic!() };
        // 01, 10; 100, 101; is it negative, is it 0?
        (neurons.bias, neurons.threshold) = (vec![1, -2, 1], vec![4, 4, 5]);
        neurons.sign = vec![1, -1, 0];
        // 1001, 1010.
        (shared.readout.gain, shared.readout.offset) = (vec![3, 3], vec![-7, -6]);
    });
    let widths: Vec<_> = e.memories.iter().map(|m| (&*m.layer, m.width)).collect();
    assert_eq!(widths[3..], [("scales", 2), ("neurons", 5), ("readout", 2)]);
}

#[test]
fn multipliers_of_a_processor() {
    let of = |family, leak, membrane| {
        let with = |shared: &mut Shared| {
            (shared.kinds[0].leak_num, shared.membrane_bits) = (leak, membrane);
        };
        changed(family, with).dsp
    };
    // A digit times the gain; a leak of a power of two is a shift, that of 3 / 4 a product,
    // of more than 18 bits two.
    let found = [(2, 18), (3, 18), (3, 20)].map(|(k, bits)| of(Family::Ecp5, k, bits));
    assert_eq!(found, [1, 2, 3]);
    let leaky = |s: &mut Shared| s.leaks = vec![Leak { num: 3, shift: 2, resets: None }];
    assert_eq!(changed(Family::Ecp5, leaky).dsp, 2);
    assert_eq!(of(Family::Ice40, 3, 20), 0);
    // What is added to a membrane may be wider: a threshold of 18 bits, which has no sign of its
    // own, makes 19, which one takes; one of 19 bits makes 20.
    let of = |threshold: i64| {
        let with = |shared: &mut Shared| {
            (shared.kinds[0].leak_num, shared.membrane_bits) = (3, 18);
            let Then::Maps { fire: Some((neurons, _)), .. } = &mut conv(shared).then else {
                panic!("conv fires not")
            };
            neurons.threshold[0] = threshold;
        };
        changed(Family::Ecp5, with).dsp
    };
    assert_eq!([1 << 17, (1 << 18) - 1, 1 << 18].map(of), [2, 2, 3]);
}

/// What a change adds, by the factors of `logic.rs`.
#[test]
fn look_up_tables_are_added_up() {
    let lut4 = |family, change: fn(&mut Shared)| f64::from(changed(family, change).lut4);
    let more = |family, change| lut4(family, change) - lut4(family, |_| ());
    let bits = f64::from(2 * lowered().shared.unwrap().acc_bits);
    let near = |found: f64, want: f64| assert!((found - want).abs() <= 1.0, "{found}, not {want}");
    // Two lanes more, planes, two bits of a gain, a bit of the membrane, two of a leak's sum.
    near(more(Family::Ice40, |s| s.lanes = 6), 2.0 * 2.0 * bits);
    near(more(Family::Ice40, |s| conv(s).planes = 2), 1.8 * bits);
    near(more(Family::Ice40, |s| conv(s).gain = vec![0, 3, 0]), 2.3 * 13.0 * 2.0);
    near(more(Family::Ecp5, |s| conv(s).gain = vec![0, 3, 0]), 0.8 * 13.0 * 2.0);
    near(more(Family::Ecp5, |s| s.membrane_bits += 1), 13.0);
    let terms = |s: &Shared| f64::from(s.membrane_bits + s.kinds[0].leak_shift);
    let shared = lowered().shared.unwrap();
    near(more(Family::Ice40, |s| s.kinds[0].leak_num = 3), terms(&shared));
    // An adder, two registers and what selects a current that leaks or does not.
    let leak = |num| vec![Leak { num, shift: 2, resets: None }];
    let bits = f64::from(shared.membrane_bits);
    near(
        more(Family::Ecp5, |s| s.leaks = vec![Leak { num: 1, shift: 2, resets: None }]),
        3.0 * bits,
    );
    // Where it resets, what is left of a membrane and what selects it.
    const RESETS: Resets = Resets { reset: Reset::Soft, compare: Compare::Above, after: false };
    let resetting = |s: &mut Shared| {
        s.leaks = vec![Leak { num: 1, shift: 2, resets: Some(RESETS) }];
    };
    near(more(Family::Ice40, resetting), 5.0 * bits);
    let with = changed(Family::Ice40, |s| s.leaks = leak(3)).lut4;
    let one = changed(Family::Ice40, |s| s.leaks = leak(1)).lut4;
    near(f64::from(with - one), bits + 2.0);
    // The host loads the weights.
    near(more(Family::Ice40, |s| s.weights = Place::Spram), 141.0);
    // Cells beside them: five an accumulator, those of the lane that adds everything too.
    let beside = |lanes| {
        let e = changed(Family::Ecp5, |s| s.lanes = lanes);
        e.cells - e.lut4
    };
    assert_eq!([beside(4), beside(6)], [150 + 5 * 10, 150 + 5 * 14]);
}

#[test]
fn cycles_of_each_job() {
    // 16 places, 18 levels each: 18 · 2 / 2 + 4, and (3 · 2 + 1) + 1 + 5 for the last ones.
    let conv = 16 * 22 + 13;
    // Four windows of four words.
    let pool = 4 * 4 + 3;
    // Four words, (2 · 2 + 1) + 1 + 5, a readout of 2 · (2 + 3) + 5.
    let fc = 4 * 2 / 2 + 4 + 11 + 15;
    assert_eq!(estimated().stage_cycles, [conv, pool, fc]);
    // Where something leaks, every sum is a cycle later.
    let e = changed(Family::Ice40, |s| s.leaks = vec![Leak { num: 1, shift: 1, resets: None }]);
    assert_eq!(e.stage_cycles, [conv + 1, pool, fc + 1]);
}

/// Who asks for cells gets them of those that place and route leaves.
#[test]
fn some_cells_are_left_to_place_and_route() {
    let of = |board: &str, cells| {
        budget(&target::load(board).unwrap(), &Options { cells, ..Options::default() }).lut4
    };
    let all = [None, Some(1000), Some(5280)].map(|cells| of("icebreaker", cells));
    assert_eq!(all, [5016, 1000, 5016]);
    assert_eq!(of("ulx3s-25f", None), 21_859);
}
