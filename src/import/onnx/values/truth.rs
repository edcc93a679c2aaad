// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Conditions that say no more than a comparison said before: of a spike, which is one of
//! two numbers (`spk > 0`, `spk == 1`, `spk.bool()`), and of a membrane that was compared
//! with the same threshold (`u < θ` beside `u ≥ θ`). They become that comparison or its
//! negation, so that a reset has one form however it is written.

use super::build::Builder;
use super::{Kind, ValueId};
use crate::import::onnx::elem::Elem;
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::{Info, Tensor};

/// Casts that a spike is followed through.
const MAX_CASTS: usize = 4;

/// The comparison that is true where the other one is false, the operands being the same.
const OPPOSITES: [(&str, &str); 4] = [
    ("Greater", "LessOrEqual"),
    ("GreaterOrEqual", "Less"),
    ("Less", "GreaterOrEqual"),
    ("LessOrEqual", "Greater"),
];

/// The same comparison with its operands the other way round.
const TURNED: [(&str, &str); 4] = [
    ("Greater", "Less"),
    ("GreaterOrEqual", "LessOrEqual"),
    ("Less", "Greater"),
    ("LessOrEqual", "GreaterOrEqual"),
];

/// What a condition is.
pub(super) enum Truth {
    Is(ValueId),
    Not(ValueId),
}

/// A truth value as one of two numbers.
struct Spike {
    fires: ValueId,
    /// Where it is false, and where it is true.
    numbers: [f64; 2],
}

impl Builder<'_, '_> {
    /// The known comparison that this node says again, or says the opposite of.
    pub(super) fn truth(
        &self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
        info: Option<&Info>,
    ) -> Option<Truth> {
        if !node.is_standard() {
            return None;
        }
        let truth = match (node.op(), operands) {
            ("Not", &[Some(x)]) => Truth::Is(self.negated(x)?),
            ("Cast", &[Some(x)]) if info.is_some_and(|i| i.elem == Elem::Bool) => {
                decided(&self.spike(x)?, |x| x != 0.0)?
            }
            (op, &[Some(a), Some(b)]) => {
                let of_spike = || {
                    if let (Some(spike), Some(c)) = (self.spike(a), self.number(b)) {
                        return decided(&spike, |x| holds(op, x, c));
                    }
                    let (spike, c) = (self.spike(b)?, self.number(a)?);
                    decided(&spike, |x| holds(op, c, x))
                };
                of_spike().or_else(|| self.said_before(op, a, b))?
            }
            _ => return None,
        };
        let (Truth::Is(id) | Truth::Not(id)) = truth;
        let shape = self.values.get(id)?.info.as_ref().map(|i| &i.shape);
        (shape == info.map(|i| &i.shape)).then_some(truth)
    }

