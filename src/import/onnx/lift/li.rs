// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Leaky integrators: neurons that are read, not compared.
//!
//! `m[1] = g i[1] + b` and `m[t] = λ m[t−1] + g i[t] + b`; the membranes are what the
//! following operators take. What does not leak and is used at the end only is a sum over
//! time, and left to those that know sums.

use std::collections::BTreeSet;

use super::affine::{Atom, Form};
use super::coeff::Coeff;
use super::recurrence::{MAX_TERMS, reached};
use super::{Effect, Flow, Found, Hint, Lift, Pattern, Stream};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op, PerChannel};

/// Values that may be the first membrane, or the next one, beyond which none is tried.
const MAX_TRIED: usize = 8;

/// Membranes that leak and take up a current, timestep by timestep.
pub(super) struct Li;

/// A chain of membranes.
struct Chain {
    leak: Coeff,
    gain: Coeff,
    bias: Coeff,
    membranes: Vec<ValueId>,
    visited: BTreeSet<ValueId>,
}

impl Pattern for Li {
    fn name(&self) -> &'static str {
        "li"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Add", "Sub", "Mul", "Div", "Neg", "Sum", "Mean"]
    }

    fn becomes(&self) -> &'static str {
        "`li`: a membrane `u[t] = λ u[t-1] + g x[t] + b` that is read and never compared"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let (Flow::Steps, [first, .., last]) = (stream.flow, &stream.steps[..]) else {
            return Ok(Vec::new());
        };
        // The last membrane takes up the last current.
        let open = |u: &ValueId| self.operators().contains(&lift.op(*u)) && !lift.account.has(*u);
        if !lift.values.users(*last).iter().any(open) {
            return Ok(Vec::new());
        }
        let starts = reached(lift, &[*first]);
        let starts = [*first].into_iter().chain(starts).take(MAX_TRIED);
        let found = starts.filter_map(|m| chain(lift, stream, m)).find(|c| !is_sum(lift, c));
        let Some(chain) = found else { return Ok(Vec::new()) };
        let op = Op::Li(ir::Li {
            leak: chain.leak.into_per_channel(),
            gain: chain.gain.into_per_channel(),
            bias: chain.bias.into_per_channel(),
            start: PerChannel::zero(),
            resets: None,
        });
        let hint = Hint::new("li").scope(chain.membranes.last().and_then(|&m| lift.node(m)));
        Ok(vec![Found {
            effect: Effect::Nodes(vec![(hint, op)]),
            steps: chain.membranes,
            flow: Flow::Steps,
            taken: chain.visited.into_iter().collect(),
        }])
    }
}

/// Every membrane, if `first` is that of the first timestep.
fn chain(lift: &Lift<'_>, stream: &Stream, first: ValueId) -> Option<Chain> {
    let (&current, later) = stream.steps.split_first()?;
    let mut visited = BTreeSet::new();
    let form = if first == current {
        Form::atom(Atom::Value(current))
    } else {
        let looked = lift.look(first, [current], MAX_TERMS);
        visited.extend(looked.visited);
        looked.form
    };
    if !form.has_only(&[Atom::Value(current)]) || form.terms.is_empty() {
        return None;
    }
    let (gain, bias) = (form.coeff(Atom::Value(current)), form.constant);
    let mut membranes = vec![first];
    let mut leak: Option<Coeff> = None;
    for &current in later {
        let before = *membranes.last()?;
        let next = reached(lift, &[before, current]).into_iter().take(MAX_TRIED).find_map(|id| {
            let looked = lift.look(id, [before, current], MAX_TERMS);
            let form = &looked.form;
            let (own, other) = (Atom::Value(before), Atom::Value(current));
            let l = form.coeff(own);
            let same = form.terms.len() == 2
                && form.has_only(&[own, other])
                && form.coeff(other).is_near(&gain, 0.0)
                && form.constant.is_near(&bias, 1.0)
                && l.all(|l| l > 0.0 && l <= 1.0)
                && leak.as_ref().is_none_or(|known| known.is_near(&l, 1.0));
            (same && !looked.visited.iter().any(|v| lift.account.has(*v))).then_some((
                id,
                l,
                looked.visited,
            ))
        });
        let (id, l, more) = next?;
        visited.extend(more);
        membranes.push(id);
        leak = Some(l);
    }
    Some(Chain { leak: leak?, gain, bias, membranes, visited })
}

/// Nothing leaks, and only the last membrane is used elsewhere.
fn is_sum(lift: &Lift<'_>, chain: &Chain) -> bool {
    let Some((_, earlier)) = chain.membranes.split_last() else { return true };
    let known = |u: &ValueId| chain.visited.contains(u) || lift.account.has(*u);
    let inside = |v: &ValueId| lift.values.users(*v).iter().all(known);
    chain.leak.all(|l| l == 1.0) && earlier.iter().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{import, neuron, op, refusal, unroll};
    use crate::ir::ReadoutKind;

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    /// Integrators behind spiking neurons.
    fn text(first: &str, update: &str, end: &str) -> String {
        let current =
            "const w f32 2x2: 0.5 -0.5 0.5 0.5\n".to_owned() + &unroll(1, 3, "j@ = MatMul(s@, w)");
        let text = neuron("m1 = Identity(i)", BODY);
        text.replace(
            "y = Sum(s1, s2, s3)",
            &format!("{current}\n{first}\n{}\n{end}", unroll(2, 3, update)),
        )
    }

    const UPDATE: &str = "k@ = Mul(beta, v^)\nv@ = Add(k@, j@)";

    #[test]
    fn membranes_are_read() {
        for (end, kind) in [
            ("y = Sum(v1, v2, v3)", ReadoutKind::Sum),
            ("y = Mean(v1, v2, v3)", ReadoutKind::Mean),
            ("y = Identity(v3)", ReadoutKind::Last),
        ] {
            let text = text("v1 = Identity(j1)", UPDATE, end);
            let Op::Li(li) = op(&text, "li1") else { panic!("{end}") };
            assert_eq!((li.leak, li.gain), (PerChannel::All(0.75), PerChannel::All(1.0)));
            let Op::Readout(r) = op(&text, "y") else { panic!("{end}") };
            assert_eq!(r.kind, kind, "{end}");
        }
    }

    #[test]
    fn decaying_input() {
        let tau = "const tau f32 -: 4\nv1 = Div(j1, tau)";
        let update = "e@ = Sub(j@, v^)\nq@ = Div(e@, tau)\nv@ = Add(v^, q@)";
        let Op::Li(li) = op(&text(tau, update, "y = Sum(v1, v2, v3)"), "li1") else { panic!() };
        assert_eq!((li.leak, li.gain), (PerChannel::All(0.75), PerChannel::All(0.25)));
    }

    #[test]
    fn what_does_not_leak_is_a_sum_or_an_integrator() {
        let update = "v@ = Add(v^, j@)";
        let (graph, _) = import(&text("v1 = Identity(j1)", update, "y = Identity(v3)")).unwrap();
        assert_eq!(graph.find("li1"), None);
        let Op::Li(li) = op(&text("v1 = Identity(j1)", update, "y = Mean(v1, v2, v3)"), "li1")
        else {
            panic!()
        };
        assert_eq!(li.leak, PerChannel::All(1.0));
    }

    #[test]
    fn leaks_that_change_are_refused() {
        let text = text("v1 = Identity(j1)", UPDATE, "y = Sum(v1, v2, v3)");
        let got = refusal(&text.replace("Mul(beta, v2)", "Mul(th, v2)"));
        assert!(got.starts_with("SF012"), "{got}");
    }
}
