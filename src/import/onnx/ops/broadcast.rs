// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Broadcasting after numpy's rules.

use super::{Arg, Call};
use crate::diag::Result;

/// The shape that all operands broadcast to.
///
/// # Errors
/// SF0107 if they do not.
pub(super) fn shape(call: &Call<'_>, args: &[Arg<'_>]) -> Result<Vec<usize>> {
    let shapes: Vec<_> = args.iter().map(|a| &a.info.shape[..]).collect();
    common(&shapes).ok_or_else(|| {
        let list: Vec<_> = shapes.iter().map(|s| format!("{s:?}")).collect();
        call.shape(format!("operands of shapes {} do not broadcast", list.join(" and ")))
    })
}

/// The shape that `shapes` broadcast to.
pub(super) fn common(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut out = vec![1usize; rank];
    for shape in shapes {
        for (o, &d) in out.iter_mut().rev().zip(shape.iter().rev()) {
            match (*o, d) {
                (a, b) if a == b => {}
                (1, b) => *o = b,
                (_, 1) => {}
                _ => return None,
            }
        }
    }
    Some(out)
}

/// For each element of `out` in row-major order, the index of the element of `from` that
/// broadcasts to it; `from` must broadcast to `out`.
pub(in crate::import::onnx) fn indices(
    from: &[usize],
    out: &[usize],
) -> impl Iterator<Item = usize> + use<> {
    let mut strides = vec![0usize; out.len()];
    let mut stride = 1;
    for (s, &d) in strides.iter_mut().rev().zip(from.iter().rev()) {
        *s = if d == 1 { 0 } else { stride };
        stride *= d;
    }
    strided(out.to_vec(), strides)
}

/// Offsets `Σ index·stride` for every index of `shape` in row-major order.
pub(super) fn strided(shape: Vec<usize>, strides: Vec<usize>) -> impl Iterator<Item = usize> {
    let mut left: usize = shape.iter().product();
    let mut index = vec![0usize; shape.len()];
    let mut offset = 0usize;
    std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let here = offset;
        for ((i, &d), &s) in index.iter_mut().zip(&shape).zip(&strides).rev() {
            *i += 1;
            offset += s;
            if *i < d {
                break;
            }
            *i = 0;
            offset -= s * d;
        }
        Some(here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_numpy() {
        assert_eq!(common(&[&[2, 1, 3], &[4, 1]]), Some(vec![2, 4, 3]));
        assert_eq!(common(&[&[], &[5]]), Some(vec![5]));
        assert_eq!(common(&[&[0], &[1]]), Some(vec![0]));
        assert_eq!(common(&[&[2], &[3]]), None);
    }

    #[test]
    fn indices_follow_numpy() {
        let got: Vec<_> = indices(&[3, 1], &[2, 3, 2]).collect();
        assert_eq!(got, [0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2]);
        assert_eq!(indices(&[], &[2]).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(indices(&[], &[]).collect::<Vec<_>>(), [0]);
        assert_eq!(indices(&[1], &[0]).count(), 0);
    }
}
