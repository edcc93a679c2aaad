// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where maps and weights lie in the memories of a processor.

use std::fmt::Write as _;

use super::facts::grouped;
use super::jobs::current_map;
use super::memory::{MARGIN, WIDTH, class, text};
use super::xml::{escape, shorten, width};
use crate::hw::shared::{BANKS, Bank, Shared};
use crate::hw::{Design, Memory, MemoryKind};

/// Sizes in pixels.
const HEAD: f64 = 60.0;
const TITLE: f64 = 24.0;
const ROW: f64 = 20.0;
const GAP: f64 = 14.0;
const LABEL: f64 = 11.0;

/// A memory with what lies in it.
pub(super) struct Band {
    name: String,
    class: &'static str,
    depth: u32,
    /// Words that its RAMs have.
    room: u32,
    /// Regions that do not overlap, row by row.
    rows: Vec<Vec<Region>>,
}

/// Words of a map, or of a job's weights.
struct Region {
    name: String,
    first: u32,
    words: u32,
}

/// The memories of a processor that hold more than one thing, or a map; none of a chain, and none
/// of a line, where each thing has a memory of its own.
pub(super) fn bands(design: &Design, memories: &[Memory]) -> Vec<Band> {
    let shared = design.shared.as_ref().filter(|s| !s.is_line());
    let Some(shared) = shared else { return Vec::new() };
    let regions = |m: &Memory| regions(design, shared, m);
    let band = |m: &Memory| Some(band(m, regions(m)?));
    memories.iter().filter_map(band).collect()
}

fn band(m: &Memory, regions: Vec<Region>) -> Band {
    let room = m.depth.next_multiple_of(m.bank_words());
    // What shares words at different times, or lies inside another map, goes to the next row.
    let mut rows: Vec<Vec<Region>> = Vec::new();
    for region in regions {
        let free = |row: &&mut Vec<Region>| row.iter().all(|r| apart(r, &region));
        match rows.iter_mut().find(free) {
            Some(row) => row.push(region),
            None => rows.push(vec![region]),
        }
    }
    Band { name: m.layer.clone(), class: class(m), depth: m.depth, room, rows }
}

fn apart(a: &Region, b: &Region) -> bool {
    a.first + a.words <= b.first || b.first + b.words <= a.first
}

/// What lies in a memory; nothing is said of parameters.
fn regions(design: &Design, shared: &Shared, m: &Memory) -> Option<Vec<Region>> {
    let region = |name: String, first, words| Region { name, first, words };
    match m.kind {
        MemoryKind::Weights => {
            let mut first = 0;
            let of = |(job, words): (&crate::hw::shared::Job, u32)| {
                first += words;
                region(job.name.clone(), first - words, words)
            };
            let all: Vec<_> = shared.jobs.iter().zip(shared.weight_words()).map(of).collect();
            Some(all.into_iter().filter(|r| r.words > 0).collect())
        }
        MemoryKind::Levels => Some(vec![region("input".to_owned(), 0, design.input_words())]),
        MemoryKind::Trains => {
            let of = |(i, t): (usize, &crate::hw::shared::TrainMap)| {
                region(format!("t{i}"), t.base, t.depth(shared.pack))
            };
            let mut all: Vec<_> = shared.trains.iter().enumerate().map(of).collect();
            let chunk = shared.train_depth();
            if design.train_words() > chunk {
                let rest = design.train_words() - chunk;
                all.push(region("the same of the other chunks".to_owned(), chunk, rest));
            }
            Some(all)
        }
        MemoryKind::Currents => {
            let bank = if m.layer == BANKS[0] { Bank::A } else { Bank::B };
            let there = shared.currents.iter().enumerate().filter(|(_, c)| c.bank == bank);
            let of = |(i, c): (usize, &crate::hw::shared::CurrentMap)| {
                region(current_map(shared, i), c.base, c.depth(shared.width))
            };
            Some(there.map(of).collect())
        }
        _ => None,
    }
}

/// Height of the picture of all of them.
pub(super) fn height(bands: &[Band]) -> f64 {
    let band = |b: &Band| TITLE + b.rows.len() as f64 * ROW + GAP;
    if bands.is_empty() { 0.0 } else { HEAD + bands.iter().map(band).sum::<f64>() }
}

/// Draws them below `top`.
pub(super) fn draw(out: &mut String, bands: &[Band], top: f64) {
    if bands.is_empty() {
        return;
    }
    let mut y = top + 28.0;
    text(out, "strong", MARGIN, y, "What lies where");
    text(
        out,
        "muted",
        MARGIN,
        y + 17.0,
        "words from left to right; below each other: at different times, or a part",
    );
    y += HEAD - 28.0;
    for band in bands {
        let share = 100.0 * f64::from(band.depth) / f64::from(band.room.max(1));
        text(out, "line", MARGIN, y + 14.0, &escape(&band.name));
        let full = format!("{} of {} words, {share:.0} %", grouped(band.depth), grouped(band.room));
        text(out, "badge", WIDTH - MARGIN, y + 14.0, &full);
        y += TITLE;
        for row in &band.rows {
            regions_of(out, band, row, y);
            y += ROW;
        }
        y += GAP;
    }
}

fn regions_of(out: &mut String, band: &Band, row: &[Region], y: f64) {
    let all = WIDTH - 2.0 * MARGIN;
    let scale = all / f64::from(band.room.max(1));
    let high = ROW - 4.0;
    let _ = writeln!(
        out,
        r#"<rect class="free" x="{MARGIN}" y="{y:.1}" width="{all:.1}" height="{high}" rx="2"/>"#
    );
    for r in row {
        let (x, wide) = (MARGIN + f64::from(r.first) * scale, f64::from(r.words) * scale);
        let name = escape(&r.name);
        let _ = writeln!(
            out,
            r#"<rect class="{}" x="{x:.2}" y="{y:.1}" width="{:.2}" height="{high}" rx="2"><title>{name}: {} words from {}</title></rect>"#,
            band.class,
            (wide - 1.0).max(0.6),
            grouped(r.words),
            grouped(r.first)
        );
        let short = shorten(&r.name, 24);
        if width(&short, LABEL) + 8.0 < wide {
            text(out, "on", x + 4.0, y + 12.0, &escape(&short));
        }
    }
}
