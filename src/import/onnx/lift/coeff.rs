// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Numbers that may differ from channel to channel.

use crate::import::onnx::tensor::{Tensor, is_same};
use crate::ir::PerChannel;

/// Two numbers of the file are the same if they differ by less than this, relative to
/// the larger: a few roundings of single precision.
pub(super) const SAME: f64 = 1e-6;

/// One number, or one a channel; the channel is the last dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coeff(Vec<f64>);

impl Coeff {
    pub(super) fn one(x: f64) -> Self {
        Self(vec![x])
    }

    /// A constant whose elements differ along the last dimension only.
    pub(super) fn from_tensor(t: &Tensor) -> Option<Self> {
        if let Some(x) = t.splat() {
            return Some(Self::one(x));
        }
        let channels = *t.info.shape.last()?;
        let row: Vec<_> = t.reals().take(channels).collect();
        let is_repeated = t.reals().zip(row.iter().cycle()).all(|(x, y)| is_same(x, *y));
        (channels > 0 && is_repeated).then_some(Self(row))
    }

    /// `f` channel by channel; none if the numbers of channels differ.
    pub(super) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Option<Self> {
        let len = self.0.len().max(other.0.len());
        let fits = |c: &Self| c.0.len() == len || c.0.len() == 1;
        let pairs = self.0.iter().cycle().zip(other.0.iter().cycle()).take(len);
        (fits(self) && fits(other)).then(|| Self(pairs.map(|(a, b)| f(*a, *b)).collect()))
    }

    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self(self.0.iter().map(|x| f(*x)).collect())
    }

    pub(super) fn all(&self, f: impl Fn(f64) -> bool) -> bool {
        self.0.iter().all(|x| f(*x))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.all(|x| x == 0.0)
    }

    /// The largest magnitude.
    fn size(&self) -> f64 {
        self.0.iter().fold(0.0, |m, x| m.max(x.abs()))
    }

    /// Equal to within [`SAME`] of `scale`, or of the larger one.
    pub(super) fn is_near(&self, other: &Self, scale: f64) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= SAME * scale.max(a.abs()).max(b.abs());
        self.zip(other, |a, b| f64::from(u8::from(near(a, b)))).is_some_and(|c| c.all(|x| x == 1.0))
    }

    /// The largest difference.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        self.zip(other, |a, b| a - b).map_or(f64::INFINITY, |d| d.size())
    }

    /// The one number, if it is the same for all channels.
    pub(super) fn uniform(&self) -> Option<f64> {
        let first = *self.0.first()?;
        self.all(|x| is_same(x, first)).then_some(first)
    }

    pub(super) fn into_per_channel(self) -> PerChannel<f64> {
        match self.uniform() {
            Some(x) => PerChannel::All(x),
            None => PerChannel::Each(self.0),
        }
    }
}
