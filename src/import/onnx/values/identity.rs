// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operators that change nothing.

use super::ValueId;
use crate::import::onnx::ops::Call;
use crate::import::onnx::tensor::{Info, Tensor};

/// The operators that may change nothing, for the documentation.
pub(in crate::import::onnx) const OPERATORS: &[&str] = &[
    "Identity",
    "Dropout",
    "Cast",
    "CastLike",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Expand",
    "Sum",
    "Mean",
    "Concat",
    "Transpose",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Where",
];

/// The operand that the result equals, whatever its value.
pub(super) fn same(call: &Call<'_>, operands: &[Option<ValueId>], out: &Info) -> Option<ValueId> {
    let args = &call.args;
    let is = |i: usize, x: f64| {
        args.get(i).copied().flatten().and_then(|a| a.value).and_then(Tensor::splat) == Some(x)
    };
    if !call.node.is_standard() {
        return None;
    }
    let which = match call.node.op() {
        op if !OPERATORS.contains(&op) => return None,
        // In training it drops what it is asked to.
        "Dropout" if args.len() > 2 && !is(2, 0.0) => return None,
        "Identity" | "Dropout" | "Cast" | "CastLike" | "Reshape" | "Flatten" | "Squeeze"
        | "Unsqueeze" | "Expand" => 0,
        "Sum" | "Mean" | "Concat" if args.len() == 1 => 0,
        "Transpose" => match call.node.ints("perm") {
            Ok(Some(p)) if p.iter().enumerate().all(|(i, &p)| usize::try_from(p) == Ok(i)) => 0,
            _ => return None,
        },
        "Add" if is(0, 0.0) => 1,
        "Add" | "Sub" if is(1, 0.0) => 0,
        "Mul" if is(0, 1.0) => 1,
        "Mul" | "Div" if is(1, 1.0) => 0,
        "Where" if is(0, 1.0) => 1,
        "Where" if is(0, 0.0) => 2,
        _ => return None,
    };
    let info = args.get(which).copied().flatten()?.info;
    if info == out { operands.get(which).copied().flatten() } else { None }
}
