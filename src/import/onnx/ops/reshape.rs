// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operators that move elements without changing them.

use super::create::extents;
use super::{Call, Operator, broadcast, elementwise, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor, count};

pub(super) const TABLE: &[Operator] = &[
    row("Reshape", reshape, relabel),
    row("Flatten", flatten, relabel),
    row("Squeeze", squeeze, relabel),
    row("Unsqueeze", unsqueeze, relabel),
    row("Transpose", transpose_info, transpose),
    row("Expand", expand_info, expand),
];

/// The same elements in another shape.
fn relabel(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    Ok(Tensor { info: out.clone(), data: call.value(0)?.data.clone() })
}

fn reshape(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let Some(wanted) = call.ints(1)? else { return Ok(None) };
    let zero_copies = call.node.int("allowzero")?.unwrap_or(0) == 0;
    let mut dims = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (i, &d) in wanted.iter().enumerate() {
        dims.push(match d {
            -1 if open.is_none() => {
                open = Some(i);
                1
            }
            0 if zero_copies => match shape.get(i) {
                Some(&d) => d,
                None => return Err(call.shape(format!("{shape:?} has no dimension {i} to copy"))),
            },
            _ => usize::try_from(d).map_err(|_| call.shape(format!("a shape of {wanted:?}")))?,
        });
    }
    let total = count(shape);
    let known = count(&dims);
    if let (Some(dim), Some(total), Some(known)) =
        (open.and_then(|i| dims.get_mut(i)), total, known)
    {
        *dim = total.checked_div(known).unwrap_or(0);
    }
    if count(&dims) != total || total.is_none() {
        return Err(call
            .shape(format!("{shape:?} cannot become {wanted:?}"))
            .help("if the shape contains a batch size, export with a dynamic batch dimension"));
    }
    Ok(Some(Info { elem: *elem, shape: dims }))
}

fn flatten(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let axis = match call.node.int("axis")?.unwrap_or(1) {
        a if usize::try_from(a).is_ok_and(|a| a == shape.len()) => shape.len(),
        a => call.axis(a, shape.len())?,
    };
    let (outer, inner) = shape.split_at(axis);
    match (count(outer), count(inner)) {
        (Some(a), Some(b)) => Ok(Some(Info { elem: *elem, shape: vec![a, b] })),
        _ => Err(call.shape(format!("{shape:?} is too large"))),
    }
}

/// Axes from operand 1 (since opset 13) or the attribute; the outer option is none if
/// they are not constant, the inner one if they are left out.
#[allow(clippy::option_option)]
fn axes<'a>(call: &Call<'a>) -> Result<Option<Option<&'a [i64]>>> {
    match call.optional(1) {
        Some(_) => Ok(call.ints(1)?.map(Some)),
        None => Ok(Some(call.node.ints("axes")?)),
    }
}

fn squeeze(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let Some(axes) = axes(call)? else { return Ok(None) };
    let mut gone: Vec<bool> = match axes {
        None => shape.iter().map(|&d| d == 1).collect(),
        Some(_) => vec![false; shape.len()],
    };
    for &a in axes.unwrap_or_default() {
        let a = call.axis(a, shape.len())?;
        if shape.get(a) != Some(&1) {
            return Err(call.shape(format!("dimension {a} of {shape:?} is not 1")));
        }
        if let Some(flag) = gone.get_mut(a) {
            *flag = true;
        }
    }
    let kept = shape.iter().zip(gone).filter(|(_, gone)| !gone).map(|(&d, _)| d);
    Ok(Some(Info { elem: *elem, shape: kept.collect() }))
}

fn unsqueeze(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let Some(axes) = axes(call)? else { return Ok(None) };
    let Some(axes) = axes else { return Err(call.unsupported("its axes are missing")) };
    let rank = shape.len() + axes.len();
    let mut new = vec![false; rank];
    for &a in axes {
        let a = call.axis(a, rank)?;
        if new.get_mut(a).is_none_or(|flag| std::mem::replace(flag, true)) {
            return Err(call.shape(format!("axis {a} is inserted twice")));
        }
    }
    let mut old = shape.iter();
    let dims = new.iter().map(|&n| if n { 1 } else { old.next().copied().unwrap_or(1) });
    Ok(Some(Info { elem: *elem, shape: dims.collect() }))
}

