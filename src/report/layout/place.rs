// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where exactly, in the order found.

use super::{GAP, Item, PASSING};

const PLACE_SWEEPS: usize = 200;
/// How much an edge wants to be straight: any, one that is its source's only and its
/// target's only, and one on its way past a layer.
const WEIGHT: f64 = 1.0;
const WEIGHT_CHAIN: f64 = 4.0;
const WEIGHT_PASSING: f64 = 8.0;

/// Moves every item towards its neighbours, layer by layer: each step is the exact optimum
/// of one layer while the others stay (least squares of the edges' sideways moves).
pub(super) fn place(items: &mut [Item], layers: &[Vec<usize>]) {
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
pub(super) fn straighten(items: &mut [Item], layers: &[Vec<usize>], path: &[usize]) {
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
