// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A design's share of the chip, and its RAMs one by one, as a picture.

use std::fmt::Write as _;

use super::facts::grouped;
use super::maps;
use super::stages;
use super::svg::STYLE;
use super::xml::{escape, shorten};
use crate::hw::{self, Design, Memory, MemoryKind, Place};
use crate::target::Target;

pub(super) const MARGIN: f64 = 28.0;
pub(super) const WIDTH: f64 = 760.0;
const BAR: f64 = 20.0;
const BAR_ROW: f64 = 54.0;
const ROW: f64 = 26.0;
/// Block RAMs shown one by one, and their distance.
const SHOWN: u32 = 13;
const CELL: f64 = 13.0;

/// What place and route made of a design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Routed {
    /// Look-up tables after synthesis.
    pub lut4: u64,
    /// Logic cells: a LUT and a flip-flop each.
    pub cells: u64,
    /// Block RAMs.
    pub ebr: u64,
    /// Single-port RAMs.
    pub spram: u64,
    /// The clock that it reaches.
    pub mhz: f64,
}

impl Routed {
    /// In a line; single-port RAMs if there are some.
    fn text(&self, target: &Target) -> String {
        let family = target.device.family.spec();
        let spram = match self.spram {
            0 => String::new(),
            n => format!(", {} SPRAM", grouped(n)),
        };
        format!(
            "placed and routed: {} {}, {} {}, {} {}{spram}, {:.1} MHz",
            grouped(self.lut4),
            family.table,
            grouped(self.cells),
            family.cell,
            grouped(self.ebr),
            family.block_ram.name,
            self.mhz
        )
    }
}

/// LUTs and RAMs that `design` takes of `target`, by purpose, and a map of the memories. LUTs are
/// the cost model's estimate, RAMs are exact; single-port RAMs are shown if there are some in use.
/// Of a design with a bitstream a line says what place and route made of it.
#[must_use]
pub fn memory_svg(design: &Design, target: &Target, routed: Option<&Routed>) -> String {
    let estimate = hw::estimate(design);
    let have = target.device.resources;
    let rows = estimate.memories.len() as f64;
    let loaded = if estimate.spram > 0 { BAR_ROW } else { 0.0 };
    let lying = maps::bands(design, &estimate.memories);
    // The first bar, below the header.
    let top = if routed.is_some() { 122.0 } else { 100.0 };
    let list = top + 166.0 + loaded + rows * ROW;
    let height = list + maps::height(&lying) + MARGIN;
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">"#
    );
    let name = escape(&shorten(&design.name, 50));
    let _ = writeln!(out, "<title>{name}</title>\n{STYLE}");
    let _ = writeln!(out, r#"<rect class="page" width="{WIDTH}" height="{height}" rx="10"/>"#);
    text(&mut out, "title", MARGIN, MARGIN + 16.0, &name);
    let on = format!("on {}: {}", target.name, target.description);
    text(&mut out, "muted", MARGIN, MARGIN + 37.0, &escape(&on));
    if let Some(routed) = routed {
        text(&mut out, "line", MARGIN, MARGIN + 58.0, &routed.text(target));
    }

    let pieces = |place: Place| {
        let there = estimate.memories.iter().filter(move |m| m.place == place);
        there.map(|m| (class(m), stages::size(m).0))
    };
    let in_luts: u32 = pieces(Place::Luts).map(|p| p.1).sum();
    let logic = estimate.lut4.saturating_sub(in_luts);
    let luts: Vec<_> = std::iter::once(("logic", logic)).chain(pieces(Place::Luts)).collect();
    let tables = format!("{}, estimated", target.device.family.spec().table);
    bar(&mut out, top, &tables, have.lut4, &luts);
    bar(
        &mut out,
        top + BAR_ROW,
        "Block RAM",
        have.ebr,
        &pieces(Place::BlockRam).collect::<Vec<_>>(),
    );
    if loaded > 0.0 {
        let blocks: Vec<_> = pieces(Place::Spram).collect();
        bar(&mut out, top + 2.0 * BAR_ROW, "Single-port RAM", have.spram, &blocks);
    }

    let mut y = top + 126.0 + loaded;
    text(&mut out, "strong", MARGIN, y, "What takes them");
    y += ROW;
    square(&mut out, "logic", MARGIN, y, 12.0);
    text(&mut out, "line", MARGIN + 20.0, y, "logic and serial link");
    text(&mut out, "line", 392.0, y, &format!("{} LUT", grouped(logic)));
    for m in &estimate.memories {
        y += ROW;
        memory(&mut out, m, y);
    }
    maps::draw(&mut out, &lying, list);
    out.push_str("</svg>\n");
    out
}

