// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Sums over time in the middle of the network: a mean before the head, the last timestep
//! alone.
//!
//! What follows is linear in most networks, and is then computed at every timestep, with
//! the sum at the end; see [`Lift::layer`] for what is not.

use std::collections::BTreeSet;

use super::affine::Atom;
use super::coeff::Coeff;
use super::readout::{axes, reduced};
use super::{Effect, Flow, Found, Lift, Pattern, Stream};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::ReadoutKind;

/// Operators that a sum over time is followed through.
const MAX_LENGTH: usize = 4;

/// The sum or mean of all timesteps, if layers take it.
pub(super) struct Time;

impl Pattern for Time {
    fn name(&self) -> &'static str {
        "sum-over-time"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Unsqueeze", "Concat", "ReduceSum", "ReduceMean", "Add", "Sum", "Mean", "Mul", "Div"]
    }

    fn becomes(&self) -> &'static str {
        "nothing where only linear layers follow, which are computed at every timestep; else `li` that does not leak"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        if stream.flow != Flow::Steps {
            return Ok(Vec::new());
        }
        let Some(sum) = stack(lift, stream)?.or_else(|| chain(lift, stream)) else {
            return Ok(Vec::new());
        };
        Ok(vec![mean(lift, stream, sum)])
    }
}

/// A sum, the weight of a timestep in it, and the values it consists of.
type Sum = (ValueId, f64, Vec<ValueId>);

/// `ReduceSum` or `ReduceMean` of the stack of all timesteps.
fn stack(lift: &Lift<'_>, stream: &Stream) -> Result<Option<Sum>> {
    let Some(&last) = stream.steps.last() else { return Ok(None) };
    for &part in lift.values.users(last) {
        if lift.op(part) != "Unsqueeze" || axes(lift, part)?.is_none() {
            continue;
        }
        for &whole in [part].iter().chain(lift.values.users(part)) {
            for &id in lift.values.users(whole) {
                lift.spend(1);
                if lift.fuel.get() == 0 {
                    return Ok(None);
                }
                if let Some((weight, taken)) = reduced(lift, stream, id)?
                    && !lift.account.has(id)
                {
                    return Ok(Some((id, weight, taken)));
                }
            }
        }
    }
    Ok(None)
}

/// Sums of two, or of all timesteps at once.
fn chain(lift: &Lift<'_>, stream: &Stream) -> Option<Sum> {
    let count = stream.steps.len();
    #[allow(clippy::cast_precision_loss)]
    let weights = [1.0, 1.0 / count as f64];
    let last = *stream.steps.last().filter(|_| count > 1)?;
    let is_sum = |id: &&ValueId| matches!(lift.op(**id), "Add" | "Sum" | "Mean");
    for &id in lift.values.users(last).iter().filter(is_sum) {
        if lift.account.has(id) {
            continue;
        }
        let looked = lift.look(id, stream.steps.iter().copied(), count);
        let all = |weight: &f64| {
            let near =
                |&s: &ValueId| looked.form.coeff(Atom::Value(s)).is_near(&Coeff::one(*weight), 0.0);
            looked.form.terms.len() == count && stream.steps.iter().all(near)
        };
        let closed = || {
            let inside: BTreeSet<_> = looked.visited.iter().copied().collect();
            let stays = |v: &ValueId| lift.values.users(*v).iter().all(|u| inside.contains(u));
            looked.visited.iter().all(|v| *v == id || (stays(v) && !lift.account.has(*v)))
        };
        if let Some(weight) = weights.into_iter().find(all)
            && looked.form.constant.is_zero()
            && closed()
        {
            return Some((id, weight, looked.visited));
        }
    }
    None
}

