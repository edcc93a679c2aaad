// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Multiplication or division by constants: `uint8 → Cast → Div(255)`, a residual branch
//! that is weakened, the sign of a difference. Of the input also what is added, as in
//! `(x − mean) / deviation`, and of spikes, as in `2 s − 1`: what a layer makes of ±1 is what
//! it makes of 0 and 1 with twice the weights and their sum taken off its bias.

use super::affine::Atom;
use super::{Flow, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op};

/// `y = factor · x + offset`.
pub(super) struct Scale;

impl Pattern for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Mul", "Div", "Neg", "Add", "Sub", "Where"]
    }

    fn becomes(&self) -> &'static str {
        "`scale`, by one constant, one a channel or one an element; none is 0. `Add` and `Sub` of constants at the input and at spikes, which may be ±1"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let mut found = Vec::new();
        for group in groups {
            let Some(&step) = stream.steps.first() else { continue };
            // A neuron takes the product of its own reset, which layers may take as well.
            let open = |v: &ValueId| lift.values.users(*v).iter().any(|u| !lift.account.has(*u));
            if group.iter().any(|v| lift.account.has(*v)) && !group.iter().all(open) {
                continue;
            }
            // It is the first current of a synapse that takes the stream with the other sign.
            let flows = |v: &ValueId| lift.open.iter().any(|s| s.steps.contains(v));
            if group.iter().any(|v| lift.account.has(*v) && flows(v)) {
                continue;
            }
            // A selection of 1 and 0 is a cast, and was taken.
            if group.iter().any(|v| lift.op(*v) == "Where" && lift.account.has(*v)) {
                continue;
            }
            // Elsewhere a constant is a current, or an offset of what comes next.
            let mut source = stream.node;
            while let (Op::Reshape(_), &[x]) =
                (&lift.graph.node(source).op, &lift.graph.operands(source)[..])
            {
                source = x;
            }
            let is_spikes = match lift.graph.node(source).op {
                Op::Lif(_) => stream.flow == Flow::Steps,
                Op::Threshold(_) => !matches!(stream.flow, Flow::End(_)),
                _ => false,
            };
            let may_shift = is_spikes || lift.input_of(stream.node).is_some();
            let (group, taken) =
                if may_shift { chain(lift, group) } else { (group.clone(), group) };
            let Some(&id) = group.first() else { continue };
            let atom = Atom::Value(step);
            let form = lift.look(id, [step], 1).form;
            let is_plain = (may_shift || form.constant.is_zero()) && form.has_only(&[atom]);
            let factor = form.coeff(atom);
            if is_plain && factor.all(|x| x != 0.0) {
                let hint = Hint::new("scale").scope(lift.node(id));
                let (factor, offset) =
                    (factor.into_per_channel(), form.constant.into_per_channel());
                let op = Op::Scale(ir::Scale { factor, offset });
                found.push(Found { taken, ..Found::layer(stream, hint, op, group) });
            }
        }
        Ok(found)
    }
}

/// The last operators of the chains that begin with these, and all of them: each does the
/// same to every timestep, and nothing else takes what the one before computed.
fn chain(lift: &Lift<'_>, group: Vec<ValueId>) -> (Vec<ValueId>, Vec<ValueId>) {
    let (mut last, mut taken) = (group.clone(), group);
    loop {
        lift.spend(last.len());
        let user = |v: &ValueId| match lift.values.users(*v) {
            &[user] if !lift.account.has(user) => Some(user),
            _ => None,
        };
        let next: Option<Vec<_>> = last.iter().map(user).collect();
        let Some(next) = next.filter(|_| lift.fuel.get() > 0) else { return (last, taken) };
        let first = next.first().copied().unwrap_or_default();
        // The operands without what the chain computed.
        let others = |v: ValueId, x: ValueId| -> Vec<_> {
            lift.values.operands(v).iter().map(|o| o.filter(|o| *o != x)).collect()
        };
        let known = last.first().map(|x| others(first, *x)).unwrap_or_default();
        let is_like =
            |(v, x): (&ValueId, &ValueId)| lift.op(*v) == lift.op(first) && others(*v, *x) == known;
        let is_plain = matches!(lift.op(first), "Mul" | "Div" | "Add" | "Sub")
            && known.iter().flatten().count() == 1
            && known.iter().flatten().all(|c| lift.values.constant(*c).is_some());
        if !is_plain || !next.iter().zip(&last).all(is_like) {
            return (last, taken);
        }
        taken.extend(&next);
        last = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{neuron, op, refusal};
    use crate::ir::PerChannel;

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn text(scale: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("p = Div(c, k)", scale)
    }

    #[test]
    fn division_and_multiplication() {
        let scale = |factor| Op::Scale(ir::Scale::by(ir::PerChannel::All(factor)));
        assert_eq!(op(&text("p = Div(c, k)"), "scale1"), scale(1.0 / 16.0));
        assert_eq!(op(&text("p = Mul(k, c)"), "scale1"), scale(16.0));
        assert_eq!(op(&text("p = Neg(c)"), "scale1"), scale(-1.0));
        let each = op(&text("const q f32 4: 1 2 3 4\np = Mul(c, q)"), "scale1");
        let factor = ir::PerChannel::Each(vec![1.0, 2.0, 3.0, 4.0]);
        assert_eq!(each, Op::Scale(ir::Scale::by(factor)));
    }

    #[test]
    fn a_normalised_input_is_one_scale() {
        let normal = op(&text("const o f32 -: 0.25\nq = Sub(c, o)\np = Mul(q, k)"), "scale1");
        let PerChannel::All(16.0) = scale(&normal).factor else { panic!("{normal:?}") };
        assert_eq!(scale(&normal).offset, PerChannel::All(-4.0));
        let each = op(&text("const o f32 4: 1 2 3 4\nq = Add(o, c)\np = Div(q, k)"), "scale1");
        let offset = PerChannel::Each(vec![0.0625, 0.125, 0.1875, 0.25]);
        assert_eq!(scale(&each).offset, offset);
    }

    fn scale(op: &Op) -> &ir::Scale {
        if let Op::Scale(s) = op { s } else { panic!("{op:?}") }
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
        // 200 · 2 is 144 in eight bits.
        for op in ["Div", "Mul", "Sub"] {
            let integer = format!("const q u8 -: 2\ne = {op}(x, q)\np = Cast(e) to=1");
            assert!(refusal(&text(&integer)).starts_with("SF0120 node e"), "{op}");
        }
    }
}
