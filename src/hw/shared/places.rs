// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where maps lie: frames, regions of the train memory, banks and bases of currents.

use super::legalise::Plan;
use super::{Bank, Job, Shared, Source, SumJob, Then, Work};
use crate::diag::{Diagnostic, Result, codes};

/// Gives every map its place.
///
/// # Errors
/// `HW_UNSUPPORTED` with the job that would have to read and write one bank of currents.
pub(super) fn places(plan: &mut Plan) -> Result<()> {
    frames(&mut plan.shared);
    trains(&mut plan.shared);
    let lives = lives(plan);
    banks(plan, &lives)?;
    bases(plan, &lives);
    Ok(())
}

/// Gives every map of a line its place: a region of its own, in the order in which the host reads
/// the trains back.
pub(super) fn in_line(plan: &mut Plan) {
    frames(&mut plan.shared);
    trains(&mut plan.shared);
    let (width, mut base) = (plan.shared.width, 0);
    for map in &mut plan.shared.currents {
        (map.bank, map.base) = (Bank::A, base);
        base += map.depth(width);
    }
}

/// Regions of the train memory.
fn trains(shared: &mut Shared) {
    let mut base = 0;
    for map in &mut shared.trains {
        map.base = base;
        base += map.depth(shared.pack);
    }
}

/// Frames as wide as the largest padding of the windows that see a map.
fn frames(shared: &mut Shared) {
    for j in 0..shared.jobs.len() {
        let job = &shared.jobs[j];
        let Work::Sum(sum) = &job.work else { continue };
        let needed = frame(shared.map(job.source).0, sum, job);
        match job.source {
            Source::Input => shared.input.halo = shared.input.halo.max(needed),
            Source::Trains(m) => shared.trains[m].halo = shared.trains[m].halo.max(needed),
            Source::Currents(..) => {}
        }
    }
}

/// Places that the windows of a job see beside its map, on the side where they are most.
fn frame(map: [u32; 3], sum: &SumJob, job: &Job) -> u32 {
    let behind = |d: usize| {
        let reach = (job.out[d + 1] - 1) * sum.stride[d] + sum.window[d];
        reach.saturating_sub(map[d + 1] + sum.padding[d])
    };
    sum.padding.into_iter().chain([behind(0), behind(1)]).max().unwrap_or(0)
}

/// Maps of currents that a job uses: read, added, kept.
fn used(job: &Job) -> [Option<usize>; 3] {
    let Work::Sum(sum) = &job.work else { return [None; 3] };
    let read = match job.source {
        Source::Currents(m, _) => Some(m),
        Source::Input | Source::Trains(_) => None,
    };
    let keep = match sum.then {
        Then::Maps { keep, .. } => keep,
        Then::Readout => None,
    };
    [read, sum.add, keep]
}

/// The map that a map lies in, and from which element on: itself if in no other.
fn around(plan: &Plan, map: usize) -> (usize, u32) {
    let within = plan.parts.iter().find(|p| p.0 == map);
    within.map_or((map, 0), |p| (p.1, p.2))
}

/// First and last job that uses each map of currents.
fn lives(plan: &Plan) -> Vec<(usize, usize)> {
    let mut lives = vec![(usize::MAX, 0); plan.shared.currents.len()];
    for (j, job) in plan.shared.jobs.iter().enumerate() {
        for map in used(job).into_iter().flatten() {
            let life: &mut (usize, usize) = &mut lives[around(plan, map).0];
            *life = (life.0.min(j), life.1.max(j));
        }
    }
    lives
}

/// Chooses banks such that no job uses one twice: a colouring with two colours.
fn banks(plan: &mut Plan, lives: &[(usize, usize)]) -> Result<()> {
    let mut bank: Vec<Option<Bank>> = vec![None; lives.len()];
    for start in 0..lives.len() {
        if around(plan, start).0 != start || bank[start].is_some() {
            continue;
        }
        bank[start] = Some(Bank::A);
        let mut open = vec![start];
        while let Some(map) = open.pop() {
            let other = match bank[map] {
                Some(Bank::A) => Bank::B,
                _ => Bank::A,
            };
            for job in &plan.shared.jobs {
                let all = used(job).map(|m| m.map(|m| around(plan, m).0));
                if !all.contains(&Some(map)) {
                    continue;
                }
                let beside: Vec<usize> = all.into_iter().flatten().collect();
                if beside.iter().filter(|m| **m == map).count() > 1 {
                    return Err(clash(job));
                }
                for m in beside.into_iter().filter(|m| *m != map) {
                    match bank[m] {
                        None => {
                            bank[m] = Some(other);
                            open.push(m);
                        }
                        Some(b) if b != other => return Err(clash(job)),
                        Some(_) => {}
                    }
                }
            }
        }
    }
    for m in 0..bank.len() {
        plan.shared.currents[m].bank = bank[around(plan, m).0].unwrap_or(Bank::A);
    }
    Ok(())
}

fn clash(job: &Job) -> Box<Diagnostic> {
    let message = "its maps of currents (what it reads, adds and keeps) need a third memory";
    Diagnostic::new(&codes::HW_UNSUPPORTED, message)
        .at(job.name.clone())
        .help("neurons before one of the streams that are added make it fit; `synfire simulate` runs the model without hardware")
}

/// Puts each map to the first place of its bank that is free as long as it lives.
fn bases(plan: &mut Plan, lives: &[(usize, usize)]) {
    let (currents, width) = (&plan.shared.currents, plan.shared.width);
    let depth = |m: usize| currents[m].depth(width);
    let mut order: Vec<usize> = (0..lives.len()).filter(|&m| around(plan, m).0 == m).collect();
    order.sort_by_key(|&m| (lives[m].0, std::cmp::Reverse(depth(m))));
    let mut base: Vec<Option<u32>> = vec![None; lives.len()];
    for m in order {
        let mut beside: Vec<(u32, u32)> = (0..lives.len())
            .filter(|&k| currents[k].bank == currents[m].bank)
            .filter(|&k| lives[k].0 <= lives[m].1 && lives[m].0 <= lives[k].1)
            .filter_map(|k| base[k].map(|b| (b, b + depth(k))))
            .collect();
        beside.sort_unstable();
        let free = beside.iter().fold(
            0,
            |at, &(from, to)| {
                if at + depth(m) <= from { at } else { at.max(to) }
            },
        );
        base[m] = Some(free);
    }
    for m in 0..lives.len() {
        let (whole, first) = around(plan, m);
        plan.shared.currents[m].base = base[whole].unwrap_or(0) + first * width;
    }
}
