// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interval analysis of jobs: between which values does every number of a job lie?
//!
//! With the weights as they are, channel by channel, whatever the inputs are. Everything is
//! computed in 128 bits.

use super::legalise::Plan;
use super::{Gather, Job, Leak, Shared, Source, SumJob, Sums, Then, Work};
use crate::ir::interval::{integrator, range, signed_width};
use crate::ir::{FixedLi, FixedResets, Gives, PerChannel};

/// Least and largest value.
pub(super) type Range = (i128, i128);

/// The ranges of a sum job, of all channels together where nothing else is said.
#[derive(Debug, Clone)]
pub(super) struct JobRanges {
    /// What an accumulator holds at any time, twice it for ±1.
    pub(super) acc: Range,
    /// The sums p.
    pub(super) sum: Range,
    /// The sums y of a channel before a map is added, of all channels together.
    pub(super) scaled: Range,
    /// Those with the map, before they leak, of all channels together.
    pub(super) added: Range,
    /// y of one timestep, of all channels together: what the readout adds up.
    pub(super) timestep: Range,
    /// The results h, per channel.
    pub(super) result: Vec<Range>,
    /// Largest magnitude of an operand.
    pub(super) operand: i128,
    /// A rounded sum of a gather; (0, 0) without one.
    pub(super) gathered: Range,
}

/// Nothing that fits any width comes near it, and products with a gain stay in 128 bits.
const FAR: i128 = 1 << 62;

fn bounded(r: Range) -> Range {
    (r.0.clamp(-FAR, FAR), r.1.clamp(-FAR, FAR))
}

/// Smallest range with both in it.
pub(super) fn hull(a: Range, b: Range) -> Range {
    (a.0.min(b.0), a.1.max(b.1))
}

/// Width that holds a range, sign included.
pub(super) fn width(r: Range) -> u32 {
    signed_width(r.0).max(signed_width(r.1))
}

/// The ranges of every job, in order; none of an OR.
pub(super) fn ranges(plan: &Plan, timesteps: u32) -> Vec<Option<JobRanges>> {
    let shared = &plan.shared;
    let mut maps: Vec<Vec<Range>> =
        shared.currents.iter().map(|m| vec![(0, 0); m.shape[0] as usize]).collect();
    let mut all = Vec::new();
    for job in &shared.jobs {
        let Work::Sum(sum) = &job.work else {
            all.push(None);
            continue;
        };
        let found = of_job(shared, job, sum, (&maps, timesteps));
        if let Then::Maps { keep: Some(map), .. } = sum.then {
            for &(_, around, first) in plan.parts.iter().filter(|p| p.0 == map) {
                let first = first as usize;
                maps[around][first..first + found.result.len()].copy_from_slice(&found.result);
            }
            maps[map].clone_from(&found.result);
        }
        all.push(Some(found));
    }
    all
}

fn of_job(
    shared: &Shared,
    job: &Job,
    sum: &SumJob,
    (maps, timesteps): (&[Vec<Range>], u32),
) -> JobRanges {
    let (map, levels) = shared.map(job.source);
    let mut gathered = (0, 0);
    let inputs: Vec<Range> = match job.source {
        Source::Currents(m, g) => maps[m].iter().map(|r| gather(*r, g)).collect(),
        Source::Input | Source::Trains(_) => vec![(0, levels); map[0] as usize],
    };
    if matches!(job.source, Source::Currents(..)) {
        gathered = inputs.iter().copied().fold((0, 0), hull);
    }
    // Of the spikes of a chunk, as many as it has timesteps.
    let times = if sum.sums == Sums::Total { i128::from(shared.width) } else { 1 };
    let operand = times * inputs.iter().map(|r| r.1.max(-r.0)).max().unwrap_or(0);
    let per_channel = sum.weights.len() / sum.gain.len();
    let rows = sum.weights.chunks(per_channel.max(1)).enumerate();
    let mut found = JobRanges {
        acc: (0, 0),
        sum: (0, 0),
        scaled: (0, 0),
        added: (0, 0),
        timestep: (0, 0),
        result: Vec::new(),
        operand,
        gathered,
    };
    for (channel, weights) in rows {
        let (timestep, acc) = weighted(weights, &inputs, sum.planes);
        let (timestep, acc) = (bounded(timestep), bounded(acc));
        let (p, acc) = ((timestep.0 * times, timestep.1 * times), (acc.0 * times, acc.1 * times));
        found.acc = hull(found.acc, hull(acc, p));
        found.sum = hull(found.sum, p);
        let of = |p: i128| {
            (i128::from(sum.gain[channel]) * p + i128::from(sum.offset[channel])) >> sum.shift
        };
        let (a, b) = (of(timestep.0), of(timestep.1));
        found.timestep = hull(found.timestep, bounded((a.min(b), a.max(b))));
        let (a, b) = (of(p.0), of(p.1));
        found.scaled = hull(found.scaled, bounded((a.min(b), a.max(b))));
        let added = sum.add.map_or((0, 0), |m| maps[m][channel]);
        let added = bounded((a.min(b) + added.0, a.max(b) + added.1));
        found.added = hull(found.added, added);
        found.result.push(match sum.leak {
            Some(leak) => integrated(shared.leaks[leak], sum.theta.get(channel), added, timesteps),
            None => added,
        });
    }
    found
}

/// Of all timesteps, and the threshold of a reset.
fn integrated(leak: Leak, theta: Option<&i64>, x: Range, timesteps: u32) -> Range {
    let resets = leak.resets.zip(theta).map(|(r, theta)| FixedResets {
        threshold: vec![*theta],
        reset: r.reset,
        compare: r.compare,
        reset_to: Vec::new(),
        gives: if r.after { Gives::After } else { Gives::Before },
    });
    let l = FixedLi {
        leak_num: PerChannel::All(leak.num),
        leak_shift: leak.shift,
        frac: 0,
        width: 0,
        bias: Vec::new(),
        sign: Vec::new(),
        start: Vec::new(),
        resets,
    };
    let (lo, hi) = integrator(&l, 0, 1, range(x.0, x.1), timesteps);
    (lo.into(), hi.into())
}

/// A rounded sum of a window.
fn gather(x: Range, g: Gather) -> Range {
    let area = i128::from(g.window[0]) * i128::from(g.window[1]);
    let half = if g.shift > 0 { 1 << (g.shift - 1) } else { 0 };
    ((x.0 * area + half) >> g.shift, (x.1 * area + half) >> g.shift)
}

/// The sum of a window and what its accumulator holds on the way there. Any element may be 0
/// (padding).
fn weighted(weights: &[i8], inputs: &[Range], planes: u32) -> (Range, Range) {
    let (mut p, mut total, mut over) = ((0, 0), (0, 0), (0, 0));
    for (i, &w) in weights.iter().enumerate() {
        let (lo, hi) = hull(inputs[i % inputs.len()], (0, 0));
        let w = i128::from(w);
        let (a, b) = (w * lo, w * hi);
        p = (p.0 + a.min(b), p.1 + a.max(b));
        total = (total.0 + lo, total.1 + hi);
        // The planes that count up come before the one that counts down.
        let up = if w < 0 { w + (1 << (planes - 1)) } else { 0 };
        over = hull(over, (up * lo, up * hi));
    }
    match planes {
        1 => (p, (2 * total.0, 2 * total.1)),
        _ => (p, (p.0 + over.0, p.1 + over.1)),
    }
}
