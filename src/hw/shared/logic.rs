// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Look-up tables and logic cells of a processor, estimated.
//!
//! Linear in the widths of its registers and adders, module by module, with factors of each
//! family: fitted to what synthesis made of each module in the designs of tests/cost, which
//! prints the errors; docs/cost.md has them.

use super::cost::{Widths, sums};
use super::{Job, NeuronKind, Shared, Source, Sums, Work};
use crate::hw::cost::varying;
use crate::hw::{Memory, MemoryKind, Place};
use crate::target::Family;

/// What a family's synthesis makes of the parts, in look-up tables; `beside_*` are the logic
/// cells that are needed beside those, for carries and flip-flops alone.
struct Factors {
    /// Serial line, framing, sequence of jobs and of the result, intake.
    base: f64,
    /// Rows of constants of a job, and the addresses that they lead to.
    job: f64,
    /// An accumulator and its place in the chain, a bit.
    accumulator_bit: f64,
    /// Operands and the sum of all, a bit of each timestep; what planes add to that.
    operand_bit: f64,
    plane_bit: f64,
    /// Sums of products, shifts, neurons: a bit of the membrane.
    membrane_bit: f64,
    /// A bit of a digit times one of a gain.
    product_bit: f64,
    /// A bit of the sum that a leak needs.
    leak_bit: f64,
    /// What integrates: a bit of the membrane.
    integrator_bit: f64,
    /// The same where any of them resets: what is left of a membrane, and which of both is taken.
    reset_bit: f64,
    /// Readout, its gains included: a bit of the logit.
    logit_bit: f64,
    /// Selects one of several RAMs, a bit.
    bank_bit: f64,
    /// Bytes of the weights that the host loads.
    load: f64,
    /// Both memories of currents: addresses and ports.
    currents: f64,
    /// Sums of windows of currents, and what takes them to the lanes.
    gather: f64,
    /// What counts chunks and leads to their maps and states.
    chunks: f64,
    /// Look-up tables of a memory made of them, for each that it is estimated to need.
    stored: f64,
    beside_base: f64,
    beside_accumulator: f64,
}

static ICE40: Factors = Factors {
    base: 615.0,
    job: 20.0,
    accumulator_bit: 2.0,
    operand_bit: 4.0,
    plane_bit: 1.8,
    membrane_bit: 15.0,
    product_bit: 2.3,
    leak_bit: 1.0,
    integrator_bit: 3.0,
    reset_bit: 2.0,
    logit_bit: 8.7,
    bank_bit: 1.2,
    load: 141.0,
    currents: 130.0,
    gather: 310.0,
    chunks: 150.0,
    stored: 1.18,
    beside_base: 390.0,
    beside_accumulator: 0.0,
};

/// Products are made by multipliers: what is left of them is to add and to shift.
static ECP5: Factors = Factors {
    base: 690.0,
    job: 40.0,
    accumulator_bit: 2.04,
    operand_bit: 4.0,
    plane_bit: 2.0,
    membrane_bit: 13.0,
    product_bit: 0.8,
    leak_bit: 0.0,
    integrator_bit: 3.0,
    reset_bit: 2.0,
    logit_bit: 9.3,
    bank_bit: 0.9,
    load: 0.0,
    currents: 30.0,
    gather: 365.0,
    chunks: 150.0,
    stored: 1.03,
    beside_base: 150.0,
    beside_accumulator: 5.0,
};

static GOWIN: Factors = Factors {
    base: 960.0,
    job: 40.0,
    accumulator_bit: 2.04,
    operand_bit: 4.0,
    plane_bit: 2.0,
    membrane_bit: 15.0,
    product_bit: 2.3,
    leak_bit: 1.0,
    integrator_bit: 3.0,
    reset_bit: 2.0,
    logit_bit: 9.3,
    bank_bit: 0.9,
    load: 0.0,
    currents: 30.0,
    gather: 365.0,
    chunks: 150.0,
    stored: 1.03,
    beside_base: 75.0,
    beside_accumulator: 0.4,
};

static XC7: Factors = Factors {
    base: 330.0,
    job: 40.0,
    accumulator_bit: 2.0,
    operand_bit: 4.0,
    plane_bit: 2.0,
    membrane_bit: 11.0,
    product_bit: 1.5,
    leak_bit: 1.0,
    integrator_bit: 3.0,
    reset_bit: 2.0,
    logit_bit: 7.0,
    bank_bit: 0.9,
    load: 0.0,
    currents: 30.0,
    gather: 150.0,
    chunks: 150.0,
    stored: 1.0,
    beside_base: 0.0,
    beside_accumulator: 0.0,
};