fn permutation(call: &Call<'_>) -> Result<Vec<usize>> {
    let rank = call.arg(0)?.info.shape.len();
    let Some(perm) = call.node.ints("perm")? else { return Ok((0..rank).rev().collect()) };
    let order: Vec<_> = perm.iter().map(|&p| call.axis(p, rank)).collect::<Result<_>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.into_iter().eq(0..rank) {
        Ok(order)
    } else {
        Err(call.shape(format!("{perm:?} is no permutation of {rank} dimension(s)")))
    }
}

fn transpose_info(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let dims = permutation(call)?.into_iter().filter_map(|p| shape.get(p).copied());
    Ok(Some(Info { elem: *elem, shape: dims.collect() }))
}

fn transpose(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let from = call.value(0)?;
    let mut strides = vec![1usize; from.info.shape.len()];
    for i in (1..strides.len()).rev() {
        if let (Some(&s), Some(&d)) = (strides.get(i), from.info.shape.get(i))
            && let Some(outer) = strides.get_mut(i - 1)
        {
            *outer = s * d;
        }
    }
    let strides: Vec<_> =
        permutation(call)?.into_iter().filter_map(|p| strides.get(p).copied()).collect();
    let order = broadcast::strided(out.shape.clone(), strides);
    let data = match &from.data {
        Data::Real(v) => Data::Real(order.filter_map(|i| v.get(i).copied()).collect()),
        Data::Int(v) => Data::Int(order.filter_map(|i| v.get(i).copied()).collect()),
    };
    Ok(Tensor { info: out.clone(), data })
}

fn expand_info(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let Some(wanted) = extents(call, 1)? else { return Ok(None) };
    let shape = broadcast::common(&[shape, &wanted])
        .ok_or_else(|| call.shape(format!("{shape:?} cannot expand to {wanted:?}")))?;
    Ok(Some(Info { elem: *elem, shape }))
}

fn expand(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    Ok(Tensor { info: out.clone(), data: elementwise::spread(call, 0, out)? })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    const A: &str = "const a f32 2x3: 1 2 3 4 5 6";

    #[test]
    fn elements_keep_their_order() {
        assert_eq!(fold(&format!("{A}\nconst s i64 2: -1 2\ny = Reshape(a, s)")).0, [3, 2]);
        assert_eq!(fold(&format!("{A}\nconst s i64 3: 0 1 -1\ny = Reshape(a, s)")).0, [2, 1, 3]);
        assert_eq!(fold(&format!("{A}\ny = Flatten(a) axis=0")).0, [1, 6]);
        assert_eq!(fold(&format!("{A}\nconst i i64 2: 0 -1\ny = Unsqueeze(a, i)")).0, [1, 2, 3, 1]);
        assert_eq!(fold("const a f32 1x2x1: 0\ny = Squeeze(a)").0, [2]);
        assert_eq!(fold("const a f32 1x2x1: 0\ny = Squeeze(a) axes=[0]").0, [2, 1]);
    }

    #[test]
    fn elements_move() {
        assert_eq!(
            fold(&format!("{A}\ny = Transpose(a)")),
            (vec![3, 2], vec![1., 4., 2., 5., 3., 6.])
        );
        let three = "const a f32 1x2x3: 1 2 3 4 5 6\ny = Transpose(a) perm=[2,0,1]";
        assert_eq!(fold(three), (vec![3, 1, 2], vec![1., 4., 2., 5., 3., 6.]));
        let expand = "const a f32 2x1: 1 2\nconst s i64 3: 2 1 2\ny = Expand(a, s)";
        assert_eq!(fold(expand), (vec![2, 2, 2], vec![1., 1., 2., 2., 1., 1., 2., 2.]));
    }

    #[test]
    fn impossible_shapes_are_refused() {
        for (text, code) in [
            ("const s i64 1: 5\ny = Reshape(a, s)", "SF0107"),
            ("const s i64 2: -1 -1\ny = Reshape(a, s)", "SF0107"),
            ("const s i64 2: -1 0\ny = Reshape(a, s) allowzero=1", "SF0107"),
            ("y = Transpose(a) perm=[0,0]", "SF0107"),
            ("y = Squeeze(a) axes=[0]", "SF0107"),
            ("y = Unsqueeze(a) axes=[1,1]", "SF0107"),
            ("y = Unsqueeze(a)", "SF0108"),
            ("y = Flatten(a) axis=9", "SF0107"),
        ] {
            let error = constant(&format!("{A}\n{text}")).unwrap_err();
            assert_eq!(error.code.id, code, "{text}");
        }
    }
}
