// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Linear layers with ±1 weights, on packed bits wherever the input is an integer.

use super::value::{Bitmap, Value};
use crate::ir::{BitMatrix, Linear, PerChannel, Weights};

/// `y = W x + b`.
pub(super) fn apply(l: &Linear, x: &Value) -> Value {
    let Weights::Binary { signs, scale } = &l.weights;
    let sums = match x {
        Value::Spikes(s) => Value::Integers(plane_sums(signs, std::slice::from_ref(s))),
        Value::Levels(planes) => Value::Integers(plane_sums(signs, planes)),
        Value::Integers(v) => Value::Integers(sums(signs, v, 0)),
        Value::Real(v) => Value::Real(sums(signs, v, 0.0)),
    };
    if l.bias.is_none() && matches!(scale, PerChannel::All(s) if *s == 1.0) {
        return sums;
    }
    let bias = |c: usize| l.bias.as_ref().map_or(0.0, |b| b[c]);
    Value::Real(
        sums.to_reals().iter().enumerate().map(|(c, p)| scale.at(c) * p + bias(c)).collect(),
    )
}

/// `Σ ±x = Σ_b 2^b (2 popcount(plane_b & w) − popcount(plane_b))`.
fn plane_sums(signs: &BitMatrix, planes: &[Bitmap]) -> Vec<i64> {
    let ones = |words: &[u64]| words.iter().map(|w| i64::from(w.count_ones())).sum::<i64>();
    let total: i64 = planes.iter().enumerate().map(|(b, p)| ones(&p.words) << b).sum();
    (0..signs.rows())
        .map(|r| {
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

fn sums<T>(signs: &BitMatrix, x: &[T], zero: T) -> Vec<T>
where
    T: Copy + std::ops::Add<Output = T> + std::ops::Sub<Output = T>,
{
    (0..signs.rows())
        .map(|r| {
            x.iter()
                .enumerate()
                .fold(zero, |sum, (c, &v)| if signs.get(r, c) { sum + v } else { sum - v })
        })
        .collect()
}
