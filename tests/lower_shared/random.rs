// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interpreter and simulator agree on random networks of everything that the processor
//! computes.

use std::collections::BTreeMap;

use synfire::diag::Result;
use synfire::hw::shared::{Source, Then, Work};
use synfire::hw::{self, Design, Mapping, Options};
use synfire::interp::{Interp, Logits, Stimulus};
use synfire::ir::{Graph, print, verify};
use synfire::sim::{Recorder, Sim};

use super::common::big_target;
use super::common::rng::Rng;
use super::networks::{network, recurrent};

fn lower(g: &Graph, seed: u64) -> Result<Design> {
    let lanes = [1, 2, 4, 8, 16, 64][(seed % 6) as usize];
    let lanes = [("shared".to_owned(), lanes)].into();
    // In every third one half of the timesteps at once, or a third, and so on.
    let part = |t: u32| (1..t).rev().find(|w| t.is_multiple_of(*w));
    let chunk = part(g.timesteps).filter(|_| seed % 3 == 2);
    let options = Options { mapping: Mapping::Shared, lanes, chunk, ..Options::default() };
    hw::lower(g, &big_target(), &options).map(|(design, _)| design)
}

/// Which things jobs of a design do, and how often.
fn count(design: &Design, seen: &mut BTreeMap<&'static str, usize>) {
    let mut note = |what| *seen.entry(what).or_insert(0) += 1;
    if design.chunks() > 1 {
        note(if design.input.changes { "chunks of the input" } else { "chunks" });
    }
    for job in &design.shared.as_ref().unwrap().jobs {
        if job.before {
            note("before");
        }
        match job.source {
            Source::Input if design.input.changes => note("input that changes"),
            Source::Input => note("input"),
            Source::Trains(_) => note("trains"),
            Source::Currents(_, g) if g.window != [1, 1] || g.shift > 0 => note("gather"),
            Source::Currents(..) => note("currents"),
        }
        let Work::Sum(sum) = &job.work else {
            note("or");
            continue;
        };
        note(if sum.planes == 1 { "±1" } else { "planes" });
        if sum.add.is_some() {
            note("add");
        }
        if sum.padding != [0, 0] {
            note("padding");
        }
        if sum.digits > 1 {
            note("digits");
        }
        if sum.leak.is_some() {
            note(match &sum.then {
                Then::Readout => "readout that leaks",
                Then::Maps { fire: Some(_), .. } => "synapses that leak",
                Then::Maps { .. } => "kept currents that leak",
            });
            let last = matches!(sum.then, Then::Readout);
            if !sum.theta.is_empty() {
                note(if last { "membranes that are read out" } else { "membranes that go on" });
            }
        }
        if let Then::Maps { keep: Some(_), fire: Some(_) } = sum.then {
            note("keep and fire");
        }
    }
}

fn agree(g: &Graph, design: &Design, rng: &mut Rng) {
    let bits = design.input.bits;
    let x: Vec<u8> = (0..design.input_values())
        .map(|_| if rng.one_in(3) { 0 } else { rng.below(1 << bits) as u8 })
        .collect();
    let count = design.input.count as usize;
    let levels = |v: &[u8]| v.iter().map(|v| u16::from(*v)).collect::<Vec<u16>>();
    let steps: Vec<Vec<u16>> = x.chunks(count).map(levels).collect();
    let stimulus = match design.input.changes {
        true => Stimulus::LevelSteps(&steps),
        false => Stimulus::Levels(&steps[0]),
    };
    let want = Interp::new(g).unwrap().run_on(stimulus).unwrap();
    let mut log = Recorder::default();
    let got = Sim::new(design).run(&x, &[], &mut log).unwrap();
    let Logits::Integer(logits) = &want.logits else { panic!("not integers") };
    assert_eq!(got.logits.iter().map(|v| i64::from(*v)).collect::<Vec<_>>(), *logits);
    assert_eq!(usize::from(got.class), want.class);
    let jobs = &design.shared.as_ref().unwrap().jobs;
    for (index, job) in jobs.iter().enumerate() {
        let Work::Sum(sum) = &job.work else { continue };
        let Then::Maps { fire: Some((neurons, _)), .. } = &sum.then else { continue };
        let spikes = want.spikes.iter().find(|s| s.node == neurons.name).unwrap();
        for s in log.steps.iter().filter(|s| s.stage == index) {
            let fired = spikes.fired[s.timestep as usize][s.neuron as usize];
            assert_eq!(s.fires, fired, "{} {s:?}", neurons.name);
        }
    }
}

/// Spikes that come back are those of the chunk before.
#[test]
fn recurrent_neurons_see_their_own_spikes() {
    let (mut taken, mut refused) = (0, BTreeMap::<String, u64>::new());
    let mut seen = BTreeMap::new();
    for seed in 0..200 {
        let g = recurrent(seed, (seed % 9) as usize, &[2, 3, 4, 6, 12, 40]);
        verify(&g).unwrap_or_else(|d| panic!("{seed}: {d}"));
        let lanes = [("shared".to_owned(), 1 + seed as u32 % 7)].into();
        let options = Options { mapping: Mapping::Shared, lanes, ..Options::default() };
        match hw::lower(&g, &big_target(), &options) {
            Ok((design, _)) => {
                taken += 1;
                count(&design, &mut seen);
                let rng = &mut Rng(seed);
                let same = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    (0..4).for_each(|_| agree(&g, &design, rng));
                }));
                assert!(same.is_ok(), "{seed}: {}\n{:#?}", print(&g).unwrap(), design.shared);
            }
            Err(d) => {
                let what = d.message.replace(|c: char| c.is_ascii_digit(), "#");
                *refused.entry(what).or_default() += 1;
            }
        }
    }
    for what in ["before", "chunks", "chunks of the input", "trains", "add", "synapses that leak"] {
        assert!(seen.contains_key(what), "{what}");
    }
    assert!(taken > 150, "{taken}: {refused:#?}");
}

#[test]
fn jobs_compute_what_the_graph_means() {
    let count_of = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    let cases: u64 = count_of("NETWORKS").unwrap_or(900);
    let (mut seen, mut refused) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
    for seed in 0..cases {
        let g = network(seed, 3 + (seed % 18) as usize);
        verify(&g).unwrap_or_else(|d| panic!("{seed}: {d}"));
        match lower(&g, seed) {
            Ok(design) => {
                count(&design, &mut seen);
                let rng = &mut Rng(seed);
                let same = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    agree(&g, &design, rng);
                    agree(&g, &design, rng);
                }));
                assert!(same.is_ok(), "{seed}: {}\n{:#?}", print(&g).unwrap(), design.shared);
            }
            Err(d) => {
                assert_eq!(d.code.id, "SF0410", "{seed}: {d}");
                assert!(d.location.path.is_some() && d.help.is_some(), "{d}");
                let what = d.message.replace(|c: char| c.is_ascii_digit(), "#");
                *refused.entry(what).or_default() += 1;
            }
        }
    }
    let all = [
        "input",
        "input that changes",
        "chunks",
        "chunks of the input",
        "trains",
        "gather",
        "currents",
        "or",
        "±1",
        "planes",
        "add",
        "padding",
    ];
    let leaks = [
        "readout that leaks",
        "synapses that leak",
        "kept currents that leak",
        "membranes that are read out",
        "membranes that go on",
    ];
    for what in all.iter().chain(&["digits", "keep and fire"]).chain(&leaks) {
        assert!(seen.contains_key(what), "{what}");
    }
    assert!(refused.values().sum::<u64>() * 3 < cases, "{refused:#?}");
}
