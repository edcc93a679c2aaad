// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Random changes of training samples that keep their class.

mod shift;
mod warp;

use std::borrow::Cow;

use rand::Rng as _;
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes};

use super::Noise;
use crate::nn::{Extent, Rng};

/// What is done to each sample, in this order; the same to all its timesteps and channels.
/// Nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Rotates by up to as many degrees, either way.
    pub rotate: f64,
    /// Scales by a factor of 1 ± up to this.
    pub scale: f64,
    /// Shears rows by up to as many degrees, either way.
    pub shear: f64,
    /// A crop of the map with this many zeros around it: a shift by up to as many pixels.
    pub crop: usize,
    /// Mirrors left and right half of the time.
    pub flip: bool,
    /// Zeros a square of this extent, somewhere within the map (DeVries, Taylor,
    /// arXiv:1708.04552; there the square may reach over the border).
    pub cutout: usize,
    /// Added last, to the scaled values.
    pub noise: Noise,
}

impl Augment {
    /// Checks that samples of an extent can be changed so.
    ///
    /// # Errors
    /// [`codes::DATA_OPTION`] for a number outside its range.
    pub fn check(&self, extent: Extent) -> Result<()> {
        let Extent(_, height, width) = extent;
        within("rotate", self.rotate, 0.0, 180.0)?;
        within("scale", self.scale, 0.0, 0.9)?;
        within("shear", self.shear, 0.0, 80.0)?;
        within("crop", self.crop as f64, 0.0, height.min(width).saturating_sub(1) as f64)?;
        within("cutout", self.cutout as f64, 0.0, height.min(width) as f64)?;
        self.noise.check()
    }

    /// A changed sample; the noise is left to be added.
    pub(super) fn apply<'a>(
        &self,
        sample: &'a [u8],
        extent: Extent,
        rng: &mut Rng,
    ) -> Cow<'a, [u8]> {
        let Extent(_, height, width) = extent;
        let map = (height, width);
        let mut changed = Cow::Borrowed(sample);
        if (self.rotate, self.scale, self.shear) != (0.0, 0.0, 0.0) {
            let angle = self.rotate.to_radians() * either_way(rng);
            let factor = 1.0 + self.scale * either_way(rng);
            let slant = (self.shear.to_radians() * either_way(rng)).tan();
            changed = warp::affine(&changed, map, angle, factor, slant).into();
        }
        if self.crop > 0 {
            let reach = self.crop.min(height.max(width)) as i32;
            let (down, right) =
                (rng.random_range(-reach..=reach), rng.random_range(-reach..=reach));
            changed = shift::shift(&changed, map, down, right).into();
        }
        if self.flip && rng.random::<bool>() {
            changed.to_mut().chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        if self.cutout > 0 {
            let side = self.cutout.min(height).min(width);
            let top = rng.random_range(0..=height - side);
            let left = rng.random_range(0..=width - side);
            for plane in changed.to_mut().chunks_exact_mut(height * width) {
                for row in plane.chunks_exact_mut(width).skip(top).take(side) {
                    row[left..left + side].fill(0);
                }
            }
        }
        changed
    }
}

/// Uniform in −1..1.
fn either_way(rng: &mut Rng) -> f64 {
    2.0 * rng.random::<f64>() - 1.0
}

