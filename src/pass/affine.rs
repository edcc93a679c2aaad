// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the numbers of a stream stand for: `real = a · n + b`.

use crate::ir::{PerChannel, Stream};

/// a and b of a stream, one entry a channel or one an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Affine(Vec<(f64, f64)>);

impl Affine {
    /// The numbers stand for themselves.
    pub(super) fn unit(stream: &Stream) -> Self {
        Self(vec![(1.0, 0.0); stream.shape[0]])
    }

    /// From one entry a channel or one an element.
    pub(super) fn new(entries: Vec<(f64, f64)>) -> Self {
        Self(entries)
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// a and b of element `i` of `n`.
    pub(super) fn of(&self, i: usize, n: usize) -> (f64, f64) {
        self.0[i * self.0.len() / n]
    }

    /// True for [`Affine::unit`].
    pub(super) fn is_unit(&self) -> bool {
        self.0.iter().all(|e| *e == (1.0, 0.0))
    }

    /// The a of all elements, if they have one.
    pub(super) fn one_gain(&self) -> Option<f64> {
        let a = self.0[0].0;
        self.0.iter().all(|e| e.0 == a).then_some(a)
    }

    /// True if zeros stand for zeros.
    pub(super) fn keeps_zero(&self) -> bool {
        self.0.iter().all(|e| e.1 == 0.0)
    }

    /// True if larger numbers stand for larger ones.
    pub(super) fn rises(&self) -> bool {
        self.0.iter().all(|e| e.0 > 0.0)
    }

    /// True if no product has left the range of numbers.
    pub(super) fn is_finite(&self) -> bool {
        self.0.iter().all(|e| e.0.is_finite() && e.1.is_finite())
    }

    /// True if all elements of a channel have the same entry.
    pub(super) fn by_channel(&self, stream: &Stream) -> bool {
        self.0.len() == stream.shape[0]
    }

    /// The same for numbers of which `of` makes others; `entries` are the lengths of the
    /// lists it looks at.
    pub(super) fn then(
        &self,
        stream: &Stream,
        entries: &[usize],
        of: impl Fn(usize, usize, f64, f64) -> (f64, f64),
    ) -> Self {
        let n = granularity(stream, entries.iter().copied().chain([self.len()]));
        let entry = |i| {
            let (a, b) = self.of(i, n);
            of(i, n, a, b)
        };
        Self((0..n).map(entry).collect())
    }

    /// The same elements in another shape.
    pub(super) fn reshaped(&self, to: &Stream) -> Self {
        let n = to.len();
        Self((0..n).map(|i| self.of(i, n)).collect()).compressed(to)
    }

    /// One entry a channel, where that says as much.
    pub(super) fn compressed(self, stream: &Stream) -> Self {
        let (channels, n) = (stream.shape[0], stream.len());
        if self.0.len() != n || !self.0.chunks(n / channels).all(|c| c.iter().all(|e| *e == c[0])) {
            return self;
        }
        Self(self.0.into_iter().step_by(n / channels).collect())
    }

    /// a and b as the parameters of a scale.
    pub(super) fn parameters(&self) -> (PerChannel<f64>, PerChannel<f64>) {
        let (a, b) = self.0.iter().copied().unzip();
        (shortest(a), shortest(b))
    }
}

/// One entry for all, if that says as much.
pub(super) fn shortest<T: Copy + PartialEq>(list: Vec<T>) -> PerChannel<T> {
    match list.first() {
        Some(&first) if list.iter().all(|v| *v == first) => PerChannel::All(first),
        _ => PerChannel::Each(list),
    }
}

/// Entries that lists of these lengths need together: one a channel, or one an element.
pub(super) fn granularity(stream: &Stream, lengths: impl IntoIterator<Item = usize>) -> usize {
    let (channels, n) = (stream.shape[0], stream.len());
    if lengths.into_iter().all(|l| l <= channels && channels % l.max(1) == 0) {
        channels
    } else {
        n
    }
}
