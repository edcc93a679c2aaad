// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A line of processors: which rows wait for which, rings, lanes, what it refuses.

use super::super::line::products;
use super::{Net, residual, two_readers};
use crate::hw::shared::{Need, Room, Shared, Source, Stored, Work, parameters_in};
use crate::hw::{Design, Estimate, Mapping, MemoryKind, Options, Place, lower};
use crate::ir::{Graph, PoolKind};
use crate::target::{self, Family, Target};

fn pipeline() -> Options {
    Options { mapping: Mapping::Pipeline, ..Options::default() }
}

/// An ECP5 has room for all lanes.
fn large() -> Target {
    target::load("ecp5-25f").unwrap()
}

fn line(graph: &Graph) -> (Shared, Design, Estimate) {
    let (design, estimate) = lower(graph, &large(), &pipeline()).unwrap();
    (design.shared.clone().unwrap(), design, estimate)
}

/// `stem`, `conv1`, `conv2` and `short` in their order, `conv3`, `head`.
fn jobs(shared: &Shared) -> Vec<&str> {
    shared.jobs.iter().map(|j| &*j.name).collect()
}

fn index(shared: &Shared, job: &str) -> usize {
    shared.jobs.iter().position(|j| j.name == job).unwrap()
}

#[test]
fn rows_wait_for_the_rows_that_their_windows_see() {
    let (s, ..) = line(&residual());
    let needs = |job: &str| s.needs(index(&s, job));
    let of = |map, rows, first, step| Need { map, rows, first, step };
    // The input's rows, as they come; 3×3 with a row of padding over 8 rows; and the currents that are added.
    let (t, c) = (Stored::Trains, Stored::Currents);
    assert_eq!(needs("stem"), [of(Stored::Input, 8, 2, 1)]);
    assert_eq!(needs("conv1"), [of(t(0), 8, 2, 1), of(c(0), 8, 1, 1)]);
    // Every second row; `short` sums up two rows of currents.
    let kept = |job: &str| s.jobs[index(&s, job)].keeps().unwrap();
    assert_eq!(needs("short"), [of(c(kept("conv1")), 8, 2, 2)]);
    assert_eq!(needs("conv2"), [of(t(1), 8, 2, 2), of(c(kept("short")), 4, 1, 1)]);
    // The head's one window sees all rows, and waits for one after the other.
    let head = index(&s, "head");
    assert!(s.is_whole(&s.jobs[head]) && !s.is_whole(&s.jobs[0]));
    assert_eq!((s.steps(&s.jobs[head]), s.steps(&s.jobs[0])), (4, 8));
    assert_eq!(needs("head"), [of(t(3), 4, 1, 1)]);
    let need = needs("conv1")[0];
    assert_eq!([0, 5, 6, 7].map(|row| need.at(row, false)), [2, 7, 8, 8]);
    assert_eq!(needs("conv2")[0].at(3, true), 8, "the last row needs all");
}

/// A frame of more rows than a window has: no row is needed at first.
#[test]
fn what_a_window_sees_of_a_frame_needs_no_row() {
    let (mut s, ..) = line(&residual());
    let job = index(&s, "conv1");
    let Work::Sum(sum) = &mut s.jobs[job].work else { panic!("conv1 is a sum job") };
    sum.padding = [4, 1];
    assert_eq!(s.needs(job)[0].first, 0);
}

#[test]
fn pools_wait_for_their_windows() {
    let mut n = Net::new(2, &[1, 7, 7]);
    n.conv("c", "in", (4, 3, 1), &[1, -1]);
    n.lif("n", "c", 9);
    n.pool("p", "n", PoolKind::Max, 2);
    n.flatten("flat", "p");
    n.linear("head", "flat", 3, &[1, -1, -1]);
    n.read("head");
    let (s, ..) = line(&n.0);
    let pool = index(&s, "p");
    let need = Need { map: Stored::Trains(0), rows: 7, first: 2, step: 2 };
    assert_eq!(s.needs(pool), [need]);
    // No window sees the last row, and the last window waits for it.
    assert_eq!([need.at(2, false), need.at(2, true)], [6, 7]);
    assert_eq!(s.writer(Stored::Trains(1)), Some(pool));
    assert!(s.rooms(pool).is_empty());
}

