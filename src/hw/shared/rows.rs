// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rows of a line: which ones a job waits for, of those that it reads and of those that it writes
//! (docs/line.md).

use super::{Job, Shared, Source, Then, Use, Work};

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
            Source::Input => {
                let rows = self.input.shape[1];
                need(Stored::Input, rows, window.saturating_sub(padding), stride);
            }
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

    /// What a job of a line that keeps currents waits for: room in the rings of those who use them.
    #[must_use]
    pub fn rooms(&self, job: usize) -> Vec<Room> {
        let Some(job) = self.jobs.get(job) else { return Vec::new() };
        let Some((map, ring)) = job.keeps().zip(job.own.and_then(|own| own.ring)) else {
            return Vec::new();
        };
        let (rows, start) = (self.currents[map].shape[1], ring / self.current_row(map));
        let room = |(user, how): (usize, Use)| {
            let each = match (how, self.jobs[user].source) {
                (Use::Gather, Source::Currents(_, gather)) => gather.window[0],
                _ => 1,
            };
            Room { user, rows, start, each }
        };
        if start < rows { self.users(map).map(room).collect() } else { Vec::new() }
    }

    /// Words of a row of a map of currents.
    #[must_use]
    pub fn current_row(&self, map: usize) -> u32 {
        let [channels, _, columns] = self.currents[map].shape;
        channels * columns * self.width
    }

    /// Words of each memory of a line that holds a map of currents: a ring of rows, or all of it.
    #[must_use]
    pub fn current_words(&self, map: usize) -> u32 {
        let ring = self.writer(Stored::Currents(map)).and_then(|w| self.jobs[w].own?.ring);
        ring.unwrap_or_else(|| self.currents[map].depth(self.width))
    }

    /// Bytes of the input behind a row of it: the host sends it channel by channel.
    #[must_use]
    pub fn bytes_behind(&self, row: u32) -> u32 {
        let [_, rows, columns] = self.input.shape;
        (rows - 1 - row.min(rows - 1)) * columns * self.input.word_bits().div_ceil(8)
    }

    /// When each step of each job of a line is done, if one of them takes so many cycles and a byte
    /// of the input one; none if jobs wait for each other for ever. Whatever the cycles are, it is
    /// one or the other: what a step waits for is counters that only grow. The input is there in
    /// cycle `input`.
    pub(super) fn schedule(
        &self,
        input: u32,
        cycles: impl Fn(&Job) -> u64,
    ) -> Option<Vec<Vec<u64>>> {
        let count = self.jobs.len();
        let waits: Vec<_> = (0..count).map(|i| (self.needs(i), self.rooms(i))).collect();
        let mut done: Vec<Vec<u64>> = vec![Vec::new(); count];
        let mut rows = done.clone();
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for (i, job) in self.jobs.iter().enumerate() {
                let (needs, rooms) = &waits[i];
                while done[i].len() < self.steps(job) as usize {
                    let step = done[i].len() as u32;
                    let row = |job: usize, count: u32| match count {
                        0 => Some(0),
                        _ => rows[job].get(count as usize - 1).copied(),
                    };
                    let is_last = step + 1 == self.steps(job);
                    let read = needs.iter().map(|n| match (n.map, n.at(step, is_last)) {
                        (Stored::Input, 0) => Some(0),
                        (Stored::Input, rows) => {
                            Some(input.saturating_sub(self.bytes_behind(rows - 1)).into())
                        }
                        (map, rows) => row(self.writer(map)?, rows),
                    });
                    let free = rooms.iter().map(|r| row(r.user, r.at(step)));
                    let from = read.chain(free).try_fold(0, |at, row| Some(row?.max(at)));
                    let Some(from) = from else { break };
                    let end = from.max(done[i].last().copied().unwrap_or(0)) + cycles(job);
                    done[i].push(end);
                    // The result of a job that waits for the rows of its one window is one row.
                    if !self.is_whole(job) || is_last {
                        rows[i].push(end);
                    }
                    goes_on = true;
                }
            }
        }
        let all = self.jobs.iter().zip(&done).all(|(j, d)| d.len() == self.steps(j) as usize);
        all.then_some(done)
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
    /// What the host sends.
    Input,
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

impl Need {
    /// Rows that a step needs.
    #[must_use]
    pub fn at(&self, step: u32, is_last: bool) -> u32 {
        if is_last { self.rows } else { (self.first + step * self.step).min(self.rows) }
    }
}

/// Rows of a map of currents that a job may be ahead of one that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The job that uses it.
    pub user: usize,
    /// Rows of the map.
    pub rows: u32,
    /// Rows that the ring has room for.
    pub start: u32,
    /// Rows that each row of the user's result frees.
    pub each: u32,
}

impl Room {
    /// Rows of the user's result that have to be complete before a row is written.
    #[must_use]
    pub fn at(&self, row: u32) -> u32 {
        (row + 1).saturating_sub(self.start).div_ceil(self.each)
    }
}

impl Job {
    /// The map of currents that it keeps.
    #[must_use]
    pub fn keeps(&self) -> Option<usize> {
        self.writes().find_map(|map| match map {
            Stored::Currents(m) => Some(m),
            Stored::Trains(_) | Stored::Input => None,
        })
    }

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
