// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The jobs of a processor, or of a line of them, as rows of a table.

use serde::Serialize;

use crate::hw::Design;
use crate::hw::shared::{Job, Shared, Source, Then, Work, job_cycles};

/// A layer on a processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRow {
    /// Name of the layer.
    pub name: String,
    /// The map that it reads: `input`, `t` and number of spike trains, bank and number of currents.
    pub reads: String,
    /// Extent of a window, rows and columns.
    pub window: [u32; 2],
    /// Channels, rows, columns of the result.
    pub out: [u32; 3],
    /// Lanes of its own processor; none if one processor runs all jobs.
    pub lanes: Option<u32>,
    /// How often each window is read.
    pub groups: u32,
    /// Bits of a weight; 1 for ±1, 0 without weights.
    pub planes: u32,
    /// All of them are added at once.
    pub products: bool,
    /// Cycles a sum takes in the multiplier.
    pub digits: u32,
    /// Words of the weight memory.
    pub weight_words: u32,
    /// The map that is added; empty without one.
    pub adds: String,
    /// What is written: maps, or `logits`.
    pub writes: String,
    /// Estimated.
    pub cycles: u32,
}

impl JobRow {
    /// Bits of a weight, and whether they are added at once.
    #[must_use]
    pub fn planes(&self) -> String {
        format!("{}{}", self.planes, if self.products { " at once" } else { "" })
    }
}

/// The jobs of a processor; none of a chain.
#[must_use]
pub fn jobs(design: &Design) -> Vec<JobRow> {
    let Some(shared) = &design.shared else { return Vec::new() };
    let words = shared.weight_words();
    let row = |(job, &words): (&Job, &u32)| row(shared, job, words, design.chunks());
    shared.jobs.iter().zip(&words).map(row).collect()
}

fn row(shared: &Shared, job: &Job, weight_words: u32, chunks: u32) -> JobRow {
    let (mut adds, mut writes) = (String::new(), Vec::new());
    let (window, planes, products, digits) = match &job.work {
        Work::Or { window, to, .. } => {
            writes.push(format!("t{to}"));
            (*window, 0, false, 0)
        }
        Work::Sum(sum) => {
            adds = sum.add.map_or_else(String::new, |m| current_map(shared, m));
            match &sum.then {
                Then::Readout => writes.push("logits".to_owned()),
                Then::Maps { keep, fire } => {
                    writes.extend(keep.map(|m| current_map(shared, m)));
                    writes.extend(fire.as_ref().map(|(_, m)| format!("t{m}")));
                }
            }
            (sum.window, sum.planes, sum.products, sum.digits)
        }
    };
    JobRow {
        name: job.name.clone(),
        reads: match job.source {
            Source::Input => "input".to_owned(),
            Source::Trains(m) => format!("t{m}"),
            Source::Currents(m, g) if g.window == [1, 1] => current_map(shared, m),
            Source::Currents(m, g) => {
                format!("{} by {}×{}", current_map(shared, m), g.window[0], g.window[1])
            }
        },
        window,
        out: job.out,
        lanes: job.own.map(|own| own.lanes),
        groups: shared.groups(job),
        planes,
        products,
        digits,
        weight_words,
        adds,
        writes: writes.join(", "),
        cycles: job_cycles(shared, job, chunks),
    }
}

/// Name of a map of currents: its bank and number.
#[must_use]
pub fn current_map(shared: &Shared, map: usize) -> String {
    format!("{:?}{map}", shared.currents[map].bank)
}
