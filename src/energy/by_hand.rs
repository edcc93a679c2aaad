// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One report of the device's figure, computed by hand: every count from docs/energy.md and
//! the declarations in hdl/, every sum from the counts. R = 0.45 [0.2, 0.6] is the share of
//! bits that flip when a word is replaced, G = 1.5 [1, 3] the glitches, U = 0.3 [0.1, 1] a net
//! inside a cell, C = 2 [1.5, 2] a counter, S = 24 [12, 60] the search for an event.

use super::*;
use crate::hw::{DenseStage, Design, Input, LifStage, Place, ReadoutStage, Stage};
use crate::ir::{BitMatrix, Compare, Reset};
use crate::sim::{Activity, MeanActivity, StageActivity};
use crate::target::{self, Basis, Coefficient, Published, Target, Unit};

type Numbers = [f64; 3];

/// 20 levels → 6 neurons in two groups → 17 neurons, weights in SPRAM → counts → 3 classes,
/// weights in LUTs. Parameters of the first neurons and of the readout lie in block RAM.
fn design() -> Design {
    let dense = |name: &str, (outputs, inputs), lanes, input_bits, tp, acc_bits, place| {
        let weights = BitMatrix::from_fn(outputs, inputs, |r, c| (r + c) % 3 == 0);
        let (name, time_parallel) = (name.to_owned(), tp);
        Stage::Dense(DenseStage {
            name,
            weights,
            planes: 1,
            lanes,
            input_bits,
            time_parallel,
            acc_bits,
            place,
            split: crate::hw::Split::None,
        })
    };
    let n1 = LifStage {
        name: "n1".into(),
        timesteps: 2,
        hold: true,
        input_bits: 10,
        membrane_bits: 12,
        frac: 0,
        leak_num: 3,
        leak_shift: 2,
        reset: Reset::Soft,
        compare: Compare::AtLeast,
        // Every bit differs between neurons: synthesis leaves out those that do not.
        bias: vec![0, -1, 0, 0, 0, 0],
        threshold: vec![1, 254, 1, 1, 1, 1],
        bias_bits: 10,
        threshold_bits: 8,
        block: true,
        knobs: false,
        members: 1,
    };
    let n2 = LifStage {
        name: "n2".into(),
        hold: false,
        input_bits: 4,
        membrane_bits: 7,
        leak_num: 1,
        leak_shift: 1,
        bias: (0..17).map(|n| -(n % 2)).collect(),
        threshold: (0..17).map(|n| if n % 2 == 0 { 1 } else { 30 }).collect(),
        bias_bits: 4,
        threshold_bits: 5,
        block: false,
        ..n1.clone()
    };
    let readout = ReadoutStage {
        name: "logits".into(),
        input_bits: 5,
        gain: vec![1, 62, 1],
        offset: vec![0, -1, 0],
        gain_bits: 6,
        offset_bits: 7,
        logit_bits: 11,
        block: true,
        steps: 1,
        members: 1,
        margins: Vec::new(),
    };
    Design {
        shared: None,
        family: crate::target::Family::Ice40,
        name: "by hand".into(),
        timesteps: 2,
        input: Input { count: 20, bits: 4, changes: false },
        stages: vec![
            dense("fc1", (6, 20), 4, 4, 1, 9, Place::BlockRam),
            Stage::Lif(n1),
            dense("fc2", (17, 6), 17, 2, 2, 3, Place::Spram),
            Stage::Lif(n2),
            Stage::Count(2),
            dense("out", (3, 17), 2, 2, 1, 4, Place::Luts),
            Stage::Readout(readout),
        ],
        trace: true,
        knobs: None,
    }
}

/// Two inferences: the mean is 500 cycles and the counts below. In the second one half as much
/// happens again as in the first.
fn activity() -> MeanActivity {
    let mean = [
        // inputs, nonzero, rows, words, additions, results, steps, spikes
        [20, 12, 24, 2, 30, 6, 0, 0],
        [0, 0, 0, 0, 0, 6, 12, 5],
        [6, 5, 4, 0, 40, 34, 0, 0],
        [0, 0, 0, 0, 0, 17, 34, 11],
        [0; 8],
        [17, 8, 16, 2, 9, 3, 0, 0],
        [0; 8],
    ];
    let part = |more: i64| {
        let stage = |counts: &[i64; 8]| {
            // A difference that cancels in the mean; what is 0 stays 0.
            let n = |k: usize| if counts[k] == 0 { 0 } else { (counts[k] + more) as u64 };
            StageActivity {
                inputs: n(0),
                nonzero: n(1),
                rows: n(2),
                words: n(3),
                additions: n(4),
                results: n(5),
                steps: n(6),
                spikes: n(7),
                ..StageActivity::default()
            }
        };
        Activity { cycles: (500 + more) as u64, stages: mean.iter().map(stage).collect() }
    };
    [part(1), part(-1)].iter().collect()
}

