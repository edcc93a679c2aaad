// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One report of the shared mapping's figure, computed by hand as that of a chain is
//! (`energy::by_hand`, which has the letters). N = 0.1 [0, 0.5] is how often a signed sum
//! changes its sign.

use super::*;
use crate::energy::by_hand::{board, energy, near};
use crate::energy::{IoTiming, Report, device};
use crate::hw::shared::{
    Bank, CurrentMap, Gather, InputMap, NeuronKind, Neurons, Source, SumJob, Sums, Then, TrainMap,
};
use crate::hw::{Design, Input, ReadoutStage};
use crate::ir::{Compare, Reset};
use crate::sim::{Activity, MeanActivity, StageActivity};
use crate::target;
use Cause::{Flips as F, Ram, Spram};

type Numbers = [f64; 3];

/// Products of so many digits with gains of 9 bits, offsets of 10.
pub(super) fn sum(
    window: [u32; 2],
    (planes, digits): (u32, u32),
    channels: usize,
    then: Then,
) -> SumJob {
    // Every bit of a parameter differs somewhere, or synthesis would leave it out.
    let (mut gain, mut offset) = (vec![1; channels], vec![-500; channels]);
    (gain[0], gain[1], offset[0], offset[1]) = (255, -256, 511, -512);
    SumJob {
        window,
        stride: [1, 1],
        padding: [0, 0],
        planes,
        weights: Vec::new(),
        sums: Sums::Each,
        slices: 1,
        products: false,
        gain,
        offset,
        shift: 0,
        digits,
        add: None,
        leak: None,
        theta: Vec::new(),
        then,
    }
}

/// Biases of 4 bits, thresholds of 7.
fn fire(channels: usize, map: usize) -> Option<(Neurons, usize)> {
    let (mut bias, mut threshold) = (vec![-8; channels], vec![85; channels]);
    (bias[0], threshold[0]) = (7, 42);
    Some((Neurons { name: "n".into(), kind: 0, sign: vec![1; channels], bias, threshold }, map))
}

/// 8 levels; `conv` keeps its currents and fires, `pool` makes the OR of two places, `mix`
/// gathers the currents, `deep` adds what `mix` keeps, `head` feeds the readout.
pub(super) fn design() -> Design {
    let job = |name: &str, source, work, out| Job {
        name: name.into(),
        source,
        before: false,
        own: None,
        work,
        out,
    };
    let boxed = |s: SumJob| Work::Sum(Box::new(s));
    let kept = |map, fire| Then::Maps { keep: Some(map), fire };
    let fired = Then::Maps { keep: None, fire: fire(2, 2) };
    let deep = SumJob { add: Some(1), ..sum([1, 1], (1, 1), 2, fired) };
    let gather = Gather { window: [1, 2], shift: 1, bits: 5 };
    let jobs = vec![
        job("conv", Source::Input, boxed(sum([2, 1], (1, 1), 3, kept(0, fire(3, 0)))), [3, 1, 4]),
        job(
            "pool",
            Source::Trains(0),
            Work::Or { window: [1, 2], stride: [1, 2], to: 1 },
            [3, 1, 2],
        ),
        job(
            "mix",
            Source::Currents(0, gather),
            boxed(sum([1, 1], (2, 2), 2, kept(1, None))),
            [2, 1, 2],
        ),
        job("deep", Source::Trains(1), boxed(deep), [2, 1, 2]),
        job("head", Source::Trains(2), boxed(sum([1, 2], (2, 2), 3, Then::Readout)), [3, 1, 1]),
    ];
    let train = |shape, base| TrainMap { shape, halo: 0, base };
    let current = |shape, bank| CurrentMap { shape, bank, base: 0 };
    let shared = Shared {
        lanes: 2,
        width: 2,
        pack: 2,
        acc_bits: 8,
        once_bits: 0,
        digit_bits: 6,
        current_bits: 17,
        membrane_bits: 20,
        last: false,
        leaks: Vec::new(),
        kinds: vec![NeuronKind {
            leak_num: 3,
            leak_shift: 2,
            reset: Reset::Soft,
            compare: Compare::AtLeast,
        }],
        frac: 0,
        input: InputMap { shape: [1, 2, 4], halo: 0, bits: 4, pack: 1, trains: false },
        trains: vec![train([3, 1, 4], 0), train([3, 1, 2], 8), train([2, 1, 2], 12)],
        currents: vec![current([3, 1, 4], Bank::A), current([2, 1, 2], Bank::B)],
        jobs,
        readout: ReadoutStage {
            name: "logits".into(),
            input_bits: 22,
            gain: vec![42, 21, 1],
            offset: vec![-64, 63, 0],
            gain_bits: 6,
            offset_bits: 7,
            logit_bits: 24,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        },
        weights: Place::Spram,
        banks: [Place::BlockRam, Place::Spram],
    };
    Design {
        name: "by hand".into(),
        timesteps: 2,
        input: Input { count: 8, bits: 4, changes: false },
        stages: Vec::new(),
        shared: Some(shared),
        trace: true,
        family: target::Family::Ice40,
        knobs: None,
    }
}

