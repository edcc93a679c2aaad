// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operators that pick parts of values or join them.

use super::{Call, Operator, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor, count};

pub(super) const TABLE: &[Operator] =
    &[row("Concat", concat_info, concat), row("Gather", gather_info, gather)];

fn concat_axis(call: &Call<'_>) -> Result<usize> {
    let Some(axis) = call.node.int("axis")? else {
        return Err(call.unsupported("attribute `axis` is missing"));
    };
    call.axis(axis, call.arg(0)?.info.shape.len())
}

fn concat_info(call: &Call<'_>) -> Result<Option<Info>> {
    let args = call.all()?;
    let axis = concat_axis(call)?;
    let Info { elem, shape } = call.arg(0)?.info;
    let mut along = 0usize;
    for a in &args {
        let outer = |s: &[usize]| -> Vec<usize> {
            s.iter().enumerate().filter(|(i, _)| *i != axis).map(|(_, &d)| d).collect()
        };
        if a.info.elem != *elem
            || a.info.shape.len() != shape.len()
            || outer(&a.info.shape) != outer(shape)
        {
            return Err(call.shape(format!("cannot join {:?} to {shape:?}", a.info.shape)));
        }
        along = along.saturating_add(a.info.shape.get(axis).copied().unwrap_or(0));
    }
    let mut shape = shape.clone();
    if let Some(d) = shape.get_mut(axis) {
        *d = along;
    }
    Ok(Some(Info { elem: *elem, shape }))
}

/// Number of elements outside and inside `axis`.
fn around(shape: &[usize], axis: usize) -> (usize, usize) {
    let outer = count(shape.get(..axis).unwrap_or_default());
    let inner = count(shape.get(axis + 1..).unwrap_or_default());
    (outer.unwrap_or(0), inner.unwrap_or(0))
}

fn concat(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let axis = concat_axis(call)?;
    let (outer, inner) = around(&out.shape, axis);
    let parts: Vec<_> = (0..call.args.len()).map(|i| call.value(i)).collect::<Result<_>>()?;
    fn join<'a, T: Copy + 'a>(
        outer: usize,
        parts: impl Iterator<Item = (&'a [T], usize)> + Clone,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for o in 0..outer {
            for (part, size) in parts.clone() {
                all.extend_from_slice(part.get(o * size..(o + 1) * size).unwrap_or_default());
            }
        }
        all
    }
    let size = |t: &Tensor| t.info.shape.get(axis).copied().unwrap_or(0) * inner;
    let reals = parts.iter().filter_map(|t| match &t.data {
        Data::Real(v) => Some((&v[..], size(t))),
        Data::Int(_) => None,
    });
    let ints = parts.iter().filter_map(|t| match &t.data {
        Data::Int(v) => Some((&v[..], size(t))),
        Data::Real(_) => None,
    });
    let data = if out.elem.is_float() {
        Data::Real(join(outer, reals))
    } else {
        Data::Int(join(outer, ints))
    };
    Ok(Tensor { info: out.clone(), data })
}

fn gather_axis(call: &Call<'_>) -> Result<usize> {
    call.axis(call.node.int("axis")?.unwrap_or(0), call.arg(0)?.info.shape.len())
}

fn gather_info(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let axis = gather_axis(call)?;
    let (outer, rest) = shape.split_at(axis);
    let inner = rest.get(1..).unwrap_or_default();
    let shape = [outer, &call.arg(1)?.info.shape, inner].concat();
    Ok(Some(Info { elem: *elem, shape }))
}

fn gather(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let from = call.value(0)?;
    let axis = gather_axis(call)?;
    let extent = from.info.shape.get(axis).copied().unwrap_or(0);
    let (outer, inner) = around(&from.info.shape, axis);
    let picks = call.ints(1)?.unwrap_or_default();
    let picks: Vec<_> = picks.iter().map(|&p| call.axis(p, extent)).collect::<Result<_>>()?;
    let starts = (0..outer).flat_map(|o| picks.iter().map(move |p| (o * extent + p) * inner));
    let data = match &from.data {
        Data::Real(v) => Data::Real(
            starts.flat_map(|s| v.get(s..s + inner).unwrap_or_default()).copied().collect(),
        ),
        Data::Int(v) => Data::Int(
            starts.flat_map(|s| v.get(s..s + inner).unwrap_or_default()).copied().collect(),
        ),
    };
    Ok(Tensor { info: out.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    #[test]
    fn parts_are_joined_and_picked() {
        let pair = "const a f32 2x1: 1 2\nconst b f32 2x2: 3 4 5 6";
        let joined = (vec![2, 3], vec![1., 3., 4., 2., 5., 6.]);
        assert_eq!(fold(&format!("{pair}\ny = Concat(a, b) axis=1")), joined);
        let pick = "const b f32 2x3: 1 2 3 4 5 6\nconst i i64 2: 2 -3";
        assert_eq!(
            fold(&format!("{pick}\ny = Gather(b, i) axis=1")),
            (vec![2, 2], vec![3., 1., 6., 4.])
        );
        assert_eq!(
            fold("const b i64 2: 7 8\nconst i i64 -: 1\ny = Gather(b, i)"),
            (vec![], vec![8.])
        );
    }

    #[test]
    fn impossible_parts_are_refused() {
        let code = |text| constant(text).unwrap_err().code.id;
        assert_eq!(code("const a f32 2: 1\nconst i i64 1: 2\ny = Gather(a, i)"), "SF0107");
        assert_eq!(
            code("const a f32 2x1: 1\nconst b f32 3x2: 3\ny = Concat(a, b) axis=1"),
            "SF0107"
        );
        assert_eq!(code("const a f32 2: 1\ny = Concat(a, a)"), "SF0108");
    }
}
