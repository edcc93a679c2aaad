// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A head with weights of several bits, and stages without a 2 in their products, computed by
//! hand. R, G, U, C and S as in `by_hand`.

use super::assume::STATED;
use super::by_hand::near;
use super::work::{Flips, flips};
use super::{device, registers};
use crate::energy::IoTiming;
use crate::hw::{DenseStage, Design, Input, LifStage, Place, PlanesStage, ReadoutStage, Stage};
use crate::ir::{BitMatrix, Compare, Reset};
use crate::sim::{Activity, MeanActivity, StageActivity};

/// 17 counts up to 3 → 3 classes of 3 planes, four lanes: groups of 4, 4 and 1.
fn design() -> Design {
    let head = DenseStage {
        name: "out".into(),
        weights: BitMatrix::from_fn(9, 17, |r, c| (r + c) % 3 == 0),
        planes: 3,
        lanes: 4,
        input_bits: 2,
        time_parallel: 1,
        acc_bits: 6,
        place: Place::BlockRam,
        split: crate::hw::Split::None,
    };
    let planes = PlanesStage { name: "out".into(), planes: 3, input_bits: 7, sum_bits: 9 };
    Design {
        name: "planes".into(),
        timesteps: 3,
        input: Input { count: 17, bits: 2, changes: false },
        stages: vec![Stage::Dense(head), Stage::Planes(planes)],
        shared: None,
        trace: false,
        family: crate::target::Family::Ice40,
        knobs: None,
    }
}

fn activity() -> MeanActivity {
    let dense = StageActivity {
        inputs: 17,
        nonzero: 8,
        rows: 24,
        words: 4,
        additions: 30,
        results: 9,
        ..StageActivity::default()
    };
    let planes = StageActivity { results: 3, ..StageActivity::default() };
    [Activity { cycles: 100, stages: vec![dense, planes] }].iter().collect()
}

fn found(flips: &[Flips], want: &[(&str, [f64; 3])]) {
    assert_eq!(flips.len(), want.len());
    for (f, (what, count)) in flips.iter().zip(want) {
        assert_eq!(f.what, *what);
        near(what, f.count, *count);
    }
}

#[test]
fn an_engine_of_planes_neither_sums_its_inputs_nor_subtracts() {
    let (design, activity) = (design(), activity());
    found(
        &flips(&STATED, &design, &activity, 0),
        &[
            // (2 R + 1 [0, 2]) · 30
            ("accumulators", [57.0, 12.0, 96.0]),
            // R U · 4 lanes · 3 bits · 24 rows
            ("operands offered to the lanes", [38.88, 5.76, 172.8]),
            // R · (2·2 + 2·4) · 24
            ("event pipeline", [129.6, 57.6, 172.8]),
            // 17 C
            ("counter of the inputs", [34.0, 25.5, 34.0]),
            // R · ((10 + 10 + 1)·6 moved + 3·4·6·2 loaded)
            ("result chain", [121.5, 54.0, 162.0]),
            // R · 6 bits · 9
            ("results handed on", [24.3, 10.8, 32.4]),
            // 16 of the 24 rows are replayed: 16 S + R · 4 words · 2 · 16
            ("replay", [441.6, 217.6, 1036.8]),
        ],
    );
    // state 2, flush 2, index 5, group 2; drain 3, y 6, valid 1; v1, v2, direct 3, x 2·2,
    // weights 4; bits and word 32, word and fetch 2·1, base 3 (81 rows less 4 bits); chain and
    // accumulators 2·4·6.
    assert_eq!(registers::of(&design.stages[0], false), 117);
}

#[test]
fn each_plane_is_added_once() {
    let (design, activity) = (design(), activity());
    // R G · (7 + 9) + R · 9, of 9 planes
    found(&flips(&STATED, &design, &activity, 1), &[("planes added", [133.65, 45.0, 307.8])]);
    // plane 2, sum 9, valid 1.
    assert_eq!(registers::of(&design.stages[1], false), 12);
    let report =
        device(&design, &super::by_hand::board(), &activity, IoTiming::none(10.0)).unwrap();
    let stage = &report.stages[1];
    assert_eq!((&*stage.name, stage.module), ("out, planes", "sf_planes"));
    assert_eq!((stage.ebr, stage.spram, stage.parts.len()), (0, 0, 2));
}

/// Three lanes, three groups, three words of 16 kept inputs; its weights lie in LUTs.
#[test]
fn registers_of_three_lanes_in_luts() {
    let dense = Stage::Dense(DenseStage {
        name: "out".into(),
        weights: BitMatrix::from_fn(7, 33, |r, c| (r + c) % 3 == 0),
        planes: 1,
        lanes: 3,
        input_bits: 2,
        time_parallel: 1,
        acc_bits: 4,
        place: Place::Luts,
        split: crate::hw::Split::None,
    });
    // state 2, flush 2, index 6, group 2; drain 2, y 5, valid 1; v1, v2, direct 3, x 2·2,
    // weights 2·3; bits and word 32, word and fetch 2·2, base 4 (161 rows less 4 bits); sum 4,
    // chain and accumulators 2·3·4.
    assert_eq!(registers::of(&dense, false), 101);
}

