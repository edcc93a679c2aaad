// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the hardware of a layer looks like, in a few lines.

use super::facts::{grouped, plural};
use crate::hw::shared::Shared;
use crate::hw::{self, Design, Memory, MemoryKind, Place, Stage};

/// The hardware of the layer `name`, first line the module; empty if it has none of its own.
pub(super) fn lines(design: &Design, name: &str) -> Vec<String> {
    if let Some(shared) = &design.shared {
        return on_processor(design, shared, name);
    }
    let estimate = hw::estimate(design);
    let found = design.stages.iter().enumerate().find(|(_, s)| match s {
        Stage::Dense(d) => d.name == name,
        Stage::Lif(l) => l.name == name,
        Stage::Readout(r) => r.name == name,
        Stage::Count(_) | Stage::Planes(_) => false,
    });
    let Some((i, stage)) = found else { return Vec::new() };
    let mut lines = Vec::new();
    let counted = i.checked_sub(1).map(|b| &design.stages[b]);
    if let Some(Stage::Count(bits)) = counted {
        lines.push(format!("sf_count_ones: {bits} timesteps become one count"));
    }
    lines.extend(match stage {
        Stage::Dense(d) => {
            let accumulators = if d.time_parallel > 1 {
                format!(", {} accumulators each", d.time_parallel)
            } else {
                String::new()
            };
            vec![
                format!(
                    "sf_dense: {} {} × {} {}{accumulators}",
                    d.lanes,
                    plural(d.lanes, "lane"),
                    d.groups(),
                    plural(d.groups(), "group")
                ),
                format!("accumulators of {} bits, results of {}", d.acc_bits, d.output_bits()),
            ]
        }
        Stage::Lif(l) => vec![
            "sf_lif: a timestep of a neuron a cycle".to_owned(),
            format!("membrane register of {} bits", l.membrane_bits),
        ],
        Stage::Readout(r) => vec![
            format!("sf_readout: serial gain, {} cycles a class", r.gain_bits + 3),
            format!("logits of {} bits", r.logit_bits),
        ],
        Stage::Count(_) | Stage::Planes(_) => Vec::new(),
    });
    if let Some(Stage::Planes(p)) = design.stages.get(i + 1) {
        lines.push(format!("sf_planes: {} planes become a sum of {} bits", p.planes, p.sum_bits));
    }
    let stored: Vec<_> = estimate.memories.iter().filter(|m| m.stage == i).map(memory).collect();
    if !stored.is_empty() {
        lines.push(stored.join(", "));
    }
    let cycles = estimate.stage_cycles.get(i).copied().unwrap_or(0);
    lines.push(format!("adds ≈ {} cycles after the last input", grouped(cycles)));
    lines
}

/// The jobs that compute a layer, or the tail in which its neurons or its readout are.
fn on_processor(design: &Design, shared: &Shared, name: &str) -> Vec<String> {
    if shared.readout.name == name {
        let bits = shared.readout.logit_bits;
        return vec![
            "sf_readout: behind the last job".to_owned(),
            format!("logits of {bits} bits"),
        ];
    }
    let mut lines = Vec::new();
    for (i, (job, row)) in shared.jobs.iter().zip(super::jobs(design)).enumerate() {
        if job.fires().is_some_and(|(n, _)| n.name == name) {
            lines.push(format!("sf_tail: neurons in job {i}"));
            let bits = job.own.map_or(shared.membrane_bits, |own| own.membrane_bits);
            lines.push(format!("membrane register of {bits} bits"));
        }
        if job.name != name {
            continue;
        }
        let [rows, columns] = row.window;
        let (groups, planes) = (row.groups, row.planes);
        lines.push(match planes {
            0 => format!("sf_or: job {i}, OR of {rows}×{columns} words"),
            _ => format!(
                "sf_lanes: job {i}, {} lanes × {groups} {}, {} {}",
                shared.lanes_of(job),
                plural(groups, "group"),
                row.planes,
                plural(planes, "plane") + if row.products { " at once" } else { "" }
            ),
        });
        let added =
            if row.adds.is_empty() { String::new() } else { format!(", adds {}", row.adds) };
        lines.push(format!("reads {}{added}, writes {}", row.reads, row.writes));
        lines.push(format!(
            "{} words of weights, ≈ {} cycles",
            grouped(row.weight_words),
            grouped(row.cycles)
        ));
    }
    lines
}

/// What a memory is for.
pub(super) fn kind(kind: MemoryKind) -> &'static str {
    match kind {
        MemoryKind::Weights => "weights",
        MemoryKind::Parameters => "parameters",
        MemoryKind::Values => "kept inputs",
        MemoryKind::Bitmap => "bitmap",
        MemoryKind::Trace => "trace",
        MemoryKind::Levels => "input map",
        MemoryKind::Trains => "train maps",
        MemoryKind::Currents => "current maps",
        MemoryKind::States => "states between chunks",
        MemoryKind::Sums => "sums of members",
        MemoryKind::Logits => "logits",
    }
}

/// How much of what a memory takes.
pub(super) fn size(m: &Memory) -> (u32, &'static str) {
    match m.place {
        Place::Luts => (m.luts(), "LUT"),
        Place::BlockRam => (m.ebr(), m.family.spec().block_ram.name),
        Place::Spram => (m.spram(), "SPRAM"),
    }
}

fn memory(m: &Memory) -> String {
    let (count, unit) = size(m);
    format!("{} {count} {unit}", kind(m.kind))
}
