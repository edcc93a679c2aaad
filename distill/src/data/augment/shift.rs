// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::ops::Range;

/// Maps (height, width) whose pixel `[y][x]` was at `[y + down][x + right]`, or is 0 where
/// that is outside.
pub(super) fn shift(maps: &[u8], map: (usize, usize), down: i32, right: i32) -> Vec<u8> {
    let (height, width) = map;
    let mut shifted = vec![0; maps.len()];
    let (to_x, from_x) = overlap(width, right);
    let (to_y, from_y) = overlap(height, down);
    let planes = shifted.chunks_exact_mut(height * width).zip(maps.chunks_exact(height * width));
    for (to, from) in planes {
        let rows = to[to_y.start * width..to_y.end * width]
            .chunks_exact_mut(width)
            .zip(from[from_y.start * width..].chunks_exact(width));
        for (to, from) in rows {
            to[to_x.clone()].copy_from_slice(&from[from_x.clone()]);
        }
    }
    shifted
}

/// The places of a line that stay on it, and where they were.
fn overlap(extent: usize, by: i32) -> (Range<usize>, Range<usize>) {
    let lost = (by.unsigned_abs() as usize).min(extent);
    let (low, high) = (0..extent - lost, lost..extent);
    if by < 0 { (high, low) } else { (low, high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_come_in_where_pixels_leave() {
        let maps = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
        let by = |down, right| shift(&maps, (2, 3), down, right);
        assert_eq!(by(0, 0), maps);
        assert_eq!(by(1, 0), [4, 5, 6, 0, 0, 0, 14, 15, 16, 0, 0, 0]);
        assert_eq!(by(-1, 1), [0, 0, 0, 2, 3, 0, 0, 0, 0, 12, 13, 0]);
        assert_eq!(by(0, -2), [0, 0, 1, 0, 0, 4, 0, 0, 11, 0, 0, 14]);
        assert_eq!(by(2, 0), [0; 12]);
        assert_eq!(by(-5, 9), [0; 12]);
    }
}
