// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A line of processors: each job has one of its own, and each map a memory of its own for whoever
//! reads it. A row of a result is computed as soon as the rows that it needs are there.

use super::fold::{MOST_LANES, budget, excess, lack, largest};
use super::legalise::{Plan, legalise};
use super::line_cost::{estimate_line, own_cycles};
use super::lower::{MOST_WIDTH, design};
use super::numbers::{DIGIT_BITS, numbers};
use super::places::in_line;
use super::{Own, Shared, Source, Use, Work};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{Design, Estimate, Options};
use crate::ir::Graph;
use crate::target::{Resources, Target};

/// Most processors: the test bench has a probe for each.
const MOST_JOBS: usize = 32;
/// Widest digit of a sum: two multipliers of 18 bits side by side take it, with its sign.
const MOST_DIGIT: u32 = 35;

/// Lowers an integer graph to a line of processors that fits the target.
///
/// # Errors
/// `HW_UNSUPPORTED` with what no line takes, `HW_DOES_NOT_FIT` with what is too much,
/// `BAD_OPTION` for lanes of layers that there are not.
pub(in crate::hw) fn lower_line(
    graph: &Graph,
    target: &Target,
    options: &Options,
) -> Result<(Design, Estimate)> {
    let mut plan = legalise(graph)?;
    takes(graph, &plan, options)?;
    // Where there are multipliers, each processor takes what it needs for a result a cycle.
    let has_many = target.device.family.spec().multiplier.is_some();
    let digit_bits = if has_many { MOST_DIGIT } else { DIGIT_BITS };
    let (acc_bits, once_bits, membrane_bits) = (0, 0, 0);
    let own = Own { lanes: 1, acc_bits, once_bits, membrane_bits, digit_bits, ring: None };
    plan.shared.jobs.iter_mut().for_each(|job| job.own = Some(own));
    if plan.input.changes {
        plan.shared.input.bits = graph.timesteps;
    }
    numbers(&mut plan, graph.timesteps)?;
    in_line(&mut plan);
    rings(&mut plan.shared)?;
    let mut design = design(graph, &plan, !options.no_trace, target.device.family);
    let budget = budget(target, options);
    let mut estimate = fold(&mut design, budget, options)?;
    if !fits(&estimate, budget) {
        let message = format!(
            "with a processor for each of its {} jobs, `{}` needs {}; its largest memories: {}",
            plan.shared.jobs.len(),
            design.name,
            excess(&estimate, budget),
            largest(&estimate)
        );
        return Err(Diagnostic::new(&codes::HW_DOES_NOT_FIT, message)
            .at(design.name.clone())
            .help("--mapping shared runs all jobs on one processor, or use a larger target"));
    }
    estimate.reasons = plan.notes;
    let rows = "a row of a result is computed when the rows that it needs are there";
    estimate
        .reasons
        .push(format!("pipeline: {} processors, one for each job; {rows}", plan.shared.jobs.len()));
    Ok((design, estimate))
}

/// Refuses what needs one processor for all.
fn takes(graph: &Graph, plan: &Plan, options: &Options) -> Result<()> {
    let refused = |what: &str| {
        Err(Diagnostic::new(&codes::HW_UNSUPPORTED, format!("no line of processors: {what}"))
            .at(graph.name.clone())
            .help("--mapping shared takes it"))
    };
    let all = graph.timesteps;
    if plan.delay.is_some() {
        return refused(
            "spikes come back later, so that a layer waits for another one's timesteps",
        );
    }
    if all > MOST_WIDTH || options.chunk.is_some_and(|c| c != all) {
        let most = format!("it computes all timesteps at once, {MOST_WIDTH} at most");
        return refused(&most);
    }
    if !plan.parts.is_empty() {
        return refused("several jobs write one map of currents");
    }
    if plan.shared.trains.is_empty() {
        return refused("no layer fires");
    }
    if plan.shared.jobs.len() > MOST_JOBS {
        return refused(&format!("more than {MOST_JOBS} jobs"));
    }
    Ok(())
}

/// Gives maps of currents rings of as few rows as their users need, so that no job waits for ever;
/// and of the rows that a user frees at once as many more, so that the writer goes on meanwhile. A
/// ring is a power of two of words: addresses of the map are those of the ring, without their upper
/// bits.
///
/// # Errors
/// An internal one if jobs wait for each other although all rows have room.
fn rings(shared: &mut Shared) -> Result<()> {
    let goes = |shared: &Shared| shared.schedule(0, |_| 1).is_some();
    if !goes(shared) {
        return Err(Diagnostic::internal("line", "jobs wait for each other"));
    }
    let set = |shared: &mut Shared, job: usize, words: Option<u32>| {
        if let Some(own) = &mut shared.jobs[job].own {
            own.ring = words;
        }
    };
    let mut found = Vec::new();
    for job in 0..shared.jobs.len() {
        let Some(map) = shared.jobs[job].keeps() else { continue };
        let (rows, row) = (shared.currents[map].shape[1], shared.current_row(map));
        let mut least = 1;
        set(shared, job, Some(row));
        while least < rows && !goes(shared) {
            least += 1;
            set(shared, job, Some(least * row));
        }
        let frees = |(user, how): (usize, Use)| match (how, shared.jobs[user].source) {
            (Use::Gather, Source::Currents(_, gather)) => gather.window[0],
            _ => 1,
        };
        let more = shared.users(map).map(frees).max().unwrap_or(1);
        let words = ((least + more) * row).next_power_of_two();
        found.push((job, Some(words).filter(|w| *w < rows * row)));
    }
    found.into_iter().for_each(|(job, words)| set(shared, job, words));
    Ok(())
}

