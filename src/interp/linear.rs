// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weighted sums, on packed bits wherever weights are ±1 and the inputs small integers.

use std::borrow::Cow;
use std::ops::Range;

use super::columns::Columns;
use super::value::{Bitmap, Value};
use crate::ir::{Kind, Linear, Weights};

/// `y = W x + b`; `columns` are the weights where real numbers are added up.
pub(super) fn apply(l: &Linear, columns: Option<&Columns>, x: &Value, to: Kind) -> Value {
    let rows = 0..l.weights.outputs();
    let x = operand(&l.weights, x, to);
    if matches!(to, Kind::Current { .. }) {
        let mut sums = vec![0; rows.len()];
        integers(&l.weights, rows, &x, &mut sums);
        Value::Integers(sums)
    } else {
        let mut sums = vec![0.0; rows.len()];
        reals(&l.weights, columns, l.bias.as_deref(), rows, &x, &mut sums);
        Value::Real(sums)
    }
}

/// What the weights are applied to: bit planes as they are where signs alone decide,
/// everything else as integers or real numbers, as the result is.
pub(super) fn operand<'a>(weights: &Weights, x: &'a Value, to: Kind) -> Cow<'a, Value> {
    match (x, to) {
        (Value::Spikes(_) | Value::Levels(_), _) if weights.binary().is_some() => Cow::Borrowed(x),
        (Value::Real(_), Kind::Real) | (Value::Integers(_), Kind::Current { .. }) => {
            Cow::Borrowed(x)
        }
        (x, Kind::Current { .. }) => Cow::Owned(Value::Integers(x.to_integers())),
        (x, _) => Cow::Owned(Value::Real(x.to_reals())),
    }
}

/// Rows of `W x` in integers; `x` is an [`operand`] of these weights.
pub(super) fn integers(weights: &Weights, rows: Range<usize>, x: &Value, sums: &mut [i64]) {
    let columns = weights.inputs();
    match (weights, x) {
        (Weights::Binary { signs, .. }, Value::Integers(v)) => {
            let total: i64 = v.iter().sum();
            for (r, sum) in rows.zip(sums) {
                let row = signs.row(r);
                let plus = v.chunks(64).zip(row).map(|(v, word)| {
                    let chosen = |(i, v): (usize, &i64)| if word >> i & 1 == 1 { *v } else { 0 };
                    v.iter().enumerate().map(chosen).sum::<i64>()
                });
                *sum = 2 * plus.sum::<i64>() - total;
            }
        }
        (Weights::Binary { signs, .. }, planes) => {
            let planes = planes.planes();
            let total = ones(planes);
            for (r, sum) in rows.zip(sums) {
                *sum = plane_sum(signs.row(r), planes, total);
            }
        }
        (Weights::Integer { values, .. }, Value::Integers(v)) => {
            for (r, sum) in rows.zip(sums) {
                let row = &values[r * columns..(r + 1) * columns];
                *sum = row.iter().zip(v).map(|(w, x)| i64::from(*w) * x).sum();
            }
        }
        // Nothing else has an integer as its result.
        _ => {}
    }
}

/// Rows of `W x + b`; `x` is an [`operand`] of these weights.
pub(super) fn reals(
    weights: &Weights,
    columns: Option<&Columns>,
    bias: Option<&[f64]>,
    rows: Range<usize>,
    x: &Value,
    sums: &mut [f64],
) {
    match (columns, weights) {
        (Some(columns), _) => {
            columns.sums(rows.clone(), x.reals(), sums);
            rows.zip(sums).for_each(|(r, sum)| *sum = affine(weights, bias, r, *sum));
        }
        (None, Weights::Binary { signs, .. }) => {
            let planes = x.planes();
            let total = ones(planes);
            for (r, found) in rows.zip(sums) {
                *found = affine(weights, bias, r, plane_sum(signs.row(r), planes, total) as f64);
            }
        }
        // Every other kind of weights has its columns.
        (None, _) => {}
    }
}

/// A sum of row `r` times its scale, with its bias.
pub(super) fn affine(weights: &Weights, bias: Option<&[f64]>, r: usize, sum: f64) -> f64 {
    let scale = match weights {
        Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => scale.at(r),
        Weights::Real { .. } => 1.0,
    };
    scale * sum + bias.map_or(0.0, |b| b[r])
}

/// `Σ x` of bit planes.
fn ones(planes: &[Bitmap]) -> i64 {
    let count = |p: &Bitmap| p.words.iter().map(|w| i64::from(w.count_ones())).sum::<i64>();
    planes.iter().enumerate().map(|(b, p)| count(p) << b).sum()
}

/// `Σ ±x = Σ_b 2^b (2 popcount(plane_b & w) − popcount(plane_b))`; `total` is `Σ x`.
fn plane_sum(signs: &[u64], planes: &[Bitmap], total: i64) -> i64 {
    let plus = planes.iter().enumerate().map(|(b, p)| {
        let hits = signs.iter().zip(&p.words).map(|(w, x)| (w & x).count_ones());
        i64::from(hits.sum::<u32>()) << b
    });
    2 * plus.sum::<i64>() - total
}
