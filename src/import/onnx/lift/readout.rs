// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How the timesteps become the model's output.

use std::collections::BTreeSet;

use super::affine::{Atom, Looked};
use super::coeff::Coeff;
use super::{Effect, Flow, Found, Hint, Lift, Pattern, Stream, per_step};
use crate::diag::{Result, codes};
use crate::import::onnx::tensor::Tensor;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op, PerChannel, ReadoutKind};

/// A stack of all timesteps, their sum, their mean or the largest of them.
pub(super) struct Readout;

impl Pattern for Readout {
    fn name(&self) -> &'static str {
        "readout"
    }

    fn operators(&self) -> &'static [&'static str] {
        &[
            "Unsqueeze",
            "Concat",
            "ReduceSum",
            "ReduceMean",
            "ReduceMax",
            "Add",
            "Sum",
            "Mean",
            "Max",
            "Mul",
            "Div",
        ]
    }

    fn becomes(&self) -> &'static str {
        "`readout`: every timestep stacked, their sum, mean or maximum, or the last one"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        // A stream and its aliases lead to the same output. One of a static stream is that of a
        // network without time.
        let is_timed = lift.timesteps.as_ref().is_some_and(|(t, _)| *t > 1);
        if (stream.is_static() && is_timed) || lift.graph.output().is_ok() {
            return Ok(Vec::new());
        }
        if lift.values.outputs.len() > 1 {
            return per_step::readout(lift, stream);
        }
        let output = lift.values.output;
        let stack = if stream.flow == Flow::Steps { rows(lift, stream, output)? } else { None };
        let (kind, gain, offset, taken) = match stack {
            Some((gain, offset, taken)) => (ReadoutKind::PerStep, gain, offset, taken),
            None => match summed(lift, stream, output)? {
                Some(summed) => summed,
                None => return Ok(Vec::new()),
            },
        };
        let op = Op::Readout(ir::Readout { kind, gain, offset });
        let effect = Effect::Output(Hint::new("readout").named(lift.model.output), op);
        Ok(vec![Found { effect, steps: Vec::new(), flow: stream.flow, taken }])
    }
}

type Rows = (PerChannel<f64>, PerChannel<f64>, Vec<ValueId>);

/// A stack of all timesteps' `gain · x[t] + offset`, and the values that make it.
fn rows(lift: &Lift<'_>, stream: &Stream, id: ValueId) -> Result<Option<Rows>> {
    if let Some((_, taken)) = stacked(lift, stream, id)? {
        return Ok(Some((PerChannel::All(1.0), PerChannel::All(0.0), taken)));
    }
    let Some((_, parts, order)) = parts(lift, id)? else { return Ok(None) };
    if order.len() != stream.steps.len() {
        return Ok(None);
    }
    let mut taken = [parts, vec![id]].concat();
    let mut first: Option<(Coeff, Coeff)> = None;
    for (&row, &step) in order.iter().zip(&stream.steps) {
        let atom = Atom::Value(step);
        let Looked { form, visited } = lift.look(row, [step], 1);
        let (gain, offset) = (form.coeff(atom), form.constant.clone());
        let (g, o) = first.get_or_insert_with(|| (gain.clone(), offset.clone()));
        let is_same = gain.is_near(g, 0.0) && offset.is_near(o, 0.0);
        let is_free = visited.iter().all(|v| !lift.account.has(*v));
        if !form.has_only(&[atom]) || gain.is_zero() || !is_same || !is_free {
            return Ok(None);
        }
        taken.extend(visited);
    }
    Ok(first.map(|(gain, offset)| (gain.into_per_channel(), offset.into_per_channel(), taken)))
}

/// The new dimension along which a value stacks others, what inserts it, and the others.
type Parts = (i64, Vec<ValueId>, Vec<ValueId>);