const COEFFICIENTS: [(Cause, Numbers, Basis); 7] = [
    (Cause::Static, [100.0, 80.0, 150.0], Basis::Measured),
    (Cause::Clock, [50.0, 40.0, 70.0], Basis::Measured),
    (Cause::Registers, [0.01, 0.005, 0.02], Basis::Estimate),
    (Cause::Flips, [0.2, 0.1, 0.4], Basis::Estimate),
    (Cause::Ram, [6.0, 2.0, 20.0], Basis::Estimate),
    (Cause::RamIdle, [3.0, 1.0, 20.0], Basis::Estimate),
    (Cause::Spram, [15.0, 5.0, 50.0], Basis::Measured),
];

pub(super) fn board() -> Target {
    let mut target = target::load("icebreaker").unwrap();
    let coefficient = |cause| {
        let (_, [value, low, high], basis) =
            COEFFICIENTS.into_iter().find(|c| c.0 == cause).unwrap();
        let unit = if cause == Cause::Static { Unit::Microwatt } else { Unit::Picojoule };
        Coefficient { unit, value, low, high, basis, source: "made up".into() }
    };
    let e = target.device.energy.as_mut().unwrap();
    e.static_power = coefficient(Cause::Static);
    e.clock_cycle = coefficient(Cause::Clock);
    e.register_clock = coefficient(Cause::Registers);
    e.bit_toggle = coefficient(Cause::Flips);
    e.ram_access = coefficient(Cause::Ram);
    e.ram_idle = coefficient(Cause::RamIdle);
    e.spram_access = Some(coefficient(Cause::Spram));
    let published = |name: &str, low_uw, high_uw| Published {
        name: name.into(),
        low_uw,
        high_uw,
        source: "made up".into(),
    };
    e.published = vec![
        published("hungry", 813.2, 900.0),
        published("alike", 813.1, 813.2),
        published("thrifty", 1.0, 813.1),
    ];
    target
}

/// 10 MHz and 1 Mbaud: 10 cycles a bit, 100 a byte. The request has 20 + 5 bytes, the response
/// twice 13 + 3 and 2.
fn figures() -> Report {
    let design = design();
    device(&design, &board(), &activity(), IoTiming::serial(&design, 10.0, 1_000_000)).unwrap()
}

/// Cycles of the core, and of the inference: 2,500 + 480 + 3,400.
const CORE: f64 = 500.0;
const INFERENCE: f64 = 6380.0;

/// A stage: its registers, its RAMs, its work; what the whole inference has more of follows.
struct Want {
    name: &'static str,
    registers: Numbers,
    ebr: u32,
    spram: u32,
    parts: &'static [(&'static str, Cause, Numbers)],
    longer: &'static [(&'static str, Numbers)],
}

use Cause::{Flips, Ram, RamIdle, Spram};

