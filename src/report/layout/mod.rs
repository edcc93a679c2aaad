// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layered layout of a directed acyclic graph, top-down (Sugiyama's method).
//!
//! Layers are longest paths from the sources. An edge that spans several layers passes
//! each one between in a column of its own, so that no edge runs behind a box. Barycentre
//! sweeps order the layers; then each box moves as near to the mean of its neighbours as the
//! others allow (isotonic regression: exact in one dimension).

mod order;
mod place;
#[cfg(test)]
mod tests;

use order::order;
use place::{place, straighten};

/// Distance between boxes of a layer, and width that a passing edge takes.
const GAP: f64 = 36.0;
const PASSING: f64 = 12.0;
/// Height between layers, where edges cross over: at least, at most, and for each pixel
/// that an edge moves sideways.
const BETWEEN: f64 = 42.0;
const BETWEEN_MAX: f64 = 84.0;
const SLOPE: f64 = 0.14;

/// A box to be placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
}

/// Where everything went; positions from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// Left and top of each box.
    pub boxes: Vec<(f64, f64)>,
    /// Per edge, from below its source to above its target: (x, top, bottom) of each layer
    /// on the way, source and target included.
    pub routes: Vec<Vec<(f64, f64, f64)>>,
    pub width: f64,
    pub height: f64,
}

/// A box, or an edge that passes a layer.
struct Item {
    layer: usize,
    width: f64,
    above: Vec<usize>,
    below: Vec<usize>,
    /// Centre.
    x: f64,
}

/// Places boxes whose edges (from, to) form no cycle; `from < to` for each.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let mut layer = vec![0usize; sizes.len()];
    for to in 0..sizes.len() {
        let before = edges.iter().filter(|e| e.1 == to).map(|e| layer[e.0] + 1);
        layer[to] = before.max().unwrap_or(0);
    }
    let mut items: Vec<Item> =
        sizes.iter().zip(&layer).map(|(s, &layer)| Item::new(layer, s.width)).collect();
    let mut paths = Vec::new();
    for &(from, to) in edges {
        let mut path = vec![from];
        for l in layer[from] + 1..layer[to] {
            items.push(Item::new(l, PASSING));
            path.push(items.len() - 1);
        }
        path.push(to);
        for pair in path.windows(2) {
            items[pair[0]].below.push(pair[1]);
            items[pair[1]].above.push(pair[0]);
        }
        paths.push(path);
    }
    let layers = order(&items);
    place(&mut items, &layers);
    // Twice: one edge may make room for the other.
    paths.iter().chain(&paths).for_each(|p| straighten(&mut items, &layers, p));
    let left = items.iter().map(|i| i.x - i.width / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    items.iter_mut().for_each(|i| i.x -= left);

    let mut tops: Vec<(f64, f64)> = Vec::with_capacity(layers.len());
    let mut y = 0.0;
    for (l, members) in layers.iter().enumerate() {
        if l > 0 {
            let moves = members.iter().flat_map(|&i| {
                let x = items[i].x;
                items[i].above.iter().map(|&a| (items[a].x - x).abs()).collect::<Vec<_>>()
            });
            y += (BETWEEN + SLOPE * moves.fold(0.0, f64::max)).min(BETWEEN_MAX);
        }
        let heights = sizes.iter().zip(&layer).filter(|(_, at)| **at == l).map(|(s, _)| s.height);
        let height = heights.fold(0.0, f64::max);
        tops.push((y, y + height));
        y += height;
    }
    Layout {
        boxes: (0..sizes.len())
            .map(|i| (items[i].x - items[i].width / 2.0, tops[layer[i]].0))
            .collect(),
        routes: paths
            .iter()
            .map(|p| {
                p.iter().map(|&i| (items[i].x, tops[items[i].layer].0, tops[items[i].layer].1))
            })
            .map(Iterator::collect)
            .collect(),
        width: items.iter().map(|i| i.x + i.width / 2.0).fold(0.0, f64::max),
        height: y,
    }
}

impl Item {
    fn new(layer: usize, width: f64) -> Self {
        Self { layer, width, above: Vec::new(), below: Vec::new(), x: 0.0 }
    }
}
