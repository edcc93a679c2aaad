// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From the integer graph to a design that fits the target.

use std::collections::BTreeMap;

use super::{Design, Estimate, fold, stages};
use crate::diag::Result;
use crate::ir::Graph;
use crate::target::Target;

/// What a user may choose about the hardware.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Layer name → lanes, instead of what the cost model chooses.
    pub lanes: BTreeMap<String, u32>,
    /// Leave out the memory from which the host can read the spikes.
    pub no_trace: bool,
}

/// Lowers an integer graph for a target and folds it into the target's resources.
///
/// # Errors
/// `HW_UNSUPPORTED` with the layer that no engine takes, `HW_DOES_NOT_FIT` with the
/// resource, by how much, and what would fit.
pub fn lower(graph: &Graph, target: &Target, options: &Options) -> Result<(Design, Estimate)> {
    let mut design = stages::build(graph)?;
    design.trace = !options.no_trace;
    let estimate = fold::fold(&mut design, target, options)?;
    Ok((design, estimate))
}
