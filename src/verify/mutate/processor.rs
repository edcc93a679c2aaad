// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults that a design on one processor can express.

use super::change::{CHANNELS, Change, Changes, flips, width};
use crate::hw::shared::{Job, Neurons, Shared, Source, SumJob, Then, Work};
use crate::hw::{Design, Place};

/// One weight, from the middle of the inputs on: of ±1 the sign, of others the lowest bit. `loaded`:
/// of those alone that the host loads.
pub(super) fn weights<'a>(design: &'a Design, shared: &'a Shared, loaded: bool) -> Changes<'a> {
    let jobs = sums(shared).filter(move |_| !loaded || shared.weights == Place::Spram);
    Box::new(jobs.flat_map(move |(index, job, sum)| {
        let channels = job.out[0] as usize;
        let n = sum.weights.len() / channels.max(1);
        (0..channels.min(CHANNELS)).map(move |k| {
            let input = (n / 2 + 13 * k) % n;
            let change = |sum: &mut SumJob| {
                let weight = &mut sum.weights[k * n + input];
                *weight = if sum.planes == 1 { -*weight } else { *weight ^ 1 };
            };
            let what = if sum.planes == 1 { "negated" } else { "with another lowest bit" };
            let fault = format!("weight {input} of channel {k} of `{}` {what}", job.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// One bit of a threshold.
pub(super) fn thresholds<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = sums(shared).filter_map(|(index, _, sum)| Some((index, neurons(sum)?)));
    Box::new(jobs.flat_map(move |(index, n)| {
        let bits = width(&n.threshold);
        // A threshold is more than 0.
        let sound = move |&(bit, c): &(u32, usize)| n.threshold[c] ^ 1 << bit > 0;
        flips(bits, n.threshold.len()).filter(sound).map(move |(bit, channel)| {
            let change = |sum: &mut SumJob| {
                if let Then::Maps { fire: Some((n, _)), .. } = &mut sum.then {
                    n.threshold[channel] ^= 1 << bit;
                }
            };
            let fault =
                format!("bit {bit} of the threshold of channel {channel} of `{}` flipped", n.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// One bit of a gain.
pub(super) fn gains<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    Box::new(sums(shared).flat_map(move |(index, job, sum)| {
        flips(width(&sum.gain), sum.gain.len()).map(move |(bit, channel)| {
            let change = |sum: &mut SumJob| sum.gain[channel] ^= 1 << bit;
            let fault =
                format!("bit {bit} of the gain of channel {channel} of `{}` flipped", job.name);
            Change { design: with_sum(design, index, change), fault }
        })
    }))
}

/// A job reads its map from a wrong address: a word, or an element of currents, off.
pub(super) fn addresses<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = shared.jobs.iter().enumerate();
    Box::new(jobs.flat_map(move |(index, job)| {
        [-1i64, 1].into_iter().filter_map(move |off| {
            let mut changed = design.clone();
            let s = changed.shared.as_mut()?;
            s.jobs[index].source = match job.source {
                Source::Input => return None,
                Source::Trains(m) => Source::Trains(moved_trains(s, m, off)?),
                Source::Currents(m, gather) => {
                    let map = moved_currents(s, m, off * i64::from(design.timesteps), design)?;
                    Source::Currents(map, gather)
                }
            };
            let unit = if matches!(job.source, Source::Currents(..)) { "channel" } else { "word" };
            let fault = format!("`{}` reads its map {off:+} {unit} off", job.name);
            Some(Change { design: changed, fault })
        })
    }))
}

/// A job adds the currents of a neighbouring channel.
pub(super) fn alignments<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    Box::new(sums(shared).flat_map(move |(index, job, sum)| {
        [1i64, -1].into_iter().filter_map(move |off| {
            let mut changed = design.clone();
            let s = changed.shared.as_mut()?;
            let map = moved_currents(s, sum.add?, off * i64::from(design.timesteps), design)?;
            if let Work::Sum(sum) = &mut s.jobs[index].work {
                sum.add = Some(map);
            }
            let fault = format!("`{}` adds its map {off:+} channel off", job.name);
            Some(Change { design: changed, fault })
        })
    }))
}

/// The windows of a job begin a row late.
pub(super) fn rows<'a>(design: &'a Design, shared: &'a Shared) -> Changes<'a> {
    let jobs = shared.jobs.iter().enumerate();
    Box::new(jobs.filter_map(move |(index, job)| {
        let mut changed = design.clone();
        let s = changed.shared.as_mut()?;
        match (job.source, &mut s.jobs[index].work) {
            (_, Work::Sum(sum)) if sum.padding[0] > 0 => sum.padding[0] -= 1,
            (Source::Trains(m), _) if shared.trains[m].shape[1] > 1 => {
                let map = &shared.trains[m];
                let row = map.pitch() * map.words(shared.pack);
                s.jobs[index].source = Source::Trains(moved_trains(s, m, i64::from(row))?);
            }
            _ => return None,
        }
        let fault = format!("the rows of `{}` begin one too late", job.name);
        Some(Change { design: changed, fault })
    }))
}

/// The sum jobs and their indices.
fn sums(shared: &Shared) -> impl Iterator<Item = (usize, &Job, &SumJob)> {
    shared.jobs.iter().enumerate().filter_map(|(index, job)| match &job.work {
        Work::Sum(sum) => Some((index, job, &**sum)),
        Work::Or { .. } => None,
    })
}

fn with_sum(design: &Design, index: usize, change: impl FnOnce(&mut SumJob)) -> Design {
    let mut changed = design.clone();
    if let Some(s) = &mut changed.shared
        && let Work::Sum(sum) = &mut s.jobs[index].work
    {
        change(sum);
    }
    changed
}

/// A second name for a map of trains, so many words further; none if it leaves the memory,
/// whose size must not change.
fn moved_trains(shared: &mut Shared, map: usize, words: i64) -> Option<usize> {
    let mut moved = shared.trains[map].clone();
    moved.base = u32::try_from(i64::from(moved.base) + words).ok()?;
    let inside = moved.base + moved.depth(shared.pack) <= shared.train_depth();
    inside.then(|| {
        shared.trains.push(moved);
        shared.trains.len() - 1
    })
}

/// The same for a map of currents.
fn moved_currents(shared: &mut Shared, map: usize, words: i64, design: &Design) -> Option<usize> {
    let mut moved = shared.currents[map].clone();
    moved.base = u32::try_from(i64::from(moved.base) + words).ok()?;
    let depth = shared.bank_depth(moved.bank, design.timesteps);
    (moved.base + moved.depth(design.timesteps) <= depth).then(|| {
        shared.currents.push(moved);
        shared.currents.len() - 1
    })
}

fn neurons(sum: &SumJob) -> Option<&Neurons> {
    match &sum.then {
        Then::Maps { fire: Some((neurons, _)), .. } => Some(neurons),
        _ => None,
    }
}
