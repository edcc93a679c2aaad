// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The weighted sums of a window, for all output channels at once: a row of weights for each
//! element that is not zero, so that the work is proportional to the events.

use std::ops::AddAssign;

use super::check;
use super::memory::{Grid, Memory, Plane};
use super::width::Width;
use crate::diag::Result;
use crate::hw::shared::{Gather, Job, Shared, Source, SumJob, Sums};
use crate::sim::activity::StageActivity;
use crate::vector::vectorised;

/// Output channels whose sums are added up side by side: they stay in registers.
const BLOCK: usize = 32;

/// The weights of a sum job in the order in which they are read: `[window row][window
/// column][word of a place][element of a word]`, then output channel; zeros where there is no
/// channel.
pub(super) struct Rows {
    /// `[element][block of output channels]`.
    weights: Vec<[i16; BLOCK]>,
    /// Blocks of an element.
    blocks: usize,
    /// Per element: additions of all channels: bits that are one, in all planes, or of whole
    /// weights those that are not 0.
    ones: Vec<u32>,
    channels: usize,
    /// True if no sum of trains leaves 16 bits: twice as many are then added at once.
    narrow: bool,
}

impl Rows {
    pub(super) fn new(shared: &Shared, job: &Job, sum: &SumJob) -> Self {
        let (words, pack) = shared.words(job.source);
        let from = check::operands(shared, job.source)[0] as usize;
        let (taps, place) = (sum.window[0] * sum.window[1], (words * pack) as usize);
        let channels = job.out[0] as usize;
        let narrow = (taps * from as u32) << (sum.planes - 1) < 1 << 15;
        let blocks = channels.div_ceil(BLOCK);
        let mut rows = Self { weights: Vec::new(), blocks, ones: Vec::new(), channels, narrow };
        let mask = (1u32 << sum.planes) - 1;
        for element in 0..taps as usize * place {
            let (tap, channel) = (element / place, element % place);
            let weight = |c: usize| sum.weights[(c * taps as usize + tap) * from + channel];
            let row = (0..channels).map(|c| if channel < from { weight(c) } else { 0 });
            let row: Vec<i8> = row.collect();
            // Of ±1, the one plane is 1 for +1.
            let ones = |w: i8| match sum.planes {
                1 => u32::from(w > 0),
                _ if sum.products => u32::from(w != 0),
                _ => (i32::from(w) as u32 & mask).count_ones(),
            };
            rows.ones.push(row.iter().map(|w| ones(*w)).sum());
            rows.weights.extend(row.chunks(BLOCK).map(|channels| {
                let mut block = [0; BLOCK];
                block.iter_mut().zip(channels).for_each(|(b, w)| *b = i16::from(*w));
                block
            }));
        }
        rows
    }

    /// The weights of an element.
    fn of(&self, element: usize) -> &[[i16; BLOCK]] {
        &self.weights[element * self.blocks..][..self.blocks]
    }

    /// The sums of a block of channels over the elements that fired.
    #[inline(always)]
    fn sums<A: Copy + Default + AddAssign + From<i16>>(
        &self,
        block: usize,
        fired: &[u32],
    ) -> [A; BLOCK] {
        let mut sums = [A::default(); BLOCK];
        for &element in fired {
            let weights = &self.weights[element as usize * self.blocks + block];
            sums.iter_mut().zip(weights).for_each(|(p, w)| *p += A::from(*w));
        }
        sums
    }
}

/// Reads windows and sums them up.
pub(super) struct Window<'d> {
    name: &'d str,
    sum: &'d SumJob,
    rows: &'d Rows,
    operands: Operands,
    timesteps: usize,
    /// Elements of a word.
    pack: u32,
    /// Per word of the window: rows of weights to read.
    pub(super) words: Vec<u32>,
    /// p: `[timestep][output channel]`.
    pub(super) sums: Vec<i32>,
    /// Of a window of trains: the elements that fired, `[timestep][place in the list]`, and how
    /// many of each timestep.
    fired: Vec<u32>,
    count: Vec<usize>,
    /// S: sum of the operands, per timestep.
    total: Vec<i32>,
    /// Of all accumulators, and of all p, so far.
    accumulator: Width,
    product: Width,
    /// Elements × timesteps other than zero, and additions, of the window that was read.
    nonzero: u64,
    additions: u64,
}

/// From where the elements of a window come.
enum Operands {
    Levels(Grid),
    /// Trains of an input that changes over time.
    Input(Grid),
    Trains(Grid),
    Currents(Plane, Gather),
}

impl<'d> Window<'d> {
    pub(super) fn new(shared: &Shared, job: &'d Job, sum: &'d SumJob, rows: &'d Rows) -> Self {
        let operands = match (job.source, Grid::of(shared, job.source)) {
            (Source::Currents(m, gather), _) => Operands::Currents(Plane::of(shared, m), gather),
            (Source::Trains(_), Some(grid)) => Operands::Trains(grid),
            (_, grid) if shared.input.trains => Operands::Input(grid.unwrap_or_default()),
            (_, grid) => Operands::Levels(grid.unwrap_or_default()),
        };
        let timesteps = shared.width as usize;
        Self {
            name: &job.name,
            sum,
            rows,
            operands,
            timesteps,
            pack: shared.words(job.source).1,
            words: Vec::new(),
            sums: vec![0; timesteps * rows.channels],
            fired: vec![0; timesteps * rows.ones.len()],
            count: vec![0; timesteps],
            total: vec![0; timesteps],
            accumulator: Width::default(),
            product: Width::default(),
            nonzero: 0,
            additions: 0,
        }
    }

