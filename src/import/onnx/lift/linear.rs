// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Fully connected layers.

use super::coeff::Coeff;
use super::weights::binarise;
use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op, PerChannel, Weights};

/// `MatMul` or `Gemm` with constant ±α_c, and a bias that is added next.
pub(super) struct Linear;

impl Pattern for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| matches!(n.op(), "MatMul" | "Gemm"))?;
        let mut found = Vec::new();
        for group in groups {
            let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else { continue };
            let is_left = lift.values.operand(id, 0) == Some(step);
            let is_flat = lift.values.shape(step).is_some_and(|s| s.len() == 2);
            if is_left && is_flat {
                found.push(layer(lift, stream, group, id)?);
            }
        }
        Ok(found)
    }
}

fn layer(lift: &Lift<'_>, stream: &Stream, group: Vec<ValueId>, id: ValueId) -> Result<Found> {
    let (Some(node), Some(w)) = (lift.node(id), lift.values.operand(id, 1)) else {
        return Err(lift.error(id, &codes::INTERNAL, "a product without a second operand"));
    };
    let (Some(matrix), origin) = (lift.values.constant(w), lift.values.get(w).origin.as_deref())
    else {
        return Err(lift.error(id, &codes::INTERNAL, "weights that are not constant"));
    };
    let is_gemm = node.op() == "Gemm";
    if node.int("transA")?.unwrap_or(0) != 0 {
        return Err(node.error(&codes::ONNX_ATTRIBUTE, "transA = 1 would mix samples of a batch"));
    }
    let transposed = !is_gemm || node.int("transB")?.unwrap_or(0) == 0;
    let mut weights = binarise(node, matrix, transposed, origin.unwrap_or("?"))?;
    scale(&mut weights, node.float("alpha")?.unwrap_or(1.0).into());
    let outputs = weights.outputs();
    let mut found = Found {
        effect: Effect::Alias,
        steps: group.clone(),
        is_static: stream.is_static,
        taken: group,
    };
    let bias = match lift.values.operand(id, 2).filter(|_| is_gemm) {
        Some(c) => {
            let beta = f64::from(node.float("beta")?.unwrap_or(1.0));
            let Some(bias) = per_output(lift, c, outputs) else {
                return Err(node.error(&codes::ONNX_SHAPE, "its bias differs between samples"));
            };
            Some(bias.into_iter().map(|b| b * beta).collect())
        }
        None => added(lift, stream, &mut found, outputs)?,
    };
    let hint = Hint::new("fc").owner(origin).scope(Some(node));
    found.effect = Effect::Node(hint, Op::Linear(ir::Linear { weights, bias }));
    Ok(found)
}

/// Multiplies the weights.
fn scale(weights: &mut Weights, factor: f64) {
    let Weights::Binary { signs, scale } = weights;
    if factor < 0.0 {
        (0..signs.rows()).for_each(|r| signs.negate_row(r));
    }
    let apply = |s: &mut f64| *s *= factor.abs();
    match scale {
        PerChannel::All(s) => apply(s),
        PerChannel::Each(v) => v.iter_mut().for_each(apply),
    }
}

fn per_output(lift: &Lift<'_>, id: ValueId, outputs: usize) -> Option<Vec<f64>> {
    let coeff = Coeff::from_tensor(lift.values.constant(id)?)?;
    let zeros = Coeff::one(0.0);
    match coeff.zip(&zeros, |a, _| a)?.into_per_channel() {
        PerChannel::All(b) => Some(vec![b; outputs]),
        PerChannel::Each(v) => (v.len() == outputs).then_some(v),
    }
}

/// A bias that is added to the product, and to nothing else. It is a vector: a constant
/// with a batch dimension is a state that was baked in.
fn added(
    lift: &Lift<'_>,
    stream: &Stream,
    found: &mut Found,
    outputs: usize,
) -> Result<Option<Vec<f64>>> {
    if found.steps.iter().any(|&id| lift.values.users(id).len() != 1) {
        return Ok(None);
    }
    let product =
        Stream { node: stream.node, steps: found.steps.clone(), is_static: stream.is_static };
    let groups = steps::groups(lift, &product, |n| n.op() == "Add")?;
    let Some(sums) = groups.into_iter().next() else { return Ok(None) };
    let is_const = |id: &ValueId| lift.values.constant(*id).is_some();
    let Some(&first) = sums.first() else { return Ok(None) };
    let constant = lift.values.operands(first).iter().flatten().copied().find(is_const);
    let Some(constant) = constant.filter(|&c| lift.values.shape(c).is_some_and(|s| s.len() == 1))
    else {
        return Ok(None);
    };
    let bias = per_output(lift, constant, outputs);
    if bias.is_some() {
        found.taken.extend(&sums);
        found.steps = sums;
    }
    Ok(bias)
}
