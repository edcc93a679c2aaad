// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `ai.synfire.Lif`: both results have the shape of the current.

use super::{Call, Operator};
use crate::diag::Result;
use crate::import::onnx::tensor::Info;

pub(in crate::import::onnx) const TABLE: &[Operator] =
    &[Operator { name: "Lif", infer: lif, fold: None, of_shapes: false }];

fn lif(call: &Call<'_>) -> Result<Option<Info>> {
    let x = call.arg(0)?.info;
    for i in 1..7 {
        let arg = call.arg(i)?.info;
        // From the right, as operands spread: one, or as many as the current has.
        let fits = arg.shape.len() <= x.shape.len()
            && arg.shape.iter().rev().zip(x.shape.iter().rev()).all(|(a, b)| *a == 1 || a == b);
        if !fits || arg.elem != x.elem {
            let message = format!("operand {i} is {arg:?} where the current is {x:?}");
            return Err(call.shape(message));
        }
    }
    Ok(Some(x.clone()))
}
