// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Registers of the processor, counted from the declarations in hdl/, module by module.

use super::widths::{Widths, index};
use crate::energy::registers;
use crate::hw::shared::{Shared, Source, Use};
use crate::hw::{Design, Place, ReadoutStage, Stage};

/// Flip-flops of everything but the serial link; what leaves a memory in RAM is inside it.
pub(super) fn of(design: &Design, shared: &Shared, w: &Widths) -> u32 {
    let t = shared.width;
    let each = [
        input_map(shared, w),
        // sf_sequence
        w.job + 1,
        chunks(design, shared, w),
        fetch(w),
        gather(t, w),
        emit(shared, w),
        lanes(shared, t, w),
        tail(t, w) + u32::from(!shared.leaks.is_empty()) * integrator(t, w),
        // Two times sf_ring; sf_currents
        w.gain_addr + w.neuron_addr + 2 * w.channels,
        2 * w.current_addr,
        or(w),
        train_write(shared, w),
        dump(w.train_addr, w),
        load(shared),
        registers::of(&readout(shared, w), false),
    ];
    each.iter().sum()
}

/// Of the processor of one job: synthesis leaves out what the job has no use for.
pub(super) fn engine(engine: &Shared, w: &Widths) -> u32 {
    let t = engine.width;
    let fires = engine.fires().next().is_some();
    if engine.jobs.iter().all(|j| super::widths::sum_of(j).is_none()) {
        return fetch(w) + or(w) + train_write(engine, w);
    }
    let each = [
        fetch(w),
        gather(t, w),
        emit(engine, w),
        lanes(engine, t, w),
        tail(t, w) + u32::from(!engine.leaks.is_empty()) * integrator(t, w),
        w.gain_addr + w.channels,
        if fires { w.neuron_addr + w.channels + train_write(engine, w) } else { 0 },
    ];
    each.iter().sum()
}

/// Of a line beside its processors, whose widths are those of `last` for the readout: an input map
/// for each job that reads it, rows that jobs wait for, addresses of the maps between them.
pub(super) fn line(shared: &Shared, input: &Widths, (last, w): (&Shared, &Widths)) -> u32 {
    let mut all = registers::of(&readout(last, w), false);
    for (i, job) in shared.jobs.iter().enumerate() {
        if job.source == Source::Input {
            // It says when an inference begins and when a row is there, not when all are.
            all += input_map(shared, input) + 3;
        }
        // sf_rows
        let left = index(shared.steps(job));
        all += shared.needs(i).iter().map(|need| 2 * index(need.rows + 1) + left).sum::<u32>();
        let rooms = shared.rooms(i);
        all += rooms.iter().map(|room| 2 * index(room.rows + room.start + 1) + left).sum::<u32>();
    }
    for map in &shared.trains {
        all += dump(index(map.depth(shared.pack)), w);
    }
    for m in 0..shared.currents.len() {
        // sf_handed: what is added is read in order.
        let each = |u: (usize, Use)| if u.1 == Use::Add { 2 } else { 1 };
        all += index(shared.current_words(m)) * shared.users(m).map(each).sum::<u32>();
    }
    all
}

/// sf_fetch, sf_walk.
fn fetch(w: &Widths) -> u32 {
    7 + w.walk + 1 + 6 * w.count
}

/// sf_or.
fn or(w: &Widths) -> u32 {
    w.word + 2
}

/// sf_train_write.
fn train_write(shared: &Shared, w: &Widths) -> u32 {
    w.word + index(shared.pack) + 1 + w.train_addr + w.count
}

/// sf_dump of a map with addresses of so many bits.
fn dump(addr: u32, w: &Widths) -> u32 {
    // The address, the number of a byte, the byte that is offered.
    addr + index(w.word.div_ceil(8)) + 1 + 10
}

