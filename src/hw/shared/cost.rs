// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the processor needs: memories exactly, LUTs and cycles as an estimate.

use super::{Bank, Job, Shared, Source, SumJob, Then, Work};
use crate::hw::cost::{HOST_LINK_LUTS, LOADED_LUTS};
use crate::hw::{Design, Estimate, Memory, MemoryKind, Place};
use crate::ir::interval::signed_width;
use crate::target::Family;

/// What the memories of currents are called.
pub const BANKS: [&str; 2] = ["currents A", "currents B"];
/// What those of parameters are called: gains and offsets, neurons, gains of the readout.
pub const PARAMETERS: [&str; 3] = ["scales", "neurons", "readout"];

/// What every processor has, and what maps of currents take (fitted to synthesis for iCE40: the
/// convolutional student of distill/students with 16 and 32 lanes, the dense one with 16).
const BASE_LUTS: u32 = 620;
const CURRENTS_LUTS: u32 = 330;
/// Logic cells a thousand LUTs: flip-flops alone in a cell, and carries that lead into one.
const CELLS_OF_THOUSAND: u32 = 1095;
/// One in so many trains has a spike, as cycles are estimated.
const TRAINS_A_SPIKE: u32 = 4;

/// Estimates a design with the shared mapping.
pub(in crate::hw) fn estimate(design: &Design, shared: &Shared) -> Estimate {
    let memories = memories(shared, design.timesteps, design.family);
    let count = |place: Place, of: fn(&Memory) -> u32| {
        memories.iter().filter(|m| m.place == place).map(of).sum()
    };
    let stage_cycles: Vec<u32> =
        shared.jobs.iter().map(|job| job_cycles(shared, job, design.timesteps)).collect();
    let loaded = if shared.weights == Place::Spram { LOADED_LUTS } else { 0 };
    let lut4 = luts(shared, design.timesteps) + HOST_LINK_LUTS + loaded;
    Estimate {
        lut4,
        cells: lut4 * CELLS_OF_THOUSAND / 1000,
        ebr: count(Place::BlockRam, Memory::ebr),
        spram: count(Place::Spram, Memory::spram),
        cycles: stage_cycles.iter().sum(),
        stage_cycles,
        memories,
        reasons: Vec::new(),
    }
}

/// LUTs of the processor. The first term is that of the lanes: an accumulator of P·T is an
/// adder and a stage of the chain that gives results out. The others do not grow with P:
/// addresses, the words that are taken apart, the multiplier, neurons, a row of constants a
/// job.
fn luts(shared: &Shared, timesteps: u32) -> u32 {
    let word = shared.pack * timesteps;
    let gathers = shared.jobs.iter().any(|j| matches!(j.source, Source::Currents(..)));
    let gather = if gathers { 3 * shared.current_bits + 40 } else { 0 };
    let widths = Widths::new(shared);
    // A digit times the gain, three LUTs a product of two bits, and the sum of the digits' products.
    let multiplier =
        3 * (shared.digit_bits + 1) * widths.gain + 2 * (widths.gain + shared.acc_bits);
    // Addresses, both ports' multiplexers, the addition.
    let currents = if shared.currents.is_empty() { 0 } else { CURRENTS_LUTS };
    let leak =
        shared.leak_num.count_ones().saturating_sub(1) * (shared.membrane_bits + shared.leak_shift);
    let neurons = 6 * shared.membrane_bits + leak;
    let readout = 3 * shared.readout.logit_bits + shared.readout.gain_bits + 80;
    2 * shared.lanes * timesteps * shared.acc_bits
        + 3 * word
        + gather
        + multiplier
        + neurons
        + readout
        + currents
        + 20 * shared.jobs.len() as u32
        + BASE_LUTS
}

/// Widths of the parameters, the same for all jobs.
struct Widths {
    gain: u32,
    offset: u32,
    bias: u32,
    threshold: u32,
}

