// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Spikes that come back: what layers make of the timestep before is part of the current.
//!
//! Such layers are known by their results, which the membranes (or the currents of synapses)
//! of all timesteps but the first take up. They are read like any other layer, from the
//! spikes of all timesteps but the last. Without a layer each neuron sees its own spikes.

use std::collections::VecDeque;

use super::affine::{Atom, Form};
use super::coeff::Coeff;
use super::{Effect, Flow, Hint, Lift, Pattern, Stream, alias, conv, linear};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{Op, PerChannel, Scale};

/// What layers made of the spikes before, and its factor in a sum.
pub(super) type Back = (ValueId, Coeff);

/// Layers on the way back beyond which it is not followed.
const MAX_LAYERS: usize = 4;
/// Streams that are looked at for one way back.
const MAX_STREAMS: usize = 16;

/// What is looked for on the way.
const LAYERS: [&dyn Pattern; 3] = [&alias::Alias, &linear::Linear, &conv::Conv];

/// A way back, from the spikes to what is added to a current.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) nodes: Vec<(Hint, Op)>,
    /// What the last layer adds to the membrane or the synapse; it is in none of the nodes.
    pub(super) bias: Coeff,
    pub(super) taken: Vec<ValueId>,
}

/// Takes the only term that is none of `own` out of a sum, if layers made it of these spikes. A
/// reset that holds membranes takes it off again, times the spikes: the flag says whether.
pub(super) fn split(
    lift: &Lift<'_>,
    form: &mut Form,
    own: &[Atom],
    fires: ValueId,
) -> Option<(Back, bool)> {
    let is_product = |a: &&Atom| matches!(a, Atom::Product(..));
    let others = form.terms.keys().copied().filter(|a| !own.contains(a));
    let others: Vec<_> = others.take(3).collect();
    let value = match others[..] {
        [Atom::Value(value)] => value,
        [Atom::Value(value), lost] if lost == Atom::product(value, fires) => value,
        _ => return None,
    };
    let factor = form.coeff(Atom::Value(value));
    let lost = others.iter().find(is_product).map(|a| form.coeff(*a));
    if !comes_from(lift, value, fires)
        || lost.as_ref().is_some_and(|l| !l.is_near(&factor.map(|f| -f), 0.0))
    {
        return None;
    }
    for atom in &others {
        form.terms.remove(atom);
    }
    Some(((value, factor), lost.is_some()))
}

/// A layer's result.
pub(super) fn is_layer(lift: &Lift<'_>, value: ValueId) -> bool {
    matches!(lift.op(value), "MatMul" | "Gemm" | "Conv")
}

/// True if layers make this value of these spikes.
pub(super) fn comes_from(lift: &Lift<'_>, mut value: ValueId, fires: ValueId) -> bool {
    for _ in 0..MAX_LAYERS {
        let Some(from) = lift.values.operand(value, 0).filter(|_| is_layer(lift, value)) else {
            return false;
        };
        let form = lift.look(from, [fires], 1).form;
        let spikes = Atom::Value(fires);
        if form.has_only(&[spikes]) && !form.coeff(spikes).is_zero() {
            return true;
        }
        value = from;
    }
    false
}

/// The way from the spikes of all timesteps but the last, `fires`, to what comes back, beside
/// a current that counts by `gain`; `like` is a stream of the neurons' shape. None if it comes
/// from elsewhere, or differs between timesteps.
///
/// # Errors
/// What a layer is refused for.
pub(super) fn way(
    lift: &Lift<'_>,
    like: &Stream,
    fires: Vec<ValueId>,
    back: &[Back],
    gain: &Coeff,
) -> Result<Option<Way>> {
    let Some((_, factor)) = back.first() else { return Ok(None) };
    let ends: Vec<_> = back.iter().map(|(value, _)| *value).collect();
    if ends.len() != fires.len() || !back.iter().all(|(_, f)| f.is_near(factor, 0.0)) {
        return Ok(None);
    }
    let mut way = Way { nodes: Vec::new(), bias: Coeff::one(0.0), taken: Vec::new() };
    if ends != fires {
        if !ends.iter().zip(&fires).all(|(end, f)| comes_from(lift, *end, *f)) {
            return Ok(None);
        }
        let Some(found) = layers(lift, like, fires, &ends)? else { return Ok(None) };
        way = found;
    }
    let Some(bias) = way.bias.zip(factor, |b, f| b * f) else { return Ok(None) };
    let factor = factor.zip(gain, |f, g| f / g).filter(|f| f.all(f64::is_finite));
    let Some(factor) = factor else { return Ok(None) };
    if factor.uniform() != Some(1.0) || way.nodes.is_empty() {
        let factor = factor.into_per_channel();
        let op = Op::Scale(Scale { factor, offset: PerChannel::zero() });
        way.nodes.push((Hint::new("scale"), op));
    }
    Ok(Some(Way { bias, ..way }))
}

