// SPDX-License-Identifier: Apache-2.0 OR MIT
//! When a row of a job of a line may begin (docs/line.md): when the rows of the maps that it needs
//! are written.

use crate::hw::shared::{Job, Shared, Source, Then, Work};

/// Of each map, the cycle in which each row was complete, as far as it is.
pub(super) struct Written {
    trains: Vec<Vec<u64>>,
    currents: Vec<Vec<u64>>,
}

impl Written {
    pub(super) fn new(shared: &Shared) -> Self {
        let (trains, currents) = (shared.trains.len(), shared.currents.len());
        Self { trains: vec![Vec::new(); trains], currents: vec![Vec::new(); currents] }
    }

    /// A row of a job's result is complete in this cycle.
    pub(super) fn row(&mut self, job: &Job, cycle: u64) {
        match &job.work {
            Work::Or { to, .. } => self.trains[*to].push(cycle),
            Work::Sum(sum) => {
                if let Then::Maps { keep, fire } = &sum.then {
                    keep.iter().for_each(|m| self.currents[*m].push(cycle));
                    fire.iter().for_each(|(_, m)| self.trains[*m].push(cycle));
                }
            }
        }
    }

    /// The first cycle in which a row of a job may be read, or one of its only window; the last
    /// row waits for all rows.
    pub(super) fn from(&self, job: &Job, row: usize, whole: bool) -> u64 {
        let rows = match &job.work {
            Work::Sum(sum) if whole => sum.window[0],
            _ => job.out[1],
        };
        let is_last = row + 1 == rows as usize;
        // The last row that the windows of this row see.
        let below = |rows: &[u64], end: usize| {
            let seen = if is_last { rows.len() } else { end.min(rows.len()) };
            rows[..seen].last().map_or(0, |done| done + 1)
        };
        let (window, stride, padding) = match &job.work {
            Work::Sum(_) if whole => (1, 1, 0),
            Work::Sum(sum) => (sum.window[0], sum.stride[0], sum.padding[0]),
            Work::Or { window, stride, .. } => (window[0], stride[0], 0),
        };
        let end = (row as u32 * stride + window).saturating_sub(padding) as usize;
        let read = match job.source {
            Source::Input => 0,
            Source::Trains(m) => below(&self.trains[m], end),
            Source::Currents(m, gather) => {
                below(&self.currents[m], (row + 1) * gather.window[0] as usize)
            }
        };
        let added = match &job.work {
            Work::Sum(sum) => sum.add.map_or(0, |m| below(&self.currents[m], row + 1)),
            Work::Or { .. } => 0,
        };
        read.max(added)
    }
}

/// Does the one window of a job see all of a map of spike trains?
pub(super) fn is_whole(shared: &Shared, job: &Job) -> bool {
    match (&job.work, job.source) {
        (Work::Sum(sum), Source::Trains(m)) => {
            let seen = (sum.window[0], sum.padding[0]) == (shared.trains[m].shape[1], 0);
            seen && job.out[1] == 1
        }
        _ => false,
    }
}
