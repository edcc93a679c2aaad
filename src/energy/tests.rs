// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::*;
use crate::hw::{self, DenseStage, Design, Input, Place, ReadoutStage, Stage};
use crate::ir::BitMatrix;
use crate::sim::{Activity, MeanActivity, NoProbe, Sim, StageActivity};
use crate::target::{self, Basis, Target};

/// 20 inputs, 6 outputs in two groups, weights in block RAM; no neurons.
pub(super) fn design() -> Design {
    Design {
        name: "tiny".into(),
        timesteps: 1,
        input: Input { count: 20, bits: 4, changes: false },
        stages: vec![
            Stage::Dense(DenseStage {
                name: "fc".into(),
                weights: BitMatrix::from_fn(6, 20, |r, c| (r + c) % 3 == 0),
                planes: 1,
                lanes: 3,
                input_bits: 4,
                time_parallel: 1,
                acc_bits: 9,
                place: Place::BlockRam,
                split: crate::hw::Split::None,
            }),
            Stage::Readout(ReadoutStage {
                name: "out".into(),
                input_bits: 10,
                gain: vec![1; 6],
                offset: vec![0; 6],
                gain_bits: 1,
                offset_bits: 1,
                logit_bits: 12,
                block: false,
                steps: 1,
                members: 1,
                margins: Vec::new(),
            }),
        ],
        shared: None,
        trace: false,
        family: target::Family::Ice40,
        knobs: None,
    }
}

pub(super) fn board() -> Target {
    target::load("icebreaker").unwrap()
}

pub(super) fn mean(cycles: u64, stages: Vec<StageActivity>) -> MeanActivity {
    [Activity { cycles, stages }].iter().collect()
}

pub(super) fn simulated() -> MeanActivity {
    let design = design();
    let sim = Sim::new(&design);
    let mut mean = MeanActivity::default();
    for seed in 0..4u8 {
        let image: Vec<u8> = (0..20).map(|i| (i * 7 + seed) % 5 * (i % 2)).collect();
        mean.add(&sim.run(&image, &[], &mut NoProbe).unwrap().activity);
    }
    mean
}

fn ordered(b: Band) {
    assert!(0.0 <= b.low && b.low <= b.value && b.value <= b.high, "{b:?}");
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} and {b}");
}

#[test]
fn bands_are_ordered_and_parts_add_up() {
    let design = design();
    let io = IoTiming::of(&design, &board()).unwrap();
    let r = device(&design, &board(), &simulated(), io).unwrap();
    for b in [r.core.energy_nj, r.core.power_uw, r.inference.energy_nj, r.inference.power_uw] {
        ordered(b);
    }
    let parts = || r.stages.iter().flat_map(|s| &s.parts);
    parts().for_each(|p| [p.count, p.core_nj, p.inference_nj].into_iter().for_each(ordered));
    let chip: f64 = r.causes[..2].iter().map(|c| c.core_nj.value).sum();
    let work: f64 = parts().map(|p| p.core_nj.value).sum();
    near(chip + work, r.core.energy_nj.value);
    near(r.phases.iter().map(|p| p.cycles).sum(), r.inference.cycles);
    assert!((0.0..=1.0).contains(&r.measured_share));
}

#[test]
fn flips_are_an_estimate_although_one_of_them_was_measured() {
    let (design, board) = (design(), board());
    let coefficients = board.device.energy.as_ref().unwrap();
    assert_eq!(coefficients.bit_toggle.basis, Basis::Measured);
    let io = IoTiming::of(&design, &board).unwrap();
    let r = device(&design, &board, &simulated(), io).unwrap();
    let of = |cause: Cause| r.causes.iter().find(|c| c.cause == cause).unwrap();
    assert_eq!(of(Cause::Flips).basis, Basis::Estimate);
    let measured = of(Cause::Static).core_nj.value + of(Cause::Clock).core_nj.value;
    near(r.measured_share, measured / r.core.energy_nj.value);
}

#[test]
fn without_activity_only_what_passes_with_time_is_left() {
    let design = design();
    let r = device(&design, &board(), &mean(1000, Vec::new()), IoTiming::none(12.0)).unwrap();
    for c in &r.causes {
        let timed = matches!(c.cause, Cause::Static | Cause::Clock | Cause::Registers);
        assert_eq!(c.core_nj.value > 0.0, timed, "{c:?}");
    }
    assert_eq!(r.core.cycles, r.inference.cycles);
}