const WANT: [Want; 8] = [
    Want {
        name: "fc1",
        // state 2, flush 2, index 5, group 1; drain 3, y 10, valid 1; v1, v2, direct 3, x 2·4,
        // weights 4; bits 16, word 16, word and fetch 2·1, base 2 (52 rows less 4 bits); sum 9,
        // chain and accumulators 2·4·9.
        registers: [156.0; 3],
        // Weights 52 × 4, values 20 × 4, bitmap 2 × 16.
        ebr: 3,
        spram: 0,
        parts: &[
            // (4 R + 1 [0, 2]) · 30
            ("accumulators", Flips, [84.0, 24.0, 132.0]),
            // R U · 4 lanes · 5 bits · 24 rows
            ("operands offered to the lanes", Flips, [64.8, 9.6, 288.0]),
            // R · (2·4 + 2·4) · 24
            ("event pipeline", Flips, [172.8, 76.8, 230.4]),
            // (4 R + 1 [0, 2]) · 12 + 20 C
            ("sum of the inputs", Flips, [73.6, 39.6, 92.8]),
            // R · ((4 + 3 + 2 + 1 + 2 + 1)·9 moved + 2·4·9·2 loaded)
            ("result chain", Flips, [117.45, 52.2, 156.6]),
            // R (G + 1) · 10 bits · 6
            ("subtraction", Flips, [67.5, 24.0, 144.0]),
            // 12 of the 24 rows are replayed: 12 S + R · 2 words · 2 · 16
            ("replay", Flips, [316.8, 156.8, 758.4]),
            ("weight rows", Ram, [24.0; 3]),
            // 12 replayed, 20 written.
            ("kept inputs", Ram, [32.0; 3]),
            // 2 read (or once for each replayed event more), 2 written.
            ("bitmap of inputs", Ram, [4.0, 4.0, 16.0]),
        ],
        longer: &[],
    },
    Want {
        name: "n1",
        // current and state 2·12, θ 8, valid 1, step and taken 2·1, neuron 3; train 1 and its
        // output 2 + 1; trace: write and read 2·3, byte 1, fresh 1.
        registers: [50.0; 3],
        // 6 × 18 parameters take two, the trace one.
        ebr: 3,
        spram: 0,
        parts: &[
            ("membranes", Flips, [64.8, 28.8, 86.4]),
            // R G · (3·12 + one adder of 12 + 2) · 12
            ("charge, compare, reset, leak", Flips, [405.0, 120.0, 1080.0]),
            // R · (12 + 8) · 6: one input a neuron
            ("inputs and thresholds", Flips, [54.0, 24.0, 72.0]),
            // 5 C + R · 2 · 6
            ("spike trains", Flips, [15.4, 9.9, 17.2]),
            // 6 reads of two RAMs, which are clocked in the other 494 cycles.
            ("parameters", Ram, [12.0; 3]),
            ("parameters, clocked only", RamIdle, [988.0; 3]),
            ("trace", Ram, [6.0; 3]),
        ],
        longer: &[("parameters, clocked only", [12_748.0; 3])],
    },
    Want {
        name: "fc2",
        // state 2, flush 2, index 3, group 1; drain 6 (17·2 results), y 4, valid 1; v1, v2,
        // direct 3, x 2·2, weights 17; sum 6, chain and accumulators 2·17·6; load: open 1,
        // word 3, byte 2.
        registers: [259.0; 3],
        ebr: 0,
        spram: 2,
        parts: &[
            ("accumulators", Flips, [80.0, 60.0, 80.0]),
            ("operands offered to the lanes", Flips, [61.2, 27.2, 81.6]),
            ("event pipeline", Flips, [68.4, 30.4, 91.2]),
            // C · (5 spikes + 6 inputs)
            ("sum of the inputs", Flips, [22.0, 16.5, 22.0]),
            // R · (34·35/2·3 moved + 17·2·3·2 loaded)
            ("result chain", Flips, [895.05, 397.8, 1193.4]),
            // (R (G + 1) · 4 + R · 2·3) · 34
            ("subtraction", Flips, [244.8, 95.2, 448.8]),
            // 4 rows of two SPRAMs.
            ("weight rows", Spram, [8.0; 3]),
        ],
        longer: &[],
    },
    Want {
        name: "n2",
        // current and state 2·7, θ 5, valid 1, step and taken 2, neuron 5, train 1 + 2 + 1;
        // parameters 9; trace 2·5 + 1 + 1.
        registers: [52.0; 3],
        ebr: 1,
        spram: 0,
        parts: &[
            ("membranes", Flips, [107.1, 47.6, 142.8]),
            // No adder for a numerator of 1.
            ("charge, compare, reset, leak", Flips, [481.95, 142.8, 1285.2]),
            // R · (7 + 5) · 34: one input a timestep
            ("inputs and thresholds", Flips, [183.6, 81.6, 244.8]),
            ("spike trains", Flips, [37.3, 23.3, 42.4]),
            // R G · 18 LUTs (17 words in two rows of 16, 9 bits) · 17
            ("parameters in LUTs", Flips, [206.55, 61.2, 550.8]),
            ("trace", Ram, [17.0; 3]),
        ],
        longer: &[],
    },
    Want {
        name: "spike counts",
        registers: [0.0; 3],
        ebr: 0,
        spram: 0,
        // R G · 2·2 nets · 17 trains
        parts: &[("population count", Flips, [45.9, 13.6, 122.4])],
        longer: &[],
    },
    Want {
        name: "out",
        // state 2, flush 2, index 5, group 1; drain 2, y 5, valid 1; v1, v2, direct 3, x 2·2,
        // weights 2·2; bits and word 32, word and fetch 2·1, base 2 (49 rows); sum 4, chain and
        // accumulators 2·2·4.
        registers: [85.0; 3],
        ebr: 2,
        spram: 0,
        parts: &[
            ("accumulators", Flips, [17.1, 3.6, 28.8]),
            ("operands offered to the lanes", Flips, [12.96, 1.92, 57.6]),
            ("event pipeline", Flips, [57.6, 25.6, 76.8]),
            ("sum of the inputs", Flips, [49.2, 28.7, 59.6]),
            ("result chain", Flips, [21.6, 9.6, 28.8]),
            ("subtraction", Flips, [16.875, 6.0, 36.0]),
            ("replay", Flips, [220.8, 108.8, 518.4]),
            // R G · 12 LUTs · 16 rows
            ("weights in LUTs", Flips, [129.6, 38.4, 345.6]),
            ("kept inputs", Ram, [25.0; 3]),
            ("bitmap of inputs", Ram, [4.0, 4.0, 12.0]),
        ],
        longer: &[],
    },
    Want {
        name: "logits",
        // state 2, bits 3, class and best 2·2, logits 2·11, x 5, gain 6, bytes 40, left 3,
        // final 1.
        registers: [86.0; 3],
        ebr: 1,
        spram: 0,
        parts: &[
            // (R (G + 1) · 11 + R · 6) · 7 cycles · 3
            ("gain, a bit a cycle", Flips, [316.575, 117.6, 630.0]),
            ("largest logit", Flips, [44.55, 13.2, 118.8]),
            // R · 5 bytes · 40 bits · 3
            ("result bytes", Flips, [270.0, 120.0, 360.0]),
            ("parameters", Ram, [3.0; 3]),
            ("parameters, clocked only", RamIdle, [497.0; 3]),
        ],
        longer: &[("parameters, clocked only", [6377.0; 3])],
    },
    Want {
        name: "serial link",
        registers: [175.0, 160.0, 200.0],
        ebr: 0,
        spram: 0,
        parts: &[("serial line and framing", Flips, [0.0; 3])],
        // 59 bytes · 150 [80, 400] + 5,900 cycles · C
        longer: &[("serial line and framing", [20_650.0, 13_570.0, 35_400.0])],
    },
];

