// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From the integer graph to a design that fits the target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Design, Estimate, fold as folding, knobs, shared, stages};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::Graph;
use crate::target::Target;

/// What a user may choose about the hardware.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Layer name → lanes, instead of what the cost model chooses; `shared` is the processor
    /// of the shared mapping.
    pub lanes: BTreeMap<String, u32>,
    /// Leave out the memory from which the host can read the spikes.
    pub no_trace: bool,
    /// How layers are mapped to engines.
    pub mapping: Mapping,
    /// Timesteps that the processor computes together, instead of what the cost model chooses.
    pub chunk: Option<u32>,
    /// Use at most so many logic cells, instead of the share that usually routes.
    pub cells: Option<u32>,
    /// Weights that are loaded come from the board's flash: cells for what reads them.
    pub boots: bool,
    /// A request may leave out timesteps, and members of an ensemble of so many; of a model without
    /// members, 1.
    pub knobs: Option<u32>,
    /// With knobs: members that come later may be left out once the class is settled.
    pub stop: Option<Stop>,
}

/// Look-up tables and logic cells of what reads the flash, as synthesis and packing make them of
/// 784-256-10 (docs/cost.md).
const BOOT: [u32; 2] = [73, 91];

impl Options {
    /// Look-up tables and logic cells beside those of the design and its link.
    fn beside(&self) -> [u32; 2] {
        if self.boots { BOOT } else { [0; 2] }
    }

    /// The logic cells that a design may use, of those that usually route.
    pub(super) fn cells_of(&self, share: u32) -> u32 {
        let all = self.cells.map_or(share, |most| most.min(share));
        all.saturating_sub(self.beside()[1])
    }
}

/// When the members that come later are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Once they cannot change the class.
    Lossless,
    /// Once the largest logit is by more than this above all others, after each member but the
    /// last; in units of a logit.
    Margins(Vec<i64>),
}

/// How layers are mapped to engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mapping {
    /// The chain where it takes the graph and fits; else a line, where the device has multipliers and
    /// room and it takes fewer cycles than the processor.
    #[default]
    Auto,
    /// An engine a layer: a chain of stages, or a line of processors.
    Pipeline,
    /// One processor for all layers.
    Shared,
}

/// Lowers an integer graph for a target and folds it into the target's resources.
///
/// # Errors
/// `HW_UNSUPPORTED` with the layer that no engine takes, `HW_DOES_NOT_FIT` with the
/// resource, by how much, and what would fit.
pub fn lower(graph: &Graph, target: &Target, options: &Options) -> Result<(Design, Estimate)> {
    let (design, mut estimate) = fold(graph, target, options)?;
    if design.load_bytes() > 0 {
        let [lut4, cells] = options.beside();
        (estimate.lut4, estimate.cells) = (estimate.lut4 + lut4, estimate.cells + cells);
    }
    Ok((design, estimate))
}

/// The same without what reads the flash.
fn fold(graph: &Graph, target: &Target, options: &Options) -> Result<(Design, Estimate)> {
    if options.knobs.is_some() && options.mapping != Mapping::Shared {
        return chain(graph, target, options).map_err(|d| {
            d.help("a chain of dense layers has knobs: leave --knobs out, or use such a model")
        });
    }
    match options.mapping {
        Mapping::Pipeline => pipeline(graph, target, options),
        Mapping::Shared if options.knobs.is_some() => {
            let message = "the processor leaves nothing out at run time";
            Err(Diagnostic::new(&codes::HW_UNSUPPORTED, message)
                .at(graph.name.clone())
                .help("leave --mapping shared or --knobs out"))
        }
        Mapping::Shared => shared::lower(graph, target, options),
        Mapping::Auto => {
            let refused = match chain(graph, target, options) {
                Ok((design, mut estimate)) => {
                    estimate.reasons.push(
                        "pipeline: an engine for each layer is fastest, and it fits".to_owned(),
                    );
                    return Ok((design, estimate));
                }
                // Whoever names lanes of a layer means the pipeline.
                Err(d) if options.lanes.keys().any(|name| name != shared::PROCESSOR) => {
                    return behind_chain(d, graph, target, options);
                }
                Err(d) => d,
            };
            let is_chain = refused.code != &codes::HW_UNSUPPORTED;
            // Whoever names the processor means it. A line has a multiplier a processor, which some
            // families build of logic.
            let has_many = target.device.family.spec().multiplier.is_some();
            let line = match !is_chain && options.lanes.is_empty() && has_many {
                true => shared::lower_line(graph, target, options).ok(),
                false => None,
            };
            let node = refused.location.path.as_deref().unwrap_or("the model");
            let no_chain = format!("no chain takes it; {node}: {}", refused.message);
            match (shared::lower(graph, target, options), line) {
                (Ok((_, one)), Some((design, mut line))) if line.cycles < one.cycles => {
                    let cycles = format!("{} cycles, one processor {}", line.cycles, one.cycles);
                    line.reasons
                        .insert(0, format!("pipeline: it takes about {cycles}; {no_chain}"));
                    Ok((design, line))
                }
                (Err(_), Some(line)) => Ok(line),
                (Ok((design, mut estimate)), line) => {
                    let why = match line {
                        Some(_) => format!("shared: a line takes no fewer cycles; {no_chain}"),
                        None => {
                            format!("shared: no pipeline takes it; {node}: {}", refused.message)
                        }
                    };
                    estimate.reasons.insert(0, why);
                    Ok((design, estimate))
                }
                // What no chain takes should at least fit the processor.
                (Err(d), None) if !is_chain => Err(d),
                (Err(_), None) => Err(refused),
            }
        }
    }
}

/// The chain of stages, or where that is none a line of processors.
fn pipeline(graph: &Graph, target: &Target, options: &Options) -> Result<(Design, Estimate)> {
    match chain(graph, target, options) {
        Err(d) => behind_chain(d, graph, target, options),
        result => result,
    }
}

/// What no chain takes, on a line; what a chain would take with more room is refused.
fn behind_chain(
    refused: Box<Diagnostic>,
    graph: &Graph,
    target: &Target,
    options: &Options,
) -> Result<(Design, Estimate)> {
    match refused.code == &codes::HW_UNSUPPORTED {
        true => shared::lower_line(graph, target, options),
        false => Err(refused),
    }
}

/// The chain of stages.
fn chain(graph: &Graph, target: &Target, options: &Options) -> Result<(Design, Estimate)> {
    let mut design = stages::build(graph)?;
    design.trace = !options.no_trace;
    design.family = target.device.family;
    if let Some(members) = options.knobs {
        knobs::give(&mut design, members)?;
        match &options.stop {
            None => {}
            Some(Stop::Lossless) => knobs::stop(&mut design, None)?,
            Some(Stop::Margins(margins)) => knobs::stop(&mut design, Some(margins))?,
        }
    }
    let estimate = folding::fold(&mut design, target, options)?;
    Ok((design, estimate))
}
