// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The Verilog of the shared mapping fires the simulator's spikes in the simulator's cycles: on
//! random designs of every combination of jobs, and on random networks that are lowered, where
//! the interpreter agrees, too. The designs are the same in every run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod line;
#[path = "../lower_shared/networks.rs"]
mod networks;
// The tests of costs use the rest.
#[allow(dead_code)]
#[path = "../cost/networks.rs"]
mod students;
#[path = "../common/tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::path::Path;

use synfire::emit::{self, RTL_DIR};
use synfire::flow::{Tool, Toolbox};
use synfire::hw::shared::{Job, Then, Work};
use synfire::hw::{self, Design, Mapping, Options};
use synfire::ir::Graph;
use synfire::verify::{
    Executor, InterpExecutor, Outcome, RtlExecutor, Scope, SimExecutor, compare,
};

use common::rng::Rng;
use common::{big_target, shared};
use networks::{network, over, recurrent};
use tools::tools;

/// A design, its graph if it comes from one, and inputs.
struct Case {
    name: String,
    graph: Option<Graph>,
    design: Design,
    images: Vec<Vec<u8>>,
}

/// A design drawn job by job.
fn drawn(seed: u64) -> Case {
    chunked(seed, 1)
}

/// The same with timesteps in so many chunks.
fn chunked(seed: u64, chunks: u32) -> Case {
    let design = shared::chunked(seed, chunks);
    let images = (0..3).map(|k| shared::input(&design, seed * 100 + k)).collect();
    Case { name: format!("design {seed}, {} chunks", design.chunks()), graph: None, design, images }
}

/// A network that is lowered; none if the processor does not take it.
fn lowered(seed: u64) -> Option<Case> {
    built(seed, network(seed, 3 + (seed % 12) as usize), None)
}

/// A network over many timesteps, or over a few in chunks; none if the processor does not take it.
fn long(seed: u64) -> Option<Case> {
    let timesteps = [6, 12, 40, 64, 100, 128][(seed % 6) as usize];
    let graph = over(seed, 3 + (seed % 7) as usize, &[timesteps]);
    let chunk = [None, Some(1), Some(2), Some(4)][(seed / 6 % 4) as usize];
    built(seed, graph, chunk)
}

/// A network whose first neurons see their own spikes; none if the processor does not take it.
fn returning(seed: u64) -> Option<Case> {
    built(seed, recurrent(seed, (seed % 5) as usize, &[3, 4, 12, 40]), None)
}

fn built(seed: u64, graph: Graph, chunk: Option<u32>) -> Option<Case> {
    let lanes = [1, 2, 4, 8, 5, 16][(seed % 6) as usize];
    let lanes = [("shared".to_owned(), lanes)].into();
    // Without trace all chunks share one part of the train memory.
    let no_trace = seed % 5 == 3;
    let mapping = Mapping::Shared;
    let options = Options { mapping, lanes, chunk, no_trace, ..Options::default() };
    let (design, _) = hw::lower(&graph, &big_target(), &options).ok()?;
    let mut rng = Rng(seed);
    let bits = design.input.bits;
    let mut level = |_| if rng.one_in(3) { 0 } else { rng.below(1 << bits) as u8 };
    let images = (0..3).map(|_| (0..design.input_values()).map(&mut level).collect()).collect();
    Some(Case {
        name: format!("network {seed}, {} timesteps", design.timesteps),
        graph: Some(graph),
        design,
        images,
    })
}

/// The first difference, in words.
fn equal(what: &str, expected: &[Outcome], found: &[Outcome], scope: Scope) -> Result<(), String> {
    match compare(expected.len(), expected, found, scope).1 {
        None => Ok(()),
        Some(d) => Err(format!("{what}: image {}: {}", d.image, d.what)),
    }
}

