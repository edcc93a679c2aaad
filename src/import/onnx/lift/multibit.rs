// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Weights that are not ±α, where the user takes them: `--sign-of-zero`, `--weights`.

use super::Lift;
use super::weights::binarise;
use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::{Data, Tensor};
use crate::import::{WeightForm, ZeroSign};
use crate::ir::{Op, Weights};

/// The weights of a layer in the form that the options allow; see [`binarise`].
///
/// # Errors
/// As [`binarise`].
pub(super) fn read(
    lift: &Lift<'_>,
    node: &Node<'_>,
    matrix: &Tensor,
    transposed: bool,
    name: &str,
) -> Result<Weights> {
    let error = match binarise(node, matrix, transposed, name) {
        Ok(weights) => return Ok(weights),
        Err(error) => error,
    };
    let is_zero = error.code.id == codes::LIFT_TERNARY_WEIGHTS.id;
    if let (true, Some(sign)) = (is_zero, lift.options.sign_of_zero)
        && let Some(filled) = fill(matrix, transposed, sign)
    {
        let weights = binarise(node, &filled, transposed, name)?;
        let zeros = matrix.reals().filter(|w| *w == 0.0).count();
        let sign = if sign == ZeroSign::Plus { "+" } else { "−" };
        lift.note(format!("{name}: {zeros} weight(s) of 0 count as {sign}α"));
        return Ok(weights);
    }
    // Zeros among numbers of many sizes are the smallest of them.
    let error = match fill(matrix, transposed, ZeroSign::Plus).filter(|_| is_zero) {
        Some(filled) => binarise(node, &filled, transposed, name).err().unwrap_or(error),
        None => error,
    };
    let is_float = error.code.id == codes::LIFT_FLOAT_WEIGHTS.id;
    let (&[rows, cols], true) = (&matrix.info.shape[..], is_zero || is_float) else {
        return Err(error);
    };
    let (outputs, inputs) = if transposed { (cols, rows) } else { (rows, cols) };
    let at = |o: usize, i: usize| matrix.real(if transposed { i * cols + o } else { o * cols + i });
    let row = |o: usize| (0..inputs).map(|i| at(o, i)).collect::<Vec<_>>();
    match lift.options.weights {
        WeightForm::Binary => Err(error),
        // Zeros among ±α are a mistake, not weights of several bits.
        WeightForm::Auto if is_zero && ternary(node, matrix, transposed, name) => Err(error),
        WeightForm::Float | WeightForm::Auto => {
            if lift.options.weights == WeightForm::Auto {
                lift.multi_bit.borrow_mut().push((name.to_owned(), error));
            }
            let values = (0..outputs).flat_map(row).collect();
            Ok(Weights::Real { rows: outputs, values })
        }
        WeightForm::Int8 => {
            let values = (0..outputs).flat_map(row).collect();
            let (weights, worst) = Weights::Real { rows: outputs, values }.rounded(8);
            lift.note(format!(
                "{name}: weights of 8 bits; the largest rounding is {:.3} % of the output's largest weight",
                100.0 * worst
            ));
            Ok(weights)
        }
    }
}

/// Is every weight of each output one of −α, 0, +α?
fn ternary(node: &Node<'_>, matrix: &Tensor, transposed: bool, name: &str) -> bool {
    fill(matrix, transposed, ZeroSign::Plus)
        .is_some_and(|filled| binarise(node, &filled, transposed, name).is_ok())
}

/// Refuses weights of several bits where no layer is binary, and names them where one is.
/// `quantised` says it better than a layer can.
///
/// # Errors
/// What the first of them was refused for.
pub(super) fn accept(lift: &Lift<'_>, quantised: Option<Box<Diagnostic>>) -> Result<()> {
    let all = lift.multi_bit.take();
    let names: Vec<String> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
    let Some((_, first)) = all.into_iter().next() else { return Ok(()) };
    let graph = &lift.graph;
    let binary = |op: &Op| match op {
        Op::Linear(l) => l.weights.binary().is_some(),
        Op::Conv(c) => c.weights.binary().is_some(),
        _ => false,
    };
    if !graph.order()?.iter().any(|&id| binary(&graph.node(id).op)) {
        return Err(quantised.unwrap_or(first));
    }
    lift.note(format!(
        "{}: weights of several bits, since they are not ±α (--precision sets the bits, --weights binary refuses them)",
        names.join(", ")
    ));
    Ok(())
}

