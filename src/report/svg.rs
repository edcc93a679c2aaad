// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph, and the hardware of each layer, as a picture.

use std::fmt::Write as _;

use super::layout::{Layout, Size, layout};
use super::xml::{escape, shorten, width};
use super::{facts, stages};
use crate::diag::Result;
use crate::hw::Design;
use crate::ir::{Graph, Kind, NodeId, Op};

/// Sizes in pixels.
const MARGIN: f64 = 28.0;
const HEADER: f64 = 84.0;
const PAD: f64 = 16.0;
const TITLE_H: f64 = 34.0;
const LINE_H: f64 = 18.0;
const STEM: f64 = 12.0;
const PILL_H: f64 = 22.0;
const TITLE_SIZE: f64 = 15.0;
const TEXT_SIZE: f64 = 12.5;
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

/// The graph as an SVG picture, top-down; with a design also the stage of each layer.
/// It follows the viewer's colour scheme and needs no script and no font of its own.
///
/// # Errors
/// Only if the graph has a cycle or no output.
pub fn svg(graph: &Graph, design: Option<&Design>) -> Result<String> {
    let order = graph.order()?;
    let place = |id: NodeId| order.iter().position(|&o| o == id).unwrap_or(0);
    let mut cards: Vec<Card> = order.iter().map(|&id| card(graph, id, design)).collect();
    let mut edges = Vec::new();
    for (to, &id) in order.iter().enumerate() {
        edges.extend(graph.operands(id).into_iter().map(|from| (place(from), to)));
    }
    edges.push((place(graph.output()?), cards.len()));
    cards.push(Card { name: "output".to_owned(), class: "end", ..Card::default() });
    let steps = format!("{} {}", graph.timesteps, facts::plural(graph.timesteps, "timestep"));
    let subtitle = match design {
        Some(d) => format!("{steps}, {} nodes, {} hardware stages", graph.len(), d.stages.len()),
        None => format!("{steps}, {} nodes", graph.len()),
    };
    Ok(draw(&graph.name, &subtitle, &cards, &edges))
}

fn card(graph: &Graph, id: NodeId, design: Option<&Design>) -> Card {
    let node = graph.node(id);
    let class = match node.op {
        Op::Input(_) => "input",
        Op::Linear(_) => "linear",
        Op::Lif(_) | Op::FixedLif(_) => "neuron",
        Op::Readout(_) | Op::FixedReadout(_) => "readout",
        Op::Scale(_) | Op::BatchNorm(_) => "affine",
    };
    let flow = match node.stream.kind {
        Kind::Real => "real",
        Kind::Spikes => "spikes",
        Kind::Levels { .. } => "levels",
        Kind::Current { .. } => "current",
    };
    Card {
        name: node.name.clone(),
        badge: node.op.name().to_owned(),
        class,
        lines: facts::of(&node.op, &node.stream).lines,
        hardware: design.map_or_else(Vec::new, |d| stages::lines(d, &node.name)),
        stream: Some((node.stream.to_string(), flow)),
    }
}

impl Card {
    fn body(&self) -> f64 {
        if self.class == "end" {
            return 30.0;
        }
        let lines = self.lines.len() as f64 * LINE_H;
        let hardware =
            if self.hardware.is_empty() { 0.0 } else { self.hardware.len() as f64 * LINE_H + 18.0 };
        TITLE_H + lines + 10.0 + hardware
    }

