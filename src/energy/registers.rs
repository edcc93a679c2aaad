// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Registers of a stage, counted from the declarations in hdl/.

use crate::hw::{DenseStage, LifStage, Place, PlanesStage, PowerOn, ReadoutStage, Stage};

/// Bits that count up to `n` values (at least one), as `$clog2` in hdl/.
fn index_bits(n: u32) -> u32 {
    n.max(2).next_power_of_two().trailing_zeros()
}

/// Flip-flops of a stage; the output register of a memory in RAM is inside it.
pub(super) fn of(stage: &Stage, trace: bool) -> u32 {
    match stage {
        Stage::Dense(d) => dense(d),
        Stage::Planes(p) => planes(p),
        Stage::Lif(l) => lif(l) + if trace { self::trace(l) } else { 0 },
        Stage::Count(_) => 0,
        Stage::Readout(r) => readout(r),
    }
}

/// Flip-flops of `sf_flash_boot`: state, bits to come, pins, byte.
pub(super) fn boot(power_on: PowerOn) -> u32 {
    3 + index_bits((8 * power_on.bytes).max(power_on.wait).max(32)) + 3 + 9
}

fn dense(d: &DenseStage) -> u32 {
    let wide = d.time_parallel * d.acc_bits;
    let control = 4 + index_bits(d.inputs()) + index_bits(d.groups());
    // The sum of the inputs and the bit that its subtraction adds.
    let signs = if d.planes == 1 { wide + 1 } else { 0 };
    let drain = index_bits(d.lanes * d.time_parallel + 1) + d.acc_bits + 1;
    let row = if d.place == Place::Luts { 2 * d.lanes } else { d.lanes };
    let events = 3 + 2 * d.input_bits + row;
    let replay = if d.replays() {
        let depth_bits = index_bits(d.depth()).saturating_sub(4);
        32 + 2 * index_bits(d.words()) + depth_bits
    } else {
        0
    };
    // Where the next byte to load belongs.
    let load = if d.place == Place::Spram {
        1 + index_bits(d.depth()) + index_bits(d.row_bytes())
    } else {
        0
    };
    let members = members(d.split.members());
    control + drain + events + replay + load + signs + members + 2 * d.lanes * wide
}

/// Flip-flops of `sf_members`, where there are some: those to come, and whether one has begun.
fn members(n: u32) -> u32 {
    if n > 1 { n + 1 } else { 0 }
}

fn planes(p: &PlanesStage) -> u32 {
    index_bits(p.planes) + p.sum_bits + 1
}

fn lif(l: &LifStage) -> u32 {
    let param = if l.block { 0 } else { l.bias_bits + l.threshold_bits };
    let counters = 2 * index_bits(l.timesteps) + index_bits(l.neurons());
    let members = members(l.members);
    2 * l.membrane_bits + l.threshold_bits + 2 + counters + 2 * l.timesteps - 1 + param + members
}

fn trace(l: &LifStage) -> u32 {
    // Which member is read, and how far.
    let read = match l.members {
        1 => 0,
        n => members(n) + index_bits(n) + index_bits(l.neurons()),
    };
    2 * index_bits(l.neurons()) + index_bits(l.timesteps.div_ceil(8)) + 1 + read
}

fn readout(r: &ReadoutStage) -> u32 {
    let param = if r.block { 0 } else { r.gain_bits + r.offset_bits };
    let control = 2 + index_bits(r.gain_bits + 1) + 2 * index_bits(r.classes()) + 4;
    // Another state, and whether a sum is the first one.
    let sums = if r.members > 1 { 2 + members(r.members) } else { 0 };
    let computed = r.input_bits + r.gain_bits + r.logit_bits + param + sums;
    if r.margins.is_empty() {
        // The best logit, bytes that are sent.
        return computed + r.logit_bits + 40 + control;
    }
    // `sf_decide`: best, second, difference and margin; state 3, class and best class, byte 2,
    // count 8, first, stop; the members that ran.
    let classes = index_bits(r.classes());
    let decide = 4 * r.logit_bits + 3 + 2 * classes + 12 + r.members + members(r.members);
    computed + 2 + index_bits(r.gain_bits + 1) + classes + decide
}
