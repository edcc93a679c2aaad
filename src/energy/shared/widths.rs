// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Widths of the processor's registers, by the rules that hdl/ states for its parameters.

use crate::hw::Design;
use crate::hw::shared::{Bank, Job, Shared, Source, Stored, SumJob, Sums, Work};
use crate::ir::interval::signed_width;

/// Bits that address `n` words (at least one), as `$clog2` in hdl/.
pub(super) fn index(n: u32) -> u32 {
    n.max(2).next_power_of_two().trailing_zeros()
}

/// Bits of an unsigned number up to `largest`; at least 1.
fn bits(largest: u32) -> u32 {
    (u32::BITS - largest.leading_zeros()).max(1)
}

/// Names are those of the modules' parameters, where there is no better one.
#[derive(Debug, Clone)]
pub(super) struct Widths {
    /// Bits of a level, of a word of trains, of the widest word that is fetched.
    pub(super) level: u32,
    pub(super) word: u32,
    pub(super) fetched: u32,
    /// What is gathered from currents: bits of an operand and of a sum; 0 if nothing is.
    pub(super) gathered: u32,
    pub(super) gather_sum: u32,
    /// Operand of a lane, accumulator.
    pub(super) operand: u32,
    pub(super) acc: u32,
    /// The one sum of all timesteps; 0 without one.
    pub(super) once: u32,
    /// Row of weights, plane, number of a group's results.
    pub(super) row: u32,
    pub(super) plane: u32,
    pub(super) left: u32,
    /// Addresses: of the walk, of the input map, of trains, of currents (0 without any).
    pub(super) walk: u32,
    pub(super) input_addr: u32,
    pub(super) train_addr: u32,
    pub(super) current_addr: u32,
    /// Loop counters, channels of a place, index of a job.
    pub(super) count: u32,
    pub(super) channels: u32,
    pub(super) job: u32,
    /// Parameters, and the addresses of their memories.
    pub(super) gain: u32,
    pub(super) threshold: u32,
    /// Of a threshold at which currents reset; 0 if none does.
    pub(super) theta: u32,
    pub(super) gain_addr: u32,
    pub(super) neuron_addr: u32,
    /// Multiplier: digits of the widest sum, bits of a digit, of a partial product.
    pub(super) digits: u32,
    pub(super) digit: u32,
    pub(super) product: u32,
    /// Currents in memory, h and membrane, sum over the timesteps, logit.
    pub(super) current: u32,
    pub(super) membrane: u32,
    pub(super) sum: u32,
    pub(super) logit: u32,
}

/// Words of the memories that are addressed; no currents, no address.
struct Depths {
    walk: u32,
    input: u32,
    trains: u32,
    currents: u32,
}

impl Widths {
    /// Those of one processor for all jobs.
    pub(super) fn new(design: &Design, shared: &Shared) -> Self {
        let (input, trains) = (design.input_words(), design.train_words());
        let currents = match shared.currents.is_empty() {
            true => 0,
            false => [Bank::A, Bank::B].map(|b| shared.bank_depth(b)).into_iter().fold(1, u32::max),
        };
        let walk = input.max(trains).max(currents);
        Self::with(design, shared, &Depths { walk, input, trains, currents })
    }

    /// Those of the processor of a line whose only job is that of `engine`: it walks over the map
    /// that it reads, and writes the map of its trains.
    pub(super) fn of_engine(design: &Design, engine: &Shared) -> Self {
        let trains = |m: usize| engine.trains[m].depth(engine.pack);
        let job = engine.jobs.first();
        let walk = match job.map(|j| j.source) {
            Some(Source::Input) => design.input_words(),
            Some(Source::Trains(m)) => trains(m),
            Some(Source::Currents(m, _)) => engine.currents[m].depth(engine.width),
            None => 1,
        };
        let written = job.into_iter().flat_map(Job::writes).filter_map(|map| match map {
            Stored::Trains(m) => Some(trains(m)),
            Stored::Currents(_) | Stored::Input => None,
        });
        let trains = written.max().unwrap_or(1);
        Self::with(design, engine, &Depths { walk, input: walk, trains, currents: 0 })
    }

