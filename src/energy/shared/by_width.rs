// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the report by hand does not tell apart: other numbers of timesteps, lanes and channels.

use super::by_hand::{activity, design, sum};
use super::*;
use crate::energy::by_hand::{board, near};
use crate::energy::{IoTiming, Report, device};
use crate::hw::Design;
use crate::hw::shared::{Leak, Sums, Then};
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
    shared.leaks = vec![Leak { num: 3, shift: 2 }];
    let Work::Sum(conv) = &mut shared.jobs[0].work else { panic!("conv sums") };
    conv.leak = Some(0);
    let with = report(&design);
    // R G · 42 · 24 + R · 20 · (24 results + 24 that are kept); of `head` nothing is kept.
    near("conv", flips(&with, 1, "currents that leak"), [1112.4, 393.6, 2390.4]);
    near("head", flips(&with, 5, "currents that leak"), [224.1, 74.4, 525.6]);
    // Two stages of 20 bits, a valid, a last one and a timestep.
    near("registers", Band::exact(registers(&with) - registers(&without)), [43.0; 3]);
    design.timesteps = 4;
    let chunks = report(&design);
    near("conv", flips(&chunks, 1, "integrators, read and written"), [48.0; 3]);
    // As without a leak, and two addresses of twelve integrators.
    near("registers", Band::exact(registers(&chunks) - registers(&with)), [23.0 + 8.0; 3]);
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
