// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Who stands beside whom.

use super::Item;

const ORDER_SWEEPS: usize = 12;

/// Items of each layer from left to right, with as few crossings as the sweeps find.
pub(super) fn order(items: &[Item]) -> Vec<Vec<usize>> {
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
