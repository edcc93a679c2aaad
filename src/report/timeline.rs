// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Stages or jobs over the cycles of an inference.

use std::fmt::Write as _;

use super::facts::grouped;
use super::memory::{MARGIN, text};
use super::run::Run;
use super::svg::STYLE;
use super::xml::{escape, shorten, width};

/// Sizes in pixels.
const ROW: f64 = 30.0;
const BAR: f64 = 22.0;
const AXIS: f64 = 34.0;
const PLOT: f64 = 700.0;
/// Buckets over the whole time, for how busy the weight memory is.
const BUCKETS: u64 = 350;
/// Longest name shown in full.
const NAME: usize = 34;

/// A bar for each stage or job from its first to its last cycle; in it, how often a row of
/// weights was read.
pub(super) fn timeline(run: &Run) -> String {
    let names = run.spans.iter().map(|s| width(&shorten(&s.name, NAME), 12.5));
    let left = MARGIN + names.fold(60.0, f64::max) + 14.0;
    let total_w = (left + PLOT + 120.0).ceil();
    let height = 12.0 + run.spans.len() as f64 * ROW + AXIS;
    let scale = PLOT / run.cycles.max(1) as f64;
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{total_w}" height="{height}" viewBox="0 0 {total_w} {height}" role="img">"#
    );
    let _ = writeln!(out, "<title>Cycles</title>\n{STYLE}");
    let _ = writeln!(out, r#"<rect class="page" width="{total_w}" height="{height}" rx="10"/>"#);
    axis(&mut out, run.cycles, (left, scale), height - AXIS);
    for (i, span) in run.spans.iter().enumerate() {
        let y = 12.0 + i as f64 * ROW;
        text(&mut out, "line", MARGIN, y + 15.0, &escape(&shorten(&span.name, NAME)));
        let (x, wide) = (left + span.from as f64 * scale, span.cycles() as f64 * scale);
        let _ = writeln!(
            out,
            r#"<rect class="weights" fill-opacity=".45" x="{x:.2}" y="{y:.1}" width="{:.2}" height="{BAR}" rx="2"><title>cycles {} to {}</title></rect>"#,
            wide.max(1.0),
            grouped(span.from),
            grouped(span.to)
        );
        busy(&mut out, &span.rows, run.cycles, left, y);
        text(&mut out, "muted", x + wide.max(1.0) + 6.0, y + 15.0, &grouped(span.cycles()));
    }
    out.push_str("</svg>\n");
    out
}

/// Columns as high as the share of cycles in which a row of weights was read.
fn busy(out: &mut String, rows: &[u64], cycles: u64, left: f64, y: f64) {
    let size = cycles.div_ceil(BUCKETS).max(1);
    let mut buckets = vec![0u64; cycles.div_ceil(size).max(1) as usize];
    let last = buckets.len() - 1;
    rows.iter().for_each(|&cycle| buckets[((cycle / size) as usize).min(last)] += 1);
    let wide = PLOT * size as f64 / cycles.max(1) as f64;
    let mut d = String::new();
    for (i, &n) in buckets.iter().enumerate().filter(|(_, n)| **n > 0) {
        let high = (n as f64 / size as f64).min(1.0) * BAR;
        let _ = write!(
            d,
            "M{:.2} {:.1}v-{high:.1}h{wide:.2}v{high:.1}z",
            left + i as f64 * wide,
            y + BAR
        );
    }
    if !d.is_empty() {
        let _ = writeln!(out, r#"<path class="busy" d="{d}"/>"#);
    }
}

/// Round numbers of cycles along the lower edge.
fn axis(out: &mut String, cycles: u64, (left, scale): (f64, f64), y: f64) {
    let _ = writeln!(out, r#"<path class="axis" d="M{left:.1} {y:.1}h{PLOT}"/>"#);
    let step = step(cycles);
    for at in (0..=cycles).step_by(step as usize) {
        let x = left + at as f64 * scale;
        let _ = writeln!(out, r#"<path class="axis" d="M{x:.1} 8V{:.1}"/>"#, y + 4.0);
        text(out, "flow", x, y + 18.0, &grouped(at));
    }
}

/// 1, 2 or 5 times a power of ten, at most eight of which fit.
fn step(cycles: u64) -> u64 {
    let mut step = 1;
    for factor in [2, 5, 10].into_iter().cycle() {
        if cycles / step <= 8 {
            break;
        }
        // 1, 2, 5, 10, 20, …: the power of ten so far, times the factor.
        let ten = 10u64.pow(step.ilog10());
        step = ten * factor;
    }
    step
}

#[cfg(test)]
mod tests {
    #[test]
    fn steps_are_round_and_few() {
        for (cycles, step) in
            [(0, 1), (8, 1), (9, 2), (44, 5), (45, 10), (2552, 500), (170_000, 20_000)]
        {
            assert_eq!(super::step(cycles), step, "{cycles}");
        }
    }
}
