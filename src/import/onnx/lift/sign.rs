// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Quantisers of one bit between layers, as QONNX has them: spikes without a state, of
//! another size than 0 and 1.
//!
//! `BipolarQuant` is ±scale, + from 0 on: `2 scale · (x ≥ 0) − scale`. `Quant` of one bit
//! without a sign is 0 or scale, and rounds half a step down: `scale · (x > scale / 2)`.

use super::coeff::Coeff;
use super::{Effect, Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::{Result, codes};
use crate::import::onnx::node::Node;
use crate::import::onnx::ops::qonnx::DOMAINS;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Compare, Op, PerChannel, Reshape};

/// Operators between the input and an activation of it.
const MAX_LENGTH: usize = 16;

/// Activations of one bit.
pub(super) struct Sign;

impl Pattern for Sign {
    fn name(&self) -> &'static str {
        "one-bit"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["BipolarQuant", "Quant", "IntQuant"]
    }

    fn becomes(&self) -> &'static str {
        "`threshold` and `scale`: an activation of ±1, or of 0 and 1, without a state"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for group in steps::groups(lift, stream, is_quantiser)? {
            let (Some(&id), Some(&step)) = (group.first(), stream.steps.first()) else { continue };
            if lift.values.operand(id, 0) == Some(step) {
                found.push(activation(lift, stream, group, id)?);
            }
        }
        Ok(found)
    }
}

/// Is this an operator of QONNX?
pub(super) fn is_quantiser(node: &Node<'_>) -> bool {
    DOMAINS.contains(&node.proto.domain())
}

fn activation(lift: &Lift<'_>, stream: &Stream, group: Vec<ValueId>, id: ValueId) -> Result<Found> {
    let (Some(node), Some(shape)) = (lift.node(id), lift.values.shape(id)) else {
        return Err(lift.error(id, &codes::INTERNAL, "a quantiser without a shape"));
    };
    let constant = |i| {
        let tensor = lift.values.operand(id, i).and_then(|o| lift.values.constant(o));
        tensor.and_then(|t| Coeff::from_tensor(t, shape)).filter(|c| c.all(f64::is_finite))
    };
    let Some(scale) = constant(1).filter(|s| s.all(|s| s > 0.0)) else {
        let message = "its scale is not one positive constant, or one a channel";
        return Err(node.error(&codes::LIFT_UNSUPPORTED, message).help(
            "export the model in eval mode, with scales that were learned and not computed",
        ));
    };
    let is_bipolar = node.op() == "BipolarQuant";
    if is_bipolar && matches!(lift.graph.node(stream.node).op, Op::Lif(_) | Op::Threshold(_)) {
        let message = "an activation of ±1 of spikes, which are never below 0, is always +1";
        return Err(node.error(&codes::LIFT_UNSUPPORTED, message).help(
            "`BipolarQuant` takes what a layer gives; spikes become ±1 by `2 * s - 1`, or stay 0 and 1",
        ));
    }
    let threshold = if is_bipolar {
        ir::Threshold { threshold: PerChannel::zero(), compare: Compare::AtLeast }
    } else {
        check(node, constant(2), constant(3))?;
        let half = scale.map(|s| s / 2.0).into_per_channel();
        ir::Threshold { threshold: half, compare: Compare::Above }
    };
    let (factor, offset) = if is_bipolar {
        (scale.map(|s| 2.0 * s), scale.map(|s| -s))
    } else {
        (scale, Coeff::one(0.0))
    };
    let is_uniform = threshold.threshold.iter().count() == 1;
    let (factor, offset) = (factor.into_per_channel(), offset.into_per_channel());
    let spikes = (Hint::new("threshold").scope(Some(node)), Op::Threshold(threshold));
    let sized = (Hint::new("scale"), Op::Scale(ir::Scale { factor, offset }));
    let mut nodes = vec![spikes, sized];
    if let &[_, len] = shape
        && lift.input_of(stream.node).is_some()
    {
        // Levels in a row are compared by one neuron, which hardware moves along it; levels that
        // are channels have a neuron each, with weights for all others.
        let row = vec![1, len];
        if lift.graph.node(stream.node).stream.shape == row {
            nodes.insert(1, (Hint::new("reshape"), Op::Reshape(Reshape { shape: vec![len] })));
        } else if len > 1 && is_uniform && takes_all(lift, stream) {
            let (steps, flow) = (stream.steps.clone(), stream.flow);
            return Ok(Found { effect: Effect::Reshape(row), steps, flow, taken: Vec::new() });
        }
    }
    Ok(Found::new(stream, Effect::Nodes(nodes), group))
}

/// True if nothing else takes the input than what this stream is computed by, and nothing else
/// takes this stream than one operator.
fn takes_all(lift: &Lift<'_>, stream: &Stream) -> bool {
    let is_alone = |(&input, &step): (&ValueId, &ValueId)| {
        let mut value = input;
        for _ in 0..MAX_LENGTH {
            match lift.values.users(value) {
                [_] if value == step => return true,
                &[user] => value = user,
                _ => return false,
            }
        }
        false
    };
    lift.values.inputs.len() == stream.steps.len()
        && lift.values.inputs.iter().zip(&stream.steps).all(is_alone)
}

