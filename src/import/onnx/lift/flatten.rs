// SPDX-License-Identifier: Apache-2.0 OR MIT
//! An image that is flattened before the first layer: the input itself becomes flat.

use super::{Effect, Found, Lift, Pattern, Stream, steps};
use crate::diag::Result;

/// `Flatten`, `Reshape` or `Squeeze` of the input, scaled or not, to `[batch, elements]`.
pub(super) struct Flatten;

impl Pattern for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        if lift.input_of(stream.node).is_none() {
            return Ok(Vec::new());
        }
        let accept = |op: &str| matches!(op, "Flatten" | "Reshape" | "Squeeze");
        let groups = steps::groups(lift, stream, |n| accept(n.op()))?;
        let batch = lift.model.input.1.shape.first().copied();
        let mut found = Vec::new();
        for group in groups {
            let shape = group.first().and_then(|&id| lift.values.shape(id));
            if let Some(&[rows, cols]) = shape
                && Some(rows) == batch
            {
                found.push(Found {
                    effect: Effect::Reshape(vec![cols]),
                    steps: group.clone(),
                    is_static: stream.is_static,
                    taken: group,
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{neuron, op, refusal};
    use crate::ir::{Input, Op};

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
}
