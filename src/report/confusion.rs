// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How often which class was given for which label, as a picture.

use std::fmt::Write as _;

use super::memory::{MARGIN, text};
use super::svg::STYLE;
use super::xml::{escape, shorten, width};

/// Most classes that a picture shows.
pub const CONFUSION_CLASSES: usize = 100;

/// Sizes in pixels.
const TOP: f64 = 112.0;
const LEFT: f64 = 84.0;
/// Room for the shares at the end of each line.
const RIGHT: f64 = 72.0;
/// A cell with a number, and one of a picture with many classes, which has none.
const CELL: f64 = 46.0;
const SMALL: f64 = 8.0;
/// Most classes whose cells have numbers.
const NUMBERED: usize = 20;

/// A picture of counts `[label][class]`, as many labels as classes: a line for each label, and the
/// fuller a cell, the larger its share of the line.
#[must_use]
pub fn confusion_svg(model: &str, counts: &[Vec<u64>]) -> String {
    let numbered = counts.len() <= NUMBERED;
    let cell = if numbered { CELL } else { SMALL };
    let side = cell * counts.len() as f64;
    let name = shorten(model, 50);
    let about =
        "lines are labels, columns the classes that were given; shades are shares of a line";
    let w = (LEFT + side + RIGHT).max(2.0 * MARGIN + width(about, 12.5)).ceil();
    let h = (TOP + side + MARGIN).ceil();
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img">"#
    );
    let _ = writeln!(out, "<title>{}: labels and classes</title>\n{STYLE}", escape(&name));
    let _ = writeln!(out, r#"<rect class="page" width="{w}" height="{h}" rx="10"/>"#);
    text(&mut out, "title", MARGIN, MARGIN + 16.0, &escape(&name));
    text(&mut out, "muted", MARGIN, MARGIN + 37.0, about);
    for (label, line) in counts.iter().enumerate() {
        let (y, all) = (TOP + cell * label as f64, line.iter().sum::<u64>());
        for (class, &n) in line.iter().enumerate() {
            let share = n as f64 / all.max(1) as f64;
            let kind = if label == class { "parameters" } else { "trace" };
            place(&mut out, (LEFT + cell * class as f64, y, cell), kind, share);
            if numbered && n > 0 {
                let (x, y) = (LEFT + cell * (class as f64 + 0.5), y + 0.5 * cell + 4.0);
                text(&mut out, "flow", x, y, &n.to_string());
            }
        }
        if numbered {
            let middle = y + 0.5 * cell + 4.0;
            text(&mut out, "badge", LEFT - 10.0, middle, &label.to_string());
            let column = LEFT + cell * (label as f64 + 0.5);
            text(&mut out, "flow", column, TOP - 8.0, &label.to_string());
            if all > 0 {
                let right = format!("{:.1} %", 100.0 * line[label] as f64 / all as f64);
                text(&mut out, "muted", LEFT + side + 10.0, middle, &right);
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

/// A cell that is filled as far as its share.
fn place(out: &mut String, (x, y, side): (f64, f64, f64), kind: &str, share: f64) {
    let _ = writeln!(
        out,
        r#"<rect class="box" x="{x:.1}" y="{y:.1}" width="{side}" height="{side}"/>"#
    );
    if share > 0.0 {
        let _ = writeln!(
            out,
            r#"<rect class="{kind}" fill-opacity="{share:.3}" x="{x:.1}" y="{y:.1}" width="{side}" height="{side}"/>"#
        );
    }
}