/// One line of the map: what, shape, size, and a square for each RAM.
fn memory(out: &mut String, m: &Memory, y: f64) {
    square(out, class(m), MARGIN, y, 12.0);
    // A processor has one memory of most kinds, and two of currents with names.
    let label = match m.kind {
        MemoryKind::Levels | MemoryKind::Trains => stages::kind(m.kind).to_owned(),
        MemoryKind::Currents | MemoryKind::States | MemoryKind::Sums | MemoryKind::Logits => {
            m.layer.clone()
        }
        MemoryKind::Weights if m.layer == stages::kind(m.kind) => m.layer.clone(),
        _ => format!("{} {}", shorten(&m.layer, 22), stages::kind(m.kind)),
    };
    text(out, "line", MARGIN + 20.0, y, &escape(&label));
    text(out, "badge", 372.0, y, &format!("{} × {} bit", grouped(m.depth), m.width));
    let (count, unit) = stages::size(m);
    let Some(ram) = m.ram() else {
        text(out, "line", 392.0, y, &format!("{} {unit}", grouped(count)));
        return;
    };
    let bits = f64::from(m.depth) * f64::from(m.width);
    let full = 100.0 * bits / (f64::from(count.max(1)) * f64::from(ram.bits));
    text(out, "line", 392.0, y, &format!("{count} {unit}, {full:.0} % full"));
    let shown = count.min(SHOWN);
    for k in 0..shown {
        square(out, class(m), 524.0 + f64::from(k) * CELL, y, 10.0);
    }
    if count > shown {
        let more = format!("+{}", count - shown);
        text(out, "muted", 528.0 + f64::from(shown) * CELL, y, &more);
    }
}

fn square(out: &mut String, class: &str, x: f64, y: f64, width: f64) {
    let top = y - 10.5;
    let _ = writeln!(
        out,
        r#"<rect class="{class}" x="{x:.1}" y="{top:.1}" width="{width}" height="12" rx="2.5"/>"#
    );
}

pub(super) fn class(m: &Memory) -> &'static str {
    match m.kind {
        MemoryKind::Weights => "weights",
        MemoryKind::Parameters => "parameters",
        MemoryKind::Values => "values",
        MemoryKind::Bitmap => "bitmap",
        MemoryKind::Trace => "trace",
        MemoryKind::Levels => "level-maps",
        MemoryKind::Trains => "train-maps",
        MemoryKind::Currents | MemoryKind::States => "current-maps",
        MemoryKind::Sums | MemoryKind::Logits => "values",
    }
}

/// `content` is escaped already.
pub(super) fn text(out: &mut String, class: &str, x: f64, y: f64, content: &str) {
    let _ = writeln!(out, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{content}</text>"#);
}

/// A bar of `total`, filled piece by piece.
fn bar(out: &mut String, y: f64, name: &str, total: u32, pieces: &[(&str, u32)]) {
    let used: u32 = pieces.iter().map(|p| p.1).sum();
    let share = 100.0 * f64::from(used) / f64::from(total.max(1));
    text(out, "strong", MARGIN, y, name);
    let numbers = format!("{} of {}, {share:.0} %", grouped(used), grouped(total));
    text(out, "badge", WIDTH - MARGIN, y, &numbers);
    let width = WIDTH - 2.0 * MARGIN;
    let top = y + 8.0;
    let _ = writeln!(
        out,
        r#"<rect class="free" x="{MARGIN}" y="{top:.1}" width="{width:.1}" height="{BAR}" rx="4"/>"#
    );
    let scale = width / f64::from(total.max(used).max(1));
    let mut x = MARGIN;
    for (class, n) in pieces.iter().filter(|p| p.1 > 0) {
        let w = f64::from(*n) * scale;
        let _ = writeln!(
            out,
            r#"<rect class="{class}" x="{x:.2}" y="{top:.1}" width="{:.2}" height="{BAR}" rx="2"/>"#,
            (w - 1.0).max(0.6)
        );
        x += w;
    }
}
