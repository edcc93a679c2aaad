// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A node as a box with text, what leaves it below.

use std::fmt::Write as _;

use super::layout::Size;
use super::svg::TEXT_SIZE;
use super::xml::{escape, shorten, width};

/// Sizes in pixels.
const PAD: f64 = 16.0;
const TITLE_H: f64 = 34.0;
const LINE_H: f64 = 18.0;
const STEM: f64 = 12.0;
const PILL_H: f64 = 22.0;
const TITLE_SIZE: f64 = 15.0;
const PILL_SIZE: f64 = 11.5;
/// Longest name that is shown in full.
const NAME_CHARS: usize = 44;

/// A box with its text; also used where there is no graph, to draw a shape.
#[derive(Debug, Clone, Default)]
pub(super) struct Card {
    /// Full name.
    pub name: String,
    /// Operator, at the right of the name.
    pub badge: String,
    /// CSS class: the family of operators.
    pub class: &'static str,
    /// What it is.
    pub lines: Vec<String>,
    /// Its hardware.
    pub hardware: Vec<String>,
    /// What leaves it, and the CSS class of that.
    pub stream: Option<(String, &'static str)>,
}

impl Card {
    /// Height of the box alone.
    fn body(&self) -> f64 {
        if self.class == "end" {
            return 30.0;
        }
        let lines = self.lines.len() as f64 * LINE_H;
        let hardware =
            if self.hardware.is_empty() { 0.0 } else { self.hardware.len() as f64 * LINE_H + 18.0 };
        TITLE_H + lines + 10.0 + hardware
    }

    /// Size, what leaves it included.
    pub(super) fn size(&self) -> Size {
        if self.class == "end" {
            return Size { width: 96.0, height: self.body() };
        }
        let title = width(&shorten(&self.name, NAME_CHARS), TITLE_SIZE * 1.06)
            + width(&self.badge, TEXT_SIZE)
            + 26.0;
        let texts = self.lines.iter().chain(&self.hardware).map(|l| width(l, TEXT_SIZE));
        let stream = self.stream.as_ref().map_or(0.0, |(s, _)| width(s, PILL_SIZE));
        let outlet = if self.stream.is_some() { STEM + PILL_H } else { 0.0 };
        Size {
            width: texts.fold(title.max(stream), f64::max).max(200.0) + 2.0 * PAD,
            height: self.body() + outlet,
        }
    }
}

/// Draws it with its upper left corner at (x, y).
pub(super) fn body(out: &mut String, card: &Card, size: Size, x: f64, y: f64) {
    let (w, h, class) = (size.width, card.body(), card.class);
    let _ = writeln!(out, r#"<g class="card {class}" transform="translate({x:.1} {y:.1})">"#);
    let _ = writeln!(out, "<title>{}</title>", escape(&card.name));
    let _ = writeln!(out, r#"<rect class="box" width="{w:.1}" height="{h:.1}" rx="8"/>"#);
    if class == "end" {
        let name = escape(&card.name);
        let _ = writeln!(out, r#"<text class="mid" x="{:.1}" y="20">{name}</text></g>"#, w / 2.0);
        return;
    }
    let _ = writeln!(out, r#"<path class="bar" d="M8 0H{:.1}"/>"#, w - 8.0);
    let name = escape(&shorten(&card.name, NAME_CHARS));
    let _ = writeln!(out, r#"<text class="name" x="{PAD}" y="24">{name}</text>"#);
    let badge = escape(&card.badge);
    let _ = writeln!(out, r#"<text class="badge" x="{:.1}" y="24">{badge}</text>"#, w - PAD);
    let mut at = TITLE_H + 12.0;
    for l in &card.lines {
        let _ = writeln!(out, r#"<text class="line" x="{PAD}" y="{at:.1}">{}</text>"#, escape(l));
        at += LINE_H;
    }
    if !card.hardware.is_empty() {
        let rule = at - 6.0;
        let _ = writeln!(
            out,
            r#"<path class="hw" d="M.5 {rule:.1}H{:.1}V{:.1}q0 7.5 -7.5 7.5H8q-7.5 0 -7.5 -7.5z"/>"#,
            w - 0.5,
            h - 8.0
        );
        at += 14.0;
        for l in &card.hardware {
            // The modules' names stand out.
            let class = if l.starts_with("sf_") { "line strong" } else { "line" };
            let text = escape(l);
            let _ = writeln!(out, r#"<text class="{class}" x="{PAD}" y="{at:.1}">{text}</text>"#);
            at += LINE_H;
        }
    }
    if let Some((text, flow)) = &card.stream {
        let pill = width(text, PILL_SIZE) + 20.0;
        let (cx, py) = (w / 2.0, h + STEM);
        let _ = writeln!(out, r#"<path class="edge {flow}" d="M{cx:.1} {h:.1}v{STEM}"/>"#);
        let _ = writeln!(
            out,
            r#"<rect class="pill {flow}" x="{:.1}" y="{py:.1}" width="{pill:.1}" height="{PILL_H}" rx="11"/>"#,
            cx - pill / 2.0
        );
        let text = escape(text);
        let _ =
            writeln!(out, r#"<text class="flow" x="{cx:.1}" y="{:.1}">{text}</text>"#, py + 15.0);
    }
    out.push_str("</g>\n");
}