    fn with(design: &Design, shared: &Shared, depths: &Depths) -> Self {
        let t = shared.width;
        let sums = || shared.jobs.iter().filter_map(|j| sum_of(j).map(|s| (j, s)));
        let widest =
            |values: &mut dyn Iterator<Item = i64>| values.map(signed_width).max().unwrap_or(1);
        let gain = widest(&mut sums().flat_map(|(_, s)| s.gain.iter().copied()));
        let offset = widest(&mut sums().flat_map(|(_, s)| s.offset.iter().copied()));
        let bias = widest(&mut shared.fires().flat_map(|(n, _)| n.bias.iter().copied()));
        let fires_at = widest(&mut shared.fires().flat_map(|(n, _)| n.threshold.iter().copied()));
        // A threshold has no sign.
        let threshold = fires_at.max(2) - 1;
        let theta = widest(&mut sums().flat_map(|(_, s)| s.theta.iter().copied())) - 1;
        let gathered = shared.gathers().map(|(_, g)| g.bits).max().unwrap_or(0);
        let window = shared.gathers().map(|(_, g)| g.window[0] * g.window[1]).max();
        let level = shared.input.word_bits();
        let counts = sums().any(|(_, s)| s.sums == Sums::Total);
        let spikes = if counts { bits(t) + 1 } else { 2 };
        let (word, operand) =
            (shared.pack * t, (bits(shared.input.largest()) + 1).max(spikes).max(gathered));
        let [acc, once] = shared.accumulators();
        let (input_addr, train_addr) = (index(depths.input), index(depths.trains));
        let current_addr = if depths.currents > 0 { index(depths.currents) } else { 0 };
        let plane = bits(sums().map(|(_, s)| s.passes()).max().unwrap_or(1) - 1);
        let slices = sums().map(|(_, s)| s.slices).max().unwrap_or(1);
        let row = (index(shared.weight_depth()) + slices - 1)
            .max(plane + 1)
            .max(shared.pack.trailing_zeros() + 1);
        let membrane =
            shared.membrane_bits.max(shared.current_bits + 1).max(bias + 1).max(threshold + 1);
        let membrane = membrane.max(theta + 1);
        let sum = (membrane + bits(design.timesteps)).max(shared.readout.input_bits);
        let digits = sums()
            .map(|(_, s)| s.digits)
            .max()
            .unwrap_or(1)
            .max((acc.max(once) + 1) / shared.digit_bits + 1);
        Self {
            level,
            word,
            fetched: level.max(word),
            gathered,
            gather_sum: window.map_or(0, |w| shared.current_bits + bits(w - 1)),
            operand,
            acc,
            once,
            row,
            plane,
            left: index(shared.lanes * t + 1),
            walk: index(depths.walk),
            input_addr,
            train_addr,
            current_addr,
            count: bits(shared.jobs.iter().map(|j| longest(shared, j)).max().unwrap_or(1) - 1),
            channels: bits(shared.jobs.iter().map(|j| j.out[0]).max().unwrap_or(1) - 1),
            job: index(shared.jobs.len() as u32),
            gain,
            threshold,
            theta,
            gain_addr: index(sums().map(|(j, _)| j.out[0]).sum()),
            neuron_addr: index(shared.fires().map(|(n, _)| n.sign.len() as u32).sum()),
            digits,
            digit: shared.digit_bits,
            product: offset.max(shared.digit_bits + gain + 1) + 1,
            current: shared.current_bits,
            membrane,
            sum,
            logit: shared.readout.logit_bits.max(sum),
        }
    }
}

/// What a job sums up; nothing of an or job.
pub(super) fn sum_of(job: &Job) -> Option<&SumJob> {
    match &job.work {
        Work::Sum(sum) => Some(sum),
        Work::Or { .. } => None,
    }
}

/// Most turns of a loop of a job's walk, or words of a row of trains that it writes.
fn longest(shared: &Shared, job: &Job) -> u32 {
    let place = shared.words(job.source).0;
    let loops = match (&job.work, job.source) {
        (Work::Or { window, .. }, _) => [window[0], window[1], place, 1],
        (Work::Sum(_), Source::Currents(_, g)) => {
            [g.window[0], g.window[1], place, shared.groups(job)]
        }
        (Work::Sum(sum), _) => [sum.window[1] * place, sum.window[0], 1, shared.groups(job)],
    };
    let written = match &job.work {
        Work::Or { to, .. } => Some(*to),
        Work::Sum(_) => job.fires().map(|(_, map)| map),
    };
    let row =
        written.map_or(1, |m| shared.trains[m].shape[2] * shared.trains[m].words(shared.pack));
    loops.into_iter().chain([job.out[1], job.out[2], row]).max().unwrap_or(1)
}