pub(super) fn near(what: &str, b: Band, want: Numbers) {
    for (found, want) in [b.value, b.low, b.high].into_iter().zip(want) {
        assert!((found - want).abs() <= 1e-9 * want.abs().max(1.0), "{what}: {b:?}, not {want:?}");
    }
}

/// Of so many, in nanojoules.
pub(super) fn energy(cause: Cause, count: Numbers) -> Numbers {
    let (_, each, _) = COEFFICIENTS.into_iter().find(|c| c.0 == cause).unwrap();
    std::array::from_fn(|k| count[k] * each[k] * 1e-3)
}

#[test]
fn every_count_and_what_it_costs() {
    let report = figures();
    assert_eq!(report.stages.len(), WANT.len());
    for (stage, want) in report.stages.iter().zip(&WANT) {
        assert_eq!((&*stage.name, stage.ebr, stage.spram), (want.name, want.ebr, want.spram));
        near(want.name, stage.registers, want.registers);
        assert_eq!(stage.parts.len(), 1 + want.parts.len(), "{}", want.name);
        let cycles = |n: f64| want.registers.map(|r| r * n);
        let registers = ("registers", Cause::Registers, cycles(CORE));
        for (part, &(what, cause, count)) in
            stage.parts.iter().zip([registers].iter().chain(want.parts))
        {
            let label = format!("{}, {what}", want.name);
            assert_eq!((part.what, part.cause), (what, cause), "{label}");
            near(&label, part.count, count);
            near(&label, part.core_nj, energy(cause, count));
            let all = match want.longer.iter().find(|l| l.0 == what) {
                Some((_, all)) => *all,
                None if what == "registers" => cycles(INFERENCE),
                None => count,
            };
            near(&label, part.inference_nj, energy(cause, all));
        }
    }
    let modules: Vec<_> = report.stages.iter().map(|s| (s.stage, s.module)).collect();
    assert_eq!(
        modules,
        [
            (Some(0), "sf_dense"),
            (Some(1), "sf_lif"),
            (Some(2), "sf_dense"),
            (Some(3), "sf_lif"),
            (Some(4), "sf_count_ones"),
            (Some(5), "sf_dense"),
            (Some(6), "sf_readout"),
            (None, "sf_host_link"),
        ]
    );
}