/// Currents of 4 channels and 8 columns over 2 timesteps: 64 words a row. `conv1` adds a row while
/// the stem is two rows further; one row more, and 3 · 64 become 256 words, four rows.
#[test]
fn currents_lie_in_rings_of_few_rows() {
    let (s, _, estimate) = line(&residual());
    let (stem, conv1, short) = (index(&s, "stem"), index(&s, "conv1"), index(&s, "short"));
    assert_eq!(s.current_row(0), 64);
    assert_eq!((s.jobs[stem].own.unwrap().ring, s.current_words(0)), (Some(256), 256));
    assert_eq!(s.rooms(stem), [Room { user: conv1, rows: 8, start: 4, each: 1 }]);
    // `short` gathers two rows at once: two rows and two more.
    assert_eq!(s.jobs[conv1].own.unwrap().ring, Some(256));
    assert_eq!(s.rooms(conv1), [Room { user: short, rows: 8, start: 4, each: 2 }]);
    let room = s.rooms(conv1)[0];
    assert_eq!([3, 4, 5, 6, 7].map(|row| room.at(row)), [0, 1, 1, 2, 2]);
    // Of four rows of 8 channels and 4 columns none is left out of a power of two.
    assert!(s.jobs[short].own.unwrap().ring.is_none_or(|r| r < 4 * 64));
    let depths: Vec<_> = estimate
        .memories
        .iter()
        .filter(|m| m.kind == MemoryKind::Currents && m.stage == stem)
        .map(|m| m.depth)
        .collect();
    assert_eq!(depths, [256]);
}

#[test]
fn jobs_that_wait_for_each_other_are_found() {
    let (mut s, ..) = line(&residual());
    let done = s.schedule(0, |_| 1).unwrap();
    let steps: Vec<_> = s.jobs.iter().map(|j| s.steps(j) as usize).collect();
    assert_eq!(done.iter().map(Vec::len).collect::<Vec<_>>(), steps);
    // `conv1` needs two rows of trains, and the stem has room for the currents of one.
    let stem = index(&s, "stem");
    s.jobs[stem].own.as_mut().unwrap().ring = Some(64);
    assert_eq!(s.schedule(0, |_| 1), None);
    s.jobs[stem].own.as_mut().unwrap().ring = Some(128);
    assert!(s.schedule(0, |_| 1).is_some());
}

