// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Comparisons, logic and selection.

use super::{Arg, Call, Operator, broadcast, elementwise, row};
use crate::diag::Result;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::tensor::{Data, Info, Tensor};

pub(super) const TABLE: &[Operator] = &[
    row("Greater", boolean, |c, o| compare(c, o, |a, b| a > b, |a, b| a > b)),
    row("GreaterOrEqual", boolean, |c, o| compare(c, o, |a, b| a >= b, |a, b| a >= b)),
    row("Less", boolean, |c, o| compare(c, o, |a, b| a < b, |a, b| a < b)),
    row("LessOrEqual", boolean, |c, o| compare(c, o, |a, b| a <= b, |a, b| a <= b)),
    row("Equal", boolean, |c, o| compare(c, o, |a, b| a == b, |a, b| a == b)),
    row("And", boolean, |c, o| compare(c, o, |_, _| false, |a, b| a & b == 1)),
    row("Or", boolean, |c, o| compare(c, o, |_, _| false, |a, b| a | b == 1)),
    row("Not", elementwise::same, not),
    row("Where", select_info, select),
];

fn boolean(call: &Call<'_>) -> Result<Option<Info>> {
    let args = [call.arg(0)?, call.arg(1)?];
    if args[0].info.elem != args[1].info.elem {
        let (a, b) = (args[0].info.elem, args[1].info.elem);
        return Err(call.unsupported(format!("operands of types {a:?} and {b:?}")));
    }
    Ok(Some(Info { elem: Elem::Bool, shape: broadcast::shape(call, &args)? }))
}

fn compare(
    call: &Call<'_>,
    out: &Info,
    real: fn(f64, f64) -> bool,
    int: fn(i64, i64) -> bool,
) -> Result<Tensor> {
    let pair = (elementwise::spread(call, 0, out)?, elementwise::spread(call, 1, out)?);
    let bits = match pair {
        (Data::Real(a), Data::Real(b)) => a.iter().zip(&b).map(|(a, b)| real(*a, *b)).collect(),
        (Data::Int(a), Data::Int(b)) => a.iter().zip(&b).map(|(a, b)| int(*a, *b)).collect(),
        _ => Vec::new(),
    };
    Ok(Tensor { info: out.clone(), data: Data::Int(bits.into_iter().map(i64::from).collect()) })
}

fn not(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    let bits = call.value(0)?.ints().unwrap_or_default();
    Ok(Tensor { info: out.clone(), data: Data::Int(bits.iter().map(|b| 1 - b).collect()) })
}

fn select_info(call: &Call<'_>) -> Result<Option<Info>> {
    let args: [Arg<'_>; 3] = [call.arg(0)?, call.arg(1)?, call.arg(2)?];
    let [condition, a, b] = args.map(|x| x.info.elem);
    if condition != Elem::Bool || a != b {
        return Err(call.unsupported(format!("operands of types {condition:?}, {a:?}, {b:?}")));
    }
    Ok(Some(Info { elem: a, shape: broadcast::shape(call, &args)? }))
}

fn select(call: &Call<'_>, out: &Info) -> Result<Tensor> {
    fn pick<T: Copy>(condition: &[i64], a: &[T], b: &[T]) -> Vec<T> {
        let pairs = a.iter().zip(b).zip(condition);
        pairs.map(|((a, b), &c)| if c != 0 { *a } else { *b }).collect()
    }
    let Data::Int(condition) = elementwise::spread(call, 0, out)? else {
        return Err(call.unsupported("its condition is not boolean"));
    };
    let data = match (elementwise::spread(call, 1, out)?, elementwise::spread(call, 2, out)?) {
        (Data::Real(a), Data::Real(b)) => Data::Real(pick(&condition, &a, &b)),
        (Data::Int(a), Data::Int(b)) => Data::Int(pick(&condition, &a, &b)),
        _ => return Err(call.unsupported("its alternatives differ in type")),
    };
    Ok(Tensor { info: out.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::fold;

    #[test]
    fn comparisons_and_selection() {
        let pair = "const a f32 3: -1 0 1\nconst b f32 -: 0";
        assert_eq!(fold(&format!("{pair}\ny = GreaterOrEqual(a, b)")).1, [0., 1., 1.]);
        assert_eq!(fold(&format!("{pair}\ny = Less(a, b)")).1, [1., 0., 0.]);
        assert_eq!(fold(&format!("{pair}\nc = Equal(a, b)\ny = Not(c)")).1, [1., 0., 1.]);
        let sign =
            "c = GreaterOrEqual(a, b)\nconst p f32 -: 1\nconst n f32 -: -1\ny = Where(c, p, n)";
        assert_eq!(fold(&format!("{pair}\n{sign}")).1, [-1., 1., 1.]);
    }
}
