// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Shapes of the operators that become layers; these are not folded.

use super::{Call, Operator, broadcast, elementwise};
use crate::diag::Result;
use crate::import::onnx::tensor::Info;
use crate::import::onnx::window;

pub(super) const TABLE: &[Operator] = &[
    layer("MatMul", matmul),
    layer("Gemm", gemm),
    layer("Conv", conv),
    layer("MaxPool", pool),
    layer("AveragePool", pool),
    layer("GlobalAveragePool", global_pool),
    layer("GlobalMaxPool", global_pool),
    layer("BatchNormalization", elementwise::same),
];

pub(super) const fn layer(name: &'static str, infer: super::Infer) -> Operator {
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

fn conv(call: &Call<'_>) -> Result<Option<Info>> {
    let (x, w) = (call.arg(0)?.info, call.arg(1)?.info);
    let ([batch, inputs, extents @ ..], [outputs, columns, kernel @ ..]) =
        (&x.shape[..], &w.shape[..])
    else {
        return Err(call.shape(format!("weights of shape {:?} over {:?}", w.shape, x.shape)));
    };
    let groups = call.node.int("group")?.unwrap_or(1);
    let groups = usize::try_from(groups)
        .ok()
        .filter(|g| *g > 0)
        .ok_or_else(|| call.unsupported(format!("attribute `group` is {groups}")))?;
    if columns.checked_mul(groups) != Some(*inputs) || outputs % groups != 0 {
        return Err(call.shape(format!(
            "weights of shape {:?} in {groups} group(s) for {inputs} channels",
            w.shape
        )));
    }
    let (_, extents) = window::read(call.node, kernel, extents)?;
    let shape = [&[*batch, *outputs], &extents[..]].concat();
    Ok(Some(Info { elem: x.elem, shape }))
}

fn pool(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let [batch, channels, extents @ ..] = &shape[..] else {
        return Err(call.shape(format!("a pool over {shape:?}")));
    };
    let Some(kernel) = window::kernel(call.node, extents.len())? else {
        return Err(call.unsupported("attribute `kernel_shape` is missing"));
    };
    let (_, extents) = window::read(call.node, &kernel, extents)?;
    Ok(Some(Info { elem: *elem, shape: [&[*batch, *channels], &extents[..]].concat() }))
}

fn global_pool(call: &Call<'_>) -> Result<Option<Info>> {
    let Info { elem, shape } = call.arg(0)?.info;
    let dims = shape.iter().enumerate().map(|(i, &d)| if i < 2 { d } else { 1 });
    Ok(Some(Info { elem: *elem, shape: dims.collect() }))
}