    /// Reads the window of a place of the result.
    pub(super) fn read(&mut self, memory: &Memory, row: usize, column: usize) -> Result<()> {
        self.words.clear();
        (self.nonzero, self.additions) = (0, 0);
        vectorised(
            #[inline(always)]
            || {
                match self.operands {
                    Operands::Levels(grid) => self.levels(memory, grid, row, column),
                    Operands::Input(grid) => self.input_trains(memory, grid, row, column),
                    Operands::Trains(grid) => self.trains(memory, grid, row, column),
                    Operands::Currents(map, gather) => {
                        self.currents(memory, map, gather, row, column)?;
                    }
                }
                self.note();
                Ok(())
            },
        )
    }

    /// The words of each row of the window; they are neighbours.
    fn spans(
        &self,
        grid: Grid,
        row: usize,
        column: usize,
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let [rows, columns] = self.sum.window;
        let start = |at: usize, k: usize| {
            at as i64 * i64::from(self.sum.stride[k]) - i64::from(self.sum.padding[k])
        };
        let (top, left) = (start(row, 0), start(column, 1));
        let length = columns as usize * grid.place;
        (0..i64::from(rows)).map(move |k| (grid.at(top + k, left), length))
    }

    /// Nothing has been added yet.
    fn clear(&mut self) {
        self.sums.fill(0);
        self.total.fill(0);
    }

    #[inline(always)]
    fn levels(&mut self, memory: &Memory, grid: Grid, row: usize, column: usize) {
        self.clear();
        let mut element = 0;
        for (at, length) in self.spans(grid, row, column) {
            for &level in &memory.input[at..at + length] {
                self.words.push(if level == 0 { 0 } else { self.sum.passes() });
                if level != 0 {
                    self.add(element, 0, level as i32);
                }
                element += 1;
            }
        }
        self.hold();
        if self.sum.sums == Sums::Each {
            self.nonzero *= self.timesteps as u64;
            self.additions *= self.timesteps as u64;
        }
    }

    /// The sums of the first timestep are those of all.
    #[inline(always)]
    fn hold(&mut self) {
        let (first, rest) = self.sums.split_at_mut(self.rows.channels);
        rest.chunks_mut(first.len()).for_each(|sums| sums.copy_from_slice(first));
        let total = self.total[0];
        self.total.fill(total);
    }

    #[inline(always)]
    fn input_trains(&mut self, memory: &Memory, grid: Grid, row: usize, column: usize) {
        let mut element = 0;
        for (at, length) in self.spans(grid, row, column) {
            let pack = self.pack as usize;
            let trains = &memory.input[memory.input_base + at * pack..][..length * pack];
            for word in trains.chunks_exact(pack) {
                let events = word.iter().filter(|train| **train != 0).count() as u32;
                self.words.push(events * self.sum.passes());
                for (e, &train) in word.iter().enumerate().filter(|(_, x)| **x != 0) {
                    self.event(element + e, train);
                }
                element += pack;
            }
        }
        self.add_fired();
    }

    #[inline(always)]
    fn trains(&mut self, memory: &Memory, grid: Grid, row: usize, column: usize) {
        let together = self.sum.sums == Sums::Total;
        if together {
            self.clear();
        }
        let mut element = 0;
        for (at, length) in self.spans(grid, row, column) {
            for word in at..at + length {
                self.words.push(memory.events[word] * self.sum.passes());
                let trains = memory.word(word);
                let mut lit = memory.lit[word];
                while lit != 0 {
                    let e = lit.trailing_zeros() as usize;
                    lit &= lit - 1;
                    match together {
                        true => self.add(element + e, 0, trains[e].count_ones() as i32),
                        false => self.event(element + e, trains[e]),
                    }
                }
                element += trains.len();
            }
        }
        if !together {
            self.add_fired();
        }
    }

    /// Takes note of an element that fires in some timestep.
    #[inline(always)]
    fn event(&mut self, element: usize, train: u32) {
        let elements = self.rows.ones.len();
        let mut rest = train;
        while rest != 0 {
            let timestep = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let count = &mut self.count[timestep];
            self.fired[timestep * elements + *count] = element as u32;
            *count += 1;
        }
    }

