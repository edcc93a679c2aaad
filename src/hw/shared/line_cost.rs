// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a line of processors needs: each its own memories and logic, cycles by the rows that jobs
//! wait for.

use super::cost::{job_cycles, multipliers, parameter_widths, sum_cycles};
use super::logic;
use super::{Job, Shared, Source, Stored, Sums, Work};
use crate::hw::cost::readout_columns;
use crate::hw::{Design, Estimate, Memory, MemoryKind, Place};
use crate::target::Family;

/// Estimates a line of processors.
pub(super) fn estimate_line(design: &Design, shared: &Shared) -> Estimate {
    let (family, width) = (design.family, shared.width);
    let mut memories = Vec::new();
    let mut logic = logic::line(shared, family);
    let mut dsp = 0;
    for (index, job) in shared.jobs.iter().enumerate() {
        let engine = shared.engine(job);
        let mut own = Vec::new();
        let mut add = |kind, depth, bits| {
            let (layer, place) = (job.name.clone(), Place::BlockRam);
            if depth > 0 {
                own.push(Memory { stage: index, layer, kind, depth, width: bits, place, family });
            }
        };
        if let Work::Sum(_) = &job.work {
            add(MemoryKind::Weights, engine.weight_depth(), engine.weight_bits());
            let (scale, neuron) = parameter_widths(&engine);
            add(MemoryKind::Parameters, job.out[0], scale);
            if job.fires().is_some() {
                add(MemoryKind::Parameters, job.out[0], neuron);
            }
            dsp += multipliers(&engine, family) + products(&engine, family);
        }
        if job.source == Source::Input {
            add(MemoryKind::Levels, design.input_words(), shared.input.word_bits());
        }
        // A memory for each reader; for the host alone, if there is none.
        for map in job.writes() {
            match map {
                Stored::Trains(m) => {
                    for _ in 0..shared.readers(m).count().max(1) {
                        add(
                            MemoryKind::Trains,
                            shared.trains[m].depth(shared.pack),
                            shared.pack * width,
                        );
                    }
                }
                Stored::Input => {}
                Stored::Currents(m) => {
                    for _ in shared.users(m) {
                        add(MemoryKind::Currents, shared.current_words(m), shared.current_bits);
                    }
                }
            }
        }
        let (lut4, cells) = logic::engine(&engine, &own, family);
        logic = (logic.0 + lut4, logic.1 + cells);
        memories.extend(own);
    }
    let readout = &shared.readout;
    if readout_columns(readout) > 0 {
        memories.push(Memory {
            stage: shared.jobs.len().saturating_sub(1),
            layer: readout.name.clone(),
            kind: MemoryKind::Parameters,
            depth: readout.classes(),
            width: readout_columns(readout),
            place: Place::Luts,
            family,
        });
    }
    let stage_cycles: Vec<u32> = shared.jobs.iter().map(|job| job_cycles(shared, job, 1)).collect();
    Estimate {
        lut4: logic.0.round() as u32,
        cells: logic.1.round() as u32,
        ebr: memories.iter().filter(|m| m.place == Place::BlockRam).map(Memory::ebr).sum(),
        spram: 0,
        dsp,
        cycles: line_cycles(design, shared),
        stage_cycles,
        memories,
        reasons: Vec::new(),
    }
}

/// Multipliers of the lanes of a processor that add products: one for each sum.
fn products(engine: &Shared, family: Family) -> u32 {
    let of = |job: &Job| match &job.work {
        Work::Sum(sum) if sum.products && engine.multiplies(job) => {
            let each = if sum.sums == Sums::Each { engine.width } else { 1 };
            engine.lanes * each * family.multipliers([engine.operand_bits(job), sum.planes])
        }
        _ => 0,
    };
    engine.jobs.iter().map(of).sum()
}

/// Cycles from the last input until the last job of a line is done: each step of a job begins when
/// the one before is done, and when the rows that it needs are.
fn line_cycles(design: &Design, shared: &Shared) -> u32 {
    let input = design.input_bytes();
    let last = shared.jobs.last().map_or(0, |job| {
        let all = u64::from(job_cycles(shared, job, 1));
        all.saturating_sub(step_cycles(shared, job) * u64::from(shared.steps(job)))
    });
    let done = shared.schedule(input, |job| step_cycles(shared, job));
    let end = done.and_then(|jobs| jobs.last()?.last().copied());
    let behind = end.map(|end| (end + last).saturating_sub(input.into()));
    behind.and_then(|cycles| u32::try_from(cycles).ok()).unwrap_or(u32::MAX)
}

/// Cycles of a step of a job, in one chunk. Of a job with one window the first group reads rows as
/// they come; the others read the map when it is complete.
fn step_cycles(shared: &Shared, job: &Job) -> u64 {
    let groups = if shared.is_whole(job) { shared.groups(job) } else { 1 };
    own_cycles(shared, job) / u64::from(shared.steps(job).max(1) * groups)
}

/// Cycles of a job in one chunk, without waiting for others and without the readout.
pub(super) fn own_cycles(shared: &Shared, job: &Job) -> u64 {
    match &job.work {
        Work::Or { .. } => u64::from(job_cycles(shared, job, 1)),
        Work::Sum(sum) => sum_cycles(shared, job, sum, 1),
    }
}
