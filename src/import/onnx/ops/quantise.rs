// SPDX-License-Identifier: Apache-2.0 OR MIT
//! ONNX's own quantisers, as fake quantisation of weights is exported, on constants.

use super::{Call, Operator, broadcast, row};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] =
    &[row("QuantizeLinear", quantised, quantise), row("DequantizeLinear", reals, dequantise)];

/// The type of the zero point, or that which an attribute names.
fn quantised(call: &Call<'_>) -> Result<Option<Info>> {
    let elem = match (call.optional(2), call.node.int("output_dtype")?) {
        (Some(zero), _) => zero.info.elem,
        (None, None | Some(0)) => Elem::U8,
        (None, Some(number)) => {
            let number = i32::try_from(number).unwrap_or(0);
            Elem::from_onnx(number).ok_or_else(|| {
                call.unsupported(format!("{} is no type that is read", Elem::onnx_name(number)))
            })?
        }
    };
    Ok(Some(Info { elem, shape: call.arg(0)?.info.shape.clone() }))
}

/// The type of the scale.
fn reals(call: &Call<'_>) -> Result<Option<Info>> {
    let (x, scale) = (call.arg(0)?.info, call.arg(1)?.info);
    Ok(Some(Info { elem: scale.elem, shape: x.shape.clone() }))
}

/// y = round(x / scale) + zero, to nearest, ties to even, within the type.
#[allow(clippy::cast_possible_truncation)]
fn quantise(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let (x, scale) = (call.value(0)?, call.value(1)?);
    let Some((low, high)) = limits(out.elem) else {
        return Err(call.unsupported(format!("a zero point of type {:?}", out.elem)));
    };
    let each = each(call, out)?;
    let value = |(x, (s, zero)): (f64, (usize, f64))| {
        let q = scale.info.elem.round(x / scale.real(s)).round_ties_even() + zero;
        q.clamp(low, high) as i64
    };
    let data = Data::Int(x.reals().zip(each).map(value).collect());
    Ok(Tensor { info: out.clone(), data })
}

/// y = (x − zero) · scale.
fn dequantise(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let (x, scale) = (call.value(0)?, call.value(1)?);
    let each = each(call, out)?;
    let value = |(x, (s, zero)): (f64, (usize, f64))| out.elem.round((x - zero) * scale.real(s));
    let data = Data::Real(x.reals().zip(each).map(value).collect());
    Ok(Tensor { info: out.clone(), data })
}

/// For each element the index of its scale, and its zero point.
fn each(call: &Call<'_>, out: &Info) -> Result<impl Iterator<Item = (usize, f64)>> {
    if call.node.int("block_size")?.unwrap_or(0) != 0 {
        return Err(call.unsupported("scales of blocks"));
    }
    let scale = call.arg(1)?.info;
    let shape = match scale.shape[..] {
        [] | [1] => Vec::new(),
        [n] => {
            let axis = call.axis(call.node.int("axis")?.unwrap_or(1), out.shape.len())?;
            let at = |(i, d): (usize, &usize)| if i == axis { *d } else { 1 };
            let shape: Vec<_> = out.shape.iter().enumerate().map(at).collect();
            if out.shape.get(axis) != Some(&n) {
                return Err(call.shape(format!("{n} scales along axis {axis} of {:?}", out.shape)));
            }
            shape
        }
        _ => return Err(call.unsupported(format!("scales of shape {:?}", scale.shape))),
    };
    let zeros = match call.optional(2) {
        None => None,
        Some(zero) if zero.info.shape == scale.shape => Some(call.value(2)?.clone()),
        Some(zero) => {
            let message = format!("zero points of shape {:?} for these scales", zero.info.shape);
            return Err(call.shape(message));
        }
    };
    let zero = move |s| zeros.as_ref().map_or(0.0, |z| z.real(s));
    Ok(broadcast::indices(&shape, &out.shape).map(move |s| (s, zero(s))))
}

/// The smallest and the largest value of an integer type that quantisers give.
fn limits(elem: Elem) -> Option<(f64, f64)> {
    let half = f64::from(u32::try_from(elem.bits()).ok()?.saturating_sub(1)).exp2();
    match elem {
        Elem::I2 | Elem::I4 | Elem::I8 | Elem::I16 => Some((-half, half - 1.0)),
        Elem::U2 | Elem::U4 | Elem::U8 | Elem::U16 => Some((0.0, 2.0 * half - 1.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{constant, fold};

    const HEAD: &str =
        "const w f32 2x2: -1 0.375 0.625 100\nconst s f32 -: 0.25\nconst zp i8 -: 1\n";

    #[test]
    fn quantisers_round_to_even_and_saturate() {
        let (elem, _, values) = constant(&format!("{HEAD}y = QuantizeLinear(w, s, zp)")).unwrap();
        assert_eq!((elem.bits(), values), (8, vec![-3., 3., 3., 127.]));
        let values = fold(&format!("{HEAD}y = QuantizeLinear(w, s)")).1;
        assert_eq!(values, [0., 2., 2., 255.]);
    }

    #[test]
    fn and_back() {
        let both = "q = QuantizeLinear(w, s, zp)\ny = DequantizeLinear(q, s, zp)";
        assert_eq!(fold(&format!("{HEAD}{both}")).1, [-1., 0.5, 0.5, 31.5]);
    }

    #[test]
    fn scales_are_of_an_axis() {
        let each = "const e f32 2: 0.25 0.5\nconst o i8 2: 0 1\nq = QuantizeLinear(w, e, o) axis=";
        let head = HEAD.replace("0.625", "0.3");
        let of = |axis: &str| {
            fold(&format!("{head}{each}{axis}\ny = DequantizeLinear(q, e, o) axis={axis}")).1
        };
        assert_eq!(of("0"), [-1., 0.5, 0.5, 63.]);
        assert_eq!(of("1"), [-1., 0.5, 0.25, 63.]);
        assert_eq!(of("-1"), of("1"));
        let usual =
            format!("{head}{}\ny = DequantizeLinear(q, e, o)", each.trim_end_matches(" axis="));
        assert_eq!(fold(&usual).1, of("1"));
        let wrong = HEAD.replace("2x2", "2x3") + each + "1\ny = DequantizeLinear(q, s, zp)";
        assert_eq!(constant(&wrong).unwrap_err().code.id, "SF0107");
    }
}