    /// Adds the weights of all that fired, timestep by timestep.
    #[inline(always)]
    fn add_fired(&mut self) {
        let (rows, multi) = (self.rows, self.sum.planes > 1);
        let lists = self.fired.chunks(rows.ones.len()).zip(&mut self.count);
        let totals = self.sums.chunks_mut(rows.channels).zip(&mut self.total);
        for ((list, count), (sums, total)) in lists.zip(totals) {
            let fired = &list[..std::mem::take(count)];
            *total = fired.len() as i32;
            self.nonzero += fired.len() as u64;
            for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
                if rows.narrow {
                    let found = rows.sums::<i16>(block, fired);
                    sums.iter_mut().zip(found).for_each(|(p, n)| *p = i32::from(n));
                } else {
                    sums.copy_from_slice(&rows.sums::<i32>(block, fired)[..sums.len()]);
                }
            }
            // Of ±1, those of +1 alone are added: S₊ = (p + S) / 2.
            self.additions += if multi {
                fired.iter().map(|e| u64::from(rows.ones[*e as usize])).sum::<u64>()
            } else {
                sums.iter().map(|p| ((p + *total) >> 1) as u64).sum()
            };
        }
    }

    #[inline(always)]
    fn currents(
        &mut self,
        memory: &Memory,
        map: Plane,
        gather: Gather,
        row: usize,
        column: usize,
    ) -> Result<()> {
        self.clear();
        let [rows, columns] = gather.window.map(|n| n as usize);
        let values = &memory.currents[map.bank];
        let half = if gather.shift > 0 { 1 << (gather.shift - 1) } else { 0 };
        let mut width = Width::default();
        let at = |k| map.at(row * rows + k / columns, column * columns + k % columns);
        let places: Vec<usize> = (0..rows * columns).map(at).collect();
        let own = if self.sum.sums == Sums::Held { 1 } else { self.timesteps };
        for channel in 0..map.channels() {
            let mut any = false;
            for t in 0..own {
                let value = |place: &usize| values[place + channel * self.timesteps + t];
                let sum: i64 = places.iter().map(value).sum();
                let x = (sum + half) >> gather.shift;
                width.note(x);
                // What does not fit would not fit into the sums either.
                width.check(gather.bits, self.name, "a sum of currents")?;
                any |= x != 0;
                if x != 0 {
                    self.add(channel, t, x as i32);
                }
            }
            self.words.push(if any { self.sum.passes() } else { 0 });
        }
        if self.sum.sums == Sums::Held {
            self.hold();
        }
        Ok(())
    }

    /// Adds operand `x` of a timestep times the weights of an element.
    #[inline(always)]
    fn add(&mut self, element: usize, timestep: usize, x: i32) {
        let channels = self.rows.channels;
        let sums = self.sums[timestep * channels..][..channels].chunks_mut(BLOCK);
        for (sums, weights) in sums.zip(self.rows.of(element)) {
            let sums = sums.iter_mut().zip(weights);
            // Four products at a time want factors of 16 bits.
            match i16::try_from(x) {
                Ok(x) => sums.for_each(|(p, w)| *p += i32::from(x) * i32::from(*w)),
                Err(_) => sums.for_each(|(p, w)| *p += x * i32::from(*w)),
            }
        }
        self.total[timestep] += x;
        self.nonzero += 1;
        self.additions += u64::from(self.rows.ones[element]);
    }

    /// What the accumulators hold at the snap: with ±1 these are S₊ and S, and p = 2·S₊ − S.
    #[inline(always)]
    fn note(&mut self) {
        let used = |v: i32| v ^ (v >> 31);
        for (sums, &total) in self.sums.chunks(self.rows.channels).zip(&self.total) {
            let p = sums.iter().fold(0, |m, p| m | used(*p));
            self.product.note(i64::from(p));
            let s = match self.sum.planes {
                1 => sums.iter().fold(used(total), |m, p| m | used((p + total) >> 1)),
                _ => 0,
            };
            self.accumulator.note(i64::from(p | s));
        }
    }

    /// Checks the widths of what was computed.
    pub(super) fn finish(&self, shared: &Shared, job: &Job) -> Result<()> {
        let widths = (shared.acc_bits, shared.once_bits);
        let (each, once) = job.own.map_or(widths, |own| (own.acc_bits, own.once_bits));
        let bits = if self.sum.sums == Sums::Each { each } else { once };
        self.accumulator.check(bits, self.name, "a sum")?;
        let digits = self.sum.digits * job.own.map_or(shared.digit_bits, |own| own.digit_bits);
        self.product.check(digits, self.name, "a sum in the multiplier")
    }

    /// Counts the window as read by so many groups.
    pub(super) fn count(&self, groups: u32, counts: &mut StageActivity) {
        let groups = u64::from(groups);
        let words = self.words.len() as u64 * groups;
        let rows = self.words.iter().map(|n| u64::from(*n)).sum::<u64>();
        counts.words += words;
        counts.inputs += words * u64::from(self.pack);
        counts.rows += rows * groups;
        counts.nonzero += self.nonzero * groups;
        // Of each group, the additions of its own lanes.
        counts.additions += self.additions;
        match self.operands {
            Operands::Levels(_) | Operands::Input(_) => counts.input_reads += words,
            Operands::Trains(_) => counts.train_reads += words,
            Operands::Currents(_, gather) => {
                let window = u64::from(gather.window[0] * gather.window[1]);
                counts.current_reads += words * window * self.timesteps as u64;
            }
        }
    }
}
