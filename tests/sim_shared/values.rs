// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random designs give what plain loops give.

use std::collections::{BTreeMap, BTreeSet};

use synfire::hw::Design;
use synfire::hw::shared::{Bank, Source, Then, Work};
use synfire::verify::{Executor, SimExecutor};

use super::common::{shared, shared_naive};
use super::worked;

/// How many designs there are, with the inputs of each.
const DESIGNS: u64 = 400;
const INPUTS: u64 = 3;

#[test]
fn random_designs_compute_what_plain_loops_do() {
    let (mut spikes, mut slots) = (0u64, 0u64);
    for seed in 0..DESIGNS {
        // In every second one timesteps come in chunks.
        let design = shared::chunked(seed, [1, 2, 1, 5][(seed % 4) as usize]);
        let (fired, all) = agree(seed, &design);
        (spikes, slots) = (spikes + fired, slots + all);
    }
    // Neurons that never or always fire would agree with anything.
    assert!(spikes * 10 > slots && spikes * 10 < slots * 9, "{spikes} of {slots}");
}

/// Layers of up to 100 channels: sums are added up several channels at a time.
#[test]
fn many_channels_compute_what_plain_loops_do() {
    let designs: Vec<Design> = (0..40).map(shared::wide).collect();
    let wide = |of: fn(Source) -> bool| {
        let jobs = designs.iter().flat_map(|d| &d.shared.as_ref().unwrap().jobs);
        jobs.filter(|j| of(j.source) && j.out[0] > 64).count()
    };
    assert!(wide(|s| s == Source::Input) > 5);
    assert!(wide(|s| matches!(s, Source::Trains(_))) > 5);
    assert!(wide(|s| matches!(s, Source::Currents(..))) > 1);
    for (seed, design) in designs.iter().enumerate() {
        agree(seed as u64, design);
    }
}

/// Spikes, logits and class of some inputs; how many neurons fired, of how many.
fn agree(seed: u64, design: &Design) -> (u64, u64) {
    let (mut spikes, mut slots) = (0, 0);
    for k in 0..INPUTS {
        let input = shared::input(design, seed + 1000 * k);
        let found = SimExecutor::new(design, Vec::new()).run(&[&input]);
        let found = found.unwrap_or_else(|d| panic!("seed {seed}: {d}")).remove(0);
        let want = shared_naive::run(design, &input);
        assert_eq!(found.trains, want.trains, "seed {seed}: trains");
        assert_eq!(found.logits, want.logits, "seed {seed}: logits");
        assert_eq!(found.class, want.class, "seed {seed}: class");
        for train in want.trains.iter().flatten() {
            spikes += u64::from(train.count_ones());
            slots += u64::from(design.timesteps);
        }
    }
    (spikes, slots)
}

/// 360 neurons fire in both timesteps, and each has the weight −128 (class 0), or ±127: sums
/// that leave 16 bits.
#[test]
fn sums_of_trains_may_be_wide() {
    let design = worked::wide();
    let found = SimExecutor::new(&design, Vec::new()).run(&[&[1; 36]]).unwrap().remove(0);
    assert_eq!(found.trains, [[0b11; 360]]);
    assert_eq!(found.logits, [-2 * 360 * 128, 2 * 360 * 127, 0]);
    assert_eq!(found.logits, shared_naive::run(&design, &[1; 36]).logits);
}

/// What a design has of what there is.
fn features(design: &Design) -> Vec<String> {
    let s = design.shared.as_ref().unwrap();
    let mut found = vec![
        format!("T = {}", design.timesteps),
        format!("E = {}", s.pack),
        format!("{} jobs", s.jobs.len()),
    ];
    let used: BTreeSet<usize> = s.fires().map(|(n, _)| n.kind).collect();
    found.push(format!("kinds of neurons: {}", used.len()));
    for kind in used.into_iter().map(|k| s.kinds[k]) {
        found.extend([format!("{:?}", kind.reset), format!("{:?}", kind.compare)]);
        found.push(format!("leak {}/2^{}", kind.leak_num, kind.leak_shift));
    }
    let mut has = |is: bool, what: &str| {
        if is {
            found.push(what.to_owned());
        }
    };
    has(s.last, "readout of the last timestep");
    has(s.input.halo > 0, "frame of the input");
    has(s.trains.iter().any(|m| m.halo > 0), "frame of trains");
    has(s.trains.iter().any(|m| m.shape[0] % s.pack != 0), "channels missing in a word");
    for bank in [Bank::A, Bank::B] {
        let bases = s.currents.iter().filter(|m| m.bank == bank).map(|m| m.base);
        let bases: Vec<u32> = bases.collect();
        has(bases.iter().any(|b| *b > 0), "currents side by side");
        has(bases.iter().filter(|b| **b == 0).count() > 1, "currents where others lay");
    }
    for job in &s.jobs {
        let source = match job.source {
            Source::Input => "input",
            Source::Trains(_) => "trains",
            Source::Currents(..) => "currents",
        };
        if let Source::Currents(_, g) = job.source {
            has(g.window[0] * g.window[1] > 1, "gather of windows");
            has(g.shift > 0, "gather with rounding");
        }
        match &job.work {
            Work::Or { window, stride, .. } => {
                has(true, "or");
                has(window != stride, "or of windows with gaps or overlaps");
            }
            Work::Sum(sum) => {
                has(sum.stride != [1, 1], "strides");
                has(sum.padding[0] != sum.padding[1], "padding of one side");
                has(s.groups(job) > 1, "groups");
                has(job.out[0] % s.lanes != 0, "smaller last group");
                has(true, &format!("planes {} of {source}", sum.planes.min(2)));
                has(true, &format!("planes {}", sum.planes));
                has(true, &format!("slices {}", sum.slices));
                has(true, &format!("digits {}", sum.digits));
                if let Some(leak) = sum.leak {
                    let to = if matches!(sum.then, Then::Readout) { "readout" } else { "maps" };
                    has(true, &format!("leak {leak} of {to}"));
                    if let Some(r) = s.leaks[leak].resets {
                        let given = if r.after { "after" } else { "before" };
                        has(true, &format!("{:?} of an integrator, membranes {given}", r.reset));
                        has(true, &format!("integrators that reset {:?}", r.compare));
                        has(true, &format!("membranes to {to}"));
                    }
                }
                match &sum.then {
                    Then::Maps { keep, fire } => has(
                        true,
                        &format!(
                            "add {} keep {} fire {}",
                            sum.add.is_some(),
                            keep.is_some(),
                            fire.is_some()
                        ),
                    ),
                    Then::Readout => has(true, &format!("readout of {source}")),
                }
            }
        }
    }
    found
}

#[test]
fn random_designs_have_everything() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..DESIGNS {
        for feature in features(&shared::design(seed)) {
            *seen.entry(feature).or_default() += 1;
        }
    }
    for (what, count) in &seen {
        assert!(*count >= 5, "{what}: {count}");
    }
    // 8 T, 4 E, 4 resets, 2 comparisons, 5 leaks, 1 or 2 kinds of neurons, 3 numbers of jobs, 14 single ones, planes by
    // source and number, slices, digits, 6 ends of a job, 3 readouts, 2 leaks to maps or the readout, 5 resets with what they give,
    // 2 comparisons of these, 2 places for what they give.
    assert_eq!(
        seen.len(),
        8 + 4 + 4 + 2 + 5 + 2 + 3 + 14 + 6 + 8 + 2 + 3 + 6 + 3 + 4 + 9,
        "{seen:#?}"
    );
}
