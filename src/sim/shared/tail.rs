// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What becomes of the sums: gain, a map that is added, neurons, what is written (docs/shared.md,
//! What is computed).

use super::clock::Clock;
use super::memory::{Grid, Memory, Plane};
use super::width::Width;
use crate::diag::Result;
use crate::hw::shared::{Job, Neurons, Shared, Source, SumJob, Then};
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
            readout: readout.map(Readout::new),
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

    /// Takes the results of a channel at a place from the chain; `sums` are those of all
    /// channels, timestep after timestep.
    pub(super) fn channel(
        &mut self,
        (target, c): (&Target, usize),
        sums: &[i32],
        memory: &mut Memory,
        clock: &mut Clock,
        counts: &mut StageActivity,
        probe: &mut impl Probe,
    ) {
        let channels = self.job.out[0] as usize;
        let (gain, offset) = (self.sum.gain[c], self.sum.offset[c]);
        let address = |(bank, at)| (bank, at + c * self.width);
        let (add, keep) = (target.add.map(address), target.keep.map(address));
        let neuron = c * self.job.positions() as usize + target.place;
        let (mut train, mut v, mut total) = (0u32, memory.membranes.before(), memory.sums.before());
        let leak = self.sum.leak.map(|leak| self.shared.leaks[leak]);
        let mut left = memory.integrators.before();
        for t in 0..self.width {
            clock.take();
            let p = i64::from(sums[t * channels + c]);
            let mut h = (gain * p + offset) >> self.sum.shift;
            if let Some((bank, at)) = add {
                h += memory.currents[bank][at + t];
            }
            if let Some(leak) = leak {
                self.membrane.note(h);
                h += left;
                self.membrane.note(h);
                left = (h * i64::from(leak.num)) >> leak.shift;
            }
            if let Some((bank, at)) = keep {
                self.kept.note(h);
                memory.currents[bank][at + t] = h;
            }
            total = if self.shared.last { h } else { total + h };
            if let Some((n, _)) = self.fire {
                let theta = n.threshold[c];
                let u = v + i64::from(n.sign[c]) * (h << self.shared.frac) + n.bias[c];
                let kind = &self.shared.kinds[n.kind];
                let fires = neuron::fires(kind.compare, u, theta);
                let leak = (kind.leak_num, kind.leak_shift);
                v = neuron::after(kind.reset, u, theta, fires, leak);
                [h << self.shared.frac, u, v].into_iter().for_each(|x| self.membrane.note(x));
                train |= u32::from(fires) << t;
                probe.step(Step {
                    cycle: clock.computed(),
                    stage: self.index,
                    neuron: neuron as u32,
                    timestep: (self.chunk * self.width + t) as u32,
                    fires,
                });
            }
        }
        if leak.is_some() {
            memory.integrators.keep(left);
            counts.integrations += self.width as u64;
        }
        if self.fire.is_some() {
            memory.write_train(target.train + c, train);
            memory.membranes.keep(v);
            counts.steps += self.width as u64;
            counts.spikes += u64::from(train.count_ones());
        }
        if let Some(readout) = &mut self.readout {
            self.summed.note(total);
            memory.sums.keep(total);
            if self.last {
                let valid = clock.computed();
                let taken = readout.take(total, valid, probe);
                clock.stall(valid, taken);
            }
        }
        let timesteps = self.width as u64;
        counts.results += timesteps;
        counts.parameter_reads += 1;
        counts.current_reads += if add.is_some() { timesteps } else { 0 };
        counts.current_writes += if keep.is_some() { timesteps } else { 0 };
    }

    /// Checks the widths of what was computed; hands on the readout of the last job.
    pub(super) fn finish(self, counts: &mut StageActivity) -> Result<Option<Readout<'d>>> {
        if let Some((_, grid)) = self.fire {
            counts.train_writes += u64::from(self.job.positions()) * grid.place as u64;
        }
        let name = &self.job.name;
        self.kept.check(self.shared.current_bits, name, "a current")?;
        self.membrane.check(self.shared.membrane_bits, name, "a membrane")?;
        self.summed.check(self.shared.readout.input_bits, name, "a sum over the timesteps")?;
        Ok(self.readout)
    }
}
