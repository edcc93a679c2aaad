// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shared mapping: one processor runs the layers one after another, maps lie in memory.
//!
//! docs/shared.md is the contract that `sim` and hdl/ both follow: what a job computes, in
//! which order, and in which cycle.

mod cost;
mod fold;
mod legalise;
mod line;
mod line_cost;
mod logic;
mod lower;
mod map;
mod numbers;
mod once;
mod places;
mod ranges;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

pub(super) use cost::estimate;
pub use cost::{BANKS, PARAMETERS, STATES, job_cycles};
pub(in crate::hw) use fold::PROCESSOR;
pub(super) use line::lower_line;
pub use line_cost::parameters_in;
pub use lower::MOST_WIDTH;
pub(super) use lower::lower;
pub use map::{Bank, CurrentMap, InputMap, TrainMap};
pub use rows::{Need, Room, Stored};

/// A network on one processor.
#[derive(Debug, Clone)]
pub struct Shared {
    /// C: timesteps that are computed together, those of a *chunk*; it divides T.
    pub width: u32,
    /// P: output channels that are computed side by side.
    pub lanes: u32,
    /// E: neighbouring channels whose trains make a word of a train map; a power of two.
    pub pack: u32,
    /// Width of an accumulator, sign included.
    pub acc_bits: u32,
    /// Width of the one sum that all timesteps of some jobs have ([`Sums`]); 0: no job has.
    pub once_bits: u32,
    /// Bits of a product's digit: the multiplier takes so many bits of a sum a cycle.
    pub digit_bits: u32,
    /// Width of a value in the current memories, sign included.
    pub current_bits: u32,
    /// Width of the membrane, sign included; it holds every y, h and h with its bias, too.
    pub membrane_bits: u32,
    /// The kinds of neurons there are.
    pub kinds: Vec<NeuronKind>,
    /// The leaks of integrators there are.
    pub leaks: Vec<Leak>,
    /// F: bits after the binary point of a membrane that a current does not have.
    pub frac: u32,
    /// Where the host's levels go.
    pub input: InputMap,
    /// Maps of spike trains; region after region of one memory.
    pub trains: Vec<TrainMap>,
    /// Maps of currents; several may lie in the same place at different times.
    pub currents: Vec<CurrentMap>,
    /// What is computed, in this order; the last one feeds the readout.
    pub jobs: Vec<Job>,
    /// Gains, offsets, logits and class.
    pub readout: super::ReadoutStage,
    /// The readout takes the currents of the last timestep, not their sum over all.
    pub last: bool,
    /// Where the weights lie.
    pub weights: super::Place,
    /// Where the two memories of currents lie.
    pub banks: [super::Place; 2],
}

/// What a job reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The words of the input map.
    Input,
    /// A map of spike trains, by its index.
    Trains(usize),
    /// A map of currents, by its index, read through sums of windows ([`Gather`]).
    Currents(usize, Gather),
}

/// Currents as operands of a 1×1 convolution: each is a sum over a window, rounded to a
/// coarser unit: `(Σ + 2^(shift−1)) >> shift` (no addend if `shift` is 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather {
    /// Extent of the window over the map, rows and columns; its stride is the same.
    pub window: [u32; 2],
    /// Bits that are dropped, up to 15.
    pub shift: u32,
    /// Width of a rounded sum, sign included.
    pub bits: u32,
}

/// A layer on the processor.
#[derive(Debug, Clone)]
pub struct Job {
    /// Name of the layer.
    pub name: String,
    /// What it reads.
    pub source: Source,
    /// It reads the trains that the map had in the chunk before; zeros in the first one.
    pub before: bool,
    /// The processor of its own that it runs on; none if all jobs run on one.
    pub own: Option<Own>,
    /// What it does with it.
    pub work: Work,
    /// What is written, `[channels, height, width]`.
    pub out: [u32; 3],
}

/// A processor that runs one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// P: output channels that are computed side by side.
    pub lanes: u32,
    /// Width of an accumulator, sign included.
    pub acc_bits: u32,
    /// Width of the job's one sum for all timesteps; 0: it has one for each.
    pub once_bits: u32,
    /// Width of the membrane, sign included; it holds every y, h and h with its bias, too.
    pub membrane_bits: u32,
    /// Bits of a product's digit.
    pub digit_bits: u32,
    /// Words of each memory of the currents that it keeps, a power of two: a ring of rows; none if
    /// all rows have room.
    pub ring: Option<u32>,
}

/// How a job uses a map of currents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It sums up windows of it.
    Gather,
    /// It adds it to its results.
    Add,
}

/// What a job computes.
#[derive(Debug, Clone)]
pub enum Work {
    /// Weighted sums over windows, and what becomes of them.
    Sum(Box<SumJob>),
    /// A neuron's train is the OR of the trains in a window: max pooling of spikes.
    Or {
        /// Extent of the window, rows and columns; no padding.
        window: [u32; 2],
        /// Distance of windows, rows and columns.
        stride: [u32; 2],
        /// The map that is written.
        to: usize,
    },
}