fn parts(lift: &Lift<'_>, id: ValueId) -> Result<Option<Parts>> {
    let axis = match lift.op(id) {
        "Concat" => lift.node(id).map(|n| n.int("axis")).transpose()?.flatten(),
        "Unsqueeze" => axes(lift, id)?.and_then(|a| a.first().copied()),
        _ => return Ok(None),
    };
    let Some(axis @ (0 | 1)) = axis else { return Ok(None) };
    let parts: Vec<_> = match lift.op(id) {
        "Concat" => lift.values.operands(id).iter().flatten().copied().collect(),
        _ => vec![id],
    };
    lift.spend(parts.len());
    let mut order = Vec::with_capacity(parts.len());
    for &part in &parts {
        if lift.op(part) != "Unsqueeze" || axes(lift, part)?.as_deref() != Some(&[axis]) {
            return Ok(None);
        }
        order.extend(lift.values.operand(part, 0));
    }
    Ok(Some((axis, parts, order)))
}

/// The new dimension along which a value stacks the timesteps of the stream (before or
/// after the batch), and the values that do.
pub(super) fn stacked(
    lift: &Lift<'_>,
    stream: &Stream,
    id: ValueId,
) -> Result<Option<(i64, Vec<ValueId>)>> {
    let Some((axis, parts, order)) = parts(lift, id)? else { return Ok(None) };
    if order == stream.steps {
        return Ok(Some((axis, [parts, vec![id]].concat())));
    }
    let steps: BTreeSet<_> = stream.steps.iter().collect();
    if order.iter().all(|v| steps.contains(v)) {
        let message = format!(
            "it stacks {} timestep(s) of {}, or not in their order",
            order.len(),
            stream.steps.len()
        );
        return Err(lift
            .error(id, &codes::LIFT_TIMESTEPS, message)
            .help("stack all timesteps of one layer, each once and in their order"));
    }
    Ok(None)
}

/// The axes of an operator, an operand or an attribute; none if they are not constant.
pub(super) fn axes(lift: &Lift<'_>, id: ValueId) -> Result<Option<Vec<i64>>> {
    if let Some(operand) = lift.values.operand(id, 1) {
        return Ok(lift.values.constant(operand).and_then(|t| t.ints()).map(<[i64]>::to_vec));
    }
    Ok(lift.node(id).map(|n| n.ints("axes")).transpose()?.flatten().map(<[i64]>::to_vec))
}

type Summed = (ReadoutKind, PerChannel<f64>, PerChannel<f64>, Vec<ValueId>);

