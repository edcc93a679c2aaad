// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The C++ for high-level synthesis, compiled by a plain compiler, fires the simulator's spikes
//! and gives its logits: on the chains and processors that the Verilog is tried with.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[allow(dead_code, reason = "chains; the Verilog's tests take more of it")]
#[path = "../rtl_random/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;
mod faults;
#[path = "../lower_shared/networks.rs"]
#[allow(dead_code, reason = "what has chunks is no C++")]
mod networks;
#[path = "../common/tools.rs"]
mod tools;

use std::path::Path;

use synfire::emit::{self, HLS_DIR};
use synfire::flow::{Tool, Toolbox};
use synfire::hw::shared::{Job, Resets, Shared, Source, Then, Work};
use synfire::hw::{self, Design, Mapping, Options};
use synfire::ir::Reset;
use synfire::verify::{Executor, HlsExecutor, Scope, SimExecutor, compare};

use common::rng::Rng;
use common::{big_target, shared};
use faults::{FAULTS, Fault, On};
use tools::tools;

/// A design and inputs.
struct Case {
    name: String,
    design: Design,
    images: Vec<Vec<u8>>,
}

/// Levels, or spikes, a third of them zero.
fn images(design: &Design, seed: u64) -> Vec<Vec<u8>> {
    let (mut rng, bits) = (Rng(seed), design.input.bits);
    let mut level = |_| if rng.one_in(3) { 0 } else { rng.below(1 << bits) as u8 };
    (0..4).map(|_| (0..design.input_values()).map(&mut level).collect()).collect()
}

fn chain(i: usize, case: cases::Case) -> Case {
    let images = images(&case.design, i as u64);
    Case { name: format!("chain {i}"), design: case.design, images }
}

fn chains() -> impl Iterator<Item = Case> {
    // C++ leaves nothing out at run time.
    cases::corners().filter(|c| c.design.knobs.is_none()).enumerate().map(|(i, c)| chain(i, c))
}

/// A processor drawn job by job.
fn drawn(seed: u64) -> Case {
    let design = shared::design(seed);
    let images = (0..3).map(|k| shared::input(&design, seed * 100 + k)).collect();
    Case { name: format!("processor {seed}"), design, images }
}

/// A network that is lowered; none if the processor does not take it.
fn lowered(seed: u64) -> Option<Case> {
    let graph = networks::network(seed, 3 + (seed % 12) as usize);
    let lanes = [("shared".to_owned(), [1, 33, 4, 8, 5, 16][(seed % 6) as usize])].into();
    let options = Options { mapping: Mapping::Shared, lanes, ..Options::default() };
    let (design, _) = hw::lower(&graph, &big_target(), &options).ok()?;
    let images = images(&design, seed);
    Some(Case { name: format!("network {seed}"), design, images })
}

impl Case {
    /// Writes, compiles and runs the C++, with a fault if there is one; says what differs.
    fn check(&self, toolbox: &Toolbox, dir: &Path, fault: Option<&Fault>) -> Result<(), String> {
        let hls = dir.join(HLS_DIR);
        for file in emit::hls(&self.design).unwrap() {
            let path = dir.join(&file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.contents).unwrap();
        }
        if let Some(Fault { file, from, to, .. }) = fault {
            let text = std::fs::read_to_string(hls.join(file)).unwrap();
            assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
            std::fs::write(hls.join(file), text.replace(from, to)).unwrap();
        }
        let images: Vec<&[u8]> = self.images.iter().map(Vec::as_slice).collect();
        let sim = SimExecutor::new(&self.design, Vec::new()).run(&images).unwrap();
        // Code that is not accepted shows nothing.
        let mut found = HlsExecutor::build(toolbox, &self.design, &hls, &dir.join("work")).unwrap();
        let found = found.run(&images).map_err(|d| d.to_string())?;
        match compare(images.len(), &sim, &found, Scope::line(&self.design)).1 {
            None => Ok(()),
            Some(d) => Err(format!("{}: image {}: {}", self.name, d.image, d.what)),
        }
    }
}

/// Runs all cases on two threads; how many were compared.
fn all(cases: impl Iterator<Item = Case>) {
    let Some(toolbox) = tools(&[Tool::Cxx]) else { return };
    let mut cases: Vec<Case> = cases.collect();
    let rest = cases.split_off(cases.len() / 2);
    let count = cases.len() + rest.len();
    std::thread::scope(|scope| {
        for part in [cases, rest] {
            scope.spawn(|| {
                for case in part {
                    let dir = tempfile::tempdir().unwrap();
                    case.check(&toolbox, dir.path(), None).unwrap_or_else(|e| panic!("{e}"));
                }
            });
        }
    });
    eprintln!("{count} designs: no difference");
}

#[test]
fn chains_in_cpp_are_the_simulator() {
    all(chains().step_by(2));
}

