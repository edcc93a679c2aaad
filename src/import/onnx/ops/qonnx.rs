// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Quantisers of QONNX (arXiv:2206.07527), as Brevitas exports them, on constants.

use super::{Call, Operator, broadcast, elementwise, row};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor};

/// The domain's name of today, that of older Brevitas, and that of FINN.
pub(in crate::import::onnx) const DOMAINS: &[&str] =
    &["qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"];

pub(in crate::import::onnx) const TABLE: &[Operator] = &[
    row("BipolarQuant", elementwise::same, bipolar),
    row("Quant", elementwise::same, quant),
    // The name that newer versions of QONNX prefer for it.
    row("IntQuant", elementwise::same, quant),
];

/// y = (x ≥ 0 ? 1 : −1) · scale. There is no sign of zero other than plus.
fn bipolar(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let (x, scale) = (call.value(0)?, call.value(1)?);
    check(call, 1, out)?;
    let scales = broadcast::indices(&scale.info.shape, &out.shape);
    let sign = |x: f64| if x >= 0.0 { 1.0 } else { -1.0 };
    let data = x.reals().zip(scales).map(|(x, s)| out.elem.round(sign(x) * scale.real(s)));
    Ok(Tensor { info: out.clone(), data: Data::Real(data.collect()) })
}

/// y = (clip(round(x / scale + zero), low, high) − zero) · scale.
fn quant(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let (x, scale, zero) = (call.value(0)?, call.value(1)?, call.value(2)?);
    check(call, 1, out)?;
    check(call, 2, out)?;
    let bits = call.value(3)?;
    let bits = bits.splat().filter(|b| (1.0..=32.0).contains(b)).ok_or_else(|| {
        call.unsupported("its bit width is not one number from 1 to 32 for all elements")
    })?;
    let is_signed = call.node.int("signed")?.unwrap_or(1) != 0;
    let is_narrow = call.node.int("narrow")?.unwrap_or(0) != 0;
    let narrow = f64::from(u8::from(is_narrow));
    let (low, high) = if is_signed {
        (narrow - (bits - 1.0).exp2(), (bits - 1.0).exp2() - 1.0)
    } else {
        (0.0, bits.exp2() - 1.0 - narrow)
    };
    let round: fn(f64) -> f64 = match call.node.text("rounding_mode")?.unwrap_or("ROUND") {
        "ROUND" | "HALF_EVEN" => f64::round_ties_even,
        "CEIL" => f64::ceil,
        "FLOOR" => f64::floor,
        "ROUND_TO_ZERO" | "DOWN" => f64::trunc,
        other => return Err(call.unsupported(format!("rounding mode `{other}`"))),
    };
    let scales = broadcast::indices(&scale.info.shape, &out.shape);
    let zeros = broadcast::indices(&zero.info.shape, &out.shape);
    let each = x.reals().zip(scales.zip(zeros)).map(|(x, (s, z))| {
        let (s, z) = (scale.real(s), zero.real(z));
        // Single precision decides ties, as in the package qonnx.
        let q = round(out.elem.round(out.elem.round(x / s) + z)).clamp(low, high);
        out.elem.round((q - z) * s)
    });
    Ok(Tensor { info: out.clone(), data: Data::Real(each.collect()) })
}

/// Operand `i` spreads over the result, which is floating point.
fn check(call: &Call<'_>, i: usize, out: &Info) -> Result<()> {
    let arg = call.arg(i)?;
    let shape = broadcast::shape(call, &[call.arg(0)?, arg])?;
    if shape != out.shape || !out.elem.is_float() {
        let message = format!("operand {i} of shape {:?} for {:?}", arg.info.shape, out.shape);
        return Err(call.shape(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::import::Options;
    use crate::import::onnx::model::Model;
    use crate::import::onnx::testing::{fold, model};

    fn folded(line: &str) -> Vec<f64> {
        let head =
            "const w f32 2x3: -1 0 2.5 -0.25 0.125 0.375\nconst zp f32 -: 0\nconst s f32 -: 0.25";
        fold(&format!("{head}\n{line}")).1
    }

    #[test]
    fn bipolar_has_no_zero() {
        let y = folded("y = qonnx.custom_op.general.BipolarQuant(w, s)");
        assert_eq!(y, [-0.25, 0.25, 0.25, -0.25, 0.25, 0.25]);
        let y = folded("const e f32 2x1: 1 2\ny = onnx.brevitas.BipolarQuant(w, e)");
        assert_eq!(y, [-1., 1., 1., -2., 2., 2.]);
    }

    #[test]
    fn the_operator_set_need_not_be_named() {
        let text = "input x f32 1 2\nconst w f32 2x2: -1 1 3 -4\nconst s f32 -: 0.5\nq = onnx.brevitas.BipolarQuant(w, s)\nm = MatMul(x, q)\noutput m";
        let mut proto = model(text);
        proto.opset_import.retain(|o| o.domain.is_none());
        let options = Options::default();
        let known = Model::new(&proto, &options).unwrap();
        assert_eq!(known.nodes.len(), 2);
        proto.graph.as_mut().unwrap().node[0].domain = Some("elsewhere".into());
        let refused = Model::new(&proto, &options).unwrap_err();
        assert_eq!(refused.code.id, "SF0103");
        assert!(refused.help.is_some());
    }

    #[test]
    fn quant_rounds_to_even_and_clips() {
        let bits = "const b f32 -: 3";
        let name = "y = qonnx.custom_op.general.Quant(w, s, zp, b)";
        assert_eq!(
            folded(&format!("{bits}\n{name} signed=1 narrow=0")),
            [-1., 0., 0.75, -0.25, 0., 0.5]
        );
        assert_eq!(
            folded(&format!("{bits}\n{name} signed=1 narrow=1")),
            [-0.75, 0., 0.75, -0.25, 0., 0.5]
        );
        assert_eq!(folded(&format!("{bits}\n{name} signed=0")), [0., 0., 1.75, 0., 0., 0.5]);
    }
}
