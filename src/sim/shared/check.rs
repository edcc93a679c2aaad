// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The numbers of a design fit together, so that nothing below looks outside a map or a table.

use crate::diag::{Diagnostic, Result};
use crate::hw::Design;
use crate::hw::shared::{Job, MOST_WIDTH, Shared, Source, SumJob, Then, Work};

/// `[channels, rows, columns]` of what a job reads; of currents, the sums of windows.
pub(super) fn operands(shared: &Shared, source: Source) -> [u32; 3] {
    match source {
        Source::Input => shared.input.shape,
        Source::Trains(m) => shared.trains[m].shape,
        Source::Currents(m, gather) => {
            let [channels, rows, columns] = shared.currents[m].shape;
            [channels, rows / gather.window[0].max(1), columns / gather.window[1].max(1)]
        }
    }
}

/// What a design must fulfil to be run.
pub(super) fn check(design: &Design, shared: &Shared) -> Result<()> {
    let input = &shared.input;
    let named = |job: &'static str, result: std::result::Result<(), &str>| {
        result.map_err(|what| Diagnostic::internal("sim", format!("{job}: {what}")))
    };
    let ports = (design.input.count, design.input.changes);
    let bits = if input.trains { shared.width } else { design.input.bits };
    let chunks = shared.width > 0 && design.timesteps.is_multiple_of(shared.width);
    named("chunks", need(chunks, "they do not divide the timesteps"))?;
    named("chunks", need(shared.width <= MOST_WIDTH, "they are too long"))?;
    named("words", need(shared.pack.is_power_of_two(), "E is no power of two"))?;
    named("words", need(shared.pack <= u64::BITS, "they have too many elements"))?;
    named(
        "input",
        need(
            (ports, bits) == ((size(input.shape), input.trains), input.bits),
            "its map does not fit",
        ),
    )?;
    let (readouts, last) = shared.jobs.iter().fold((0, false), |(n, _), job| {
        let is = matches!(&job.work, Work::Sum(s) if matches!(s.then, Then::Readout));
        (n + u32::from(is), is)
    });
    named("jobs", need(readouts == 1 && last, "the last one, and no other, feeds the readout"))?;
    for (index, job) in shared.jobs.iter().enumerate() {
        named("before", need(is_kept(shared, index), "the trains were overwritten"))?;
        check_job(shared, job)
            .map_err(|what| Diagnostic::internal("sim", format!("{}: {what}", job.name)))?;
    }
    Ok(())
}

/// What a job reads of the chunk before is still there: those that write come later.
fn is_kept(shared: &Shared, index: usize) -> bool {
    let (job, before) = (&shared.jobs[index], &shared.jobs[..=index]);
    let writes = |j: &Job, map: usize| match &j.work {
        Work::Or { to, .. } => *to == map,
        Work::Sum(_) => j.fires().is_some_and(|(_, to)| to == map),
    };
    match job.source {
        Source::Trains(map) if job.before => !before.iter().any(|j| writes(j, map)),
        _ => !job.before,
    }
}

fn need(is: bool, what: &str) -> std::result::Result<(), &str> {
    if is { Ok(()) } else { Err(what) }
}

fn size(shape: [u32; 3]) -> u32 {
    shape.iter().product()
}

