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
