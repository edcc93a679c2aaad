// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layers without a state.

use super::{Out, Value, extents, unsupported};
use crate::diag::Result;
use crate::ir::{BatchNorm, Node, Op, PerChannel, Pool, PoolKind, Weights, Window};

/// A value for each element of a stream of this shape.
pub(super) fn each<T: Copy>(values: &PerChannel<T>, shape: &[usize]) -> Vec<T> {
    let n = shape.iter().product();
    (0..n).map(|i| values.of(i, n)).collect()
}

/// Rows of real weights, each times its factor.
fn rows(weights: &Weights, factors: Option<&[f64]>) -> Vec<f64> {
    let factor = |o: usize| factors.map_or(1.0, |f| f[o]);
    (0..weights.outputs())
        .flat_map(|o| (0..weights.inputs()).map(move |i| weights.value(o, i) * factor(o)))
        .collect()
}

/// What batch norm does to a channel: factor and shift.
fn affine(b: &BatchNorm) -> (Vec<f64>, Vec<f64>) {
    let factor: Vec<f64> =
        b.gamma.iter().zip(&b.var).map(|(g, v)| g / (v + b.eps).sqrt()).collect();
    let shift = factor.iter().zip(&b.mean).zip(&b.beta).map(|((a, m), b)| b - a * m).collect();
    (factor, shift)
}

/// Linear, Affine, Conv1d or Conv2d of a layer that takes `taken`; a batch norm behind it
/// goes into weights and bias.
pub(super) fn weighted(node: &Node, taken: &[usize], norm: Option<&BatchNorm>) -> Result<Out> {
    let (weights, bias) = match &node.op {
        Op::Linear(l) => (&l.weights, &l.bias),
        Op::Conv(c) => (&c.weights, &c.bias),
        other => return Err(unsupported(node, format!("`{}` has no weights", other.name()))),
    };
    let outputs = weights.outputs();
    let norm = norm.map(affine);
    let values = rows(weights, norm.as_ref().map(|n| &n.0[..]));
    let bias = match norm {
        Some((factor, shift)) => {
            let old = |o: usize| bias.as_ref().map_or(0.0, |b| b[o]);
            Some((0..outputs).map(|o| old(o) * factor[o] + shift[o]).collect())
        }
        None => bias.clone(),
    };
    let Op::Conv(c) = &node.op else {
        let weight = ("weight", Value::Reals(vec![outputs, weights.inputs()], values));
        return Ok(match bias {
            None => Out::new("Linear", vec![weight]),
            Some(b) => Out::new("Affine", vec![weight, ("bias", Value::Reals(vec![outputs], b))]),
        });
    };
    let dims = c.window.kernel.len();
    let shape = [&[outputs, taken[0] / c.groups], &c.window.kernel[..]].concat();
    let bias = bias.unwrap_or_else(|| vec![0.0; outputs]);
    let numbers = |v: &[usize]| match v {
        [one] => Value::Whole(Vec::new(), vec![*one as i64]),
        all => extents(all),
    };
    Ok(Out::new(
        if dims == 1 { "Conv1d" } else { "Conv2d" },
        vec![
            ("input_shape", numbers(&taken[1..])),
            ("weight", Value::Reals(shape, values)),
            ("bias", Value::Reals(vec![outputs], bias)),
            ("stride", numbers(&c.window.stride)),
            ("dilation", numbers(&c.window.dilation)),
            ("groups", Value::Whole(Vec::new(), vec![c.groups as i64])),
            ("padding", padding(node, &c.window)?.map_or(Value::Text("same"), |p| numbers(&p))),
        ],
    ))
}

/// Padding that is the same before and after; nothing if it is what `same` means.
fn padding(node: &Node, w: &Window) -> Result<Option<Vec<usize>>> {
    if w.padding.iter().all(|p| p[0] == p[1]) {
        return Ok(Some(w.padding.iter().map(|p| p[0]).collect()));
    }
    let same = w.stride.iter().all(|&s| s == 1)
        && w.padding.iter().zip(w.kernel.iter().zip(&w.dilation)).all(|(p, (k, d))| {
            let total = d * (k - 1);
            *p == [total / 2, total - total / 2]
        });
    if same && matches!(node.op, Op::Conv(_)) {
        return Ok(None);
    }
    Err(unsupported(node, "NIR has the same padding before and after, this node has not")
        .help("pad on both sides in the model"))
}

/// SumPool2d, AvgPool2d.
pub(super) fn pool(node: &Node, p: &Pool) -> Result<Out> {
    let w = &p.window;
    let padded = w.padding.iter().flatten().any(|&p| p > 0);
    let kind = match p.kind {
        PoolKind::Sum => "SumPool2d",
        PoolKind::Average => "AvgPool2d",
        PoolKind::AverageInside if !padded => "AvgPool2d",
        PoolKind::AverageInside => {
            return Err(unsupported(node, "a mean that leaves padding out; NIR's counts it"));
        }
        PoolKind::Max => {
            return Err(unsupported(node, "NIR has no pool that takes the largest")
                .help("use sum or average pools in the model"));
        }
    };
    if w.kernel.len() != 2 || w.dilation.iter().any(|&d| d != 1) {
        return Err(unsupported(node, "NIR pools over two dimensions, without dilation"));
    }
    let padding = padding(node, w)?.unwrap_or_default();
    Ok(Out::new(
        kind,
        vec![
            ("kernel_size", extents(&w.kernel)),
            ("stride", extents(&w.stride)),
            ("padding", extents(&padding)),
        ],
    ))
}

/// Flatten, if neighbouring dimensions become one.
pub(super) fn flatten(node: &Node, taken: &[usize]) -> Result<Out> {
    let to = &node.stream.shape;
    let start = taken.iter().zip(to).take_while(|(a, b)| a == b).count();
    let merged = (taken.len() + 1).checked_sub(to.len()).filter(|m| *m >= 1);
    let end = merged.map(|m| start + m);
    let fits =
        end.is_some_and(|e| e <= taken.len() && start < to.len() && taken[e..] == to[start + 1..]);
    let (true, Some(end)) = (fits, end) else {
        let message = format!("NIR reshapes by Flatten alone, not {taken:?} to {to:?}");
        return Err(unsupported(node, message));
    };
    let whole = |v: usize| Value::Whole(Vec::new(), vec![v as i64]);
    Ok(Out::new(
        "Flatten",
        vec![
            ("input_type", extents(taken)),
            ("start_dim", whole(start)),
            ("end_dim", whole(end - 1)),
        ],
    ))
}