fn fits(e: &Estimate, budget: Resources) -> bool {
    lack(e, budget) == 0
}

/// Starts with a lane for each job; then the job that takes most cycles gets the next number of
/// lanes that saves it a group, or adds whole weights if more lanes do not help, as long as
/// everything fits.
fn fold(design: &mut Design, budget: Resources, options: &Options) -> Result<Estimate> {
    let mut open = Vec::new();
    for (i, job) in design.shared.iter_mut().flat_map(|s| &mut s.jobs).enumerate() {
        let wanted = options.lanes.get(&job.name).map(|l| (*l).clamp(1, MOST_LANES));
        if let Some(own) = &mut job.own {
            own.lanes = wanted.unwrap_or(1).min(job.out[0]);
        }
        if let Work::Sum(sum) = &mut job.work {
            sum.products = false;
            open.push((i, wanted.is_some()));
        }
    }
    if let Some(name) = options.lanes.keys().find(|name| !named(design, name)) {
        let message = format!("--lanes names `{name}`, which is no layer of the line");
        let known: Vec<_> = design.shared.iter().flat_map(|s| &s.jobs).map(|j| &*j.name).collect();
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help(format!("layers: {}", known.join(", "))));
    }
    let mut estimate = estimate(design);
    // The nearest, while nothing fits: a lane alone wastes most of a block RAM.
    let mut best = (design.clone(), estimate.clone());
    while let Some(k) = slowest(design, &open) {
        let (job, fixed) = open[k];
        let with = |set: &dyn Fn(&mut Design)| {
            let mut next = design.clone();
            set(&mut next);
            let e = crate::hw::estimate(&next);
            let helps = e.cycles <= estimate.cycles && fits(&e, budget);
            (helps || !fits(&estimate, budget)).then_some((next, e))
        };
        let wide = wider(design, job).filter(|_| !fixed);
        let wide = wide.and_then(|lanes| with(&|d| set(d, job, lanes, false)));
        let products = || {
            let lanes = products(design, job, fixed);
            lanes.into_iter().find_map(|lanes| with(&|d| set(d, job, lanes, true)))
        };
        match wide.or_else(products) {
            Some((next, e)) => (*design, estimate) = (next, e),
            None => {
                open.swap_remove(k);
            }
        }
        if fits(&estimate, budget) || lack(&estimate, budget) < lack(&best.1, budget) {
            best = (design.clone(), estimate.clone());
        }
    }
    *design = best.0;
    Ok(best.1)
}

fn estimate(design: &Design) -> Estimate {
    design.shared.as_ref().map_or_else(|| crate::hw::estimate(design), |s| estimate_line(design, s))
}

fn named(design: &Design, name: &str) -> bool {
    design.shared.iter().flat_map(|s| &s.jobs).any(|j| j.name == name)
}

/// Which of the open jobs takes most cycles.
fn slowest(design: &Design, open: &[(usize, bool)]) -> Option<usize> {
    let shared = design.shared.as_ref()?;
    let cycles = |j: usize| own_cycles(shared, &shared.jobs[j]);
    (0..open.len()).max_by_key(|&k| (cycles(open[k].0), std::cmp::Reverse(open[k])))
}

/// Gives a job lanes; products if it is to have them, and those that it has stay.
fn set(design: &mut Design, job: usize, lanes: u32, products: bool) {
    let Some(job) = design.shared.as_mut().and_then(|s| s.jobs.get_mut(job)) else { return };
    if let Some(own) = &mut job.own {
        own.lanes = lanes;
    }
    if let Work::Sum(sum) = &mut job.work {
        sum.products |= products;
    }
}

/// The numbers of lanes with which a job takes fewer cycles if they add products of whole weights,
/// the fewest first; if they are fixed those that it has.
pub(super) fn products(design: &Design, index: usize, fixed: bool) -> Vec<u32> {
    let Some(shared) = &design.shared else { return Vec::new() };
    let job = &shared.jobs[index];
    let (channels, Work::Sum(sum)) = (job.out[0], &job.work) else { return Vec::new() };
    // Spikes are shifted and added; numbers want a multiplier each.
    let bits = [shared.operand_bits(job), sum.planes];
    let possible = !shared.multiplies(job) || design.family.multipliers(bits) == 1;
    if sum.products || !possible {
        return Vec::new();
    }
    let mut all: Vec<u32> = match job.own {
        Some(own) if fixed => vec![own.lanes],
        _ => (1..=channels).rev().map(|groups| channels.div_ceil(groups)).collect(),
    };
    all.dedup();
    let before = own_cycles(shared, job);
    let faster = |lanes: &u32| {
        let mut next = design.clone();
        set(&mut next, index, *lanes, true);
        let cycles = next.shared.as_ref().map(|s| own_cycles(s, &s.jobs[index]));
        *lanes <= MOST_LANES && cycles.is_some_and(|cycles| cycles < before)
    };
    all.into_iter().filter(faster).collect()
}

/// The next number of lanes that saves a job a group; none if there is none.
fn wider(design: &Design, job: usize) -> Option<u32> {
    let job = design.shared.as_ref()?.jobs.get(job)?;
    let groups = job.out[0].div_ceil(job.own?.lanes);
    let lanes = job.out[0].div_ceil(groups.checked_sub(1).filter(|g| *g > 0)?);
    Some(lanes).filter(|lanes| *lanes <= MOST_LANES)
}