/// Nanojoules of the core and of the inference.
const CAUSES: [(Cause, Numbers, Numbers); 7] = [
    // µW · 50 µs, · 638 µs.
    (Cause::Static, [5.0, 4.0, 7.5], [63.8, 51.04, 95.7]),
    (Cause::Clock, [25.0, 20.0, 35.0], [319.0, 255.2, 446.6]),
    // 863 [848, 888] registers.
    (Cause::Registers, [4.315, 2.12, 8.88], [55.0594, 27.0512, 113.3088]),
    (Flips, [1.005_372, 0.203_632, 3.849_44], [5.135_372, 1.560_632, 18.009_44]),
    (Ram, [0.762, 0.254, 2.94], [0.762, 0.254, 2.94]),
    (RamIdle, [4.455, 1.485, 29.7], [57.375, 19.125, 382.5]),
    (Spram, [0.12, 0.04, 0.4], [0.12, 0.04, 0.4]),
];

#[test]
fn every_cause_is_the_sum_of_its_parts_and_the_total_that_of_the_causes() {
    let report = figures();
    assert_eq!(report.causes.len(), CAUSES.len());
    for (found, ((cause, core, all), (_, _, basis))) in
        report.causes.iter().zip(CAUSES.into_iter().zip(COEFFICIENTS))
    {
        assert_eq!((found.cause, found.basis), (cause, basis));
        near(cause.name(), found.core_nj, core);
        near(cause.name(), found.inference_nj, all);
    }
    let (core, all) = (report.core, report.inference);
    near("core", core.energy_nj, [40.657_372, 28.102_632, 88.269_44]);
    near("inference", all.energy_nj, [501.251_772, 354.270_832, 1_059.458_24]);
    assert_eq!((core.cycles, core.time_us), (CORE, 50.0));
    assert_eq!((all.cycles, all.time_us), (INFERENCE, 638.0));
    near("core, µW", core.power_uw, [813.147_44, 562.052_64, 1_765.388_8]);
    near("inference, µW", all.power_uw, [785.661_084_639, 555.283_435_737, 1_660.592_852_665]);
    // Static, clock and SPRAM.
    assert!((report.measured_share - 30.12 / 40.657_372).abs() < 1e-12);
    assert_eq!(report.images, 2);
}

#[test]
fn stages_are_the_sums_of_their_parts() {
    let want: [(Numbers, Numbers); 8] = [
        ([1.31939, 0.5483, 3.72088], [10.49219, 5.1347, 22.06648]),
        ([3.42984, 1.16727, 21.12224], [41.64984, 14.39727, 262.20224]),
        ([1.68929, 0.75021, 3.7568], [16.91849, 8.36481, 34.2152]),
        ([0.5653, 0.19965, 1.7664], [3.6229, 1.72845, 7.8816]),
        ([0.00918, 0.00136, 0.04896], [0.00918, 0.00136, 0.04896]),
        ([0.704_147, 0.292_762, 2.05064], [5.702_147, 2.791_762, 12.04664]),
        ([2.065_225, 0.74308, 11.30352], [24.762_025, 9.15148, 139.01712]),
        ([0.875, 0.4, 2.0], [15.295, 6.461, 39.68]),
    ];
    for (stage, (core, all)) in figures().stages.iter().zip(want) {
        near(&stage.name, stage.core_nj, core);
        near(&stage.name, stage.inference_nj, all);
    }
}

/// Each cycle: 100 µW / 10 MHz, 50 pJ, 863 registers, and 3 block RAMs with parameters.
#[test]
fn phases_have_what_passes_with_time() {
    let report = figures();
    let phases: Vec<_> =
        report.phases.iter().map(|p| (p.name, p.host_bound, p.cycles, p.time_us)).collect();
    assert_eq!(
        phases,
        [
            ("request", true, 2500.0, 250.0),
            ("compute", false, 480.0, 48.0),
            ("response", true, 3400.0, 340.0),
        ]
    );
    let want = [[194.075, 138.1, 406.9], [37.2624, 26.5152, 78.1248], [263.942, 187.816, 553.384]];
    for (phase, want) in report.phases.iter().zip(want) {
        near(phase.name, phase.energy_nj, want);
    }
}

