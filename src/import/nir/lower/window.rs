// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions and pools.

use super::super::node::Node;
use super::layer::bias;
use crate::diag::Result;
use crate::ir::{Conv, Op, Pool, PoolKind, Weights, Window};

/// One number for each of `dims` dimensions; one stands for all.
fn each(node: &Node, name: &str, least: usize, dims: usize) -> Result<Vec<usize>> {
    let values = node.whole(name, least)?;
    match values[..] {
        [one] => Ok(vec![one; dims]),
        _ if values.len() == dims => Ok(values),
        _ => Err(node.bad(format!("`{name}` is {values:?}; it has one entry or {dims}"))),
    }
}

/// Elements before and after; `same` and `valid` mean what they do in PyTorch: an odd one
/// is added after.
fn padding(node: &Node, kernel: &[usize], window: [&[usize]; 2]) -> Result<Vec<[usize; 2]>> {
    let [stride, dilation] = window;
    match node.text("padding") {
        None => {
            let padding = each(node, "padding", 0, kernel.len())?;
            Ok(padding.into_iter().map(|p| [p, p]).collect())
        }
        Some("valid") => Ok(vec![[0, 0]; kernel.len()]),
        Some("same") if stride.iter().all(|&s| s == 1) => Ok(kernel
            .iter()
            .zip(dilation)
            .map(|(k, d)| {
                let total = d.saturating_mul(k - 1);
                [total / 2, total - total / 2]
            })
            .collect()),
        Some("same") => {
            Err(node.bad("`padding` is `same`, which has a meaning for stride 1 alone"))
        }
        Some(other) => {
            let other: String = other.chars().take(60).collect();
            Err(node.bad(format!("`padding` is `{other}`; it is a number, `same` or `valid`")))
        }
    }
}

/// Conv1d, Conv2d: weights `[outputs, inputs / groups, window…]`.
pub(super) fn conv(node: &Node, shape: &[usize], dims: usize) -> Result<Op> {
    let weight = node.reals("weight")?;
    if weight.shape.len() != dims + 2 {
        let message =
            format!("`weight` has the shape {:?}, not [outputs, inputs, window…]", weight.shape);
        return Err(node.misfit(message));
    }
    // The package writes None as an absent data set; some files have the whole shape here.
    if let Some(declared) = node.optional("input_shape")? {
        let spatial: Vec<f64> = shape.iter().skip(1).map(|d| *d as f64).collect();
        if declared.values != spatial {
            let message =
                format!("`input_shape` is {:?}, but the node takes {shape:?}", declared.values);
            return Err(node.misfit(message));
        }
    }
    let kernel = weight.shape[2..].to_vec();
    let stride = each(node, "stride", 1, dims)?;
    let dilation = each(node, "dilation", 1, dims)?;
    let padding = padding(node, &kernel, [&stride, &dilation])?;
    let groups = match node.whole("groups", 1)?[..] {
        [groups] => groups,
        _ => return Err(node.bad("`groups` must be one number")),
    };
    let rows = weight.shape[0];
    Ok(Op::Conv(Conv {
        weights: Weights::Real { rows, values: weight.values },
        bias: bias(node, rows)?,
        window: Window { kernel, stride, padding, dilation },
        groups,
    }))
}

/// SumPool2d, AvgPool2d; as in PyTorch, padding counts as zeros in a mean.
pub(super) fn pool(node: &Node, shape: &[usize]) -> Result<Op> {
    let kernel = each(node, "kernel_size", 1, 2)?;
    let stride = each(node, "stride", 1, 2)?;
    let padding = each(node, "padding", 0, 2)?.into_iter().map(|p| [p, p]).collect();
    if shape.len() != 3 {
        let message = format!("takes [channels, height, width], not {shape:?}");
        return Err(node.misfit(message));
    }
    let kind = if node.kind == "SumPool2d" { PoolKind::Sum } else { PoolKind::Average };
    let window = Window { kernel, stride, padding, dilation: vec![1, 1] };
    Ok(Op::Pool(Pool { kind, window }))
}
