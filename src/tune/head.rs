// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A linear head fitted to the members that are left: ridge regression of the classes on the
//! members' features, their means over time (Hoerl and Kennard, Technometrics 12, 1970).

use crate::diag::Result;
use crate::interp::first_largest;
use crate::ir::{Graph, Linear, NodeId, Op, PerChannel, ReadoutKind, Weights};

/// Weights of a head, a row a class, and what is added.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) bias: Vec<f64>,
}

/// How strongly large weights are punished, in units of the features' mean variance.
pub(super) const PENALTIES: [f64; 6] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];

/// The layer that weighs what `start` gives, if another head may take its place: weights of
/// several bits, and the mean or the sum of its results right behind it.
pub(super) fn layer(graph: &Graph, start: NodeId) -> Option<NodeId> {
    let mut at = start;
    loop {
        let [user] = graph.users(at)[..] else { return None };
        at = user;
        match &graph.node(at).op {
            Op::Reshape(_) => {}
            Op::Linear(l) if l.weights.binary().is_none() => break,
            _ => return None,
        }
    }
    let [readout] = graph.users(at)[..] else { return None };
    match &graph.node(readout).op {
        Op::Readout(r)
            if !matches!(r.kind, ReadoutKind::Last | ReadoutKind::Max)
                && r.gain == PerChannel::All(1.0)
                && r.offset.is_zero() =>
        {
            Some(at)
        }
        _ => None,
    }
}

impl Head {
    /// The head that gives, with the smallest squared error, 1 for the right class and 0 for the
    /// others. A sample of a class that the head does not have is of none; nothing if the features
    /// have no variance.
    pub(super) fn fit(
        features: &[Vec<f64>],
        labels: &[usize],
        classes: usize,
        penalty: f64,
    ) -> Option<Self> {
        let (n, size) = (features.len() as f64, features.first()?.len());
        let mean: Vec<f64> =
            (0..size).map(|i| features.iter().map(|f| f[i]).sum::<f64>() / n).collect();
        let share = |c: usize| labels.iter().filter(|l| **l == c).count() as f64 / n;
        let shares: Vec<f64> = (0..classes).map(share).collect();
        // Covariance of the features, and of features and classes.
        let mut a = vec![vec![0.0; size]; size];
        let mut b = vec![vec![0.0; size]; classes];
        for (f, &label) in features.iter().zip(labels) {
            let x: Vec<f64> = f.iter().zip(&mean).map(|(v, m)| v - m).collect();
            for (i, row) in a.iter_mut().enumerate() {
                for (v, xj) in row[..=i].iter_mut().zip(&x) {
                    *v += x[i] * xj / n;
                }
            }
            if let Some(b) = b.get_mut(label) {
                b.iter_mut().zip(&x).for_each(|(v, x)| *v += x / n);
            }
        }
        let variance = (0..size).map(|i| a[i][i]).sum::<f64>() / size as f64;
        (0..size).for_each(|i| a[i][i] += penalty * variance);
        let factor = cholesky(a)?;
        let weights: Vec<Vec<f64>> = b.into_iter().map(|b| solve(&factor, b)).collect();
        let dot = |w: &[f64]| w.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>();
        let bias = weights.iter().zip(shares).map(|(w, share)| share - dot(w)).collect();
        Some(Self { weights, bias })
    }

    /// The class of one sample.
    pub(super) fn class(&self, features: &[f64]) -> usize {
        let logit =
            |(w, b): (&Vec<f64>, &f64)| b + w.iter().zip(features).map(|(w, x)| w * x).sum::<f64>();
        let logits: Vec<f64> = self.weights.iter().zip(&self.bias).map(logit).collect();
        first_largest(&logits)
    }

    /// Puts it in the place of a layer.
    pub(super) fn put(self, graph: &mut Graph, layer: NodeId) -> Result<()> {
        let rows = self.weights.len();
        let weights = Weights::Real { rows, values: self.weights.concat() };
        *graph.op_mut(layer) = Op::Linear(Linear { weights, bias: Some(self.bias) });
        graph.refresh()
    }
}

/// L with A = L·Lᵀ, of which the lower triangle is read; nothing if A is not positive definite.
fn cholesky(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    for i in 0..a.len() {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let left = a[i][j] - dot;
            if i > j {
                a[i][j] = left / a[j][j];
            } else if left > 0.0 {
                a[i][i] = left.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(a)
}

/// x with L·Lᵀ·x = b.
fn solve(l: &[Vec<f64>], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| l[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i][i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_solved() {
        // A = [[4, 2], [2, 3]], x = (1, 2): b = (8, 8).
        let l = cholesky(vec![vec![4.0, 0.0], vec![2.0, 3.0]]).unwrap();
        let x = solve(&l, vec![8.0, 8.0]);
        assert!((x[0] - 1.0).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12, "{x:?}");
        assert!(cholesky(vec![vec![1.0, 0.0], vec![2.0, 1.0]]).is_none());
    }

    /// By hand: features 0, 1, 2, 3 and classes 0, 0, 1, 1. Mean 3/2, variance 5/4, covariance
    /// with class 1: 1/2. Slope 2/5, and 1/5 with a penalty as large as the variance.
    #[test]
    fn one_feature_gets_the_slope_of_a_line() {
        let features: Vec<Vec<f64>> = (0..4).map(|v| vec![f64::from(v)]).collect();
        for (penalty, slope) in [(0.0, 0.4), (1.0, 0.2)] {
            let head = Head::fit(&features, &[0, 0, 1, 1], 2, penalty).unwrap();
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{head:?}");
            near(head.weights[1][0], slope);
            near(head.weights[0][0], -slope);
            near(head.bias[1], 0.5 - 1.5 * slope);
            let classes: Vec<usize> = features.iter().map(|f| head.class(f)).collect();
            assert_eq!(classes, [0, 0, 1, 1]);
        }
        assert!(Head::fit(&vec![vec![1.0]; 4], &[0, 0, 1, 1], 2, 1.0).is_none());
    }
}
