// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions over one or two dimensions; those that sum each channel up are pools.

use super::multibit;
use super::pad::{self, Padded};
use super::{Found, Hint, Lift, Pattern, Stream, bias, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::tensor::{Info, Tensor};
use crate::import::onnx::values::ValueId;
use crate::import::onnx::window;
use crate::ir::{self, Op, Pool, PoolKind, Weights, Window};

/// `Conv` with constant ±α_c, and a bias that is its own or added next.
pub(super) struct Conv;

impl Pattern for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Conv", "Pad"]
    }

    fn becomes(&self) -> &'static str {
        "`conv` over one or two dimensions, with constant weights ±α per output channel: any stride, padding (also by `Pad` with zeros), dilation, groups; a bias that is added next"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for view in pad::views(lift, stream)?.iter().filter(|v| v.value == 0.0) {
            let stream = &view.stream;
            for group in steps::groups(lift, stream, |n| n.op() == "Conv")? {
                let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else {
                    continue;
                };
                if lift.values.operand(id, 0) == Some(step) {
                    found.extend(layer(lift, view, group, id)?);
                }
            }
        }
        Ok(found)
    }
}

fn layer(
    lift: &Lift<'_>,
    view: &Padded,
    group: Vec<ValueId>,
    id: ValueId,
) -> Result<Option<Found>> {
    let stream = &view.stream;
    let input = lift.values.operand(id, 0).and_then(|x| lift.values.shape(x));
    let w = lift.values.operand(id, 1);
    let (Some(node), Some(w), Some([_, _, input @ ..])) = (lift.node(id), w, input) else {
        return Ok(None);
    };
    let origin = lift.values.get(w).origin.as_deref();
    let Some(matrix) = lift.values.constant(w) else { return Ok(None) };
    let Some((&outputs, inside)) = matrix.info.shape.split_first() else { return Ok(None) };
    let kernel = inside.get(1..).unwrap_or_default();
    let columns = inside.iter().product();
    let flat = Info { elem: matrix.info.elem, shape: vec![outputs, columns] };
    let rows = Tensor { info: flat, data: matrix.data.clone() };
    let weights = multibit::read(lift, node, &rows, false, origin.unwrap_or("?"))?;
    let (mut window, _) = window::read(node, kernel, input)?;
    view.widen(&mut window);
    let groups = usize::try_from(node.int("group")?.unwrap_or(1)).unwrap_or(1);
    let (bias, group, mut taken) = match lift.values.operand(id, 2) {
        Some(b) => {
            let Some(bias) = bias::of_vector(lift, b, outputs) else {
                return Err(node.error(&codes::ONNX_SHAPE, "its bias is no constant vector"));
            };
            (Some(bias), group.clone(), group)
        }
        None => bias::added(lift, stream, group, outputs),
    };
    taken.extend(&view.taken);
    if bias.is_none() && groups == outputs && is_ones(&weights, &window) {
        let hint = Hint::new("pool").scope(Some(node));
        let op = Op::Pool(Pool { kind: PoolKind::Sum, window });
        return Ok(Some(Found { taken, ..Found::layer(stream, hint, op, group) }));
    }
    let hint = Hint::new("conv").owner(origin).scope(Some(node));
    let op = Op::Conv(ir::Conv { weights, bias, window, groups });
    Ok(Some(Found { taken, ..Found::layer(stream, hint, op, group) }))
}

/// One channel an output, and nothing but ones: its sum.
fn is_ones(weights: &Weights, window: &Window) -> bool {
    let places = window.kernel.iter().product();
    let is_one = |o: usize| (0..places).all(|i| weights.value(o, i) == 1.0);
    weights.inputs() == places && (0..weights.outputs()).all(is_one)
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{image, op, refusal};
    use crate::ir::{BitMatrix, Conv, Op, PerChannel, Pool, PoolKind, Weights, Window};

    fn layer(conv: &str) -> Conv {
        match op(&image(conv), "conv1") {
            Op::Conv(c) => c,
            other => panic!("{other:?}"),
        }
    }

    const W: &str = "const conv1.weight f32 2x1x1x2: 0.5 -0.5 -0.99999499 1\n";

    #[test]
    fn weights_and_windows_are_read() {
        let c = layer(&format!("{W}i = Conv(p, conv1.weight) strides=[2,1] pads=[1,0,0,1]"));
        let plus = [[true, false], [false, true]];
        let Weights::Binary { signs, scale: PerChannel::Each(scale) } = c.weights else { panic!() };
        assert_eq!(signs, BitMatrix::from_fn(2, 2, |r, c| plus[r][c]));
        assert!((scale[0] - 0.5).abs() < 1e-6 && (scale[1] - 1.0).abs() < 1e-5, "{scale:?}");
        let window = Window {
            kernel: vec![1, 2],
            stride: vec![2, 1],
            padding: vec![[1, 0], [0, 1]],
            dilation: vec![1, 1],
        };
        assert_eq!((c.window, c.groups, c.bias), (window, 1, None));
    }

    #[test]
    fn ones_are_a_sum() {
        let sum = image("const w f32 1x1x2x2: 1 1 1 1\ni = Conv(p, w) strides=[2,2]");
        let Op::Pool(Pool { kind: PoolKind::Sum, window }) = op(&sum, "pool1") else { panic!() };
        assert_eq!((window.kernel, window.stride), (vec![2, 2], vec![2, 2]));
        let other = sum.replace("1 1 1 1", "1 1 -1 1");
        assert!(matches!(op(&other, "conv1"), Op::Conv(_)));
        let two = sum.replace("1x1x2x2: 1 1 1 1", "2x1x1x1: 1 1");
        assert!(matches!(op(&two, "conv1"), Op::Conv(_)));
    }

    #[test]
    fn biases_are_operands_or_added_next() {
        for conv in [
            "const b f32 2: 1 2\ni = Conv(p, conv1.weight, b)",
            "const b f32 2x1x1: 1 2\nj = Conv(p, conv1.weight)\ni = Add(j, b)",
            "const b f32 1x2x1x1: 1 2\nj = Conv(p, conv1.weight)\ni = Add(b, j)",
        ] {
            assert_eq!(layer(&format!("{W}{conv}")).bias, Some(vec![1.0, 2.0]), "{conv}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        for (conv, want) in [
            ("const w f32 2x1x1x2: 0.5 -0.25 1 1\ni = Conv(p, w)", "SF0121"),
            ("const w f32 2x1x1x2: 0.5 0 1 1\ni = Conv(p, w)", "SF0122"),
            ("const w f32 2x2x1x2: 1\ni = Conv(p, w)", "SF0107"),
            ("const w f32 2x1x1x2: 1\ni = Conv(p, w) group=2", "SF0107"),
            ("const w f32 2x1x1x2: 1\ni = Conv(p, w) group=0", "SF0108"),
            ("const w f32 2x1x9x2: 1\ni = Conv(p, w)", "SF0107"),
            ("const w f32 2x1x1x2: 1\nconst b f32 3: 1 2 3\ni = Conv(p, w, b)", "SF0107"),
            ("const w f32 2x1x1x2: 1\ni = Conv(p, w) strides=[-1,1]", "SF0108"),
        ] {
            let got = refusal(&image(conv));
            assert!(got.starts_with(want), "{conv}: {got}");
        }
    }
}