/// Weighted sums of windows.
#[derive(Debug, Clone)]
pub struct SumJob {
    /// Extent of the window, rows and columns; `[1, 1]` for currents.
    pub window: [u32; 2],
    /// Distance of windows, rows and columns.
    pub stride: [u32; 2],
    /// Rows above and columns left of the map that the first window sees; zeros.
    pub padding: [u32; 2],
    /// Planes of a weight: 1 for ±1, else the bits of a two's-complement number.
    pub planes: u32,
    /// `[output channel][row of the window][column][input channel]`.
    pub weights: Vec<i8>,
    /// Which sums an output channel has.
    pub sums: Sums,
    /// Rows of weights in a word of the weight memory, side by side: 1 or 2.
    pub slices: u32,
    /// A row holds all planes, and a lane adds the product of an operand and a weight: an element
    /// takes a cycle. Else it takes one for each plane. Of processors with one job.
    pub products: bool,
    /// g of each output channel, signed: `y = (g·p + o) >> shift`.
    pub gain: Vec<i64>,
    /// o of each output channel.
    pub offset: Vec<i64>,
    /// Bits that are dropped from the product; what the digits but the last one leave of it,
    /// `shift − (digits − 1)·digit_bits`, is a multiple of 4.
    pub shift: u32,
    /// Digits of a sum: cycles a result takes in the multiplier.
    pub digits: u32,
    /// Map of currents of the same shape that is added to y.
    pub add: Option<usize>,
    /// The result integrates: `h[t] = floor(k h[t−1] / 2^m) + y[t] + r[t]`, where h[t−1] may be
    /// what a reset left, with the leak of this index in [`Shared::leaks`].
    pub leak: Option<usize>,
    /// Threshold of each output channel at which h resets, > 0; empty if its leak has no reset.
    pub theta: Vec<i64>,
    /// What becomes of h, the result so far.
    pub then: Then,
}

impl SumJob {
    /// Rows of weights that an element takes, and cycles.
    #[must_use]
    pub fn passes(&self) -> u32 {
        if self.products { 1 } else { self.planes }
    }
}

/// The sums of an output channel at a place, in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sums {
    /// One for each timestep.
    #[default]
    Each,
    /// One: what is read is held, so that it is the sum of every timestep.
    Held,
    /// One, over the spikes of all timesteps: the readout would add them up.
    Total,
}

/// What becomes of the currents of a [`SumJob`].
#[derive(Debug, Clone)]
pub enum Then {
    /// They are kept, they make neurons fire, or both.
    Maps {
        /// Map of currents that keeps them.
        keep: Option<usize>,
        /// Neurons, and the map that takes their trains.
        fire: Option<(Neurons, usize)>,
    },
    /// Their sum over the timesteps, or those of the last ([`Shared::last`]), go to the readout,
    /// channel by channel.
    Readout,
}

/// A leak k / 2^m of integrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leak {
    /// k, odd or 0.
    pub num: u32,
    /// m, up to 16.
    pub shift: u32,
    /// Their reset, at [`SumJob::theta`], if they have one.
    pub resets: Option<Resets>,
}

/// How integrators reset where neurons would fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resets {
    /// What reaching the threshold does.
    pub reset: crate::ir::Reset,
    /// When it is reached.
    pub compare: crate::ir::Compare,
    /// The result is what the reset leaves, not the membrane before it.
    pub after: bool,
}

/// What the neurons of a layer have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeuronKind {
    /// Leak k / 2^m: k, odd or 0.
    pub leak_num: u32,
    /// Leak k / 2^m: m, up to 16.
    pub leak_shift: u32,
    /// What firing does.
    pub reset: crate::ir::Reset,
    /// When a neuron fires.
    pub compare: crate::ir::Compare,
}

/// Parameters of the neurons of a layer: `u = v + sign·h·2^F + bias`, compared with θ.
#[derive(Debug, Clone)]
pub struct Neurons {
    /// Name of the node that fires.
    pub name: String,
    /// Index in [`Shared::kinds`].
    pub kind: usize,
    /// −1, 0 or 1, per channel.
    pub sign: Vec<i8>,
    /// Per channel.
    pub bias: Vec<i64>,
    /// Per channel, > 0.
    pub threshold: Vec<i64>,
}

impl Job {
    /// The neurons that fire in it, and the map that takes their trains.
    #[must_use]
    pub fn fires(&self) -> Option<(&Neurons, usize)> {
        match &self.work {
            Work::Sum(sum) => match &sum.then {
                Then::Maps { fire: Some((neurons, map)), .. } => Some((neurons, *map)),
                _ => None,
            },
            Work::Or { .. } => None,
        }
    }

