// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Shapes of the operators that become layers; these are not folded.

use super::{Call, Operator, broadcast, elementwise};
use crate::diag::Result;
use crate::import::onnx::tensor::Info;

pub(super) const TABLE: &[Operator] =
    &[layer("MatMul", matmul), layer("Gemm", gemm), layer("BatchNormalization", elementwise::same)];

const fn layer(name: &'static str, infer: super::Infer) -> Operator {
    Operator { name, infer, fold: None, of_shapes: false }
}

fn matmul(call: &Call<'_>) -> Result<Option<Info>> {
    let (a, b) = (call.arg(0)?.info, call.arg(1)?.info);
    let disagree = || call.shape(format!("{:?} times {:?}", a.shape, b.shape));
    // With one vector the missing dimension is dropped again; no exporter writes that here.
    let ([outer_a @ .., m, k], [outer_b @ .., k2, n]) = (&a.shape[..], &b.shape[..]) else {
        return Err(call.unsupported(format!("{:?} times {:?}", a.shape, b.shape)));
    };
    if k != k2 {
        return Err(disagree());
    }
    let mut shape = broadcast::common(&[outer_a, outer_b]).ok_or_else(disagree)?;
    shape.extend([*m, *n]);
    Ok(Some(Info { elem: a.elem, shape }))
}

fn gemm(call: &Call<'_>) -> Result<Option<Info>> {
    let (a, b) = (call.arg(0)?.info, call.arg(1)?.info);
    let (&[a0, a1], &[b0, b1]) = (&a.shape[..], &b.shape[..]) else {
        return Err(call.shape(format!("{:?} times {:?}: both must be matrices", a.shape, b.shape)));
    };
    let flag = |name| call.node.int(name).map(|v| v.unwrap_or(0) != 0);
    let (m, k) = if flag("transA")? { (a1, a0) } else { (a0, a1) };
    let (k2, n) = if flag("transB")? { (b1, b0) } else { (b0, b1) };
    if k != k2 {
        return Err(call.shape(format!("{m}×{k} times {k2}×{n}")));
    }
    if let Some(c) = call.optional(2)
        && broadcast::common(&[&c.info.shape, &[m, n]]).is_none_or(|s| s != [m, n])
    {
        return Err(call.shape(format!("{:?} cannot be added to [{m}, {n}]", c.info.shape)));
    }
    Ok(Some(Info { elem: a.elem, shape: vec![m, n] }))
}