fn check_job(shared: &Shared, job: &Job) -> std::result::Result<(), &'static str> {
    let exists = match job.source {
        Source::Input => true,
        Source::Trains(m) => m < shared.trains.len(),
        Source::Currents(m, _) => m < shared.currents.len(),
    };
    need(exists && size(job.out) > 0, "it reads or makes no map")?;
    let train = |m: usize| shared.trains.get(m).is_some_and(|m| m.shape == job.out);
    let current = |m: usize| shared.currents.get(m).is_some_and(|m| m.shape == job.out);
    match &job.work {
        Work::Or { window, stride, to } => {
            need(matches!(job.source, Source::Trains(_)), "OR reads trains")?;
            reaches(shared, job, *window, *stride, [0, 0])?;
            need(operands(shared, job.source)[0] == job.out[0], "OR keeps channels")?;
            need(train(*to), "the map of trains has another shape")
        }
        Work::Sum(sum) => {
            reaches(shared, job, sum.window, sum.stride, sum.padding)?;
            check_sum(shared, job, sum)?;
            need(sum.add.is_none_or(current), "the added map has another shape")?;
            let leaks = shared.leaks.len();
            need(sum.leak.is_none_or(|l| l < leaks), "there is no such leak")?;
            let channels = job.out[0] as usize;
            let resets = sum.leak.is_some_and(|l| shared.leaks[l].resets.is_some());
            let thresholds = if resets { channels } else { 0 };
            need(sum.theta.len() == thresholds, "the thresholds of resets are of other channels")?;
            let Then::Maps { keep, fire } = &sum.then else {
                let readout = &shared.readout;
                let lengths = [readout.gain.len(), readout.offset.len()];
                return need(
                    job.positions() == 1 && channels <= 256 && lengths == [channels; 2],
                    "the readout has other classes",
                );
            };
            need(keep.is_none_or(current), "the kept map has another shape")?;
            let Some((n, to)) = fire else { return Ok(()) };
            let lengths = [n.sign.len(), n.bias.len(), n.threshold.len()];
            need(lengths == [channels; 3], "the neurons are of other channels")?;
            need(n.kind < shared.kinds.len(), "there is no such kind of neurons")?;
            need(train(*to), "the map of trains has another shape")
        }
    }
}

/// The windows lie in the map and its frame.
fn reaches(
    shared: &Shared,
    job: &Job,
    window: [u32; 2],
    stride: [u32; 2],
    padding: [u32; 2],
) -> std::result::Result<(), &'static str> {
    let halo = match job.source {
        Source::Input => shared.input.halo,
        Source::Trains(m) => shared.trains[m].halo,
        Source::Currents(..) => {
            let plain = (window, stride, padding) == ([1, 1], [1, 1], [0, 0]);
            need(plain, "currents are read by windows of 1×1")?;
            0
        }
    };
    let from = operands(shared, job.source);
    let inside = |k: usize| {
        let end = (job.out[k + 1] - 1) * stride[k] + window[k];
        padding[k] <= halo && end <= from[k + 1] + padding[k] + halo
    };
    need(inside(0) && inside(1), "a window leaves the map")
}

fn check_sum(shared: &Shared, job: &Job, sum: &SumJob) -> std::result::Result<(), &'static str> {
    let from = operands(shared, job.source)[0];
    let elements = u64::from(sum.window[0] * sum.window[1] * from);
    let channels = job.out[0] as usize;
    need(sum.weights.len() as u64 == elements * channels as u64, "weights are missing")?;
    need([sum.gain.len(), sum.offset.len()] == [channels; 2], "gains or offsets are missing")?;
    need((1..=8).contains(&sum.planes) && sum.shift < 63, "planes or shift are out of range")?;
    let alone = job.own.is_some() && sum.slices == 1 && sum.planes > 1;
    need(alone || !sum.products, "whole weights are of a processor with one job")?;
    let limit = 1i32 << (sum.planes - 1);
    let fits = |w: &i8| match sum.planes {
        1 => w.abs() == 1,
        _ => (-limit..limit).contains(&i32::from(*w)),
    };
    need(sum.weights.iter().all(fits), "a weight does not fit into its planes")?;
    let lanes = shared.lanes_of(job) / sum.slices.max(1);
    let slices = (1..=2).contains(&sum.slices)
        && (0..shared.groups(job)).all(|g| shared.group_size(job, g) <= lanes);
    need(slices, "a group has more channels than a row of weights")?;
    // 2·S₊ is computed, too.
    let largest: u64 = match job.source {
        Source::Input => shared.input.largest().into(),
        Source::Trains(_) => 1,
        Source::Currents(_, gather) => 1 << (gather.bits.clamp(1, 32) - 1),
    };
    let sums = elements * largest * (limit.unsigned_abs().max(2) as u64);
    need(sums < 1 << 31, "the sums are wider than the simulator's")
}
