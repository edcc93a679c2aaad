// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What looks at windows of a stream.

use serde::{Deserialize, Serialize};

use super::Weights;

/// Where a window stands over the spatial dimensions of a stream `[channels, …]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Extent; its length (1 or 2) is the number of spatial dimensions.
    pub kernel: Vec<usize>,
    /// Distance between neighbouring windows.
    pub stride: Vec<usize>,
    /// Elements added before and after.
    pub padding: Vec<[usize; 2]>,
    /// Distance between neighbouring elements of a window.
    pub dilation: Vec<usize>,
}

impl Window {
    /// Extent of the result in dimension `d`, of `size` elements; nothing if the window
    /// does not fit or a number makes no sense.
    #[must_use]
    pub fn steps(&self, d: usize, size: usize) -> Option<usize> {
        let [before, after] = *self.padding.get(d)?;
        let reach = self
            .dilation
            .get(d)?
            .checked_mul(self.kernel.get(d)?.checked_sub(1)?)?
            .checked_add(1)?;
        let room = size.checked_add(before)?.checked_add(after)?.checked_sub(reach)?;
        Some(room.checked_div(*self.stride.get(d)?)? + 1)
    }

    /// What window `at` sees of dimension `d`, of `size` elements, without the padding; `at`
    /// is below [`Window::steps`].
    #[must_use]
    pub fn inside(&self, d: usize, at: usize, size: usize) -> Inside {
        let (start, [before, _]) = (at * self.stride[d], self.padding[d]);
        let (kernel, step) = (self.kernel[d], self.dilation[d]);
        let first = before.saturating_sub(start).div_ceil(step);
        if first >= kernel {
            return Inside { first, place: 0, count: 0, step };
        }
        let place = (start + first * step).saturating_sub(before);
        let reachable = if place < size { (size - 1 - place) / step + 1 } else { 0 };
        let count = reachable.min(kernel - first);
        Inside { first, place, count, step }
    }
}

/// The part of a window that is no padding, in one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inside {
    /// Its first element, counted in the window.
    pub first: usize,
    /// The same, counted in the stream.
    pub place: usize,
    /// Number of elements.
    pub count: usize,
    /// Distance of neighbours in the stream.
    pub step: usize,
}

/// Convolution (cross-correlation, as every framework has it) over one or two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// `[output channels, input channels / groups × window]`.
    pub weights: Weights,
    /// Per output channel.
    pub bias: Option<Vec<f64>>,
    /// The window; padding is with zeros.
    pub window: Window,
    /// Channels are divided into this many groups that do not see each other.
    pub groups: usize,
}

/// What a [`Pool`] makes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolKind {
    /// The sum.
    Sum,
    /// The mean over the window, padding counted as zeros.
    Average,
    /// The mean over what is not padding.
    AverageInside,
    /// The largest; padding never is.
    Max,
}

/// One value for each window of each channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// Where the windows are.
    pub window: Window,
}
