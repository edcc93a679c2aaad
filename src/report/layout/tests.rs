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
    clear(8, &edges);
}

/// Nothing overlaps, and no edge passes behind a box.
fn clear(count: usize, edges: &[(usize, usize)]) -> Layout {
    let sizes = boxes(count);
    let l = layout(&sizes, edges);
    for a in 0..count {
        for b in a + 1..count {
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
    l
}

#[test]
fn edges_that_close_a_cycle_go_up_beside_the_boxes() {
    // Inputs 0 and 1; 2 is a register that takes 5, 6 one that takes itself.
    let edges = [(0, 3), (1, 3), (3, 4), (2, 4), (4, 5), (5, 2), (6, 6), (6, 7), (5, 7)];
    let l = clear(8, &edges);
    // A register stands right above what takes it, not beside the inputs.
    assert!(l.boxes[2].1 > l.boxes[0].1 && l.boxes[2].1 < l.boxes[4].1, "{:?}", l.boxes);
    let up = &l.routes[5];
    assert_eq!(up.len(), 5);
    assert!(up[1..4].windows(2).all(|w| w[0].1 > w[1].1), "{up:?}");
    assert!(up[1].1 == l.boxes[5].1 && up[3].1 == l.boxes[2].1, "{up:?}");
    assert_eq!(l.routes[6].len(), 3);
    // There is room for the turn above the first layer and below the last.
    let l = clear(1, &[(0, 0)]);
    assert!(l.boxes[0].1 > 20.0 && l.height > l.boxes[0].1 + 60.0, "{l:?}");
}
