// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Reductions over axes.

use super::{Call, Operator, broadcast, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] = &[
    row("ReduceMean", info, |c, o| reduce(c, o, 0.0, |a, x| a + x, true)),
    row("ReduceSum", info, |c, o| reduce(c, o, 0.0, |a, x| a + x, false)),
    row("ReduceL1", info, |c, o| reduce(c, o, 0.0, |a, x| a + x.abs(), false)),
    row("ReduceMax", info, |c, o| reduce(c, o, f64::NEG_INFINITY, f64::max, false)),
    row("ReduceMin", info, |c, o| reduce(c, o, f64::INFINITY, f64::min, false)),
];

/// Which axes are reduced, and whether they stay with extent 1; none if the axes are not
/// constant. They are an operand since opset 13 (ReduceSum) or 18, an attribute before.
fn axes(call: &Call<'_>) -> Result<Option<(Vec<bool>, bool)>> {
    let rank = call.arg(0)?.info.shape.len();
    let axes = match call.optional(1) {
        Some(_) => match call.ints(1)? {
            None => return Ok(None),
            some => some,
        },
        None => call.node.ints("axes")?,
    };
    let keep = call.node.int("keepdims")?.unwrap_or(1) != 0;
    let mut reduced = vec![false; rank];
    match axes {
        Some(axes) if !axes.is_empty() => {
            for &a in axes {
                let a = call.axis(a, rank)?;
                if let Some(flag) = reduced.get_mut(a) {
                    *flag = true;
                }
            }
        }
        _ => reduced.fill(call.node.int("noop_with_empty_axes")?.unwrap_or(0) == 0),
    }
    Ok(Some((reduced, keep)))
}

fn info(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info.clone();
    let Some((reduced, keep)) = axes(call)? else { return Ok(None) };
    let dims = shape.into_iter().zip(reduced).filter(|(_, r)| keep || !r);
    Ok(Some(Info { elem, shape: dims.map(|(d, r)| if r { 1 } else { d }).collect() }))
}

/// Accumulates in f64 and rounds once.
fn reduce(
    call: &Call<'_>,
    out: &Info,
    start: f64,
    step: fn(f64, f64) -> f64,
    mean: bool,
) -> Result<Tensor> {
    let from = call.value(0)?;
    let Some((reduced, _)) = axes(call)? else {
        return Err(call.unsupported("its axes are not constant"));
    };
    if !out.elem.is_float() {
        return Err(call.unsupported("reductions of integer constants are not implemented"));
    }
    let kept: Vec<usize> =
        from.info.shape.iter().zip(&reduced).map(|(&d, &r)| if r { 1 } else { d }).collect();
    let len = kept.iter().product::<usize>();
    let mut acc = vec![start; len];
    for (x, i) in from.reals().zip(broadcast::indices(&kept, &from.info.shape)) {
        if let Some(a) = acc.get_mut(i) {
            *a = step(*a, x);
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let n = if mean { from.len() as f64 / len.max(1) as f64 } else { 1.0 };
    acc.iter_mut().for_each(|a| *a = out.elem.round(*a / n));
    Ok(Tensor { info: out.clone(), data: Data::Real(acc) })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    const A: &str = "const a f32 2x3: 1 2 3 4 5 9";

    #[test]
    fn axes_are_an_attribute_or_an_operand() {
        assert_eq!(fold(&format!("{A}\ny = ReduceMean(a) axes=[1]")), (vec![2, 1], vec![2., 6.]));
        let operand = format!("{A}\nconst i i64 1: -2\ny = ReduceSum(a, i) keepdims=0");
        assert_eq!(fold(&operand), (vec![3], vec![5., 7., 12.]));
        assert_eq!(fold(&format!("{A}\ny = ReduceMax(a)")), (vec![1, 1], vec![9.]));
        assert_eq!(fold(&format!("{A}\ny = ReduceMean(a) noop_with_empty_axes=1")).0, [2, 3]);
        let beyond = constant(&format!("{A}\ny = ReduceMean(a) axes=[2]")).unwrap_err();
        assert_eq!(beyond.code.id, "SF0107");
    }
}
