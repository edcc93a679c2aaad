// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is added to the outputs of a layer.

use super::coeff::Coeff;
use super::{Lift, Stream, steps};
use crate::import::onnx::values::ValueId;
use crate::ir::PerChannel;

/// A vector, or one number for all outputs. A constant with a batch dimension is none: it
/// may be a state that was baked in.
pub(super) fn of_vector(lift: &Lift<'_>, id: ValueId, outputs: usize) -> Option<Vec<f64>> {
    let tensor = lift.values.constant(id).filter(|t| t.info.shape.len() <= 1)?;
    match tensor.splat() {
        Some(b) => Some(vec![b; outputs]),
        None => (tensor.len() == outputs).then(|| tensor.reals().collect()),
    }
}

type Added = (Option<Vec<f64>>, Vec<ValueId>, Vec<ValueId>);

/// A constant per output that is added to every value of `products`, and to nothing else;
/// the values that result; and those that are accounted for.
pub(super) fn added(
    lift: &Lift<'_>,
    stream: &Stream,
    products: Vec<ValueId>,
    outputs: usize,
) -> Added {
    match sums(lift, stream, &products, outputs) {
        Some((bias, sums)) => {
            let taken = [&products[..], &sums[..]].concat();
            (Some(bias), sums, taken)
        }
        None => (None, products.clone(), products),
    }
}

fn sums(
    lift: &Lift<'_>,
    stream: &Stream,
    products: &[ValueId],
    outputs: usize,
) -> Option<(Vec<f64>, Vec<ValueId>)> {
    if products.iter().any(|&id| lift.values.users(id).len() != 1) {
        return None;
    }
    // What is added at some of the timesteps is no bias; neurons may know what it is.
    let groups = steps::groups(lift, &stream.of(products.to_vec()), |n| n.op() == "Add");
    let sums = groups.unwrap_or_default().into_iter().next()?;
    let (&sum, &product) = (sums.first()?, products.first()?);
    let is_const = |id: &ValueId| lift.values.constant(*id).is_some();
    let constant = lift.values.operands(sum).iter().flatten().copied().find(is_const);
    let shape = lift.values.shape(sum).filter(|s| lift.values.shape(product) == Some(*s));
    let (constant, shape) = (constant?, shape?);
    let bias = match shape {
        [_, _] => of_vector(lift, constant, outputs),
        // Of an image, the channels alone.
        _ => lift
            .values
            .constant(constant)
            .filter(|t| t.info.shape.len() < shape.len() || t.info.shape.first() == Some(&1))
            .and_then(|t| Coeff::from_tensor(t, shape))
            .map(Coeff::into_per_channel)
            .filter(|c| c.fits(outputs))
            .map(|c| match c {
                PerChannel::All(b) => vec![b; outputs],
                PerChannel::Each(v) => v,
            }),
    };
    bias.map(|bias| (bias, sums))
}