/// Is a map of currents read after another one was written to the same words of the other memory?
fn needs_both_memories(s: &Shared) -> bool {
    let kept = |job: &Job| match &job.work {
        Work::Sum(sum) => match sum.then {
            Then::Maps { keep, .. } => keep,
            Then::Readout => None,
        },
        Work::Or { .. } => None,
    };
    let reads = |job: &Job, map: usize| {
        let adds = matches!(&job.work, Work::Sum(sum) if sum.add == Some(map));
        adds || matches!(job.source, Source::Currents(m, _) if m == map)
    };
    let words = |map: usize| {
        let m = &s.currents[map];
        (m.bank, m.base..m.base + m.depth(s.width))
    };
    let meet = |a: usize, b: usize| {
        let ((a, one), (b, other)) = (words(a), words(b));
        a != b && one.start < other.end && other.start < one.end
    };
    s.jobs.iter().enumerate().filter_map(|(j, job)| Some((j, kept(job)?))).any(|(j, new)| {
        let (before, after) = (&s.jobs[..j], &s.jobs[j + 1..]);
        let mut old = before.iter().filter_map(kept);
        old.any(|old| meet(old, new) && after.iter().any(|job| reads(job, old)))
    })
}

#[test]
fn processors_in_cpp_are_the_simulator() {
    // What not every design has: several windows of currents, each of several places; a map of
    // currents in the one memory that is needed after a map went to the same place of the other.
    let gathers = |case: &Case| {
        let shared = case.design.shared.iter().flat_map(|s| &s.jobs);
        let mut sources = shared.map(|job| (&job.source, job.positions()));
        sources.any(|(s, n)| matches!(s, Source::Currents(_, g) if n > 1 && g.window != [1, 1]))
    };
    let drawn_or_lowered = || (0..60).filter_map(lowered).chain((5..60).map(drawn));
    let both = |case: &Case| case.design.shared.iter().any(needs_both_memories);
    // Membranes that reset late, and those that a reset has left.
    let resets = |wanted: fn(&Resets) -> bool| {
        move |case: &Case| {
            let shared = case.design.shared.as_ref();
            let leaks = |job: &Job| match &job.work {
                Work::Sum(sum) => sum.leak,
                Work::Or { .. } => None,
            };
            shared.is_some_and(|s| {
                let mut used = s.jobs.iter().filter_map(leaks);
                used.any(|leak| s.leaks[leak].resets.as_ref().is_some_and(wanted))
            })
        }
    };
    let chosen: Vec<Case> = drawn_or_lowered()
        .filter(gathers)
        .take(2)
        .chain(drawn_or_lowered().filter(both).take(3))
        .chain(drawn_or_lowered().filter(resets(|r| r.reset == Reset::SoftDelayed)).take(1))
        .chain(drawn_or_lowered().filter(resets(|r| r.after)).take(2))
        .collect();
    assert_eq!(chosen.len(), 8, "no design gathers, none needs both memories, or none resets");
    all((1..=4).map(drawn).chain((0..4).filter_map(lowered)).chain(chosen));
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn three_hundred_designs_in_cpp_are_the_simulator() {
    let more = cases::drawn(100).enumerate().map(|(i, c)| chain(100 + i, c));
    let processors = (6..=100).map(drawn).chain((6..140).filter_map(lowered));
    all(chains().chain(more).chain(processors));
}

/// Does a job add a map that does not begin its memory? Few networks have one.
fn adds_further_on(case: &Case) -> bool {
    case.design.shared.iter().any(|s| {
        s.jobs.iter().any(|job| match &job.work {
            Work::Sum(sum) => sum.add.is_some_and(|m| s.currents[m].base > 0),
            Work::Or { .. } => false,
        })
    })
}

/// Each of these has to be noticed on one of the designs.
fn noticed<'f>(faults: impl Iterator<Item = &'f Fault>) {
    let Some(toolbox) = tools(&[Tool::Cxx]) else { return };
    for fault in faults {
        let cases: Box<dyn Iterator<Item = Case>> = match fault.on {
            On::Chain(first) => Box::new(chains().skip(first).chain(chains().take(first))),
            On::Processor => {
                let all = || (0..2000).filter_map(lowered).chain((60..600).map(drawn));
                let rare = all().filter(adds_further_on).take(4);
                Box::new((1..60).map(drawn).chain((0..60).filter_map(lowered)).chain(rare))
            }
        };
        let shown = cases.map(|case| {
            let dir = tempfile::tempdir().unwrap();
            case.check(&toolbox, dir.path(), Some(fault))
        });
        let said = shown.into_iter().find_map(Result::err);
        assert!(said.is_some(), "{}: `{}` is not noticed", fault.file, fault.from);
        eprintln!("{}: `{}`: {}", fault.file, fault.from, said.unwrap_or_default());
    }
}

#[test]
fn some_faults_in_the_kernels_are_noticed() {
    noticed(FAULTS.iter().step_by(4));
}

#[test]
#[ignore = "a minute; part of the nightly run"]
fn all_faults_in_the_kernels_are_noticed() {
    noticed(FAULTS.iter());
}

/// Names that end a comment, or that a compiler takes for an instruction.
#[test]
fn a_name_is_no_code() {
    let Some(toolbox) = tools(&[Tool::Cxx]) else { return };
    for (mut case, name) in chains().take(1).chain([drawn(1)]).zip(["*/ #error \\", "a\n#error"]) {
        name.clone_into(&mut case.design.name);
        if let Some(shared) = &mut case.design.shared {
            shared.jobs.iter_mut().for_each(|j| name.clone_into(&mut j.name));
        }
        let dir = tempfile::tempdir().unwrap();
        case.check(&toolbox, dir.path(), None).unwrap_or_else(|e| panic!("{e}"));
    }
}
