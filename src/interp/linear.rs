// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weighted sums, on packed bits wherever weights are ±1 and the inputs small integers.

use std::borrow::Cow;
use std::ops::Range;

use super::ready::Ready;
use super::value::{Bitmap, Value};
use crate::ir::{Kind, Linear, Weights};
use crate::vector::vectorised;

/// `y = W x + b`.
pub(super) fn apply(l: &Linear, ready: &Ready, x: &Value, to: Kind) -> Value {
    let rows = 0..l.weights.outputs();
    let whole = matches!(to, Kind::Current { .. });
    if let (Ready::Words(words), false) = (ready, x.planes().is_empty()) {
        let sums = words.sums(x.planes());
        if whole {
            return Value::Integers(sums);
        }
        let scaled = |(r, sum)| affine(&l.weights, l.bias.as_deref(), r, sum as f64);
        return Value::Real(sums.into_iter().enumerate().map(scaled).collect());
    }
    let x = operand(&l.weights, x, to);
    if whole {
        let mut sums = vec![0; rows.len()];
        integers(&l.weights, ready, rows, &x, &mut sums);
        Value::Integers(sums)
    } else {
        let mut sums = vec![0.0; rows.len()];
        reals(&l.weights, ready, l.bias.as_deref(), rows, &x, &mut sums);
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
pub(super) fn integers(
    weights: &Weights,
    ready: &Ready,
    rows: Range<usize>,
    x: &Value,
    sums: &mut [i64],
) {
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
            vectorised(
                #[inline(always)]
                || {
                    let total = ones(planes);
                    for (r, sum) in rows.zip(sums) {
                        *sum = plane_sum(signs.row(r), planes, total);
                    }
                },
            );
        }
        (_, Value::Integers(v)) => {
            if let Ready::Bytes(columns) = ready {
                columns.sums(rows, v, sums);
            }
        }
        // Nothing else has an integer as its result.
        _ => {}
    }
}

/// Rows of `W x + b`; `x` is an [`operand`] of these weights.
pub(super) fn reals(
    weights: &Weights,
    ready: &Ready,
    bias: Option<&[f64]>,
    rows: Range<usize>,
    x: &Value,
    sums: &mut [f64],
) {
    match (ready, weights) {
        (Ready::Bytes(columns), _) => columns.sums(rows.clone(), x.reals(), sums),
        (Ready::PlusMinus(columns), _) => columns.sums(rows.clone(), x.reals(), sums),
        (Ready::Single(columns), _) => columns.sums(rows.clone(), x.reals(), sums),
        (Ready::Double(columns), _) => columns.sums(rows.clone(), x.reals(), sums),
        (_, Weights::Binary { signs, .. }) => {
            let planes = x.planes();
            vectorised(
                #[inline(always)]
                || {
                    let total = ones(planes);
                    for (r, found) in rows.clone().zip(&mut *sums) {
                        *found = plane_sum(signs.row(r), planes, total) as f64;
                    }
                },
            );
        }
        // Every other kind of weights has its columns.
        _ => {}
    }
    rows.zip(sums).for_each(|(r, sum)| *sum = affine(weights, bias, r, *sum));
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
#[inline(always)]
fn ones(planes: &[Bitmap]) -> i64 {
    let count = |p: &Bitmap| p.words.iter().map(|w| i64::from(w.count_ones())).sum::<i64>();
    planes.iter().enumerate().map(|(b, p)| count(p) << b).sum()
}

/// `Σ ±x = Σ_b 2^b (2 popcount(plane_b & w) − popcount(plane_b))`; `total` is `Σ x`.
#[inline(always)]
fn plane_sum(signs: &[u64], planes: &[Bitmap], total: i64) -> i64 {
    let plus = planes.iter().enumerate().map(|(b, p)| {
        let hits = signs.iter().zip(&p.words).map(|(w, x)| (w & x).count_ones());
        i64::from(hits.sum::<u32>()) << b
    });
    2 * plus.sum::<i64>() - total
}
