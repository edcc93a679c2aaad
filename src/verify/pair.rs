// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Two levels on the same inputs.

use std::fmt;

use serde::{Serialize, Serializer};

use super::executor::{
    BITSTREAM, BOARD, HLS, INTERP, NETLIST, ROUTED, RTL, RTL_GAPS, RTL_PAUSES, SIM, TOP,
};
use super::{Difference, Executor, Scope, Tally, compare};
use crate::diag::{Diagnostic, Result};

/// Inferences between two comparisons: bounds memory, not results.
pub const BATCH: usize = 256;

/// Two levels that have to agree, by the names of their executors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Says what is right.
    pub expected: &'static str,
    /// Is held against it.
    pub found: &'static str,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.expected, self.found)
    }
}

impl Serialize for Pair {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What came out of comparing two levels.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The levels.
    pub levels: Pair,
    /// Inferences that were asked for.
    #[serde(skip)]
    pub asked: u64,
    /// What was compared, and what differs.
    pub tally: Tally,
    /// The first difference.
    pub first: Option<Difference>,
}

impl Pair {
    /// The semantics and the design.
    pub const INTERP_SIM: Self = Self { expected: INTERP, found: SIM };
    /// The design and its Verilog.
    pub const SIM_RTL: Self = Self { expected: SIM, found: RTL };
    /// The same with cycles between the inputs.
    pub const SIM_RTL_GAPS: Self = Self { expected: SIM, found: RTL_GAPS };
    /// The same with cycles between the bytes of the result.
    pub const SIM_RTL_PAUSES: Self = Self { expected: SIM, found: RTL_PAUSES };
    /// The design and its C++ for high-level synthesis.
    pub const SIM_HLS: Self = Self { expected: SIM, found: HLS };
    /// The design and the whole top module.
    pub const SIM_TOP: Self = Self { expected: SIM, found: TOP };
    /// The design and the synthesised netlist.
    pub const SIM_NETLIST: Self = Self { expected: SIM, found: NETLIST };
    /// The design and the netlist that place and route wrote.
    pub const SIM_ROUTED: Self = Self { expected: SIM, found: ROUTED };
    /// The design and the packed bitstream.
    pub const SIM_BITSTREAM: Self = Self { expected: SIM, found: BITSTREAM };

    /// The design and a board.
    pub const SIM_BOARD: Self = Self { expected: SIM, found: BOARD };

    /// Runs the inputs on both levels, batch by batch, and compares. `progress` is told the
    /// number of inferences that are done.
    ///
    /// # Errors
    /// What one of the levels cannot do; SF0000 if an executor is not that of its level, so
    /// that no level is ever held against itself.
    pub fn compare(
        self,
        expected: &mut dyn Executor,
        found: &mut dyn Executor,
        inputs: &[&[u8]],
        scope: Scope,
        mut progress: impl FnMut(usize),
    ) -> Result<Comparison> {
        let names = (expected.name(), found.name());
        if names != (self.expected, self.found) || names.0 == names.1 {
            let message = format!("`{self}` was to be run on {} and {}", names.0, names.1);
            return Err(Diagnostic::internal("verify", message));
        }
        let asked = inputs.len() as u64;
        let mut all = Comparison { levels: self, asked, tally: Tally::default(), first: None };
        for (k, batch) in inputs.chunks(BATCH).enumerate() {
            progress(k * BATCH);
            let (expected, found) = (expected.run(batch)?, found.run(batch)?);
            let (tally, first) = compare(batch.len(), &expected, &found, scope);
            all.tally.add(&tally);
            let later = |d: Difference| Difference { image: d.image + k * BATCH, ..d };
            all.first = all.first.or(first.map(later));
        }
        Ok(all)
    }
}