/// The output as `gain · Σ_t x[t] + offset`, or with the largest or the last timestep in the
/// place of the sum.
fn summed(lift: &Lift<'_>, stream: &Stream, output: ValueId) -> Result<Option<Summed>> {
    let plain = |kind| (kind, PerChannel::All(1.0), PerChannel::All(0.0), Vec::new());
    if stream.steps.last() == Some(&output) {
        return Ok(Some(plain(match stream.flow {
            Flow::End(kind) => kind,
            _ if stream.steps.len() == 1 => ReadoutKind::Sum,
            _ => ReadoutKind::Last,
        })));
    }
    let Looked { form, visited: mut taken } =
        lift.look(output, stream.steps.iter().copied(), stream.steps.len());
    if taken.iter().any(|v| lift.account.has(*v)) {
        return Ok(None);
    }
    #[allow(clippy::cast_precision_loss)]
    let count = stream.steps.len() as f64;
    let atoms: Vec<_> = stream.steps.iter().map(|&s| Atom::Value(s)).collect();
    let steps: BTreeSet<_> = atoms.iter().collect();
    let (gain, offset) = if let Some(gain) = form.terms.values().next().cloned()
        && form.terms.keys().all(|a| steps.contains(a))
    {
        if atoms.len() > 1 && form.terms.len() == 1 && form.terms.keys().next() == atoms.last() {
            let (gain, offset) = (gain.into_per_channel(), form.constant.into_per_channel());
            return Ok(Some((ReadoutKind::Last, gain, offset, taken)));
        }
        if !atoms.iter().all(|a| form.coeff(*a).is_near(&gain, 0.0)) {
            return Err(lift
                .error(
                    output,
                    &codes::LIFT_TIMESTEPS,
                    "the output does not weigh all timesteps equally",
                )
                .help("return the sum, the mean, the last or every one of the timesteps"));
        }
        (gain, form.constant)
    } else if let (Flow::Steps, 1, Some((&Atom::Value(id), factor))) =
        (stream.flow, form.terms.len(), form.terms.first_key_value())
        && let Some((weight, more)) = reduced(lift, stream, id)?
    {
        taken.extend(more);
        (factor.map(|f| f * weight), form.constant)
    } else if let (Flow::Steps, 1, Some((&Atom::Value(id), factor))) =
        (stream.flow, form.terms.len(), form.terms.first_key_value())
        && let Some(more) = largest(lift, stream, id)?
    {
        if !factor.all(|f| f >= 0.0) {
            return Err(lift
                .error(
                    id,
                    &codes::LIFT_TIMESTEPS,
                    "the largest over time, times a number below 0, is the smallest of the logits",
                )
                .help("let the layer before have the sign, and take the largest of that"));
        }
        taken.extend(more);
        let (gain, offset) = (factor.clone().into_per_channel(), form.constant.into_per_channel());
        return Ok(Some((ReadoutKind::Max, gain, offset, taken)));
    } else {
        return Ok(None);
    };
    if let Flow::End(kind) = stream.flow {
        // The offset of a readout is added at every timestep. A mean with a factor is a sum
        // with another one, wherever the factor stands.
        let count = lift.count();
        let (kind, gain, offset) = match kind {
            ReadoutKind::Mean if !gain.is_near(&Coeff::one(1.0), 0.0) => {
                (ReadoutKind::Sum, gain.map(|x| x / count), offset.map(|x| x / count))
            }
            ReadoutKind::Sum => (kind, gain, offset.map(|x| x / count)),
            kind => (kind, gain, offset),
        };
        return Ok(Some((kind, gain.into_per_channel(), offset.into_per_channel(), taken)));
    }
    let is_mean = stream.steps.len() > 1 && gain.is_near(&Coeff::one(1.0 / count), 0.0);
    Ok(Some(if is_mean {
        (ReadoutKind::Mean, PerChannel::All(1.0), offset.into_per_channel(), taken)
    } else {
        let offset = offset.map(|x| x / count);
        (ReadoutKind::Sum, gain.into_per_channel(), offset.into_per_channel(), taken)
    }))
}

/// The weight of each timestep if `id` reduces the stack of them.
pub(super) fn reduced(
    lift: &Lift<'_>,
    stream: &Stream,
    id: ValueId,
) -> Result<Option<(f64, Vec<ValueId>)>> {
    #[allow(clippy::cast_precision_loss)]
    let weight = match lift.op(id) {
        "ReduceSum" => 1.0,
        "ReduceMean" => 1.0 / stream.steps.len() as f64,
        _ => return Ok(None),
    };
    let Some(stack) = lift.values.operand(id, 0) else { return Ok(None) };
    let (Some(along), Some((axis, taken))) = (axes(lift, id)?, stacked(lift, stream, stack)?)
    else {
        return Ok(None);
    };
    Ok((along == [axis]).then(|| (weight, [taken, vec![id]].concat())))
}

