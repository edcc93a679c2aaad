// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layered layout of a directed acyclic graph, top-down (Sugiyama's method).
//!
//! Layers are longest paths from the sources. An edge that spans several layers passes
//! each one between in a column of its own, so that no edge runs behind a box. Barycentre
//! sweeps order the layers; then each box moves as near to the mean of its neighbours as the
//! others allow (isotonic regression: exact in one dimension).

/// Distance between boxes of a layer, and width that a passing edge takes.
const GAP: f64 = 36.0;
const PASSING: f64 = 12.0;
/// Height between layers, where edges cross over: at least, at most, and for each pixel
/// that an edge moves sideways.
const BETWEEN: f64 = 42.0;
const BETWEEN_MAX: f64 = 84.0;
const SLOPE: f64 = 0.14;
const ORDER_SWEEPS: usize = 12;
const PLACE_SWEEPS: usize = 200;
/// How much an edge wants to be straight: any, one that is its source's only and its
/// target's only, and one on its way past a layer.
const WEIGHT: f64 = 1.0;
const WEIGHT_CHAIN: f64 = 4.0;
const WEIGHT_PASSING: f64 = 8.0;

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
    paths.iter().for_each(|p| straighten(&mut items, &layers, p));
    let left = items.iter().map(|i| i.x - i.width / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    items.iter_mut().for_each(|i| i.x -= left);

    let mut tops: Vec<(f64, f64)> = Vec::with_capacity(layers.len());
    let mut y = 0.0;
    for l in 0..layers.len() {
        if l > 0 {
            let moves = layers[l].iter().flat_map(|&i| {
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

/// Items of each layer from left to right, with as few crossings as the sweeps find.
fn order(items: &[Item]) -> Vec<Vec<usize>> {
    let count = items.iter().map(|i| i.layer + 1).max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (i, item) in items.iter().enumerate() {
        layers[item.layer].push(i);
    }
    let mut best = (crossings(items, &layers), layers.clone());
    for sweep in 0..ORDER_SWEEPS {
        let down = sweep % 2 == 0;
        let range: Vec<usize> =
            if down { (1..count).collect() } else { (0..count).rev().skip(1).collect() };
        for l in range {
            let fixed = if down { &layers[l - 1] } else { &layers[l + 1] };
            let position = |i: usize| fixed.iter().position(|&f| f == i).unwrap_or(0) as f64;
            let mut keyed: Vec<(f64, usize)> = layers[l]
                .iter()
                .enumerate()
                .map(|(at, &i)| {
                    let near = if down { &items[i].above } else { &items[i].below };
                    let sum: f64 = near.iter().map(|&n| position(n)).sum();
                    (if near.is_empty() { at as f64 } else { sum / near.len() as f64 }, i)
                })
                .collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            layers[l] = keyed.into_iter().map(|(_, i)| i).collect();
        }
        let found = crossings(items, &layers);
        if found < best.0 {
            best = (found, layers.clone());
        }
    }
    best.1
}

fn crossings(items: &[Item], layers: &[Vec<usize>]) -> usize {
    let mut count = 0;
    for pair in layers.windows(2) {
        let place = |i: usize| pair[1].iter().position(|&n| n == i).unwrap_or(0);
        let ends: Vec<Vec<usize>> =
            pair[0].iter().map(|&i| items[i].below.iter().map(|&b| place(b)).collect()).collect();
        for (i, left) in ends.iter().enumerate() {
            for right in &ends[i + 1..] {
                count +=
                    left.iter().map(|a| right.iter().filter(|b| *b < a).count()).sum::<usize>();
            }
        }
    }
    count
}

/// Moves every item towards its neighbours, layer by layer: each step is the exact optimum
/// of one layer while the others stay (least squares of the edges' sideways moves).
fn place(items: &mut [Item], layers: &[Vec<usize>]) {
    for sweep in 0..PLACE_SWEEPS {
        let down = sweep % 2 == 0;
        // The first sweeps look one way only, which unfolds the picture faster.
        let (up_too, down_too) = (down || sweep > 7, !down || sweep > 7);
        let range: Vec<usize> =
            if down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for l in range {
            let wanted: Vec<(f64, f64)> = layers[l]
                .iter()
                .map(|&i| {
                    let above = items[i].above.iter().filter(|_| up_too).map(|&n| (n, i));
                    let below = items[i].below.iter().filter(|_| down_too).map(|&n| (i, n));
                    let mut sum = (0.0, 0.0);
                    for (from, to) in above.chain(below) {
                        let w = weight(items, from, to);
                        sum.0 += w * items[if from == i { to } else { from }].x;
                        sum.1 += w;
                    }
                    if sum.1 > 0.0 { (sum.0 / sum.1, sum.1) } else { (items[i].x, WEIGHT) }
                })
                .collect();
            let widths: Vec<f64> = layers[l].iter().map(|&i| items[i].width).collect();
            for (&i, x) in layers[l].iter().zip(separate(&wanted, &widths)) {
                items[i].x = x;
            }
        }
    }
}

fn weight(items: &[Item], from: usize, to: usize) -> f64 {
    let passing = |i: usize| items[i].width == PASSING;
    if passing(from) && passing(to) {
        WEIGHT_PASSING
    } else if items[from].below.len() == 1 && items[to].above.len() == 1 {
        WEIGHT_CHAIN
    } else {
        WEIGHT
    }
}

/// Gives the part of an edge that passes layers one position, if its neighbours leave one.
fn straighten(items: &mut [Item], layers: &[Vec<usize>], path: &[usize]) {
    let passing = &path[1..path.len() - 1];
    if passing.is_empty() {
        return;
    }
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for &i in passing {
        let layer = &layers[items[i].layer];
        let at = layer.iter().position(|&o| o == i).unwrap_or(0);
        let reach = |n: usize| items[n].width / 2.0 + GAP + PASSING / 2.0;
        if let Some(&n) = at.checked_sub(1).and_then(|b| layer.get(b)) {
            low = low.max(items[n].x + reach(n));
        }
        if let Some(&n) = layer.get(at + 1) {
            high = high.min(items[n].x - reach(n));
        }
    }
    // Boxes that touch leave no more than rounding errors.
    if low <= high + 0.01 {
        let mean = passing.iter().map(|&i| items[i].x).sum::<f64>() / passing.len() as f64;
        passing.iter().for_each(|&i| items[i].x = mean.min(high).max(low));
    }
}

/// The centres nearest to the wanted ones (position, weight; least squares) at which no two
/// boxes overlap, in the order given: pool adjacent violators.
fn separate(wanted: &[(f64, f64)], widths: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(wanted.len());
    for (i, w) in widths.iter().enumerate() {
        if i > 0 {
            offset += widths[i - 1] / 2.0 + GAP + w / 2.0;
        }
        offsets.push(offset);
    }
    // Blocks of boxes that touch: weighted sum of wanted positions less offsets, weight, number.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (&(x, w), o) in wanted.iter().zip(&offsets) {
        let mut block = (w * (x - o), w, 1);
        while let Some(&(sum, weight, n)) = blocks.last() {
            if sum / weight <= block.0 / block.1 {
                break;
            }
            block = (block.0 + sum, block.1 + weight, block.2 + n);
            blocks.pop();
        }
        blocks.push(block);
    }
    let starts = blocks.iter().flat_map(|&(sum, w, n)| std::iter::repeat_n(sum / w, n));
    starts.zip(&offsets).map(|(s, o)| s + o).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(n: usize) -> Vec<Size> {
        (0..n).map(|i| Size { width: 100.0 + 10.0 * i as f64, height: 40.0 }).collect()
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let l = layout(&boxes(4), &[(0, 1), (1, 2), (2, 3)]);
        let centres: Vec<f64> =
            l.boxes.iter().zip(boxes(4)).map(|(b, s)| b.0 + s.width / 2.0).collect();
        assert!(centres.windows(2).all(|w| (w[0] - w[1]).abs() < 1e-6), "{centres:?}");
    }

    #[test]
    fn no_boxes_overlap_and_no_edge_passes_behind_one() {
        // Two residual blocks, a branch of three and a skip over everything.
        let edges = [
            (0, 1),
            (1, 2),
            (0, 2),
            (2, 3),
            (2, 4),
            (2, 5),
            (3, 6),
            (4, 6),
            (5, 6),
            (6, 7),
            (2, 7),
            (0, 7),
        ];
        let sizes = boxes(8);
        let l = layout(&sizes, &edges);
        for a in 0..8 {
            for b in a + 1..8 {
                let ((ax, ay), (bx, by)) = (l.boxes[a], l.boxes[b]);
                let apart = ax + sizes[a].width < bx || bx + sizes[b].width < ax;
                assert!(apart || (ay - by).abs() >= 40.0, "{a} and {b} overlap");
            }
        }
        for route in &l.routes {
            for &(x, top, _) in &route[1..route.len() - 1] {
                for (b, &(left, y)) in l.boxes.iter().enumerate() {
                    let hit = y == top && left <= x && x <= left + sizes[b].width;
                    assert!(!hit, "an edge passes behind box {b}");
                }
            }
        }
    }
}