    fn size(&self) -> Size {
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

/// Draws cards and edges (from, to), `from < to`.
pub(super) fn draw(
    title: &str,
    subtitle: &str,
    cards: &[Card],
    edges: &[(usize, usize)],
) -> String {
    let mut sizes: Vec<Size> = cards.iter().map(Card::size).collect();
    // Boxes of one width look calmer; only the end is small.
    let widest = sizes.iter().map(|s| s.width).fold(0.0, f64::max);
    for (s, _) in sizes.iter_mut().zip(cards).filter(|(_, c)| c.class != "end") {
        s.width = widest;
    }
    let place = layout(&sizes, edges);
    let heading = width(title, 20.0).max(width(subtitle, TEXT_SIZE)).max(legend_width(cards));
    let total_w = (place.width.max(heading) + 2.0 * MARGIN).ceil();
    let total_h = (place.height + HEADER + 2.0 * MARGIN).ceil();
    let left = (total_w - place.width) / 2.0;
    let top = MARGIN + HEADER;

    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{total_w}" height="{total_h}" viewBox="0 0 {total_w} {total_h}" role="img">"#
    );
    let _ = writeln!(out, "<title>{}</title>", escape(title));
    out.push_str(STYLE);
    let _ = writeln!(out, r#"<rect class="page" width="{total_w}" height="{total_h}" rx="10"/>"#);
    header(&mut out, title, subtitle, cards);
    let _ = writeln!(out, r#"<g transform="translate({left:.1} {top:.1})">"#);
    for (i, &edge) in edges.iter().enumerate() {
        line(&mut out, cards, &place, &sizes, edges, i, edge);
    }
    for ((card, size), &(x, y)) in cards.iter().zip(&sizes).zip(&place.boxes) {
        body(&mut out, card, *size, x, y);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Streams that occur, each with its colour.
fn flows(cards: &[Card]) -> Vec<&'static str> {
    ["levels", "current", "spikes", "real"]
        .into_iter()
        .filter(|f| cards.iter().any(|c| c.stream.as_ref().is_some_and(|s| s.1 == *f)))
        .collect()
}

fn legend_width(cards: &[Card]) -> f64 {
    flows(cards).iter().map(|f| width(f, TEXT_SIZE) + 52.0).sum()
}

fn header(out: &mut String, title: &str, subtitle: &str, cards: &[Card]) {
    let (x, y) = (MARGIN, MARGIN);
    let title = escape(&shorten(title, 60));
    let _ = writeln!(out, r#"<text class="title" x="{x}" y="{:.1}">{title}</text>"#, y + 16.0);
    let subtitle = escape(subtitle);
    let _ = writeln!(out, r#"<text class="muted" x="{x}" y="{:.1}">{subtitle}</text>"#, y + 37.0);
    let mut at = x;
    let y = y + 58.0;
    for flow in flows(cards) {
        let _ = writeln!(out, r#"<path class="edge {flow}" d="M{at:.1} {:.1}h26"/>"#, y - 4.0);
        let _ =
            writeln!(out, r#"<text class="muted" x="{:.1}" y="{y:.1}">{flow}</text>"#, at + 33.0);
        at += width(flow, TEXT_SIZE) + 52.0;
    }
}

/// One edge: straight inside the layers it passes, curved between them.
fn line(
    out: &mut String,
    cards: &[Card],
    place: &Layout,
    sizes: &[Size],
    edges: &[(usize, usize)],
    i: usize,
    (from, to): (usize, usize),
) {
    let route = &place.routes[i];
    let flow = cards[from].stream.as_ref().map_or("real", |s| s.1);
    // Several operands arrive side by side, in the order of where they come from.
    let mut arriving: Vec<(usize, f64)> = (0..edges.len())
        .filter(|&e| edges[e].1 == to)
        .map(|e| (e, place.routes[e][place.routes[e].len() - 2].0))
        .collect();
    arriving.sort_by(|a, b| a.1.total_cmp(&b.1));
    let slot = arriving.iter().position(|a| a.0 == i).unwrap_or(0) as f64;
    let spread = 28.0 * (slot - (arriving.len() as f64 - 1.0) / 2.0);

    let (x0, layer_top, layer_bottom) = route[0];
    let start = layer_top + sizes[from].height;
    let mut d = format!("M{x0:.1} {start:.1}V{layer_bottom:.1}");
    let mut y = layer_bottom;
    let mut x = x0;
    for (k, &(next, top, bottom)) in route.iter().enumerate().skip(1) {
        let last = k + 1 == route.len();
        let (next, end) = if last { (next + spread, top - 8.0) } else { (next, top) };
        let middle = f64::midpoint(y, end);
        if (next - x).abs() < 0.05 {
            let _ = write!(d, "V{end:.1}");
        } else {
            let _ = write!(d, "C{x:.1} {middle:.1} {next:.1} {middle:.1} {next:.1} {end:.1}");
        }
        if last {
            let _ = writeln!(out, r#"<path class="edge {flow}" d="{d}"/>"#);
            let _ =
                writeln!(out, r#"<path class="tip {flow}" d="M{next:.1} {top:.1}l-4.5 -9h9z"/>"#);
            return;
        }
        let _ = write!(d, "V{bottom:.1}");
        (x, y) = (next, bottom);
    }
}

fn body(out: &mut String, card: &Card, size: Size, x: f64, y: f64) {
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

/// Colours for light pages, and for dark ones where the viewer prefers them.
pub(super) const STYLE: &str = include_str!("svg.style");