    /// Number of places (rows × columns) of the result.
    #[must_use]
    pub fn positions(&self) -> u32 {
        self.out[1] * self.out[2]
    }
}

impl Shared {
    /// Extents of what a job reads, and the largest value of an event; 0 of currents.
    fn map(&self, source: Source) -> ([u32; 3], i128) {
        match source {
            Source::Input => (self.input.shape, self.input.largest().into()),
            Source::Trains(m) => (self.trains[m].shape, 1),
            Source::Currents(m, _) => (self.currents[m].shape, 0),
        }
    }

    /// P of the processor that runs a job.
    #[must_use]
    pub fn lanes_of(&self, job: &Job) -> u32 {
        job.own.map_or(self.lanes, |own| own.lanes)
    }

    /// Does each job run on a processor of its own? All of them do, or none.
    #[must_use]
    pub fn is_line(&self) -> bool {
        self.jobs.iter().any(|j| j.own.is_some())
    }

    /// The processor of a job of a line, as if it were alone: its widths, and the one job. Maps keep
    /// their numbers; each begins with its memory.
    #[must_use]
    pub fn engine(&self, job: &Job) -> Self {
        let own = job.own.unwrap_or(Own {
            lanes: self.lanes,
            acc_bits: self.acc_bits,
            once_bits: self.once_bits,
            membrane_bits: self.membrane_bits,
            digit_bits: self.digit_bits,
            ring: None,
        });
        let mut job = Job { own: None, ..job.clone() };
        let (mut kinds, mut leaks) = (Vec::new(), Vec::new());
        if let Work::Sum(sum) = &mut job.work {
            if let Then::Maps { fire: Some((neurons, _)), .. } = &mut sum.then {
                kinds.extend(self.kinds.get(neurons.kind));
                neurons.kind = 0;
            }
            if let Some(leak) = &mut sum.leak {
                leaks.extend(self.leaks.get(*leak));
                *leak = 0;
            }
        }
        let (mut trains, mut currents) = (self.trains.clone(), self.currents.clone());
        trains.iter_mut().for_each(|m| m.base = 0);
        currents.iter_mut().for_each(|m| m.base = 0);
        Self {
            width: self.width,
            lanes: own.lanes,
            pack: self.pack,
            acc_bits: own.acc_bits,
            once_bits: own.once_bits,
            digit_bits: own.digit_bits,
            current_bits: self.current_bits,
            membrane_bits: own.membrane_bits,
            kinds,
            leaks,
            frac: self.frac,
            input: self.input.clone(),
            trains,
            currents,
            jobs: vec![job],
            readout: self.readout.clone(),
            last: self.last,
            weights: self.weights,
            banks: self.banks,
        }
    }

    /// Width of an operand of a job, sign included.
    #[must_use]
    pub fn operand_bits(&self, job: &Job) -> u32 {
        let holds = |largest: u32| (u32::BITS - largest.leading_zeros() + 1).max(2);
        match (job.source, &job.work) {
            (Source::Currents(_, gather), _) => gather.bits,
            (Source::Input, _) => holds(self.input.largest()),
            (Source::Trains(_), Work::Sum(sum)) if sum.sums == Sums::Total => holds(self.width),
            (Source::Trains(_), _) => 2,
        }
    }

    /// Are the operands of a job numbers that its lanes multiply, if they add products? Spikes, and
    /// how many there are, are shifted and added.
    #[must_use]
    pub fn multiplies(&self, job: &Job) -> bool {
        match job.source {
            Source::Input => !self.input.trains,
            Source::Trains(_) => false,
            Source::Currents(..) => true,
        }
    }

    /// Widths of an accumulator of a timestep, and of the one sum of all timesteps (0: there is
    /// none), that hold an operand, too.
    #[must_use]
    pub fn accumulators(&self) -> [u32; 2] {
        let operand = |once: bool| {
            let of = |job: &Job| match &job.work {
                Work::Sum(sum) if (sum.sums != Sums::Each) == once => self.operand_bits(job) + 1,
                _ => 0,
            };
            self.jobs.iter().map(of).max().unwrap_or(0)
        };
        let once = if self.once_bits > 0 { self.once_bits.max(operand(true)) } else { 0 };
        // An operand of two planes shifts within an accumulator.
        let each = self.acc_bits.max(operand(false)).max(once.div_ceil(self.width)).max(2);
        [each, once]
    }

    /// The jobs that read a map of spike trains, by their index.
    pub fn readers(&self, map: usize) -> impl Iterator<Item = usize> {
        let reads = move |(i, job): (usize, &Job)| (job.source == Source::Trains(map)).then_some(i);
        self.jobs.iter().enumerate().filter_map(reads)
    }

