// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the processor needs: memories exactly, LUTs and cycles as an estimate.

use super::line_cost::estimate_line;
use super::logic;
use super::{Bank, Job, Leak, NeuronKind, Shared, Source, SumJob, Then, Work};
use crate::hw::cost::{leak_multipliers, readout_columns, varying};
use crate::hw::{Design, Estimate, Memory, MemoryKind, Place};
use crate::ir::interval::signed_width;
use crate::target::Family;

/// What the memories of currents are called.
pub const BANKS: [&str; 2] = ["currents A", "currents B"];
/// What those of parameters are called: gains and offsets, neurons, gains of the readout.
pub const PARAMETERS: [&str; 3] = ["scales", "neurons", "readout"];

/// What is kept from chunk to chunk: membranes, sums of the readout, currents that leak.
pub const STATES: [&str; 3] = ["membranes", "sums", "integrators"];

/// One in so many trains has a spike, as cycles are estimated.
const TRAINS_A_SPIKE: u32 = 4;

/// Estimates a design with the shared mapping.
pub(in crate::hw) fn estimate(design: &Design, shared: &Shared) -> Estimate {
    if shared.is_line() {
        return estimate_line(design, shared);
    }
    let memories = memories(design, shared);
    let count = |place: Place, of: fn(&Memory) -> u32| {
        memories.iter().filter(|m| m.place == place).map(of).sum()
    };
    let stage_cycles: Vec<u32> =
        shared.jobs.iter().map(|job| job_cycles(shared, job, design.chunks())).collect();
    let (lut4, cells) = logic::estimate(shared, design.chunks(), &memories, design.family);
    Estimate {
        lut4,
        cells,
        ebr: count(Place::BlockRam, Memory::ebr),
        spram: count(Place::Spram, Memory::spram),
        dsp: multipliers(shared, design.family),
        cycles: stage_cycles.iter().fold(0, |sum: u32, n| sum.saturating_add(*n)),
        stage_cycles,
        memories,
        reasons: Vec::new(),
    }
}

/// Multipliers: a digit and its sign times the gain; each leak of neurons and integrators.
pub(super) fn multipliers(shared: &Shared, family: Family) -> u32 {
    let widths = Widths::new(shared);
    // The register of a membrane also holds what is added to it.
    let added = shared.current_bits.max(widths.bias).max(widths.threshold) + 1;
    let leak =
        |k: &NeuronKind| leak_multipliers(family, k.leak_num, shared.membrane_bits.max(added));
    let integrator = |l: &Leak| leak_multipliers(family, l.num, shared.membrane_bits.max(added));
    family.multipliers([shared.digit_bits + 1, widths.gain])
        + shared.kinds.iter().map(leak).sum::<u32>()
        + shared.leaks.iter().map(integrator).sum::<u32>()
}

/// Widths of the parameters, the same for all jobs.
pub(super) struct Widths {
    pub(super) gain: u32,
    offset: u32,
    bias: u32,
    threshold: u32,
    /// Of a threshold at which currents reset.
    theta: u32,
}

