// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Shapes of the operators that become layers; these are not folded, except for what they
//! make of zeros: the spikes that come back in the first timestep.

use super::{Call, Operator, broadcast, elementwise};
use crate::diag::Result;
use crate::import::onnx::tensor::{Data, Info, Tensor};
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

/// True if all operands are constant, the weights finite, and there is nothing but zeros that
/// they weigh.
pub(in crate::import::onnx) fn weighs_zeros(call: &Call<'_>) -> bool {
    let value = |i| call.optional(i).and_then(|a| a.value);
    let is_layer = matches!(call.node.op(), "MatMul" | "Gemm" | "Conv");
    let (Some(x), Some(w)) = (value(0), value(1)) else { return false };
    call.node.is_standard()
        && is_layer
        && call.args.iter().flatten().all(|a| a.value.is_some())
        && x.reals().all(|x| x == 0.0)
        && w.reals().all(f64::is_finite)
}

/// What a layer makes of zeros: what it adds to a product, or nothing.
pub(in crate::import::onnx) fn of_zeros(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let factor = match call.node.op() {
        "Gemm" => f64::from(call.node.float("beta")?.unwrap_or(1.0)),
        _ => 1.0,
    };
    let data = match call.optional(2).and_then(|a| a.value) {
        None => vec![0.0; out.len().unwrap_or(0)],
        Some(bias) => {
            // Of a convolution it has an entry a channel.
            let mut shape = bias.info.shape.clone();
            if call.node.op() == "Conv" {
                shape.extend(out.shape.iter().skip(2).map(|_| 1));
            }
            let places = broadcast::indices(&shape, &out.shape);
            places.map(|i| out.elem.round(factor * bias.real(i))).collect()
        }
    };
    Ok(Tensor { info: out.clone(), data: Data::Real(data) })
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

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{fold, import, neuron};

    const HEAD: &str = "const o f32 1x2: 0\nconst w f32 2x2: 1 2 3 4\nconst b f32 2: 0.5 -1\n";

    #[test]
    fn what_is_made_of_zeros_is_the_bias() {
        let folded = |line: &str| fold(&format!("{HEAD}{line}"));
        assert_eq!(folded("y = MatMul(o, w)"), (vec![1, 2], vec![0.0, 0.0]));
        assert_eq!(folded("y = Gemm(o, w, b) beta=2.0").1, [1.0, -2.0]);
        assert_eq!(folded("y = Gemm(o, w)").1, [0.0, 0.0]);
        let image = "const p f32 1x1x1x2: 0\nconst v f32 2x1x1x1: 3\n";
        let conv = folded(&format!("{image}y = Conv(p, v, b)"));
        assert_eq!(conv, (vec![1, 2, 1, 2], vec![0.5, 0.5, -1.0, -1.0]));
    }

    #[test]
    fn other_constants_and_weights_are_left() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, j)\nm@ = Sub(a@, s^)";
        let with = |zeros: &str, weights: &str| {
            let consts = format!("const o f32 1x2: {zeros}\nconst w f32 2x2: {weights}");
            import(&neuron(
                &format!("{consts}\nb = MatMul(o, w)\nj = Add(i, b)\nm1 = Identity(j)"),
                body,
            ))
        };
        assert!(with("0", "1 2 3 4").is_ok());
        assert_eq!(&with("0 1", "1 2 3 4").unwrap_err().code.id[..5], "SF012");
        assert_eq!(&with("0", "1 inf 3 4").unwrap_err().code.id[..5], "SF012");
    }
}
