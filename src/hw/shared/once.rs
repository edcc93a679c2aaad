// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Jobs that need one sum for all timesteps of a chunk: accumulators of several timesteps then
//! stand for one wide number, and no longer have to be that wide each
//! (docs/shared.md, One sum for all timesteps).

use super::legalise::Plan;
use super::ranges::{ranges, width};
use super::{Job, Shared, Source, SumJob, Sums, Then, Work};

/// Widest sum of all timesteps: a logit.
const MOST_TOTAL: u32 = 32;

/// Decides which jobs have one sum: on a processor of several jobs those whose sums would make
/// every accumulator wider, on one of its own the job that then needs fewer bits.
pub(super) fn choose(plan: &mut Plan, timesteps: u32) {
    let chunk = plan.shared.width;
    for job in &mut plan.shared.jobs {
        if let Work::Sum(sum) = &mut job.work {
            sum.sums = Sums::Each;
        }
    }
    if chunk == 1 {
        return;
    }
    let possible = possible(plan);
    let each = widths(plan, timesteps);
    set(&mut plan.shared, &possible);
    let once = widths(plan, timesteps);
    let more = u32::BITS - timesteps.leading_zeros();
    let others = possible.iter().zip(&each).filter(|(sums, _)| **sums == Sums::Each);
    let others = others.map(|(_, bits)| bits.0).max().unwrap_or(0);
    let chosen = |(index, job): (usize, &Job)| {
        let (each, (sum, result)) = (each[index].0, once[index]);
        let gains = if job.own.is_some() { sum.div_ceil(chunk) < each } else { each > others };
        if gains && result + more <= MOST_TOTAL { possible[index] } else { Sums::Each }
    };
    let chosen: Vec<Sums> = plan.shared.jobs.iter().enumerate().map(chosen).collect();
    set(&mut plan.shared, &chosen);
}

fn set(shared: &mut Shared, all: &[Sums]) {
    for (job, sums) in shared.jobs.iter_mut().zip(all) {
        if let Work::Sum(sum) = &mut job.work {
            sum.sums = *sums;
        }
    }
}

/// Bits of the accumulators and of the results of each job; zeros of an OR.
fn widths(plan: &Plan, timesteps: u32) -> Vec<(u32, u32)> {
    let of = |r: &super::ranges::JobRanges| {
        let result = r.result.iter().map(|h| width(*h)).max().unwrap_or(1);
        (width(r.acc), result)
    };
    ranges(plan, timesteps).iter().map(|r| r.as_ref().map_or((0, 0), of)).collect()
}

/// What each job may have.
fn possible(plan: &Plan) -> Vec<Sums> {
    let shared = &plan.shared;
    // Maps of currents that are the same in every timestep. Parts of one have several writers.
    let mut held = vec![false; shared.currents.len()];
    let of = |job: &Job| {
        let Work::Sum(sum) = &job.work else { return Sums::Each };
        let is_held = match job.source {
            Source::Input => !shared.input.trains,
            Source::Trains(_) => false,
            Source::Currents(m, _) => held[m],
        };
        let stays = sum.leak.is_none() && sum.add.is_none_or(|m| held[m]);
        if let Then::Maps { keep: Some(m), .. } = sum.then {
            held[m] = is_held && stays && !plan.parts.iter().any(|p| p.0 == m);
        }
        match job.source {
            _ if is_held => Sums::Held,
            Source::Trains(_) if is_added_up(shared, sum) => Sums::Total,
            _ => Sums::Each,
        }
    };
    shared.jobs.iter().map(of).collect()
}

/// Is all that becomes of a job's sums their sum over the timesteps, without a bit lost before?
fn is_added_up(shared: &Shared, sum: &SumJob) -> bool {
    let whole = |v: &i64| v % (1 << sum.shift.min(62)) == 0;
    matches!(sum.then, Then::Readout)
        && !shared.last
        && sum.leak.is_none()
        && sum.add.is_none()
        && sum.gain.iter().chain(&sum.offset).all(whole)
}