impl Widths {
    pub(super) fn new(shared: &Shared) -> Self {
        let widest =
            |w: u32, list: &[i64]| list.iter().map(|&v| signed_width(v)).max().unwrap_or(1).max(w);
        let mut all = Self { gain: 1, offset: 1, bias: 0, threshold: 0, theta: 0 };
        for sum in sums(shared) {
            all.gain = widest(all.gain, &sum.gain);
            all.offset = widest(all.offset, &sum.offset);
            all.theta = all.theta.max(widest(1, &sum.theta) - 1);
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

/// Widths of what is kept from chunk to chunk: those of the tail's registers.
struct StateWidths {
    membrane: u32,
    sum: u32,
}

impl StateWidths {
    fn new(design: &Design, shared: &Shared) -> Self {
        let widths = Widths::new(shared);
        let membrane = shared
            .membrane_bits
            .max(shared.current_bits + 1)
            .max(widths.bias + 1)
            .max(widths.threshold + 1)
            .max(widths.theta + 1);
        let more = u32::BITS - design.timesteps.leading_zeros();
        Self { membrane, sum: (membrane + more).max(shared.readout.input_bits) }
    }
}

/// The weighted sums of all jobs.
pub(super) fn sums(shared: &Shared) -> impl Iterator<Item = &SumJob> {
    shared.jobs.iter().filter_map(|job| match &job.work {
        Work::Sum(sum) => Some(&**sum),
        Work::Or { .. } => None,
    })
}

/// Every memory.
fn memories(design: &Design, shared: &Shared) -> Vec<Memory> {
    let (family, mut all) = (design.family, Vec::new());
    let mut add = |layer: &str, kind, depth, width, place| {
        if depth > 0 {
            let layer = layer.to_owned();
            all.push(Memory { stage: 0, layer, kind, depth, width, place, family });
        }
    };
    let block = Place::BlockRam;
    add(
        "weights",
        MemoryKind::Weights,
        shared.weight_depth(),
        shared.weight_bits(),
        shared.weights,
    );
    add("input", MemoryKind::Levels, design.input_words(), shared.input.word_bits(), block);
    let word = shared.pack * shared.width;
    add("trains", MemoryKind::Trains, design.train_words(), word, block);
    if design.chunks() > 1 {
        let widths = StateWidths::new(design, shared);
        add(STATES[0], MemoryKind::States, shared.neurons(), widths.membrane, block);
        let sums = if shared.last { 0 } else { shared.readout.classes() };
        add(STATES[1], MemoryKind::States, sums, widths.sum, block);
        add(STATES[2], MemoryKind::States, shared.integrators(), widths.membrane, block);
    }
    for (name, bank, place) in
        [(BANKS[0], Bank::A, shared.banks[0]), (BANKS[1], Bank::B, shared.banks[1])]
    {
        let depth = shared.bank_depth(bank);
        add(name, MemoryKind::Currents, depth, shared.current_bits, place);
    }
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
    let (scale, neuron) = parameter_widths(shared);
    add(PARAMETERS[0], MemoryKind::Parameters, channels(false), scale, block);
    add(PARAMETERS[1], MemoryKind::Parameters, channels(true), neuron, block);
    let readout = &shared.readout;
    let width = readout_columns(readout);
    add(PARAMETERS[2], MemoryKind::Parameters, readout.classes(), width, Place::Luts);
    all
}

/// Bits of a word of gains and offsets, and of one of neurons. Synthesis leaves out bits that are
/// the same in every word.
pub(super) fn parameter_widths(shared: &Shared) -> (u32, u32) {
    let widths = Widths::new(shared);
    let scale = varying(sums(shared).flat_map(|s| &s.gain), widths.gain)
        + varying(sums(shared).flat_map(|s| &s.offset), widths.offset)
        + varying(sums(shared).flat_map(|s| &s.theta), widths.theta);
    let neurons = || shared.fires().map(|(neurons, _)| neurons);
    // −1, 0 or 1 in two bits: is it negative, is it 0?
    let sign = |is: fn(i8) -> bool| {
        let bits = || neurons().flat_map(|n| &n.sign).map(move |s| is(*s));
        u32::from(bits().any(|b| b) && !bits().all(|b| b))
    };
    let neuron = varying(neurons().flat_map(|n| &n.bias), widths.bias)
        + varying(neurons().flat_map(|n| &n.threshold), widths.threshold)
        + sign(|s| s < 0)
        + sign(|s| s == 0);
    (scale, neuron)
}

/// Cycles of a job in all chunks, by the timing rules of docs/shared.md, at a quarter of the
/// trains with a spike, or in chunks and where the input changes at a spike in a tenth of the
/// timesteps, half of the levels and all currents not zero.
#[must_use]
pub fn job_cycles(shared: &Shared, job: &Job, chunks: u32) -> u32 {
    let total = match &job.work {
        Work::Or { window, .. } => {
            let words = shared.words(job.source).0 * window[0] * window[1];
            (u64::from(job.positions()) * u64::from(words) + 3) * u64::from(chunks)
        }
        Work::Sum(sum) => {
            let last = match sum.then {
                Then::Readout => {
                    u64::from(shared.readout.classes() * (shared.readout.gain_bits + 3)) + 5
                }
                Then::Maps { .. } => 0,
            };
            sum_cycles(shared, job, sum, chunks) * u64::from(chunks) + last
        }
    };
    u32::try_from(total).unwrap_or(u32::MAX)
}

/// So many of a thousand trains of a chunk have a spike, where a neuron fires in one of ten
/// timesteps: the fewer timesteps a chunk has, the fewer.
fn active(width: u32) -> u32 {
    1000 - (0..width).fold(1000, |silent, _| silent * 9 / 10)
}

/// Those of a chunk, without the readout.
pub(super) fn sum_cycles(shared: &Shared, job: &Job, sum: &SumJob, chunks: u32) -> u64 {
    let (words, elements) = shared.words(job.source);
    let units = u64::from(words * sum.window[0] * sum.window[1]);
    // Two words together, as half of the levels are one event or none.
    let two = match job.source {
        Source::Input if shared.input.pack == 1 => sum.passes() + 1,
        Source::Currents(_, g) => 2 * sum.passes().max(shared.width * g.window[0] * g.window[1]),
        _ if chunks == 1 && !shared.input.trains => {
            (2 * elements * sum.passes() / TRAINS_A_SPIKE).max(2)
        }
        _ => (2 * elements * sum.passes() * active(shared.width) / 1000).max(2),
    };
    let read = units * u64::from(two) / 2 + 4;
    let results = |group| u64::from(shared.group_size(job, group) * shared.width * sum.digits) + 1;
    let groups = shared.groups(job);
    let place: u64 = (0..groups).map(|g| read.max(results(g))).sum();
    let tail = sum.digits + 5 + shared.leak_cycles(job);
    u64::from(job.positions()) * place + results(groups - 1) + u64::from(tail)
}
