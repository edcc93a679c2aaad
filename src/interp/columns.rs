// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights input by input: one pass over the inputs serves all outputs side by side.

use std::ops::{Add, Range};

use crate::ir::Weights;
use crate::vector::vectorised;

/// Inputs that are added while a sum is in a register.
const AT_ONCE: usize = 4;

/// `[input][output]`, without the scale of the outputs.
///
/// Each output still adds its products in the order of the inputs, so the sums are, to the last
/// bit, those of a loop over one row after another. That one waits for every addition before
/// the next; here neighbours are added at once, and inputs of 0 cost nothing.
pub(super) struct Columns<W> {
    outputs: usize,
    values: Vec<W>,
}

impl<W: Copy> Columns<W> {
    pub(super) fn new(weights: &Weights, of: impl Fn(f64) -> W) -> Self {
        let (outputs, inputs) = (weights.outputs(), weights.inputs());
        let column = |c: usize| (0..outputs).map(move |r| weight(weights, r, c));
        Self { outputs, values: (0..inputs).flat_map(column).map(of).collect() }
    }

    /// `Σ w x` of some outputs.
    pub(super) fn sums<X: Number>(&self, rows: Range<usize>, x: &[X], sums: &mut [X])
    where
        W: Weight<X>,
    {
        sums.fill(X::default());
        vectorised(
            #[inline(always)]
            || {
                let column = |i: usize| &self.values[i * self.outputs..][rows.clone()];
                // Inputs other than 0, until there are enough.
                let (mut given, mut count) = ([(&self.values[..0], X::default()); AT_ONCE], 0);
                for (i, &x) in x.iter().enumerate().filter(|(_, x)| **x != X::default()) {
                    given[count] = (column(i), x);
                    count += 1;
                    if count == AT_ONCE {
                        add(&given, sums);
                        count = 0;
                    }
                }
                given[..count].iter().for_each(|one| add(&[*one], sums));
            },
        );
    }
}

/// What sums are made of.
pub(super) trait Number: Copy + Default + PartialEq + Add<Output = Self> {}
impl Number for f64 {}
impl Number for i64 {}

/// What inputs are multiplied by.
pub(super) trait Weight<X>: Copy {
    fn times(self, x: X) -> X;
}

macro_rules! weight {
    ($($W:ty => $X:ty),*) => {$(
        impl Weight<$X> for $W {
            #[inline(always)]
            fn times(self, x: $X) -> $X {
                <$X>::from(self) * x
            }
        }
    )*};
}
weight!(i8 => i64, i8 => f64, f32 => f64, f64 => f64);

/// A weight of ±1 for numbers that are not 0.
#[derive(Clone, Copy)]
pub(super) struct Sign(i8);

impl Sign {
    pub(super) fn of(weight: f64) -> Self {
        Self(if weight < 0.0 { -1 } else { 1 })
    }
}

impl Weight<f64> for Sign {
    /// The product, without a conversion and a multiplication: only the sign changes.
    #[inline(always)]
    fn times(self, x: f64) -> f64 {
        let sign = i64::from(self.0).cast_unsigned() & (1 << 63);
        f64::from_bits(x.to_bits() ^ sign)
    }
}

/// Adds products of some inputs, one after another, to all sums.
#[inline(always)]
fn add<W: Weight<X>, X: Number, const N: usize>(given: &[(&[W], X); N], sums: &mut [X]) {
    let columns = given.map(|(column, x)| (&column[..sums.len()], x));
    for (j, sum) in sums.iter_mut().enumerate() {
        *sum = columns.iter().fold(*sum, |sum, (column, x)| sum + column[j].times(*x));
    }
}

/// Without the scale of the row.
fn weight(weights: &Weights, r: usize, c: usize) -> f64 {
    let at = r * weights.inputs() + c;
    match weights {
        Weights::Binary { signs, .. } if signs.get(r, c) => 1.0,
        Weights::Binary { .. } => -1.0,
        Weights::Integer { values, .. } => f64::from(values[at]),
        Weights::Real { values, .. } => values[at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{BitMatrix, PerChannel};

    /// One row after another, one product after another.
    fn plain(row: impl Iterator<Item = f64>, x: &[f64]) -> f64 {
        row.zip(x).fold(0.0, |sum, (w, x)| sum + w * x)
    }

    #[test]
    fn sums_are_those_of_the_plain_loop_to_the_last_bit() {
        // 106 of the inputs are not 0: the last two are fewer than are added at once.
        let (outputs, inputs) = (7, 132);
        // Nothing here is a sum of few powers of two: another order gives other bits.
        let number = |k: usize| ((k * 7919 % 1013) as f64 - 500.0) / 317.0;
        let x: Vec<f64> = (0..inputs).map(|i| if i % 5 == 2 { 0.0 } else { number(i) }).collect();
        let sign = |r: usize, c: usize| !(r * 31 + c * 17).is_multiple_of(3);
        let small = |r: usize, c: usize| ((r * 91 + c * 37) % 255) as i8;
        let scale = PerChannel::All(1.0);
        let of = |k: usize| (k / inputs, k % inputs);
        let values = (0..outputs * inputs).map(of).map(|(r, c)| small(r, c)).collect();
        let reals: Vec<f64> = (0..outputs * inputs).map(|k| number(k + 3)).collect();
        let all = [
            Weights::Binary {
                signs: BitMatrix::from_fn(outputs, inputs, sign),
                scale: scale.clone(),
            },
            Weights::Integer { rows: outputs, values, scale },
            Weights::Real { rows: outputs, values: reals.clone() },
        ];
        for (kind, weights) in all.iter().enumerate() {
            let weight = |r: usize, c: usize| match kind {
                0 => [-1.0, 1.0][usize::from(sign(r, c))],
                1 => f64::from(small(r, c)),
                _ => reals[r * inputs + c],
            };
            let rows = 2..6;
            let mut sums = vec![9.0; rows.len()];
            Columns::new(weights, |w| w).sums(rows.clone(), &x, &mut sums);
            let row = |r: usize| (0..inputs).map(move |c| weight(r, c));
            let want: Vec<_> = rows.clone().map(|r| plain(row(r), &x)).collect();
            let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&sums), bits(&want), "{kind}");
            if kind == 0 {
                sums.fill(9.0);
                Columns::new(weights, Sign::of).sums(rows, &x, &mut sums);
                assert_eq!(bits(&sums), bits(&want), "signs");
            }
        }
    }
}
