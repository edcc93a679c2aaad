// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same elements in another shape. An input that is flattened before anything else
//! becomes flat itself.

use super::readout::axes;
use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{Op, Reshape};

/// `Flatten`, `Reshape`, `Squeeze` or `Unsqueeze` that keeps the batch.
pub(super) struct Flatten;

impl Pattern for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Flatten", "Reshape", "Squeeze", "Unsqueeze"]
    }

    fn becomes(&self) -> &'static str {
        "`reshape`; of the input alone, another shape of the input"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let batch = lift.values.inputs.first().and_then(|&i| lift.values.shape(i)?.first());
        let mut found = Vec::new();
        for group in groups {
            let Some(&id) = group.first() else { continue };
            let Some([rows, shape @ ..]) = lift.values.shape(id) else { continue };
            let is_taken = lift.account.has(id);
            if is_taken || Some(rows) != batch || shape.is_empty() || moves_batch(lift, id)? {
                continue;
            }
            found.push(if is_input(lift, stream) {
                Found::new(stream, Effect::Reshape(shape.to_vec()), group)
            } else {
                let hint = Hint::new("reshape").scope(lift.node(id));
                Found::layer(stream, hint, Op::Reshape(Reshape { shape: shape.to_vec() }), group)
            });
        }
        Ok(found)
    }
}

/// A dimension before the batch: how timesteps are stacked.
fn moves_batch(lift: &Lift<'_>, id: ValueId) -> Result<bool> {
    if !matches!(lift.op(id), "Squeeze" | "Unsqueeze") {
        return Ok(false);
    }
    let rank = lift.values.shape(id).map_or(0, <[usize]>::len);
    let from = lift.values.operand(id, 0).and_then(|o| lift.values.shape(o)).map_or(0, <[_]>::len);
    let first =
        |axis: i64| axis == 0 || i64::try_from(rank.max(from)).is_ok_and(|rank| axis + rank == 0);
    Ok(axes(lift, id)?.is_none_or(|a| a.into_iter().any(first)))
}

/// The input, scaled or not, that nothing else takes.
fn is_input(lift: &Lift<'_>, stream: &Stream) -> bool {
    let Some(&(mut id)) = stream.steps.first() else { return false };
    if lift.input_of(stream.node).is_none() {
        return false;
    }
    while lift.values.users(id).len() == 1 && lift.fuel.get() > 0 {
        lift.spend(1);
        match lift
            .values
            .operands(id)
            .iter()
            .flatten()
            .find(|o| lift.values.constant(**o).is_none())
        {
            Some(&operand) => id = operand,
            None => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{neuron, op, refusal};
    use crate::ir::{Input, Op, Reshape};

    #[test]
    fn the_input_becomes_flat() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        let text = neuron("m1 = Identity(i)", body).replace("x u8 batch 4", "x u8 batch 1 2 2");
        let flat = text
            .replace("MatMul(p,", "MatMul(q,")
            .replace("p = Div(c, k)", "p = Div(c, k)\nq = Flatten(p)");
        let want = Input { shape: vec![4], bits: Some(8), is_static: true };
        assert_eq!(op(&flat, "x"), Op::Input(want));
        assert!(refusal(&flat.replace("Flatten(p)", "Flatten(p) axis=3")).starts_with("SF0107"));
    }

    #[test]
    fn what_others_take_too_is_reshaped() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        let text = neuron("m1 = Identity(i)", body).replace(
            "i = MatMul(p, fc1.weight)",
            "q = MatMul(p, fc1.weight)\nconst s i64 3: 0 1 2\nr = Reshape(q, s)\ni = Flatten(r)",
        );
        let shapes = ["reshape1", "reshape2"].map(|name| op(&text, name));
        let of = |shape: &[usize]| Op::Reshape(Reshape { shape: shape.to_vec() });
        assert_eq!(shapes, [of(&[1, 2]), of(&[2])]);
    }
}
