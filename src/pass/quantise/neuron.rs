// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `lif` becomes `fixed-lif`, `li` becomes `fixed-li`.

use super::units::wanted;
use super::{MAX_MEMBRANE, Site};
use crate::diag::Result;
use crate::ir::interval::{integrator, membrane_width, range_width};
use crate::ir::{Compare, FixedLi, FixedLif, FixedResets, Li, Lif, PerChannel, Resets, runs};
use crate::pass::affine::{granularity, shortest};
use crate::pass::unsupported;

/// k and m of a leak, and in words how near it is.
struct Leak {
    num: PerChannel<u32>,
    shift: u32,
    text: String,
}

/// Exact if every λ is k / 2^m for an m below `bits`, otherwise the nearest with m = `bits`.
fn leak(lambda: &PerChannel<f64>, bits: u32) -> Leak {
    let exact = |shift: &u32| {
        let scaled = |v: &f64| v * f64::from(1u32 << shift);
        lambda.iter().all(|v| scaled(v) == scaled(v).round())
    };
    let shift = (0..bits).find(exact).unwrap_or(bits);
    let unit = f64::from(1u32 << shift);
    let num = |v: &f64| (v * unit).round() as u32;
    let nums: Vec<u32> = lambda.iter().map(num).collect();
    let error = lambda.iter().map(|v| f64::from(num(v)) / unit - v);
    let error = error.fold(0.0f64, |most, e| if e.abs() > most.abs() { e } else { most });
    let (least, most) = (nums.iter().min().unwrap_or(&0), nums.iter().max().unwrap_or(&0));
    let of = if least == most { least.to_string() } else { format!("{least}..{most}") };
    let text = if error == 0.0 {
        format!("leak {of}/2^{shift} exact")
    } else {
        format!("leak {of}/2^{shift} is off by {error:+.2e}")
    };
    Leak { num: shortest(nums), shift, text }
}

/// The signs that a gain is; empty if all are 1.
fn signs(gain: &PerChannel<f64>, n: usize) -> Result<Vec<i8>> {
    if gain.iter().any(|g| ![-1.0, 0.0, 1.0].contains(g)) {
        return Err(unsupported(
            "its input is multiplied by a gain, which only a linear layer before it can take in",
        ));
    }
    let all: Vec<i8> = (0..n).map(|i| gain.of(i, n) as i8).collect();
    Ok(if all.iter().all(|s| *s == 1) { Vec::new() } else { all })
}

/// A list of parameters in units of 1 / `unit`.
fn list(values: &PerChannel<f64>, n: usize, unit: f64) -> Vec<i64> {
    (0..n).map(|i| ((values.of(i, n) + 0.0) * unit).round() as i64).collect()
}

/// A list of thresholds, which are above 0.
fn thresholds(values: &PerChannel<f64>, n: usize, unit: f64) -> Vec<i64> {
    list(values, n, unit).into_iter().map(|t| t.max(1)).collect()
}

/// The same, empty if all are 0.
fn list_or_none(values: &PerChannel<f64>, n: usize, unit: f64) -> Vec<i64> {
    let all = list(values, n, unit);
    if all.iter().all(|v| *v == 0) { Vec::new() } else { all }
}

/// Neurons whose smallest threshold has at least the wanted bits.
pub(super) fn lif(site: &Site<'_>, l: &Lif) -> Result<(FixedLif, String)> {
    let (graph, ranges) = (&site.built.graph, &site.built.ranges);
    let stream = &graph.node(site.x).stream;
    let lists = [&l.leak, &l.gain, &l.bias, &l.threshold, &l.reset_to, &l.start];
    let n = granularity(stream, lists.iter().map(|v| v.iter().count()));
    let Leak { num, shift, text } = leak(&l.leak, site.options.leak_bits);
    let ends = |pick: fn(f64, f64) -> f64, from| l.threshold.iter().copied().fold(from, pick);
    let (smallest, largest) = (ends(f64::min, f64::INFINITY), ends(f64::max, 0.0));
    let wanted = wanted(l.threshold.iter(), site.options.precision_bits);
    let frac = (wanted - f64::from(site.frac)).max(f64::from(site.finest));
    let unit = (frac + f64::from(site.frac)).exp2();
    let mut fixed = FixedLif {
        leak_num: num,
        leak_shift: shift,
        frac: frac as u32,
        width: MAX_MEMBRANE,
        bias: list(&l.bias, n, unit),
        threshold: thresholds(&l.threshold, n, unit),
        reset: l.reset,
        compare: l.compare,
        sign: signs(&l.gain, n)?,
        reset_to: list_or_none(&l.reset_to, n, unit),
        start: list_or_none(&l.start, n, unit),
    };
    let is_exact = compares(l);
    if is_exact {
        fixed.frac = site.finest;
        let whole = (0..n).map(|i| whole_threshold(site, l, i, n)).map(|t| t << fixed.frac);
        (fixed.bias, fixed.threshold) = whole.map(above_zero).unzip();
        (fixed.reset_to, fixed.start) = (Vec::new(), Vec::new());
    }
    let count = fixed.leak_num.iter().count();
    let all = runs([n, count, ranges.entries(site.x).len()], stream.len());
    let needed = |i| membrane_width(&fixed, i, all, ranges.at(site.x, i, all), graph.timesteps);
    fixed.width = (0..all).map(needed).max().unwrap_or(1).max(fixed.frac.saturating_add(1));
    if fixed.width > MAX_MEMBRANE {
        return Err(unsupported(format!(
            "the membrane needs {} bits; {MAX_MEMBRANE} are possible",
            if fixed.width > 64 { "over 64".into() } else { fixed.width.to_string() }
        ))
        .help(format!(
            "lower --precision-bits; thresholds lie between {smallest:.3e} and {largest:.3e} in units of a weighted sum"
        )));
    }
    let note = format!(
        "{}: {text}; membrane {} bits, {} after the point; thresholds {}..{} {}",
        site.name,
        fixed.width,
        fixed.frac,
        fixed.threshold.iter().min().unwrap_or(&0),
        fixed.threshold.iter().max().unwrap_or(&0),
        if is_exact { "exact" } else { "rounded by at most half a unit" },
    );
    Ok((fixed, note))
}

