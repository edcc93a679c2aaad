// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The figure of a line, by hand: the jobs of [`super::by_hand`], each on a processor of its own,
//! `conv` on one of three lanes.

use super::by_hand::{activity, design as processor};
use crate::energy::Band;
use crate::energy::by_hand::{board, near};
use crate::energy::report::Cause::{self, Flips as F, Ram};
use crate::energy::{IoTiming, Report, device};
use crate::hw::Design;
use crate::hw::shared::{Own, Source, TrainMap, Work};

type Numbers = [f64; 3];

fn line() -> Design {
    let mut design = processor();
    let shared = design.shared.as_mut().unwrap();
    for (job, lanes) in shared.jobs.iter_mut().zip([3, 1, 2, 2, 2]) {
        job.own = Some(Own {
            lanes,
            acc_bits: 8,
            once_bits: 0,
            membrane_bits: 20,
            digit_bits: 6,
            ring: None,
        });
    }
    design
}

fn report(design: &Design) -> Report {
    device(design, &board(), &activity(), IoTiming::none(10.0)).unwrap()
}

/// What differs from one processor: words are addressed in a map of their own, `conv` offers its
/// operands to three lanes, and all memories are block RAM.
const WANT: [(usize, &str, Cause, Numbers); 22] = [
    // (4 R + 3 C) · 8
    (0, "levels and their addresses", F, [62.4, 42.4, 67.2]),
    (0, "input map, written", Ram, [8.0; 3]),
    // R U · 3 lanes · 2 timesteps · (4 + 1) bits · 10
    (1, "operands offered to the lanes", F, [40.5, 6.0, 180.0]),
    // R · (2·4 + 2·2·4 + 2·3) · 10
    (1, "event pipeline", F, [135.0, 60.0, 180.0]),
    // (C + R G · 3) · 16 + R · 2 · 4 bits · 16: eight words of the input map
    (1, "words and their addresses", F, [122.0, 59.2, 195.2]),
    // R · ((21 + 12) · 4 places + 2 · 24 turned) · 8: one group
    (1, "result chain", F, [648.0, 288.0, 864.0]),
    (1, "weight rows", Ram, [10.0; 3]),
    (1, "input map, read", Ram, [16.0; 3]),
    (1, "train maps, written", Ram, [8.0; 3]),
    (1, "gains and offsets", Ram, [24.0; 3]),
    (1, "thresholds and biases", Ram, [12.0; 3]),
    (1, "current maps, kept", Ram, [48.0; 3]),
    // (C + R G · 3) · 8
    (2, "words and their addresses", F, [32.2, 16.8, 59.2]),
    (2, "train maps, read", Ram, [8.0; 3]),
    // 24 from two block RAMs, 8 into two
    (3, "current maps, gathered", Ram, [48.0; 3]),
    (3, "current maps, kept", Ram, [16.0; 3]),
    // (C + R G · 2) · 4 + R · 2 · 4 bits · 4: a map of four words
    (4, "words and their addresses", F, [27.8, 14.0, 41.6]),
    (4, "current maps, added", Ram, [16.0; 3]),
    (4, "thresholds and biases", Ram, [4.0; 3]),
    // (C + R G · 1) · 4 + R · 2 · 4 bits · 4: two words
    (5, "words and their addresses", F, [25.1, 13.2, 34.4]),
    (5, "gains and offsets", Ram, [6.0; 3]),
    // R G · 13 LUTs · 3
    (5, "readout's gains", F, [26.325, 7.8, 70.2]),
];

