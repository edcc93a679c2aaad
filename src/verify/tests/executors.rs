// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Executors deliver what they promise, and none of them runs without its tool.

use super::{GRAPH, design};
use crate::diag::Result;
use crate::flow::Toolbox;
use crate::hw::{Design, Stage};
use crate::ir;
use crate::sim::{Recorder, Step};
use crate::target;
use crate::verify::executor;
use crate::verify::rtl::{outcome, parse};
use crate::verify::{
    Executor, GateExecutor, InterpExecutor, Level, Mutation, Mutator, RtlExecutor, Scope,
    SimExecutor,
};

#[test]
fn a_scope_is_what_a_design_can_tell() {
    let design = design();
    let (trains, cycles) = (Some(3), false);
    assert_eq!(Scope::spikes(&design), Scope { trains, cycles });
    assert_eq!(Scope::cycles(&design), Scope { trains, cycles: true });
    assert!(design.trace);
    assert_eq!(Scope::line(&design), Scope { trains, cycles });
    // Without the spike memory nothing but the result comes over the line.
    let untraced = Design { trace: false, ..design.clone() };
    assert_eq!(Scope::line(&untraced), Scope { trains: None, cycles });
    assert_eq!(Scope::cycles(&untraced), Scope { trains, cycles: true });
    // A network without neurons has no spikes.
    let is_lif = |s: &Stage| matches!(s, Stage::Lif(_));
    let stages = design.stages.iter().filter(|s| !is_lif(s)).cloned().collect();
    let silent = Design { stages, ..design };
    assert_eq!(Scope::cycles(&silent), Scope { trains: None, cycles: true });
}

/// Inputs 7 and 11: 18 and 7 - 11 = -4 (the first weight is +1 for both neurons).
/// Membranes with leak 1/2: 18, 27 (fires, 7 left), 21 (fires); the other one never.
#[test]
fn interp_and_sim_tell_the_same_spikes_and_sim_their_cycles() {
    let (graph, design) = (ir::parse(GRAPH).unwrap(), design());
    let mut interp = InterpExecutor::new(&graph).unwrap();
    let mut sim = SimExecutor::new(&design, Vec::new());
    assert_eq!((interp.name(), sim.name()), ("interp", "sim"));
    let inputs: [&[u8]; 2] = [&[7, 11], &[0, 0]];
    let (said, done) = (interp.run(&inputs).unwrap(), sim.run(&inputs).unwrap());
    assert_eq!((said.len(), done.len()), (2, 2));
    for o in [&said[0], &done[0]] {
        assert_eq!((&o.trains, &*o.logits, o.class), (&vec![vec![0b110, 0]], &[2, 0][..], 0));
    }
    for o in [&said[1], &done[1]] {
        assert_eq!((&o.trains, &*o.logits, o.class), (&vec![vec![0, 0]], &[0, 0][..], 0));
    }
    assert!(said.iter().all(|o| o.timing.is_none()));
    let timing = done[0].timing.as_ref().unwrap();
    assert_eq!((&*timing.inputs, timing.steps.len(), timing.outputs.len()), (&[0, 1][..], 6, 9));
    assert!(timing.steps.is_sorted() && timing.events.is_sorted() && timing.events.len() == 2);
    // Layers are told that the design has, and no others.
    let trains = |design: &Design| {
        let mut interp = InterpExecutor::new(&graph).unwrap().like(design);
        interp.run(&inputs[..1]).unwrap().remove(0).trains
    };
    assert_eq!(trains(&design), said[0].trains);
    let without = Design { stages: design.stages[..1].to_vec(), ..design.clone() };
    assert!(trains(&without).is_empty());
    // Gaps are waited for.
    let slow = SimExecutor::new(&design, vec![0, 4]).run(&inputs).unwrap();
    assert_eq!(slow[0].timing.as_ref().unwrap().inputs, [0, 5]);
}

/// Records of the test bench.
fn records(list: &[(u8, u8, u8, u32)]) -> Vec<u8> {
    let record = |&(kind, index, data, cycle): &(u8, u8, u8, u32)| {
        [&[kind, index, data, 0], &cycle.to_le_bytes()[..]].concat()
    };
    list.iter().flat_map(record).collect()
}

fn step(cycle: u64, neuron: u32, timestep: u32, fires: bool) -> Step {
    Step { cycle, stage: 1, neuron, timestep, fires }
}

