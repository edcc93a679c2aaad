// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of `ai.synfire`: every result has the shape of the first operand.

use super::{Call, Operator};
use crate::diag::Result;
use crate::import::onnx::tensor::Info;

pub(in crate::import::onnx) const TABLE: &[Operator] = &[
    Operator { name: "Lif", infer: |call| alike(call, 7), fold: None, of_shapes: false },
    Operator { name: "Li", infer: |call| alike(call, 5), fold: None, of_shapes: false },
    Operator { name: "Threshold", infer: |call| alike(call, 2), fold: None, of_shapes: false },
];

fn alike(call: &Call<'_>, operands: usize) -> Result<Option<Info>> {
    let x = call.arg(0)?.info;
    for i in 1..operands {
        let arg = call.arg(i)?.info;
        // From the right, as operands spread: one, or as many as the current has.
        let fits = arg.shape.len() <= x.shape.len()
            && arg.shape.iter().rev().zip(x.shape.iter().rev()).all(|(a, b)| *a == 1 || a == b);
        if !fits || arg.elem != x.elem {
            let message = format!("operand {i} is {arg:?} where the first is {x:?}");
            return Err(call.shape(message));
        }
    }
    Ok(Some(x.clone()))
}
