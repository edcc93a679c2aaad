// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parts and repetitions: `Slice` and `Tile`.

use super::{Call, Operator, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] =
    &[row("Slice", slice_info, slice), row("Tile", tile_info, tile)];

/// First index and step of each dimension, and the extents that result; none if they are
/// not constant, or a step is not above zero.
fn range(call: &Call<'_>) -> Result<Option<Vec<[usize; 3]>>> {
    let shape = &call.arg(0)?.info.shape;
    // Attributes up to opset 9.
    let list = |i: usize, name: &str| -> Result<Option<Vec<i64>>> {
        Ok(match call.optional(i) {
            Some(_) => call.ints(i)?.map(<[i64]>::to_vec),
            None => call.node.ints(name)?.map(<[i64]>::to_vec),
        })
    };
    let (Some(starts), Some(ends)) = (list(1, "starts")?, list(2, "ends")?) else {
        return Ok(None);
    };
    let all = || (0..i64::try_from(starts.len()).unwrap_or(0)).collect();
    let axes = if call.optional(3).is_some() {
        list(3, "axes")?
    } else {
        Some(list(3, "axes")?.unwrap_or_else(all))
    };
    let steps =
        if call.optional(4).is_some() { list(4, "steps")? } else { Some(vec![1; starts.len()]) };
    let (Some(axes), Some(steps)) = (axes, steps) else { return Ok(None) };
    if [ends.len(), axes.len(), steps.len()].iter().any(|&n| n != starts.len()) {
        return Err(call.shape("starts, ends, axes and steps differ in number"));
    }
    let mut parts: Vec<_> = shape.iter().map(|&d| [0, 1, d]).collect();
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = call.axis(*axis, shape.len())?;
        let extent = i64::try_from(shape.get(axis).copied().unwrap_or(0)).unwrap_or(i64::MAX);
        let place = |x: i64| {
            let x = if x < 0 { x.saturating_add(extent) } else { x };
            usize::try_from(x.clamp(0, extent)).unwrap_or(0)
        };
        let Some(step) = usize::try_from(*step).ok().filter(|s| *s > 0) else { return Ok(None) };
        if let Some(part) = parts.get_mut(axis) {
            let (first, last) = (place(*start), place(*end));
            *part = [first, step, last.saturating_sub(first).div_ceil(step)];
        }
    }
    Ok(Some(parts))
}

fn slice_info(call: &Call<'_>) -> Result<Option<Info>> {
    let elem = call.arg(0)?.info.elem;
    Ok(range(call)?.map(|r| Info { elem, shape: r.iter().map(|[_, _, len]| *len).collect() }))
}

fn slice(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let parts = range(call)?.unwrap_or_default();
    pick(call, out, |d, i| parts.get(d).map_or(i, |[first, step, _]| first + i * step))
}

fn tile_info(call: &Call<'_>) -> Result<Option<Info>> {
    let info = call.arg(0)?.info;
    let Some(repeats) = call.ints(1)? else { return Ok(None) };
    if repeats.len() != info.shape.len() {
        return Err(call.shape(format!("repeats {repeats:?} for a shape of {:?}", info.shape)));
    }
    let each = info.shape.iter().zip(repeats);
    let shape = each.map(|(d, r)| usize::try_from(*r).ok().and_then(|r| d.checked_mul(r)));
    let shape = shape.collect::<Option<Vec<_>>>();
    let shape = shape.ok_or_else(|| call.shape(format!("repeats {repeats:?}")))?;
    Ok(Some(Info { elem: info.elem, shape }))
}

fn tile(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let shape = &call.arg(0)?.info.shape;
    pick(call, out, |d, i| i % shape.get(d).copied().unwrap_or(1).max(1))
}

/// Every element of the result from the place that `from` gives for each dimension.
fn pick(call: &Call<'_>, out: &Info, from: impl Fn(usize, usize) -> usize) -> Result<Tensor> {
    let tensor = call.value(0)?;
    let source = |mut at: usize| {
        let (mut index, mut stride) = (0, 1);
        for (d, (len, extent)) in out.shape.iter().zip(&tensor.info.shape).enumerate().rev() {
            index += from(d, at % len.max(&1)) * stride;
            at /= len.max(&1);
            stride *= extent;
        }
        index
    };
    let places = (0..out.len().unwrap_or(0)).map(source);
    let data = match &tensor.data {
        Data::Real(v) => Data::Real(places.map(|i| v.get(i).copied().unwrap_or(0.0)).collect()),
        Data::Int(v) => Data::Int(places.map(|i| v.get(i).copied().unwrap_or(0)).collect()),
    };
    Ok(Tensor { info: out.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    const A: &str =
        "const a i64 2x3: 1 2 3 4 5 6\nconst s i64 1: 1\nconst e i64 1: 99\nconst x1 i64 1: -1";

    #[test]
    fn parts_of_a_tensor() {
        let got = fold(&format!("{A}\ny = Slice(a, s, e, x1)"));
        assert_eq!(got, (vec![2, 2], vec![2., 3., 5., 6.]));
        assert_eq!(fold(&format!("{A}\ny = Slice(a, s, e)")), (vec![1, 3], vec![4., 5., 6.]));
        let old = fold(&format!("{A}\ny = Slice(a) starts=[0,-2] ends=[1,3] axes=[0,1]"));
        assert_eq!(old, (vec![1, 2], vec![2., 3.]));
        let steps =
            fold(&format!("{A}\nconst o i64 1: 0\nconst t i64 1: 2\ny = Slice(a, o, e, x1, t)"));
        assert_eq!(steps, (vec![2, 2], vec![1., 3., 4., 6.]));
    }

    #[test]
    fn repetitions() {
        let got = fold(&format!("{A}\nconst r i64 2: 1 2\ny = Tile(a, r)"));
        assert_eq!(got.0, [2, 6]);
        assert_eq!(got.1[..6], [1., 2., 3., 1., 2., 3.]);
        let huge = format!("{A}\nconst r i64 2: 4000000000 4000000000\ny = Tile(a, r)");
        assert_eq!(constant(&huge).unwrap_err().code.id, "SF0107");
        let wrong = format!("{A}\ny = Tile(a, s)");
        assert_eq!(constant(&wrong).unwrap_err().code.id, "SF0107");
    }
}
