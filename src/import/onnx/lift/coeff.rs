// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Numbers that may differ from channel to channel.

use crate::import::onnx::ops::indices;
use crate::import::onnx::tensor::{Tensor, count, is_same};
use crate::ir::PerChannel;

/// Two numbers of the file are the same if they differ by less than this, relative to
/// the larger: a few roundings of single precision.
pub(super) const SAME: f64 = 1e-6;

/// Elements that fewer numbers may be broadcast to, other than one a channel: the shape of a
/// value takes no more of a file, however large it is.
const MAX_BROADCAST: usize = 1 << 16;

/// One number, one a channel (the first dimension after the batch), or one an element;
/// several of these together belong to values of one shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coeff(Vec<f64>);

impl Coeff {
    pub(super) fn one(x: f64) -> Self {
        Self(vec![x])
    }

    /// One number a channel.
    pub(super) fn each(numbers: Vec<f64>) -> Self {
        Self(numbers)
    }

    /// A constant that broadcasts to a value of this shape, whose first dimension is the
    /// batch; none if it differs between the samples.
    pub(super) fn from_tensor(t: &Tensor, shape: &[usize]) -> Option<Self> {
        if let Some(x) = t.splat() {
            return Some(Self::one(x));
        }
        let missing = shape.len().checked_sub(t.info.shape.len())?;
        let own = [&vec![1; missing][..], &t.info.shape[..]].concat();
        let fits = |(d, s): (&usize, &usize)| d == s || *d == 1;
        if !own.iter().zip(shape).all(fits) || t.len() == 0 {
            return None;
        }
        let (batch, inner) = own.split_first()?;
        let sample: Vec<_> = t.reals().take(t.len() / batch).collect();
        if !t.reals().zip(sample.iter().cycle()).all(|(x, y)| is_same(x, *y)) {
            return None;
        }
        let (channels, outside) = inner.split_first()?;
        if *channels > 1 && outside.iter().all(|d| *d == 1) {
            return Some(Self(sample));
        }
        let whole = count(shape)? / shape.first().copied().filter(|n| *n > 0)?;
        if whole == 0 || (whole > MAX_BROADCAST && whole != sample.len()) {
            return None;
        }
        let elements = indices(inner, shape.get(1..)?);
        Some(Self(elements.filter_map(|i| sample.get(i).copied()).collect()))
    }

    /// `f` element by element; none if the numbers do not belong to one shape.
    pub(super) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Option<Self> {
        let len = self.0.len().max(other.0.len());
        let fits = |c: &Self| !c.0.is_empty() && len.is_multiple_of(c.0.len());
        if !fits(self) || !fits(other) {
            return None;
        }
        // Entries cover runs of equal length: the channel is the outermost dimension.
        let spread = |c: &Self, i: usize| c.0.get(i * c.0.len() / len).copied().unwrap_or(0.0);
        Some(Self((0..len).map(|i| f(spread(self, i), spread(other, i))).collect()))
    }

    /// What an operation with it costs; parameters of every element cost more. A unit of it
    /// is also 256 bytes, so that what is left to spend limits the memory.
    pub(super) fn work(&self) -> usize {
        1 + self.0.len() / 32
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::elem::Elem;
    use crate::import::onnx::tensor::{Data, Info};

    fn coeff(from: &[usize], numbers: &[f64], shape: &[usize]) -> Option<Vec<f64>> {
        let info = Info { elem: Elem::F32, shape: from.to_vec() };
        Coeff::from_tensor(&Tensor { info, data: Data::Real(numbers.to_vec()) }, shape).map(|c| c.0)
    }

    #[test]
    fn constants_are_per_channel_or_element() {
        let image = [1, 2, 2, 1];
        assert_eq!(coeff(&[2, 1, 1], &[1., 2.], &image), Some(vec![1., 2.]));
        assert_eq!(coeff(&[1, 2, 1, 1], &[1., 2.], &image), Some(vec![1., 2.]));
        assert_eq!(coeff(&[2, 1], &[1., 2.], &image), Some(vec![1., 2., 1., 2.]));
        assert_eq!(coeff(&[2, 2, 1], &[1., 2., 3., 4.], &image), Some(vec![1., 2., 3., 4.]));
        assert_eq!(coeff(&[2], &[3., 3.], &image), Some(vec![3.]));
        assert_eq!(coeff(&[2], &[1., 2.], &[1, 2]), Some(vec![1., 2.]));
        assert_eq!(coeff(&[2], &[1., 2.], &[1, 3]), None);
        assert_eq!(coeff(&[2, 1], &[1., 2.], &[2, 3]), None);
        assert_eq!(coeff(&[2, 2], &[1., 2., 1., 2.], &[2, 2]), Some(vec![1., 2.]));
        assert_eq!(coeff(&[1, 2, 1, 1, 1], &[1., 2.], &image), None);
    }

    #[test]
    fn channels_and_elements_go_together() {
        let (channels, elements) = (Coeff(vec![1., 2.]), Coeff(vec![10., 20., 30., 40.]));
        let sum = channels.zip(&elements, |a, b| a + b);
        assert_eq!(sum, Some(Coeff(vec![11., 21., 32., 42.])));
        assert_eq!(channels.zip(&Coeff(vec![1., 2., 3.]), |a, _| a), None);
    }
}
