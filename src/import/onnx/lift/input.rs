// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model's input as integer levels, presented unchanged at every timestep.

use super::{Hint, Lift, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::Options;
use crate::import::onnx::elem::Elem;
use crate::ir::{Input, Op, Scale};

/// Adds the input, and for a floating-point one its scale.
///
/// # Errors
/// [`codes::IMPORT_INPUT`] or [`codes::BAD_OPTION`].
pub(super) fn input(lift: &mut Lift<'_>, options: &Options) -> Result<Stream> {
    let (name, info) = &lift.model.input;
    let bits = bits(info.elem, options).map_err(|d| d.at(format!("input {name}")))?;
    let shape = info.shape.get(1..).unwrap_or_default().to_vec();
    let label = lift.names.name(&Hint::new("input").named(name));
    let op = Op::Input(Input { shape, bits, is_static: true });
    let mut node = lift.graph.add(label, op, &[])?;
    if let Some(factor) = options.input_scale {
        let label = lift.names.name(&Hint::new("scale"));
        node = lift.graph.add(label, Op::Scale(Scale { factor }), &[node])?;
    }
    Ok(Stream { node, steps: vec![lift.values.input], is_static: true })
}

fn bits(elem: Elem, options: &Options) -> Result<u32> {
    if elem.is_float() {
        return match (options.input_bits, options.input_scale) {
            (Some(bits), Some(_)) => Ok(bits),
            _ => Err(Diagnostic::new(
                &codes::IMPORT_INPUT,
                "the input is floating point; its levels are not known",
            )
            .help("say how it comes from integers, e.g. --input-bits 8 --input-scale 0.00392157 for pixels divided by 255; or export with an integer input that the model scales itself")),
        };
    }
    if options.input_scale.is_some() {
        return Err(Diagnostic::new(
            &codes::BAD_OPTION,
            "the input consists of integers that the model scales itself; --input-scale would scale them twice",
        ));
    }
    let own = match elem {
        Elem::Bool => Some(1),
        Elem::U4 => Some(4),
        Elem::U8 => Some(8),
        Elem::U16 => Some(16),
        _ => None,
    };
    match (own, options.input_bits) {
        (Some(own), Some(bits)) if bits > own => Err(Diagnostic::new(
            &codes::BAD_OPTION,
            format!("the input's elements have {own} bits, so its levels cannot have {bits}"),
        )),
        (_, Some(bits)) => Ok(bits),
        (Some(own), None) => Ok(own),
        (None, None) => Err(Diagnostic::new(
            &codes::IMPORT_INPUT,
            format!("elements of type {elem:?} are too wide or signed"),
        )
        .help("if all values are small and not negative, say so with --input-bits")),
    }
}