/// The sum with what divides it by T.
fn mean(lift: &Lift<'_>, stream: &Stream, sum: Sum) -> Found {
    let (mut id, mut weight, mut taken) = sum;
    #[allow(clippy::cast_precision_loss)]
    let one = 1.0 / stream.steps.len() as f64;
    let is = |a: f64, b: f64| Coeff::one(a).is_near(&Coeff::one(b), 0.0);
    for _ in 0..MAX_LENGTH {
        let &[user] = lift.values.users(id) else { break };
        let form = lift.look(user, [id], 1).form;
        let Some(factor) = form.coeff(Atom::Value(id)).uniform() else { break };
        if !form.constant.is_zero() || !is(factor * weight, one) || is(weight, one) {
            break;
        }
        taken.push(user);
        (id, weight) = (user, one);
    }
    let kind = if is(weight, one) { ReadoutKind::Mean } else { ReadoutKind::Sum };
    Found { effect: Effect::Alias, steps: vec![id], flow: Flow::End(kind), taken }
}

/// The last timestep, if layers take it alone.
pub(super) struct Last;

impl Pattern for Last {
    fn name(&self) -> &'static str {
        "last-timestep"
    }

    fn operators(&self) -> &'static [&'static str] {
        &[]
    }

    fn becomes(&self) -> &'static str {
        "nothing: what follows is computed at every timestep, and the last one is read"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let (Flow::Steps, Some((&last, earlier))) = (stream.flow, stream.steps.split_last()) else {
            return Ok(Vec::new());
        };
        let open = |v: ValueId| lift.values.users(v).iter().any(|u| !lift.account.has(*u));
        lift.spend(stream.steps.len());
        let found = Found {
            effect: Effect::Alias,
            steps: vec![last],
            flow: Flow::End(ReadoutKind::Last),
            taken: Vec::new(),
        };
        let alone = !earlier.is_empty() && open(last) && !earlier.iter().any(|&v| open(v));
        Ok(if alone { vec![found] } else { Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};
    use crate::ir::{Linear, Op, ReadoutKind};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
    const HEAD: &str = "const w f32 2x2: 0.5 -0.5 0.5 0.5\nconst o f32 2: 3 6\n";
    const STACK: &str = "const a0 i64 1: 0\nu1 = Unsqueeze(s1, a0)\nu2 = Unsqueeze(s2, a0)\nu3 = Unsqueeze(s3, a0)\nz = Concat(u1, u2, u3) axis=0\n";

    fn text(end: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", end)
    }

    /// The kind of the readout and the bias of the head.
    fn head(sum: &str) -> (ReadoutKind, Vec<f64>) {
        let (graph, _) =
            import(&text(&format!("{HEAD}{sum}\nh = MatMul(b, w)\ny = Add(h, o)"))).unwrap();
        let Op::Readout(r) = &graph.node(graph.output().unwrap()).op else { panic!() };
        let linear = graph.operands(graph.output().unwrap())[0];
        let Op::Linear(Linear { bias: Some(bias), .. }) = &graph.node(linear).op else { panic!() };
        (r.kind, bias.clone())
    }

    #[test]
    fn a_linear_head_comes_before_the_sum() {
        let whole = vec![3.0, 6.0];
        for (sum, kind, bias) in [
            ("b = Mean(s1, s2, s3)".to_owned(), ReadoutKind::Mean, &whole),
            ("b = Sum(s1, s2, s3)".to_owned(), ReadoutKind::Sum, &vec![1.0, 2.0]),
            ("e = Add(s1, s2)\nb = Add(e, s3)".to_owned(), ReadoutKind::Sum, &vec![1.0, 2.0]),
            (
                "const n f32 -: 3\ne = Add(s1, s2)\nf = Add(e, s3)\nb = Div(f, n)".to_owned(),
                ReadoutKind::Mean,
                &whole,
            ),
            (format!("{STACK}b = ReduceMean(z) axes=[0] keepdims=0"), ReadoutKind::Mean, &whole),
            ("b = Identity(s3)".to_owned(), ReadoutKind::Last, &whole),
        ] {
            assert_eq!(head(&sum), (kind, bias.clone()), "{sum}");
        }
    }

    #[test]
    fn sums_of_some_timesteps_are_refused() {
        for sum in ["b = Add(s1, s3)", "b = Add(s2, s3)", "b = Sub(s3, s2)"] {
            let got = refusal(&text(&format!("{HEAD}{sum}\ny = MatMul(b, w)")));
            assert!(got.starts_with("SF012"), "{sum}: {got}");
        }
    }
}
