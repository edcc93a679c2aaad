// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Arithmetic, element by element.

use super::{Call, Operator, broadcast, row};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] = &[
    row("Add", arithmetic, |c, o| binary(c, o, |a, b| a + b, |a, b| Some(a.wrapping_add(b)))),
    row("Sub", arithmetic, |c, o| binary(c, o, |a, b| a - b, |a, b| Some(a.wrapping_sub(b)))),
    row("Mul", arithmetic, |c, o| binary(c, o, |a, b| a * b, |a, b| Some(a.wrapping_mul(b)))),
    row("Div", arithmetic, |c, o| binary(c, o, |a, b| a / b, i64::checked_div)),
    row("Min", arithmetic, |c, o| binary(c, o, f64::min, |a, b| Some(a.min(b)))),
    row("Max", arithmetic, |c, o| binary(c, o, f64::max, |a, b| Some(a.max(b)))),
    row("Sum", arithmetic, |c, o| binary(c, o, |a, b| a + b, |_, _| None)),
    row("Mean", arithmetic, mean),
    row("Pow", power, |c, o| binary(c, o, f64::powf, |_, _| None)),
    row("Neg", same, |c, o| unary(c, o, |a| -a, |a| Some(a.wrapping_neg()))),
    row("Abs", same, |c, o| unary(c, o, f64::abs, |a| Some(a.wrapping_abs()))),
    row("Sign", same, |c, o| unary(c, o, sign, |a| Some(a.signum()))),
    row("Sqrt", same, |c, o| unary(c, o, f64::sqrt, |_| None)),
    row("Reciprocal", same, |c, o| unary(c, o, f64::recip, |_| None)),
    row("Round", same, |c, o| unary(c, o, f64::round_ties_even, |_| None)),
    row("Floor", same, |c, o| unary(c, o, f64::floor, |_| None)),
    row("Ceil", same, |c, o| unary(c, o, f64::ceil, |_| None)),
    row("Exp", same, |c, o| unary(c, o, f64::exp, |_| None)),
    row("Log", same, |c, o| unary(c, o, f64::ln, |_| None)),
    row("Sigmoid", same, |c, o| unary(c, o, |a| 1.0 / (1.0 + (-a).exp()), |_| None)),
    row("Tanh", same, |c, o| unary(c, o, f64::tanh, |_| None)),
    row("Relu", same, |c, o| unary(c, o, |a| if a < 0.0 { 0.0 } else { a }, |a| Some(a.max(0)))),
    row("Clip", same, clip),
];

/// Sign with sign(0) = 0, which `f64::signum` does not give.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// One type for all operands, broadcast.
fn arithmetic(call: &Call<'_>) -> Result<Option<Info>> {
    let args = call.all()?;
    let elem = call.arg(0)?.info.elem;
    if let Some(other) = args.iter().map(|a| a.info.elem).find(|e| *e != elem) {
        return Err(call.unsupported(format!("operands of types {elem:?} and {other:?}")));
    }
    Ok(Some(Info { elem, shape: broadcast::shape(call, &args)? }))
}

/// The exponent may have another type than the base.
fn power(call: &Call<'_>) -> Result<Option<Info>> {
    let args = [call.arg(0)?, call.arg(1)?];
    Ok(Some(Info { elem: args[0].info.elem, shape: broadcast::shape(call, &args)? }))
}

/// Type and shape of the first operand.
pub(super) fn same(call: &Call<'_>) -> Result<Option<Info>> {
    Ok(Some(call.arg(0)?.info.clone()))
}

/// Folds operands from the left with `real` or `int`; the latter says none where the
/// result does not exist.
fn binary(
    call: &Call<'_>,
    out: &Info,
    real: fn(f64, f64) -> f64,
    int: fn(i64, i64) -> Option<i64>,
) -> Result<Tensor> {
    let mut acc = spread(call, 0, out)?;
    for i in 1..call.args.len() {
        let arg = call.value(i)?;
        let from = broadcast::indices(&arg.info.shape, &out.shape);
        match (&mut acc, &arg.data) {
            (Data::Real(acc), _) => {
                for (a, j) in acc.iter_mut().zip(from) {
                    *a = out.elem.round(real(*a, arg.real(j)));
                }
            }
            (Data::Int(acc), Data::Int(values)) if out.elem != Elem::U64 => {
                for (a, j) in acc.iter_mut().zip(from) {
                    let b = values.get(j).copied().unwrap_or(0);
                    let y = int(*a, b).ok_or_else(|| no_value(call))?;
                    *a = out.elem.wrap(y);
                }
            }
            _ => return Err(no_value(call)),
        }
    }
    Ok(Tensor { info: out.clone(), data: acc })
}

fn no_value(call: &Call<'_>) -> Box<crate::diag::Diagnostic> {
    call.unsupported("it is not implemented for these integers")
}

/// Operand `i`, broadcast to the shape of the result.
pub(super) fn spread(call: &Call<'_>, i: usize, out: &Info) -> Result<Data> {
    let arg = call.value(i)?;
    let from = broadcast::indices(&arg.info.shape, &out.shape);
    Ok(match &arg.data {
        Data::Real(v) => Data::Real(from.map(|j| v.get(j).copied().unwrap_or(0.0)).collect()),
        Data::Int(v) => Data::Int(from.map(|j| v.get(j).copied().unwrap_or(0)).collect()),
    })
}

fn mean(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let mut sum = binary(call, out, |a, b| a + b, |_, _| None)?;
    #[allow(clippy::cast_precision_loss)]
    let n = call.args.len() as f64;
    if let Data::Real(v) = &mut sum.data {
        v.iter_mut().for_each(|x| *x = out.elem.round(*x / n));
    }
    Ok(sum)
}

