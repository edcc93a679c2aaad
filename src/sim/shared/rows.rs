// SPDX-License-Identifier: Apache-2.0 OR MIT
//! When a row of a job of a line may begin (docs/line.md): when the rows that it needs are written,
//! and those that it writes have room.

use crate::hw::shared::{Gather, Job, Shared, Source, Then, Work};

/// Of each job, the cycle in which each row of its result was complete, as far as it is.
pub(super) struct Written<'d> {
    shared: &'d Shared,
    /// The same of the input.
    input: Vec<u64>,
    rows: Vec<Vec<u64>>,
    /// Which job writes each map.
    trains: Vec<usize>,
    currents: Vec<usize>,
}

impl<'d> Written<'d> {
    pub(super) fn new(shared: &'d Shared, input: Vec<u64>) -> Self {
        let mut trains = vec![0; shared.trains.len()];
        let mut currents = vec![0; shared.currents.len()];
        for (index, job) in shared.jobs.iter().enumerate() {
            match &job.work {
                Work::Or { to, .. } => trains[*to] = index,
                Work::Sum(sum) => {
                    if let Then::Maps { keep, fire } = &sum.then {
                        keep.iter().for_each(|m| currents[*m] = index);
                        fire.iter().for_each(|(_, m)| trains[*m] = index);
                    }
                }
            }
        }
        Self { shared, input, rows: vec![Vec::new(); shared.jobs.len()], trains, currents }
    }

    /// A row of a job's result is complete in this cycle.
    pub(super) fn row(&mut self, job: usize, cycle: u64) {
        self.rows[job].push(cycle);
    }

    /// From when on a row of a job may be read, or each row of its one window; none if that is not
    /// known yet.
    pub(super) fn holds(&self, index: usize, row: usize) -> Option<Vec<u64>> {
        let job = &self.shared.jobs[index];
        match (&job.work, is_whole(self.shared, job)) {
            (Work::Sum(sum), true) => {
                (0..sum.window[0] as usize).map(|k| self.from(index, k, true)).collect()
            }
            _ => Some(vec![self.from(index, row, false)?]),
        }
    }

    /// The first cycle in which a row of a job may be read, or one of its only window; the last
    /// row waits for all rows.
    fn from(&self, index: usize, row: usize, whole: bool) -> Option<u64> {
        let job = &self.shared.jobs[index];
        let rows = match &job.work {
            Work::Sum(sum) if whole => sum.window[0],
            _ => job.out[1],
        };
        let is_last = row + 1 == rows as usize;
        let (window, stride, padding) = match &job.work {
            Work::Sum(_) if whole => (1, 1, 0),
            Work::Sum(sum) => (sum.window[0], sum.stride[0], sum.padding[0]),
            Work::Or { window, stride, .. } => (window[0], stride[0], 0),
        };
        // A frame above the map is there from the beginning.
        let end = (window.saturating_sub(padding) + row as u32 * stride) as usize;
        let seen = |rows: u32, end: usize| {
            let all = rows as usize;
            if is_last { all } else { end.min(all) }
        };
        let read = match job.source {
            Source::Input => since(&self.input, seen(self.shared.input.shape[1], end))?,
            Source::Trains(m) => {
                self.complete(self.trains[m], seen(self.shared.trains[m].shape[1], end))?
            }
            Source::Currents(m, gather) => {
                let end = (row + 1) * gather.window[0] as usize;
                self.complete(self.currents[m], seen(self.shared.currents[m].shape[1], end))?
            }
        };
        let added = match &job.work {
            Work::Sum(sum) => match sum.add {
                Some(m) => {
                    let rows = seen(self.shared.currents[m].shape[1], row + 1);
                    self.complete(self.currents[m], rows)?
                }
                None => 0,
            },
            Work::Or { .. } => 0,
        };
        Some(read.max(added).max(self.room(job, row)?))
    }

    /// From when on so many rows of a job's result are there.
    fn complete(&self, job: usize, rows: usize) -> Option<u64> {
        since(&self.rows[job], rows)
    }

    /// From when on the currents of a row have room: whoever uses the map frees its rows as its own
    /// are complete.
    fn room(&self, job: &Job, row: usize) -> Option<u64> {
        let ring = job.own.and_then(|own| own.ring);
        let kept = match &job.work {
            Work::Sum(sum) => match sum.then {
                Then::Maps { keep, .. } => keep,
                Then::Readout => None,
            },
            Work::Or { .. } => None,
        };
        let Some((map, words)) = kept.zip(ring) else { return Some(0) };
        let [channels, _, columns] = self.shared.currents[map].shape;
        let fit = (words / (channels * columns * self.shared.width)) as usize;
        let beyond = (row + 1).saturating_sub(fit);
        let mut from = 0;
        for (user, job) in self.shared.jobs.iter().enumerate() {
            let gathered = match job.source {
                Source::Currents(m, Gather { window, .. }) if m == map => Some(window[0] as usize),
                _ => None,
            };
            let added = match &job.work {
                Work::Sum(sum) if sum.add == Some(map) => Some(1),
                _ => None,
            };
            for each in [gathered, added].into_iter().flatten() {
                from = from.max(self.complete(user, beyond.div_ceil(each))?);
            }
        }
        Some(from)
    }
}

