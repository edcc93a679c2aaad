// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Windows: of layers, of sums before them, of both together.

use super::super::{SumJob, Sums, Then};
use crate::ir::{Weights, Window, planes};

/// Largest number of a window, which keeps products of two in 32 bits.
const MOST: usize = 1 << 12;
/// Most elements of a window of places.
const LARGEST: usize = 1 << 20;
/// Most weights of a job.
const MOST_WEIGHTS: usize = 1 << 26;

/// A window and what its elements are multiplied by, the same for all channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taps {
    /// Extent, rows and columns.
    pub(super) window: [u32; 2],
    pub(super) stride: [u32; 2],
    /// Zeros before the first element and behind the last one, in each dimension.
    pub(super) padding: [[u32; 2]; 2],
    /// Row by row.
    pub(super) factors: Vec<i64>,
}

impl Taps {
    /// Every element by itself.
    pub(super) fn one() -> Self {
        Self { window: [1; 2], stride: [1; 2], padding: [[0; 2]; 2], factors: vec![1] }
    }

    /// A window with the factors that `of` gives for each of its elements; what lies between
    /// dilated elements is 0. None if it is immense.
    pub(super) fn new(w: &Window, of: impl Fn(usize) -> i64) -> Option<Self> {
        let numbers = [&w.kernel, &w.stride, &w.dilation].into_iter().flatten();
        if numbers.chain(w.padding.iter().flatten()).any(|v| *v > MOST) {
            return None;
        }
        let two = |v: &[usize], fill: usize| match *v {
            [w] => [fill, w],
            [h, w] => [h, w],
            _ => [fill, fill],
        };
        let (kernel, dilation) = (two(&w.kernel, 1), two(&w.dilation, 1));
        let reach = |d: usize| (kernel[d] - 1) * dilation[d] + 1;
        let window = [reach(0), reach(1)];
        if window[0] * window[1] > LARGEST {
            return None;
        }
        let mut factors = vec![0; window[0] * window[1]];
        for k in 0..kernel[0] * kernel[1] {
            let (row, column) = (k / kernel[1] * dilation[0], k % kernel[1] * dilation[1]);
            factors[row * window[1] + column] = of(k);
        }
        let stride = two(&w.stride, 1);
        let padding = match w.padding[..] {
            [w] => [[0; 2], w],
            [h, w] => [h, w],
            _ => [[0; 2]; 2],
        };
        Some(Self {
            window: window.map(|v| v as u32),
            stride: stride.map(|v| v as u32),
            padding: padding.map(|p| p.map(|v| v as u32)),
            factors,
        })
    }

    /// The whole of `size` places at once.
    pub(super) fn whole(size: [u32; 2], of: impl Fn(usize) -> i64) -> Self {
        let factors = (0..(size[0] * size[1]) as usize).map(of).collect();
        Self { window: size, stride: [1; 2], padding: [[0; 2]; 2], factors }
    }

    /// Number of windows over `size` places.
    pub(super) fn places(&self, size: [u32; 2]) -> [u32; 2] {
        [0, 1].map(|d| {
            let room = size[d] + self.padding[d][0] + self.padding[d][1];
            room.saturating_sub(self.window[d]) / self.stride[d] + 1
        })
    }

    /// This window over the sums of windows `inner` of `size` places, as one window.
    ///
    /// # Errors
    /// Why that is not possible.
    pub(super) fn over(&self, inner: &Self, size: [u32; 2]) -> Result<Self, &'static str> {
        let (count, places) = (inner.places(size), self.places(inner.places(size)));
        let mut all = Self::one();
        for d in 0..2 {
            let (k, s, [before, _]) = (inner.window[d], inner.stride[d], inner.padding[d]);
            let end = (places[d] - 1) * self.stride[d] + self.window[d];
            let behind = end > count[d] + self.padding[d][0];
            if self.padding[d][0] > 0 && k > s + before || behind && count[d] * s < size[d] + before
            {
                return Err("its padding is behind sums of windows that would see the map");
            }
            all.window[d] = (self.window[d] - 1) * s + k;
            all.stride[d] = self.stride[d] * s;
            let start = self.padding[d][0] * s + before;
            let reach = (places[d] - 1) * all.stride[d] + all.window[d];
            all.padding[d] = [start, reach.saturating_sub(size[d] + start)];
        }
        let width = all.window[1] as usize;
        if all.window[0] as usize * width > LARGEST {
            return Err("its window and that of the sums before it are immense together");
        }
        all.factors = vec![0; all.window[0] as usize * width];
        let at = |f: usize, w: &Self| (f / w.window[1] as usize, f % w.window[1] as usize);
        for (i, outer) in self.factors.iter().enumerate() {
            for (j, factor) in inner.factors.iter().enumerate() {
                let ((row, column), (r, c)) = (at(i, self), at(j, inner));
                let row = row * inner.stride[0] as usize + r;
                all.factors[row * width + column * inner.stride[1] as usize + c] += outer * factor;
            }
        }
        Ok(all)
    }
}

/// A weight without its scale; 0 if it is a real number.
pub(super) fn whole(weights: &Weights, row: usize, column: usize) -> i64 {
    match weights {
        Weights::Binary { signs, .. } => i64::from(signs.get(row, column)) * 2 - 1,
        Weights::Integer { values, .. } => i64::from(values[row * weights.inputs() + column]),
        Weights::Real { .. } => 0,
    }
}

/// A sum job of `rows` output channels and `inputs` input channels; `of` gives the window of
/// an output and an input channel, all of them alike but for the factors.
///
/// # Errors
/// What cannot be computed, as a message.
pub(super) fn sum_job(
    rows: usize,
    inputs: usize,
    of: impl Fn(usize, usize) -> Result<Taps, &'static str>,
) -> Result<SumJob, &'static str> {
    let shape = of(0, 0)?;
    let area = shape.factors.len();
    let count = rows.checked_mul(area).and_then(|n| n.checked_mul(inputs));
    let Some(count) = count.filter(|n| *n <= MOST_WEIGHTS) else {
        return Err("it would have more than 2^26 weights");
    };
    let mut weights = vec![0i8; count];
    for row in 0..rows {
        for input in 0..inputs {
            for (k, factor) in of(row, input)?.factors.into_iter().enumerate() {
                let narrow = i8::try_from(factor).map_err(
                    |_| "sums of overlapping windows before it make weights of more than 8 bits",
                )?;
                weights[(row * area + k) * inputs + input] = narrow;
            }
        }
    }
    Ok(SumJob {
        window: shape.window,
        stride: shape.stride,
        padding: shape.padding.map(|p| p[0]),
        planes: planes(&weights),
        weights,
        sums: Sums::Each,
        slices: 1,
        products: false,
        gain: vec![1; rows],
        offset: vec![0; rows],
        shift: 0,
        digits: 1,
        add: None,
        leak: None,
        theta: Vec::new(),
        then: Then::Maps { keep: None, fire: None },
    })
}
