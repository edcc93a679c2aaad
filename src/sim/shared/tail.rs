// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What becomes of the sums: gain, a map that is added, neurons, what is written (docs/shared.md,
//! What is computed).

use std::ops::Range;

use super::clock::Clock;
use super::memory::{Grid, Memory, Plane, States};
use super::width::Width;
use crate::diag::Result;
use crate::hw::shared::{Job, Leak, Neurons, Shared, Source, SumJob, Then};
use crate::hw::{Design, ReadoutStage};
use crate::sim::activity::StageActivity;
use crate::sim::chain::Readout;
use crate::sim::neuron;
use crate::sim::probe::{Probe, Step};

/// The tail during one sum job.
pub(super) struct Tail<'d> {
    shared: &'d Shared,
    /// C, the number of the chunk, and is it the last one?
    width: usize,
    chunk: usize,
    last: bool,
    index: usize,
    job: &'d Job,
    sum: &'d SumJob,
    add: Option<Plane>,
    keep: Option<Plane>,
    fire: Option<(&'d Neurons, Grid)>,
    readout: Option<Readout<'d>>,
    /// h of a place, `[channel][timestep]`, as maps of currents have it.
    results: Vec<i64>,
    /// Of what is kept, of the membranes, of the sums over time.
    kept: Width,
    membrane: Width,
    summed: Width,
}

/// A place of the result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Where the results of a place go: addresses of its channel 0.
pub(super) struct Target {
    /// Bank and word.
    add: Option<(usize, usize)>,
    keep: Option<(usize, usize)>,
    /// Element of the train memory.
    train: usize,
    /// Index of the place.
    place: usize,
}

