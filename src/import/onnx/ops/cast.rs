// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Changes of type, and operators that change nothing.

use super::{Call, Operator, elementwise, row};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] = &[
    row("Identity", elementwise::same, identity),
    row("Dropout", elementwise::same, identity),
    row("Cast", cast_info, cast),
    row("CastLike", |c| to(c, c.arg(1)?.info.elem), cast),
];

fn identity(call: &Call<'_>, _: &Info) -> Result<Tensor> {
    Ok(call.value(0)?.clone())
}

fn to(call: &Call<'_>, elem: Elem) -> Result<Option<Info>> {
    Ok(Some(Info { elem, shape: call.arg(0)?.info.shape.clone() }))
}

fn cast_info(call: &Call<'_>) -> Result<Option<Info>> {
    let number = call.node.int("to")?.unwrap_or(0);
    let number = i32::try_from(number).unwrap_or(0);
    let elem = Elem::from_onnx(number).ok_or_else(|| {
        call.unsupported(format!("casts to {} are not supported", Elem::onnx_name(number)))
    })?;
    to(call, elem)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn cast(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let elem = out.elem;
    let from = call.value(0)?;
    let data = match &from.data {
        Data::Real(v) if elem == Elem::Bool => {
            Data::Int(v.iter().map(|&x| i64::from(x != 0.0)).collect())
        }
        // As in C: towards zero, then wrapped.
        Data::Real(v) if !elem.is_float() => {
            Data::Int(v.iter().map(|&x| elem.wrap(x as i64)).collect())
        }
        Data::Real(v) => Data::Real(v.iter().map(|&x| elem.round(x)).collect()),
        Data::Int(v) if elem.is_float() => {
            Data::Real(v.iter().map(|&x| elem.round(x as f64)).collect())
        }
        Data::Int(v) => Data::Int(v.iter().map(|&x| elem.wrap(x)).collect()),
    };
    Ok(Tensor { info: out.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::elem::Elem;
    use crate::import::onnx::testing::{constant, fold};

    #[test]
    fn casts_round_truncate_and_wrap() {
        assert_eq!(fold("const a f32 3: -1.7 1.7 300\ny = Cast(a) to=2").1, [255., 1., 44.]);
        assert_eq!(fold("const a f32 3: 0 0.1 -3\ny = Cast(a) to=9").1, [0., 1., 1.]);
        assert_eq!(fold("const a f64 1: 0.1\ny = Cast(a) to=1").1, [f64::from(0.1f32)]);
        let (elem, ..) = constant("const a i64 1: 5\ny = Cast(a) to=16").unwrap();
        assert_eq!(elem, Elem::Bf16);
        assert_eq!(constant("const a i64 1: 5\ny = Cast(a) to=8").unwrap_err().code.id, "SF0108");
    }
}
