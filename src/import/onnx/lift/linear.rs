// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Fully connected layers.

use super::{Found, Hint, Lift, Pattern, Stream, bias, multibit, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Op};

/// `MatMul` or `Gemm` with constant ±α_c, and a bias that is added next.
pub(super) struct Linear;

impl Pattern for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["MatMul", "Gemm"]
    }

    fn becomes(&self) -> &'static str {
        "`linear`, with constant weights ±α per output, and a bias that is added next"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
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
    let mut weights = multibit::read(lift, node, matrix, transposed, origin.unwrap_or("?"))?;
    weights.multiply(node.float("alpha")?.unwrap_or(1.0).into());
    let outputs = weights.outputs();
    let own = lift.values.operand(id, 2).filter(|_| is_gemm);
    let (bias, group, taken) = match own {
        Some(c) => {
            let beta = f64::from(node.float("beta")?.unwrap_or(1.0));
            let Some(bias) = bias::of_vector(lift, c, outputs) else {
                let message = "its bias is no vector, so it may be a state that was baked in";
                return Err(node.error(&codes::ONNX_SHAPE, message));
            };
            (Some(bias.into_iter().map(|b| b * beta).collect()), group.clone(), group)
        }
        None => bias::added(lift, stream, group, outputs),
    };
    let hint = Hint::new("fc").owner(origin).scope(Some(node));
    let op = Op::Linear(ir::Linear { weights, bias });
    Ok(Found { taken, ..Found::layer(stream, hint, op, group) })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, op, refusal};
    use crate::ir::{BitMatrix, Linear, Op, PerChannel, Weights};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    fn layer(product: &str) -> Linear {
        let text = neuron("m1 = Identity(i)", BODY).replace("i = MatMul(p, fc1.weight)", product);
        match op(&text, "fc1") {
            Op::Linear(l) => l,
            other => panic!("{other:?}"),
        }
    }

    fn signs() -> BitMatrix {
        let plus = [[true, false, true, false], [false, false, true, true]];
        BitMatrix::from_fn(2, 4, |r, c| plus[r][c])
    }

    #[test]
    fn a_product_keeps_signs_and_magnitude() {
        let l = layer("i = MatMul(p, fc1.weight)");
        assert_eq!(l.weights, Weights::Binary { signs: signs(), scale: PerChannel::All(0.5) });
        assert_eq!(l.bias, None);
    }

    #[test]
    fn gemm_has_factors_and_a_bias() {
        let l = layer(
            "const b f32 2: 1 2\nw = Transpose(fc1.weight)\ni = Gemm(p, w, b) transB=1 alpha=-2.0 beta=0.5",
        );
        let mut flipped = signs();
        flipped.negate_row(0);
        flipped.negate_row(1);
        assert_eq!(l.weights, Weights::Binary { signs: flipped, scale: PerChannel::All(1.0) });
        assert_eq!(l.bias, Some(vec![0.5, 1.0]));
    }

    #[test]
    fn a_vector_that_is_added_is_the_bias() {
        let l = layer("const b f32 2: 1 2\nj = MatMul(p, fc1.weight)\ni = Add(b, j)");
        assert_eq!(l.bias, Some(vec![1.0, 2.0]));
    }

    #[test]
    fn weights_that_are_not_binary_are_refused() {
        let with = |w: &str| {
            let text = neuron("m1 = Identity(i)", BODY);
            refusal(&text.replace("0.5 -0.5 -0.5 -0.5 0.5 0.5 -0.5 0.5", w))
        };
        assert_eq!(
            with("0.5 -0.5 0.25 -0.5 0.5 0.5 -0.5 0.5"),
            "SF0121 node i (MatMul, opset 18): weights `fc1.weight` are not binary: output 0 has 2 different magnitudes, 0.250000 to 0.500000, where ±α has one"
        );
        assert_eq!(
            with("0 -0.5 0 -0.5 0.5 0.5 -0.5 0.5"),
            "SF0122 node i (MatMul, opset 18): 2 of 8 weights `fc1.weight` are zero"
        );
        assert!(with("NaN -0.5 1 -0.5 0.5 0.5 -0.5 0.5").starts_with("SF0301"));
        assert!(with("inf -0.5 inf -0.5 0.5 0.5 -0.5 0.5").starts_with("SF0301"));
    }

    #[test]
    fn small_differences_are_roundings() {
        let l = layer(
            "const w f32 4x2: 0.5 -1 -0.49999499 -1 0.50000501 1 -0.5 1.00001\ni = MatMul(p, w)",
        );
        let Weights::Binary { signs: got, scale } = l.weights else { panic!("binary") };
        assert_eq!(got, signs());
        assert!((scale.at(0) - 0.5).abs() < 1e-6 && (scale.at(1) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_product_of_two_values_is_no_layer() {
        let text = neuron("m1 = Identity(i)", BODY)
            .replace("i = MatMul(p, fc1.weight)", "q = Transpose(p)\ni = MatMul(p, q)");
        assert!(refusal(&text).starts_with("SF0120"), "{}", refusal(&text));
        assert!(import(&text).is_err());
    }
}
