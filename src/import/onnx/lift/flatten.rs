// SPDX-License-Identifier: Apache-2.0 OR MIT
//! An image that is flattened before the first layer: the input itself becomes flat.

use super::{Effect, Found, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::ir::Op;

/// `Flatten`, `Reshape` or `Squeeze` of the input to `[batch, elements]`.
pub(super) struct Flatten;

impl Pattern for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let Op::Input(_) = lift.graph.node(stream.node).op else { return Ok(Vec::new()) };
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
