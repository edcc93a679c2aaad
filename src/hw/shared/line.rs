// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A line of processors: each job has one of its own, and each map a memory of its own for whoever
//! reads it. A row of a result is computed as soon as the rows that it needs are there.

use super::cost::{estimate_line, step_cycles};
use super::fold::{budget, excess, largest};
use super::legalise::{Plan, legalise};
use super::lower::{MOST_WIDTH, design};
use super::numbers::numbers;
use super::places::in_line;
use super::{Job, Own, Shared, Source, Then, Work};
use crate::diag::{Diagnostic, Result, codes};
use crate::hw::{Design, Estimate, Options};
use crate::ir::Graph;
use crate::target::{Resources, Target};

/// Most processors: the test bench has a probe for each.
const MOST_JOBS: usize = 32;
/// Most lanes: a word of weights has so many bits.
const MOST_LANES: u32 = 64;

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
    let own = Own { lanes: 1, acc_bits: 0, once_bits: 0, membrane_bits: 0 };
    plan.shared.jobs.iter_mut().for_each(|job| job.own = Some(own));
    if plan.input.changes {
        plan.shared.input.bits = graph.timesteps;
    }
    numbers(&mut plan, graph.timesteps)?;
    in_line(&mut plan);
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

fn fits(e: &Estimate, have: Resources) -> bool {
    e.cells <= have.lut4 && e.ebr <= have.ebr && e.spram <= have.spram && e.dsp <= have.dsp
}

/// Starts with a lane for each job; then the job that takes most cycles gets the next number of
/// lanes that saves it a group, as long as everything fits.
fn fold(design: &mut Design, budget: Resources, options: &Options) -> Result<Estimate> {
    let mut open = Vec::new();
    for (i, job) in design.shared.iter_mut().flat_map(|s| &mut s.jobs).enumerate() {
        let wanted = options.lanes.get(&job.name).map(|l| (*l).clamp(1, MOST_LANES));
        if let Some(own) = &mut job.own {
            own.lanes = wanted.unwrap_or(1).min(job.out[0]);
        }
        if wanted.is_none() && matches!(job.work, Work::Sum(_)) {
            open.push(i);
        }
    }
    if let Some(name) = options.lanes.keys().find(|name| !named(design, name)) {
        let message = format!("--lanes names `{name}`, which is no layer of the line");
        let known: Vec<_> = design.shared.iter().flat_map(|s| &s.jobs).map(|j| &*j.name).collect();
        return Err(Diagnostic::new(&codes::BAD_OPTION, message)
            .help(format!("layers: {}", known.join(", "))));
    }
    let mut estimate = estimate(design);
    while let Some(k) = slowest(design, &open) {
        let before = design.clone();
        let next = wider(design, open[k]).then(|| crate::hw::estimate(design));
        match next {
            Some(next) if fits(&next, budget) || !fits(&estimate, budget) => estimate = next,
            _ => {
                *design = before;
                open.swap_remove(k);
            }
        }
    }
    Ok(estimate)
}

fn estimate(design: &Design) -> Estimate {
    design.shared.as_ref().map_or_else(|| crate::hw::estimate(design), |s| estimate_line(design, s))
}

fn named(design: &Design, name: &str) -> bool {
    design.shared.iter().flat_map(|s| &s.jobs).any(|j| j.name == name)
}

/// Which of the open jobs takes most cycles.
fn slowest(design: &Design, open: &[usize]) -> Option<usize> {
    let shared = design.shared.as_ref()?;
    let cycles =
        |j: usize| u64::from(shared.steps(&shared.jobs[j])) * step_cycles(shared, &shared.jobs[j]);
    (0..open.len()).max_by_key(|&k| (cycles(open[k]), std::cmp::Reverse(open[k])))
}

/// Gives a job the next number of lanes that saves a group; false if there is none.
fn wider(design: &mut Design, job: usize) -> bool {
    let Some(job) = design.shared.as_mut().and_then(|s| s.jobs.get_mut(job)) else { return false };
    let (channels, Some(own)) = (job.out[0], &mut job.own) else { return false };
    let groups = channels.div_ceil(own.lanes);
    if groups == 1 {
        return false;
    }
    let lanes = channels.div_ceil(groups - 1);
    own.lanes = lanes;
    lanes <= MOST_LANES
}

impl Shared {
    /// Does the one window of a job see all of a map of spike trains? Its rows are then read one by
    /// one, as they come.
    #[must_use]
    pub fn is_whole(&self, job: &Job) -> bool {
        match (&job.work, job.source) {
            (Work::Sum(sum), Source::Trains(m)) => {
                let rows = self.trains[m].shape[1];
                (job.out[1], sum.padding[0], sum.window[0]) == (1, 0, rows)
            }
            _ => false,
        }
    }

    /// Steps in which a job waits for others: the rows of its result, or those of its one window.
    #[must_use]
    pub fn steps(&self, job: &Job) -> u32 {
        match &job.work {
            Work::Sum(sum) if self.is_whole(job) => sum.window[0],
            _ => job.out[1],
        }
    }

    /// Rows of other jobs' maps that each step of a job needs: those of the first one, and how many
    /// more for each that follows. The last one needs them all.
    #[must_use]
    pub fn needs(&self, job: usize) -> Vec<Need> {
        let Some(job) = self.jobs.get(job) else { return Vec::new() };
        let mut all = Vec::new();
        let mut need = |map: Stored, rows: u32, first: u32, step: u32| {
            all.push(Need { map, rows, first: first.min(rows), step });
        };
        let (window, stride, padding) = match &job.work {
            _ if self.is_whole(job) => (1, 1, 0),
            Work::Sum(sum) => (sum.window[0], sum.stride[0], sum.padding[0]),
            Work::Or { window, stride, .. } => (window[0], stride[0], 0),
        };
        match job.source {
            Source::Input => {}
            Source::Trains(m) => {
                let rows = self.trains[m].shape[1];
                need(Stored::Trains(m), rows, window.saturating_sub(padding), stride);
            }
            Source::Currents(m, g) => {
                need(Stored::Currents(m), self.currents[m].shape[1], g.window[0], g.window[0]);
            }
        }
        if let Work::Sum(sum) = &job.work
            && let Some(m) = sum.add
        {
            need(Stored::Currents(m), self.currents[m].shape[1], 1, 1);
        }
        all
    }

    /// The job that writes a map.
    #[must_use]
    pub fn writer(&self, map: Stored) -> Option<usize> {
        self.jobs.iter().position(|job| job.writes().any(|m| m == map))
    }
}

/// A map between two jobs, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Spike trains.
    Trains(usize),
    /// Currents.
    Currents(usize),
}

/// Rows of a map that must be there before a step of a job begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The map.
    pub map: Stored,
    /// Its rows: as many are needed by the last step of the job.
    pub rows: u32,
    /// Rows that the first step of the job needs.
    pub first: u32,
    /// Rows more for each further step.
    pub step: u32,
}

impl Job {
    /// The maps that it writes.
    pub fn writes(&self) -> impl Iterator<Item = Stored> {
        let (keep, fire) = match &self.work {
            Work::Or { to, .. } => (None, Some(*to)),
            Work::Sum(sum) => match &sum.then {
                Then::Maps { keep, fire } => (*keep, fire.as_ref().map(|f| f.1)),
                Then::Readout => (None, None),
            },
        };
        keep.map(Stored::Currents).into_iter().chain(fire.map(Stored::Trains))
    }
}