/// Two inferences whose mean is 400 cycles and the counts below; they differ in the spikes that
/// fire and in when the jobs begin.
pub(super) fn activity() -> MeanActivity {
    let mean = [
        // begin, nonzero, rows, words, additions, results, steps, spikes, reads of input and
        // trains, writes of trains, reads and writes of currents, channels
        [9, 20, 10, 16, 14, 24, 24, 9, 16, 0, 8, 0, 24, 12],
        [99, 0, 0, 8, 0, 6, 0, 0, 0, 8, 4, 0, 0, 0],
        [119, 11, 8, 6, 13, 8, 0, 0, 0, 0, 0, 24, 8, 4],
        [209, 5, 4, 4, 6, 8, 8, 5, 0, 4, 2, 8, 0, 4],
        [259, 6, 7, 4, 10, 6, 0, 0, 0, 4, 0, 0, 0, 3],
    ];
    let part = |more: i64| {
        let job = |n: &[i64; 14]| {
            let n = n.map(|n| n as u64);
            StageActivity {
                begin: n[0].saturating_add_signed(more),
                end: n[0].saturating_add_signed(more) + 70,
                inputs: 99,
                nonzero: n[1],
                rows: n[2],
                words: n[3],
                additions: n[4],
                results: n[5],
                steps: n[6],
                spikes: if n[7] == 0 { 0 } else { n[7].saturating_add_signed(more) },
                input_reads: n[8],
                train_reads: n[9],
                train_writes: n[10],
                current_reads: n[11],
                current_writes: n[12],
                parameter_reads: n[13],
                integrations: n[6],
            }
        };
        Activity {
            cycles: 400u64.saturating_add_signed(more),
            stages: mean.iter().map(job).collect(),
        }
    };
    [part(2), part(-2)].iter().collect()
}

/// 10 MHz and 1 Mbaud: 100 cycles a byte; 8 + 5 bytes there, twice 13 + 3 and 2 back.
fn figures() -> Report {
    let design = design();
    device(&design, &board(), &activity(), IoTiming::serial(&design, 10.0, 1_000_000)).unwrap()
}

