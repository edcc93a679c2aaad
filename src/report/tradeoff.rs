// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Accuracy against energy or cycles: a dot for each point, the front as a line.

use std::fmt::Write as _;

use super::memory::{MARGIN, text};
use super::svg::STYLE;
use super::xml::{escape, shorten, width};

/// A model that does without something.
#[derive(Debug, Clone, PartialEq)]
pub struct Dot {
    /// Its id.
    pub name: String,
    /// Of an inference, in the unit of the picture.
    pub cost: f64,
    /// Percent: lower end, value, upper end.
    pub accuracy: [f64; 3],
    /// Timesteps, which give the colour.
    pub timesteps: u32,
    /// Does nothing beat it?
    pub front: bool,
    /// Is it the one that is enough?
    pub chosen: bool,
}

/// What a dot costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanojoules.
    Energy,
    /// Clock cycles.
    Cycles,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Energy => "nJ",
            Self::Cycles => "cycles",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Cycles => "cycles",
        }
    }
}

/// Sizes in pixels.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const TOP: f64 = 84.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 120.0;
const BOTTOM: f64 = 64.0;

/// Colours by number of timesteps, the fewest first; the last serves all others.
const COLOURS: [&str; 6] = ["#c2478f", "#d9730d", "#2d9d78", "#2f6fd0", "#7a5fc7", "#8595a3"];

/// Marks of the accuracy's axis, in percent: those that are not too near to another are shown.
const PERCENT: [f64; 20] = [
    90.0, 50.0, 80.0, 99.0, 0.0, 95.0, 70.0, 98.0, 85.0, 30.0, 99.9, 97.0, 60.0, 40.0, 92.0, 88.0,
    86.0, 94.0, 96.0, 99.5,
];

/// From numbers to pixels.
struct Plot {
    /// Energy, on a logarithmic axis.
    x: [f64; 2],
    /// Accuracy, on an axis that is logarithmic in what is missing to 100 %.
    y: [f64; 2],
}

/// What is missing, as a number that rises with the accuracy.
fn missing(percent: f64) -> f64 {
    -(100.0 - percent).max(0.02).log10()
}

/// A picture of `dots`; the axes are logarithmic in the cost, and in what the accuracy misses.
#[must_use]
pub fn tradeoff_svg(model: &str, target: &str, unit: Unit, dots: &[Dot]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">"#
    );
    let name = escape(&shorten(model, 50));
    let _ = writeln!(out, "<title>{name}: accuracy against {}</title>\n{STYLE}", unit.what());
    let _ = writeln!(out, r#"<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="10"/>"#);
    text(&mut out, "title", MARGIN, MARGIN + 16.0, &name);
    let on = format!(
        "accuracy against the core's {} for an inference on {target}; bars are 95 % intervals",
        unit.what()
    );
    text(&mut out, "muted", MARGIN, MARGIN + 37.0, &escape(&on));
    if let Some(plot) = Plot::around(dots) {
        plot.axes(&mut out, unit);
        plot.front(&mut out, dots);
        plot.dots(&mut out, unit, dots);
        legend(&mut out, dots);
    } else {
        text(&mut out, "line", LEFT, TOP + 40.0, "no row runs on this hardware");
    }
    out.push_str("</svg>\n");
    out
}

