// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Fractions of a pixel: 16 bits while coordinates are added up, of which 8 weigh.
const ONE: f64 = 65536.0;

/// Maps (height, width) rotated by `angle` (radians), scaled by `factor` and sheared along
/// x by `slant` about their centre; bilinear, with zeros outside.
///
/// Where a pixel comes from and how its four sources weigh is the same for all maps, and
/// worked out once. The sources lie in a copy with a border of zeros, so that none of them
/// needs to be checked.
pub(super) fn affine(
    maps: &[u8],
    map: (usize, usize),
    angle: f64,
    factor: f64,
    slant: f64,
) -> Vec<u8> {
    let (height, width) = map;
    let sources = sources(map, angle, factor, slant);
    let stride = width + 3;
    let mut bordered = vec![0; stride * (height + 3)];
    let mut warped = vec![0; maps.len()];
    let planes = warped.chunks_exact_mut(height * width).zip(maps.chunks_exact(height * width));
    for (to, from) in planes {
        for (row, pixels) in bordered.chunks_exact_mut(stride).skip(1).zip(from.chunks_exact(width))
        {
            row[1..=width].copy_from_slice(pixels);
        }
        for (pixel, source) in to.iter_mut().zip(&sources) {
            *pixel = source.of(&bordered, stride);
        }
    }
    warped
}

/// Where a pixel comes from.
struct Source {
    /// Index of the upper left of four neighbours.
    at: usize,
    /// Weights of the right and of the lower ones, in 1/256.
    right: u32,
    below: u32,
}

impl Source {
    fn of(&self, bordered: &[u8], stride: usize) -> u8 {
        let line = |at: usize| {
            let (left, right) = (u32::from(bordered[at]), u32::from(bordered[at + 1]));
            left * (256 - self.right) + right * self.right
        };
        let sum = line(self.at) * (256 - self.below) + line(self.at + stride) * self.below;
        ((sum + (1 << 15)) >> 16) as u8
    }
}

/// The source of each pixel, row by row: the inverse of rotation · shear · scale.
fn sources(map: (usize, usize), angle: f64, factor: f64, slant: f64) -> Vec<Source> {
    let (height, width) = map;
    let (sin, cos) = angle.sin_cos();
    let inverse = [
        [(cos + slant * sin) / factor, (sin - slant * cos) / factor],
        [-sin / factor, cos / factor],
    ];
    let centre = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    // A conversion of what is out of range saturates, and what lies outside the map is
    // held at its border of zeros.
    let fixed = |value: f64| (value * ONE).round() as i64;
    let [step_x, step_y] = inverse.map(|row| fixed(row[0]));
    // From the border's first pixel on, and rounded to the next 1/256.
    let held = |place: i64, extent: usize| place.clamp(-65536, (extent as i64) << 16) + 65536 + 128;
    let mut sources = Vec::with_capacity(height * width);
    for row in 0..height {
        let y = row as f64 - centre[1];
        let start = |i: usize| fixed(centre[i] - inverse[i][0] * centre[0] + inverse[i][1] * y);
        let (mut from_x, mut from_y) = (start(0), start(1));
        for _ in 0..width {
            let (u, v) = (held(from_x, width), held(from_y, height));
            let at = (v >> 16) * (width as i64 + 3) + (u >> 16);
            let weight = |place: i64| (place >> 8 & 255) as u32;
            sources.push(Source { at: at as usize, right: weight(u), below: weight(v) });
            from_x = from_x.saturating_add(step_x);
            from_y = from_y.saturating_add(step_y);
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    const MAPS: [u8; 18] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 251, 252, 253, 254, 255, 0, 0, 0, 1];

    #[test]
    fn no_change_is_exact() {
        assert_eq!(affine(&MAPS, (3, 3), 0.0, 1.0, 0.0), MAPS);
        assert_eq!(affine(&MAPS, (2, 3), 0.0, 1.0, 0.0), MAPS);
    }

    #[test]
    fn a_quarter_turn_moves_every_pixel() {
        let turned = affine(&MAPS, (3, 3), FRAC_PI_2, 1.0, 0.0);
        assert_eq!(turned[..9], [7, 4, 1, 8, 5, 2, 9, 6, 3]);
        assert_eq!(turned[9..], [0, 254, 251, 0, 255, 252, 1, 0, 253]);
    }

    #[test]
    fn a_shear_moves_rows_by_their_distance() {
        assert_eq!(affine(&MAPS[..9], (3, 3), 0.0, 1.0, 1.0), [2, 3, 0, 4, 5, 6, 0, 7, 8]);
    }

    #[test]
    fn half_the_size_is_the_pixels_between_zeros() {
        let mut maps = [0; 25];
        maps[6..9].fill(100);
        maps[11..14].fill(100);
        maps[16..19].fill(100);
        let small = affine(&maps, (5, 5), 0.0, 0.5, 0.0);
        assert_eq!(small.iter().position(|l| *l > 0), Some(12));
        let large = affine(&maps, (5, 5), 0.0, 2.0, 0.0);
        assert_eq!(large, [100; 25]);
        // The corner comes from two thirds of a pixel inside: 100 (171/256)².
        assert_eq!(affine(&maps, (5, 5), 0.0, 1.5, 0.0)[0], 45);
    }

    #[test]
    fn a_place_between_pixels_is_their_mean() {
        // Half a pixel to the right, as the rows above and below the centre of two are.
        assert_eq!(affine(&[10, 20, 30, 40], (2, 2), 0.0, 1.0, 1.0), [15, 10, 15, 35]);
    }
}
