// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A job at work, row by row of its result: docs/shared.md has the rules, docs/line.md what a line
//! changes.

use super::clock::{Clock, Fetch};
use super::memory::{Grid, Memory};
use super::rows::is_whole;
use super::sums::{Rows, Window};
use super::tail::{Place, Tail};
use crate::diag::Result;
use crate::hw::Design;
use crate::hw::shared::{Job, Shared, Source, SumJob, Work};
use crate::sim::activity::StageActivity;
use crate::sim::chain::Readout;
use crate::sim::probe::Probe;

/// A job at work.
pub(super) enum Running<'d> {
    Sum(Box<SumRun<'d>>),
    Or(OrRun<'d>),
}

impl<'d> Running<'d> {
    /// Computes a row; the cycle in which it is complete. `holds`: in a line, the first cycle in
    /// which it may be read, or of each row of an only window.
    ///
    /// # Errors
    /// An internal one if a value does not fit into the width that the design declares.
    pub(super) fn row(
        &mut self,
        row: usize,
        holds: &[u64],
        memory: &mut Memory,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) -> Result<u64> {
        match self {
            Self::Sum(run) => run.row(row, holds, memory, counts, probe),
            Self::Or(run) => Ok(run.row(row, holds, memory)),
        }
    }

    /// The cycle in which the job is done.
    pub(super) fn done(&self) -> u64 {
        match self {
            Self::Sum(run) => run.clock.done(),
            Self::Or(run) => run.next + 1,
        }
    }

    /// Counts what it did; the readout, if it feeds it.
    ///
    /// # Errors
    /// An internal one if a value does not fit into the width that the design declares.
    pub(super) fn finish(self, counts: &mut StageActivity) -> Result<Option<Readout<'d>>> {
        match self {
            Self::Sum(run) => {
                run.window.finish(run.shared, run.job)?;
                run.tail.finish(counts)
            }
            Self::Or(run) => {
                run.count(counts);
                Ok(None)
            }
        }
    }
}

/// A sum job.
pub(super) struct SumRun<'d> {
    shared: &'d Shared,
    index: usize,
    job: &'d Job,
    clock: Clock,
    window: Window<'d>,
    tail: Tail<'d>,
    /// In a line the rows of an only window are read as they come.
    whole: bool,
}

impl<'d> SumRun<'d> {
    pub(super) fn new(
        (design, shared): (&Design, &'d Shared),
        (job, sum, rows): (&'d Job, &'d SumJob, &'d Rows),
        (index, chunk, begin): (usize, usize, u64),
    ) -> Self {
        let fetch = match job.source {
            Source::Currents(_, g) => {
                Fetch::Gather(u64::from(g.window[0] * g.window[1] * shared.width))
            }
            Source::Input | Source::Trains(_) => Fetch::Map,
        };
        Self {
            shared,
            index,
            job,
            clock: Clock::new(begin, fetch, sum.digits, shared.leak_cycles(job)),
            window: Window::new(shared, job, sum, rows),
            tail: Tail::new(design, shared, (index, chunk), job, sum),
            whole: is_whole(shared, job),
        }
    }

    fn row(
        &mut self,
        row: usize,
        holds: &[u64],
        memory: &mut Memory,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) -> Result<u64> {
        if let ([from], false) = (holds, self.whole) {
            self.clock.hold(*from);
        }
        for column in 0..self.job.out[2] as usize {
            self.window.read(memory, row, column)?;
            let (target, mut channel) = (self.tail.target(Place { row, column }), 0);
            self.tail.compute(&target, &self.window.sums, memory, counts);
            for g in 0..self.shared.groups(self.job) {
                let (clock, words, index) = (&mut self.clock, &self.window.words, self.index);
                let event = |cycle| probe.event(index, cycle);
                if self.whole && g == 0 && !holds.is_empty() {
                    by_row(clock, words, holds, event);
                } else {
                    clock.scan(words, event);
                }
                let group = channel..channel + self.shared.group_size(self.job, g) as usize;
                channel = group.end;
                self.tail.group(&target, group, memory, clock, counts, probe);
            }
            self.window.count(self.shared.groups(self.job), counts);
        }
        Ok(self.clock.done())
    }
}

/// Loads the words of a group, each row of the window when it may be read.
fn by_row(clock: &mut Clock, words: &[u32], holds: &[u64], mut event: impl FnMut(u64)) {
    let row = (words.len() / holds.len()).max(1);
    for (words, from) in words.chunks(row).zip(holds) {
        clock.hold(*from);
        clock.load(words, &mut event);
    }
    clock.snap();
}

/// An or job.
pub(super) struct OrRun<'d> {
    shared: &'d Shared,
    job: &'d Job,
    window: [u32; 2],
    stride: [u32; 2],
    from: Grid,
    to: Grid,
    /// The cycle in which the next word may be addressed (rule 9).
    next: u64,
}

impl<'d> OrRun<'d> {
    pub(super) fn new(shared: &'d Shared, job: &'d Job, work: &Work, begin: u64) -> Self {
        let (window, stride, to) = match work {
            Work::Or { window, stride, to } => (*window, *stride, *to),
            Work::Sum(sum) => (sum.window, sum.stride, 0),
        };
        let grid = |source| Grid::of(shared, source).unwrap_or_default();
        let (from, to) = (grid(job.source), grid(Source::Trains(to)));
        Self { shared, job, window, stride, from, to, next: begin }
    }

    fn row(&mut self, row: usize, holds: &[u64], memory: &mut Memory) -> u64 {
        let pack = self.shared.pack as usize;
        let [rows, columns] = self.window.map(i64::from);
        let (to, from) = (self.to, self.from);
        for column in 0..i64::from(self.job.out[2]) {
            let top = row as i64 * i64::from(self.stride[0]);
            let left = column * i64::from(self.stride[1]);
            for word in 0..to.place {
                for e in 0..pack {
                    let train = |k: i64| {
                        let at = from.at(top + k / columns, left + k % columns) + word;
                        memory.trains[at * pack + e]
                    };
                    let train = (0..rows * columns).fold(0, |any, k| any | train(k));
                    memory.write_train((to.at(row as i64, column) + word) * pack + e, train);
                }
            }
        }
        let words = self.words() / u64::from(self.job.out[1].max(1));
        self.next = holds.iter().fold(self.next, |next, from| next.max(*from)) + words;
        self.next + 1
    }

    /// Words that it reads.
    fn words(&self) -> u64 {
        let words = u64::from(self.job.positions()) * self.to.place as u64;
        words * u64::from(self.window[0] * self.window[1])
    }

    fn count(&self, counts: &mut StageActivity) {
        let reads = self.words();
        counts.words += reads;
        counts.inputs += reads * u64::from(self.shared.pack);
        counts.train_reads += reads;
        counts.train_writes += u64::from(self.job.positions()) * self.to.place as u64;
        counts.results += u64::from(self.job.out.iter().product::<u32>());
    }
}