/// Look-up tables and logic cells of a processor with these memories.
pub(super) fn estimate(
    shared: &Shared,
    chunks: u32,
    memories: &[Memory],
    family: Family,
) -> (u32, u32) {
    let f = factors(family);
    // The lane beside the others adds every operand.
    let accumulators = f64::from((shared.lanes + 1) * shared.width);
    let used = f.base
        + f.job * shared.jobs.len() as f64
        + f.lanes(shared)
        + f.tail(shared)
        + f.logit_bit * f64::from(shared.readout.logit_bits)
        + f.currents(shared)
        + if chunks > 1 { f.chunks } else { 0.0 }
        + memories.iter().map(|m| f.memory(m)).sum::<f64>();
    let beside = f.beside_base + f.beside_accumulator * accumulators;
    (used.round() as u32, (used + beside).round() as u32)
}

/// What a line has once: the host's side, the readout. (Look-up tables, cells.)
pub(super) fn line(shared: &Shared, family: Family) -> (f64, f64) {
    let f = factors(family);
    let used = f.base + f.logit_bit * f64::from(shared.readout.logit_bits);
    (used, used + f.beside_base)
}

/// What one processor of a line adds to that.
pub(super) fn engine(engine: &Shared, memories: &[Memory], family: Family) -> (f64, f64) {
    let f = factors(family);
    let tables: u32 = memories.iter().filter(|m| m.place == Place::Luts).map(Memory::luts).sum();
    let memories = memories.iter().map(|m| f.memory(m)).sum::<f64>() + f64::from(tables) * f.stored;
    if sums(engine).next().is_none() {
        return (f.job + memories, f.job + memories);
    }
    let gathers = matches!(engine.jobs.first().map(|j| j.source), Some(Source::Currents(..)));
    let accumulators = f64::from((engine.lanes + 1) * engine.width);
    let used =
        f.job + f.lanes(engine) + f.tail(engine) + memories + if gathers { f.gather } else { 0.0 };
    (used, used + f.beside_accumulator * accumulators)
}

fn factors(family: Family) -> &'static Factors {
    match family {
        Family::Ice40 => &ICE40,
        Family::Ecp5 => &ECP5,
        Family::Gowin => &GOWIN,
        Family::Xc7 => &XC7,
    }
}

/// Look-up tables of whole weights that are shifted and added: one for each bit of an operand and of
/// a weight.
fn gates(shared: &Shared) -> f64 {
    let of = |job: &Job| match &job.work {
        Work::Sum(sum) if sum.products && !shared.multiplies(job) => {
            let each = if sum.sums == Sums::Each { shared.width } else { 1 };
            shared.lanes * each * sum.planes * (shared.operand_bits(job) - 1)
        }
        _ => 0,
    };
    f64::from(shared.jobs.iter().map(of).sum::<u32>())
}

impl Factors {
    fn lanes(&self, shared: &Shared) -> f64 {
        let bits = f64::from(shared.width * shared.acc_bits);
        let planes = sums(shared).any(|s| s.planes > 1);
        if sums(shared).any(|s| s.products) {
            return bits * self.accumulator_bit * f64::from(shared.lanes) + gates(shared);
        }
        bits * (self.accumulator_bit * f64::from(shared.lanes)
            + self.operand_bit
            + if planes { self.plane_bit } else { 0.0 })
    }

    /// Bits of the gains that are the same everywhere leave nothing to multiply.
    fn tail(&self, shared: &Shared) -> f64 {
        let gain = varying(sums(shared).flat_map(|s| &s.gain), Widths::new(shared).gain);
        let terms = |num: u32, shift: u32| {
            num.count_ones().saturating_sub(1) * (shared.membrane_bits + shift)
        };
        let of = |k: &NeuronKind| terms(k.leak_num, k.leak_shift);
        let leaks = shared.kinds.iter().map(of).sum::<u32>()
            + shared.leaks.iter().map(|l| terms(l.num, l.shift)).sum::<u32>();
        let is_leaky = u32::from(!shared.leaks.is_empty());
        let integrates = f64::from(is_leaky * shared.membrane_bits);
        let is_resetting = u32::from(shared.leaks.iter().any(|l| l.resets.is_some()));
        let resets = f64::from(is_resetting * shared.membrane_bits);
        self.membrane_bit * f64::from(shared.membrane_bits)
            + self.product_bit * f64::from((shared.digit_bits + 1) * gain)
            + self.leak_bit * f64::from(leaks)
            + self.integrator_bit * integrates
            + self.reset_bit * resets
    }

    fn currents(&self, shared: &Shared) -> f64 {
        let gathers = shared.jobs.iter().any(|j| matches!(j.source, Source::Currents(..)));
        let currents = if shared.currents.is_empty() { 0.0 } else { self.currents };
        currents + if gathers { self.gather } else { 0.0 }
    }

    fn memory(&self, m: &Memory) -> f64 {
        let banks = m.depth.div_ceil(m.bank_words());
        let loaded = m.place == Place::Spram && m.kind == MemoryKind::Weights;
        f64::from(m.width * (banks - 1)) * self.bank_bit + if loaded { self.load } else { 0.0 }
    }
}
