// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Is a deliberate fault noticed, and does it do what it should?

use serde::Serialize;

use super::executor::SIM;
use super::{Difference, Executor, Mutation, Outcome, Scope, compare};
use crate::diag::{Diagnostic, Result};

/// What a fault did.
#[derive(Debug, Clone, Serialize)]
pub struct MutationResult {
    /// Its kind.
    pub mutation: Mutation,
    /// What was changed.
    pub fault: String,
    /// The difference it caused; none: the check is worth nothing.
    pub caught: Option<Difference>,
    /// Does the faulty hardware do exactly what `sim` does with the same fault? None where
    /// a design cannot express the fault.
    pub as_predicted: Option<bool>,
}

impl MutationResult {
    /// Why this shows that the check is worth nothing, or the prediction wrong.
    pub(super) fn objection(&self) -> Option<String> {
        if self.caught.is_none() {
            return Some(format!("{}: not noticed", self.fault));
        }
        (self.as_predicted == Some(false)).then(|| {
            format!("{}: the faulty hardware differs from sim with the same fault", self.fault)
        })
    }
}

/// Inputs on which faulty hardware is tried.
pub(super) struct Trial<'a> {
    /// The inputs.
    pub(super) inputs: &'a [&'a [u8]],
    /// Index of the first one among all.
    pub(super) start: usize,
    /// What sound hardware gives for them.
    pub(super) expected: &'a [Outcome],
    /// What the faulty hardware can tell.
    pub(super) scope: Scope,
}

impl Trial<'_> {
    /// Runs the faulty hardware, holds it against the sound one, which must differ, and
    /// against `prediction`: `sim` with the same fault, which must not.
    ///
    /// # Errors
    /// What the hardware or the prediction cannot do; SF0000 if the hardware is `sim`: what it
    /// predicts is no proof that hardware is looked at.
    pub(super) fn run(
        &self,
        mutation: Mutation,
        fault: String,
        hardware: &mut dyn Executor,
        prediction: Option<&mut dyn Executor>,
    ) -> Result<MutationResult> {
        if hardware.name() == SIM {
            return Err(Diagnostic::internal("mutate", format!("{fault}: tried on sim alone")));
        }
        let n = self.inputs.len();
        let found = hardware.run(self.inputs)?;
        let (_, caught) = compare(n, self.expected, &found, self.scope);
        let caught = caught.map(|d| Difference { image: d.image + self.start, ..d });
        let as_predicted = match prediction {
            Some(sim) => Some(compare(n, &sim.run(self.inputs)?, &found, self.scope).1.is_none()),
            None => None,
        };
        Ok(MutationResult { mutation, fault, caught, as_predicted })
    }
}