/// The matrix with ± the output's magnitude in place of zeros; none if an output has
/// nothing but zeros.
fn fill(matrix: &Tensor, transposed: bool, sign: ZeroSign) -> Option<Tensor> {
    let &[rows, cols] = &matrix.info.shape[..] else { return None };
    let outputs = if transposed { cols } else { rows };
    let output = |i: usize| if transposed { i % cols } else { i / cols };
    let mut magnitude = vec![0.0f64; outputs];
    for (i, w) in matrix.reals().enumerate() {
        let m = magnitude.get_mut(output(i))?;
        *m = m.max(w.abs());
    }
    if magnitude.contains(&0.0) {
        return None;
    }
    let factor = if sign == ZeroSign::Plus { 1.0 } else { -1.0 };
    let value = |(i, w): (usize, f64)| match w {
        0.0 => magnitude.get(output(i)).copied().unwrap_or(0.0) * factor,
        w => w,
    };
    let data = Data::Real(matrix.reals().enumerate().map(value).collect());
    Some(Tensor { info: matrix.info.clone(), data })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import_with, neuron};
    use crate::import::{Options, WeightForm, ZeroSign};
    use crate::ir::{Op, PerChannel, Weights};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    /// The weights of two outputs, given input by input, and what was noted.
    fn read(w: &str, options: &Options) -> Result<(Weights, Vec<String>), &'static str> {
        let text =
            neuron("m1 = Identity(i)", BODY).replace("0.5 -0.5 -0.5 -0.5 0.5 0.5 -0.5 0.5", w);
        let (graph, report) = import_with(&text, options).map_err(|d| d.code.id)?;
        let id = graph.find("fc1").unwrap();
        let Op::Linear(l) = &graph.node(id).op else { panic!() };
        Ok((l.weights.clone(), report.notes))
    }

    #[test]
    fn zeros_get_the_sign_that_was_asked_for() {
        let with = |sign| Options { sign_of_zero: sign, ..Options::default() };
        let w = "0 -0.5 0.25 -0.5 -0.25 0.5 0 0.5";
        assert_eq!(read(w, &with(None)), Err("SF0122"));
        for (sign, first) in [(ZeroSign::Plus, 0.25), (ZeroSign::Minus, -0.25)] {
            let (weights, notes) = read(w, &with(Some(sign))).unwrap();
            let row: Vec<_> = (0..4).map(|i| weights.value(0, i)).collect();
            assert_eq!(row, [first, 0.25, -0.25, first]);
            assert!(weights.binary().is_some());
            assert!(notes[0].starts_with("fc1.weight: 2 weight(s)"), "{notes:?}");
        }
        // All zeros have no magnitude; several magnitudes stay several.
        assert_eq!(read("0 -0.5 0 -0.5 0 0.5 0 0.5", &with(Some(ZeroSign::Plus))), Err("SF0122"));
        assert_eq!(read("0 -0.5 1 -0.5 2 0.5 0 0.5", &with(Some(ZeroSign::Plus))), Err("SF0121"));
    }

    #[test]
    fn integers_have_a_step_an_output() {
        let options = Options { weights: WeightForm::Int8, ..Options::default() };
        // On a grid of 0.25, and on none.
        let w = "0.5 1 -0.75 0.5 0 -0.123456 0.25 0.7";
        // A zero among weights of many sizes is the smallest of them.
        assert_eq!(read(w, &Options::default()), Err("SF0121"));
        let (weights, notes) = read(w, &options).unwrap();
        let Weights::Integer { rows: 2, values, scale: PerChannel::Each(scale) } = weights else {
            panic!()
        };
        assert_eq!(values[..4], [2, -3, 0, 1]);
        assert_eq!(values[4..], [127, 64, -16, 89]);
        assert_eq!(scale, [0.25, 1.0 / 127.0]);
        assert!(notes[0].contains("the largest rounding is 0."), "{notes:?}");
        // What is binary stays so.
        assert!(read("0.5 1 0.5 1 0.5 1 0.5 -1", &options).unwrap().0.binary().is_some());
        assert!(read("0 1 0 2 0 3 0 4", &options).is_ok());
    }

    #[test]
    fn floats_are_kept_if_asked_for() {
        let options = Options { weights: WeightForm::Float, ..Options::default() };
        let (weights, notes) = read("0.5 1 -0.7 0.5 0 -0.1 0.2 0.3", &options).unwrap();
        let Weights::Real { rows: 2, values } = weights else { panic!() };
        assert_eq!(values.len(), 8);
        assert!((values[1] + 0.7).abs() < 1e-6 && values[4] == 1.0 && notes.is_empty());
        assert_eq!(read("NaN 1 1 1 1 1 1 1", &options), Err("SF0301"));
    }
}