#[test]
fn records_of_the_rtl_become_what_happened() {
    let design = design();
    let one = [(0, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 1), (2, 0, 0, 5), (3, 0, 1, 7), (3, 0, 0, 8)];
    let two = [
        (0, 0, 0, 0),
        (3, 0, 0, 9),
        (3, 0, 0, 10),
        (3, 0, 1, 11),
        (3, 0, 1, 12),
        (4, 0, 200, 70_000),
    ];
    let found = parse(&design, &[], &records(&[&one[..], &two[..]].concat())).unwrap();
    let first = Recorder {
        inputs: vec![0, 1],
        events: vec![(5, 0)],
        steps: vec![step(7, 0, 0, true), step(8, 0, 1, false)],
        outputs: Vec::new(),
    };
    let second = Recorder {
        steps: vec![
            step(9, 0, 0, false),
            step(10, 0, 1, false),
            step(11, 0, 2, true),
            step(12, 1, 0, true),
        ],
        outputs: vec![(70_000, 200)],
        ..Recorder::default()
    };
    assert_eq!(found, [first, second]);
    for bad in [
        &[(1, 0, 0, 0)][..],
        &[(0, 0, 0, 0), (2, 1, 0, 0)],
        &[(0, 0, 0, 0), (3, 1, 0, 0)],
        &[(0, 0, 0, 0), (5, 0, 0, 0)],
    ] {
        assert_eq!(parse(&design, &[], &records(bad)).unwrap_err().code.id, "SF0000");
    }
}

#[test]
fn the_result_of_the_rtl_is_read_from_its_bytes_and_its_probes() {
    let design = design();
    let bytes = [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0, 0b010, 0b001];
    let recorder = |bytes: &[u8]| Recorder {
        // Neuron 0 fires at timestep 1, neuron 1 at timestep 0.
        steps: vec![step(9, 1, 0, true), step(8, 0, 1, true), step(7, 0, 0, false)],
        outputs: bytes.iter().enumerate().map(|(i, b)| (20 + i as u64, *b)).collect(),
        ..Recorder::default()
    };
    let o = outcome(&design, &design.kept(&[]), recorder(&bytes), true).unwrap();
    assert_eq!((o.trains, &*o.logits, o.class), (vec![vec![0b010, 0b001]], &[1, -2][..], 0));
    let timing = o.timing.unwrap();
    assert!(timing.steps.is_sorted() && timing.outputs.len() == 9, "{timing:?}");
    // Without trains in the result, the probes tell them.
    let o = outcome(&design, &design.kept(&[]), recorder(&bytes[..9]), false).unwrap();
    assert_eq!(o.trains, [[0b010, 0b001]]);
    let code = |bytes: &[u8], trace| {
        outcome(&design, &design.kept(&[]), recorder(bytes), trace).unwrap_err().code.id
    };
    assert_eq!(code(&[&bytes[..10], &[0b011]].concat(), true), "SF0601");
    assert_eq!(code(&bytes[..9], true), "SF0602");
    assert_eq!(code(&bytes, false), "SF0602");
}

/// Probes are numbered by the stages that they are of.
#[test]
fn stages_are_found_by_what_they_do() {
    let mut design = design();
    let again = design.stages[..2].to_vec();
    design.stages.splice(2..2, again);
    assert_eq!(executor::dense_stages(&design), [0, 2]);
    assert_eq!(executor::lif_stages(&design), [1, 3]);
}

/// What has no simulator is not run by something else.
#[test]
fn nothing_stands_in_for_a_missing_tool() {
    let (design, dir) = (design(), tempfile::tempdir().unwrap());
    let (none, file) = (Toolbox::default(), dir.path().join("file"));
    let missing = |result: Result<()>| assert_eq!(result.unwrap_err().code.id, "SF0501");
    missing(RtlExecutor::build(&none, &design, dir.path(), dir.path(), Vec::new()).map(drop));
    let bitstream = Level::Bitstream { bin: &file, pcf: &file };
    let target = target::load("icebreaker").unwrap();
    let board = target.board.as_ref().unwrap();
    for level in [Level::Rtl(dir.path()), Level::Netlist(&file), bitstream] {
        missing(GateExecutor::build(&none, &design, level, dir.path(), board).map(drop));
    }

    let inputs: [&[u8]; 3] = [&[0, 0], &[7, 11], &[200, 3]];
    let work = dir.path().to_path_buf();
    let mutator = Mutator::new(&none, &design, &target, work, &inputs).unwrap();
    std::fs::write(&file, "").unwrap();
    for mutation in [Mutation::Weight, Mutation::Threshold, Mutation::Transition] {
        missing(mutator.run(mutation, Some((&file, &file))).map(drop));
    }
}
