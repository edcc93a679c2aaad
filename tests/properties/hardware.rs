// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interpreter and simulator agree for every folding, and the cycles obey the engines.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use synfire::hw::{self, DenseStage, Design, Input, Options, Place, ReadoutStage, Stage};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{BitMatrix, Graph};
use synfire::sim::{Inference, Recorder, Sim, StageActivity};
use synfire::target;

use super::common::big_target;
use super::common::corners::Corners;
use super::common::net::{inputs, integer_nets};
use super::{config, holds, to_hardware};

/// Lanes for every dense layer: `k` for the first, another number for each other one.
fn lanes(g: &Graph, target: &target::Target, k: usize) -> Design {
    let (design, _) = hw::lower(g, target, &Options::default()).unwrap();
    let mut options = Options::default();
    for (i, d) in design.denses().enumerate() {
        let n = d.outputs() as usize;
        options.lanes.insert(d.name.clone(), ((k + 5 * i) % n + 1) as u32);
    }
    let (design, _) = hw::lower(g, target, &options).unwrap();
    for d in design.denses() {
        assert_eq!(d.lanes, options.lanes[&d.name]);
    }
    design
}

/// The simulator fires the interpreter's spikes, each once, and gives its logits.
pub(super) fn agree(
    d: &Design,
    want: &Record,
    got: &Inference,
    log: &Recorder,
) -> Result<(), TestCaseError> {
    let Logits::Integer(logits) = &want.logits else { panic!("not integers") };
    let narrow: Vec<i64> = got.logits.iter().map(|v| i64::from(*v)).collect();
    prop_assert_eq!(&narrow, logits);
    prop_assert_eq!(usize::from(got.class), want.class);
    let lifs: Vec<usize> =
        (0..d.stages.len()).filter(|i| matches!(d.stages[*i], Stage::Lif(_))).collect();
    prop_assert_eq!(lifs.len(), want.spikes.len());
    let mut steps = 0;
    for (stage, spikes) in lifs.iter().zip(&want.spikes) {
        for s in log.steps.iter().filter(|s| s.stage == *stage) {
            prop_assert_eq!(s.fires, spikes.fired[s.timestep as usize][s.neuron as usize]);
            steps += 1;
        }
        prop_assert_eq!(got.activity.stages[*stage].spikes, spikes.count() as u64);
    }
    let neurons: usize = want.spikes.iter().map(|s| s.neurons).sum();
    prop_assert_eq!(steps, neurons * d.timesteps as usize, "every step exactly once");
    let mut bytes: Vec<u8> = got.logits.iter().flat_map(|v| v.to_le_bytes()).collect();
    bytes.push(got.class);
    prop_assert_eq!(log.outputs.iter().map(|o| o.1).collect::<Vec<_>>(), bytes);
    Ok(())
}

/// One weight row, one step, one byte a cycle; all after the input, none after the end.
fn orderly(got: &Inference, log: &Recorder) -> Result<(), TestCaseError> {
    let events: BTreeSet<_> = log.events.iter().collect();
    prop_assert_eq!(events.len(), log.events.len(), "two rows read in one cycle");
    let steps: BTreeSet<_> = log.steps.iter().map(|s| (s.cycle, s.stage)).collect();
    prop_assert_eq!(steps.len(), log.steps.len(), "two steps in one cycle");
    let named: BTreeSet<_> = log.steps.iter().map(|s| (s.stage, s.neuron, s.timestep)).collect();
    prop_assert_eq!(named.len(), log.steps.len(), "a step was computed twice");
    prop_assert!(log.outputs.windows(2).all(|w| w[0].0 < w[1].0), "two bytes in one cycle");
    prop_assert!(log.inputs.windows(2).all(|w| w[0] < w[1]));
    prop_assert_eq!(log.inputs[0], 0);
    prop_assert_eq!(*log.inputs.last().unwrap(), got.last_input);
    prop_assert_eq!(log.outputs.last().unwrap().0, got.done);
    let cycles = log.events.iter().map(|e| e.0).chain(log.steps.iter().map(|s| s.cycle));
    prop_assert!(cycles.max().unwrap_or(0) < got.done);
    prop_assert_eq!(got.activity.cycles, got.done + 1);
    Ok(())
}

/// What a dense layer does with its inputs: one number each, or one train, of which every spike
/// is added where the weight is +1.
fn dense_activity(d: &DenseStage, x: &[u32]) -> StageActivity {
    let ones =
        |x: u32| if d.time_parallel > 1 { u64::from(x.count_ones()) } else { u64::from(x > 0) };
    let plus = |i: usize| (0..d.weights.rows()).filter(|r| d.weights.get(*r, i)).count() as u64;
    let (inputs, groups) = (x.len() as u64, u64::from(d.groups()));
    let active = x.iter().filter(|x| **x > 0).count() as u64;
    StageActivity {
        inputs,
        nonzero: x.iter().map(|x| ones(*x)).sum(),
        // In every group a row for each input that is not zero.
        rows: active * groups,
        words: (groups - 1) * inputs.div_ceil(16),
        additions: x.iter().enumerate().map(|(i, x)| ones(*x) * plus(i)).sum(),
        results: d.weights.rows() as u64 * u64::from(d.time_parallel),
        ..StageActivity::default()
    }
}

