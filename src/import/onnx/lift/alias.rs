// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same numbers in another type: spikes from boolean to float, pixels from integer.

use super::affine::Atom;
use super::{Effect, Found, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::values::ValueId;
use crate::ir::{Input, Op};

/// `Cast`, or `Where(x, 1, 0)` on booleans.
pub(super) struct Alias;

impl Pattern for Alias {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Cast", "Where"]
    }

    fn becomes(&self) -> &'static str {
        "nothing: the same numbers in another type, `Where(x, 1, 0)` on booleans included"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let is_alias = |group: &Vec<usize>| {
            if group.iter().all(|&id| holds_levels(lift, stream, id)) {
                return true;
            }
            group.iter().zip(&stream.steps).all(|(&id, &step)| {
                let form = lift.look(id, [step], 1).form;
                form.constant.is_zero()
                    && form.has_only(&[Atom::Value(step)])
                    && form.coeff(Atom::Value(step)).uniform() == Some(1.0)
            })
        };
        Ok(groups
            .into_iter()
            .filter(is_alias)
            .map(|group| Found::new(stream, Effect::Alias, group))
            .collect())
    }
}

/// True if this casts the input to a type that holds its levels, whatever its own type.
fn holds_levels(lift: &Lift<'_>, stream: &Stream, id: ValueId) -> bool {
    let Op::Input(Input { bits: Some(bits), .. }) = lift.graph.node(stream.node).op else {
        return false;
    };
    let elem = lift.values.get(id).info.as_ref().map(|i| i.elem);
    let exact = match elem {
        Some(Elem::F64 | Elem::F32) => 24,
        Some(Elem::F16) => 11,
        Some(Elem::Bf16) => 8,
        _ => 0,
    };
    lift.op(id) == "Cast" && bits <= exact
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    #[test]
    fn a_selection_of_one_and_zero_is_a_cast() {
        let text = neuron("m1 = Identity(i)", BODY);
        let mut select = text.clone();
        for t in 1..=3 {
            select = select.replace(
                &format!("s{t} = Cast(f{t}) to=1"),
                &format!("s{t} = Where(f{t}, one, zero)"),
            );
        }
        let (a, b) = (import(&text).unwrap().0, import(&select).unwrap().0);
        assert!(crate::ir::isomorphic(&a, &b));
    }

    #[test]
    fn half_precision_is_noted() {
        let text = neuron("m1 = Identity(i)", BODY)
            .replace("c = Cast(x) to=1", "b = Cast(x) to=1\nh = Cast(b) to=10\nc = Cast(h) to=1");
        let (_, report) = import(&text).unwrap();
        assert!(report.notes.iter().any(|n| n.contains("half precision")), "{:?}", report.notes);
    }

    #[test]
    fn a_cast_that_loses_values_is_no_alias() {
        // Float to bool.
        let text = neuron("m1 = Identity(i)", BODY)
            .replace("c = Cast(x) to=1", "b = Cast(x) to=9\nc = Cast(b) to=1");
        assert!(refusal(&text).starts_with("SF0120 node b"), "{}", refusal(&text));
    }
}
