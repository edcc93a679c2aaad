// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Hardware that is told what to leave out: timesteps, and members of an ensemble.

use std::cell::Cell;

use proptest::prelude::*;
use synfire::hw::{self, Design, Kept, Knobs, Options, Stage, Stop};
use synfire::pass::{self, FOR_KNOBS};
use synfire::sim::{Activity, NoProbe, Recorder, Sim};
use synfire::verify::{Executor as _, InterpExecutor, Outcome, SimExecutor};

use super::common::net::{Net, Numbers, inputs, nets};
use super::common::{big_target, sees_input};
use super::{holds, to_integer};

/// Everything that can be kept.
fn all_kept(knobs: Knobs) -> Vec<Kept> {
    let members = |set: u32| (0..knobs.members).filter(|m| set >> m & 1 == 1).collect::<Vec<_>>();
    let sets = 1..1u32 << knobs.members;
    let of = |timesteps| {
        sets.clone().map(move |set| Kept { timesteps, members: members(set), may_stop: false })
    };
    (1..=knobs.timesteps).flat_map(of).collect()
}

/// A network whose last neurons are so many members, with a linear layer behind them.
fn an_ensemble(mut net: Net, members: u32) -> Net {
    net.timesteps = net.timesteps.min(5);
    net.layers.truncate(2);
    if let Some(last) = net.layers.last_mut() {
        last.outputs = members as usize * (last.outputs % 4 + 1);
    }
    net.classes = Some(net.classes.unwrap_or(3));
    net
}

fn design_of(net: &Net, members: u32) -> Result<(synfire::ir::Graph, Design), TestCaseError> {
    let mut graph = to_integer(net)?;
    pass::run(&mut graph, FOR_KNOBS, &net.options).unwrap();
    if !sees_input(&graph) {
        return Err(TestCaseError::reject("it does not see its input"));
    }
    let options = Options { knobs: Some(members), ..Options::default() };
    let (design, _) = hw::lower(&graph, &big_target(), &options).unwrap();
    Ok((graph, design))
}

/// What `sim` makes of an input, of which so much is kept.
fn run(design: &Design, kept: &Kept, levels: &[u8]) -> (Outcome, Activity) {
    let request = [&*design.knobs.unwrap().header(kept), levels].concat();
    let outcome = SimExecutor::new(design, Vec::new()).run(&[&request]).unwrap().remove(0);
    let activity = Sim::new(design).run(&request, &[], &mut NoProbe).unwrap().activity;
    (outcome, activity)
}

/// Logits from the spikes of the last layer that fires, by the graph's own numbers.
fn logits(graph: &synfire::ir::Graph, trains: &[u128], kept: u32) -> Vec<i64> {
    use synfire::ir::{Op, Weights};
    let output = graph.output().unwrap();
    let Op::FixedReadout(readout) = &graph.node(output).op else { panic!("no readout") };
    let Op::Linear(head) = &graph.node(graph.operands(output)[0]).op else { panic!("no head") };
    let weight = |c: usize, i: usize| match &head.weights {
        Weights::Binary { signs, .. } => i64::from(signs.get(c, i)) * 2 - 1,
        Weights::Integer { values, .. } => i64::from(values[c * trains.len() + i]),
        Weights::Real { .. } => panic!("real weights"),
    };
    let sum = |c: usize| -> i64 {
        trains.iter().enumerate().map(|(i, t)| weight(c, i) * i64::from(t.count_ones())).sum()
    };
    let offset = |c: usize| readout.offset[c] * i64::from(kept) / i64::from(graph.timesteps);
    (0..readout.gain.len()).map(|c| readout.gain[c] * sum(c) + offset(c)).collect()
}

/// Of all that can be kept: the spikes are those of the whole network in the first timesteps and in
/// the members that are left, the logits are what the head makes of them, and interp says the same.
#[test]
fn what_is_left_out_changes_nothing_else() {
    let strategy = (nets(Numbers::Any), 1u32..=4);
    holds(48, strategy, |(net, members)| {
        let net = an_ensemble(net, members);
        let (graph, design) = design_of(&net, members)?;
        let mut interp = InterpExecutor::new(&graph).unwrap().like(&design);
        for levels in inputs(&net, 2) {
            let levels: Vec<u8> = levels.iter().map(|v| u8::try_from(*v).unwrap()).collect();
            let whole = run(&design, &design.knobs.unwrap().all(), &levels).0;
            for kept in all_kept(design.knobs.unwrap()) {
                let found = run(&design, &kept, &levels).0;
                let first = u128::MAX >> (128 - kept.timesteps);
                let last = whole.trains.len() - 1;
                for (layer, (all, left)) in whole.trains.iter().zip(&found.trains).enumerate() {
                    let size = all.len() / members as usize;
                    let runs =
                        |n: usize| layer < last || kept.members.contains(&((n / size) as u32));
                    for (n, (all, left)) in all.iter().zip(left).enumerate() {
                        let want = if runs(n) { all & first } else { 0 };
                        prop_assert_eq!(*left, want, "layer {} neuron {} {:?}", layer, n, &kept);
                    }
                }
                let want = logits(&graph, &found.trains[last], kept.timesteps);
                prop_assert_eq!(&found.logits, &want, "{:?}", &kept);
                let header = design.knobs.unwrap().header(&kept);
                let said = interp.run(&[&[&*header, &levels].concat()]).unwrap().remove(0);
                prop_assert_eq!(&said.trains, &found.trains);
                prop_assert_eq!(&said.logits, &found.logits);
            }
        }
        Ok(())
    });
}

