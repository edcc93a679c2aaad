// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shared mapping: one processor, job after job (docs/shared.md).
//!
//! Values and cycles are computed side by side: the sums of a place at once for all its
//! channels, the cycles group by group in [`clock`].

mod check;
mod clock;
mod memory;
mod rows;
mod sums;
mod tail;
mod width;

use super::Inference;
use super::activity::{Activity, StageActivity};
use super::chain::Readout;
use super::probe::Probe;
use crate::diag::{Diagnostic, Result};
use crate::hw::Design;
use crate::hw::shared::{Job, Shared, Source, SumJob, Work};
use clock::{Clock, Fetch};
use memory::{Grid, Memory};
use rows::Written;
use sums::{Rows, Window};
use tail::{Place, Tail};

/// A design ready to run.
pub(super) struct Processor<'d> {
    design: &'d Design,
    shared: &'d Shared,
    /// Per job; none for an OR.
    rows: Vec<Option<Rows>>,
}

impl<'d> Processor<'d> {
    /// Prepares a design.
    ///
    /// # Errors
    /// An internal one if its numbers do not fit together.
    pub(super) fn new(design: &'d Design, shared: &'d Shared) -> Result<Self> {
        check::check(design, shared)?;
        let rows = |job: &Job| match &job.work {
            Work::Sum(sum) => Some(Rows::new(shared, job, sum)),
            Work::Or { .. } => None,
        };
        Ok(Self { design, shared, rows: shared.jobs.iter().map(rows).collect() })
    }

    /// Runs one inference; input and gaps as in [`super::Sim::run`].
    ///
    /// # Errors
    /// An internal one if a value does not fit into the width that the design declares.
    pub(super) fn run(
        &self,
        input: &[u8],
        gaps: &[u8],
        probe: &mut impl Probe,
    ) -> Result<Inference> {
        let mut memory = Memory::new(self.design, self.shared);
        let last_input = self.load(&mut memory, input, gaps, probe);
        let mut activity = Activity::new(self.design);
        // Rule 2.
        let mut begin = last_input + 2;
        let mut readout = None;
        let mut busy = vec![0; self.shared.jobs.len()];
        let mut written = self.shared.is_line().then(|| Written::new(self.shared));
        for chunk in 0..self.design.chunks() as usize {
            memory.begin(chunk);
            for (index, (job, rows)) in self.shared.jobs.iter().zip(&self.rows).enumerate() {
                let counts = &mut activity.stages[index];
                let done = match (&job.work, rows) {
                    (Work::Sum(sum), Some(rows)) => {
                        let at = Run { index, chunk, begin };
                        let (done, end) = self.sum(
                            at,
                            (job, sum, rows),
                            &mut memory,
                            &mut written,
                            counts,
                            probe,
                        )?;
                        readout = end;
                        done
                    }
                    (Work::Or { window, stride, to }, _) => {
                        self.or(job, *window, *stride, *to, &mut memory, counts);
                        or_done(begin, job, *window, self.shared, written.as_mut())
                    }
                    (Work::Sum(_), None) => continue,
                };
                busy[index] += done + 2 - begin;
                // The processors of a line begin together.
                begin = if written.is_some() { begin } else { done + 2 };
            }
        }
        let mut begin = last_input + 2;
        for (counts, busy) in activity.stages.iter_mut().zip(busy) {
            counts.begin = begin;
            begin += busy;
        }
        let Some((logits, class, done)) = readout.map(|r| r.result()) else {
            return Err(Diagnostic::internal("sim", "the last job does not feed the readout"));
        };
        activity.cycles = done + 1;
        Ok(Inference { logits, class, last_input, done, activity })
    }

    /// Rule 1; returns the cycle of the last byte. The inputs come channel by channel, row by
    /// row, spikes that change chunk by chunk; in the map channels are innermost.
    fn load(&self, memory: &mut Memory, input: &[u8], gaps: &[u8], probe: &mut impl Probe) -> u64 {
        let map = &self.shared.input;
        let [_, rows, columns] = map.shape.map(|n| n as usize);
        let grid = Grid::of(self.shared, Source::Input).unwrap_or_default();
        let count = self.design.input.count as usize;
        let word = |chunk: usize, i: usize| match map.trains {
            false => u32::from(input[i]),
            true => {
                let train = &input[chunk * map.bits as usize * count..];
                (0..map.bits).fold(0, |w, t| w | u32::from(train[t as usize * count + i]) << t)
            }
        };
        let chunks = if map.trains { self.design.chunks() as usize } else { 1 };
        let pack = map.pack as usize;
        for (chunk, i) in (0..chunks).flat_map(|chunk| (0..count).map(move |i| (chunk, i))) {
            let (row, column) = (i / columns % rows, i % columns);
            // Those of a word are neighbours, as they are in a vector.
            let at = grid.at(row as i64, column as i64) * pack + i / (rows * columns);
            memory.input[chunk * memory.input_chunk + at] = word(chunk, i);
        }
        let gap = |byte: usize| u64::from(gaps.get(byte).copied().unwrap_or(0));
        let mut cycle = 0;
        for byte in 0..self.design.input_bytes() as usize {
            cycle += if byte > 0 { 1 + gap(byte) } else { 0 };
            probe.input(byte, cycle);
        }
        cycle
    }