/// Everything that is counted follows from the inputs and the spikes.
fn events(
    d: &Design,
    x: &[u16],
    want: &Record,
    got: &Inference,
    log: &Recorder,
) -> Result<(), TestCaseError> {
    let mut flowing: Vec<u32> = x.iter().map(|v| u32::from(*v)).collect();
    let mut spikes = want.spikes.iter();
    for (i, stage) in d.stages.iter().enumerate() {
        let counted = match stage {
            Stage::Dense(dense) => {
                let counted = dense_activity(dense, &flowing);
                let seen = log.events.iter().filter(|e| e.1 == i).count() as u64;
                prop_assert_eq!(seen, counted.rows);
                counted
            }
            Stage::Lif(_) => {
                let fired = &spikes.next().unwrap().fired;
                let train = |n: usize| {
                    fired.iter().enumerate().fold(0, |w, (t, s)| w | u32::from(s[n]) << t)
                };
                flowing = (0..fired[0].len()).map(train).collect();
                StageActivity {
                    results: flowing.len() as u64,
                    steps: (flowing.len() * fired.len()) as u64,
                    spikes: flowing.iter().map(|t| u64::from(t.count_ones())).sum(),
                    ..StageActivity::default()
                }
            }
            Stage::Count(_) => {
                flowing.iter_mut().for_each(|t| *t = t.count_ones());
                StageActivity::default()
            }
            Stage::Planes(p) => {
                let before = &got.activity.stages[i - 1];
                let results = before.results / u64::from(p.planes);
                StageActivity { results, ..StageActivity::default() }
            }
            Stage::Readout(_) => StageActivity::default(),
        };
        prop_assert_eq!(&got.activity.stages[i], &counted);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(48))]

    /// Nothing is slower than one lane a layer, nothing faster than all.
    #[test]
    fn lanes_buy_cycles(net in integer_nets()) {
        let g = to_hardware(&net)?;
        let target = big_target();
        let x: Vec<u8> = inputs(&net, 4)[3].iter().map(|v| *v as u8).collect();
        let latency = |lanes: u32| {
            let mut options = Options::default();
            let (design, _) = hw::lower(&g, &target, &options).unwrap();
            options.lanes.extend(design.denses().map(|d| (d.name.clone(), lanes)));
            let (design, _) = hw::lower(&g, &target, &options).unwrap();
            let run = Sim::new(&design).run(&x, &[], &mut synfire::sim::NoProbe);
            run.unwrap().latency()
        };
        // The last: more lanes than any layer has planes of neurons.
        let latencies: Vec<u64> = (1..=24).chain([96]).map(latency).collect();
        let (one, all) = (latencies[0], latencies[24]);
        prop_assert!(latencies.iter().all(|l| (all..=one).contains(l)), "{:?}", latencies);
    }
}

/// What [`interp_is_sim_for_every_folding`] has to meet at least.
const MET: &[(&str, u64)] = &[
    ("the last group is whole", 5_000),
    ("the last group has a rest", 10_000),
    ("a lane a neuron", 3_000),
    ("a replayed word without events", 6_000),
    ("a replayed word of 16 events", 1_000),
    ("a replay of nothing at all", 2_000),
    ("a replay of whole words", 800),
    ("a replay with a last word of one input", 1_000),
    ("a layer whose inputs are all zero", 3_000),
    ("a layer that is silent", 2_000),
    ("a layer in which all neurons fire always", 100),
    ("equal logits", 2_000),
    ("planes of two bits", 500),
    ("planes of eight bits", 500),
];

