// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shared mapping: one processor, job after job (docs/shared.md), or a line of processors, row
//! by row (docs/line.md).
//!
//! Values and cycles are computed side by side: the sums of a place at once for all its
//! channels, the cycles group by group in [`clock`].

mod check;
mod clock;
mod memory;
mod rows;
mod running;
mod sums;
mod tail;
mod width;

use super::Inference;
use super::activity::Activity;
use super::chain::Readout;
use super::probe::Probe;
use crate::diag::{Diagnostic, Result};
use crate::hw::Design;
use crate::hw::shared::{Job, Shared, Source, Work};
use memory::{Grid, Memory};
use rows::Written;
use running::{OrRun, Running, SumRun};
use sums::Rows;

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
        let taken = self.load(&mut memory, input, gaps, probe);
        let last_input = taken.last().copied().unwrap_or(0);
        let mut activity = Activity::new(self.design);
        let readout = match self.shared.is_line() {
            true => self.line(&taken, &mut memory, &mut activity, probe)?,
            // Rule 2.
            false => self.one(last_input + 2, &mut memory, &mut activity, probe)?,
        };
        let Some((logits, class, done)) = readout.map(|r| r.result()) else {
            return Err(Diagnostic::internal("sim", "the last job does not feed the readout"));
        };
        activity.cycles = done + 1;
        if let Some(last) = activity.stages.last_mut() {
            last.end = activity.cycles;
        }
        Ok(Inference { logits, class, ran: None, last_input, done, activity })
    }

    /// One processor: job after job, for each chunk.
    fn one(
        &self,
        from: u64,
        memory: &mut Memory,
        activity: &mut Activity,
        probe: &mut impl Probe,
    ) -> Result<Option<Readout<'_>>> {
        let (mut begin, mut readout) = (from, None);
        let mut busy = vec![0; self.shared.jobs.len()];
        for chunk in 0..self.design.chunks() as usize {
            memory.begin(chunk);
            for (index, busy) in busy.iter_mut().enumerate() {
                let counts = &mut activity.stages[index];
                let mut running = self.running(index, chunk, begin);
                for row in 0..self.shared.jobs[index].out[1] as usize {
                    running.row(row, &[], memory, counts, probe)?;
                }
                let done = running.done();
                readout = running.finish(counts)?;
                *busy += done + 2 - begin;
                begin = done + 2;
            }
        }
        let mut begin = from;
        for (counts, busy) in activity.stages.iter_mut().zip(busy) {
            (counts.begin, counts.end) = (begin, begin + busy);
            begin += busy;
        }
        Ok(readout)
    }

    /// A line: each row of each job as soon as it is known when it begins. Which is first changes
    /// nothing: a cycle depends on the rows that it waits for, and on no others.
    fn line(
        &self,
        taken: &[u64],
        memory: &mut Memory,
        activity: &mut Activity,
        probe: &mut impl Probe,
    ) -> Result<Option<Readout<'_>>> {
        memory.begin(0);
        // Rule 2': behind the first input. A row of it is complete two cycles after its last byte.
        let byte = |behind: u32| taken.len().checked_sub(1 + behind as usize);
        let at = |behind| byte(behind).and_then(|byte| taken.get(byte)).copied().unwrap_or(0);
        let input = self.shared.input.word_bits().div_ceil(8);
        let begin = at(self.design.input_bytes() - input) + 2;
        let rows = 0..self.shared.input.shape[1];
        let rows = rows.map(|row| at(self.shared.bytes_behind(row)) + 2).collect();
        let mut written = Written::new(self.shared, rows);
        let mut all: Vec<_> =
            (0..self.shared.jobs.len()).map(|index| (self.running(index, 0, begin), 0)).collect();
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for (index, (running, row)) in all.iter_mut().enumerate() {
                let job = &self.shared.jobs[index];
                let counts = &mut activity.stages[index];
                while *row < job.out[1] as usize {
                    let Some(holds) = written.holds(index, *row) else { break };
                    if *row == 0 {
                        counts.begin = begin.max(holds[0]);
                    }
                    written.row(index, running.row(*row, &holds, memory, counts, probe)?);
                    (*row, goes_on) = (*row + 1, true);
                }
            }
        }
        let mut readout = None;
        for (index, (running, row)) in all.into_iter().enumerate() {
            let (job, counts) = (&self.shared.jobs[index], &mut activity.stages[index]);
            if row < job.out[1] as usize {
                let message = format!("{} waits for ever", job.name);
                return Err(Diagnostic::internal("sim", message));
            }
            counts.end = running.done() + 1;
            readout = running.finish(counts)?;
        }
        Ok(readout)
    }

    /// A job that begins in cycle `begin`.
    fn running(&self, index: usize, chunk: usize, begin: u64) -> Running<'_> {
        let job = &self.shared.jobs[index];
        match (&job.work, &self.rows[index]) {
            (Work::Sum(sum), Some(rows)) => {
                let (design, at) = ((self.design, self.shared), (index, chunk, begin));
                Running::Sum(Box::new(SumRun::new(design, (job, sum, rows), at)))
            }
            (work, _) => Running::Or(OrRun::new(self.shared, job, work, begin)),
        }
    }

    /// Rule 1; returns the cycles of the bytes. The inputs come channel by channel, row by
    /// row, spikes that change chunk by chunk; in the map channels are innermost.
    fn load(
        &self,
        memory: &mut Memory,
        input: &[u8],
        gaps: &[u8],
        probe: &mut impl Probe,
    ) -> Vec<u64> {
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
        let take = |byte| {
            cycle += if byte > 0 { 1 + gap(byte) } else { 0 };
            probe.input(byte, cycle);
            cycle
        };
        (0..self.design.input_bytes() as usize).map(take).collect()
    }
}
