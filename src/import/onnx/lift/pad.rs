// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A border that is added to an image before a window passes over it: `F.pad`,
//! `nn.ZeroPad2d`. It goes into the window of the layer that follows.

use super::{Lift, Stream, steps};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::Window;

/// A stream, with a border or without.
pub(super) struct Padded {
    pub(super) stream: Stream,
    /// Elements before and after, for each spatial dimension.
    border: Vec<[usize; 2]>,
    /// What the border consists of.
    pub(super) value: f64,
    /// The operators that add it.
    pub(super) taken: Vec<ValueId>,
}

impl Padded {
    pub(super) fn has_border(&self) -> bool {
        !self.border.is_empty()
    }

    /// Makes the window over the image with its border one over the image alone.
    pub(super) fn widen(&self, window: &mut Window) {
        for (padding, border) in window.padding.iter_mut().zip(&self.border) {
            padding.iter_mut().zip(border).for_each(|(p, b)| *p = p.saturating_add(*b));
        }
    }
}

/// The stream as it is, and with every border that the file adds to it.
pub(super) fn views(lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Padded>> {
    let plain =
        Padded { stream: stream.clone(), border: Vec::new(), value: 0.0, taken: Vec::new() };
    let mut views = vec![plain];
    for group in steps::groups(lift, stream, |n| n.op() == "Pad")? {
        let Some(&id) = group.first() else { continue };
        if let Some((border, value)) = border(lift, id)? {
            let stream = stream.of(group.clone());
            views.push(Padded { stream, border, value, taken: group });
        }
    }
    Ok(views)
}

/// None if it is not constant, or not around an image.
fn border(lift: &Lift<'_>, id: ValueId) -> Result<Option<(Vec<[usize; 2]>, f64)>> {
    let Some(node) = lift.node(id) else { return Ok(None) };
    let constant = |i: usize| lift.values.operand(id, i).and_then(|o| lift.values.constant(o));
    let pads = match constant(1) {
        Some(t) => t.ints().map(<[i64]>::to_vec),
        None => node.ints("pads")?.map(<[i64]>::to_vec),
    };
    let value = match (lift.values.operand(id, 2), constant(2)) {
        (Some(_), None) => None,
        (None, _) => Some(node.float("value")?.unwrap_or(0.0).into()),
        (_, Some(t)) => t.splat(),
    };
    let is_whole = lift.values.operand(id, 3).is_none();
    let is_constant = node.text("mode")?.unwrap_or("constant") == "constant";
    let (Some(pads), Some(value), true, true) = (pads, value, is_whole, is_constant) else {
        return Ok(None);
    };
    let rank = pads.len() / 2;
    let (before, after) = pads.split_at(rank);
    let each: Option<Vec<[usize; 2]>> = before
        .iter()
        .zip(after)
        .map(|(b, a)| Some([usize::try_from(*b).ok()?, usize::try_from(*a).ok()?]))
        .collect();
    // Batch and channels stay what they are.
    let spatial = each.and_then(|e| match &e[..] {
        [[0, 0], [0, 0], rest @ ..] if !rest.is_empty() => Some(rest.to_vec()),
        _ => None,
    });
    Ok(spatial.map(|s| (s, value)))
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{image, op, refusal};
    use crate::ir::{Op, PoolKind};

    const W: &str = "const w f32 2x1x1x2: 0.5\n";

    #[test]
    fn a_border_goes_into_the_window() {
        for pad in [
            "const q i64 8: 0 0 1 0 0 0 2 3\nb = Pad(p, q)",
            "const q i64 8: 0 0 1 0 0 0 2 3\nconst z f32 -: 0\nb = Pad(p, q, z)",
        ] {
            let conv = format!("{W}{pad}\ni = Conv(b, w) pads=[0,1,0,0]");
            let Op::Conv(conv) = op(&image(&conv), "conv1") else { panic!("{pad}") };
            assert_eq!(conv.window.padding, [[1, 2], [1, 3]]);
        }
        let pool =
            "const q i64 8: 0 0 1 1 0 0 1 1\nb = Pad(p, q)\ni = AveragePool(b) kernel_shape=[2,2]";
        let Op::Pool(pool) = op(&image(pool), "pool1") else { panic!() };
        assert_eq!(
            (pool.kind, &pool.window.padding[..]),
            (PoolKind::Average, &[[1, 1], [1, 1]][..])
        );
    }

    #[test]
    fn what_no_window_has_is_refused() {
        for (pad, layer) in [
            ("const q i64 8: 0 0 1 1 0 0 1 1\nb = Pad(p, q) mode=\"reflect\"", "Conv(b, w)"),
            ("const q i64 8: 0 0 1 1 0 0 1 1\nconst z f32 -: 0.5\nb = Pad(p, q, z)", "Conv(b, w)"),
            ("const q i64 8: 0 0 -1 0 0 0 0 0\nb = Pad(p, q)", "Conv(b, w)"),
            // Numbers below zero lose against a border of zeros.
            (
                "const q i64 8: 0 0 1 1 0 0 1 1\nn = Neg(p)\nb = Pad(n, q)",
                "MaxPool(b) kernel_shape=[2,2]",
            ),
        ] {
            let got = refusal(&image(&format!("{W}{pad}\ni = {layer}")));
            assert!(got.starts_with("SF0120 node"), "{pad}: {got}");
        }
    }
}