#[test]
fn a_job_works_on_its_own_processor() {
    let report = report(&line());
    for (stage, what, cause, count) in WANT {
        let stage = &report.stages[stage];
        let part = stage.parts.iter().find(|p| p.what == what);
        let part = part.unwrap_or_else(|| panic!("{}: {what}", stage.name));
        assert_eq!(part.cause, cause, "{}: {what}", stage.name);
        near(&format!("{}: {what}", stage.name), part.count, count);
    }
    let parts = |i: usize| report.stages[i].parts.iter();
    assert!(report.stages.iter().all(|s| s.spram == 0));
    // The readout is behind the last one.
    assert!((1..6).all(|i| parts(i).any(|p| p.what == "largest logit") == (i == 5)));
    // Nothing is kept between chunks, `pool` has no parameters, `conv` adds nothing.
    assert!((0..6).all(|i| parts(i).all(|p| !p.what.starts_with("membranes, read"))));
    assert!(parts(2).all(|p| p.what != "gains and offsets"));
    assert!(parts(1).all(|p| p.what != "current maps, added"));
}

/// | | conv | pool | mix | deep | head |
/// |---|---|---|---|---|---|
/// | sf_fetch | 29 | 23 | 25 | 16 | 15 |
/// | sf_gather | | | 39 | | |
/// | sf_emit | 17 | | 24 | 17 | 19 |
/// | sf_lanes | 179 | | 146 | 146 | 146 |
/// | sf_tail | 138 | | 131 | 137 | 132 |
/// | sf_ring, one or two | 8 | | 2 | 4 | 4 |
/// | sf_or | | 6 | | | |
/// | sf_train_write | 12 | 10 | | 8 | |
///
/// The line: sf_input_map 14, sf_rows of 5 and five of 3, sf_dump 15, 14 and 13, sf_handed 5 and twice 3,
/// sf_readout 142.
#[test]
fn every_processor_has_its_registers_and_its_memories() {
    let report = report(&line());
    let found: Vec<_> =
        report.stages.iter().map(|s| (&*s.name, s.registers.value, s.ebr)).collect();
    let want = [
        ("input", 0.0, 0),
        // Weights, twice gains, neurons, input; trains, twice currents.
        ("conv", 383.0, 8),
        ("pool", 39.0, 1),
        ("mix", 367.0, 5),
        ("deep", 328.0, 5),
        ("head", 316.0, 3),
        ("line", 229.0, 0),
        ("serial link", 175.0, 0),
    ];
    assert_eq!(found, want);
}

/// `mix` of two lanes adds products of 5 and 2 bits; nobody sums up its operands. Instead of
/// 4 + 2 + 2·7 + 2·8 registers of the stages and 6·16 of the accumulators it has 2 + 2·2·(5 + 2)
/// and 4·16, and none for the number of a plane.
#[test]
fn products_of_lanes_take_their_own_bits() {
    let mut design = line();
    let planes = report(&design);
    let Work::Sum(mix) = &mut design.shared.as_mut().unwrap().jobs[2].work else {
        panic!("mix is a sum job")
    };
    mix.products = true;
    let report = report(&design);
    let count =
        |what: &str| report.stages[3].parts.iter().find(|p| p.what == what).map(|p| p.count);
    // R · (2·5 + 2·2·7 + 2·2) · 8
    near("events", count("event pipeline").unwrap(), [151.2, 67.2, 201.6]);
    // R G · 2 lanes · 2 timesteps · (3·6·2 + 7) · 8
    near("products", count("products of the lanes").unwrap(), [928.8, 275.2, 2476.8]);
    // R U · 2 · 2 · 7 · 8
    near("offered", count("operands offered to the lanes").unwrap(), [30.24, 4.48, 134.4]);
    assert_eq!(count("sum of the inputs"), None);
    let registers = |r: &Report| r.stages[3].registers.value;
    assert_eq!((registers(&planes), registers(&report)), (367.0, 328.0));
}

/// What leaks has a stage of its own: 2 + 1 and twice a membrane of 20 bits.
#[test]
fn a_leak_is_in_its_own_processor() {
    let mut design = line();
    let shared = design.shared.as_mut().unwrap();
    shared.leaks = vec![crate::hw::shared::Leak { num: 1, shift: 1, resets: None }];
    let Work::Sum(deep) = &mut shared.jobs[3].work else { panic!("deep is a sum job") };
    deep.leak = Some(0);
    let registers: Vec<_> = report(&design).stages.iter().map(|s| s.registers.value).collect();
    assert_eq!(registers[1..6], [383.0, 39.0, 367.0, 328.0 + 43.0, 316.0]);
}