    /// The jobs that gather from a map of currents, and those that add it, by their index.
    pub fn users(&self, map: usize) -> impl Iterator<Item = (usize, Use)> {
        self.jobs.iter().enumerate().flat_map(move |(i, job)| {
            let gathers = matches!(job.source, Source::Currents(m, _) if m == map);
            let adds = matches!(&job.work, Work::Sum(sum) if sum.add == Some(map));
            let uses = [(gathers, Use::Gather), (adds, Use::Add)];
            uses.into_iter().filter(|u| u.0).map(move |u| (i, u.1))
        })
    }

    /// Groups of P output channels of a job.
    #[must_use]
    pub fn groups(&self, job: &Job) -> u32 {
        job.out[0].div_ceil(self.lanes_of(job))
    }

    /// Channels of group `g` of a job.
    #[must_use]
    pub fn group_size(&self, job: &Job, g: u32) -> u32 {
        let lanes = self.lanes_of(job);
        lanes.min(job.out[0] - g * lanes)
    }

    /// Words that a window of a job takes, place by place, row by row: (words of a place,
    /// elements of a word).
    #[must_use]
    pub fn words(&self, source: Source) -> (u32, u32) {
        match source {
            Source::Input => (self.input.words(), self.input.pack),
            Source::Trains(m) => (self.trains[m].words(self.pack), self.pack),
            Source::Currents(m, _) => (self.currents[m].shape[0], 1),
        }
    }

    /// Rows of the weight memory's units (elements × passes) that a group of a job takes.
    #[must_use]
    pub fn rows(&self, job: &Job, sum: &SumJob) -> u32 {
        let (words, elements) = self.words(job.source);
        sum.window[0] * sum.window[1] * words * elements * sum.passes()
    }

    /// Words of the weight memory of each job, in the order of the jobs, which is that of the
    /// memory: a job begins at a multiple of E words.
    #[must_use]
    pub fn weight_words(&self) -> Vec<u32> {
        let of = |job: &Job| match &job.work {
            Work::Or { .. } => 0,
            Work::Sum(sum) => {
                let rows = self.rows(job, sum) * self.groups(job);
                rows.div_ceil(sum.slices).next_multiple_of(self.pack)
            }
        };
        self.jobs.iter().map(of).collect()
    }

    /// Bits of a word of the weight memory: a weight's plane for each lane, or all planes.
    #[must_use]
    pub fn weight_bits(&self) -> u32 {
        let planes = |job: &Job| match &job.work {
            Work::Sum(sum) if sum.products => sum.planes,
            _ => 1,
        };
        self.lanes * self.jobs.iter().map(planes).max().unwrap_or(1)
    }

    /// Words of the weight memory.
    #[must_use]
    pub fn weight_depth(&self) -> u32 {
        self.weight_words().iter().sum()
    }

    /// Words that the trains of a chunk take; one even if no layer fires.
    #[must_use]
    pub fn train_depth(&self) -> u32 {
        self.trains.iter().map(|m| m.base + m.depth(self.pack)).max().unwrap_or(1)
    }

    /// What jobs gather from currents: (map, window).
    pub fn gathers(&self) -> impl Iterator<Item = (usize, Gather)> {
        self.jobs.iter().filter_map(|job| match job.source {
            Source::Currents(map, gather) => Some((map, gather)),
            _ => None,
        })
    }

    /// Bytes of a word of the weight memory as the host loads it.
    #[must_use]
    pub fn row_bytes(&self) -> u32 {
        self.lanes.div_ceil(8)
    }

    /// Words of a memory of currents.
    #[must_use]
    pub fn bank_depth(&self, bank: Bank) -> u32 {
        let maps = self.currents.iter().filter(|m| m.bank == bank);
        maps.map(|m| m.base + m.depth(self.width)).max().unwrap_or(0)
    }

    /// Neurons of all layers that fire.
    #[must_use]
    pub fn neurons(&self) -> u32 {
        self.fires().map(|(_, map)| self.trains[map].shape.iter().product::<u32>()).sum()
    }

    /// Cycles by which a result is later because something integrates: any job on its processor.
    #[must_use]
    pub fn leak_cycles(&self, job: &Job) -> u32 {
        let own = matches!(&job.work, Work::Sum(sum) if sum.leak.is_some());
        u32::from(if job.own.is_some() { own } else { !self.leaks.is_empty() })
    }

    /// Integrators of all layers.
    #[must_use]
    pub fn integrators(&self) -> u32 {
        let own = |job: &Job| match &job.work {
            Work::Sum(sum) if sum.leak.is_some() => job.out.iter().product(),
            _ => 0,
        };
        self.jobs.iter().map(own).sum()
    }

    /// The layers that fire, in the order in which they do: (neurons, map).
    pub fn fires(&self) -> impl Iterator<Item = (&Neurons, usize)> {
        self.jobs.iter().filter_map(Job::fires)
    }
}
