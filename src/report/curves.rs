// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Numbers that change with each step, beside each other: one panel a number.

use std::fmt::Write as _;

use super::memory::{MARGIN, text};
use super::svg::STYLE;
use super::xml::{escape, shorten, width};

/// A number, and how it went for each of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What the number is.
    pub title: String,
    /// Ends that the axis has at least; nothing if the curves decide alone.
    pub at_least: Option<[f64; 2]>,
    /// The curves, told apart by colour.
    pub curves: Vec<Curve>,
}

/// How a number went. Panels show the curves of one name in one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Whose it is.
    pub name: String,
    /// Its values at the steps 1, 2, 3, …; what is no finite number is left out.
    pub values: Vec<f64>,
}

/// Sizes in pixels, those of a panel from its left edge.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 372.0;
const TOP: f64 = 112.0;
const BOTTOM: f64 = 58.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 24.0;
/// Distance between two marks at least.
const APART: [f64; 2] = [44.0, 30.0];
/// Colours of curves in the order of their names' first appearance; the last serves all others.
const COLOURS: [&str; 4] = ["#2f6fd0", "#d9730d", "#2d9d78", "#8595a3"];

/// A picture of panels side by side, `step` the name of what is counted from 1 on.
#[must_use]
pub fn curves_svg(title: &str, step: &str, panels: &[Panel]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">"#
    );
    let title = escape(&shorten(title, 50));
    let _ = writeln!(out, "<title>{title}</title>\n{STYLE}");
    let _ = writeln!(out, r#"<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="10"/>"#);
    text(&mut out, "title", MARGIN, MARGIN + 16.0, &title);
    let names = names(panels);
    legend(&mut out, &names);
    let wide = (WIDTH - 2.0 * (MARGIN - 8.0)) / panels.len().max(1) as f64;
    for (i, panel) in panels.iter().enumerate() {
        let from = MARGIN - 8.0 + i as f64 * wide;
        draw(&mut out, panel, step, &names, [from + LEFT, from + wide - RIGHT]);
    }
    out.push_str("</svg>\n");
    out
}

/// Of all curves, each once, in the order of their first appearance.
fn names(panels: &[Panel]) -> Vec<&str> {
    let mut names = Vec::new();
    for curve in panels.iter().flat_map(|p| &p.curves) {
        if !names.contains(&&*curve.name) {
            names.push(&*curve.name);
        }
    }
    names
}

fn colour(names: &[&str], name: &str) -> &'static str {
    let place = names.iter().position(|n| *n == name).unwrap_or(COLOURS.len());
    COLOURS[place.min(COLOURS.len() - 1)]
}

fn legend(out: &mut String, names: &[&str]) {
    let mut x = MARGIN;
    for name in names {
        let (y, name_text) = (MARGIN + 37.0, shorten(name, 24));
        let colour = colour(names, name);
        let _ = writeln!(
            out,
            r#"<path d="M{x:.1} {:.1}h18" fill="none" stroke="{colour}" stroke-width="3" stroke-linecap="round"/>"#,
            y - 4.0
        );
        text(out, "line", x + 26.0, y, &escape(&name_text));
        x += 26.0 + width(&name_text, 12.5) + 22.0;
    }
}

