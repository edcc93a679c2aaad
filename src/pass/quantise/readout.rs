// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `readout` becomes `fixed-readout`.

use super::Site;
use crate::diag::Result;
use crate::ir::interval::{logit_width, signed_width};
use crate::ir::{FixedReadout, Readout, ReadoutKind, Taken, runs};
use crate::pass::affine::granularity;
use crate::pass::unsupported;

/// Width of a logit on the wire.
const LOGIT_WIDTH: u32 = 32;

/// Gains of as many bits as the options say, or as few as the logits have room for.
pub(super) fn readout(site: &Site<'_>, r: &Readout) -> Result<(FixedReadout, String)> {
    let (graph, ranges) = (&site.built.graph, &site.built.ranges);
    let stream = &graph.node(site.x).stream;
    let n = granularity(stream, [r.gain.iter().count(), r.offset.iter().count()]);
    if r.gain.iter().any(|g| *g < 0.0) {
        return Err(unsupported("a gain below 0, which only a linear layer before it can take in"));
    }
    let kind = match r.kind {
        ReadoutKind::Last => Taken::Last,
        ReadoutKind::Max => Taken::Max,
        ReadoutKind::Sum | ReadoutKind::Mean | ReadoutKind::PerStep => Taken::Sum,
    };
    let taken = kind.added(graph.timesteps);
    // The gain of what the operand counts in.
    let of = |c: usize| r.gain.of(c, n) * f64::from(-site.frac).exp2();
    let largest = (0..n).map(of).fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(unsupported("every class has gain 0, so no class can win"));
    }
    // Equal gains that are a power of two, and no offsets: the sums themselves are the logits.
    let plain = largest.log2().fract() == 0.0
        && (0..n).all(|c| of(c) == largest && r.offset.of(c, n) == 0.0);
    let mut bits = if plain { 1 } else { site.options.gain_bits };
    let all = runs([n, ranges.entries(site.x).len()], stream.len());
    loop {
        let frac = (f64::from(bits) - largest.log2()).ceil() - 1.0;
        let gain: Vec<i64> = (0..n).map(|c| (of(c) * frac.exp2()).round() as i64).collect();
        let offset: Vec<i64> = (0..n)
            .map(|c| (r.offset.of(c, n) * f64::from(taken) * frac.exp2()).round() as i64)
            .collect();
        let gain_width = gain.iter().map(|&g| signed_width(g) - 1).max().unwrap_or(1).max(1);
        // Partial products pass through the same register: a bit to spare.
        let needed = |c: usize| {
            let entry = c * n / all;
            logit_width(gain[entry], offset[entry], ranges.at(site.x, c, all), taken)
        };
        let width = (0..all).map(needed).max().unwrap_or(1) + 1;
        if width <= LOGIT_WIDTH {
            let note = format!(
                "{}: gains of {gain_width} bits, logits of {width} bits, unit 2^{}",
                site.name, -frac
            );
            let frac = frac as i32;
            return Ok((FixedReadout { kind, frac, gain, offset, gain_width, width }, note));
        }
        if bits <= 4 {
            return Err(unsupported(format!(
                "a logit needs {width} bits; {LOGIT_WIDTH} are possible"
            )));
        }
        bits -= 1;
    }
}