/// 914 µW as long as it runs: 1,000 cycles at 24 MHz are 41.7 µs.
#[test]
fn a_pll_costs_as_long_as_it_runs() {
    let (design, mut target) = (design(), board());
    let report = |target: &Target, mhz: f64| {
        device(&design, target, &mean(1000, Vec::new()), IoTiming::none(mhz)).unwrap()
    };
    let without = report(&target, 24.0);
    assert!(without.causes.iter().all(|c| c.cause != Cause::Pll));
    let pll = crate::target::Pll { reference: 1, feedback: 64, output: 32 };
    target.board.as_mut().unwrap().pll_setting = Some(pll);
    let with = report(&target, 24.0);
    let more = with.causes.iter().find(|c| c.cause == Cause::Pll).unwrap();
    near(more.core_nj.value, 914.0 * (1000.0 / 24.0) * 1e-3);
    near(with.core.energy_nj.value, without.core.energy_nj.value + more.core_nj.value);
    let phases: f64 = with.phases.iter().map(|p| p.energy_nj.value).sum();
    near(phases, with.inference.energy_nj.value);
    let half = report(&target, 12.0);
    let twice = half.causes.iter().find(|c| c.cause == Cause::Pll).unwrap();
    near(twice.core_nj.value, 2.0 * more.core_nj.value);
}

#[test]
fn idle_energy_is_linear_in_cycles() {
    let design = design();
    let energy = |cycles| {
        device(&design, &board(), &mean(cycles, Vec::new()), IoTiming::none(12.0))
            .unwrap()
            .core
            .energy_nj
    };
    let (one, three) = (energy(1000), energy(3000));
    for (a, b) in [(one.low, three.low), (one.value, three.value), (one.high, three.high)] {
        near(3.0 * a, b);
    }
}

#[test]
fn a_small_case_by_hand() {
    let design = design();
    let target = board();
    let e = target.device.energy.as_ref().unwrap();
    let r = device(&design, &target, &mean(1200, Vec::new()), IoTiming::none(12.0)).unwrap();
    // 100 µs of static power, 1200 cycles.
    near(r.causes[0].core_nj.value, e.static_power.value * 100.0 * 1e-3);
    near(r.causes[1].core_nj.value, e.clock_cycle.value * 1200.0 * 1e-3);
    // sf_dense, from its declarations: state 2, flush 2, index 5, group 1; drain 2, y 10,
    // valid 1; v1, v2, direct 3, x 2·4, weights 3; bits and word 32, word and fetch 2·1,
    // base 2 (64 rows less 4 bits); sum 9; accumulators and chain 2·3·9.
    let dense = 10 + 13 + 14 + 36 + 9 + 54;
    assert_eq!(r.stages[0].registers.value, f64::from(dense));
    // Weights 52 x 3, values 20 x 4, bitmap 2 x 16: a block RAM each, not clocked when idle.
    assert_eq!(r.stages[0].ebr, 3);
    near(r.causes[5].core_nj.value, 0.0);
}

#[test]
fn memory_accesses_are_counted_per_bank() {
    let design = design();
    // All 20 inputs non-zero: 20 events in the first group, 20 replayed, 2 words scanned.
    let dense = StageActivity {
        inputs: 20,
        nonzero: 20,
        rows: 40,
        words: 2,
        results: 6,
        ..StageActivity::default()
    };
    let r = device(&design, &board(), &mean(100, vec![dense]), IoTiming::none(12.0)).unwrap();
    let count = |what| r.stages[0].parts.iter().find(|p| p.what == what).unwrap().count.value;
    assert_eq!(count("weight rows"), 40.0);
    assert_eq!(count("kept inputs"), 20.0 + 20.0);
    assert_eq!(count("bitmap of inputs"), 2.0 + 2.0);
    assert!(!r.stages[0].parts.iter().any(|p| p.cause == Cause::RamIdle));
}

