// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parts, repetitions and borders: `Slice`, `Tile` and `Pad`.

use super::layer::layer;
use super::{Call, Operator, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] =
    &[row("Slice", slice_info, slice), row("Tile", tile_info, tile), layer("Pad", pad_info)];

/// What is taken of a dimension.
struct Part {
    first: usize,
    step: usize,
    len: usize,
    is_backwards: bool,
}

/// What is taken of each dimension; none if that is not constant, or a step is 0.
fn range(call: &Call<'_>) -> Result<Option<Vec<Part>>> {
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
    let whole = |&len: &usize| Part { first: 0, step: 1, len, is_backwards: false };
    let mut parts: Vec<_> = shape.iter().map(whole).collect();
    for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = call.axis(*axis, shape.len())?;
        let extent = i64::try_from(shape.get(axis).copied().unwrap_or(0)).unwrap_or(i64::MAX);
        let is_backwards = *step < 0;
        // Backwards the last index is 0, and the end one before it.
        let (low, high) = if is_backwards { (-1, extent - 1) } else { (0, extent) };
        let place = |x: i64| {
            let x = if x < 0 { x.saturating_add(extent) } else { x };
            x.clamp(low, high)
        };
        let Some(step) = usize::try_from(step.unsigned_abs()).ok().filter(|s| *s > 0) else {
            return Ok(None);
        };
        if let Some(part) = parts.get_mut(axis) {
            let (first, last) = (place(*start), place(*end));
            let way = if is_backwards { first - last } else { last - first };
            let len = usize::try_from(way).unwrap_or(0).div_ceil(step);
            let first = usize::try_from(first).unwrap_or(0);
            *part = Part { first, step, len, is_backwards };
        }
    }
    Ok(Some(parts))
}

fn slice_info(call: &Call<'_>) -> Result<Option<Info>> {
    let elem = call.arg(0)?.info.elem;
    Ok(range(call)?.map(|r| Info { elem, shape: r.iter().map(|p| p.len).collect() }))
}

fn slice(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let parts = range(call)?.unwrap_or_default();
    let place = |p: &Part, i: usize| {
        let way = i * p.step;
        if p.is_backwards { p.first.saturating_sub(way) } else { p.first + way }
    };
    pick(call, out, |d, i| parts.get(d).map_or(i, |p| place(p, i)))
}

/// The extents with what is added, or taken away, at both ends of each dimension.
fn pad_info(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let pads = match call.optional(1) {
        Some(_) => call.ints(1)?,
        None => call.node.ints("pads")?,
    };
    // Of some dimensions alone: since opset 18, and no exporter writes it.
    let Some(pads) = pads.filter(|_| call.optional(3).is_none()) else { return Ok(None) };
    if pads.len() != 2 * shape.len() {
        return Err(call.shape(format!("pads {pads:?} for a shape of {shape:?}")));
    }
    let (before, after) = pads.split_at(shape.len());
    let wider = |((d, b), a): ((&usize, &i64), &i64)| {
        let sum = i64::try_from(*d).ok()?.checked_add(*b)?.checked_add(*a)?;
        usize::try_from(sum).ok()
    };
    let shape: Option<_> = shape.iter().zip(before).zip(after).map(wider).collect();
    let shape = shape.ok_or_else(|| call.shape(format!("pads {pads:?}")))?;
    Ok(Some(Info { elem: *elem, shape }))
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
        let back = format!(
            "{A}\nconst b i64 1: -1\nconst l i64 1: -9223372036854775807\ny = Slice(a, b, l, x1, b)"
        );
        assert_eq!(fold(&back), (vec![2, 3], vec![3., 2., 1., 6., 5., 4.]));
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
