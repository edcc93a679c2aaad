// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the report by hand does not tell apart: other numbers of timesteps, lanes and channels.

use super::by_hand::{activity, design, sum};
use super::*;
use crate::energy::by_hand::{board, near};
use crate::energy::{IoTiming, Report, device};
use crate::hw::Design;
use crate::hw::shared::{Leak, Resets, Source, SumJob, Sums, Then};
use crate::ir::{Compare, Reset};
use crate::target;

/// Flips of a job, by what they are.
fn flips(report: &Report, job: usize, what: &str) -> Band {
    let part = report.stages[job].parts.iter().find(|p| p.what == what);
    part.unwrap_or_else(|| panic!("{what} of {job}")).count
}

/// All timesteps at once.
fn over(design: &mut Design, timesteps: u32) {
    design.timesteps = timesteps;
    design.shared.as_mut().unwrap().width = timesteps;
}

/// Three timesteps, three lanes, words of four trains: products of the above that a sum of two
/// and two would not tell apart. Five classes, and weights of `conv` in slices.
fn threes() -> Design {
    let mut design = design();
    over(&mut design, 3);
    let shared = design.shared.as_mut().unwrap();
    (shared.lanes, shared.pack) = (3, 4);
    let head = &mut shared.jobs[4];
    (head.out, head.work) = ([5, 1, 1], Work::Sum(Box::new(sum([1, 2], (2, 2), 5, Then::Readout))));
    let Work::Sum(conv) = &mut shared.jobs[0].work else { panic!("conv sums") };
    conv.slices = 2;
    design
}

#[test]
fn flips_of_three_timesteps_on_three_lanes() {
    let mut design = threes();
    let report = |d: &Design| device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let of = report(&design);
    // R U · 3 lanes · 3 timesteps · (4 + 1) bits · 10; gathered: (5 + 2) bits · 8.
    near("conv", flips(&of, 1, "operands offered to the lanes"), [60.75, 9.0, 270.0]);
    near("mix", flips(&of, 3, "operands offered to the lanes"), [68.04, 10.08, 302.4]);
    // R · 3 · 3 · 4: trains move counters alone.
    near("deep", flips(&of, 4, "operands offered to the lanes"), [16.2, 7.2, 21.6]);
    // R · (3·4 + 2·3·4 + 2·3) · 10
    near("conv", flips(&of, 1, "event pipeline"), [189.0, 84.0, 252.0]);
    // (C + R G · 6) · 4 + R · 2 · 12 bits · 4
    near("deep", flips(&of, 4, "words and their addresses"), [67.4, 30.0, 108.8]);

    let input = &mut design.shared.as_mut().unwrap().input;
    (input.trains, input.bits) = (true, 1);
    let of = report(&design);
    // Trains of the input: a counter's bit each, in words of 3 timesteps.
    near("conv", flips(&of, 1, "accumulators"), [28.0, 21.0, 28.0]);
    near("conv", flips(&of, 1, "operands offered to the lanes"), [40.5, 18.0, 54.0]);
    near("conv", flips(&of, 1, "words and their addresses"), [140.0, 62.4, 262.4]);
}

