// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Batch normalisation with fixed statistics.

use super::{Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op};

/// `BatchNormalization` in inference mode.
pub(super) struct BatchNorm;

impl Pattern for BatchNorm {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["BatchNormalization"]
    }

    fn becomes(&self) -> &'static str {
        "`batch-norm`, with fixed statistics"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let mut found = Vec::new();
        for group in groups {
            let Some(&id) = group.first() else { continue };
            let Some(&[_, channels, ..]) = lift.values.shape(id) else { continue };
            let op = Op::BatchNorm(parameters(lift, id, channels)?);
            found.push(Found::layer(stream, hint(lift, id), op, group));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{neuron, op, refusal};

    fn text(norm: &str) -> String {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, n)\nm@ = Sub(a@, s^)";
        neuron(
            &format!(
                "const bn.weight f32 2: 1 2\nconst b f32 2: 3 4\nconst e f32 2: 5 6\nconst v f32 2: 7 8\n{norm}\nm1 = Identity(n)"
            ),
            body,
        )
    }

    #[test]
    fn parameters_are_read() {
        let got = op(&text("n = BatchNormalization(i, bn.weight, b, e, v) epsilon=0.5"), "bn");
        let want = ir::BatchNorm {
            gamma: vec![1.0, 2.0],
            beta: vec![3.0, 4.0],
            mean: vec![5.0, 6.0],
            var: vec![7.0, 8.0],
            eps: 0.5,
        };
        assert_eq!(got, Op::BatchNorm(want));
    }

    #[test]
    fn faults_are_refused() {
        for (norm, code) in [
            ("n = BatchNormalization(i, bn.weight, b, e, v) training_mode=1", "SF0108"),
            ("n = BatchNormalization(i, bn.weight, b, e)", "SF0108"),
            ("n = BatchNormalization(i, bn.weight, b, e, k)", "SF0107"),
            (
                "const w f32 2: -7\nn = BatchNormalization(i, bn.weight, b, e, w) epsilon=0.5",
                "SF0202",
            ),
            ("const w f32 2: NaN\nn = BatchNormalization(i, bn.weight, b, e, w)", "SF0301"),
        ] {
            let got = refusal(&text(norm));
            assert!(got.starts_with(code), "{norm}: {got}");
        }
    }
}
