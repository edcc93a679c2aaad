// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A line of processors: random networks with every number of lanes, and students of the forms that
//! people train, interp = sim = RTL with all cycles.

use std::collections::BTreeMap;

use synfire::flow::Tool;
use synfire::hw::shared::{Sums, Work};
use synfire::hw::{self, Mapping, Options};
use synfire::ir::Graph;
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};

use super::common::big_target;
use super::common::rng::Rng;
use super::networks::network;
use super::students::{events, residual, vgg};
use super::tools::tools;
use super::{Case, Fault, all};

/// A network on a line, with lanes drawn for each layer; none if no line takes it.
fn drawn(seed: u64, tight: bool) -> Option<Case> {
    let graph = network(seed, 3 + (seed % 12) as usize);
    let shared = Options { mapping: Mapping::Shared, ..Options::default() };
    let (one, _) = hw::lower(&graph, &big_target(), &shared).ok()?;
    let mut rng = Rng(seed ^ 0x6c69_6e65);
    let mut lanes = |name| (name, rng.pick(&[1, 2, 3, 4, 5, 8, 16]));
    let lanes = one.shared?.jobs.into_iter().map(|j| lanes(j.name)).collect();
    let mut case = on_line(&format!("line {seed}"), graph, lanes, seed)?;
    // Weights of several planes: plane by plane, or all of them at once.
    for job in &mut case.design.shared.as_mut()?.jobs {
        if let Work::Sum(sum) = &mut job.work {
            sum.products = sum.planes > 1 && rng.one_in(2);
        }
    }
    if tight {
        tighten(&mut case);
    }
    Some(case)
}

/// Gives currents the smallest rings with which no job waits for ever, smaller than those that the
/// compiler takes.
fn tighten(case: &mut Case) {
    let count = case.design.shared.as_ref().unwrap().jobs.len();
    for index in 0..count {
        let shared = case.design.shared.as_ref().unwrap();
        let Some(map) = shared.jobs[index].keeps() else { continue };
        let whole = shared.currents[map].depth(shared.width);
        let mut words = shared.current_row(map).next_power_of_two();
        loop {
            let own = case.design.shared.as_mut().unwrap().jobs[index].own.as_mut().unwrap();
            own.ring = (words < whole).then_some(words);
            let sim = Sim::new(&case.design);
            if words >= whole || sim.run(&case.images[0], &[], &mut NoProbe).is_ok() {
                break;
            }
            words *= 2;
        }
    }
}

/// Jobs of the cases that add products: of numbers, of spikes, of how many spikes there are.
fn products(cases: &[Case]) -> [usize; 3] {
    let mut found = [0; 3];
    for shared in cases.iter().filter_map(|case| case.design.shared.as_ref()) {
        for job in &shared.jobs {
            match &job.work {
                Work::Sum(sum) if sum.products && shared.multiplies(job) => found[0] += 1,
                Work::Sum(sum) if sum.products && sum.sums != Sums::Total => found[1] += 1,
                Work::Sum(sum) if sum.products => found[2] += 1,
                _ => {}
            }
        }
    }
    found
}

/// Is there a writer that waits for room?
fn waits(case: &Case) -> bool {
    let shared = case.design.shared.as_ref().unwrap();
    (0..shared.jobs.len()).any(|job| !shared.rooms(job).is_empty())
}

fn on_line(name: &str, graph: Graph, lanes: BTreeMap<String, u32>, seed: u64) -> Option<Case> {
    let options = Options { mapping: Mapping::Pipeline, lanes, ..Options::default() };
    let (design, _) = hw::lower(&graph, &big_target(), &options).ok()?;
    design.shared.as_ref().filter(|s| s.is_line())?;
    let (mut rng, bits) = (Rng(seed), design.input.bits);
    let mut level = |_| if rng.one_in(3) { 0 } else { rng.below(1 << bits) as u8 };
    let images = (0..3).map(|_| (0..design.input_values()).map(&mut level).collect()).collect();
    Some(Case { name: name.to_owned(), graph: Some(graph), design, images })
}

