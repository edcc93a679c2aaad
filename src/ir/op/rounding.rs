// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights of a few bits.

use super::{PerChannel, Weights};

/// A weight is on the grid if it is this near to a point of it, in steps.
const ON_GRID: f64 = 1e-3;

/// The step of an output's weights for magnitudes up to `most`: the coarsest on which all
/// of them lie, for weights that were quantised before; else the largest weight is `most`
/// steps.
fn step(row: &[f64], most: u8) -> f64 {
    let largest = row.iter().fold(0.0f64, |m, w| m.max(w.abs()));
    if largest == 0.0 {
        return 1.0;
    }
    let fits = |k: &u8| {
        let step = largest / f64::from(*k);
        row.iter().all(|w| (w / step - (w / step).round()).abs() < ON_GRID)
    };
    let step = largest / f64::from((1..=most).find(fits).unwrap_or(most));
    // Weights so small that they have no step are 0.
    if step.is_normal() { step } else { 1.0 }
}

impl Weights {
    /// Integers of `bits` bits, sign included (2 to 8), with one scale an output; and the
    /// largest rounding, in parts of the output's largest weight.
    #[must_use]
    pub fn rounded(&self, bits: u32) -> (Self, f64) {
        let most = ((1u32 << (bits.clamp(2, 8) - 1)) - 1) as u8;
        let (mut values, mut scale, mut worst) = (Vec::new(), Vec::new(), 0.0f64);
        for output in 0..self.outputs() {
            let row: Vec<f64> = (0..self.inputs()).map(|i| self.value(output, i)).collect();
            let step = step(&row, most);
            let largest = row.iter().fold(0.0f64, |m, w| m.max(w.abs()));
            for w in row {
                let q = (w / step).round().clamp(-f64::from(most), f64::from(most));
                worst = worst.max((w - q * step).abs() / largest.max(f64::MIN_POSITIVE));
                values.push(q as i8);
            }
            scale.push(step);
        }
        let (rows, scale) = (self.outputs(), PerChannel::Each(scale));
        (Self::Integer { rows, values, scale }, worst)
    }
}
