// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights input by input: one pass over the inputs serves all outputs side by side.

use std::ops::Range;

use crate::ir::{Kind, Node, Op, Weights};

/// `[input][output]`, without the scale of the outputs.
///
/// Each output still adds its products in the order of the inputs, so the sums are, to the last
/// bit, those of a loop over one row after another. That one waits for every addition before
/// the next; here neighbours are added at once, and inputs of 0 cost nothing.
pub(super) struct Columns {
    outputs: usize,
    values: Vec<f64>,
}

impl Columns {
    pub(super) fn new(weights: &Weights) -> Self {
        let (outputs, inputs) = (weights.outputs(), weights.inputs());
        let mut values = vec![0.0; outputs * inputs];
        for r in 0..outputs {
            for c in 0..inputs {
                values[c * outputs + r] = match weights {
                    Weights::Binary { signs, .. } if signs.get(r, c) => 1.0,
                    Weights::Binary { .. } => -1.0,
                    Weights::Integer { values, .. } => f64::from(values[r * inputs + c]),
                    Weights::Real { values, .. } => values[r * inputs + c],
                };
            }
        }
        Self { outputs, values }
    }

    /// The weights of a node, where real numbers are added up; signs that meet bits are counted.
    pub(super) fn of(node: &Node, operand: Option<Kind>) -> Option<Self> {
        let weights = match &node.op {
            Op::Linear(l) => &l.weights,
            Op::Conv(c) => &c.weights,
            _ => return None,
        };
        let bits = matches!(operand, Some(Kind::Spikes | Kind::Levels { .. }));
        let counted = weights.binary().is_some() && bits;
        (node.stream.kind == Kind::Real && !counted).then(|| Self::new(weights))
    }

    /// `Σ w x` of some outputs.
    pub(super) fn sums(&self, rows: Range<usize>, x: &[f64], sums: &mut [f64]) {
        sums.fill(0.0);
        for (column, x) in self.values.chunks(self.outputs.max(1)).zip(x) {
            if *x != 0.0 {
                let column = &column[rows.clone()];
                sums.iter_mut().zip(column).for_each(|(sum, w)| *sum += w * x);
            }
        }
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
        let (outputs, inputs) = (7, 130);
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
            Columns::new(weights).sums(rows.clone(), &x, &mut sums);
            let want: Vec<_> = rows.map(|r| plain((0..inputs).map(|c| weight(r, c)), &x)).collect();
            let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&sums), bits(&want), "{kind}");
        }
    }
}