/// A student in integers, on one processor and on a line.
fn student(name: &str, mut graph: Graph) -> Vec<Case> {
    pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
    let line = on_line(name, graph.clone(), BTreeMap::new(), 7).unwrap();
    let options = Options { mapping: Mapping::Shared, ..Options::default() };
    let (design, _) = hw::lower(&graph, &big_target(), &options).unwrap();
    let images = line.images.clone();
    vec![Case { name: format!("{name}, one"), graph: Some(graph), design, images }, line]
}

#[test]
fn the_line_is_the_simulator() {
    let mut cases: Vec<Case> = (0..12).filter_map(|seed| drawn(seed, false)).collect();
    cases.extend((12..400).filter_map(|seed| drawn(seed, true)).filter(waits).take(4));
    let jobs = |c: &Case| c.design.shared.as_ref().unwrap().jobs.len();
    assert!(cases.len() > 8 && cases.iter().any(|c| jobs(c) > 4), "{} cases", cases.len());
    let rings = cases.iter().filter(|c| waits(c)).count();
    assert!(rings > 3, "{rings} cases with rings");
    let products = products(&cases);
    assert!(products.iter().all(|n| *n > 0), "{products:?} jobs with whole weights");
    if let Some(n) = all(cases) {
        eprintln!("{n} lines: no difference");
    }
}

#[test]
#[ignore = "ten minutes; part of the nightly run"]
fn a_hundred_lines() {
    let cases: Vec<Case> = (14..190).filter_map(|seed| drawn(seed, true)).collect();
    assert!(cases.len() > 100, "{} cases", cases.len());
    if let Some(n) = all(cases) {
        eprintln!("{n} lines: no difference");
    }
}

/// A residual network with hard resets, one of convolutions and pools, one of events that change
/// over 16 timesteps.
#[test]
#[ignore = "minutes; part of the nightly run"]
fn students_in_both_mappings() {
    let students = [("residual", residual()), ("vgg", vgg()), ("events", events())];
    let cases: Vec<Case> = students.into_iter().flat_map(|(name, g)| student(name, g)).collect();
    // A later layer begins while an earlier one is at work: the line takes half of the cycles.
    for pair in cases.chunks(2).take(2) {
        let cycles = |c: &Case| {
            let sim = Sim::new(&c.design);
            sim.run(&c.images[0], &[], &mut NoProbe).unwrap().activity.cycles
        };
        assert!(2 * cycles(&pair[1]) < cycles(&pair[0]), "{}", pair[1].name);
    }
    all(cases);
}

/// A row too early, of any kind of map; the wrong loop; currents in another order. That a ring has
/// room is proved (`hdl/formal_shared.toml`).
const FAULTS: &[Fault] = &[
    ("sf_rows.v", "assign hold_o = have_q < need_q;", "assign hold_o = have_q + 1'b1 < need_q;"),
    ("sf_fetch.v", "assign row_o     = next & ends[ROW];", "assign row_o     = next & ends[3];"),
    (
        "sf_lanes.v",
        "weight = w_data_i[l*WHOLE +: WHOLE];",
        "weight = w_data_i[(P-1-l)*WHOLE +: WHOLE];",
    ),
    (
        "sf_handed.v",
        "else if (we_i) waddr_q <= waddr_q + 1'b1;",
        "else if (we_i) waddr_q <= waddr_q + 1'b1 + 1'b1;",
    ),
];

#[test]
fn faults_of_the_line_are_noticed() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    for fault in FAULTS {
        // Without rings, in which jobs with a fault may wait for each other for ever.
        let noticed = (0..40).filter_map(|seed| drawn(seed, false)).any(|case| {
            let shared = case.design.shared.as_ref().unwrap();
            // Rows to wait for, and a map of currents.
            let shows = shared.jobs.iter().any(|j| j.out[1] > 2) && !shared.currents.is_empty();
            let dir = tempfile::tempdir().unwrap();
            let said = |e: String| !e.contains("verilator failed");
            shows && case.check(&toolbox, dir.path(), Some(fault)).err().is_some_and(said)
        });
        assert!(noticed, "{fault:?}");
    }
}