/// A member that does not run reads no weights and takes no cycles: what it would have done is
/// missing, nothing comes in its place.
#[test]
fn members_that_do_not_run_cost_nothing() {
    let strategy = (nets(Numbers::Any), 2u32..=4);
    holds(48, strategy, |(net, members)| {
        let net = an_ensemble(net, members);
        let (_, design) = design_of(&net, members)?;
        let knobs = design.knobs.unwrap();
        let split = |s: &Stage| matches!(s, Stage::Lif(l) if l.members > 1);
        let at = design.stages.iter().position(split).unwrap();
        let levels: Vec<u8> =
            inputs(&net, 1)[0].iter().map(|v| u8::try_from(*v).unwrap()).collect();
        let one = |m: u32| {
            let kept = Kept { timesteps: net.timesteps, members: vec![m], may_stop: false };
            run(&design, &kept, &levels).1
        };
        let alone: Vec<Activity> = (0..members).map(one).collect();
        let sum = |of: &dyn Fn(&Activity) -> u64| alone.iter().map(of).sum::<u64>();
        let all = run(&design, &knobs.all(), &levels).1;
        for stage in [at - 1, at] {
            let counts = |a: &Activity| {
                let s = &a.stages[stage];
                [s.rows, s.additions, s.results, s.steps, s.spikes]
            };
            for k in 0..5 {
                prop_assert_eq!(counts(&all)[k], sum(&|a| counts(a)[k]), "{} {}", stage, k);
            }
        }
        // The head and the readout: of each member what its spikes are.
        let head = &design.stages[at + 1..];
        for stage in (at + 1..).take(head.len()) {
            let rows = |a: &Activity| a.stages[stage].rows;
            prop_assert_eq!(rows(&all), sum(&rows));
        }
        for set in 1..1u32 << members {
            let kept: Vec<u32> = (0..members).filter(|m| set >> m & 1 == 1).collect();
            for left_out in &kept {
                let fewer: Vec<u32> = kept.iter().copied().filter(|m| m != left_out).collect();
                if fewer.is_empty() {
                    continue;
                }
                let cycles = |members: &[u32]| {
                    let kept = Kept {
                        timesteps: net.timesteps,
                        members: members.to_vec(),
                        may_stop: false,
                    };
                    run(&design, &kept, &levels).1.cycles
                };
                prop_assert!(cycles(&fewer) < cycles(&kept), "{:?} without {}", &kept, left_out);
            }
        }
        Ok(())
    });
}

/// Stopping when nothing can change the class any more never changes it, and what is counted is what
/// happened: as many rows read and timesteps computed as the probes tell of.
#[test]
fn a_class_that_is_settled_stays() {
    let (early, changed) = (Cell::new(0), Cell::new(0));
    holds(64, (nets(Numbers::Any), 3u32..=4, any::<bool>()), |(net, members, lossless)| {
        let mut net = an_ensemble(net, members);
        net.classes = Some(2);
        let (graph, design) = design_of(&net, members)?;
        let largest = match &graph.node(graph.output().unwrap()).op {
            synfire::ir::Op::FixedReadout(r) => r.gain.iter().max().copied().unwrap_or(1),
            other => panic!("{other:?}"),
        };
        let margins = vec![largest / 2; members as usize - 1];
        let stop = if lossless { Stop::Lossless } else { Stop::Margins(margins) };
        let options = Options { knobs: Some(members), stop: Some(stop), ..Options::default() };
        let (stops, _) = hw::lower(&graph, &big_target(), &options).unwrap();
        for levels in inputs(&net, 3) {
            let levels: Vec<u8> = levels.iter().map(|v| u8::try_from(*v).unwrap()).collect();
            let all = run(&design, &design.knobs.unwrap().all(), &levels).0;
            let kept = Kept { may_stop: true, ..stops.knobs.unwrap().all() };
            let request = [&*stops.knobs.unwrap().header(&kept), &levels].concat();
            let mut log = Recorder::default();
            let inference = Sim::new(&stops).run(&request, &[], &mut log).unwrap();
            let ran = inference.ran.unwrap();
            early.set(early.get() + u32::from(ran < members));
            if lossless {
                prop_assert_eq!(usize::from(inference.class), all.class);
            } else {
                changed.set(changed.get() + u32::from(usize::from(inference.class) != all.class));
            }
            // Without leave to stop, all members run.
            let whole = run(&stops, &stops.knobs.unwrap().all(), &levels).0;
            prop_assert_eq!((&whole.logits, whole.ran), (&all.logits, Some(members)));
            for (stage, counts) in inference.activity.stages.iter().enumerate() {
                let rows = log.events.iter().filter(|e| e.1 == stage).count() as u64;
                let steps = log.steps.iter().filter(|s| s.stage == stage);
                let fired = steps.clone().filter(|s| s.fires).count() as u64;
                prop_assert_eq!(counts.rows, rows, "stage {}", stage);
                prop_assert_eq!((counts.steps, counts.spikes), (steps.count() as u64, fired));
            }
        }
        Ok(())
    });
    assert!(early.get() >= 20, "{} inferences stopped early", early.get());
    assert!(changed.get() >= 1, "no margin changed a class: none was put to the test");
}
