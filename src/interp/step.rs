// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One timestep of one node.

use super::neuron::{scale, threshold};
use super::ready::Ready;
use super::value::Value;
use super::{Operand, State, linear, window};
use crate::diag::{Diagnostic, Result};
use crate::ir::{Concat, Kind, Node, Op, Scale, Taken};
use crate::vector::vectorised;

/// What a node makes of its operands.
pub(super) fn step(
    node: &Node,
    weights: &Ready,
    operands: &[Operand<'_>],
    state: &mut State,
) -> Result<Value> {
    let to = &node.stream;
    let Some(&(x, from)) = operands.first() else {
        return Err(Diagnostic::internal("interp", "a node without operands"));
    };
    Ok(match (&node.op, state) {
        (Op::Scale(s), _) => Value::Real(scaled(s, x.to_reals())),
        (Op::Linear(l), _) => linear::apply(l, weights, x, to.kind),
        (Op::Conv(c), _) => window::conv(c, weights, x, from, to),
        (Op::Pool(p), _) => window::pool(p, x, from, to),
        (Op::Reshape(_), _) => x.clone(),
        (Op::Add, _) => add(operands, to.kind),
        (Op::Concat(c), _) => concat(c, operands, to.kind),
        (Op::Relu, _) => match x {
            Value::Real(v) => Value::Real(v.iter().map(|v| v.max(0.0)).collect()),
            Value::Integers(v) => Value::Integers(v.iter().map(|v| (*v).max(0)).collect()),
            other => other.clone(),
        },
        (Op::BatchNorm(b), _) => {
            let (each, mut all) = (to.len() / b.mean.len().max(1), x.to_reals());
            for (c, values) in all.chunks_mut(each.max(1)).enumerate() {
                let deviation = (b.var[c] + b.eps).sqrt();
                for v in values {
                    *v = (*v - b.mean[c]) / deviation * b.gamma[c] + b.beta[c];
                }
            }
            Value::Real(all)
        }
        (Op::Threshold(t), _) => threshold(t, &x.to_reals()),
        (Op::Delay(d), State::Delay(history)) => {
            if d.is_register() {
                history.give(d, to, 1)
            } else {
                history.take(d, x.clone());
                history.give(d, to, 0)
            }
        }
        (Op::Li(l), State::Real(neurons)) => neurons.integrate(l, &x.to_reals()),
        (Op::Lif(l), State::Real(neurons)) => neurons.fire(l, &x.to_reals()),
        (Op::FixedLif(l), State::Fixed(neurons)) => neurons.fire(l, &x.to_integers()),
        (Op::FixedLi(l), State::Fixed(neurons)) => neurons.integrate(l, &x.to_integers()),
        (Op::FixedScale(s), _) => scale(s, &x.to_integers()),
        (Op::Readout(r), State::Steps(steps)) => {
            let n = to.len();
            let logit = |(i, v): (usize, &f64)| r.gain.of(i, n) * v + r.offset.of(i, n);
            let logits: Vec<f64> = x.to_reals().iter().enumerate().map(logit).collect();
            steps.push(logits.clone());
            Value::Real(logits)
        }
        (Op::FixedReadout(r), State::Sum(sum)) => {
            let x = x.to_integers();
            if r.kind == Taken::Last {
                sum.clear();
            }
            let known = sum.len();
            sum.resize(x.len(), 0);
            let of_largest = r.kind == Taken::Max && known > 0;
            sum.iter_mut()
                .zip(&x)
                .for_each(|(s, v)| *s = if of_largest { *v.max(s) } else { *s + v });
            Value::Integers(sum.clone())
        }
        (op, _) => {
            let message = format!("`{}` has another state", op.name());
            return Err(Diagnostic::internal("interp", message));
        }
    })
}

/// `factor · x + offset`.
fn scaled(s: &Scale, mut x: Vec<f64>) -> Vec<f64> {
    let n = x.len();
    let (mut factors, mut offsets) = (s.factor.each(n), s.offset.each(n));
    if factors.is_one() && offsets.is_one() {
        let (factor, offset) = (factors.peek(), offsets.peek());
        vectorised(
            #[inline(always)]
            || x.iter_mut().for_each(|v| *v = *v * factor + offset),
        );
    } else {
        x.iter_mut().for_each(|v| *v = *v * factors.take() + offsets.take());
    }
    x
}

/// Sum of all operands, element by element.
fn add(operands: &[Operand<'_>], kind: Kind) -> Value {
    if kind == Kind::Real {
        let mut sum = operands[0].0.to_reals();
        for (x, _) in &operands[1..] {
            sum.iter_mut().zip(x.to_reals()).for_each(|(s, v)| *s += v);
        }
        return Value::Real(sum);
    }
    let mut sum = operands[0].0.to_integers();
    for (x, _) in &operands[1..] {
        sum.iter_mut().zip(x.to_integers()).for_each(|(s, v)| *s += v);
    }
    Value::pack(kind, sum)
}

/// All operands behind one another in dimension `c.axis`.
fn concat(c: &Concat, operands: &[Operand<'_>], kind: Kind) -> Value {
    // In memory each operand is a row of runs; the result takes a run of each in turn.
    let run = |x: &Operand<'_>| x.1.shape[c.axis..].iter().product::<usize>();
    let runs: usize = operands[0].1.shape[..c.axis].iter().product();
    let order = (0..runs).flat_map(|r| {
        operands.iter().enumerate().flat_map(move |(o, x)| {
            let length = run(x);
            (r * length..(r + 1) * length).map(move |i| (o, i))
        })
    });
    if kind == Kind::Real {
        let all: Vec<Vec<f64>> = operands.iter().map(|x| x.0.to_reals()).collect();
        return Value::Real(order.map(|(o, i)| all[o][i]).collect());
    }
    let all: Vec<Vec<i64>> = operands.iter().map(|x| x.0.to_integers()).collect();
    Value::pack(kind, order.map(|(o, i)| all[o][i]).collect())
}
