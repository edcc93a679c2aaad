// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The numbers of a job: addresses of maps, steps of the walk, rows of weights.

use crate::hw::shared::{Bank, Job, Shared, Source, SumJob, Then, Work};

/// What a word of a job is, as hdl/sf_emit.v numbers it; 3: the job is an OR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Level = 0,
    Trains = 1,
    Currents = 2,
    Or = 3,
}

/// A walk: six loops, the innermost first, each with its extent and what its step adds.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) base: i64,
    pub(super) counts: [u32; 6],
    pub(super) deltas: [i64; 6],
}

/// Loops as (extent, distance of two neighbours): what is added when a loop steps is its
/// distance less what the inner ones have gone since they began.
fn walk(base: i64, loops: [(u32, i64); 6]) -> Walk {
    let mut gone = 0;
    let deltas = loops.map(|(extent, distance)| {
        let delta = distance - gone;
        gone += (i64::from(extent) - 1) * distance;
        delta
    });
    Walk { base, counts: loops.map(|l| l.0), deltas }
}

/// First word, words from row to row, from place to place, of what a windowed job reads.
pub(in super::super) struct Frame {
    pub(in super::super) first: i64,
    pub(in super::super) row: i64,
    pub(in super::super) place: i64,
    halo: i64,
}

pub(in super::super) fn frame(shared: &Shared, source: Source) -> Frame {
    let pack = shared.pack;
    match source {
        Source::Input => {
            let (m, words) = (&shared.input, i64::from(shared.input.words()));
            Frame {
                first: i64::from(m.first()),
                row: i64::from(m.pitch()) * words,
                place: words,
                halo: i64::from(m.halo),
            }
        }
        Source::Trains(index) => {
            let m = &shared.trains[index];
            let words = i64::from(m.words(pack));
            Frame {
                first: i64::from(m.base + m.first(pack)),
                row: i64::from(m.pitch()) * words,
                place: words,
                halo: i64::from(m.halo),
            }
        }
        Source::Currents(index, _) => {
            let m = &shared.currents[index];
            let place = i64::from(m.shape[0]);
            Frame { first: i64::from(m.base), row: i64::from(m.shape[2]) * place, place, halo: 0 }
        }
    }
}

/// The walk of a job, and what its words are.
pub(super) fn walk_of(shared: &Shared, job: &Job, width: u32) -> (Walk, Kind) {
    let f = frame(shared, job.source);
    let [_, rows, columns] = job.out;
    match (&job.work, job.source) {
        (Work::Or { window, stride, .. }, _) => {
            let words = f.place as u32;
            let loops = [
                (window[1], f.place),
                (window[0], f.row),
                (words, 1),
                (1, 0),
                (columns, i64::from(stride[1]) * f.place),
                (rows, i64::from(stride[0]) * f.row),
            ];
            (walk(f.first, loops), Kind::Or)
        }
        (Work::Sum(sum), Source::Currents(_, gather)) => {
            // An element is C words.
            let t = i64::from(width);
            let (place, row) = (f.place * t, f.row * t);
            let [high, wide] = gather.window;
            let loops = [
                (wide, place),
                (high, row),
                (place as u32, 1),
                (shared.groups(job), 0),
                (columns, i64::from(sum.stride[1] * wide) * place),
                (rows, i64::from(sum.stride[0] * high) * row),
            ];
            (walk(f.first, loops), Kind::Currents)
        }
        (Work::Sum(sum), source) => {
            // The columns of a window are neighbours in memory.
            let run = sum.window[1] * f.place as u32;
            let loops = [
                (run, 1),
                (sum.window[0], f.row),
                (1, 0),
                (shared.groups(job), 0),
                (columns, i64::from(sum.stride[1]) * f.place),
                (rows, i64::from(sum.stride[0]) * f.row),
            ];
            let [above, left] = sum.padding.map(i64::from);
            debug_assert!(above <= f.halo && left <= f.halo);
            // Packed inputs are words of trains of another memory.
            let level = source == Source::Input && shared.input.pack == 1;
            let kind = if level { Kind::Level } else { Kind::Trains };
            (walk(f.first - above * f.row - left * f.place, loops), kind)
        }
    }
}

/// First row of a job's weights, in the units of hdl/sf_emit.v: elements of a word.
pub(super) fn first_row(shared: &Shared, job: &Job, sum: &SumJob, base: u32) -> u32 {
    let (_, elements) = shared.words(job.source);
    base * sum.slices / elements
}

/// First word of the trains that a job writes, words of a row, words between two rows.
pub(super) fn written(shared: &Shared, map: usize) -> (u32, u32, u32) {
    let m = &shared.trains[map];
    let words = m.words(shared.pack);
    (m.base + m.first(shared.pack), m.shape[2] * words, m.halo * words)
}

/// The map of trains that a job writes.
pub(super) fn train_map(job: &Job) -> Option<usize> {
    match &job.work {
        Work::Or { to, .. } => Some(*to),
        Work::Sum(sum) => match &sum.then {
            Then::Maps { fire: Some((_, map)), .. } => Some(*map),
            _ => None,
        },
    }
}

/// Bank (0 or 1) and first word of a map of currents; zeros without one.
pub(super) fn current(shared: &Shared, map: Option<usize>) -> (u32, u32) {
    map.map_or((0, 0), |m| {
        let m = &shared.currents[m];
        (u32::from(m.bank == Bank::B), m.base)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_walk_lead_to_every_place() {
        // A 3×2 window over rows of 10 words, two groups, 4×3 places with stride 2.
        let w = walk(7, [(2, 1), (3, 10), (1, 0), (2, 0), (4, 2), (3, 20)]);
        let mut addr = w.base;
        let mut at = [0; 6];
        let mut seen = Vec::new();
        'walk: loop {
            seen.push(addr);
            for (at, (count, delta)) in at.iter_mut().zip(w.counts.iter().zip(w.deltas)) {
                if *at + 1 < *count {
                    *at += 1;
                    addr += delta;
                    continue 'walk;
                }
                *at = 0;
            }
            break;
        }
        let mut expected = Vec::new();
        for y in 0..3 {
            for x in 0..4 {
                for _ in 0..2 {
                    for ky in 0..3 {
                        for kx in 0..2 {
                            expected.push(7 + y * 20 + x * 2 + ky * 10 + kx);
                        }
                    }
                }
            }
        }
        assert_eq!(seen, expected);
    }
}