/// What is counted, as which cause, and how often.
type Counted = (&'static str, Cause, Numbers);

const WANT: [(&str, &[Counted]); 6] = [
    (
        "input",
        &[
            // (4 R + 3 C) · 8
            ("levels and their addresses", F, [62.4, 42.4, 67.2]),
            ("input map, written", Ram, [8.0; 3]),
        ],
    ),
    (
        "conv",
        &[
            // (4 R + 1 [0, 2]) · 14
            ("accumulators", F, [39.2, 11.2, 61.6]),
            // R U · 2 lanes · 2 timesteps · (4 + 1) bits · 10
            ("operands offered to the lanes", F, [27.0, 4.0, 120.0]),
            // R · (2·4 + 2·2·4 + 2·2) · 10
            ("event pipeline", F, [126.0, 56.0, 168.0]),
            // (4 R + 1 [0, 2]) · 20
            ("sum of the inputs", F, [56.0, 16.0, 88.0]),
            // (C + R G · 5) · 16 + R · 2 · 4 bits · 16
            ("words and their addresses", F, [143.6, 65.6, 252.8]),
            // R · ((10 + 8 + 3 + 4) · 4 places + 2 · 24 turned) · 8
            ("result chain", F, [532.8, 236.8, 710.4]),
            // R (G + 1) · 9 bits · 24
            ("subtraction", F, [243.0, 86.4, 518.4]),
            // (R G · (3 · 7 digits · 9 gain + 17) + R · (17 + 2 · 6)) · 24 · 1 digits
            ("gain multiplications", F, [3650.4, 1128.0, 9316.8]),
            // (R G · (17 + 20) + R · 20) · 24
            ("shift and addition", F, [815.4, 273.6, 1886.4]),
            // R · 20 · 24
            ("membranes", F, [216.0, 96.0, 288.0]),
            // R G · (3 · 20 + one adder of 20 + 2) · 24
            ("charge, compare, reset, leak", F, [1328.4, 393.6, 3542.4]),
            // R · (20 · 24 + 7 · 12)
            ("inputs and thresholds", F, [253.8, 112.8, 338.4]),
            // R (G + 1) · 22 · 24
            ("sums over the timesteps", F, [594.0, 211.2, 1267.2]),
            // C · (2 · (12 + 12) parameters + 0 added + 24 kept + 8 words)
            ("addresses of results", F, [160.0, 120.0, 160.0]),
            // 9 C + R · 2 · 24
            ("spike trains", F, [39.6, 23.1, 46.8]),
            // 10 rows
            ("weight rows", Spram, [10.0; 3]),
            ("input map, read", Ram, [16.0; 3]),
            ("train maps, written", Ram, [8.0; 3]),
            // 12 channels of two block RAMs
            ("gains and offsets", Ram, [24.0; 3]),
            ("thresholds and biases", Ram, [12.0; 3]),
            // 24 in two block RAMs
            ("current maps, kept", Ram, [48.0; 3]),
        ],
    ),
    (
        "pool",
        &[
            // (C + R G · 5) · 8
            ("words and their addresses", F, [43.0, 20.0, 88.0]),
            // R (G + 1) · 4 bits · 8
            ("OR of windows", F, [36.0, 12.8, 76.8]),
            // 4 C
            ("addresses of results", F, [8.0, 6.0, 8.0]),
            ("train maps, read", Ram, [8.0; 3]),
            ("train maps, written", Ram, [4.0; 3]),
        ],
    ),
    (
        "mix",
        &[
            // (5 R + 1 [0, 2] + 2 N) · 13
            ("accumulators", F, [44.85, 13.0, 78.0]),
            // R U · 2 lanes · 2 timesteps · (5 + 2) bits · 8
            ("operands offered to the lanes", F, [30.24, 4.48, 134.4]),
            // R · (2·5 + 2·2·6 + 2·2) · 8
            ("event pipeline", F, [136.8, 60.8, 182.4]),
            // (5 R + 1 [0, 2] + 2 N) · 11 · 2
            ("sum of the inputs", F, [75.9, 22.0, 132.0]),
            // (C + R G · 5) · 24 + R · 2 · 10 bits · 6
            ("words and their addresses", F, [183.0, 84.0, 336.0]),
            // R · ((10 + 8) · 2 places + 2 · 8 turned) · 8
            ("result chain", F, [187.2, 83.2, 249.6]),
            // (R · (17 + 18) + R G · 18) · 24
            ("sums of windows", F, [669.6, 254.4, 1281.6]),
            // R (G + 1) · 9 bits · 8
            ("subtraction", F, [81.0, 28.8, 172.8]),
            // (R G · (3 · 7 digits · 9 gain + 17) + R · (17 + 2 · 6)) · 8 · 2 digits
            ("gain multiplications", F, [2433.6, 752.0, 6211.2]),
            // (R G · (17 + 20) + R · 20) · 8
            ("shift and addition", F, [271.8, 91.2, 628.8]),
            // R · 20 · 8
            ("membranes", F, [72.0, 32.0, 96.0]),
            // R G · (3 · 20 + one adder of 20 + 2) · 8
            ("charge, compare, reset, leak", F, [442.8, 131.2, 1180.8]),
            // R · (20 · 8 + 7 · 0)
            ("inputs and thresholds", F, [72.0, 32.0, 96.0]),
            // R (G + 1) · 22 · 8
            ("sums over the timesteps", F, [198.0, 70.4, 422.4]),
            // C · (2 · (4 + 0) parameters + 0 added + 8 kept + 0 words)
            ("addresses of results", F, [32.0, 24.0, 32.0]),
            ("weight rows", Spram, [8.0; 3]),
            ("gains and offsets", Ram, [8.0; 3]),
            // 24 from two block RAMs
            ("current maps, gathered", Ram, [48.0; 3]),
            // 8 in two SPRAMs
            ("current maps, kept", Spram, [16.0; 3]),
        ],
    ),
    (
        "deep",
        &[
            // C · 6
            ("accumulators", F, [12.0, 9.0, 12.0]),
            // R · 2 lanes · 2 timesteps · 4
            ("operands offered to the lanes", F, [7.2, 3.2, 9.6]),
            // R · (2·1 + 2·2·1 + 2·2) · 4
            ("event pipeline", F, [18.0, 8.0, 24.0]),
            // C · 5
            ("sum of the inputs", F, [10.0, 7.5, 10.0]),
            // (C + R G · 5) · 4 + R · 2 · 4 bits · 4
            ("words and their addresses", F, [35.9, 16.4, 63.2]),
            // R · ((10 + 8) · 2 places + 2 · 8 turned) · 8
            ("result chain", F, [187.2, 83.2, 249.6]),
            // R G · 2 trains · (1 + 2) · 4
            ("search for events", F, [16.2, 4.8, 43.2]),
            // R (G + 1) · 9 bits · 8
            ("subtraction", F, [81.0, 28.8, 172.8]),
            // (R G · (3 · 7 digits · 9 gain + 17) + R · (17 + 2 · 6)) · 8 · 1 digits
            ("gain multiplications", F, [1216.8, 376.0, 3105.6]),
            // (R G · (17 + 20) + R · 20) · 8
            ("shift and addition", F, [271.8, 91.2, 628.8]),
            // R · 20 · 8
            ("membranes", F, [72.0, 32.0, 96.0]),
            // R G · (3 · 20 + one adder of 20 + 2) · 8
            ("charge, compare, reset, leak", F, [442.8, 131.2, 1180.8]),
            // R · (20 · 8 + 7 · 4)
            ("inputs and thresholds", F, [84.6, 37.6, 112.8]),
            // R (G + 1) · 22 · 8
            ("sums over the timesteps", F, [198.0, 70.4, 422.4]),
            // C · (2 · (4 + 4) parameters + 8 added + 0 kept + 2 words)
            ("addresses of results", F, [52.0, 39.0, 52.0]),
            // 5 C + R · 2 · 8
            ("spike trains", F, [17.2, 10.7, 19.6]),
            ("weight rows", Spram, [4.0; 3]),
            ("train maps, read", Ram, [4.0; 3]),
            ("train maps, written", Ram, [2.0; 3]),
            ("gains and offsets", Ram, [8.0; 3]),
            ("thresholds and biases", Ram, [4.0; 3]),
            // 8 from two SPRAMs
            ("current maps, added", Spram, [16.0; 3]),
        ],
    ),
    (
        "head",
        &[
            // (C + 6 N) · 10
            ("accumulators", F, [26.0, 15.0, 50.0]),
            // R U · 2 lanes · 2 timesteps · (1 + 2) bits · 7
            ("operands offered to the lanes", F, [11.34, 1.68, 50.4]),
            // R · (2·1 + 2·2·2 + 2·2) · 7
            ("event pipeline", F, [44.1, 19.6, 58.8]),
            // (C + 6 N) · 6 · 2
            ("sum of the inputs", F, [31.2, 18.0, 60.0]),
            // (C + R G · 5) · 4 + R · 2 · 4 bits · 4
            ("words and their addresses", F, [35.9, 16.4, 63.2]),
            // R · ((10 + 8 + 3 + 4) · 1 places + 2 · 6 turned) · 8
            ("result chain", F, [133.2, 59.2, 177.6]),
            // R G · 2 trains · (1 + 2) · 7
            ("search for events", F, [28.35, 8.4, 75.6]),
            // R (G + 1) · 9 bits · 6
            ("subtraction", F, [60.75, 21.6, 129.6]),
            // (R G · (3 · 7 digits · 9 gain + 17) + R · (17 + 2 · 6)) · 6 · 2 digits
            ("gain multiplications", F, [1825.2, 564.0, 4658.4]),
            // (R G · (17 + 20) + R · 20) · 6
            ("shift and addition", F, [203.85, 68.4, 471.6]),
            // R · 20 · 6
            ("membranes", F, [54.0, 24.0, 72.0]),
            // R G · (3 · 20 + one adder of 20 + 2) · 6
            ("charge, compare, reset, leak", F, [332.1, 98.4, 885.6]),
            // R · (20 · 6 + 7 · 0)
            ("inputs and thresholds", F, [54.0, 24.0, 72.0]),
            // R (G + 1) · 22 · 6
            ("sums over the timesteps", F, [148.5, 52.8, 316.8]),
            // C · (2 · (3 + 0) parameters + 0 added + 0 kept + 0 words)
            ("addresses of results", F, [12.0, 9.0, 12.0]),
            // (R (G + 1) · 24 + R · 6) · 7 cycles · 3
            ("gain, a bit a cycle", F, [623.7, 226.8, 1285.2]),
            // R G · 2 · 24 · 3
            ("largest logit", F, [97.2, 28.8, 259.2]),
            // R · 5 bytes · 40 bits · 3
            ("result bytes", F, [270.0, 120.0, 360.0]),
            ("weight rows", Spram, [7.0; 3]),
            ("train maps, read", Ram, [4.0; 3]),
            ("gains and offsets", Ram, [6.0; 3]),
            // R G · 13 LUTs · 3
            ("readout's gains", F, [26.325, 7.8, 70.2]),
        ],
    ),
];

#[test]
fn every_count_of_every_job_and_what_it_costs() {
    let report = figures();
    assert_eq!(report.stages.len(), WANT.len() + 2);
    for (stage, (name, parts)) in report.stages.iter().zip(WANT) {
        assert_eq!(
            (&*stage.name, stage.registers, stage.ebr, stage.spram),
            (name, Band::ZERO, 0, 0)
        );
        let found: Vec<_> = stage.parts.iter().map(|p| (p.what, p.cause)).collect();
        let wanted: Vec<_> = parts.iter().map(|&(what, cause, _)| (what, cause)).collect();
        assert_eq!(found, wanted, "{name}");
        for (part, (what, cause, count)) in stage.parts.iter().zip(parts) {
            let label = format!("{name}, {what}");
            near(&label, part.count, *count);
            near(&label, part.core_nj, energy(*cause, *count));
            // The serial line makes nothing of it more.
            near(&label, part.inference_nj, energy(*cause, *count));
        }
    }
}

/// sf_input_map 11, sf_sequence 4, sf_fetch 31, sf_gather 39, sf_emit 26, sf_lanes 146, sf_tail
/// 138, both sf_ring 11, sf_currents 10, sf_or 6, sf_train_write 13, sf_dump 16, sf_spram 7,
/// sf_readout 142.
#[test]
fn the_processor_has_the_registers_and_the_memories() {
    let report = figures();
    let [.., processor, link] = &report.stages[..] else { panic!("{:?}", report.stages) };
    assert_eq!(
        (&*processor.name, processor.stage, &*link.name),
        ("processor", None, "serial link")
    );
    assert_eq!(processor.registers, Band::exact(600.0));
    // Input, trains, twice currents A, twice scales, neurons; weights, twice currents B.
    assert_eq!((processor.ebr, processor.spram), (7, 3));
    let [part] = &processor.parts[..] else { panic!("{:?}", processor.parts) };
    near("registers", part.core_nj, [2.4, 1.2, 4.8]);
    assert_eq!(link.registers, Band::new(175.0, 160.0, 200.0));
}

const CAUSES: [(Cause, Numbers); 7] = [
    // µW · 40 µs, 400 cycles, 775 [760, 800] registers.
    (Cause::Static, [4.0, 3.2, 6.0]),
    (Cause::Clock, [20.0, 16.0, 28.0]),
    (Cause::Registers, [3.1, 1.52, 6.4]),
    (F, [4.009_161, 0.693_186, 18.227_92]),
    (Ram, [1.272, 0.424, 4.24]),
    // Nothing is clocked without being read.
    (Cause::RamIdle, [0.0; 3]),
    (Spram, [0.915, 0.305, 3.05]),
];

#[test]
fn every_cause_is_counted_once() {
    let report = figures();
    for (found, (cause, core)) in report.causes.iter().zip(CAUSES) {
        assert_eq!(found.cause, cause);
        near(cause.name(), found.core_nj, core);
        let parts = report.stages.iter().flat_map(|s| &s.parts).filter(|p| p.cause == cause);
        if !matches!(cause, Cause::Static | Cause::Clock) {
            near(cause.name(), parts.map(|p| p.core_nj).sum(), core);
        }
    }
    assert_eq!(report.causes.len(), CAUSES.len());
    near("core", report.core.energy_nj, [33.296_161, 22.142_186, 65.917_92]);
    near("inference", report.inference.energy_nj, [354.469_161, 266.268_786, 551.089_92]);
    assert_eq!((report.core.cycles, report.inference.cycles), (400.0, 5092.0));
    let cycles: Vec<_> = report.phases.iter().map(|p| p.cycles).collect();
    assert_eq!(cycles, [1300.0, 392.0, 3400.0]);
    // No two parts of a job are the same nets or the same accesses.
    for stage in &report.stages {
        let names: std::collections::BTreeSet<_> = stage.parts.iter().map(|p| p.what).collect();
        assert_eq!(names.len(), stage.parts.len(), "{}", stage.name);
    }
}

/// Cycles, work, work and the share of what passes with time: 0.06775 [0.0518, 0.101] nJ a
/// cycle.
const JOBS: [(&str, f64, Numbers, Numbers); 6] = [
    ("input", 9.0, [0.060_48, 0.020_24, 0.186_88], [0.670_23, 0.486_44, 1.095_88]),
    ("conv", 90.0, [2.443_04, 0.549_43, 10.166_08], [8.540_54, 5.211_43, 19.256_08]),
    ("pool", 20.0, [0.0894, 0.027_88, 0.309_12], [1.444_4, 1.063_88, 2.329_12]),
    ("mix", 90.0, [1.682_158, 0.400_348, 6.8136], [7.779_658, 5.062_348, 15.903_6]),
    ("deep", 50.0, [0.952_54, 0.2309, 3.840_96], [4.340_04, 2.820_9, 8.890_96]),
    ("head", 141.0, [0.968_543, 0.193_388, 4.201_28], [10.521_293, 7.497_188, 18.442_28]),
];

#[test]
fn jobs_together_are_the_core() {
    let report = figures();
    assert_eq!(report.jobs.len(), JOBS.len());
    for (i, (job, (name, cycles, work, core))) in report.jobs.iter().zip(JOBS).enumerate() {
        assert_eq!((&*job.name, job.job, job.cycles), (name, i.checked_sub(1), cycles));
        assert!((job.share - cycles / 400.0).abs() < 1e-12);
        near(name, job.work_nj, work);
        near(name, job.core_nj, core);
    }
    near("all", report.jobs.iter().map(|j| j.core_nj).sum(), [33.296_161, 22.142_186, 65.917_92]);
    assert!((report.jobs.iter().map(|j| j.cycles).sum::<f64>() - 400.0).abs() < 1e-9);
}

#[test]
fn the_text_has_a_line_for_each_job() {
    let text = figures().to_string();
    for line in [
        "  by job: cycles, share of the time, energy of the core with its share of what passes with time [nJ]:",
        "    conv                            90  22.5 %   8.5 [5.2, 19.3]",
        "    head                           141  35.2 %   10.5 [7.5, 18.4]",
        "    SPRAM accesses           0.9 [0.3, 3.1]                 measured",
        "    processor                2.4 [1.2, 4.8]",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

/// What a job reads from a memory made of LUTs flips nets, and is no access to a RAM.
#[test]
fn weights_in_tables_are_no_rams() {
    let mut design = design();
    design.shared.as_mut().unwrap().weights = Place::Luts;
    let io = IoTiming::none(10.0);
    let report = device(&design, &board(), &activity(), io).unwrap();
    let part = report.stages[1].parts.iter().find(|p| p.what == "weight rows").unwrap();
    // 30 words of 2 bits: two tables each and no multiplexer; R G · 4 · 10.
    assert_eq!(part.cause, F);
    near("weights", part.count, [27.0, 8.0, 72.0]);
}