/// Of the quantisers of several bits only those are spikes that have two values, 0 and more.
fn check(node: &Node<'_>, zero: Option<Coeff>, bits: Option<Coeff>) -> Result<()> {
    let is_two = bits.and_then(|b| b.uniform()) == Some(1.0)
        && zero.is_some_and(|z| z.is_zero())
        && node.int("signed")?.unwrap_or(1) == 0
        && node.int("narrow")?.unwrap_or(0) == 0
        && matches!(node.text("rounding_mode")?.unwrap_or("ROUND"), "ROUND" | "HALF_EVEN");
    if is_two {
        return Ok(());
    }
    Err(node
        .error(&codes::LIFT_UNSUPPORTED, "an activation of several bits is no spike")
        .help("train with activations of one bit (Brevitas: `QuantIdentity` with `QuantType.BINARY`, or `QuantReLU` with `bit_width=1`), or with leaky integrate-and-fire neurons; a quantiser of what a layer takes from outside, or gives to no other, can be left out"))
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, net, refusal};
    use crate::ir::{Compare, Op, PerChannel, ReadoutKind};

    /// An activation of the current, and a layer that takes it.
    fn text(activation: &str) -> String {
        net(&format!(
            "const w f32 2x2: 0.5 -0.5 0.5 0.5\nconst half f32 -: 0.5\nconst two f32 -: 2\nj = {activation}\ny = MatMul(j, w)"
        ))
    }

    fn read(activation: &str) -> (PerChannel<f64>, Compare, PerChannel<f64>, PerChannel<f64>) {
        let (graph, _) = import(&text(activation)).unwrap();
        assert_eq!(graph.timesteps, 1);
        let output = graph.output().unwrap();
        let Op::Readout(r) = &graph.node(output).op else { panic!("{graph:?}") };
        assert_eq!(r.kind, ReadoutKind::Sum);
        let layer = graph.operands(output)[0];
        let scale = graph.operands(layer)[0];
        let Op::Scale(s) = &graph.node(scale).op else { panic!("{graph:?}") };
        let Op::Threshold(t) = &graph.node(graph.operands(scale)[0]).op else {
            panic!("{graph:?}")
        };
        (t.threshold.clone(), t.compare, s.factor.clone(), s.offset.clone())
    }

    #[test]
    fn signs_are_spikes_of_twice_their_size() {
        let all = PerChannel::All;
        let got = read("qonnx.custom_op.general.BipolarQuant(i, half)");
        assert_eq!(got, (all(0.0), Compare::AtLeast, all(1.0), all(-0.5)));
        let each = read("onnx.brevitas.BipolarQuant(i, q)\nconst q f32 2: 1 2");
        assert_eq!(each.2, PerChannel::Each(vec![2.0, 4.0]));
        assert_eq!(each.3, PerChannel::Each(vec![-1.0, -2.0]));
    }

    #[test]
    fn one_bit_without_a_sign_rounds_half_a_step_down() {
        let got = read("qonnx.custom_op.general.Quant(i, half, zero, one) signed=0");
        let all = PerChannel::All;
        assert_eq!(got, (all(0.25), Compare::Above, all(0.5), all(0.0)));
    }

    #[test]
    fn what_has_more_values_is_refused() {
        let quant =
            |rest: &str| refusal(&text(&format!("qonnx.custom_op.general.Quant(i, half, {rest}")));
        for rest in [
            "zero, two) signed=0",
            "zero, one) signed=1",
            "one, one) signed=0",
            "zero, one) signed=0 narrow=1",
            "zero, one)",
            "zero, one) signed=0 rounding_mode=CEIL",
        ] {
            assert!(quant(rest).contains("several bits"), "{rest}: {}", quant(rest));
        }
        for scale in ["zero", "i"] {
            let got = refusal(&text(&format!("qonnx.custom_op.general.BipolarQuant(i, {scale})")));
            assert!(got.starts_with("SF012"), "{got}");
        }
    }

    /// One neuron for all levels: hardware has no weights for it then.
    #[test]
    fn an_input_that_is_made_signs_is_a_row() {
        let text = text("MatMul(b, fc1.weight)").replace(
            "i = MatMul(p, fc1.weight)",
            "const off f32 -: 0.5\nt = Sub(p, off)\nb = qonnx.custom_op.general.BipolarQuant(t, one)",
        );
        let names = |text: &str| {
            let (graph, _) = import(text).unwrap_or_else(|d| panic!("{} {d}", d.code.id));
            let order = graph.order().unwrap();
            let shape = graph.node(order[0]).stream.shape.clone();
            let names = order.iter().map(|&id| graph.node(id).op.name()).collect::<Vec<_>>();
            (shape, names.join(" "))
        };
        let row = "input scale threshold reshape scale linear linear readout";
        assert_eq!(names(&text), (vec![1, 4], row.to_owned()));
        // What another layer takes as well keeps its shape.
        let both = text.replace(
            "y = MatMul(j, w)",
            "u = MatMul(p, fc1.weight)\nl = Add(j, u)\ny = MatMul(l, w)",
        );
        assert_eq!(names(&both).0, [4]);
    }

    #[test]
    fn spikes_are_never_below_zero() {
        let got = refusal(&text(
            "qonnx.custom_op.general.BipolarQuant(s, one)\nf = Greater(i, half)\ns = Cast(f) to=1",
        ));
        assert!(got.starts_with("SF0120 node j") && got.contains("always +1"), "{got}");
    }
}