impl Plot {
    /// With some room around all dots; nothing if there is none.
    fn around(dots: &[Dot]) -> Option<Self> {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |r: Option<[f64; 2]>, v| {
                Some(r.map_or([v, v], |r| [r[0].min(v), r[1].max(v)]))
            })
        };
        let x = range(&mut dots.iter().map(|d| d.cost.max(1e-3).log10()))?;
        let y = range(&mut dots.iter().flat_map(|d| [d.accuracy[0], d.accuracy[2]].map(missing)))?;
        let wider = |r: [f64; 2], least: f64| {
            let room = ((r[1] - r[0]) * 0.06).max(least);
            [r[0] - room, r[1] + room]
        };
        Some(Self { x: wider(x, 0.02), y: wider(y, 0.02) })
    }

    fn x(&self, cost: f64) -> f64 {
        let share = (cost.max(1e-3).log10() - self.x[0]) / (self.x[1] - self.x[0]);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, percent: f64) -> f64 {
        let share = (missing(percent) - self.y[0]) / (self.y[1] - self.y[0]);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn axes(&self, out: &mut String, unit: Unit) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let _ = writeln!(out, r#"<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}"/>"#);
        for cost in marks(self.x) {
            let x = self.x(cost);
            let _ = writeln!(out, r#"<path class="axis" d="M{x:.1} {TOP}V{:.1}"/>"#, bottom + 4.0);
            text(out, "flow", x, bottom + 20.0, &number(cost));
        }
        text(
            out,
            "mid",
            f64::midpoint(LEFT, right),
            bottom + 44.0,
            &format!(
                "{} of an inference{}",
                unit.what(),
                if unit == Unit::Energy { " (nJ)" } else { "" }
            ),
        );
        let mut shown: Vec<f64> = Vec::new();
        for percent in PERCENT {
            let y = self.y(percent);
            let inside = (TOP..=bottom).contains(&y);
            if inside && shown.iter().all(|other| (other - y).abs() > 24.0) {
                shown.push(y);
                let _ =
                    writeln!(out, r#"<path class="axis" d="M{:.1} {y:.1}H{right}"/>"#, LEFT - 4.0);
                text(out, "badge", LEFT - 10.0, y + 4.0, &format!("{} %", number(percent)));
            }
        }
    }

    fn front(&self, out: &mut String, dots: &[Dot]) {
        let mut front: Vec<&Dot> = dots.iter().filter(|d| d.front).collect();
        front.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let at = |d: &&Dot| format!("{:.1} {:.1}", self.x(d.cost), self.y(d.accuracy[1]));
        let line: Vec<String> = front.iter().map(at).collect();
        if line.len() > 1 {
            let _ = writeln!(out, r#"<path class="edge" d="M{}"/>"#, line.join("L"));
        }
    }

    fn dots(&self, out: &mut String, unit: Unit, dots: &[Dot]) {
        let mut taken: Vec<[f64; 4]> = Vec::new();
        for d in dots {
            let (x, colour) = (self.x(d.cost), colour(dots, d.timesteps));
            let [low, y, high] = d.accuracy.map(|a| self.y(a));
            let [least, value, most] = d.accuracy;
            let _ = writeln!(
                out,
                r#"<g><title>{}: {value:.2} % ({least:.2} to {most:.2}), {} {}</title><path d="M{x:.1} {low:.1}V{high:.1}" stroke="{colour}" stroke-opacity=".45"/><circle cx="{x:.1}" cy="{y:.1}" r="{}" fill="{colour}" fill-opacity="{}"/>"#,
                escape(&d.name),
                number(d.cost),
                unit.name(),
                if d.front { 5.0 } else { 3.2 },
                if d.front { 1.0 } else { 0.5 },
            );
            if d.chosen {
                let _ = writeln!(
                    out,
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="10" fill="none" stroke="{colour}" stroke-width="2"/>"#
                );
            }
            out.push_str("</g>\n");
        }
        // Names of what matters, where there is room.
        for d in dots.iter().filter(|d| d.front || d.chosen) {
            let (mut x, y) = (self.x(d.cost) + 12.0, self.y(d.accuracy[1]) + 4.0);
            let wide = width(&d.name, 12.5);
            if x + wide > WIDTH - RIGHT {
                x -= wide + 24.0;
            }
            for shift in [14.0, -12.0, 28.0, -26.0] {
                let place = [x, y + shift - 11.0, x + wide, y + shift + 3.0];
                let apart = |t: &[f64; 4]| {
                    place[2] < t[0] || t[2] < place[0] || place[3] < t[1] || t[3] < place[1]
                };
                if taken.iter().all(apart) {
                    text(out, "strong", x, y + shift, &escape(&d.name));
                    taken.push(place);
                    break;
                }
            }
        }
    }
}

fn colour(dots: &[Dot], timesteps: u32) -> &'static str {
    let mut all: Vec<u32> = dots.iter().map(|d| d.timesteps).collect();
    all.sort_unstable();
    all.dedup();
    let place = all.iter().position(|t| *t == timesteps).unwrap_or(0);
    COLOURS[place.min(COLOURS.len() - 1)]
}

fn legend(out: &mut String, dots: &[Dot]) {
    let mut all: Vec<u32> = dots.iter().map(|d| d.timesteps).collect();
    all.sort_unstable();
    all.dedup();
    for (i, t) in all.iter().enumerate().take(COLOURS.len()) {
        let y = TOP + 14.0 + i as f64 * 22.0;
        let x = WIDTH - RIGHT + 24.0;
        let more =
            if i + 1 == COLOURS.len() && all.len() > COLOURS.len() { " and more" } else { "" };
        let _ = writeln!(
            out,
            r#"<circle cx="{x:.1}" cy="{:.1}" r="5" fill="{}"/>"#,
            y - 4.0,
            COLOURS[i]
        );
        text(out, "line", x + 12.0, y, &format!("T = {t}{more}"));
    }
}

/// 1, 2 and 5 times powers of ten between two logarithms; more of them where these are few.
fn marks(range: [f64; 2]) -> Vec<f64> {
    let from = |factors: &[f64]| -> Vec<f64> {
        let tens = (range[0].floor() as i32)..=(range[1].ceil() as i32);
        let all = tens.flat_map(|p| factors.iter().map(move |f| f * 10f64.powi(p)));
        all.filter(|v| (range[0]..=range[1]).contains(&v.log10())).collect()
    };
    let few = from(&[1.0, 2.0, 5.0]);
    if few.len() > 2 { few } else { from(&[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) }
}

/// Without digits that say nothing.
fn number(v: f64) -> String {
    let digits = if v >= 100.0 { 0 } else { 2 };
    let text = format!("{v:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(name: &str, cost: f64, accuracy: f64, timesteps: u32, front: bool) -> Dot {
        let accuracy = [accuracy - 1.0, accuracy, accuracy + 1.0];
        Dot { name: name.into(), cost, accuracy, timesteps, front, chosen: front && timesteps == 2 }
    }

    #[test]
    fn more_energy_is_further_to_the_right_and_more_accuracy_higher() {
        let dots = [
            dot("a", 100.0, 80.0, 1, true),
            dot("b", 1000.0, 90.0, 2, true),
            dot("c", 900.0, 85.0, 2, false),
        ];
        let plot = Plot::around(&dots).unwrap();
        assert!(plot.x(100.0) < plot.x(900.0) && plot.x(900.0) < plot.x(1000.0));
        assert!(plot.y(90.0) < plot.y(85.0) && plot.y(85.0) < plot.y(80.0));
        // 99 % is as far above 90 % as that is above 0.
        assert!((plot.y(0.0) - plot.y(90.0) - (plot.y(90.0) - plot.y(99.0))).abs() < 1e-9);
        // Ten times as much is as far from one as a hundred from ten.
        assert!((plot.x(100.0) - plot.x(10.0) - (plot.x(1000.0) - plot.x(100.0))).abs() < 1e-9);
        let svg = tradeoff_svg("m<", "icebreaker", Unit::Energy, &dots);
        assert!(svg.contains("m&lt;") && svg.contains("b: 90.00 % (89.00 to 91.00), 1000 nJ"));
        // The chosen one has a ring; the line goes through the front alone.
        assert_eq!(svg.matches(r#"fill="none" stroke=""#).count(), 1);
        assert_eq!(svg.matches(r#"class="edge" d="M"#).count(), 1);
        assert!(quick_xml::Reader::from_str(&svg).into_inner().starts_with(b"<svg"));
    }

    #[test]
    fn nothing_to_show_is_said() {
        assert!(tradeoff_svg("m", "t", Unit::Cycles, &[]).contains("no row runs on this hardware"));
        let one = tradeoff_svg("m", "t", Unit::Cycles, &[dot("a", 5.0, 50.0, 1, true)]);
        assert!(
            !one.contains("NaN") && one.contains("<circle") && one.contains("5 cycles</title>")
        );
    }

    #[test]
    fn axes_have_round_numbers() {
        assert_eq!(marks([0.0, 2.0]), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(marks([2.1, 2.5]), [150.0, 200.0, 250.0, 300.0]);
        assert_eq!(
            (number(0.5), number(2.0), number(1500.0)),
            ("0.5".into(), "2".into(), "1500".into())
        );
    }
}