#[test]
fn weights_in_spram_are_a_cause_of_their_own() {
    let mut design = design();
    if let Stage::Dense(d) = &mut design.stages[0] {
        (d.place, d.lanes) = (Place::Spram, 6);
    }
    let dense = StageActivity { inputs: 20, nonzero: 5, rows: 5, ..StageActivity::default() };
    let target = board();
    let r = device(&design, &target, &mean(100, vec![dense]), IoTiming::none(12.0)).unwrap();
    assert_eq!((r.stages[0].ebr, r.stages[0].spram), (0, 1));
    let cause = r.causes.iter().find(|c| c.cause == Cause::Spram).unwrap();
    let each = target.device.energy.as_ref().unwrap().spram_access.as_ref().unwrap();
    near(cause.core_nj.value, 5.0 * each.value * 1e-3);
    assert!(r.to_string().contains("SPRAM accesses"));
}

#[test]
fn a_slower_line_costs_time_not_work() {
    let design = design();
    let at = |baud| {
        let io = IoTiming::serial(&design, 12.0, baud);
        device(&design, &board(), &simulated(), io).unwrap()
    };
    let (fast, slow) = (at(1_000_000), at(115_200));
    assert_eq!(fast.core, slow.core);
    assert!(slow.inference.energy_nj.value > 5.0 * fast.inference.energy_nj.value);
    assert!(fast.inference.energy_nj.value > fast.core.energy_nj.value);
    let ram = |r: &Report| r.causes[4].inference_nj;
    assert_eq!(ram(&fast), ram(&slow));
}

#[test]
fn the_published_range_is_a_plausibility_check() {
    let design = design();
    let r = device(&design, &board(), &simulated(), IoTiming::none(12.0)).unwrap();
    let c = &r.comparisons[0];
    near(c.floor_uw.value, 104.0 + 53.0 * 12.0);
    assert!(c.core_uw.value > c.floor_uw.value && c.verdict == "below", "{c:?}");
    let text = r.to_string();
    assert!(text.contains("plausibility") && text.contains("estimate"), "{text}");
}

/// 20 inputs of a byte, six classes: a request of 20 + 5 bytes; a body of 6 · 4 + 1 bytes with 3
/// around it, each of them two on the line, code and delimiter.
#[test]
fn the_line_is_the_boards() {
    let (design, mut board) = (design(), board().board.unwrap());
    let serial = IoTiming::on(&design, &board, 12.0);
    assert_eq!((serial.request_bytes, serial.response_bytes), (25, 58));
    // A divider of 12 and ten bits.
    assert_eq!((serial.clock_mhz, serial.cycles_per_byte), (12.0, 120.0));
    board.link = target::Link::Spi;
    // 12 · 8 / 15 cycles a byte, and its last two are late.
    let spi = IoTiming::on(&design, &board, 12.0);
    assert_eq!((spi.request_bytes, spi.response_bytes), (25, 60));
    assert!((spi.cycles_per_byte - 6.4).abs() < 1e-9, "{}", spi.cycles_per_byte);
    board.spi_mhz = None;
    assert_eq!(IoTiming::on(&design, &board, 12.0), serial);
}

/// Three bits of state, 18 that count 201,520 bits down, three pins, a byte and whether it is full.
#[test]
fn what_reads_the_flash_has_registers() {
    let power_on = hw::PowerOn { offset: 1, bytes: 25_190, wait: 37, lock: 0 };
    assert_eq!(super::registers::boot(power_on), 33);
    assert_eq!(super::registers::boot(hw::PowerOn { bytes: 1, wait: 1, ..power_on }), 20);
    // 52 bytes, 56 with command, checksum and code: 448 bits take 9 to count.
    let (mut design, mut target) = (design(), board());
    if let Stage::Dense(d) = &mut design.stages[0] {
        d.place = Place::Spram;
    }
    assert_eq!(design.load_bytes(), 52);
    let link = |target: &Target| {
        let io = IoTiming::none(12.0);
        let report = device(&design, target, &mean(1000, Vec::new()), io).unwrap();
        report.stages.last().unwrap().registers.value
    };
    let host = link(&target);
    target.board.as_mut().unwrap().standalone = true;
    near(link(&target) - host, 3.0 + 9.0 + 3.0 + 9.0);
}