    /// Runs a sum job; returns the cycle in which it is done, and the
    /// readout if it feeds it.
    fn sum(
        &self,
        Run { index, chunk, begin }: Run,
        (job, sum, rows): (&'d Job, &'d SumJob, &Rows),
        memory: &mut Memory,
        written: &mut Option<Written>,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) -> Result<(u64, Option<Readout<'d>>)> {
        let fetch = match job.source {
            Source::Currents(_, g) => {
                Fetch::Gather(u64::from(g.window[0] * g.window[1] * self.shared.width))
            }
            Source::Input | Source::Trains(_) => Fetch::Map,
        };
        let mut clock = Clock::new(begin, fetch, sum.digits, self.shared.leak_cycles(job));
        let mut window = Window::new(self.shared, job, sum, rows);
        // The rows of an only window are read as they come.
        let whole = rows::is_whole(self.shared, job);
        let mut tail = Tail::new(self.design, self.shared, (index, chunk), job, sum);
        for place in places(job) {
            if let Some(written) = written.as_ref().filter(|_| place.column == 0 && !whole) {
                clock.hold(written.from(job, place.row, false));
            }
            window.read(memory, place.row, place.column)?;
            let (target, mut channel) = (tail.target(place), 0);
            tail.compute(&target, &window.sums, memory, counts);
            for g in 0..self.shared.groups(job) {
                match written.as_ref().filter(|_| whole && g == 0) {
                    Some(written) => {
                        let row = window.words.len() / sum.window[0] as usize;
                        for (k, words) in window.words.chunks(row.max(1)).enumerate() {
                            clock.hold(written.from(job, k, true));
                            clock.load(words, |cycle| probe.event(index, cycle));
                        }
                        clock.snap();
                    }
                    None => clock.scan(&window.words, |cycle| probe.event(index, cycle)),
                }
                let group = channel..channel + self.shared.group_size(job, g) as usize;
                channel = group.end;
                tail.group(&target, group, memory, &mut clock, counts, probe);
            }
            window.count(self.shared.groups(job), counts);
            let is_end = place.column + 1 == job.out[2] as usize;
            if let Some(written) = written.as_mut().filter(|_| is_end) {
                written.row(job, clock.done());
            }
        }
        window.finish(self.shared, job)?;
        Ok((clock.done(), tail.finish(counts)?))
    }

    /// Runs an or job.
    fn or(
        &self,
        job: &Job,
        window: [u32; 2],
        stride: [u32; 2],
        to: usize,
        memory: &mut Memory,
        counts: &mut StageActivity,
    ) {
        let pack = self.shared.pack as usize;
        let grid = |source| Grid::of(self.shared, source).unwrap_or_default();
        let (from, to) = (grid(job.source), grid(Source::Trains(to)));
        let [rows, columns] = window.map(i64::from);
        for place in places(job) {
            let (row, column) = (place.row as i64, place.column as i64);
            let (top, left) = (row * i64::from(stride[0]), column * i64::from(stride[1]));
            for word in 0..to.place {
                for e in 0..pack {
                    let train = |k: i64| {
                        let at = from.at(top + k / columns, left + k % columns) + word;
                        memory.trains[at * pack + e]
                    };
                    let train = (0..rows * columns).fold(0, |any, k| any | train(k));
                    memory.write_train((to.at(row, column) + word) * pack + e, train);
                }
            }
        }
        let words = u64::from(job.positions()) * to.place as u64;
        let reads = words * u64::from(window[0] * window[1]);
        counts.words += reads;
        counts.inputs += reads * pack as u64;
        counts.train_reads += reads;
        counts.train_writes += words;
        counts.results += u64::from(job.out.iter().product::<u32>());
    }
}

/// When an or job that begins in cycle `begin` is done (rule 9); in a line it waits for rows.
fn or_done(
    begin: u64,
    job: &Job,
    window: [u32; 2],
    shared: &Shared,
    mut written: Option<&mut Written>,
) -> u64 {
    let words = shared.words(job.source).0 * window[0] * window[1] * job.out[2];
    let mut next = begin;
    for row in 0..job.out[1] as usize {
        if let Some(written) = &mut written {
            next = next.max(written.from(job, row, false));
        }
        next += u64::from(words);
        if let Some(written) = &mut written {
            written.row(job, next + 1);
        }
    }
    next + 1
}

/// A job in a chunk, from cycle `begin` on.
#[derive(Clone, Copy)]
struct Run {
    index: usize,
    chunk: usize,
    begin: u64,
}

/// The places of a result, row by row.
fn places(job: &Job) -> impl Iterator<Item = Place> + use<> {
    let (rows, columns) = (job.out[1] as usize, job.out[2] as usize);
    (0..rows * columns).map(move |k| Place { row: k / columns, column: k % columns })
}
