// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::*;

fn boxes(n: usize) -> Vec<Size> {
    (0..n).map(|i| Size { width: 100.0 + 10.0 * i as f64, height: 40.0 }).collect()
}

#[test]
fn a_chain_is_a_straight_line() {
    let l = layout(&boxes(4), &[(0, 1), (1, 2), (2, 3)]);
    let centres: Vec<f64> =
        l.boxes.iter().zip(boxes(4)).map(|(b, s)| b.0 + s.width / 2.0).collect();
    assert!(centres.windows(2).all(|w| (w[0] - w[1]).abs() < 1e-6), "{centres:?}");
}

#[test]
fn no_boxes_overlap_and_no_edge_passes_behind_one() {
    // Two residual blocks, a branch of three and a skip over everything.
    let edges = [
        (0, 1),
        (1, 2),
        (0, 2),
        (2, 3),
        (2, 4),
        (2, 5),
        (3, 6),
        (4, 6),
        (5, 6),
        (6, 7),
        (2, 7),
        (0, 7),
    ];
    let sizes = boxes(8);
    let l = layout(&sizes, &edges);
    for a in 0..8 {
        for b in a + 1..8 {
            let ((ax, ay), (bx, by)) = (l.boxes[a], l.boxes[b]);
            let apart = ax + sizes[a].width < bx || bx + sizes[b].width < ax;
            assert!(apart || (ay - by).abs() >= 40.0, "{a} and {b} overlap");
        }
    }
    for route in &l.routes {
        for &(x, top, _) in &route[1..route.len() - 1] {
            for (b, &(left, y)) in l.boxes.iter().enumerate() {
                let hit = y == top && left <= x && x <= left + sizes[b].width;
                assert!(!hit, "an edge passes behind box {b}");
            }
        }
    }
}