/// Where the engines of a layer turn: groups, words, what is empty and what is full.
fn corners(d: &Design, x: &[u16], want: &Record, met: &mut Corners) {
    let mut active: Vec<bool> = x.iter().map(|v| *v != 0).collect();
    let mut spikes = want.spikes.iter();
    for stage in &d.stages {
        match stage {
            Stage::Dense(d) => {
                let (groups, rest) = (d.groups(), d.outputs() % d.lanes);
                met.note("a lane a neuron", groups == 1);
                met.note("the last group is whole", groups > 1 && rest == 0);
                met.note("the last group has a rest", groups > 1 && rest > 0);
                met.note("a layer whose inputs are all zero", active.iter().all(|a| !a));
                if groups == 1 {
                    continue;
                }
                let words: Vec<_> = active
                    .chunks(16)
                    .map(|w| (w.len(), w.iter().filter(|a| **a).count()))
                    .collect();
                met.note("a replayed word without events", words.iter().any(|w| w.1 == 0));
                met.note("a replayed word of 16 events", words.iter().any(|w| w.1 == 16));
                met.note("a replay of nothing at all", words.iter().all(|w| w.1 == 0));
                met.note("a replay of whole words", words.iter().all(|w| w.0 == 16));
                met.note(
                    "a replay with a last word of one input",
                    words.last().is_some_and(|w| w.0 == 1),
                );
            }
            Stage::Lif(_) => {
                let fired = &spikes.next().unwrap().fired;
                active = (0..fired[0].len()).map(|n| fired.iter().any(|t| t[n])).collect();
                met.note("a layer that is silent", active.iter().all(|a| !a));
                let all = fired.iter().flatten().all(|s| *s);
                met.note("a layer in which all neurons fire always", all);
            }
            Stage::Planes(p) => {
                met.note("planes of two bits", p.planes == 2);
                met.note("planes of eight bits", p.planes == 8);
            }
            Stage::Count(_) | Stage::Readout(_) => {}
        }
    }
    let Logits::Integer(logits) = &want.logits else { panic!("not integers") };
    let top = logits[want.class];
    met.note("equal logits", logits.iter().filter(|l| **l == top).count() > 1);
}

#[test]
fn interp_is_sim_for_every_folding() {
    let met = RefCell::new(Corners::default());
    holds(192, integer_nets(), |net| {
        let g = to_hardware(&net)?;
        let target = big_target();
        let most = net.layers.iter().map(|l| l.outputs).chain(net.classes).max().unwrap();
        let inputs = inputs(&net, 6);
        let want: Vec<Record> =
            inputs.iter().map(|x| Interp::new(&g).unwrap().run(x).unwrap()).collect();
        let gaps: Vec<u8> = (0..net.inputs).map(|i| (i * i % 7) as u8).collect();
        for k in 0..most {
            let design = lanes(&g, &target, k);
            let sim = Sim::new(&design);
            for (n, (x, want)) in inputs.iter().zip(&want).enumerate() {
                let bytes: Vec<u8> = x.iter().map(|v| u8::try_from(*v).unwrap()).collect();
                let mut log = Recorder::default();
                let gaps: &[u8] = if n == 2 { &gaps } else { &[] };
                let got = sim.run(&bytes, gaps, &mut log).unwrap();
                agree(&design, want, &got, &log)?;
                orderly(&got, &log)?;
                events(&design, x, want, &got, &log)?;
                if n == 1 {
                    let mut waited = Recorder::default();
                    let same = sim.run(&bytes, &vec![0; bytes.len()], &mut waited).unwrap();
                    prop_assert_eq!(same, got, "gaps of no cycle");
                    prop_assert_eq!(waited.inputs, log.inputs);
                    prop_assert_eq!(waited.events, log.events);
                    prop_assert_eq!(waited.steps, log.steps);
                    prop_assert_eq!(waited.outputs, log.outputs);
                }
                corners(&design, x, want, &mut met.borrow_mut());
            }
        }
        Ok(())
    });
    met.into_inner().report("sim", MET);
}

/// 257 levels of 255 are as much as 16 bits hold, and the next one is too much for them.
#[test]
fn sums_of_many_levels_are_those_of_the_plain_loop() {
    for (inputs, outputs) in [(600usize, 37usize), (257, 2), (258, 2), (515, 64)] {
        let plus = |r: usize, c: usize| r == 0 || !(r * 31 + c * 17).is_multiple_of(3);
        let dense = DenseStage {
            name: "d".into(),
            weights: BitMatrix::from_fn(outputs, inputs, plus),
            planes: 1,
            lanes: 1,
            input_bits: 8,
            time_parallel: 1,
            acc_bits: 19,
            place: Place::Luts,
            split: synfire::hw::Split::None,
        };
        let readout = ReadoutStage {
            name: "y".into(),
            input_bits: 19,
            gain: vec![1; outputs],
            offset: vec![0; outputs],
            gain_bits: 2,
            offset_bits: 1,
            logit_bits: 21,
            block: false,
            steps: 1,
            members: 1,
            margins: Vec::new(),
        };
        let design = Design {
            name: "many".into(),
            timesteps: 1,
            input: Input { count: inputs as u32, bits: 8, changes: false },
            stages: vec![Stage::Dense(dense), Stage::Readout(readout)],
            shared: None,
            trace: false,
            family: Default::default(),
            knobs: None,
        };
        let x: Vec<u8> = (0..inputs).map(|i| if i % 300 == 299 { 0 } else { 255 }).collect();
        let got = Sim::new(&design).run(&x, &[], &mut synfire::sim::NoProbe).unwrap();
        let sum = |r: usize| -> i32 {
            let of = |(c, x): (usize, &u8)| if plus(r, c) { i32::from(*x) } else { -i32::from(*x) };
            x.iter().enumerate().map(of).sum()
        };
        assert_eq!(got.logits, (0..outputs).map(sum).collect::<Vec<_>>(), "{inputs}");
    }
}