/// Is nothing left of a membrane at the next timestep?
fn compares(l: &Lif) -> bool {
    l.leak.iter().all(|leak| *leak == 0.0) && !l.reset.is_delayed()
}

/// How near to a whole number a threshold is one: the divisions that led to it round.
const WHOLE: f64 = 1e-9;

/// The threshold of neuron `i` of `n` in whole units of its input, of which it decides the
/// same for each. It is at most one unit beyond what the input can be.
fn whole_threshold(site: &Site<'_>, l: &Lif, i: usize, n: usize) -> i64 {
    let real = (l.threshold.of(i, n) - l.bias.of(i, n)) * f64::from(site.frac).exp2();
    let nearest = real.round();
    let whole = match l.compare {
        _ if (real - nearest).abs() <= WHOLE * real.abs().max(1.0) => nearest,
        Compare::AtLeast => real.ceil(),
        Compare::Above => real.floor(),
    };
    let ends = site.built.ranges.entries(site.x).iter().flat_map(|r| [r.0, r.1]);
    let reach = ends.map(i64::abs).max().unwrap_or(0);
    (whole as i64).clamp(-reach - 1, reach + 1)
}

/// A constant current and a threshold above 0 that decide as this threshold does.
fn above_zero(threshold: i64) -> (i64, i64) {
    let more = (1 - threshold).max(0);
    (more, threshold + more)
}

/// Integrators whose result has the unit 2^−`frac`.
pub(super) fn li(site: &Site<'_>, l: &Li, frac: i32) -> Result<(FixedLi, String)> {
    let (graph, ranges) = (&site.built.graph, &site.built.ranges);
    let stream = &graph.node(site.x).stream;
    let own = l.resets.iter().flat_map(|r| [&r.threshold, &r.reset_to]);
    let lists = [&l.leak, &l.gain, &l.bias, &l.start].into_iter().chain(own);
    let n = granularity(stream, lists.map(|v| v.iter().count()));
    let Leak { num, shift, text } = leak(&l.leak, site.options.leak_bits);
    let unit = f64::from(frac).exp2();
    let resets = |r: &Resets| FixedResets {
        threshold: thresholds(&r.threshold, n, unit),
        reset: r.reset,
        compare: r.compare,
        reset_to: list_or_none(&r.reset_to, n, unit),
        gives: r.gives,
    };
    let mut fixed = FixedLi {
        leak_num: num,
        leak_shift: shift,
        frac: u32::try_from(frac - site.frac).unwrap_or(0),
        width: MAX_MEMBRANE,
        bias: list(&l.bias, n, unit),
        sign: signs(&l.gain, n)?,
        start: list_or_none(&l.start, n, unit),
        resets: l.resets.as_ref().map(resets),
    };
    let count = fixed.leak_num.iter().count();
    let all = runs([n, count, ranges.entries(site.x).len()], stream.len());
    let needed =
        |i| range_width(integrator(&fixed, i, all, ranges.at(site.x, i, all), graph.timesteps));
    fixed.width = (0..all).map(needed).max().unwrap_or(1).max(fixed.frac.saturating_add(1));
    let mut note = format!(
        "{}: {text}; membrane {} bits, {} after the point, unit 2^{}",
        site.name, fixed.width, fixed.frac, -frac
    );
    if let Some(r) = &fixed.resets {
        let ends = (r.threshold.iter().min().unwrap_or(&0), r.threshold.iter().max().unwrap_or(&0));
        note += &format!("; resets at {}..{}", ends.0, ends.1);
    }
    Ok((fixed, note))
}
