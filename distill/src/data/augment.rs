// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random changes of training samples that keep their class.

use std::borrow::Cow;

use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::nn::{Extent, Rng};

/// What is done to each sample, in this order; the same to all its timesteps and channels.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// A crop of the map with this many zeros around it: a shift by up to as many pixels.
    pub crop: usize,
    /// Mirrors left and right half of the time.
    pub flip: bool,
}

impl Augment {
    /// A changed sample.
    pub(super) fn apply<'a>(
        &self,
        sample: &'a [u8],
        extent: Extent,
        rng: &mut Rng,
    ) -> Cow<'a, [u8]> {
        if *self == Self::default() {
            return Cow::Borrowed(sample);
        }
        let Extent(_, height, width) = extent;
        let reach = i32::try_from(self.crop).unwrap_or(i32::MAX);
        let (down, right) = (rng.random_range(-reach..=reach), rng.random_range(-reach..=reach));
        let mirror = self.flip && rng.random::<bool>();
        let mut changed = vec![0; sample.len()];
        for (to, from) in
            changed.chunks_exact_mut(height * width).zip(sample.chunks_exact(height * width))
        {
            for y in 0..height {
                for x in 0..width {
                    let source_x = if mirror { width - 1 - x } else { x };
                    let at = (shifted(y, down), shifted(source_x, right));
                    if let (Some(v), Some(u)) = at {
                        if v < height && u < width {
                            to[y * width + x] = from[v * width + u];
                        }
                    }
                }
            }
        }
        Cow::Owned(changed)
    }
}

fn shifted(place: usize, by: i32) -> Option<usize> {
    place.checked_add_signed(by as isize)
}