fn draw(out: &mut String, panel: &Panel, step: &str, names: &[&str], [left, right]: [f64; 2]) {
    let (bottom, middle) = (HEIGHT - BOTTOM, f64::midpoint(left, right));
    text(out, "strong", left, TOP - 16.0, &escape(&panel.title));
    let finite = || panel.curves.iter().flat_map(|c| &c.values).copied().filter(|v| v.is_finite());
    let ends = panel.at_least.into_iter().flatten();
    let range = finite()
        .chain(ends)
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    if finite().next().is_none() {
        text(out, "mid", middle, f64::midpoint(TOP, bottom), "nothing yet");
        return;
    }
    let marks = Marks::around(range, (bottom - TOP) / APART[1], 0.0);
    let (low, high) = (marks.at(marks.first), marks.at(marks.last));
    let y = |v: f64| bottom - (v - low) / (high - low) * (bottom - TOP);
    let most = panel.curves.iter().map(|c| c.values.len()).max().unwrap_or(1).max(2);
    let x = |n: f64| left + (n - 1.0) / (most - 1) as f64 * (right - left);

    let _ = writeln!(out, r#"<path class="axis" d="M{left:.1} {bottom:.1}H{right:.1}"/>"#);
    for mark in marks.first..=marks.last {
        let at = y(marks.at(mark));
        let _ = writeln!(
            out,
            r#"<path class="axis" stroke-opacity=".6" d="M{left:.1} {at:.1}H{right:.1}"/>"#
        );
        text(out, "badge", left - 10.0, at + 4.0, &marks.text(mark));
    }
    let steps = Marks::around([1.0, most as f64], (right - left) / APART[0], 1.0);
    let mut shown = vec![1.0];
    // From the right: the last round one stays, and 1 is shown where it has room.
    let round = (steps.first..=steps.last).rev().map(|mark| steps.at(mark));
    let inside = round.filter(|n| (2.0..=most as f64).contains(n));
    shown.extend(inside.filter(|n| x(*n) - x(1.0) >= 0.5 * APART[0]));
    for n in shown {
        let at = x(n);
        let _ = writeln!(out, r#"<path class="axis" d="M{at:.1} {bottom:.1}v4"/>"#);
        text(out, "flow", at, bottom + 20.0, &format!("{n:.0}"));
    }
    text(out, "mid", middle, bottom + 42.0, &escape(step));

    for curve in &panel.curves {
        let colour = colour(names, &curve.name);
        let points = curve.values.iter().enumerate().filter(|(_, v)| v.is_finite());
        let points: Vec<_> = points.map(|(i, v)| (x(i as f64 + 1.0), y(*v))).collect();
        if let [(x, y)] = points[..] {
            let _ = writeln!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#);
        }
        let line: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        if line.len() > 1 {
            let _ = writeln!(
                out,
                r#"<path d="M{}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>"#,
                line.join("L")
            );
        }
    }
}

/// Round numbers at equal distances: whole multiples of 1, 2 or 5 times a power of ten.
struct Marks {
    /// 1, 2 or 5, and the power of ten.
    times: f64,
    power: i32,
    /// The multiples that reach around the range.
    first: i64,
    last: i64,
}

impl Marks {
    /// At most `most` distances, or a few more at the ends, of at least `least`, around a range.
    fn around([low, high]: [f64; 2], most: f64, least: f64) -> Self {
        let size = low.abs().max(high.abs()).max(f64::MIN_POSITIVE.sqrt());
        // Numbers that are all the same have room around them, too.
        let wanted = ((high - low).max(size * 1e-6) / most.max(1.0)).max(least);
        let power = wanted.log10().floor() as i32;
        let share = wanted / 10f64.powi(power);
        let (times, power) = match share {
            s if s <= 1.0 + 1e-9 => (1.0, power),
            s if s <= 2.0 => (2.0, power),
            s if s <= 5.0 => (5.0, power),
            _ => (1.0, power + 1),
        };
        let mut marks = Self { times, power, first: 0, last: 0 };
        let step = marks.at(1);
        // A number that is a multiple but for its rounding is one.
        marks.first = (low / step + 1e-6).floor() as i64;
        marks.last = ((high / step - 1e-6).ceil() as i64).max(marks.first + 1);
        marks
    }

    fn at(&self, mark: i64) -> f64 {
        let whole = mark as f64 * self.times;
        if self.power < 0 {
            whole / 10f64.powi(-self.power)
        } else {
            whole * 10f64.powi(self.power)
        }
    }

    /// With as many digits as the marks differ in.
    fn text(&self, mark: i64) -> String {
        let digits = usize::try_from(-self.power).unwrap_or(0);
        format!("{:.digits$}", self.at(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(range: [f64; 2], most: f64, least: f64) -> Vec<String> {
        let marks = Marks::around(range, most, least);
        (marks.first..=marks.last).map(|m| marks.text(m)).collect()
    }

    #[test]
    fn marks_are_round_and_reach_around() {
        assert_eq!(
            marks([0.0, 0.61], 7.0, 0.0),
            ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]
        );
        assert_eq!(
            marks([0.853, 0.906], 7.0, 0.0),
            ["0.85", "0.86", "0.87", "0.88", "0.89", "0.90", "0.91"]
        );
        assert_eq!(marks([1.0, 60.0], 7.0, 1.0), ["0", "10", "20", "30", "40", "50", "60"]);
        assert_eq!(marks([1.0, 3.0], 7.0, 1.0), ["1", "2", "3"]);
        assert_eq!(
            marks([0.0, 2600.0], 7.0, 0.0),
            ["0", "500", "1000", "1500", "2000", "2500", "3000"]
        );
        assert_eq!(marks([-1.0, 1.0], 4.0, 0.0), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        // 0.3 is no whole number of tenths, nearly.
        assert_eq!(marks([0.1, 0.1 + 0.2], 2.0, 0.0), ["0.1", "0.2", "0.3"]);
        for same in [0.0, 0.5, 1e9] {
            let found = Marks::around([same, same], 7.0, 0.0);
            let (low, high) = (found.at(found.first), found.at(found.last));
            assert!(low <= same && same <= high && low < high, "{same}: {low} {high}");
        }
    }

    fn panel(values: &[&[f64]]) -> Panel {
        let curves = ["teacher", "student <1>"].iter().zip(values);
        let curves = curves.map(|(n, v)| Curve { name: (*n).into(), values: v.to_vec() }).collect();
        Panel { title: "loss & more".into(), at_least: Some([0.0, 0.0]), curves }
    }

    fn between<'a>(svg: &'a str, before: &str, after: &str) -> Vec<&'a str> {
        svg.split(before).skip(1).filter_map(|s| s.split(after).next()).collect()
    }

    /// 0 at the bottom and 1 at the top, the first step at the left and the last at the right.
    #[test]
    fn curves_are_where_their_numbers_are() {
        let one = panel(&[&[0.0, 0.5, 1.0], &[1.0, f64::NAN, 0.25]]);
        let svg = curves_svg("a & b", "epoch", &[one.clone(), one]);
        let (left, right, bottom) = (86.0, 406.0, HEIGHT - BOTTOM);
        let at = |share: f64| bottom - share * (bottom - TOP);
        let (middle, half) = (f64::midpoint(left, right), at(0.5));
        let teacher = format!("M{left:.1} {bottom:.1}L{middle:.1} {half:.1}L{right:.1} {TOP:.1}");
        let student = format!("M{left:.1} {TOP:.1}L{right:.1} {:.1}", at(0.25));
        for (line, colour) in [(teacher, COLOURS[0]), (student, COLOURS[1])] {
            let line = format!(r#"<path d="{line}" fill="none" stroke="{colour}""#);
            assert_eq!(svg.matches(&line).count(), 1, "{line}\n{svg}");
        }
        // Two panels of three epochs, and one line for each name.
        assert_eq!(between(&svg, r#"<text class="flow""#, "</text>").len(), 6);
        let names: Vec<_> = between(&svg, r#"<text class="line""#, "</text>");
        assert!(names.len() == 2 && names[1].ends_with("student &lt;1&gt;"), "{names:?}");
        assert!(svg.contains("prefers-color-scheme: dark") && svg.contains("loss &amp; more"));
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    }

    #[test]
    fn epochs_are_whole_numbers_apart() {
        let of = |count: usize| {
            let svg = curves_svg("t", "epoch", &[panel(&[&vec![1.0; count]])]);
            let mut numbers: Vec<u32> = between(&svg, r#"<text class="flow""#, "</text>")
                .iter()
                .map(|t| t.split('>').nth(1).unwrap().parse().unwrap())
                .collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(of(1), [1, 2]);
        assert_eq!(of(4), [1, 2, 3, 4]);
        assert_eq!(of(60), [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
        assert_eq!(of(1000), [1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    }

    #[test]
    fn little_is_shown_as_well() {
        let svg = curves_svg("t", "epoch", &[panel(&[&[0.5], &[]])]);
        assert!(svg.contains("<circle") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(curves_svg("t", "epoch", &[panel(&[&[]])]).contains("nothing yet"));
        assert!(curves_svg("t", "epoch", &[]).ends_with("</svg>\n"));
    }
}
