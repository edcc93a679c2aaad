// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights of QONNX that no network of binary weights has: said before anything else,
//! since what follows from them would be told at another operator.

use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::model::Model;
use crate::import::onnx::ops;
use crate::import::onnx::values::{Fate, Values};
use crate::import::{Options, WeightForm};

/// Weights of several bits are left to [`super::multibit`]: what it refuses them for, where
/// no other layer is binary, is the result.
///
/// # Errors
/// [`codes::LIFT_FLOAT_WEIGHTS`] for weights of several bits, if the user refuses them.
pub(super) fn check(
    model: &Model<'_>,
    values: &Values,
    options: &Options,
) -> Result<Option<Box<Diagnostic>>> {
    let mut several = None;
    for &n in &model.order {
        let Some(node) = model.nodes.get(n) else { continue };
        if !ops::qonnx::DOMAINS.contains(&node.proto.domain()) {
            continue;
        }
        let is_constant = matches!(values.fates.get(n), Some(Fate::Folded));
        match (node.op(), is_constant) {
            // Between layers they are activations, for [`super::sign`].
            ("BipolarQuant", _) | (_, false) => {}
            ("Quant" | "IntQuant", true)
                if matches!(options.weights, WeightForm::Auto | WeightForm::Binary) =>
            {
                let error = node
                    .error(&codes::LIFT_FLOAT_WEIGHTS, "these weights are quantised to several bits")
                    .help("train with binary weights (Brevitas: a weight quantiser of `QuantType.BINARY`), or keep the bits with --weights int8");
                if options.weights == WeightForm::Binary {
                    return Err(error);
                }
                several = several.or(Some(error));
            }
            (_, true) => {}
        }
    }
    Ok(several)
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{neuron, refusal};

    #[test]
    fn activations_are_told_from_weights() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, j)\nm@ = Sub(a@, s^)";
        let text = |q: &str| neuron(&format!("{q}\nm1 = Identity(j)"), body);
        let quant = refusal(&text("j = qonnx.custom_op.general.Quant(i, one, zero, th)"));
        assert!(quant.starts_with("SF0120 node j") && quant.contains("several bits"), "{quant}");
        let weights = text("j = Identity(i)")
            .replace("i = MatMul(p, fc1.weight)", "const b f32 -: 4\nw = qonnx.custom_op.general.Quant(fc1.weight, one, zero, b)\ni = MatMul(p, w)");
        assert!(refusal(&weights).starts_with("SF0121 node w"), "{}", refusal(&weights));
    }
}