fn neurons() -> Stage {
    Stage::Lif(LifStage {
        name: "n".into(),
        timesteps: 3,
        hold: false,
        input_bits: 4,
        membrane_bits: 7,
        frac: 0,
        leak_num: 1,
        leak_shift: 1,
        reset: Reset::Soft,
        compare: Compare::AtLeast,
        bias: vec![0, -1, 0, 0, 0, 0],
        threshold: vec![1, 30, 1, 1, 1, 1],
        bias_bits: 4,
        threshold_bits: 5,
        block: false,
        knobs: false,
        members: 1,
    })
}

#[test]
fn registers_of_three_timesteps_and_of_five_classes() {
    // current and state 2·7, θ 5, valid 1, step and taken 2·2, neuron 3; train 2, its output 3
    // and valid 1; parameters 9.
    assert_eq!(registers::of(&neurons(), false), 42);
    let readout = Stage::Readout(ReadoutStage {
        name: "logits".into(),
        input_bits: 5,
        gain: vec![1, 254, 1, 1, 1],
        offset: vec![0, -1, 0, 0, 0],
        gain_bits: 8,
        offset_bits: 7,
        logit_bits: 11,
        block: true,
        steps: 1,
        members: 1,
        margins: Vec::new(),
    });
    // state 2, bits 4 (9 cycles), class and best 2·3, logits 2·11, x 5, gain 8, bytes 40, left 3,
    // final 1.
    assert_eq!(registers::of(&readout, false), 91);
}

#[test]
fn members_have_registers_of_their_own() {
    let with = |stage: Stage| match stage {
        Stage::Lif(l) => Stage::Lif(LifStage { members: 3, ..l }),
        other => other,
    };
    // Three to come, and whether one has begun; with trace the same, member 2 and place 3.
    assert_eq!(registers::of(&with(neurons()), false), 42 + 4);
    let traced = |stage| registers::of(&stage, true);
    assert_eq!(traced(with(neurons())), traced(neurons()) + 4 + 4 + 2 + 3);
    let readout = |members, margins| {
        let gain = vec![1, 254, 1, 1, 1];
        let (name, offset) = ("logits".into(), vec![0, -1, 0, 0, 0]);
        let (input_bits, gain_bits, offset_bits, logit_bits) = (5, 8, 7, 11);
        let (block, steps) = (true, 1);
        let r = ReadoutStage {
            name,
            input_bits,
            gain,
            offset,
            gain_bits,
            offset_bits,
            logit_bits,
            block,
            steps,
            members,
            margins,
        };
        registers::of(&Stage::Readout(r), false)
    };
    assert_eq!(readout(3, Vec::new()), 91 + 2 + 4);
    // x 5, gain 8, logit 11, the sums 6, state 2, bits 4, class 3; four numbers of 11, state 3,
    // classes 6, 12 more, the members that ran 3, those to come 4.
    assert_eq!(readout(3, vec![0; 3]), 39 + 44 + 3 + 6 + 12 + 3 + 4);
}

/// Two members with two groups each: of the first one's groups the first works while inputs come.
#[test]
fn groups_of_members_are_replayed_but_for_the_first() {
    let layer = DenseStage {
        name: "fc".into(),
        weights: BitMatrix::from_fn(8, 17, |r, c| (r + c) % 3 == 0),
        planes: 1,
        lanes: 2,
        input_bits: 2,
        time_parallel: 1,
        acc_bits: 6,
        place: Place::BlockRam,
        split: crate::hw::Split::Outputs(2),
    };
    let design = Design { stages: vec![Stage::Dense(layer)], ..design() };
    let reads = |rows, results| {
        let dense = StageActivity { inputs: 17, rows, results, ..StageActivity::default() };
        let mean = [Activity { cycles: 9, stages: vec![dense] }].iter().collect();
        let all = crate::hw::estimate(&design).memories;
        let values = all.iter().find(|m| m.kind == crate::hw::MemoryKind::Values).unwrap();
        super::work::accesses(&STATED, &design, &mean, values).unwrap().reads.value
    };
    // Four groups, 12 rows: 9 replayed; one member, 6 rows: 3.
    assert_eq!((reads(12, 8), reads(6, 4)), (9.0, 3.0));
}

#[test]
fn a_count_of_three_bits_flips_twice_as_many_nets() {
    let mut design = design();
    design.stages = vec![neurons(), Stage::Count(3)];
    let results = StageActivity { results: 4, ..StageActivity::default() };
    let stages = vec![results, StageActivity::default()];
    let activity = [Activity { cycles: 100, stages }].iter().collect();
    // R G · 2·3 nets · 4 trains
    found(&flips(&STATED, &design, &activity, 1), &[("population count", [16.2, 4.8, 43.2])]);
}
