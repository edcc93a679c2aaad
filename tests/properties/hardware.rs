// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interpreter and simulator agree for every folding, and the cycles obey the engines.

use std::collections::BTreeSet;

use proptest::prelude::*;
use synfire::hw::{self, Design, Options, Stage};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, print};
use synfire::sim::{Inference, Recorder, Sim};
use synfire::{emit, target};

use super::common::big_target;
use super::common::net::{Numbers, inputs, nets};
use super::{config, to_integer};

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

fn agree(d: &Design, want: &Record, got: &Inference, log: &Recorder) -> Result<(), TestCaseError> {
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

/// A layer reads a row for each input that is not zero, in every group.
fn events(
    d: &Design,
    x: &[u16],
    want: &Record,
    got: &Inference,
    log: &Recorder,
) -> Result<(), TestCaseError> {
    let mut active = x.iter().filter(|v| **v != 0).count();
    let mut spikes = want.spikes.iter();
    for (i, stage) in d.stages.iter().enumerate() {
        match stage {
            Stage::Dense(dense) => {
                let rows = active as u64 * u64::from(dense.groups());
                let seen = log.events.iter().filter(|e| e.1 == i).count() as u64;
                prop_assert_eq!((seen, got.activity.stages[i].rows), (rows, rows));
            }
            Stage::Lif(_) => {
                let fired = &spikes.next().unwrap().fired;
                active = (0..fired[0].len()).filter(|n| fired.iter().any(|t| t[*n])).count();
            }
            Stage::Count(_) | Stage::Readout(_) => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn interp_is_sim_for_every_folding(net in nets(Numbers::Any)) {
        let g = to_integer(&net)?;
        let target = big_target();
        let most = net.layers.iter().map(|l| l.outputs).chain(net.classes).max().unwrap();
        let inputs = inputs(&net, 3);
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
            }
        }
    }

    /// Nothing is slower than one lane a layer, nothing faster than all.
    #[test]
    fn lanes_buy_cycles(net in nets(Numbers::Any)) {
        let g = to_integer(&net)?;
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
        let latencies: Vec<u64> = (1..=24).map(latency).collect();
        let (one, all) = (latencies[0], latencies[23]);
        prop_assert!(latencies.iter().all(|l| (all..=one).contains(l)), "{:?}", latencies);
    }

    /// The same input gives the same bytes.
    #[test]
    fn compiling_is_deterministic(net in nets(Numbers::Any)) {
        let target = big_target();
        let compile = || {
            let g = to_integer(&net)?;
            let (design, _) = hw::lower(&g, &target, &Options::default()).unwrap();
            Ok::<_, TestCaseError>((print(&g).unwrap(), emit::emit(&design, &target).unwrap()))
        };
        prop_assert_eq!(compile()?, compile()?);
    }
}