fn unary(
    call: &Call<'_>,
    out: &Info,
    real: fn(f64) -> f64,
    int: fn(i64) -> Option<i64>,
) -> Result<Tensor> {
    let data = match &call.value(0)?.data {
        Data::Real(v) => Data::Real(v.iter().map(|&x| out.elem.round(real(x))).collect()),
        Data::Int(v) => {
            let each = v.iter().map(|&x| int(x).map(|y| out.elem.wrap(y)));
            Data::Int(each.collect::<Option<_>>().ok_or_else(|| no_value(call))?)
        }
    };
    Ok(Tensor { info: out.clone(), data })
}

/// Bounds are operands since opset 11, attributes before; either may be left out.
fn clip(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let bound = |i: usize, name: &str| -> Result<Option<f64>> {
        Ok(match call.optional(i) {
            Some(_) => Some(call.value(i)?.real(0)),
            None => call.node.float(name)?.map(f64::from),
        })
    };
    let (low, high) = (bound(1, "min")?, bound(2, "max")?);
    let limit = |x: f64| {
        let x = low.map_or(x, |l| x.max(l));
        high.map_or(x, |h| x.min(h))
    };
    let data = match &call.value(0)?.data {
        Data::Real(v) => Data::Real(v.iter().map(|&x| limit(x)).collect()),
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        Data::Int(v) => Data::Int(v.iter().map(|&x| limit(x as f64) as i64).collect()),
    };
    Ok(Tensor { info: out.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::elem::Elem;
    use crate::import::onnx::testing::{constant, fold};

    #[test]
    fn arithmetic_broadcasts_and_rounds_to_the_type() {
        let sum = "const a f32 2x1: 1 2\nconst b f32 3: 10 20 30\ny = Add(a, b)";
        assert_eq!(fold(sum), (vec![2, 3], vec![11., 21., 31., 12., 22., 32.]));
        let third =
            |elem| fold(&format!("const a {elem} -: 1\nconst b {elem} -: 3\ny = Div(a, b)")).1[0];
        assert_eq!(third("f32"), f64::from(1f32 / 3f32));
        assert_eq!(third("f64"), 1.0 / 3.0);
        assert_eq!(third("f16"), 0.333_251_953_125);
    }

    #[test]
    fn integers_divide_towards_zero_and_wrap() {
        assert_eq!(fold("const a i64 2: -7 7\nconst b i64 -: 2\ny = Div(a, b)").1, [-3., 3.]);
        assert_eq!(fold("const a u8 1: 250\nconst b u8 1: 10\ny = Add(a, b)").1, [4.]);
        let zero = constant("const a i64 1: 1\nconst b i64 1: 0\ny = Div(a, b)");
        assert_eq!(zero.unwrap_err().code.id, "SF0108");
    }

    #[test]
    fn halves_go_to_even_numbers() {
        let a = "const a f32 5: -1.5 -0.5 0.5 1.5 2.25\n";
        assert_eq!(fold(&format!("{a}y = Round(a)")).1, [-2., -0., 0., 2., 2.]);
        assert_eq!(fold(&format!("{a}y = Floor(a)")).1, [-2., -1., 0., 1., 2.]);
        assert_eq!(fold(&format!("{a}y = Ceil(a)")).1, [-1., -0., 1., 2., 3.]);
    }

    #[test]
    fn logarithms_are_natural() {
        let y = fold("const a f32 2: 1 2\ny = Log(a)").1;
        assert_eq!(y, [0.0, f64::from(std::f32::consts::LN_2)]);
    }

    #[test]
    fn sign_of_zero_is_zero() {
        assert_eq!(fold("const a f32 4: -2 0 -0 3\ny = Sign(a)").1, [-1., 0., 0., 1.]);
    }

    #[test]
    fn bounds_of_clip_are_operands_or_attributes() {
        assert_eq!(
            fold("const a f32 3: -1 0.5 2\nconst l f32 -: 0\nconst h f32 -: 1\ny = Clip(a, l, h)")
                .1,
            [0., 0.5, 1.]
        );
        assert_eq!(fold("const a f32 2: -1 2\ny = Clip(a) min=0.5").1, [0.5, 2.]);
        assert_eq!(fold("const a f32 2: -1 2\nconst h f32 -: 1\ny = Clip(a, _, h)").1, [-1., 1.]);
    }

    #[test]
    fn types_must_agree() {
        let mixed = constant("const a f32 1: 1\nconst b i64 1: 1\ny = Add(a, b)");
        assert_eq!(mixed.unwrap_err().code.id, "SF0108");
        let power = constant("const a f32 1: 3\nconst b i64 1: 2\ny = Pow(a, b)").unwrap();
        assert_eq!(power, (Elem::F32, vec![1], vec![9.]));
        let shapes = constant("const a f32 2: 1\nconst b f32 3: 1\ny = Mul(a, b)").unwrap_err();
        assert_eq!(
            shapes.to_string(),
            "node y (Mul, opset 18): operands of shapes [2] and [3] do not broadcast"
        );
    }

    #[test]
    fn sums_of_many() {
        let three = "const a f32 2: 1 2\nconst b f32 -: 4\nconst c f32 2: 1 3";
        assert_eq!(fold(&format!("{three}\ny = Sum(a, b, c)")).1, [6., 9.]);
        assert_eq!(fold(&format!("{three}\ny = Mean(a, b, c)")).1, [2., 3.]);
        assert_eq!(fold(&format!("{three}\ny = Max(a, b, c)")).1, [4., 4.]);
    }
}