/// One step of the stem a cycle: `conv1` follows two rows behind, a row a cycle, with the last two
/// ones when all rows are there.
#[test]
fn a_step_follows_the_one_before_and_what_it_needs() {
    let (s, ..) = line(&residual());
    let done = s.schedule(0, |_| 1).unwrap();
    assert_eq!(done[index(&s, "stem")], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(done[index(&s, "conv1")], [3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(done[index(&s, "short")], [5, 7, 9, 11]);
}

/// A dense layer behind a map reads it row by row, and its result is one row: what follows waits for
/// its last step.
#[test]
fn the_result_of_a_whole_window_is_one_row() {
    let mut n = Net::new(2, &[1, 6, 6]);
    n.conv("c", "in", (4, 3, 1), &[1, -1]);
    n.lif("n", "c", 9);
    n.flatten("flat", "n");
    n.linear("fc", "flat", 5, &[1, -1, -1]);
    n.lif("m", "fc", 9);
    n.linear("head", "m", 3, &[1, -1, -1]);
    n.read("head");
    let (s, ..) = line(&n.0);
    let done = s.schedule(0, |_| 1).unwrap();
    let of = |job: &str| &done[index(&s, job)];
    assert_eq!((of("fc"), of("head")), (&vec![2, 3, 4, 5, 6, 7], &vec![8]));
}

/// Each job has its own widths; the widest are those of the one processor.
#[test]
fn processors_have_widths_of_their_own() {
    let (s, ..) = line(&residual());
    let shared = Options { mapping: Mapping::Shared, ..Options::default() };
    let one = lower(&residual(), &large(), &shared).unwrap().0.shared.unwrap();
    assert_eq!(jobs(&s), jobs(&one));
    let own: Vec<_> = s.jobs.iter().map(|j| j.own.unwrap()).collect();
    assert!(own.iter().any(|o| o.acc_bits < one.acc_bits));
    assert_eq!(own.iter().map(|o| o.acc_bits).max(), Some(one.acc_bits));
    assert_eq!(own.iter().map(|o| o.membrane_bits).max(), Some(one.membrane_bits));
    let engine = s.engine(&s.jobs[1]);
    assert_eq!((engine.jobs.len(), engine.lanes), (1, own[1].lanes));
    assert_eq!(engine.acc_bits, own[1].acc_bits);
    assert!(!engine.is_line() && engine.trains.iter().all(|m| m.base == 0));
}

/// With room for all, each job has a lane for each channel; with less, the slowest has most.
#[test]
fn the_slowest_job_gets_lanes_first() {
    let (s, design, estimate) = line(&residual());
    let lanes: Vec<_> = s.jobs.iter().map(|j| s.lanes_of(j)).collect();
    assert_eq!(lanes, s.jobs.iter().map(|j| j.out[0]).collect::<Vec<_>>());
    let fewer = Options { cells: Some(estimate.cells * 9 / 10), ..pipeline() };
    let (less, smaller) = lower(&residual(), &large(), &fewer).unwrap();
    assert!(smaller.cells <= estimate.cells * 9 / 10 && smaller.cycles >= estimate.cycles);
    let less = less.shared.unwrap();
    // Only what is not the slowest has fewer.
    let slowest = |s: &Shared| {
        (0..s.jobs.len()).max_by_key(|&j| estimate.stage_cycles[j]).map(|j| s.lanes_of(&s.jobs[j]))
    };
    assert_eq!(slowest(&less), slowest(&s));
    assert!(design.stages.is_empty());
}

#[test]
fn lanes_are_named_by_their_layers() {
    let lanes = [("conv1".to_owned(), 3), ("head".to_owned(), 2)].into();
    let options = Options { lanes, ..pipeline() };
    let s = lower(&residual(), &large(), &options).unwrap().0.shared.unwrap();
    let of = |job: &str| s.lanes_of(&s.jobs[index(&s, job)]);
    assert_eq!((of("conv1"), of("head"), of("stem")), (3, 2, 4));
    let lanes = [("shared".to_owned(), 3)].into();
    let d = lower(&residual(), &large(), &Options { lanes, ..pipeline() }).unwrap_err();
    assert_eq!(d.code.id, "SF0003", "{d}");
    assert!(d.help.unwrap().contains("conv1"));
}

/// A memory for each who reads a map: `conv1` is kept for `short`, fires for `conv2`.
#[test]
fn maps_have_a_memory_for_each_reader() {
    let (s, _, estimate) = line(&residual());
    let count = |kind, job: &str| {
        let stage = index(&s, job);
        estimate.memories.iter().filter(|m| m.kind == kind && m.stage == stage).count()
    };
    assert_eq!((count(MemoryKind::Trains, "conv1"), count(MemoryKind::Currents, "conv1")), (1, 1));
    assert_eq!((count(MemoryKind::Levels, "stem"), count(MemoryKind::Levels, "conv1")), (1, 0));
    assert_eq!(count(MemoryKind::Weights, "head"), 1);
    let source = s.jobs[index(&s, "conv2")].source;
    assert_eq!(source, Source::Trains(1));
    assert_eq!(s.readers(1).collect::<Vec<_>>(), [index(&s, "conv2")]);
    assert_eq!(s.users(0).count(), 1);
    let (_, _, estimate) = line(&two_readers());
    let of = |m: &&crate::hw::Memory| (m.kind, m.stage) == (MemoryKind::Trains, 0);
    assert_eq!(estimate.memories.iter().filter(of).count(), 2);
}

/// Where a multiplier is behind them, the parameters of 64 channels lie in look-up tables; those of
/// more, and of a device without multipliers, in block RAM.
#[test]
fn few_parameters_lie_in_tables() {
    assert_eq!(parameters_in(64, Family::Ecp5), Place::Luts);
    assert_eq!(parameters_in(65, Family::Ecp5), Place::BlockRam);
    assert_eq!(parameters_in(1, Family::Ice40), Place::BlockRam);
    let (.., estimate) = line(&residual());
    let of = |kind, place| {
        let all = estimate.memories.iter().filter(|m| m.kind == kind);
        (all.clone().filter(|m| m.place == place).count(), all.count())
    };
    let (tables, all) = of(MemoryKind::Parameters, Place::Luts);
    assert!(tables == all && all > 6, "{tables} of {all}");
    let (blocks, all) = of(MemoryKind::Weights, Place::BlockRam);
    assert_eq!((blocks, all), (6, 6));
}

#[test]
fn what_no_line_takes_is_refused() {
    let refused = |graph: &Graph, options: Options| {
        let d = lower(graph, &large(), &options).unwrap_err();
        assert_eq!(d.code.id, "SF0410", "{d}");
        d.message
    };
    let chunk = Options { chunk: Some(1), ..pipeline() };
    assert!(refused(&residual(), chunk).contains("all timesteps at once"));
    // No layer fires.
    let mut n = Net::new(2, &[6]);
    n.linear("head", "in", 3, &[1, 2, -1]);
    n.read("head");
    let said = refused(&n.0, pipeline());
    assert!(said.contains("no layer fires"), "{said}");
    let mut n = super::jobs::recurrent(1, true);
    n.read("head");
    assert!(refused(&n.0, pipeline()).contains("spikes come back later"));
}

/// What has no room says what is too much, and that one processor may have.
#[test]
fn what_does_not_fit_says_what_is_too_much() {
    let small = target::load("icebreaker").unwrap();
    let mut n = Net::new(2, &[1, 28, 28]);
    n.conv("c1", "in", (16, 3, 1), &[1, -1]);
    n.lif("n1", "c1", 9);
    n.conv("c2", "n1", (64, 3, 2), &[1, -1]);
    n.lif("n2", "c2", 9);
    n.flatten("flat", "n2");
    n.linear("head", "flat", 10, &[1, -1, -1]);
    n.read("head");
    let d = lower(&n.0, &small, &pipeline()).unwrap_err();
    assert_eq!(d.code.id, "SF0411", "{d}");
    assert!(d.message.contains("3 jobs") && d.message.contains("too many"), "{d}");
    assert!(d.help.unwrap().contains("--mapping shared"));
}

/// Two rows of four, two rows more: a ring would be no smaller than the map, and there is none.
#[test]
fn a_ring_is_smaller_than_its_map() {
    let (s, ..) = line(&residual());
    for (index, job) in s.jobs.iter().enumerate() {
        let Some((map, own)) = job.keeps().zip(job.own) else { continue };
        let whole = s.currents[map].depth(s.width);
        assert!(own.ring.is_none_or(|ring| ring.is_power_of_two() && ring < whole), "{}", job.name);
        assert_eq!(own.ring.is_none(), s.rooms(index).is_empty(), "{}", job.name);
    }
    let short = s.jobs[index(&s, "short")].own.unwrap();
    assert_eq!(short.ring, Some(128));
}

/// Of ten channels five lanes save the last of three groups, and four are no better than three.
#[test]
fn lanes_save_a_group() {
    let mut n = Net::new(2, &[1, 6, 6]);
    n.conv("c", "in", (10, 3, 1), &[1, -1]);
    n.lif("n", "c", 9);
    n.flatten("flat", "n");
    n.linear("head", "flat", 3, &[1, -1, -1]);
    n.read("head");
    let mut seen = std::collections::BTreeSet::new();
    let (mut cells, mut options) = (u32::MAX, pipeline());
    while let Ok((design, estimate)) = lower(&n.0, &large(), &options) {
        let s = design.shared.unwrap();
        seen.insert(s.lanes_of(&s.jobs[0]));
        assert!(estimate.cells < cells);
        cells = estimate.cells;
        options.cells = Some(cells - 1);
    }
    // One for each number of groups.
    assert!(seen.is_subset(&[1, 2, 3, 4, 5, 10].into()), "{seen:?}");
    assert!(seen.contains(&10) && seen.contains(&5), "{seen:?}");
}

/// Jobs overlap: the line ends before the sum of all, and not before the slowest.
#[test]
fn cycles_are_those_until_the_last_row() {
    let (_, _, estimate) = line(&residual());
    let slowest = *estimate.stage_cycles.iter().max().unwrap();
    let all: u32 = estimate.stage_cycles.iter().sum();
    assert!(estimate.cycles > slowest && estimate.cycles < all * 2 / 3, "{}", estimate.cycles);
}

/// A stem of weights of 8 bits, a layer of weights of 3 bits on spikes, and one of ±1.
fn planes() -> Graph {
    let mut n = Net::new(2, &[1, 8, 8]);
    n.conv("stem", "in", (16, 5, 1), &[100, -1, 2, 0, -128]);
    n.lif("n1", "stem", 20);
    n.conv("deep", "n1", (8, 3, 1), &[3, -1, 2, -4]);
    n.lif("n2", "deep", 9);
    n.flatten("flat", "n2");
    n.linear("head", "flat", 3, &[1, -1, -1]);
    n.read("head");
    n.0
}

/// All planes of a weight at once. Numbers want a multiplier a lane, spikes none.
#[test]
fn products_where_more_lanes_do_not_help() {
    let of = |s: &Shared, job: &str| match &s.jobs[index(s, job)].work {
        Work::Sum(sum) => (sum.products, s.lanes_of(&s.jobs[index(s, job)])),
        Work::Or { .. } => panic!("{job} is a sum job"),
    };
    let (s, design, estimate) = line(&planes());
    assert_eq!(
        [of(&s, "stem"), of(&s, "deep"), of(&s, "head")],
        [(true, 16), (true, 8), (false, 3)]
    );
    let weights = |job: &str| {
        let stage = index(&s, job);
        let mut memories = estimate.memories.iter();
        let m = memories.find(|m| m.kind == MemoryKind::Weights && m.stage == stage).unwrap();
        (m.depth, m.width)
    };
    // 25 elements, and as many rows as make a multiple of the 16 trains of a word.
    assert_eq!((weights("stem"), weights("deep")), ((32, 16 * 8), (9 * 16, 8 * 3)));
    // One a lane of the stem, as all timesteps have one sum, and those of the tails.
    let without = |job: &str| {
        let mut design = design.clone();
        let s = design.shared.as_mut().unwrap();
        let job = index(s, job);
        let Work::Sum(sum) = &mut s.jobs[job].work else { panic!("a sum job") };
        sum.products = false;
        let e = crate::hw::estimate(&design);
        (e.dsp, e.cycles > estimate.cycles, e.stage_cycles[job] > estimate.stage_cycles[job])
    };
    assert_eq!(without("stem"), (estimate.dsp - 16, true, true));
    assert_eq!(without("deep"), (estimate.dsp, true, true));
    let small = target::load("ice40hx8k").unwrap();
    let (d, _) = lower(&planes(), &small, &pipeline()).unwrap();
    let s = d.shared.unwrap();
    assert_eq!((of(&s, "stem").0, of(&s, "deep").0), (false, true));
}

/// A window of 25 levels takes 25·9/2 + 4 cycles plane by plane, products 25 + 4 a group: of 16
/// channels in four groups the same, but the last group has fewer results.
#[test]
fn products_begin_with_the_fewest_lanes_that_are_faster() {
    let (_, mut design, _) = line(&planes());
    let stem = index(design.shared.as_ref().unwrap(), "stem");
    let planes = |design: &mut Design| {
        let job = &mut design.shared.as_mut().unwrap().jobs[stem];
        let Work::Sum(sum) = &mut job.work else { panic!("stem is a sum job") };
        sum.products = false;
        job.own.as_mut().unwrap().lanes = 16;
    };
    // Once they are taken there is nothing to gain, nor by weights of ±1.
    assert!(products(&design, stem, false).is_empty());
    assert!(products(&design, stem + 2, false).is_empty());
    planes(&mut design);
    assert_eq!(products(&design, stem, false), [4, 6, 8, 16]);
    assert_eq!(products(&design, stem, true), [16]);
}

/// Lanes that are given are taken, with products too.
#[test]
fn products_take_the_lanes_that_are_given() {
    let lanes = [("stem".to_owned(), 5)].into();
    let (d, _) = lower(&planes(), &large(), &Options { lanes, ..pipeline() }).unwrap();
    let s = d.shared.unwrap();
    let stem = &s.jobs[index(&s, "stem")];
    let Work::Sum(sum) = &stem.work else { panic!("stem is a sum job") };
    assert_eq!((sum.products, s.lanes_of(stem), sum.passes()), (true, 5, 1));
}

/// A column of four levels, one lane: a place of `c` takes 5 cycles, and 3 + 6 for the last of it to
/// be done: (4·5 + 9) / 4 = 7 a row. Rows come in 1 … 4, and are done in 8, 15, 22 and 29. The head
/// takes 8 cycles for a group of four words, 5 of its 21 a row on three lanes: 34, and a cycle more.
/// On one lane there are three groups, of which the first takes 2 of 33 a row: 31, and 25 more. Then
/// comes the readout, and 4 cycles were the input's.
#[test]
fn the_cycles_of_the_estimate() {
    let mut n = Net::new(2, &[1, 4, 1]);
    n.conv("c", "in", (1, 1, 1), &[1]);
    n.lif("n", "c", 9);
    n.flatten("flat", "n");
    n.linear("head", "flat", 3, &[1, -1, -1]);
    n.read("head");
    let cycles = |lanes: u32| {
        let lanes = [("c".to_owned(), 1), ("head".to_owned(), lanes)].into();
        let (d, e) = lower(&n.0, &large(), &Options { lanes, ..pipeline() }).unwrap();
        e.cycles - (3 * (d.shared.unwrap().readout.gain_bits + 3) + 5)
    };
    assert_eq!((cycles(3), cycles(1)), (34 + 1 - 4, 31 + 25 - 4));
}

/// The rows of the input come one by one; the last of the jobs ends so long after the last.
#[test]
fn the_estimate_begins_with_the_input() {
    let (s, design, _) = line(&residual());
    assert_eq!([0, 6, 7].map(|row| s.bytes_behind(row)), [56, 8, 0]);
    let done = s.schedule(design.input_bytes(), |_| 1).unwrap();
    // Row r needs the one below it, which is there after 8 · (r + 2) bytes.
    assert_eq!(done[index(&s, "stem")], [17, 25, 33, 41, 49, 57, 65, 66]);
}