impl Case {
    fn check(&self, toolbox: &Toolbox, dir: &Path, fault: Option<&Fault>) -> Result<(), String> {
        for file in emit::emit(&self.design, &big_target()).unwrap() {
            let path = dir.join(&file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.contents).unwrap();
        }
        let rtl = dir.join(RTL_DIR);
        if let Some((module, find, replace)) = fault {
            let text = std::fs::read_to_string(rtl.join(module)).unwrap();
            assert_eq!(text.matches(find).count(), 1, "{module}: {find}");
            // What a fault no longer reads is no reason not to try it, also behind a place where
            // the module allows it itself.
            let faulty = text.replace(find, replace);
            let faulty = faulty.replace("/* verilator lint_on UNUSEDSIGNAL */", "");
            let faulty = format!("/* verilator lint_off UNUSED */\n{faulty}");
            std::fs::write(rtl.join(module), faulty).unwrap();
        }
        let images: Vec<&[u8]> = self.images.iter().map(Vec::as_slice).collect();
        let run = |level: &mut dyn Executor| level.run(&images).map_err(|d| d.to_string());
        let (spikes, cycles) = (Scope::spikes(&self.design), Scope::cycles(&self.design));
        let sim = run(&mut SimExecutor::new(&self.design, Vec::new()))?;
        if let Some(graph) = &self.graph {
            let interp = run(&mut InterpExecutor::new(graph).unwrap().like(&self.design))?;
            equal("interp = sim", &interp, &sim, spikes)?;
        }
        let core =
            RtlExecutor::build_for_few(toolbox, &self.design, &rtl, &dir.join("work"), Vec::new());
        let mut core =
            core.map_err(|d| d.to_string())?.with_weights(emit::load_image(&self.design));
        equal("sim = rtl", &sim, &run(&mut core)?, cycles)?;
        equal("with pauses", &sim, &run(&mut core.with_pauses())?, spikes)
    }
}

/// Runs all cases on two threads; how many were compared.
fn all(cases: Vec<Case>) -> Option<usize> {
    let toolbox = tools(&[Tool::Verilator, Tool::Cxx])?;
    let count = cases.len();
    let half = count.div_ceil(2);
    let mut cases = cases;
    let rest = cases.split_off(half.min(count));
    std::thread::scope(|scope| {
        for part in [cases, rest] {
            let toolbox = &toolbox;
            scope.spawn(move || {
                for case in part {
                    let dir = tempfile::tempdir().unwrap();
                    case.check(toolbox, dir.path(), None)
                        .unwrap_or_else(|e| panic!("{}: {e}", case.name));
                }
            });
        }
    });
    Some(count)
}

#[test]
fn the_processor_is_the_simulator() {
    // Membranes that reset: read out, kept or charging others, before the reset and after it.
    let resets = |case: &Case| {
        let shared = case.design.shared.as_ref().unwrap();
        let given = |job: &Job| match &job.work {
            Work::Sum(sum) => {
                let resets = shared.leaks.get(sum.leak?)?.resets?;
                Some((resets.after, matches!(sum.then, Then::Readout)))
            }
            Work::Or { .. } => None,
        };
        shared.jobs.iter().filter_map(given).collect::<BTreeSet<_>>()
    };
    let cases: Vec<Case> = (1..=5)
        .map(drawn)
        .chain((7..=11).map(|seed| chunked(seed, 2 + (seed % 3) as u32)))
        .chain((0..15).filter_map(lowered))
        .chain((0..7).filter_map(long))
        .chain((0..7).filter_map(returning))
        .chain((12..60).map(drawn).filter(|c| resets(c).contains(&(true, false))).take(1))
        .collect();
    assert!(cases.len() > 32, "{} cases", cases.len());
    // Two leaks in one of them, and a state that is kept between chunks.
    let leaks = |case: &Case| {
        let jobs = &case.design.shared.as_ref().unwrap().jobs;
        let leak = |job: &Job| if let Work::Sum(sum) = &job.work { sum.leak } else { None };
        jobs.iter().filter_map(leak).collect::<BTreeSet<usize>>()
    };
    assert!(cases.iter().any(|c| leaks(c).len() > 1), "two leaks");
    assert!(
        cases.iter().any(|c| c.design.chunks() > 1 && !leaks(c).is_empty()),
        "a leak in chunks"
    );
    let seen: BTreeSet<_> = cases.iter().flat_map(&resets).collect();
    assert_eq!(seen.len(), 4, "{seen:?}");
    if let Some(n) = all(cases) {
        eprintln!("{n} designs: no difference");
    }
}