/// One sum for three timesteps: a third of the operands, and wider accumulators.
#[test]
fn one_sum_moves_once() {
    let mut design = threes();
    let shared = design.shared.as_mut().unwrap();
    shared.once_bits = 10;
    for (job, sums) in [(0, Sums::Held), (2, Sums::Held), (3, Sums::Total)] {
        let Work::Sum(sum) = &mut shared.jobs[job].work else { panic!("{job} sums") };
        sum.sums = sums;
    }
    let of = device(&design, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    // R U · 3 lanes · (4 + 1) bits · 10, R · (4 + 2·4 + 2·3) · 10
    near("conv", flips(&of, 1, "operands offered to the lanes"), [20.25, 3.0, 90.0]);
    near("conv", flips(&of, 1, "event pipeline"), [81.0, 36.0, 108.0]);
    // (5 R + 1 [0, 2] + S · (10 − 5 − 2 + 1)) · 13
    near("mix", flips(&of, 3, "accumulators"), [47.45, 13.0, 91.0]);
    // Up to three spikes have two bits: R U · 3 lanes · (2 + 1) bits · 4
    near("deep", flips(&of, 4, "operands offered to the lanes"), [4.86, 0.72, 21.6]);
    // Words of four trains of three timesteps, as before.
    near("deep", flips(&of, 4, "words and their addresses"), [67.4, 30.0, 108.8]);
}

/// The timestep of a result, 1 bit; what the second one gives out, 11; a bit that a plane takes
/// from one of two accumulators to the other.
#[test]
fn one_sum_has_registers_of_its_own() {
    let mut design = design();
    let registers = |d: &Design| {
        let r = device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
        r.stages.iter().find(|s| s.name == "processor").map(|s| s.registers.value).unwrap()
    };
    let each = registers(&design);
    design.shared.as_mut().unwrap().once_bits = 10;
    near("registers", Band::exact(registers(&design) - each), [13.0; 3]);
}

/// With one timestep the sums of the inputs do not turn.
#[test]
fn nothing_turns_within_one_timestep() {
    let mut design = design();
    over(&mut design, 1);
    let report = device(&design, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    // R · (3 + 4) · 4 places · 8
    near("deep", flips(&report, 4, "result chain"), [100.8, 44.8, 134.4]);
}

/// sf_input_map 11, sf_sequence 4, sf_fetch 26, sf_gather 45, sf_emit 35, sf_lanes 265 (one more
/// for the slice of a row), sf_tail 145, both sf_ring 13, sf_currents 12, sf_or 14, sf_train_write
/// 21, sf_dump 16, sf_spram 8, sf_readout 142.
#[test]
fn a_processor_of_three_timesteps_has_its_registers() {
    let design = threes();
    let report = device(&design, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let processor = report.stages.iter().find(|s| s.name == "processor").unwrap();
    assert_eq!(processor.registers, Band::exact(757.0));
}

/// Twice two timesteps: what is kept in between, and the registers that lead to it.
#[test]
fn two_chunks_keep_their_states() {
    let mut design = design();
    let report = |d: &Design| device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let registers = |r: &Report| {
        r.stages.iter().find(|s| s.name == "processor").map(|s| s.registers.value).unwrap()
    };
    let whole = report(&design);
    design.timesteps = 4;
    let of = report(&design);
    // 24 timesteps of neurons are 12 parts of trains: each membrane, of 20 bits in two RAMs, is
    // read and written.
    near("conv", flips(&of, 1, "membranes, read and written"), [48.0; 3]);
    near("deep", flips(&of, 4, "membranes, read and written"), [16.0; 3]);
    // Three results of two timesteps, in sums of more than 16 bits: two RAMs.
    near("head", flips(&of, 5, "sums, read and written"), [12.0; 3]);
    // Once an inference, however many chunks it has.
    let gains = |r: &Report| flips(r, 5, "readout's gains").value;
    near("gains", Band::exact(gains(&of)), [gains(&whole) / 2.0; 3]);
    // The chunk 1, sf_part of the trains 5, both sf_state 8 and 4, the tail's enable 1; a bit more
    // of an address of trains in sf_train_write and sf_dump, of a sum in sf_tail and sf_readout.
    near("registers", Band::exact(registers(&of) - registers(&whole)), [23.0; 3]);
}

/// Eight trains of two timesteps, twice: sixteen words are written. What the host sends of a train
/// of 17 timesteps are three bytes: two are kept, with their number, until the third is there.
#[test]
fn trains_come_as_bytes_and_become_words() {
    let mut design = design();
    let report = |d: &Design| device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    design.timesteps = 4;
    design.input.changes = true;
    let set = |design: &mut Design, bits: u32| {
        let shared = design.shared.as_mut().unwrap();
        (shared.input.trains, shared.input.bits) = (true, bits);
    };
    set(&mut design, 2);
    assert_eq!(design.input_bytes(), 16);
    near("input", flips(&report(&design), 0, "input map, written"), [16.0; 3]);
    let kept = |design: &Design| {
        let shared = design.shared.as_ref().unwrap();
        super::registers::input_map(shared, &Widths::new(design, shared))
    };
    let two = kept(&design);
    set(&mut design, 17);
    assert_eq!(kept(&design) - two, 2 + 16);
    // Where several inputs share a word, those that fire are searched for.
    let searched = |design: &Design| {
        report(design).stages[1].parts.iter().any(|p| p.what == "search for events")
    };
    assert!(!searched(&design));
    design.shared.as_mut().unwrap().input.pack = 4;
    assert!(searched(&design));
    design.shared.as_mut().unwrap().input.pack = 1;
    // Twice nine timesteps: of two bytes each becomes a word.
    set(&mut design, 9);
    over(&mut design, 9);
    design.timesteps = 18;
    assert_eq!(design.input_bytes(), 32);
    near("input", flips(&report(&design), 0, "input map, written"), [16.0; 3]);
}

/// Two chunks, sums of five classes: the chunk 1, an address of inputs that change and 1 again, a
/// sum's address of 3 bits twice and an enable.
#[test]
fn chunks_have_registers_for_what_they_lead_to() {
    let mut design = threes();
    design.timesteps = 6;
    design.trace = false;
    let readout = &mut design.shared.as_mut().unwrap().readout;
    (readout.gain, readout.offset) = (vec![1; 5], vec![0; 5]);
    let count = |design: &Design| {
        let shared = design.shared.as_ref().unwrap();
        let w = Widths::new(design, shared);
        (super::registers::chunks(design, shared, &w), w.input_addr)
    };
    let (held, addr) = count(&design);
    assert!(addr > 1);
    design.input.changes = true;
    let (changing, addr) = count(&design);
    assert_eq!(changing - held, 1 + addr);
    design.shared.as_mut().unwrap().last = true;
    assert_eq!(changing - count(&design).0, 2 * 3 + 1);
}

/// `conv` with a leak of 3 / 4: one adder of 20 + 2 bits beside that of the current.
#[test]
fn what_leaks_takes_energy() {
    let report = |d: &Design| device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let registers = |r: &Report| {
        r.stages.iter().find(|s| s.name == "processor").map(|s| s.registers.value).unwrap()
    };
    let mut design = design();
    let without = report(&design);
    let shared = design.shared.as_mut().unwrap();
    shared.leaks = vec![Leak { num: 3, shift: 2, resets: None }];
    let Work::Sum(conv) = &mut shared.jobs[0].work else { panic!("conv sums") };
    conv.leak = Some(0);
    let with = report(&design);
    // R G · 42 · 24 + R · 20 · (24 results + 24 that are kept); of `head` nothing is kept.
    near("conv", flips(&with, 1, "currents that leak"), [1112.4, 393.6, 2390.4]);
    near("head", flips(&with, 5, "currents that leak"), [224.1, 74.4, 525.6]);
    // Two stages of 20 bits, a valid, a last one and a timestep.
    near("registers", Band::exact(registers(&with) - registers(&without)), [43.0; 3]);
    // With resets twice 20 bits more that change, and a threshold of 3 bits in two registers, of
    // each channel.
    let resets = Resets { reset: Reset::Soft, compare: Compare::Above, after: false };
    let shared = design.shared.as_mut().unwrap();
    shared.leaks[0].resets = Some(resets);
    job(shared, 0).theta = vec![5; job(shared, 0).gain.len()];
    let resetting = report(&design);
    // R G · 82 · 24 + R · 20 · 48 + R · 2 · 3 · 24 results / 2 timesteps.
    near("conv", flips(&resetting, 1, "currents that leak"), [1792.8, 600.0, 4161.6]);
    near("head", flips(&resetting, 5, "currents that leak"), [394.2, 126.0, 968.4]);
    near("registers", Band::exact(registers(&resetting) - registers(&with)), [6.0; 3]);
    design.timesteps = 4;
    let chunks = report(&design);
    near("conv", flips(&chunks, 1, "integrators, read and written"), [48.0; 3]);
    // As without a leak, and two addresses of twelve integrators.
    near("registers", Band::exact(registers(&chunks) - registers(&resetting)), [23.0 + 8.0; 3]);
}

/// Counters reach the longest turn of a walk: words of a window's row, words of a row written.
#[test]
fn counters_reach_the_longest_turn() {
    let count = |change: fn(&mut Shared)| {
        let mut design = design();
        let shared = design.shared.as_mut().unwrap();
        change(shared);
        let shared = shared.clone();
        Widths::new(&design, &shared).count
    };
    // `conv` writes rows of four places, two words each: 0 to 7.
    assert_eq!(count(|_| ()), 3);
    // `deep` reads windows of five places, three words each: 0 to 14.
    let reads = |shared: &mut Shared| {
        shared.trains[1].shape[0] = 6;
        let Work::Sum(deep) = &mut shared.jobs[3].work else { panic!("deep sums") };
        deep.window = [1, 5];
    };
    assert_eq!(count(reads), 4);
    // Rows of five places, three words each.
    assert_eq!(count(|shared| shared.trains[0].shape = [6, 1, 5]), 4);
}

#[test]
fn a_device_without_coefficients_is_refused() {
    let design = design();
    for target in ["ulx3s-85f", "ecp5-25f"] {
        let target = target::load(target).unwrap();
        let error = device(&design, &target, &activity(), IoTiming::none(25.0)).unwrap_err();
        assert_eq!(error.code.id, "SF0412");
    }
}

fn job(shared: &mut Shared, job: usize) -> &mut SumJob {
    let Work::Sum(sum) = &mut shared.jobs[job].work else { panic!("{job} sums") };
    sum
}

/// Whatever a width has to hold makes it as wide: 30 rows of weights; levels of 4 bits and currents of
/// 5, their sign included; spikes, and how many of four timesteps have one.
#[test]
fn every_width_holds_all_its_numbers() {
    let of = |change: &dyn Fn(&mut Shared)| {
        let mut design = design();
        change(design.shared.as_mut().unwrap());
        Widths::new(&design, design.shared.as_ref().unwrap())
    };
    let few = |s: &mut Shared| {
        s.input.bits = 1;
        let Source::Currents(_, gather) = &mut s.jobs[2].source else { panic!("mix gathers") };
        gather.bits = 1;
    };
    let counted = |s: &mut Shared| {
        few(s);
        s.width = 4;
        job(s, 4).sums = Sums::Total;
    };
    let operands = [of(&|_| ()), of(&|s| s.input.bits = 7), of(&few), of(&counted)];
    assert_eq!(operands.map(|w| w.operand), [5, 8, 2, 4]);

    // The words of a slice; eight planes of one element; sixteen trains of a word.
    let alone = |s: &mut Shared, planes, pack| {
        s.jobs.truncate(1);
        s.jobs[0].out = [2, 1, 4];
        (job(s, 0).window, job(s, 0).planes, s.pack) = ([1, 1], planes, pack);
    };
    let rows = [
        of(&|_| ()),
        of(&|s| job(s, 0).slices = 2),
        of(&|s| alone(s, 8, 2)),
        of(&|s| alone(s, 1, 16)),
    ];
    assert_eq!(rows.map(|w| w.row), [5, 6, 4, 5]);

    let narrow = |s: &mut Shared, current, bias, threshold| {
        (s.membrane_bits, s.current_bits) = (3, current);
        for layer in [0, 3] {
            let Then::Maps { fire: Some((neurons, _)), .. } = &mut job(s, layer).then else {
                panic!("{layer} fires")
            };
            (neurons.bias[0], neurons.threshold[0]) = (bias, threshold);
        }
    };
    // The last one: a threshold at which currents reset.
    let resetting = |s: &mut Shared| {
        narrow(s, 3, 7, 42);
        job(s, 0).theta = vec![1 << 24; job(s, 0).gain.len()];
    };
    let membranes = [
        of(&|_| ()),
        of(&|s| narrow(s, 25, 7, 42)),
        of(&|s| narrow(s, 3, 1 << 20, 42)),
        of(&|s| narrow(s, 3, 7, 1 << 22)),
        of(&resetting),
    ];
    assert_eq!(membranes.map(|w| w.membrane), [20, 26, 23, 24, 26]);

    // 9 bits of a result in digits of 6, 3 and 9 bits, the last one with a sign.
    let digits = [6, 3, 9].map(|bits| of(&|s| s.digit_bits = bits).digits);
    assert_eq!(digits, [2, 4, 2]);
}

/// `mix` gathers the second map, in SPRAM, and `deep` adds the first, in block RAM.
#[test]
fn maps_are_those_that_a_job_uses() {
    let mut design = design();
    let shared = design.shared.as_mut().unwrap();
    let Source::Currents(_, gather) = shared.jobs[2].source else { panic!("mix gathers") };
    shared.jobs[2].source = Source::Currents(1, gather);
    for (index, map) in [(0, 1), (2, 0)] {
        let Then::Maps { keep, .. } = &mut job(shared, index).then else { panic!("kept") };
        *keep = Some(map);
    }
    job(shared, 3).add = Some(0);
    let (a, b) = (shared.currents[0].shape, shared.currents[1].shape);
    (shared.currents[0].shape, shared.currents[1].shape) = (b, a);
    let report = device(&design, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let cause = |stage: usize, what: &str| {
        let mut parts = report.stages[stage].parts.iter();
        parts.find(|p| p.what == what).map(|p| p.cause)
    };
    use crate::energy::report::Cause::{Ram, Spram};
    assert_eq!(cause(3, "current maps, gathered"), Some(Spram));
    assert_eq!(cause(3, "current maps, kept"), Some(Ram));
    assert_eq!(cause(4, "current maps, added"), Some(Ram));
}

/// Three lanes, three timesteps: numbers of 5 bits times 2, spikes times 3; one sum for all timesteps.
#[test]
fn products_of_three_lanes() {
    let mut design = threes();
    let shared = design.shared.as_mut().unwrap();
    job(shared, 2).products = true;
    (job(shared, 3).planes, job(shared, 3).products) = (3, true);
    let report = |d: &Design| device(d, &board(), &activity(), IoTiming::none(10.0)).unwrap();
    let of = report(&design);
    // R · (3·5 + 3·3·7 + 3·2) · 8, R · (3·1 + 3·3·4 + 3·3) · 4
    near("mix", flips(&of, 3, "event pipeline"), [302.4, 134.4, 403.2]);
    near("deep", flips(&of, 4, "event pipeline"), [86.4, 38.4, 115.2]);
    // R G · 3 · 3 · (3·6·2 + 7) · 8, R G · 3 · 3 · (3 + 4) · 4
    near("mix", flips(&of, 3, "products of the lanes"), [2089.8, 619.2, 5572.8]);
    near("deep", flips(&of, 4, "products of the lanes"), [170.1, 50.4, 453.6]);
    // (4 R + 1 [0, 2] + S · (8 − 4)) · 6: a product of 4 bits, and what is above its sign.
    near("deep", flips(&of, 4, "accumulators"), [19.2, 4.8, 38.4]);

    let shared = design.shared.as_mut().unwrap();
    shared.once_bits = 10;
    job(shared, 3).sums = Sums::Total;
    let of = report(&design);
    // Up to three spikes have two bits: R · (1·2 + 3·5 + 3·3) · 4, R G · 3 · (2·3 + 5) · 4
    near("deep", flips(&of, 4, "event pipeline"), [46.8, 20.8, 62.4]);
    near("deep", flips(&of, 4, "products of the lanes"), [89.1, 26.4, 237.6]);
    near("deep", flips(&of, 4, "words and their addresses"), [67.4, 30.0, 108.8]);
}

/// Registers of products: of three lanes and timesteps, and of one sum for all of them.
#[test]
fn products_have_their_registers() {
    let lanes = |once: bool| {
        let mut design = threes();
        let shared = design.shared.as_mut().unwrap();
        shared.jobs.drain(..2);
        shared.jobs.truncate(1);
        job(shared, 0).products = true;
        if once {
            shared.once_bits = 20;
            job(shared, 0).sums = Sums::Held;
        }
        let w = Widths::new(&design, design.shared.as_ref().unwrap());
        (super::registers::lanes(design.shared.as_ref().unwrap(), 3, &w), w)
    };
    // 2 + 3·5 operands, 3·3·(5 + 2) products, 2·3·3·8 accumulators and chain, results left 4 + 1.
    assert_eq!(lanes(false).0, 2 + 15 + 63 + 144 + 5);
    // One product a lane; the timestep, 2 bits, and what the others give out, 21.
    assert_eq!(lanes(true).0, 2 + 15 + 21 + 144 + 5 + 2 + 21);
}
