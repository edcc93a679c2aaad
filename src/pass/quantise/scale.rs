// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `scale` becomes `fixed-scale`.

use super::Site;
use crate::diag::Result;
use crate::ir::interval::{range_width, scaled};
use crate::ir::{FixedScale, Scale, runs};
use crate::pass::affine::granularity;
use crate::pass::unsupported;

/// Widest gain.
const MAX_GAIN: f64 = (1u64 << 31) as f64;

/// `y = factor · x + offset` in units of 2^−frac, to nearest. A gain has so many bits that
/// its own rounding moves the result by a quarter of a unit at most, but no more than
/// `scale_bits`.
pub(super) fn scale(site: &Site<'_>, s: &Scale, frac: i32) -> Result<(FixedScale, String)> {
    let stream = &site.built.graph.node(site.x).stream;
    let n = granularity(stream, [s.factor.iter().count(), s.offset.iter().count()]);
    let largest = site.built.ranges.entries(site.x).iter().map(|r| r.0.abs().max(r.1.abs())).max();
    let largest = largest.unwrap_or(0).max(1) as f64;
    let unit = f64::from(frac - site.frac).exp2();
    let factors: Vec<f64> = (0..n).map(|i| s.factor.of(i, n) * unit).collect();
    let offsets: Vec<f64> = (0..n).map(|i| s.offset.of(i, n) * f64::from(frac).exp2()).collect();
    let most = factors.iter().fold(0.0f64, |m, f| m.max(f.abs()));
    let bits = (largest.log2().floor() + 2.0).min((MAX_GAIN / most.max(1e-300)).log2().floor());
    let bits = bits.min(f64::from(site.options.scale_bits) - most.max(1e-300).log2().ceil());
    let mut shift = bits.clamp(0.0, 48.0);
    let by = shift.exp2();
    let round = |v: &f64| (v * by).round() as i64;
    let (mut gain, mut offset): (Vec<i64>, Vec<i64>) =
        (factors.iter().map(round).collect(), offsets.iter().map(round).collect());
    while shift > 0.0 && gain.iter().chain(&offset).all(|v| v % 2 == 0) {
        gain.iter_mut().chain(&mut offset).for_each(|v| *v /= 2);
        shift -= 1.0;
    }
    let by = shift.exp2();
    let exact = gain.iter().zip(&factors).all(|(g, f)| *g as f64 == f * by)
        && offset.iter().zip(&offsets).all(|(o, v)| *o as f64 == v * by);
    let shift = shift as u32;
    if shift > 0 {
        offset.iter_mut().for_each(|o| *o = o.saturating_add(1 << (shift - 1)));
    }
    let mut fixed = FixedScale { gain, offset, shift, width: 1, frac };
    let ranges = site.built.ranges.entries(site.x).len();
    let n = runs([n, ranges], stream.len());
    for i in 0..n {
        let Some(range) = scaled(&fixed, i, n, site.built.ranges.at(site.x, i, n)) else {
            return Err(unsupported("its products need over 62 bits")
                .help("a smaller --stream-bits or --precision-bits leaves room"));
        };
        fixed.width = fixed.width.max(range_width(range));
    }
    let how = match (exact, shift) {
        (true, 0) => "exact",
        (true, _) => "to nearest, gains exact",
        _ => "to nearest",
    };
    let gain_width = fixed.gain.iter().map(|g| range_width((*g, *g))).max().unwrap_or(1);
    let note = format!(
        "{}: {} bits, unit 2^{}, {how}; gains of {gain_width} bits",
        site.name, fixed.width, -frac
    );
    Ok((fixed, note))
}
