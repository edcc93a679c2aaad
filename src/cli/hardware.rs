// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a design looks like in words: layers of a chain, jobs of a processor, memories, and
//! why it is so.

use std::fmt::Write as _;

use serde::Serialize;

use super::ui::{table, thousands};
use crate::hw::shared::Shared;
use crate::hw::{self, Design, Estimate, Place, Stage};
use crate::report::{self, JobRow};
use crate::target::Family;

/// How layers are mapped to engines.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Mapping {
    /// A pipeline where one takes the model and fits, else shared.
    Auto,
    /// An engine for each layer: a chain of stages, or a line of processors.
    Pipeline,
    /// One processor for all layers.
    Shared,
}

impl From<Mapping> for hw::Mapping {
    fn from(arg: Mapping) -> Self {
        match arg {
            Mapping::Auto => Self::Auto,
            Mapping::Pipeline => Self::Pipeline,
            Mapping::Shared => Self::Shared,
        }
    }
}

/// A dense layer of a chain.
#[derive(Serialize)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) inputs: u32,
    pub(super) neurons: u32,
    pub(super) planes: u32,
    pub(super) lanes: u32,
    pub(super) groups: u32,
    pub(super) accumulator_bits: u32,
    pub(super) weights_in: &'static str,
}

/// What is printed about a design alone.
#[derive(Serialize)]
pub(super) struct Hardware<'e> {
    estimate: &'e Estimate,
    layers: Vec<Layer>,
    jobs: Vec<JobRow>,
}

impl<'e> Hardware<'e> {
    pub(super) fn new(design: &Design, estimate: &'e Estimate) -> Self {
        Self { estimate, layers: layers(design), jobs: report::jobs(design) }
    }
}

/// The dense layers of a chain.
pub(super) fn layers(design: &Design) -> Vec<Layer> {
    let layer = |d: &hw::DenseStage| Layer {
        name: d.name.clone(),
        inputs: d.inputs(),
        neurons: d.neurons(),
        planes: d.planes,
        lanes: d.lanes,
        groups: d.groups(),
        accumulator_bits: d.acc_bits,
        weights_in: place(d.place, design.family),
    };
    design
        .stages
        .iter()
        .filter_map(|s| if let Stage::Dense(d) = s { Some(layer(d)) } else { None })
        .collect()
}

fn place(place: Place, family: Family) -> &'static str {
    match place {
        Place::Luts => "LUTs",
        Place::BlockRam => family.spec().block_ram.name,
        Place::Spram => "SPRAM",
    }
}

/// A table of layers or jobs.
pub(super) fn engines(layers: &[Layer], jobs: &[JobRow]) -> String {
    if jobs.is_empty() {
        return layer_table(layers);
    }
    let head = [
        "job", "reads", "window", "result", "lanes", "groups", "planes", "digits", "rows", "adds",
        "writes", "cycles",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for j in jobs {
        let [c, h, w] = j.out;
        rows.push(vec![
            j.name.clone(),
            j.reads.clone(),
            format!("{}×{}", j.window[0], j.window[1]),
            format!("{c}×{h}×{w}"),
            j.lanes.map_or_else(String::new, |lanes| lanes.to_string()),
            j.groups.to_string(),
            j.planes(),
            j.digits.to_string(),
            j.weight_words.to_string(),
            j.adds.clone(),
            j.writes.clone(),
            thousands(u64::from(j.cycles)),
        ]);
    }
    // One processor has one number of lanes.
    if jobs.iter().all(|j| j.lanes.is_none()) {
        for row in &mut rows {
            row.remove(4);
        }
    }
    table(&rows)
}

/// Neurons; with the planes of their weights, if each is summed by itself.
fn of_planes(l: &Layer) -> String {
    if l.planes > 1 { format!("{}×{}", l.neurons, l.planes) } else { l.neurons.to_string() }
}

fn layer_table(layers: &[Layer]) -> String {
    let head = ["layer", "inputs", "neurons", "lanes", "groups", "acc bits", "weights in"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for l in layers {
        rows.push(vec![
            l.name.clone(),
            l.inputs.to_string(),
            of_planes(l),
            l.lanes.to_string(),
            l.groups.to_string(),
            l.accumulator_bits.to_string(),
            l.weights_in.to_owned(),
        ]);
    }
    table(&rows)
}

/// All of a design: why, what, where.
pub(super) fn text(design: &Design, estimate: &Estimate) -> String {
    let mut text = String::new();
    for reason in &estimate.reasons {
        let _ = writeln!(text, "{reason}");
    }
    let _ = write!(text, "\n{}\n", engines(&layers(design), &report::jobs(design)));
    if let Some(shared) = &design.shared {
        let (pack, currents) = (shared.pack, shared.current_bits);
        let _ = match shared.is_line() {
            true => writeln!(text, "{pack} trains a word; currents {currents} bits\n"),
            false => writeln!(
                text,
                "{} lanes, {pack} trains a word; accumulators {}, currents {currents}, membranes {} bits\n",
                shared.lanes, shared.acc_bits, shared.membrane_bits
            ),
        };
        text += &maps(design, shared);
        text.push('\n');
    }
    let mut rows = vec![["memory", "for", "words", "bits", "in"].map(str::to_owned).to_vec()];
    for m in &estimate.memories {
        let count = match m.place {
            Place::Luts => m.luts(),
            Place::BlockRam => m.ebr(),
            Place::Spram => m.spram(),
        };
        rows.push(vec![
            m.layer.clone(),
            format!("{:?}", m.kind).to_lowercase(),
            thousands(u64::from(m.depth)),
            m.width.to_string(),
            format!("{count} {}", place(m.place, m.family)),
        ]);
    }
    text += &table(&rows);
    let count = |n: u32| thousands(u64::from(n));
    let _ = writeln!(
        text,
        "\nabout {} LUT4, {} EBR, {} SPRAM, {} cycles an inference",
        count(estimate.lut4),
        count(estimate.ebr),
        count(estimate.spram),
        count(estimate.cycles)
    );
    text
}

/// Where maps lie.
fn maps(design: &Design, shared: &Shared) -> String {
    let head = ["map", "shape", "frame", "first word", "words"].map(str::to_owned).to_vec();
    let shape = |[c, h, w]: [u32; 3]| format!("{c}×{h}×{w}");
    let input = &shared.input;
    let mut rows = vec![head];
    let mut row = |name: String, of: [u32; 3], halo: u32, base: u32, depth: u32| {
        rows.push(vec![
            name,
            shape(of),
            halo.to_string(),
            thousands(u64::from(base)),
            thousands(u64::from(depth)),
        ]);
    };
    row("input".to_owned(), input.shape, input.halo, 0, design.input_words());
    for (i, m) in shared.trains.iter().enumerate() {
        row(format!("t{i}"), m.shape, m.halo, m.base, m.depth(shared.pack));
    }
    for (i, m) in shared.currents.iter().enumerate() {
        row(report::current_map(shared, i), m.shape, 0, m.base, m.depth(shared.width));
    }
    table(&rows)
}
