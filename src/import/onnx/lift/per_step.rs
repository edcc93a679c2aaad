// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The output of a model that holds one timestep: one for every time that it is run.

use super::affine::Atom;
use super::coeff::Coeff;
use super::{Effect, Flow, Found, Hint, Lift, Stream};
use crate::diag::{Result, codes};
use crate::ir::{self, Op, ReadoutKind};

/// The outputs of all timesteps as `gain · x[t] + offset` of this stream.
///
/// # Errors
/// [`codes::LIFT_TIMESTEPS`] if gain or offset are not the same at every timestep.
pub(super) fn readout(lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
    let outputs = &lift.values.outputs;
    if stream.steps.len() != outputs.len() {
        return Ok(Vec::new());
    }
    let mut known: Option<(Coeff, Coeff)> = None;
    let mut taken = Vec::new();
    for (&step, &output) in stream.steps.iter().zip(outputs) {
        let (gain, offset) = if step == output {
            (Coeff::one(1.0), Coeff::one(0.0))
        } else {
            let looked = lift.look(output, [step], 1);
            let atom = Atom::Value(step);
            if !looked.form.terms.contains_key(&atom) || !looked.form.has_only(&[atom]) {
                return Ok(Vec::new());
            }
            taken.extend(looked.visited);
            (looked.form.coeff(atom), looked.form.constant)
        };
        match &known {
            None => known = Some((gain, offset)),
            Some((g, o)) if g.is_near(&gain, 0.0) && o.is_near(&offset, 0.0) => {}
            Some(_) => {
                let message = "the output is not the same function of every timestep";
                return Err(lift.error(output, &codes::LIFT_TIMESTEPS, message).help(
                    "return every timestep with the same factor and offset, or weigh them after the inference",
                ));
            }
        }
    }
    let Some((gain, offset)) = known else { return Ok(Vec::new()) };
    let op = Op::Readout(ir::Readout {
        kind: ReadoutKind::PerStep,
        gain: gain.into_per_channel(),
        offset: offset.into_per_channel(),
    });
    let effect = Effect::Output(Hint::new("readout").named(lift.model.output), op);
    Ok(vec![Found { effect, steps: Vec::new(), flow: Flow::Steps, taken }])
}
