// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Batch normalisation with fixed statistics.

use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op};

/// `BatchNormalization` in inference mode.
pub(super) struct BatchNorm;

impl Pattern for BatchNorm {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| n.op() == "BatchNormalization")?;
        let mut found = Vec::new();
        for group in groups {
            let Some(&id) = group.first() else { continue };
            let Some(&[_, channels]) = lift.values.shape(id) else { continue };
            found.push(Found {
                effect: Effect::Node(
                    hint(lift, id),
                    Op::BatchNorm(parameters(lift, id, channels)?),
                ),
                steps: group.clone(),
                is_static: stream.is_static,
                taken: group,
            });
        }
        Ok(found)
    }
}

fn hint(lift: &Lift<'_>, id: ValueId) -> Hint {
    let gamma = lift.values.operand(id, 1).and_then(|g| lift.values.get(g).origin.as_deref());
    Hint::new("bn").owner(gamma).scope(lift.node(id))
}

fn parameters(lift: &Lift<'_>, id: ValueId, channels: usize) -> Result<ir::BatchNorm> {
    let Some(node) = lift.node(id) else {
        return Err(lift.error(id, &codes::INTERNAL, "a batch norm without a node"));
    };
    if node.int("training_mode")?.unwrap_or(0) != 0 {
        return Err(node
            .error(&codes::ONNX_ATTRIBUTE, "it uses the statistics of the batch (training_mode)")
            .help("call `model.eval()` before the export"));
    }
    let vector = |i: usize, name: &str| -> Result<Vec<f64>> {
        let tensor = lift.values.operand(id, i).and_then(|o| lift.values.constant(o));
        match tensor {
            Some(t) if t.len() == channels => Ok(t.reals().collect()),
            Some(t) => {
                let message = format!("`{name}` has {} entries for {channels} channels", t.len());
                Err(node.error(&codes::ONNX_SHAPE, message))
            }
            None => Err(node.error(&codes::ONNX_ATTRIBUTE, format!("`{name}` is not constant"))),
        }
    };
    Ok(ir::BatchNorm {
        gamma: vector(1, "scale")?,
        beta: vector(2, "B")?,
        mean: vector(3, "input_mean")?,
        var: vector(4, "input_var")?,
        eps: node.float("epsilon")?.unwrap_or(1e-5).into(),
    })
}
