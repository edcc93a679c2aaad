// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layered layout of a directed graph, top-down (Sugiyama's method).
//!
//! Layers are longest paths from the sources; a source stands right above what takes it.
//! An edge that spans several layers passes each one between in a column of its own, so
//! that no edge runs behind a box. An edge that closes a cycle leaves its source below,
//! goes up in such a column, and comes to its target from above. Barycentre
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
    /// on the way, source and target included. One that goes up passes the layers of its
    /// source and of its target, too.
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

/// Places boxes. Edges (from, to) with `from < to` go down; one of the others may close a
/// cycle.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let layer = layers_of(sizes.len(), edges);
    let mut items: Vec<Item> =
        sizes.iter().zip(&layer).map(|(s, &layer)| Item::new(layer, s.width)).collect();
    let mut paths = Vec::new();
    let goes_up = |from: usize, to: usize| layer[from] >= layer[to];
    for &(from, to) in edges {
        let mut path = vec![from];
        let passed: Vec<usize> = if goes_up(from, to) {
            (layer[to]..=layer[from]).rev().collect()
        } else {
            (layer[from] + 1..layer[to]).collect()
        };
        for l in passed {
            items.push(Item::new(l, PASSING));
            path.push(items.len() - 1);
        }
        path.push(to);
        let mut linked = path.clone();
        if goes_up(from, to) {
            // Its column is beside the boxes, not below one and above the other.
            linked = path[1..path.len() - 1].iter().rev().copied().collect();
        }
        for pair in linked.windows(2) {
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
    let turns = |last: usize| {
        edges
            .iter()
            .any(|&(from, to)| goes_up(from, to) && [layer[to], layer[from]].contains(&last))
    };
    let mut y = if turns(0) { BETWEEN / 2.0 } else { 0.0 };
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
    if layers.len().checked_sub(1).is_some_and(turns) {
        y += BETWEEN / 2.0;
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

/// The layer of each box, by the edges that go down.
fn layers_of(boxes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let down = || edges.iter().filter(|e| e.0 < e.1);
    let mut layer = vec![0usize; boxes];
    for to in 0..boxes {
        let before = down().filter(|e| e.1 == to).map(|e| layer[e.0] + 1);
        layer[to] = before.max().unwrap_or(0);
    }
    for source in 0..boxes {
        if down().all(|e| e.1 != source) {
            let users = down().filter(|e| e.0 == source).map(|e| layer[e.1]);
            layer[source] = users.min().map_or(0, |l| l - 1);
        }
    }
    layer
}

impl Item {
    fn new(layer: usize, width: f64) -> Self {
        Self { layer, width, above: Vec::new(), below: Vec::new(), x: 0.0 }
    }
}
