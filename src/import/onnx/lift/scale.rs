// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Multiplication or division by one constant: `uint8 → Cast → Div(255)`.

use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::ir::{self, Op};

/// `y = factor · x`.
pub(super) struct Scale;

impl Pattern for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| matches!(n.op(), "Mul" | "Div"))?;
        let mut found = Vec::new();
        for group in groups {
            let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else { continue };
            if lift.account.has(id) {
                continue;
            }
            let form = lift.affine([step]).form(id);
            let factor = form.and_then(|f| {
                let is_plain = f.constant.is_zero() && f.terms.len() == 1;
                f.terms.into_values().next().filter(|_| is_plain)?.uniform()
            });
            // Without this a division of integers, which is no scale, would be its own atom.
            let is_looked_into = lift.values.operands(id).contains(&Some(step));
            if let Some(factor) = factor.filter(|f| *f != 1.0 && is_looked_into) {
                let hint = Hint::new("scale").scope(lift.node(id));
                found.push(Found {
                    effect: Effect::Node(hint, Op::Scale(ir::Scale { factor })),
                    steps: group.clone(),
                    is_static: stream.is_static,
                    taken: group,
                });
            }
        }
        Ok(found)
    }
}
