// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weighted sums, on packed bits wherever weights are ±1 and the inputs small integers.

use super::value::{Bitmap, Value};
use crate::ir::{BitMatrix, Linear, PerChannel, Weights};

/// `y = W x + b`.
pub(super) fn apply(l: &Linear, x: &Value) -> Value {
    weighted(&l.weights, l.bias.as_deref(), 0..l.weights.outputs(), x)
}

/// Rows `rows` of `W x + b`.
pub(super) fn weighted(
    weights: &Weights,
    bias: Option<&[f64]>,
    rows: std::ops::Range<usize>,
    x: &Value,
) -> Value {
    let bias = |r: usize| bias.map_or(0.0, |b| b[r]);
    let scaled = |sums: Value, scale: &PerChannel<f64>| {
        let sums = sums.to_reals().into_iter().zip(rows.clone());
        Value::Real(sums.map(|(p, r)| scale.at(r) * p + bias(r)).collect())
    };
    match weights {
        Weights::Binary { signs, scale } => {
            let sums = match x {
                Value::Spikes(s) => {
                    Value::Integers(plane_sums(signs, rows.clone(), std::slice::from_ref(s)))
                }
                Value::Levels(planes) => Value::Integers(plane_sums(signs, rows.clone(), planes)),
                Value::Integers(v) => Value::Integers(sums(signs, rows.clone(), v, 0)),
                Value::Real(v) => Value::Real(sums(signs, rows.clone(), v, 0.0)),
            };
            let plain = matches!(scale, PerChannel::All(s) if *s == 1.0);
            if plain && rows.clone().all(|r| bias(r) == 0.0) { sums } else { scaled(sums, scale) }
        }
        Weights::Integer { values, scale, .. } => {
            let row = |r: usize| values.chunks_exact(weights.inputs()).nth(r).unwrap_or_default();
            let x = x.to_reals();
            let dot = |r| row(r).iter().zip(&x).map(|(w, x)| f64::from(*w) * x).sum();
            scaled(Value::Real(rows.clone().map(dot).collect()), scale)
        }
        Weights::Real { values, .. } => {
            let row = |r: usize| values.chunks_exact(weights.inputs()).nth(r).unwrap_or_default();
            let x = x.to_reals();
            let dot = |r| row(r).iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + bias(r);
            Value::Real(rows.map(dot).collect())
        }
    }
}

/// `Σ ±x = Σ_b 2^b (2 popcount(plane_b & w) − popcount(plane_b))`.
fn plane_sums(signs: &BitMatrix, rows: std::ops::Range<usize>, planes: &[Bitmap]) -> Vec<i64> {
    let ones = |words: &[u64]| words.iter().map(|w| i64::from(w.count_ones())).sum::<i64>();
    let total: i64 = planes.iter().enumerate().map(|(b, p)| ones(&p.words) << b).sum();
    rows.map(|r| {
        let plus: i64 = planes
            .iter()
            .enumerate()
            .map(|(b, p)| {
                let hits = signs.row(r).iter().zip(&p.words).map(|(w, x)| (w & x).count_ones());
                i64::from(hits.sum::<u32>()) << b
            })
            .sum();
        2 * plus - total
    })
    .collect()
}

fn sums<T>(signs: &BitMatrix, rows: std::ops::Range<usize>, x: &[T], zero: T) -> Vec<T>
where
    T: Copy + std::ops::Add<Output = T> + std::ops::Sub<Output = T>,
{
    rows.map(|r| {
        x.iter()
            .enumerate()
            .fold(zero, |sum, (c, &v)| if signs.get(r, c) { sum + v } else { sum - v })
    })
    .collect()
}
