// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The model's input: integer levels, or real numbers.

use super::{Flow, Hint, Lift, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::Options;
use crate::import::onnx::elem::Elem;
use crate::ir::{Input, Op, PerChannel, Scale};

/// Adds the input, and for a floating-point one its scale.
///
/// # Errors
/// [`codes::IMPORT_INPUT`] or [`codes::BAD_OPTION`].
pub(super) fn input(lift: &mut Lift<'_>, options: &Options) -> Result<Stream> {
    let (name, info) = &lift.model.input;
    // A file of our own dialect says how wide a level is.
    let own = lift.model.input_bits;
    let options = &Options { input_bits: options.input_bits.or(own), ..options.clone() };
    let bits = bits(info.elem, options).map_err(|d| d.at(format!("input {name}")))?;
    let first = lift.values.inputs.first().and_then(|&i| lift.values.shape(i));
    let shape = first.and_then(|s| s.get(1..)).unwrap_or_default().to_vec();
    let changes = lift.values.input_changes;
    let label = lift.names.name(&Hint::new("input").named(name));
    let op = Op::Input(Input { shape, bits, is_static: !changes });
    let mut node = lift.graph.add(label, op, &[])?;
    if let Some(factor) = options.input_scale {
        let label = lift.names.name(&Hint::new("scale"));
        node = lift.graph.add(label, Op::Scale(Scale::by(PerChannel::All(factor))), &[node])?;
    }
    let flow = if changes { Flow::Steps } else { Flow::Static };
    Ok(Stream { node, steps: lift.values.inputs.clone(), flow })
}

/// The width of a level; none if there are none.
fn bits(elem: Elem, options: &Options) -> Result<Option<u32>> {
    if elem.is_float() {
        return match (options.input_bits, options.input_scale) {
            (Some(bits), Some(_)) => Ok(Some(bits)),
            (None, None) => Ok(None),
            _ => Err(Diagnostic::new(
                &codes::IMPORT_INPUT,
                "the input is floating point; of its levels one half is not known",
            )
            .help("say how it comes from integers, e.g. --input-bits 8 --input-scale 1/255 for pixels divided by 255; or export with an integer input that the model scales itself")),
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
        Elem::U2 => Some(2),
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
        (_, Some(bits)) => Ok(Some(bits)),
        (Some(own), None) => Ok(Some(own)),
        (None, None) => Err(Diagnostic::new(
            &codes::IMPORT_INPUT,
            format!("elements of type {elem:?} are too wide or signed"),
        )
        .help("if all values are small and not negative, say so with --input-bits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::testing::{import_with, neuron};

    fn text(elem: &str) -> String {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        neuron("m1 = Identity(i)", body).replace("x u8", &format!("x {elem}"))
    }

    fn options(bits: Option<u32>, scale: Option<f64>) -> Options {
        Options { input_bits: bits, input_scale: scale, ..Options::default() }
    }

    #[test]
    fn widths_come_from_the_type_or_the_user() {
        let bits = |elem: &str, options: &Options| {
            let (graph, _) = import_with(&text(elem), options).map_err(|d| d.code.id)?;
            let id = graph.find("x").unwrap();
            let Op::Input(input) = &graph.node(id).op else { panic!() };
            Ok(input.bits)
        };
        assert_eq!(bits("u8", &options(None, None)), Ok(Some(8)));
        assert_eq!(bits("u8", &options(Some(4), None)), Ok(Some(4)));
        assert_eq!(bits("bool", &options(None, None)), Ok(Some(1)));
        assert_eq!(bits("u8", &options(Some(9), None)), Err("SF0003"));
        assert_eq!(bits("u8", &options(None, Some(0.5))), Err("SF0003"));
        assert_eq!(bits("i8", &options(None, None)), Err("SF0110"));
        assert_eq!(bits("f32", &options(Some(8), None)), Err("SF0110"));
        assert_eq!(bits("f32", &options(None, None)), Ok(None));
        assert_eq!(bits("f32", &options(Some(8), Some(0.5))), Ok(Some(8)));
    }

    /// Three channels that are added up look like three timesteps at first.
    #[test]
    fn channels_are_no_timesteps() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
        let text = neuron("m1 = Identity(i)", body).replace("x u8 batch 4", "x u8 batch 3 4");
        let picks = "const i0 i64 -: 0\nconst i1 i64 -: 1\nconst i2 i64 -: 2
            e = Div(c, k)\ng0 = Gather(e, i0) axis=1\ng1 = Gather(e, i1) axis=1
            g2 = Gather(e, i2) axis=1\nh = Add(g0, g1)\np = Add(h, g2)";
        let got = import_with(&text.replace("p = Div(c, k)", picks), &Options::default());
        assert_eq!(&got.unwrap_err().code.id[..5], "SF012");
    }

    #[test]
    fn a_float_input_gets_a_scale() {
        let (graph, _) = import_with(&text("f32"), &options(Some(8), Some(0.5))).unwrap();
        let id = graph.find("scale1").unwrap();
        assert_eq!(graph.node(id).op, Op::Scale(Scale::by(PerChannel::All(0.5))));
    }
}