#[test]
#[ignore = "an hour; part of the nightly run"]
fn five_hundred_designs_of_the_processor() {
    let cases: Vec<Case> = (6..=150)
        .map(drawn)
        .chain((201..=260).map(|seed| chunked(seed, 2 + (seed % 4) as u32)))
        .chain((15..430).filter_map(lowered))
        .chain((7..100).filter_map(long))
        .chain((7..80).filter_map(returning))
        .collect();
    assert!(cases.len() > 600, "{} cases", cases.len());
    if let Some(n) = all(cases) {
        eprintln!("{n} designs: no difference");
    }
}

/// Module, what is found once in it, what is put there.
type Fault = (&'static str, &'static str, &'static str);

/// What a comparison has to notice: an address of a map, the alignment of an added map, a
/// counter of the walk, a gain, the sign of a plane, a frame that is left out.
const FAULTS: &[Fault] = &[
    ("sf_train_write.v", "+ (row_end ? gap_i", "+ (1'b0 ? gap_i"),
    (
        "sf_currents.v",
        "if (start_i) r_addr_q <= r_base_i;",
        "if (start_i) r_addr_q <= r_base_i + 1'b1;",
    ),
    ("sf_walk.v", "at_end[k] ? {CW{1'b0}} : at_q[k*CW +: CW] + 1'b1", "at_q[k*CW +: CW] + 1'b1"),
    ("sf_tail.v", "(m_first_q ? offset : above) + part", "(m_first_q ? offset : above) - part"),
    ("sf_tail.v", "assign level = level_h_q;", "assign level = level_a_q;"),
    ("sf_integrator.v", "(Reset == 2'd1 && reached) ? leaked - theta", "1'b0 ? leaked - theta"),
    ("sf_tail.v", "assign spike   = spikes[kind_i];", "assign spike   = spikes[~kind_i];"),
    ("sf_lanes.v", "scaled[j*AW +: AW] ^ {AW{minus1_q}}", "scaled[j*AW +: AW]"),
    (
        "sf_lanes.v",
        "          assign held[j*(AW+1) + AW]    = once;",
        "          assign held[j*(AW+1) + AW]    = 1'b0;",
    ),
    ("sf_lanes.v", "rest_q <= again_i ? y : {(YW+1){1'b0}};", "rest_q <= y;"),
    ("sf_emit.v", "assign spike = count_i ? spikes :", "assign spike = 1'b0 ? spikes :"),
    ("sf_emit.v", "fresh_q ? row_i :", "1'b0 ? row_i :"),
];

#[test]
fn faults_of_the_processor_are_noticed() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    for fault in FAULTS {
        // Between them these show every one of them: each other design takes a build.
        let first = [1, 9, 8, 63];
        let seeds = first.into_iter().chain((2..60).filter(|seed| !first.contains(seed)));
        let noticed = seeds.map(drawn).any(|case| {
            let jobs = &case.design.shared.as_ref().unwrap().jobs;
            let shows = jobs.len() > 2;
            let dir = tempfile::tempdir().unwrap();
            // Verilog that is not accepted shows nothing.
            let said = |e: String| !e.contains("verilator failed");
            shows && case.check(&toolbox, dir.path(), Some(fault)).err().is_some_and(said)
        });
        assert!(noticed, "{fault:?}");
    }
}
