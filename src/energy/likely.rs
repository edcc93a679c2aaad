// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The interval that follows if coefficients and assumptions err independently of each other.
//!
//! Of each coefficient and each assumption one number is drawn, and the figure computed with these
//! numbers as if they were exact; whatever shares one of them moves with it. So often that the
//! middle nine tenths of the figures can be told. Draw `d` takes of its `n`-th number
//!
//! ```text
//! r = SplitMix64(SEED, d·32 + n) / 2^64
//! x = low + (value − low)·√(2r)           r < 1/2
//! x = high − (high − value)·√(2 − 2r)     else
//! ```
//!
//! a triangle on either side of the value, with half of the draws in each: the value is the
//! median however lopsided the band is, the ends are never passed, and what lies near them is
//! rare. docs/decisions/0030-drawn-once-for-the-whole-figure.md says why.

use serde::Serialize;

use super::assume::{Assume, STATED};
use super::device::{Model, beside, core, inference, table};
use super::{Band, IoTiming};
use crate::data::random_number;
use crate::diag::Result;
use crate::hw::{self, Design};
use crate::sim::MeanActivity;
use crate::target::{Coefficient, Energy, Target};

/// How often the figure is computed. The ends of the interval of one number alone then err by
/// 2 % of its band (standard deviation).
const DRAWS: u32 = 2000;
/// Of the sequence of random numbers.
const SEED: u64 = 0;
/// One in so many draws lies below the interval, and as many above.
const TAIL: u32 = 20;
/// Numbers of the sequence that a draw may take: coefficients first, then assumptions.
const STRIDE: u64 = 32;

/// Where nine tenths of the figures lie, if each coefficient and each assumption is drawn once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Likely {
    /// Share of the draws in each interval, 0..=1.
    pub share: f64,
    /// Draws.
    pub draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// The core alone, nanojoules: lower and upper end.
    pub core_nj: [f64; 2],
    /// With the serial line, nanojoules: lower and upper end.
    pub inference_nj: [f64; 2],
}

/// The likely interval of what [`device`](super::device()) says of the same arguments.
///
/// # Errors
/// As [`device`](super::device()).
pub fn likely(
    design: &Design,
    target: &Target,
    mean: &MeanActivity,
    io: IoTiming,
) -> Result<Likely> {
    let (stated, memories) = (table(target)?, hw::estimate(design).memories);
    let chip = (beside(design, target), &*memories);
    let mut figures = [Vec::new(), Vec::new()];
    for draw in 0..DRAWS {
        let (table, assume) = drawn(stated, draw);
        let model = Model::new(design, (&table, &assume), mean, io, chip);
        let causes = model.causes(&model.stages());
        figures
            .iter_mut()
            .zip([core(&causes), inference(&causes)])
            .for_each(|(all, sum)| all.push(sum.value));
    }
    let [core_nj, inference_nj] = figures.map(middle);
    let share = 1.0 - 2.0 / f64::from(TAIL);
    Ok(Likely { share, draws: DRAWS, seed: SEED, core_nj, inference_nj })
}

/// The ends of what is left of the figures without the lowest and the highest.
fn middle(mut figures: Vec<f64>) -> [f64; 2] {
    figures.sort_by(f64::total_cmp);
    let tail = (DRAWS / TAIL) as usize;
    [figures[tail], figures[figures.len() - 1 - tail]]
}

/// Exact numbers in the place of all bands.
fn drawn(stated: &Energy, draw: u32) -> (Energy, Assume) {
    let first = u64::from(draw) * STRIDE;
    let mut numbers = (first..).map(|n| random_number(SEED, n));
    let mut number = |band| Band::exact(within(band, numbers.next().unwrap_or_default()));
    let mut table = stated.clone();
    table.coefficients_mut().for_each(|c| exact(c, number(Band::from(&*c))));
    (table, STATED.map(number))
}

fn exact(coefficient: &mut Coefficient, to: Band) {
    (coefficient.value, coefficient.low, coefficient.high) = (to.value, to.low, to.high);
}

/// The number of a band that a random number stands for.
pub(super) fn within(band: Band, random: u64) -> f64 {
    // 53 bits: a real number below 1.
    let r = (random >> 11) as f64 / (1u64 << 53) as f64;
    let x = if r < 0.5 {
        band.low + (band.value - band.low) * (2.0 * r).sqrt()
    } else {
        band.high - (band.high - band.value) * (2.0 - 2.0 * r).sqrt()
    };
    x.clamp(band.low, band.high)
}