pub(super) fn input_map(shared: &Shared, w: &Widths) -> u32 {
    let ([_, h, width], c) = (shared.input.shape, shared.input.words());
    // Bytes of a word that came before its last one, and their number.
    let bytes = shared.input.word_bits().div_ceil(8);
    let kept = if bytes > 1 { index(bytes) + 8 * (bytes - 1) } else { 0 };
    index(c) + index(h) + index(width) + 2 * w.input_addr + 1 + kept
}

/// The number of the chunk, here and in `sf_input_map`; `sf_part`, `sf_state`, and the tail's
/// enable of what it writes there.
pub(super) fn chunks(design: &Design, shared: &Shared, w: &Widths) -> u32 {
    let chunks = design.chunks();
    if chunks < 2 {
        return 0;
    }
    let changes = u32::from(design.input.changes);
    let input = changes * (index(chunks) + w.input_addr);
    let trains = u32::from(design.trace) * w.train_addr;
    let sums = if shared.last { 0 } else { 2 * index(shared.readout.classes()) + 1 };
    let integrators = if shared.leaks.is_empty() { 0 } else { 2 * index(shared.integrators()) };
    index(chunks) + input + trains + 2 * index(shared.neurons()) + sums + integrators
}

fn gather(t: u32, w: &Widths) -> u32 {
    if w.gathered == 0 { 0 } else { 10 + index(t) + w.gather_sum + t * w.gathered }
}

fn emit(shared: &Shared, w: &Widths) -> u32 {
    let data = w.fetched.max(w.gathered * w.word / shared.pack);
    1 + data + shared.pack + 3 + w.plane + w.row + 1 + 3
}

/// Two stages of operands and a row of weights; accumulators, one more than lanes, and the
/// chain; S.
pub(super) fn lanes(shared: &Shared, t: u32, w: &Widths) -> u32 {
    let p = shared.lanes;
    // Between two accumulators that are joined the scaled operand goes on.
    let wide = w.once.max(w.acc);
    let scaled = t * (w.acc - 1) + wide.div_ceil(w.acc) - 1;
    let once = if w.once > 0 { index(t) + wide + 1 } else { 0 };
    let products = shared.jobs.iter().filter_map(super::widths::sum_of).find(|s| s.products);
    if let Some(sum) = products {
        // Products in the place of a row; nobody sums up the operands.
        let each = if w.once > 0 { 1 } else { t };
        let stages = 2 + t * w.operand + p * each * (w.operand + sum.planes);
        return stages + once + 2 * p * t * w.acc + w.left + 1;
    }
    let stages = 4 + t * w.operand + p + scaled + t * w.acc;
    let slice =
        u32::from(shared.jobs.iter().filter_map(super::widths::sum_of).any(|s| s.slices > 1));
    stages + once + slice + (2 * p + 2) * t * w.acc + w.left + 1
}

fn tail(t: u32, w: &Widths) -> u32 {
    let step = index(t);
    let digits = w.digits * w.digit + 3 + index(w.digits) + 2 * step + w.product;
    let scaled = 2 + step + w.membrane;
    let current = 2 + step + w.membrane + w.threshold + w.sum + 1;
    digits + scaled + current + 3 + step + w.membrane + w.channels + t - 1
}

/// sf_integrator, and the stage of the tail behind it; a threshold goes along with a result.
fn integrator(t: u32, w: &Widths) -> u32 {
    2 + index(t) + 2 * w.membrane + 2 * w.theta
}

/// Where the next byte to load belongs.
fn load(shared: &Shared) -> u32 {
    match shared.weights {
        Place::Spram => 1 + index(shared.weight_depth()) + index(shared.row_bytes()),
        Place::BlockRam | Place::Luts => 0,
    }
}

/// The readout with the widths that the processor hands it.
pub(super) fn readout(shared: &Shared, w: &Widths) -> Stage {
    let readout = shared.readout.clone();
    Stage::Readout(ReadoutStage { input_bits: w.sum, logit_bits: w.logit, ..readout })
}
