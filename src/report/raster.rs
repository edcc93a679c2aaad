// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The spikes of a layer: neurons from left to right, timesteps from top to bottom; of a map
//! the channels side by side, each as an image.

use std::fmt::Write as _;

use super::memory::text;
use super::run::Layer;
use super::svg::STYLE;
use crate::hw::Train;

/// Sizes in pixels.
const PLOT: f64 = 800.0;
const LEFT: f64 = 44.0;
const GAP: f64 = 6.0;
/// Height of a line of text.
const LINE: f64 = 10.0;

/// Tiles of a timestep: places of a neuron's square.
struct Grid {
    /// Side of a square.
    cell: f64,
    /// Neurons of an image, and of one of its rows.
    image: usize,
    columns: usize,
    /// Images in a row.
    across: usize,
    /// Distance of two images.
    tile: [f64; 2],
    /// Height of a timestep.
    high: f64,
}

impl Grid {
    fn new([channels, rows, columns]: [usize; 3]) -> Self {
        if rows * columns == 1 {
            // Neurons side by side are one image a line.
            let cell = (PLOT / channels.max(1) as f64).clamp(2.0, 10.0);
            let image = ((PLOT / cell) as usize).clamp(1, channels.max(1));
            let high = f64::max(channels.div_ceil(image) as f64 * cell, LINE) + GAP;
            return Self { cell, image, columns: image, across: 1, tile: [PLOT, cell], high };
        }
        let cell = (PLOT / 16.0 / columns.max(1) as f64).clamp(1.0, 4.0).floor();
        let tile = [columns as f64 * cell + 3.0, rows as f64 * cell + 3.0];
        let across = ((PLOT / tile[0]) as usize).clamp(1, channels.max(1));
        let high = channels.div_ceil(across) as f64 * tile[1] + GAP;
        Self { cell, image: (rows * columns).max(1), columns: columns.max(1), across, tile, high }
    }
}

/// A picture of the spikes of a layer.
pub(super) fn raster(layer: &Layer, timesteps: u32) -> String {
    let grid = Grid::new(layer.shape);
    let [_, rows, columns] = layer.shape;
    let (total_w, height) = (LEFT + PLOT + GAP, grid.high * f64::from(timesteps) + GAP);
    let mut out = String::new();
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="sf-graph" width="{total_w}" height="{height:.1}" viewBox="0 0 {total_w} {height:.1}" role="img">"#
    );
    let _ = writeln!(out, "<title>Spikes</title>\n{STYLE}");
    let _ = writeln!(out, r#"<rect class="page" width="{total_w}" height="{height:.1}" rx="4"/>"#);
    for t in 0..timesteps {
        let top = GAP + f64::from(t) * grid.high;
        text(&mut out, "muted", 4.0, top + 10.0, &format!("t = {t}"));
        let mut d = String::new();
        for (c, image) in layer.trains.chunks(grid.image).enumerate() {
            let x = LEFT + (c % grid.across) as f64 * grid.tile[0];
            let y = top + (c / grid.across) as f64 * grid.tile[1];
            let size = [columns as f64 * grid.cell, rows as f64 * grid.cell];
            if rows * columns > 1 {
                let _ = writeln!(
                    out,
                    r#"<rect class="free" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}"/>"#,
                    size[0], size[1]
                );
            }
            runs(&mut d, image, t, (grid.columns, grid.cell), (x, y));
        }
        if !d.is_empty() {
            let _ =
                writeln!(out, r#"<path class="spike" stroke-width="{:.2}" d="{d}"/>"#, grid.cell);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// A line for each run of neighbours that fire.
fn runs(
    d: &mut String,
    image: &[Train],
    t: u32,
    (columns, cell): (usize, f64),
    (x, y): (f64, f64),
) {
    for (row, trains) in image.chunks(columns).enumerate() {
        let middle = y + (row as f64 + 0.5) * cell;
        let mut at = 0;
        while at < trains.len() {
            let length = trains[at..].iter().take_while(|s| *s >> t & 1 == 1).count();
            if length > 0 {
                let from = x + at as f64 * cell;
                let _ = write!(d, "M{from:.1} {middle:.1}h{:.1}", length as f64 * cell);
            }
            at += length.max(1);
        }
    }
}