/// What `id` is computed by if it is the largest of all timesteps, in whichever order they are
/// compared.
fn largest(lift: &Lift<'_>, stream: &Stream, id: ValueId) -> Result<Option<Vec<ValueId>>> {
    if lift.op(id) == "ReduceMax" {
        let Some(stack) = lift.values.operand(id, 0) else { return Ok(None) };
        let (Some(along), Some((axis, taken))) = (axes(lift, id)?, stacked(lift, stream, stack)?)
        else {
            return Ok(None);
        };
        return Ok((along == [axis]).then(|| [taken, vec![id]].concat()));
    }
    let shape = lift.values.shape(id);
    let steps: BTreeSet<_> = stream.steps.iter().copied().collect();
    let (mut open, mut compared, mut taken) = (vec![id], BTreeSet::new(), BTreeSet::new());
    while let Some(part) = open.pop()
        && lift.fuel.get() > 0
    {
        lift.spend(1);
        if steps.contains(&part) {
            compared.insert(part);
        } else if lift.op(part) == "Max"
            && lift.values.shape(part) == shape
            && !lift.account.has(part)
        {
            if taken.insert(part) {
                open.extend(lift.values.operands(part).iter().flatten());
            }
        } else if !lift.values.constant(part).is_some_and(is_least) {
            return Ok(None);
        }
    }
    Ok((compared == steps).then(|| taken.into_iter().collect()))
}

