// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Multiplication or division by constants: `uint8 → Cast → Div(255)`, a residual branch
//! that is weakened, the sign of a difference.

use super::affine::Atom;
use super::{Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op};

/// `y = factor · x`.
pub(super) struct Scale;

impl Pattern for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Mul", "Div", "Neg"]
    }

    fn becomes(&self) -> &'static str {
        "`scale`, by one constant, one a channel or one an element; none is 0"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let mut found = Vec::new();
        for group in groups {
            let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else { continue };
            // A neuron takes the product of its own reset, which layers may take as well.
            let open = |v: &ValueId| lift.values.users(*v).iter().any(|u| !lift.account.has(*u));
            if group.iter().any(|v| lift.account.has(*v)) && !group.iter().all(open) {
                continue;
            }
            let atom = Atom::Value(step);
            let form = lift.look(id, [step], 1).form;
            let is_plain = form.constant.is_zero() && form.has_only(&[atom]);
            let factor = form.coeff(atom);
            if is_plain && factor.all(|x| x != 0.0) {
                let hint = Hint::new("scale").scope(lift.node(id));
                let op = Op::Scale(ir::Scale { factor: factor.into_per_channel() });
                found.push(Found::layer(stream, hint, op, group));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{neuron, op, refusal};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn text(scale: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("p = Div(c, k)", scale)
    }

    #[test]
    fn division_and_multiplication() {
        let scale = |factor| Op::Scale(ir::Scale { factor: ir::PerChannel::All(factor) });
        assert_eq!(op(&text("p = Div(c, k)"), "scale1"), scale(1.0 / 16.0));
        assert_eq!(op(&text("p = Mul(k, c)"), "scale1"), scale(16.0));
        assert_eq!(op(&text("p = Neg(c)"), "scale1"), scale(-1.0));
        let each = op(&text("const q f32 4: 1 2 3 4\np = Mul(c, q)"), "scale1");
        let factor = ir::PerChannel::Each(vec![1.0, 2.0, 3.0, 4.0]);
        assert_eq!(each, Op::Scale(ir::Scale { factor }));
    }

    #[test]
    fn what_is_no_scale_is_refused() {
        for scale in [
            "p = Mul(c, c)",
            "p = Div(k, c)",
            "const q f32 4: 1 2 0 4\np = Mul(c, q)",
            "const q f32 3x1: 2\np = Mul(c, q)",
        ] {
            let got = refusal(&text(scale));
            assert!(got.starts_with("SF0120 node p"), "{scale}: {got}");
        }
        let integer = "const q u8 -: 2\ne = Div(x, q)\np = Cast(e) to=1";
        assert!(refusal(&text(integer)).starts_with("SF0120 node e"));
    }
}