impl<'d> Tail<'d> {
    pub(super) fn new(
        design: &Design,
        shared: &'d Shared,
        (index, chunk): (usize, usize),
        job: &'d Job,
        sum: &'d SumJob,
    ) -> Self {
        let plane = |map: usize| Plane::of(shared, map);
        let (keep, fire, readout): (_, _, Option<&'d ReadoutStage>) = match &sum.then {
            Then::Maps { keep, fire } => (*keep, fire.as_ref(), None),
            Then::Readout => (None, None, Some(&shared.readout)),
        };
        let target = |(neurons, map): &'d (Neurons, usize)| {
            Grid::of(shared, Source::Trains(*map)).map(|grid| (neurons, grid))
        };
        Self {
            shared,
            width: shared.width as usize,
            chunk,
            last: chunk + 1 == design.chunks() as usize,
            index,
            job,
            sum,
            add: sum.add.map(plane),
            keep: keep.map(plane),
            fire: fire.and_then(target),
            readout: readout.map(|r| Readout::new(r, &design.kept(&[]))),
            results: vec![0; (job.out[0] * shared.width) as usize],
            kept: Width::default(),
            membrane: Width::default(),
            summed: Width::default(),
        }
    }

    /// Where the results of a place go.
    pub(super) fn target(&self, place: Place) -> Target {
        let Place { row, column } = place;
        let at = |map: &Plane| (map.bank, map.at(row, column));
        let pack = self.shared.pack as usize;
        let word = |grid: &Grid| grid.at(row as i64, column as i64) * pack;
        Target {
            add: self.add.as_ref().map(at),
            keep: self.keep.as_ref().map(at),
            train: self.fire.as_ref().map_or(0, |(_, grid)| word(grid)),
            place: row * self.job.out[2] as usize + column,
        }
    }

    /// What the sums of a place become: gain, addition, leak. `sums` are those of all channels,
    /// timestep after timestep.
    pub(super) fn compute(
        &mut self,
        target: &Target,
        sums: &[i32],
        memory: &mut Memory,
        counts: &mut StageActivity,
    ) {
        let (channels, width) = (self.job.out[0] as usize, self.width);
        for (t, sums) in sums.chunks(channels).enumerate() {
            let results = self.results[t..].iter_mut().step_by(width);
            let scales = self.sum.gain.iter().zip(&self.sum.offset);
            for ((h, p), (gain, offset)) in results.zip(sums).zip(scales) {
                *h = (gain * i64::from(*p) + offset) >> self.sum.shift;
            }
        }
        let count = self.results.len() as u64;
        if let Some((bank, at)) = target.add {
            let added = &memory.currents[bank][at..];
            self.results.iter_mut().zip(added).for_each(|(h, r)| *h += r);
            counts.current_reads += count;
        }
        if let Some(leak) = self.sum.leak {
            self.integrate(self.shared.leaks[leak], &mut memory.integrators);
            counts.integrations += count;
        }
        if let Some((bank, at)) = target.keep {
            self.results.iter().for_each(|h| self.kept.note(*h));
            memory.currents[bank][at..][..self.results.len()].copy_from_slice(&self.results);
            counts.current_writes += count;
        }
        counts.results += count;
        counts.parameter_reads += channels as u64;
    }

    /// Currents that leak, and reset where their channel has a threshold.
    fn integrate(&mut self, leak: Leak, kept: &mut States) {
        let rate = (leak.num, leak.shift);
        for (channel, results) in self.results.chunks_mut(self.width).enumerate() {
            let mut left = kept.before();
            let resets = leak.resets.zip(self.sum.theta.get(channel));
            for h in results {
                self.membrane.note(*h);
                *h += left;
                self.membrane.note(*h);
                left = (*h * i64::from(leak.num)) >> leak.shift;
                if let Some((r, &theta)) = resets {
                    let fires = neuron::fires(r.compare, *h, theta);
                    left = neuron::after(r.reset, *h, theta, fires, rate);
                    if r.after {
                        *h = neuron::left(r.reset, *h, theta, fires);
                    }
                }
                self.membrane.note(left);
            }
            kept.keep(left);
        }
    }

    /// Takes the results of a group of channels from the chain: neurons fire, or the readout gets
    /// their sums.
    pub(super) fn group(
        &mut self,
        target: &Target,
        channels: Range<usize>,
        memory: &mut Memory,
        clock: &mut Clock,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) {
        match self.fire {
            Some((neurons, _)) => {
                let taken = clock.take(channels.len() * self.width);
                let first = clock.computed(taken);
                self.fire(neurons, target, (channels, first), memory, counts, probe);
            }
            None if self.readout.is_some() => self.read_out(channels, memory, clock, probe),
            None => drop(clock.take(channels.len() * self.width)),
        }
    }

    /// The neurons of channels; the first timestep is computed in cycle `cycle`, the others
    /// follow: nothing stands still in a job that does not feed the readout.
    fn fire(
        &mut self,
        n: &Neurons,
        target: &Target,
        (channels, mut cycle): (Range<usize>, u64),
        memory: &mut Memory,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) {
        let kind = &self.shared.kinds[n.kind];
        let leak = (kind.leak_num, kind.leak_shift);
        let positions = self.job.positions() as usize;
        let mut widest = self.membrane;
        counts.steps += (channels.len() * self.width) as u64;
        for c in channels {
            let (sign, bias, theta) = (i64::from(n.sign[c]), n.bias[c], n.threshold[c]);
            let neuron = c * positions + target.place;
            let (mut train, mut v) = (0u32, memory.membranes.before());
            for (t, &h) in self.results[c * self.width..][..self.width].iter().enumerate() {
                let h = h << self.shared.frac;
                let u = v + sign * h + bias;
                let fires = neuron::fires(kind.compare, u, theta);
                v = neuron::after(kind.reset, u, theta, fires, leak);
                [h, u, v].into_iter().for_each(|x| widest.note(x));
                train |= u32::from(fires) << t;
                counts.spikes += u64::from(fires);
                probe.step(Step {
                    cycle,
                    stage: self.index,
                    neuron: neuron as u32,
                    timestep: (self.chunk * self.width + t) as u32,
                    fires,
                });
                cycle += u64::from(self.sum.digits);
            }
            memory.write_train(target.train + c, train);
            memory.membranes.keep(v);
        }
        self.membrane = widest;
    }

    /// Sums over the timesteps, or the last one, one after the other: while one waits, the tail
    /// stands still.
    fn read_out(
        &mut self,
        channels: Range<usize>,
        memory: &mut Memory,
        clock: &mut Clock,
        probe: &mut impl Probe,
    ) {
        for c in channels {
            let mut total = memory.sums.before();
            let mut taken = 0;
            for &h in &self.results[c * self.width..][..self.width] {
                total = if self.shared.last { h } else { total + h };
                taken = clock.take(1);
            }
            self.summed.note(total);
            memory.sums.keep(total);
            if let Some(readout) = self.readout.as_mut().filter(|_| self.last) {
                let valid = clock.computed(taken);
                // No members that come later are left out.
                let mut never = u64::MAX;
                let handed = readout.take(total, valid, probe, &mut never);
                clock.stall(valid, handed);
            }
        }
    }

    /// Checks the widths of what was computed; hands on the readout of the last job.
    pub(super) fn finish(self, counts: &mut StageActivity) -> Result<Option<Readout<'d>>> {
        if let Some((_, grid)) = self.fire {
            counts.train_writes += u64::from(self.job.positions()) * grid.place as u64;
        }
        let name = &self.job.name;
        self.kept.check(self.shared.current_bits, name, "a current")?;
        let bits = self.job.own.map_or(self.shared.membrane_bits, |own| own.membrane_bits);
        self.membrane.check(bits, name, "a membrane")?;
        self.summed.check(self.shared.readout.input_bits, name, "a sum over the timesteps")?;
        Ok(self.readout)
    }
}