/// Refuses a number outside its range.
pub(super) fn within(what: &str, value: f64, least: f64, most: f64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Diagnostic::new(&codes::DATA_OPTION, format!("{value} is not within {least} to {most}"))
        .at(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::rng;
    use proptest::prelude::*;

    fn apply(augment: &Augment, sample: &[u8], extent: Extent, seed: u64) -> Vec<u8> {
        augment.apply(sample, extent, &mut rng(seed, 0)).into_owned()
    }

    /// Samples without a zero.
    fn sample() -> impl Strategy<Value = (Extent, Vec<u8>, u64)> {
        (1..4_usize, 1..9_usize, 1..9_usize, any::<u64>()).prop_map(|(c, h, w, seed)| {
            let levels = (0..c * h * w).map(|i| 1 + (i * 37 % 255) as u8).collect();
            (Extent(c, h, w), levels, seed)
        })
    }

    proptest! {
        #[test]
        fn nothing_changes_nothing((extent, levels, seed) in sample()) {
            let unchanged = apply(&Augment::default(), &levels, extent, seed);
            prop_assert_eq!(unchanged, levels);
        }

        #[test]
        fn a_mirror_twice_changes_nothing((extent, levels, seed) in sample()) {
            let flip = Augment { flip: true, ..Augment::default() };
            let twice = apply(&flip, &apply(&flip, &levels, extent, seed), extent, seed);
            prop_assert_eq!(twice, levels);
        }

        #[test]
        fn a_square_of_zeros_in_each_channel((extent, levels, seed) in sample(), side in 1..9_usize) {
            let Extent(channels, height, width) = extent;
            let cut = apply(&Augment { cutout: side, ..Augment::default() }, &levels, extent, seed);
            let side = side.min(height).min(width);
            let zeros: Vec<usize> = (0..cut.len()).filter(|i| cut[*i] == 0).collect();
            prop_assert_eq!(zeros.len(), channels * side * side);
            let first = zeros[0];
            let square = (0..channels).flat_map(|c| (0..side).flat_map(move |y| {
                (0..side).map(move |x| first + (c * height + y) * width + x)
            }));
            prop_assert!(square.eq(zeros));
            prop_assert!((0..cut.len()).all(|i| cut[i] == 0 || cut[i] == levels[i]));
        }

        #[test]
        fn any_numbers_end(
            (extent, levels, seed) in sample(),
            (rotate, scale, shear) in (any::<f64>(), any::<f64>(), any::<f64>()),
            (crop, cutout) in (any::<usize>(), any::<usize>()),
        ) {
            let all = Augment { rotate, scale, shear, crop, cutout, ..Augment::default() };
            prop_assert_eq!(apply(&all, &levels, extent, seed).len(), levels.len());
        }
    }

    #[test]
    fn rows_are_mirrored_each_by_itself() {
        let flip = Augment { flip: true, ..Augment::default() };
        let levels = [1, 2, 3, 4, 5, 6];
        let made: std::collections::BTreeSet<_> =
            (0..50).map(|s| apply(&flip, &levels, Extent(1, 2, 3), s)).collect();
        assert_eq!(made, [levels.to_vec(), vec![3, 2, 1, 6, 5, 4]].into());
    }

    #[test]
    fn about_half_are_mirrored() {
        let flip = Augment { flip: true, ..Augment::default() };
        let mirrored =
            (0..1000).filter(|s| apply(&flip, &[1, 2], Extent(1, 1, 2), *s) == [2, 1]).count();
        assert!((400..600).contains(&mirrored), "{mirrored}");
    }

    #[test]
    fn crops_reach_every_shift_and_no_further() {
        let crop = Augment { crop: 2, ..Augment::default() };
        let mut levels = [0; 25];
        levels[12] = 1;
        let places: std::collections::BTreeSet<_> = (0..500)
            .map(|s| apply(&crop, &levels, Extent(1, 5, 5), s).iter().position(|l| *l == 1))
            .collect();
        assert_eq!(places, (0..25).map(Some).collect());
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        let none = Augment::default;
        let noise = |gaussian, salt_pepper| Noise { gaussian, salt_pepper };
        for wrong in [
            Augment { rotate: f64::NAN, ..none() },
            Augment { scale: -0.1, ..none() },
            Augment { shear: 90.0, ..none() },
            Augment { crop: 8, ..none() },
            Augment { cutout: 9, ..none() },
            Augment { noise: noise(-1.0, 0.0), ..none() },
            Augment { noise: noise(0.0, 1.1), ..none() },
        ] {
            assert_eq!(wrong.check(Extent(1, 8, 9)).unwrap_err().code.id, "SF0821", "{wrong:?}");
        }
        assert!(none().check(Extent(1, 8, 8)).is_ok());
        assert!(serde_json::from_str::<Augment>("{}").is_ok_and(|a| a == none()));
    }
}
