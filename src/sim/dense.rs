// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `sf_dense`: sums and the cycles of its events and results.

use std::ops::Range;

use super::activity::Activity;
use super::chain::{StageState, push};
use super::log::Log;
use super::probe::Probe;
use crate::hw::{DenseStage, Kept, Split};
use crate::vector::vectorised;

/// Weights in the order the simulator reads them.
pub(super) struct Tables {
    /// `[input][output]`: all ones where the weight bit is 1, else 0. A byte each, as all of them
    /// are read for each inference.
    masks: Vec<i8>,
    /// `[part][input]`: how many of a part's outputs it is added to.
    plus: Vec<Vec<u32>>,
}

impl Tables {
    pub(super) fn new(d: &DenseStage) -> Self {
        let (inputs, outputs) = (d.weights.cols(), d.weights.rows());
        let mut masks = Vec::with_capacity(inputs * outputs);
        let size = d.part() as usize;
        let mut plus = vec![Vec::with_capacity(inputs); outputs / size.max(1)];
        for i in 0..inputs {
            let row = (0..outputs).map(|o| -i8::from(d.weights.get(o, i)));
            for (part, plus) in plus.iter_mut().enumerate() {
                let of = row.clone().skip(part * size).take(size);
                plus.push(of.filter(|m| *m != 0).count() as u32);
            }
            masks.extend(row);
        }
        Self { masks, plus }
    }
}

/// A dense stage during one inference.
pub(super) struct Dense<'d> {
    index: usize,
    stage: &'d DenseStage,
    tables: &'d Tables,
    kept: &'d Kept,
    /// Inputs so far, and when they were taken, where that decides what counts.
    inputs: Vec<u32>,
    when: Vec<u64>,
    /// Members that are done, where the layer runs once for each.
    member: usize,
    /// First cycle in which an input can be taken, with an empty drain; cycle in which the result
    /// before was taken.
    pub(super) open: u64,
    drain_free: u64,
    taken: u64,
}

impl<'d> Dense<'d> {
    pub(super) fn new(
        index: usize,
        stage: &'d DenseStage,
        tables: &'d Tables,
        kept: &'d Kept,
    ) -> Self {
        let inputs = Vec::with_capacity(stage.inputs() as usize);
        let (when, member, open, drain_free, taken) = (Vec::new(), 0, 0, 0, 0);
        Self { index, stage, tables, kept, inputs, when, member, open, drain_free, taken }
    }

    /// Takes one input in this cycle. Are all of them there?
    #[inline]
    pub(super) fn keep(&mut self, value: i64, cycle: u64, log: &mut Log<'_, impl Probe>) -> bool {
        self.inputs.push(value as u32);
        if self.kept.may_stop {
            self.when.push(cycle);
        }
        if value != 0 {
            log.event(self.index, cycle);
        }
        self.inputs.len() == self.stage.inputs() as usize
    }

    /// Takes all inputs, one a cycle from cycle 0 on.
    pub(super) fn keep_all(&mut self, levels: &[u8], log: &mut Log<'_, impl Probe>) {
        for (cycle, &level) in levels.iter().enumerate() {
            log.probe.input(cycle, cycle as u64);
            if level != 0 {
                log.event(self.index, cycle as u64);
            }
        }
        self.inputs.extend(levels.iter().map(|x| u32::from(*x)));
    }

