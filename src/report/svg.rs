// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph, and the hardware of each layer, as a picture.

use std::fmt::Write as _;

use super::card::{Card, body};
use super::layout::{Layout, Size, layout};
use super::xml::{escape, shorten, width};
use super::{facts, stages};
use crate::diag::Result;
use crate::hw::Design;
use crate::ir::{Graph, Kind, NodeId, Op};

/// Sizes in pixels.
const MARGIN: f64 = 28.0;
const HEADER: f64 = 84.0;
pub(super) const TEXT_SIZE: f64 = 12.5;
/// How far the curve of an edge that turns back is pulled.
const TURN: f64 = 34.0;

/// The graph as an SVG picture, top-down; with a design also the stage of each layer.
/// It follows the viewer's colour scheme and needs no script and no font of its own.
///
/// # Errors
/// Only if the graph has no output, or a cycle without a register.
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
        Some(Design { shared: Some(shared), .. }) => {
            let on = if shared.is_line() { "as many processors" } else { "one processor" };
            format!("{steps}, {} nodes, {} jobs on {on}", graph.len(), shared.jobs.len())
        }
        Some(d) => format!("{steps}, {} nodes, {} hardware stages", graph.len(), d.stages.len()),
        None => format!("{steps}, {} nodes", graph.len()),
    };
    Ok(draw(&graph.name, &subtitle, &cards, &edges))
}

fn card(graph: &Graph, id: NodeId, design: Option<&Design>) -> Card {
    let node = graph.node(id);
    let class = match node.op {
        Op::Input(_) => "input",
        Op::Linear(_) | Op::Conv(_) => "linear",
        Op::Lif(_) | Op::FixedLif(_) | Op::Li(_) | Op::FixedLi(_) | Op::Threshold(_) => "neuron",
        Op::Readout(_) | Op::FixedReadout(_) => "readout",
        Op::Scale(_)
        | Op::FixedScale(_)
        | Op::BatchNorm(_)
        | Op::Pool(_)
        | Op::Reshape(_)
        | Op::Add
        | Op::Concat(_)
        | Op::Relu
        | Op::Delay(_) => "affine",
    };
    let flow = match node.stream.kind {
        Kind::Real => "real",
        Kind::Spikes => "spikes",
        Kind::Levels { .. } => "levels",
        Kind::Current { .. } => "current",
    };
    let mut lines = facts::of(&node.op, &node.stream).lines;
    if matches!(node.op, Op::Concat(_)) {
        // The arrows do not say in which order they come.
        let names = graph.operands(id).into_iter().map(|o| shorten(&graph.node(o).name, 16));
        lines.push(shorten(&names.collect::<Vec<_>>().join(", "), 60));
    }
    Card {
        name: node.name.clone(),
        badge: node.op.name().to_owned(),
        class,
        lines,
        hardware: design.map_or_else(Vec::new, |d| stages::lines(d, &node.name)),
        stream: Some((node.stream.to_string(), flow)),
    }
}

/// Draws cards and edges (from, to); one with `from >= to` closes a cycle.
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
    let gaps = arriving.len() as f64 - 1.0;
    let apart = if gaps > 0.0 { (0.8 * sizes[to].width / gaps).min(28.0) } else { 0.0 };
    let spread = apart * (slot - gaps / 2.0);

    let (x0, layer_top, layer_bottom) = route[0];
    let start = layer_top + sizes[from].height;
    let mut d = format!("M{x0:.1} {start:.1}V{layer_bottom:.1}");
    if let Some(&(x, top, _)) = route.last()
        && top <= layer_top
    {
        back(&mut d, &route[..route.len() - 1]);
        let (turn, x, end) = (top - TURN, x + spread, top - 8.0);
        let _ = write!(d, " {turn:.1} {x:.1} {turn:.1} {x:.1} {end:.1}");
        finish(out, flow, &d, (x, top));
        return;
    }
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
            finish(out, flow, &d, (next, top));
            return;
        }
        let _ = write!(d, "V{bottom:.1}");
        (x, y) = (next, bottom);
    }
}

/// The line of an edge and its tip.
fn finish(out: &mut String, flow: &str, d: &str, (x, y): (f64, f64)) {
    let _ = writeln!(out, r#"<path class="edge {flow}" d="{d}"/>"#);
    let _ = writeln!(out, r#"<path class="tip {flow}" d="M{x:.1} {y:.1}l-4.5 -9h9z"/>"#);
}

/// An edge that closes a cycle: it turns below its source and goes up beside the layers;
/// the last curve is begun.
fn back(d: &mut String, route: &[(f64, f64, f64)]) {
    let (mut x, _, mut y) = route[0];
    for (k, &(next, top, bottom)) in route[1..].iter().enumerate() {
        // The first curve turns, the others go on upwards.
        let pull = if k == 0 { bottom + TURN } else { f64::midpoint(y, bottom) };
        let _ = write!(d, "C{x:.1} {pull:.1} {next:.1} {pull:.1} {next:.1} {bottom:.1}V{top:.1}");
        (x, y) = (next, top);
    }
    let _ = write!(d, "C{x:.1}");
}

/// Colours for light pages, and for dark ones where the viewer prefers them.
pub(super) const STYLE: &str = include_str!("svg.style");
