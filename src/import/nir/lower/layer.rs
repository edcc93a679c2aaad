// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nodes without a state of their own, and delays.

use super::super::node::Node;
use super::super::spread::{compact, grain, spread};
use super::super::unsaid::Time;
use super::Lowered;
use crate::diag::Result;
use crate::ir::{Compare, Delay, Linear, Op, Reshape, Scale, Threshold, Weights};

/// The ends of a graph pass their stream on; their shape is checked.
pub(super) fn end(node: &Node, shape: &[usize]) -> Result<Lowered> {
    let declared = node.shape()?;
    if declared == shape {
        return Ok(Vec::new());
    }
    let message = format!("declared as {declared:?}, but it takes {shape:?}");
    Err(node.misfit(message))
}

/// `y = W x` or `y = W x + b`.
pub(super) fn linear(node: &Node, shape: &[usize], has_bias: bool) -> Result<Op> {
    let weight = node.reals("weight")?;
    let &[rows, columns] = &weight.shape[..] else {
        let message = format!("`weight` has the shape {:?}, not [outputs, inputs]", weight.shape);
        return Err(node.misfit(message));
    };
    if *shape != [columns] {
        let message = format!("`weight` takes [{columns}], but the node gets {shape:?}");
        return Err(node.misfit(message).help(
            "a fully connected layer takes one dimension; a Flatten before it counts dimensions without batch (start_dim = 0 for all)",
        ));
    }
    let bias = if has_bias { bias(node, rows)? } else { None };
    Ok(Op::Linear(Linear { weights: Weights::Real { rows, values: weight.values }, bias }))
}

/// The bias of each output; none if all are zero, which exporters write for layers without.
pub(super) fn bias(node: &Node, rows: usize) -> Result<Option<Vec<f64>>> {
    let bias = node.reals("bias")?;
    let values = spread(node, "bias", &bias, &[rows])?;
    Ok(values.iter().any(|b| *b != 0.0).then_some(values))
}

/// `y = s ⊙ x`.
pub(super) fn scale(node: &Node, shape: &[usize]) -> Result<Op> {
    let shape = &grain(node, &["scale"], shape)?;
    let factor = spread(node, "scale", &node.reals("scale")?, shape)?;
    Ok(Op::Scale(Scale::by(compact(factor, shape))))
}

/// 1 where `x > threshold`.
pub(super) fn threshold(node: &Node, shape: &[usize]) -> Result<Op> {
    let shape = &grain(node, &["threshold"], shape)?;
    let threshold = spread(node, "threshold", &node.reals("threshold")?, shape)?;
    let threshold = compact(threshold, shape);
    Ok(Op::Threshold(Threshold { threshold, compare: Compare::Above }))
}

/// `y(t) = x(t − delay)`, in whole timesteps.
pub(super) fn delay(node: &Node, shape: &[usize], time: &Time) -> Result<Op> {
    let shape = &grain(node, &["delay"], shape)?;
    let delays = spread(node, "delay", &node.reals("delay")?, shape)?;
    let steps: Vec<u32> = delays.iter().map(|d| time.steps(node, *d)).collect::<Result<_>>()?;
    Ok(Op::Delay(Delay { steps: compact(steps, shape) }))
}

/// One dimension in place of `start_dim..=end_dim`, which count without batch: the package
/// computes a Flatten's output from its input type, which has none.
pub(super) fn flatten(node: &Node, shape: &[usize]) -> Result<Lowered> {
    let rank = shape.len() as i64;
    let dimension = |name: &str, otherwise: i64| {
        let d = node.integer(name, otherwise)?;
        let place = if d < 0 { d + rank } else { d };
        if (0..rank).contains(&place) {
            return Ok(place as usize);
        }
        let message = format!("`{name}` is {d}, but the node takes {shape:?}");
        Err(node.misfit(message).help("dimensions count without batch"))
    };
    // Beyond the last dimension there is nothing to flatten: [C] with the default start of 1.
    if node.integer("start_dim", 1)? >= rank {
        return Ok(Vec::new());
    }
    let (start, end) = (dimension("start_dim", 1)?, dimension("end_dim", -1)?);
    if let Some(declared) = node.optional("input_type")?
        && !declared.values.iter().eq(shape.iter().map(|d| *d as f64).collect::<Vec<_>>().iter())
    {
        let message =
            format!("`input_type` is {:?}, but the node takes {shape:?}", declared.values);
        return Err(node.misfit(message));
    }
    if start >= end {
        return Ok(Vec::new());
    }
    let middle = shape[start..=end].iter().product();
    let shape = [&shape[..start], &[middle], &shape[end + 1..]].concat();
    Ok(vec![("", Op::Reshape(Reshape { shape }))])
}