/// The layers that make `ends` of these spikes.
fn layers(
    lift: &Lift<'_>,
    like: &Stream,
    fires: Vec<ValueId>,
    ends: &[ValueId],
) -> Result<Option<Way>> {
    let spikes = Stream { node: like.node, steps: fires, flow: Flow::Steps };
    let mut open = VecDeque::from([(spikes, Vec::new(), Vec::new())]);
    for _ in 0..MAX_STREAMS {
        let Some((stream, nodes, taken)) = open.pop_front() else { return Ok(None) };
        for pattern in LAYERS {
            for found in pattern.find(lift, &stream)? {
                let mut nodes: Vec<(Hint, Op)> = nodes.clone();
                if let Effect::Nodes(more) = found.effect {
                    nodes.extend(more);
                }
                let taken = [&taken[..], &found.taken[..]].concat();
                // A bias that is added next is part of the sum that the result is in.
                let is_added = found.steps != ends && found.taken.starts_with(ends);
                if found.steps != ends && !is_added {
                    let next = Stream { steps: found.steps, ..stream.clone() };
                    open.push_back((next, nodes, taken));
                    continue;
                }
                let bias = nodes.last_mut().and_then(|(_, op)| match op {
                    Op::Linear(l) => l.bias.take(),
                    Op::Conv(c) => c.bias.take(),
                    _ => None,
                });
                let bias = bias.filter(|_| !is_added).map_or(Coeff::one(0.0), Coeff::each);
                return Ok(Some(Way { nodes, bias, taken }));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};
    use crate::ir::{Op, PerChannel, Reset};

    /// Half of what a layer makes of the spikes before, beside a quarter of the current.
    const BODY: &str = "b@ = Gemm(s^, v, q)\nh@ = Mul(b@, half)\ng@ = Mul(i, fourth)\nl@ = Mul(beta, m^)\na@ = Add(l@, g@)\nm@ = Add(a@, h@)";
    const BEGIN: &str = "const half f32 -: 0.5\nconst fourth f32 -: 0.25\nconst v f32 2x2: 0.5 -0.5 0.5 0.5\nconst q f32 2: 0.25 -0.5\nconst s0 f32 1x2: 0\nb1 = Gemm(s0, v, q)\nh1 = Mul(b1, half)\ng1 = Mul(i, fourth)\nm1 = Add(g1, h1)";

    #[test]
    fn what_comes_back_counts_beside_the_current() {
        let (graph, _) = import(&neuron(BEGIN, BODY)).unwrap();
        let id = |name| graph.find(name).unwrap();
        let Op::Lif(lif) = &graph.node(id("lif1")).op else { panic!("{graph:?}") };
        assert_eq!((&lif.gain, &lif.leak), (&PerChannel::All(0.25), &PerChannel::All(0.75)));
        assert_eq!(lif.bias, PerChannel::Each(vec![0.125, -0.25]));
        let Op::Scale(scale) = &graph.node(id("scale2")).op else { panic!("{graph:?}") };
        assert_eq!(scale.factor, PerChannel::All(2.0));
        let layer = graph.operands(id("scale2"))[0];
        assert_eq!(graph.operands(layer), [id("before1")]);
        assert_eq!(graph.operands(id("before1")), [id("lif1")]);
    }

    /// A reset that holds membranes takes off what comes back, too; nothing else does.
    #[test]
    fn what_comes_back_is_lost_with_the_current() {
        let gates = |what: &str| {
            let body = format!(
                "{BODY}\nz@ = Mul(h@, half)\ny@ = Add(a@, z@)\nq@ = Mul({what}, s^)\nm@ = Sub(w@, q@)"
            );
            neuron(BEGIN, &body.replacen("m@ = Add(a@, h@)", "w@ = Add(a@, h@)", 1))
        };
        let (graph, _) = import(&gates("w@")).unwrap();
        let id = |name| graph.find(name).unwrap();
        let Op::Lif(lif) = &graph.node(id("lif1")).op else { panic!("{graph:?}") };
        assert_eq!((lif.reset, &lif.reset_to), (Reset::HardDelayed, &PerChannel::zero()));
        assert_eq!(lif.bias, PerChannel::Each(vec![0.125, -0.25]));
        assert_eq!(graph.operands(graph.operands(id("scale2"))[0]), [id("before1")]);
        // The current without what comes back; what comes back without the current; half of it.
        for (what, says) in
            [("a@", "either what comes back"), ("h@", "either what comes back"), ("y@", "")]
        {
            let got = refusal(&gates(what));
            assert!(got.starts_with("SF012") && got.contains(says), "{what}: {got}");
        }
    }

    #[test]
    fn timesteps_that_differ_are_refused() {
        let text = neuron(BEGIN, BODY);
        for (from, to) in [
            ("h3 = Mul(b3, half)", "h3 = Mul(b3, fourth)"),
            ("h2 = Mul(b2, half)", "h2 = Mul(s1, half)"),
            ("b3 = Gemm(s2, v, q)", "b3 = Gemm(s1, v, q)"),
            ("m1 = Add(g1, h1)", "m1 = Identity(g1)"),
        ] {
            assert!(text.contains(from));
            let got = refusal(&text.replace(from, to));
            assert!(got.starts_with("SF012"), "{to}: {got}");
        }
    }

    #[test]
    fn ternary_weights_are_named() {
        let text = neuron(BEGIN, BODY).replace("2x2: 0.5 -0.5 0.5 0.5", "2x2: 0.5 -0.5 0 0.5");
        assert!(refusal(&text).starts_with("SF0122 node b2"), "{}", refusal(&text));
    }
}
