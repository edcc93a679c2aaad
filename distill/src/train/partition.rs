// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which of a teacher's features go together (SNE's clustering; the paper's algorithm is
//! not known, this one is ours).

use rand::Rng as _;

use crate::nn::{Rng, rng};

/// Rounds of k-means at most.
const ROUNDS: usize = 50;

/// An order of features such that blocks of equal size hold features that vary together:
/// k-means on the standardised columns of `features` (`[sample][feature]`), likeness
/// |correlation|, then moves out of clusters that are too large, those first that lose the
/// least likeness. `blocks` divides the number of features.
#[must_use]
pub fn clustered(features: &[Vec<f32>], blocks: usize, seed: u64) -> Vec<usize> {
    let columns = standardised(features);
    let count = columns.len();
    let size = count.div_ceil(blocks.max(1));
    let mut centres = first_centres(&columns, blocks, &mut rng(seed, 0));
    let mut cluster = vec![0; count];
    for _ in 0..ROUNDS {
        let nearest: Vec<usize> = columns.iter().map(|c| best(c, &centres)).collect();
        let settled = nearest == cluster;
        cluster = nearest;
        centres = (0..blocks).map(|k| centre(&columns, &cluster, k, &centres[k])).collect();
        if settled {
            break;
        }
    }
    even(&columns, &centres, &mut cluster, size);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|i| (cluster[*i], *i));
    order
}

/// Columns with mean 0 and length 1; a constant one is all zeros.
fn standardised(features: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let count = features.first().map_or(0, Vec::len);
    let column = |i: usize| {
        let values: Vec<f32> = features.iter().map(|f| f[i]).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        unit(values.into_iter().map(|v| v - mean).collect())
    };
    (0..count).map(column).collect()
}

fn unit(mut values: Vec<f32>) -> Vec<f32> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        values.iter_mut().for_each(|v| *v /= length);
    }
    values
}

/// Columns that are unlike the ones chosen before (k-means++, the farthest one).
fn first_centres(columns: &[Vec<f32>], blocks: usize, rng: &mut Rng) -> Vec<Vec<f32>> {
    let Some(last) = u32::try_from(columns.len()).ok().and_then(|n| n.checked_sub(1)) else {
        return Vec::new();
    };
    let mut centres = vec![columns[rng.random_range(0..=last) as usize].clone()];
    while centres.len() < blocks {
        let like = |c: &Vec<f32>| centres.iter().map(|m| likeness(c, m)).fold(0.0, f32::max);
        let far = columns.iter().min_by(|a, b| like(a).total_cmp(&like(b)));
        centres.extend(far.cloned());
    }
    centres
}

fn likeness(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>().abs()
}

fn best(column: &[f32], centres: &[Vec<f32>]) -> usize {
    let like = |k: &usize| likeness(column, &centres[*k]);
    // The first of equals, whatever the order of comparison.
    (0..centres.len()).rev().max_by(|a, b| like(a).total_cmp(&like(b))).unwrap_or(0)
}

/// Mean of a cluster's columns, each turned so that it points the way of the centre before.
fn centre(columns: &[Vec<f32>], cluster: &[usize], k: usize, before: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; before.len()];
    for (column, _) in columns.iter().zip(cluster).filter(|(_, c)| **c == k) {
        let dot: f32 = column.iter().zip(before).map(|(a, b)| a * b).sum();
        sum.iter_mut().zip(column).for_each(|(s, v)| *s += v * dot.signum());
    }
    if sum.iter().all(|v| *v == 0.0) { before.to_vec() } else { unit(sum) }
}

/// Moves columns out of clusters with more than `size`, until none has more.
fn even(columns: &[Vec<f32>], centres: &[Vec<f32>], cluster: &mut [usize], size: usize) {
    loop {
        let mut counts = vec![0; centres.len()];
        cluster.iter().for_each(|c| counts[*c] += 1);
        let moves = (0..columns.len()).filter(|i| counts[cluster[*i]] > size).flat_map(|i| {
            let free = (0..centres.len()).filter(|k| counts[*k] < size);
            free.map(move |k| (i, k)).collect::<Vec<_>>()
        });
        let loss = |&(i, k): &(usize, usize)| {
            likeness(&columns[i], &centres[cluster[i]]) - likeness(&columns[i], &centres[k])
        };
        let Some((i, k)) = moves.min_by(|a, b| loss(a).total_cmp(&loss(b))) else {
            return;
        };
        cluster[i] = k;
    }
}