#[test]
fn published_figures_are_above_alike_or_below() {
    let report = figures();
    let verdicts: Vec<_> = report.comparisons.iter().map(|c| (&*c.name, c.verdict)).collect();
    assert_eq!(verdicts, [("hungry", "below"), ("alike", "within"), ("thrifty", "above")]);
    for c in &report.comparisons {
        // 100 µW + 10 MHz · 50 pJ.
        near("floor", c.floor_uw, [600.0, 480.0, 850.0]);
        near("core", c.core_uw, [813.147_44, 562.052_64, 1_765.388_8]);
    }
    assert_eq!(report.comparisons[0].published_uw, [813.2, 900.0]);
}

#[test]
fn the_text_has_each_figure_in_its_line() {
    let text = figures().to_string();
    let text = text.replace("icebreaker", "T");
    for line in [
        "Estimate for T at 10 MHz, mean of 2 simulated inferences; value [low, high]",
        "  core                        500 cycles       50.0 µs   0.041 [0.028, 0.088] µJ   0.81 [0.56, 1.77] mW",
        "  with the serial line      6,380 cycles      638.0 µs   0.501 [0.354, 1.059] µJ   0.79 [0.56, 1.66] mW",
        "    request    host-bound      250.0 µs   0.194 [0.138, 0.407] µJ",
        "    compute    core             48.0 µs   0.037 [0.027, 0.078] µJ",
        "    response   host-bound      340.0 µs   0.264 [0.188, 0.553] µJ",
        "    static                   5.0 [4.0, 7.5]                 measured",
        "    clock and base           25.0 [20.0, 35.0]              measured",
        "    clock load of registers  4.3 [2.1, 8.9]                 estimate",
        "    bits that flip           1.0 [0.2, 3.8]                 estimate",
        "    block RAM accesses       0.8 [0.3, 2.9]                 estimate",
        "    block RAM, clocked only  4.5 [1.5, 29.7]                estimate",
        "    SPRAM accesses           0.1 [0.0, 0.4]                 measured",
        "    fc1                      1.3 [0.5, 3.7]",
        "    serial link              0.9 [0.4, 2.0]",
        "  plausibility: 0.81 mW is within the 0.81 to 0.81 mW measured for alike; an idle design draws 0.60 [0.48, 0.85] mW",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(text.contains("  74 % of the core energy rests on"), "{text}");
    // A chain has no jobs.
    assert!(!text.contains("by job"), "{text}");
}

#[test]
fn bytes_and_cycles_of_the_serial_line() {
    let mut design = design();
    let io = |d: &Design, mhz, baud| {
        let io = IoTiming::serial(d, mhz, baud);
        (io.clock_mhz, io.cycles_per_byte, io.request_bytes, io.response_bytes)
    };
    assert_eq!(io(&design, 10.0, 1_000_000), (10.0, 100.0, 25, 34));
    // 104.17 cycles a bit: the divider is a whole number.
    assert_eq!(io(&design, 12.0, 115_200).1, 1040.0);
    // Every 254 bytes of payload cost a byte more.
    for (inputs, bytes) in [(253, 258), (254, 260), (508, 515)] {
        design.input.count = inputs;
        assert_eq!(io(&design, 10.0, 1_000_000).2, bytes);
    }
    let of = IoTiming::of(&design, &target::load("icebreaker").unwrap()).unwrap();
    assert_eq!((of.clock_mhz, of.cycles_per_byte), (12.0, 120.0));
    assert!(IoTiming::of(&design, &target::load("ice40up5k").unwrap()).is_none());
    let none = IoTiming::none(10.0);
    assert_eq!((none.clock_mhz, none.cycles_per_byte), (10.0, 0.0));
    assert_eq!((none.request_bytes, none.response_bytes), (0, 0));
}

/// Without a line the inputs pass at the core's speed, and both figures have the same cycles.
#[test]
fn without_a_line_only_the_core_takes_time() {
    let report = device(&design(), &board(), &activity(), IoTiming::none(10.0)).unwrap();
    assert_eq!((report.core.cycles, report.inference.cycles), (500.0, 500.0));
    let cycles: Vec<_> = report.phases.iter().map(|p| p.cycles).collect();
    assert_eq!(cycles, [20.0, 480.0, 0.0]);
    near("energy", report.inference.energy_nj, [40.657_372, 28.102_632, 88.269_44]);
}
