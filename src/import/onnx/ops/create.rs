// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Constants, and what is made from shapes.

use super::{Call, Operator, row};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] = &[
    row("Constant", |c| Ok(Some(constant(c)?.info)), |c, _| constant(c)),
    row("ConstantOfShape", filled_info, filled),
    Operator { name: "Shape", infer: shape_info, fold: Some(shape), of_shapes: true },
    Operator { name: "Size", infer: size_info, fold: Some(size), of_shapes: true },
];

fn vector(elem: Elem, data: Data, len: Option<usize>) -> Tensor {
    Tensor { info: Info { elem, shape: len.into_iter().collect() }, data }
}

fn constant(call: &Call<'_>) -> Result<Tensor> {
    let node = call.node;
    if let Some(t) = node.tensor("value")? {
        return Ok(t);
    }
    if let Some(x) = node.float("value_float")? {
        return Ok(vector(Elem::F32, Data::Real(vec![x.into()]), None));
    }
    if let Some(x) = node.int("value_int")? {
        return Ok(vector(Elem::I64, Data::Int(vec![x]), None));
    }
    if let Some(v) = node.floats("value_floats")? {
        let data = v.iter().map(|&x| x.into()).collect();
        return Ok(vector(Elem::F32, Data::Real(data), Some(v.len())));
    }
    if let Some(v) = node.ints("value_ints")? {
        return Ok(vector(Elem::I64, Data::Int(v.to_vec()), Some(v.len())));
    }
    Err(call.unsupported("only constants of numbers are supported"))
}

/// The extents in an operand; none if it is not constant.
pub(super) fn extents(call: &Call<'_>, i: usize) -> Result<Option<Vec<usize>>> {
    let Some(ints) = call.ints(i)? else { return Ok(None) };
    let each = ints.iter().map(|&d| usize::try_from(d).ok());
    let all = each.collect::<Option<_>>();
    all.map(Some).ok_or_else(|| call.shape(format!("a shape of {ints:?}")))
}

fn fill(call: &Call<'_>) -> Result<Tensor> {
    let value = call.node.tensor("value")?;
    let value = value.unwrap_or_else(|| vector(Elem::F32, Data::Real(vec![0.0]), Some(1)));
    if value.len() == 1 {
        Ok(value)
    } else {
        Err(call.unsupported(format!("its value has {} elements, not one", value.len())))
    }
}

fn filled_info(call: &Call<'_>) -> Result<Option<Info>> {
    let elem = fill(call)?.info.elem;
    Ok(extents(call, 0)?.map(|shape| Info { elem, shape }))
}

fn filled(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let len = out.len().unwrap_or(0);
    let data = match fill(call)?.data {
        Data::Real(v) => Data::Real(vec![v.first().copied().unwrap_or(0.0); len]),
        Data::Int(v) => Data::Int(vec![v.first().copied().unwrap_or(0); len]),
    };
    Ok(Tensor { info: out.clone(), data })
}

/// The part of the operand's shape between `start` and `end` (opset 15).
fn part<'a>(call: &Call<'a>) -> Result<&'a [usize]> {
    let shape = &call.arg(0)?.info.shape[..];
    let rank = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    let place = |x: i64| {
        let x = if x < 0 { x.saturating_add(rank) } else { x };
        usize::try_from(x.clamp(0, rank)).unwrap_or(0)
    };
    let start = place(call.node.int("start")?.unwrap_or(0));
    let end = place(call.node.int("end")?.unwrap_or(rank));
    Ok(shape.get(start..end.max(start)).unwrap_or_default())
}

fn shape_info(call: &Call<'_>) -> Result<Option<Info>> {
    Ok(Some(Info { elem: Elem::I64, shape: vec![part(call)?.len()] }))
}

fn shape(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let extents = part(call)?.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX));
    Ok(Tensor { info: out.clone(), data: Data::Int(extents.collect()) })
}

fn size_info(_: &Call<'_>) -> Result<Option<Info>> {
    Ok(Some(Info { elem: Elem::I64, shape: Vec::new() }))
}

fn size(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let len = call.arg(0)?.info.len().and_then(|n| i64::try_from(n).ok());
    let len = len.ok_or_else(|| call.shape("its operand is too large"))?;
    Ok(Tensor { info: out.clone(), data: Data::Int(vec![len]) })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    #[test]
    fn constants_of_every_kind() {
        assert_eq!(fold("y = Constant() value_float=0.5"), (vec![], vec![0.5]));
        assert_eq!(fold("y = Constant() value_ints=[3,4]"), (vec![2], vec![3., 4.]));
        assert_eq!(constant("y = Constant()").unwrap_err().code.id, "SF0108");
    }

    #[test]
    fn shapes_and_what_is_made_from_them() {
        let a = "const a f32 2x3x4: 0";
        assert_eq!(fold(&format!("{a}\ny = Shape(a)")).1, [2., 3., 4.]);
        assert_eq!(fold(&format!("{a}\ny = Shape(a) start=-2 end=2")).1, [3.]);
        assert_eq!(fold(&format!("{a}\ny = Shape(a) start=2 end=1")).0, [0]);
        assert_eq!(fold(&format!("{a}\ny = Size(a)")), (vec![], vec![24.]));
        assert_eq!(fold("const s i64 2: 1 2\ny = ConstantOfShape(s)"), (vec![1, 2], vec![0., 0.]));
    }

    #[test]
    fn a_small_file_cannot_ask_for_a_large_constant() {
        let huge = constant("const s i64 2: 100000 100000\ny = ConstantOfShape(s)").unwrap_err();
        assert_eq!(huge.code.id, "SF0112");
        let beyond = constant("const s i64 3: 9000000000 9000000000 0\ny = ConstantOfShape(s)");
        assert_eq!(beyond.unwrap_err().code.id, "SF0107");
        let negative = constant("const s i64 1: -1\ny = ConstantOfShape(s)").unwrap_err();
        assert_eq!(negative.code.id, "SF0107");
    }
}
