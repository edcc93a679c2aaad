// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The input with constants added: `(x − mean) / std`, as images are normalised.

use super::affine::Atom;
use super::{Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::ir::{self, Op, PerChannel};

/// `y = factor · x + offset` of the input. Behind a layer such a constant is its bias; what
/// is added elsewhere may be a state that was baked in.
pub(super) struct Normal;

impl Pattern for Normal {
    fn name(&self) -> &'static str {
        "normalise"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Add", "Sub"]
    }

    fn becomes(&self) -> &'static str {
        "`batch-norm` of the input: a constant that is added, one, or one a channel"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        if lift.input_of(stream.node).is_none() {
            return Ok(Vec::new());
        }
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let mut found = Vec::new();
        for group in groups {
            let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else { continue };
            let atom = Atom::Value(step);
            let form = lift.look(id, [step], 1).form;
            let (gamma, beta) = (form.coeff(atom), form.constant.clone());
            let Some(&[_, channels, ..]) = lift.values.shape(id) else { continue };
            let each = |c: super::coeff::Coeff| match c.into_per_channel() {
                PerChannel::All(x) => Some(vec![x; channels]),
                PerChannel::Each(v) => (v.len() == channels).then_some(v),
            };
            let (true, Some(gamma), Some(beta)) =
                (!lift.account.has(id) && form.has_only(&[atom]), each(gamma), each(beta))
            else {
                continue;
            };
            let norm = ir::BatchNorm {
                gamma,
                beta,
                mean: vec![0.0; channels],
                var: vec![1.0; channels],
                eps: 0.0,
            };
            let hint = Hint::new("normalise").scope(lift.node(id));
            found.push(Found::layer(stream, hint, Op::BatchNorm(norm), group));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{neuron, op, refusal};
    use crate::ir::Op;

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn text(end: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("p = Div(c, k)", end)
    }

    #[test]
    fn a_mean_is_subtracted() {
        for (constant, beta) in [("-: 0.5", [-0.5; 4]), ("1x4: 1 2 3 4", [-1., -2., -3., -4.])] {
            let text = text(&format!("const q f32 {constant}\nd = Sub(c, q)\np = Div(d, k)"));
            let Op::BatchNorm(norm) = op(&text, "normalise1") else { panic!("{constant}") };
            assert_eq!((norm.gamma, norm.beta), (vec![1.0; 4], beta.to_vec()));
        }
    }

    #[test]
    fn samples_are_not_told_apart() {
        let text = text("const q f32 2x4: 1 2 3 4 5 6 7 8\np = Sub(c, q)");
        assert!(refusal(&text).starts_with("SF0123"), "{}", refusal(&text));
    }
}