/// From when on so many rows are there, of which each is complete in a cycle; 0 for none.
fn since(complete: &[u64], rows: usize) -> Option<u64> {
    match rows {
        0 => Some(0),
        _ => complete.get(rows - 1).map(|done| done + 1),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::shared::tests::{on_line, residual};

    /// The residual network on a line: a stem of 8 rows, `conv1` that adds its currents, `short` that
    /// gathers two rows of those of `conv1`, `conv2` of every second row that adds its result.
    fn line() -> Shared {
        on_line(&residual()).shared.unwrap()
    }

    fn index(shared: &Shared, job: &str) -> usize {
        shared.jobs.iter().position(|j| j.name == job).unwrap()
    }

    /// Rows of the stem are complete in 10, 20, …: of `conv1` the first needs two of them, the last
    /// all.
    #[test]
    fn a_row_waits_for_those_that_its_window_sees() {
        let mut shared = line();
        shared.jobs.iter_mut().flat_map(|j| &mut j.own).for_each(|own| own.ring = None);
        let (stem, conv1) = (index(&shared, "stem"), index(&shared, "conv1"));
        let mut written = Written::new(&shared, vec![0; 8]);
        assert_eq!(written.holds(conv1, 0), None);
        (1..=7).for_each(|k| written.row(stem, 10 * k));
        assert_eq!(written.holds(conv1, 0), Some(vec![21]));
        assert_eq!(written.holds(conv1, 5), Some(vec![71]));
        assert_eq!([6, 7].map(|row| written.holds(conv1, row)), [None, None]);
        written.row(stem, 80);
        assert_eq!(written.holds(conv1, 6), Some(vec![81]));
    }

    /// Every second row, and a row of what is added.
    #[test]
    fn a_row_waits_for_what_it_adds() {
        let shared = line();
        let [conv1, short, conv2] = ["conv1", "short", "conv2"].map(|j| index(&shared, j));
        let mut written = Written::new(&shared, vec![0; 8]);
        (1..=8).for_each(|k| written.row(conv1, 10 * k));
        assert_eq!(written.holds(conv2, 0), None);
        assert_eq!(written.holds(short, 1), Some(vec![41]));
        [95, 96, 97].into_iter().for_each(|cycle| written.row(short, cycle));
        assert_eq!(written.holds(conv2, 0), Some(vec![96]));
        assert_eq!(written.holds(conv2, 2), Some(vec![98]));
    }

    /// A ring of four rows, of which `short` frees two at once.
    #[test]
    fn a_row_waits_for_room() {
        let shared = line();
        let [stem, conv1, short] = ["stem", "conv1", "short"].map(|j| index(&shared, j));
        let mut written = Written::new(&shared, vec![0; 8]);
        (1..=8).for_each(|k| written.row(stem, k));
        assert_eq!(written.holds(conv1, 3), Some(vec![6]));
        assert_eq!(written.holds(conv1, 4), None);
        written.row(short, 50);
        assert_eq!([4, 5].map(|row| written.holds(conv1, row)), [Some(vec![51]), Some(vec![51])]);
        assert_eq!(written.holds(conv1, 6), None);
        // And the stem for `conv1`, row by row.
        assert_eq!(written.holds(stem, 3), Some(vec![1]));
        assert_eq!(written.holds(stem, 4), None);
        written.row(conv1, 60);
        assert_eq!([4, 5].map(|row| written.holds(stem, row)), [Some(vec![61]), None]);
    }

    /// Whatever rows a job needs, `sim` and the Verilog's counters say the same.
    #[test]
    fn the_counters_of_the_verilog_wait_for_the_same() {
        let mut shared = line();
        shared.jobs.iter_mut().flat_map(|j| &mut j.own).for_each(|own| own.ring = None);
        let (stem, conv1) = (index(&shared, "stem"), index(&shared, "conv1"));
        for (window, stride, padding) in [(3, 1, 1), (3, 2, 0), (1, 1, 2), (2, 3, 1), (5, 1, 4)] {
            let Work::Sum(sum) = &mut shared.jobs[conv1].work else { panic!("a sum job") };
            (sum.window[0], sum.stride[0], sum.padding[0]) = (window, stride, padding);
            sum.add = None;
            for row in 0..7 {
                let need = shared.needs(conv1)[0].at(row as u32, false);
                for rows in 0..=8 {
                    let mut written = Written::new(&shared, vec![0; 8]);
                    (0..rows).for_each(|_| written.row(stem, 1));
                    let waits = written.from(conv1, row, false).is_none();
                    assert_eq!(waits, rows < need, "{window} {stride} {padding}: row {row}");
                }
            }
        }
    }
}