/// What every number is larger than, where a running maximum begins.
fn is_least(t: &Tensor) -> bool {
    t.splat() == Some(f64::NEG_INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{neuron, op, refusal};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn text(end: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", end)
    }

    fn readout(end: &str) -> ir::Readout {
        match op(&text(end), "y") {
            Op::Readout(r) => r,
            other => panic!("{other:?}"),
        }
    }

    const STACK: &str = "const a0 i64 1: 0\nu1 = Unsqueeze(s1, a0)\nu2 = Unsqueeze(s2, a0)\nu3 = Unsqueeze(s3, a0)\n";

    #[test]
    fn a_stack_is_an_output_for_each_step() {
        let r = readout(&format!("{STACK}y = Concat(u1, u2, u3) axis=0"));
        assert_eq!(r.kind, ReadoutKind::PerStep);
    }

    #[test]
    fn sums_and_means_in_every_spelling() {
        let stack = format!("{STACK}z = Concat(u1, u2, u3) axis=0\n");
        for (end, kind) in [
            ("y = Sum(s1, s2, s3)".to_owned(), ReadoutKind::Sum),
            ("y = Mean(s3, s2, s1)".to_owned(), ReadoutKind::Mean),
            ("e = Add(s1, s2)\ny = Add(e, s3)".to_owned(), ReadoutKind::Sum),
            ("const n f32 -: 3\ne = Sum(s1, s2, s3)\ny = Div(e, n)".to_owned(), ReadoutKind::Mean),
            (format!("{stack}y = ReduceSum(z, a0) keepdims=0"), ReadoutKind::Sum),
            (format!("{stack}y = ReduceMean(z) axes=[0]"), ReadoutKind::Mean),
            (
                format!("{stack}const n f32 -: 3\ne = ReduceSum(z, a0)\ny = Div(e, n)"),
                ReadoutKind::Mean,
            ),
        ] {
            let r = readout(&end);
            assert_eq!(
                (r.kind, r.gain, r.offset),
                (kind, PerChannel::All(1.0), PerChannel::All(0.0))
            );
        }
    }

    #[test]
    fn the_largest_in_every_spelling() {
        let stack = format!("{STACK}z = Concat(u1, u2, u3) axis=0\n");
        for end in [
            "y = Max(s1, s2, s3)".to_owned(),
            "e = Max(s1, s3)\ny = Max(s2, e)".to_owned(),
            "const low f32 -: -inf\ne = Max(low, s1)\nh = Max(e, s2)\ny = Max(h, s3)".to_owned(),
            format!("{stack}y = ReduceMax(z, a0) keepdims=0"),
            format!("{stack}y = ReduceMax(z) axes=[0]"),
        ] {
            let r = readout(&end);
            let plain = (PerChannel::All(1.0), PerChannel::All(0.0));
            assert_eq!((r.kind, (r.gain, r.offset)), (ReadoutKind::Max, plain), "{end}");
        }
        // An offset is added once.
        let r = readout(
            "const g f32 2: 2 4\nconst o f32 2: 3 6\ne = Max(s1, s2, s3)\nh = Mul(e, g)\ny = Add(h, o)",
        );
        assert_eq!((r.kind, r.gain), (ReadoutKind::Max, PerChannel::Each(vec![2.0, 4.0])));
        assert_eq!(r.offset, PerChannel::Each(vec![3.0, 6.0]));
    }

    /// The smallest, of some timesteps, of more than them, of what is not a timestep.
    #[test]
    fn other_maxima_are_refused() {
        for (end, code) in [
            ("e = Max(s1, s2, s3)\ny = Neg(e)", "SF0125"),
            ("y = Max(s1, s3)", "SF0120"),
            ("const low f32 -: 0.5\ny = Max(s1, s2, s3, low)", "SF0120"),
            ("e = Add(s1, s2)\ny = Max(e, s3)", "SF0120"),
            (
                &format!(
                    "{STACK}z = Concat(u1, u2, u3) axis=0\ny = ReduceMax(z) axes=[2] keepdims=0"
                ),
                "SF0120",
            ),
            (
                &format!("{STACK}z = Concat(u1, u2, u3) axis=0\ny = ReduceMin(z, a0) keepdims=0"),
                "SF0120",
            ),
        ] {
            let got = refusal(&text(end));
            assert!(got.starts_with(code), "{end}: {got}");
        }
    }

    #[test]
    fn gains_and_offsets_are_kept() {
        let r = readout(
            "const g f32 2: 2 4\nconst o f32 2: 3 6\ne = Sum(s1, s2, s3)\nh = Mul(e, g)\ny = Add(h, o)",
        );
        assert_eq!(r.kind, ReadoutKind::Sum);
        assert_eq!(r.gain, PerChannel::Each(vec![2.0, 4.0]));
        assert_eq!(r.offset, PerChannel::Each(vec![1.0, 2.0]));
    }

    #[test]
    fn the_last_timestep_alone() {
        let r = readout("y = Neg(s3)");
        assert_eq!((r.kind, r.gain), (ReadoutKind::Last, PerChannel::All(-1.0)));
        let r = readout("const o f32 2: 3 6\ny = Add(s3, o)");
        assert_eq!((r.kind, r.offset), (ReadoutKind::Last, PerChannel::Each(vec![3.0, 6.0])));
    }

    #[test]
    fn a_stack_after_the_batch() {
        let stack = STACK.replace("1: 0", "1: 1");
        let r = readout(&format!("{stack}y = Concat(u1, u2, u3) axis=1"));
        assert_eq!(r.kind, ReadoutKind::PerStep);
        let r =
            readout(&format!("{stack}z = Concat(u1, u2, u3) axis=1\ny = ReduceMean(z) axes=[1]"));
        assert_eq!(r.kind, ReadoutKind::Mean);
    }

    #[test]
    fn timesteps_that_are_not_alike_are_refused() {
        for (end, code) in [
            ("e = Add(s1, s2)\ny = Add(e, s2)", "SF0125"),
            ("e = Add(s1, s1)\ny = Sum(e, s2, s3)", "SF0125"),
            (&format!("{STACK}y = Concat(u2, u1, u3) axis=0"), "SF0125"),
            (&format!("{STACK}y = Concat(u1, u3) axis=0"), "SF0125"),
            (&format!("{STACK}y = Concat(u1, u2, u3) axis=2"), "SF0120"),
            (&format!("{STACK}y = Concat(u1, u2, u3) axis=1"), "SF0120"),
            ("e = Sum(s1, s2, s3)\ny = Softmax(e)", "SF0120"),
            ("y = Identity(i)", "SF0126"),
        ] {
            let got = refusal(&text(end));
            assert!(got.starts_with(code), "{end}: {got}");
        }
    }
}