    /// A comparison of the same two values.
    fn said_before(&self, op: &str, a: ValueId, b: ValueId) -> Option<Truth> {
        let other = |table: &[(&str, &'static str)]| {
            table.iter().find(|(from, _)| *from == op).map(|(_, to)| *to)
        };
        let (opposite, turned) = (other(&OPPOSITES)?, other(&TURNED)?);
        let both = other(&OPPOSITES).and_then(|o| TURNED.iter().find(|(from, _)| *from == o))?.1;
        let is = |op, a, b| self.known(op, [a, b]);
        is(turned, b, a)
            .map(Truth::Is)
            .or_else(|| is(opposite, a, b).or_else(|| is(both, b, a)).map(Truth::Not))
    }

    /// What this value is the negation of.
    fn negated(&self, id: ValueId) -> Option<ValueId> {
        match &self.values.get(id)?.kind {
            Kind::Node { op: Some("Not"), operands, .. } => operands.first().copied().flatten(),
            _ => None,
        }
    }

    fn spike(&self, mut id: ValueId) -> Option<Spike> {
        for casts in 0..MAX_CASTS {
            let value = self.values.get(id)?;
            let Kind::Node { node, op, operands, .. } = &value.kind else { return None };
            let known = self.model.nodes.get(*node).filter(|n| n.is_standard())?;
            let is_bool = |id: ValueId| {
                let info = self.values.get(id).and_then(|v| v.info.as_ref());
                info.is_some_and(|i| i.elem == Elem::Bool)
            };
            match (op.unwrap_or(known.op()), &operands[..]) {
                // A step function is a comparison whose truth values are numbers.
                ("Greater" | "GreaterOrEqual", _) if !is_bool(id) => {
                    return Some(Spike { fires: id, numbers: [0.0, 1.0] });
                }
                ("Cast", &[Some(from)]) if is_bool(from) => {
                    return Some(Spike { fires: from, numbers: [0.0, 1.0] });
                }
                ("Cast", &[Some(from)]) => id = from,
                ("Where", &[Some(fires), Some(on), Some(off)]) if is_bool(fires) => {
                    let numbers = [self.number(off)?, self.number(on)?];
                    // Other numbers could be rounded on the way.
                    let is_exact = casts == 0 || numbers.iter().all(|x| [0.0, 1.0].contains(x));
                    return is_exact.then_some(Spike { fires, numbers });
                }
                _ => return None,
            }
        }
        None
    }

    fn number(&self, id: ValueId) -> Option<f64> {
        match &self.values.get(id)?.kind {
            Kind::Const(t) => Tensor::splat(t),
            _ => None,
        }
    }
}

/// Whether a condition is true where the spike is, or where it is not; none if it is the
/// same in both cases.
fn decided(spike: &Spike, condition: impl Fn(f64) -> bool) -> Option<Truth> {
    match spike.numbers.map(condition) {
        [false, true] => Some(Truth::Is(spike.fires)),
        [true, false] => Some(Truth::Not(spike.fires)),
        _ => None,
    }
}

fn holds(op: &str, a: f64, b: f64) -> bool {
    match op {
        "Greater" => a > b,
        "GreaterOrEqual" => a >= b,
        "Less" => a < b,
        "LessOrEqual" => a <= b,
        "Equal" => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};
    use crate::ir::{Lif, Op, PerChannel, Reset};

    /// A neuron that resets to 0 where `condition`, of timestep `^`, is true.
    fn text(condition: &str, low: &str, high: &str) -> String {
        let body = format!(
            "{condition}\nv@ = Where(c@, {low}, {high})\nl@ = Mul(v@, beta)\nm@ = Add(l@, i)"
        );
        let consts = "const half f32 -: 0.5\nconst two f32 -: 2\nm1 = Identity(i)";
        neuron(consts, &body)
    }

    fn lif(text: &str) -> Lif {
        let (graph, _) = import(text).unwrap_or_else(|d| panic!("{d}: {text}"));
        match graph.node(graph.find("lif1").unwrap()).op.clone() {
            Op::Lif(lif) => lif,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn conditions_on_spikes_are_the_spikes() {
        for condition in [
            "c@ = Greater(s^, zero)",
            "c@ = Greater(s^, half)",
            "c@ = GreaterOrEqual(s^, one)",
            "c@ = Less(half, s^)",
            "c@ = Equal(s^, one)",
            "c@ = Cast(s^) to=9",
            "e@ = Equal(s^, zero)\nc@ = Not(e@)",
            "w@ = Where(f^, two, one)\nc@ = Equal(w@, two)",
            "g@ = Cast(s^) to=7\nc@ = Cast(g@) to=9",
        ] {
            let lif = lif(&text(condition, "zero", "m^"));
            assert_eq!((lif.reset, lif.leak), (Reset::Hard, PerChannel::All(0.75)), "{condition}");
        }
    }

    #[test]
    fn so_are_their_negations() {
        for condition in [
            "c@ = Equal(s^, zero)",
            "c@ = Less(s^, one)",
            "c@ = LessOrEqual(s^, zero)",
            "b@ = Cast(s^) to=9\nc@ = Not(b@)",
            "n@ = Sub(m^, th)\nc@ = LessOrEqual(n@, zero)",
            "n@ = Sub(m^, th)\nc@ = GreaterOrEqual(zero, n@)",
        ] {
            assert_eq!(lif(&text(condition, "m^", "zero")).reset, Reset::Hard, "{condition}");
        }
        let turned = text("n@ = Sub(m^, th)\nc@ = Less(zero, n@)", "zero", "m^");
        assert_eq!(lif(&turned).reset, Reset::Hard);
    }

    #[test]
    fn other_conditions_are_refused() {
        for condition in [
            "c@ = Less(m^, th)",
            "c@ = Greater(s^, two)",
            "c@ = Equal(s^, half)",
            "w@ = Where(f^, half, zero)\ng@ = Cast(w@) to=7\nc@ = Cast(g@) to=9",
        ] {
            assert!(refusal(&text(condition, "zero", "m^")).starts_with("SF01"), "{condition}");
        }
    }
}