/// A map of four rows in a ring of one, 32 words: the writer counts to 5 twice, its own row with a
/// bit, and addresses have 5 bits and not 7.
#[test]
fn a_ring_is_waited_for() {
    let registers = |rows: u32, ring: Option<u32>, added: [u32; 3]| {
        let mut design = line();
        let shared = design.shared.as_mut().unwrap();
        shared.currents[0].shape = [3, rows, 4];
        shared.currents[1].shape = added;
        shared.jobs[0].own.as_mut().unwrap().ring = ring;
        report(&design).stages[6].registers.value
    };
    let more =
        |rows, ring| registers(rows, Some(ring), [2, 1, 2]) - registers(rows, None, [2, 1, 2]);
    assert_eq!(more(4, 32), 6.0 + 1.0 - 2.0);
    // Three rows of 4, or of 5, are counted to 8 and 9; addresses of 80 words have 7 bits.
    assert_eq!([more(4, 80), more(5, 80)], [6.0 + 1.0, 8.0 + 1.0]);
    // What is added has addresses for the writer and for who adds, 6 bits instead of 3, and four
    // rows to count instead of one.
    let none = registers(4, None, [2, 1, 2]);
    assert_eq!(registers(4, None, [2, 4, 4]) - none, 2.0 * 3.0 + 2.0 * 2.0);
}

/// `pool` and `again` read the trains of `conv`, `mix` and `twice` its currents; `first` and `conv`
/// read the input.
#[test]
fn each_copy_of_a_map_is_written() {
    let mut design = line();
    let shared = design.shared.as_mut().unwrap();
    let mut again = shared.jobs[1].clone();
    let Work::Or { to, .. } = &mut again.work else { panic!("pool is an or job") };
    *to = 3;
    shared.trains.push(TrainMap { base: 14, ..shared.trains[1].clone() });
    let mut twice = shared.jobs[2].clone();
    let Work::Sum(sum) = &mut twice.work else { panic!("mix is a sum job") };
    sum.then = crate::hw::shared::Then::Maps { keep: None, fire: None };
    let mut first = twice.clone();
    first.source = Source::Input;
    shared.jobs.splice(4..4, [again, twice, first]);
    let report = report(&design);
    let count = |stage: usize, what: &str| {
        report.stages[stage].parts.iter().find(|p| p.what == what).unwrap().count.value
    };
    assert_eq!(count(0, "input map, written"), 16.0);
    near("levels", Band::exact(count(0, "levels and their addresses")), [124.8; 3]);
    assert_eq!(count(1, "train maps, written"), 16.0);
    assert_eq!(count(1, "current maps, kept"), 96.0);
}

/// Jobs are at work at the same time; what the chip takes belongs to the line.
#[test]
fn the_energies_of_the_jobs_add_up() {
    let report = report(&line());
    let found: Vec<_> = report.jobs.iter().map(|j| (&*j.name, j.job, j.cycles)).collect();
    let jobs = ["conv", "pool", "mix", "deep", "head"];
    let jobs = jobs.into_iter().enumerate().map(|(i, name)| (name, Some(i), 70.0));
    let want: Vec<_> =
        [("input", None, 9.0)].into_iter().chain(jobs).chain([("line", None, 400.0)]).collect();
    assert_eq!(found, want);
    let sum: Band = report.jobs.iter().map(|j| j.core_nj).sum();
    let core = report.core.energy_nj;
    near("core", sum, [core.value, core.low, core.high]);
    // 383 registers · 400 cycles · 0.01 pJ; static power and the clock's base, 229 and 175 registers.
    near("conv", report.jobs[1].time_nj, [1.532, 0.766, 3.064]);
    near("line", report.jobs[6].time_nj, [25.616, 19.978, 37.432]);
    assert_eq!(report.jobs[6].work_nj, Band::ZERO);
    let shares: Vec<_> = report.jobs.iter().map(|j| j.share).collect();
    assert_eq!((shares[1], shares[6]), (0.175, 1.0));
}