impl Widths {
    fn new(shared: &Shared) -> Self {
        let widest =
            |w: u32, list: &[i64]| list.iter().map(|&v| signed_width(v)).max().unwrap_or(1).max(w);
        let mut all = Self { gain: 1, offset: 1, bias: 0, threshold: 0 };
        for job in &shared.jobs {
            if let Work::Sum(sum) = &job.work {
                all.gain = widest(all.gain, &sum.gain);
                all.offset = widest(all.offset, &sum.offset);
            }
        }
        for (neurons, _) in shared.fires() {
            all.bias = widest(all.bias, &neurons.bias);
            all.threshold = widest(all.threshold, &neurons.threshold);
        }
        // A threshold has no sign.
        all.threshold = all.threshold.saturating_sub(1);
        all
    }
}

/// Every memory.
fn memories(shared: &Shared, timesteps: u32, family: Family) -> Vec<Memory> {
    let mut all = Vec::new();
    let mut add = |layer: &str, kind, depth, width, place| {
        if depth > 0 {
            let layer = layer.to_owned();
            all.push(Memory { stage: 0, layer, kind, depth, width, place, family });
        }
    };
    let block = Place::BlockRam;
    add("weights", MemoryKind::Weights, shared.weight_depth(), shared.lanes, shared.weights);
    add("input", MemoryKind::Levels, shared.input.depth(), shared.input.bits, block);
    let word = shared.pack * timesteps;
    add("trains", MemoryKind::Trains, shared.train_depth(), word, block);
    for (name, bank, place) in
        [(BANKS[0], Bank::A, shared.banks[0]), (BANKS[1], Bank::B, shared.banks[1])]
    {
        let depth = shared.bank_depth(bank, timesteps);
        add(name, MemoryKind::Currents, depth, shared.current_bits, place);
    }
    let widths = Widths::new(shared);
    let channels = |firing: bool| -> u32 {
        let counts = shared.jobs.iter().filter_map(|job| match &job.work {
            Work::Sum(sum) => {
                let fires = matches!(sum.then, Then::Maps { fire: Some(_), .. });
                (fires || !firing).then_some(job.out[0])
            }
            Work::Or { .. } => None,
        });
        counts.sum()
    };
    let scale = widths.gain + widths.offset;
    add(PARAMETERS[0], MemoryKind::Parameters, channels(false), scale, block);
    // −1, 0 or 1 in two bits.
    let neurons = widths.bias + widths.threshold + 2;
    add(PARAMETERS[1], MemoryKind::Parameters, channels(true), neurons, block);
    let readout = &shared.readout;
    let width = readout.gain_bits + readout.offset_bits;
    add(PARAMETERS[2], MemoryKind::Parameters, readout.classes(), width, Place::Luts);
    all
}

/// Cycles of a job, by the timing rules of docs/shared.md, at a quarter of the trains with a
/// spike, half of the levels and all currents not zero.
#[must_use]
pub fn job_cycles(shared: &Shared, job: &Job, timesteps: u32) -> u32 {
    let total = match &job.work {
        Work::Or { window, .. } => {
            let words = shared.words(job.source).0 * window[0] * window[1];
            u64::from(job.positions()) * u64::from(words) + 3
        }
        Work::Sum(sum) => sum_cycles(shared, job, sum, timesteps),
    };
    u32::try_from(total).unwrap_or(u32::MAX)
}

fn sum_cycles(shared: &Shared, job: &Job, sum: &SumJob, timesteps: u32) -> u64 {
    let (words, elements) = shared.words(job.source);
    let units = u64::from(words * sum.window[0] * sum.window[1]);
    // Two words together, as half of the levels are one event or none.
    let two = match job.source {
        Source::Input => sum.planes + 1,
        Source::Trains(_) => (2 * elements * sum.planes / TRAINS_A_SPIKE).max(2),
        Source::Currents(_, g) => 2 * sum.planes.max(timesteps * g.window[0] * g.window[1]),
    };
    let read = units * u64::from(two) / 2 + 4;
    let results = |group| u64::from(shared.group_size(job, group) * timesteps * sum.digits) + 1;
    let groups = shared.groups(job);
    let place: u64 = (0..groups).map(|g| read.max(results(g))).sum();
    let last = match sum.then {
        Then::Readout => u64::from(shared.readout.classes() * (shared.readout.gain_bits + 3)) + 5,
        Then::Maps { .. } => 0,
    };
    u64::from(job.positions()) * place + results(groups - 1) + u64::from(sum.digits) + 5 + last
}