    /// All inputs are there, the last one since `last`: hands on the results group by group.
    pub(super) fn run(
        &mut self,
        rest: &mut [StageState<'d>],
        last: u64,
        log: &mut Log<'_, impl Probe>,
    ) {
        let d = self.stage;
        let tp = d.time_parallel as usize;
        let (sums, events) = (self.sums(), self.events());
        if let [StageState::Lif(lif), ..] = rest {
            lif.foresee(&sums);
        }
        let parts = self.parts();
        let turns = parts.iter().flat_map(|part| (0..d.groups()).map(move |g| (*part, g)));
        let (mut last_event, groups) = (last, parts.len() * d.groups() as usize);
        let (mut scan_from, mut results) = (None, 0);
        for (turn, (part, g)) in turns.enumerate() {
            let snap = self.drain_free.max(last_event + 3);
            let first = (part * d.part() + g * d.lanes) as usize;
            let outputs = first..first + d.group_size(g) as usize;
            for &sum in &sums[outputs.start * tp..outputs.end * tp] {
                let shift = self.taken.max(snap + 1);
                self.taken = push(rest, sum, shift + 1, log);
                self.drain_free = shift + 1;
                results += u64::from(self.taken <= log.stop);
            }
            if self.kept.may_stop {
                self.count_turn(scan_from, outputs, log);
            }
            if turn + 1 < groups {
                scan_from = Some(snap + 1);
                last_event = self.scan(snap, &events, log);
            } else {
                // Weights ±1 need the sum of the inputs until the last result has left the drain.
                let held = if d.planes == 1 { self.drain_free } else { 0 };
                self.open = held.max(snap + 1);
            }
        }
        log.activity.stages[self.index].results += results;
        if !self.kept.may_stop {
            self.count(groups, log.activity);
        }
        self.inputs.clear();
        self.when.clear();
        self.member += 1;
    }

    /// The parts of the outputs that are computed: those of the members that run, or all as one.
    fn parts(&self) -> Vec<u32> {
        match self.stage.split {
            Split::Outputs(_) => self.kept.members.clone(),
            _ => vec![0],
        }
    }

    /// The first of the inputs that are gone through now, among those of all members.
    fn first(&self) -> usize {
        let Split::Inputs(_) = self.stage.split else { return 0 };
        let member = self.kept.members.get(self.member).copied().unwrap_or(0);
        (member * self.stage.inputs()) as usize
    }

    /// Inputs other than zero in each word of the bitmap.
    fn events(&self) -> Vec<u64> {
        let mut events = Vec::with_capacity(self.stage.words() as usize);
        vectorised(
            #[inline(always)]
            || {
                let lit = |word: &[u32]| word.iter().map(|x| u32::from(*x != 0)).sum::<u32>();
                let (words, rest) = self.inputs.as_chunks::<16>();
                events.extend(words.iter().map(|word| u64::from(lit(word))));
                events.extend((!rest.is_empty()).then(|| u64::from(lit(rest))));
            },
        );
        events
    }

    /// Replays the kept inputs from cycle `snap + 1` on, word by word with so many events; returns
    /// the last cycle.
    fn scan(&self, snap: u64, events: &[u64], log: &mut Log<'_, impl Probe>) -> u64 {
        let mut cycle = snap;
        for &events in events {
            for k in 0..events {
                log.event(self.index, cycle + 1 + k);
            }
            log.count(self.index, cycle + 1, |c| c.words += 1);
            cycle += events.max(1);
        }
        cycle
    }

    /// Per output and timestep: with weights ±1 `Σ ±x` = 2 · (sum where the weight is +1) − (sum
    /// of all), of a plane the sum where its bit is 1.
    fn sums(&self) -> Vec<i64> {
        let (outputs, tp) = (self.stage.weights.rows(), self.stage.time_parallel as usize);
        let first = self.first();
        let mut plus = vec![0u32; outputs * tp];
        let mut total = vec![0u32; tp];
        vectorised(
            #[inline(always)]
            || {
                if tp == 1 {
                    total[0] = self.inputs.iter().sum();
                    self.levels(&mut plus);
                    return;
                }
                for (i, &x) in self.inputs.iter().enumerate().filter(|(_, x)| **x != 0) {
                    let i = first + i;
                    let masks = &self.tables.masks[i * outputs..(i + 1) * outputs];
                    for t in (0..tp).filter(|t| x >> t & 1 == 1) {
                        total[t] += 1;
                        let sums = plus[t * outputs..].iter_mut().zip(masks);
                        sums.for_each(|(p, m)| *p += u32::from(*m != 0));
                    }
                }
            },
        );
        // Neuron by neuron, timestep by timestep.
        (0..outputs * tp)
            .map(|k| {
                let (o, t) = (k / tp, k % tp);
                let ones = i64::from(plus[t * outputs + o]);
                if self.stage.planes > 1 { ones } else { 2 * ones - i64::from(total[t]) }
            })
            .collect()
    }

    /// Adds levels where the weight bit is 1: of at most 16 bits, as they are bytes or counts of
    /// spikes. The sums of so few levels that they fit have 16 bits as well, so that twice as many
    /// are added at once.
    #[inline(always)]
    fn levels(&self, plus: &mut [u32]) {
        let outputs = plus.len();
        let first = self.first();
        let masks = |i: usize| &self.tables.masks[(first + i) * outputs..(first + i + 1) * outputs];
        let lit = self.inputs.iter().enumerate().filter(|(_, x)| **x != 0);
        let lit: Vec<(&[i8], u16)> = lit.map(|(i, &x)| (masks(i), x as u16)).collect();
        let largest = lit.iter().map(|(_, x)| *x).max().unwrap_or(1);
        let fit = usize::from(u16::MAX / largest);
        let mut part = vec![0u16; outputs];
        for levels in lit.chunks(fit) {
            part.fill(0);
            add(levels, &mut part);
            plus.iter_mut().zip(&part).for_each(|(sum, part)| *sum += u32::from(*part));
        }
    }

    /// Inputs, rows and additions of all groups.
    fn count(&self, groups: usize, activity: &mut Activity) {
        let (d, first) = (self.stage, self.first());
        let (mut lit, mut nonzero, mut additions) = (0, 0, 0);
        vectorised(
            #[inline(always)]
            || {
                let parallel = d.time_parallel > 1;
                let times = |x: u32| if parallel { x.count_ones() } else { u32::from(x != 0) };
                for &x in &self.inputs {
                    lit += u64::from(x != 0);
                    nonzero += u64::from(times(x));
                }
                for part in self.parts() {
                    let plus = &self.tables.plus[part as usize][first..];
                    for (&x, plus) in self.inputs.iter().zip(plus) {
                        additions += u64::from(times(x)) * u64::from(*plus);
                    }
                }
            },
        );
        let counts = &mut activity.stages[self.index];
        counts.inputs += self.inputs.len() as u64;
        counts.nonzero += nonzero;
        counts.rows += lit * groups as u64;
        counts.additions += additions;
    }

    /// The same of one group whose scan began in a cycle, or that worked while the inputs came:
    /// what happened before the stages were reset.
    fn count_turn(&self, from: Option<u64>, outputs: Range<usize>, log: &mut Log<'_, impl Probe>) {
        let (d, first) = (self.stage, self.first());
        let all = d.weights.rows();
        let mut next = from.unwrap_or(0);
        for (i, &x) in self.inputs.iter().enumerate() {
            let cycle = if from.is_some() { next } else { self.when[i] };
            let times = if d.time_parallel > 1 { x.count_ones() } else { u32::from(x != 0) };
            let row = &self.tables.masks[(first + i) * all..(first + i + 1) * all];
            log.count(self.index, cycle, |c| {
                c.inputs += u64::from(from.is_none());
                c.nonzero += if from.is_none() { u64::from(times) } else { 0 };
                if x != 0 {
                    let added = row[outputs.clone()].iter().filter(|m| **m != 0).count() as u64;
                    c.rows += 1;
                    c.additions += u64::from(times) * added;
                }
            });
            // An event takes a cycle, and so does a word without any.
            next += u64::from(x != 0);
            if i % 16 == 15 && self.inputs[i - 15..=i].iter().all(|x| *x == 0) {
                next += 1;
            }
        }
    }
}

/// Adds each level to the sums whose mask lets it through, four levels while a sum is in a register.
#[inline(always)]
fn add(levels: &[(&[i8], u16)], sums: &mut [u16]) {
    let masked = |x: u16, m: i8| x & i16::from(m) as u16;
    let (fours, rest) = levels.as_chunks::<4>();
    for four in fours {
        let four = four.map(|(masks, x)| (&masks[..sums.len()], x));
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum = four.iter().fold(*sum, |sum, (masks, x)| sum + masked(*x, masks[j]));
        }
    }
    for (masks, x) in rest {
        sums.iter_mut().zip(*masks).for_each(|(sum, m)| *sum += masked(*x, *m));
    }
}
