// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Comparisons that the exporters write with several operators.
//!
//! - `torch.heaviside(d, v)` is `where(d = 0, v, where(d < 0, 0, 1))`: with v = 1 it is
//!   d ≥ 0, with v = 0 it is d > 0.
//! - Operator sets before 12 have no ≥ and no ≤: a ≥ b is `not (a < b)`.

use super::build::Builder;
use super::{Kind, ValueId};
use crate::import::onnx::node::Node;
use crate::import::onnx::tensor::Info;

impl Builder<'_, '_> {
    /// The one comparison that a `Where` or a `Not` is.
    pub(super) fn comparison(
        &mut self,
        n: usize,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
        info: Option<&Info>,
    ) -> Option<Kind> {
        let (compare, a, b) =
            self.step_function(node, operands).or_else(|| self.negation(node, operands))?;
        let shape = |id: ValueId| self.values.get(id)?.info.as_ref().map(|i| &i.shape);
        let out = info.map(|i| &i.shape);
        let is_alike = out.is_some() && (shape(a) == out || shape(b) == out);
        let operands = vec![Some(a), Some(b)];
        is_alike.then_some(Kind::Node { node: n, output: 0, op: Some(compare), operands })
    }

    fn negation(
        &mut self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
    ) -> Option<(&'static str, ValueId, ValueId)> {
        let &[Some(x)] = operands else { return None };
        if !node.is_standard() || node.op() != "Not" {
            return None;
        }
        let of = |(op, not)| self.compared(x, op).map(|(n, a, b)| (n, not, a, b));
        let (n, not, a, b) =
            [("Less", "GreaterOrEqual"), ("Greater", "LessOrEqual")].into_iter().find_map(of)?;
        // What is true where a membrane is above is a spike, and its negation none.
        let small = if not == "GreaterOrEqual" { a } else { b };
        if matches!(self.values.get(small).map(|v| &v.kind), Some(Kind::Const(_))) {
            return None;
        }
        self.timed.insert(n);
        Some((not, a, b))
    }

    fn step_function(
        &mut self,
        node: &Node<'_>,
        operands: &[Option<ValueId>],
    ) -> Option<(&'static str, ValueId, ValueId)> {
        let &[Some(equal), Some(at), Some(beside)] = operands else { return None };
        if !node.is_standard() || node.op() != "Where" {
            return None;
        }
        let compare = match self.splat(at)? {
            1.0 => "GreaterOrEqual",
            0.0 => "Greater",
            _ => return None,
        };
        let (m, d, zero) = self.compared(equal, "Equal")?;
        let (k, [Some(less), Some(low), Some(high)]) = self.made_by(beside, "Where")? else {
            return None;
        };
        let (low, high) = (*low, *high);
        let (l, e, other) = self.compared(*less, "Less")?;
        let is_step = (self.splat(low)?, self.splat(high)?) == (0.0, 1.0);
        if (d, zero) != (e, other) || !is_step || self.splat(zero)? != 0.0 {
            return None;
        }
        self.timed.extend([k, l, m]);
        Some((compare, d, zero))
    }

    /// The node of this operator that makes a value, and its operands.
    fn made_by(&self, id: ValueId, op: &str) -> Option<(usize, &[Option<ValueId>])> {
        match &self.values.get(id)?.kind {
            Kind::Node { node, op: None, operands, .. } => {
                let known = self.model.nodes.get(*node)?;
                (known.is_standard() && known.op() == op).then_some((*node, &operands[..]))
            }
            _ => None,
        }
    }

    fn compared(&self, id: ValueId, op: &str) -> Option<(usize, ValueId, ValueId)> {
        match self.made_by(id, op)? {
            (n, &[Some(a), Some(b)]) => Some((n, a, b)),
            _ => None,
        }
    }

    fn splat(&self, id: ValueId) -> Option<f64> {
        match &self.values.get(id)?.kind {
            Kind::Const(t) => t.splat(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};
    use crate::ir::{Compare, Op};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    /// Spikes as `where(d = 0, v, where(d < 0, low, 1))`.
    fn text(v: &str, low: &str) -> String {
        let mut text = neuron("m1 = Identity(i)", BODY);
        for t in 1..=3 {
            text = text.replace(
                &format!("f{t} = Greater(d{t}, zero)"),
                &format!("e{t} = Equal(d{t}, zero)\nn{t} = Less(d{t}, zero)\nk{t} = Where(n{t}, {low}, one)"),
            );
            text = text.replace(
                &format!("s{t} = Cast(f{t}) to=1"),
                &format!("s{t} = Where(e{t}, {v}, k{t})"),
            );
        }
        text
    }

    #[test]
    fn a_step_function_is_a_comparison() {
        for (v, compare) in [("one", Compare::AtLeast), ("zero", Compare::Above)] {
            let (graph, _) = import(&text(v, "zero")).unwrap();
            let Op::Lif(lif) = &graph.node(graph.find("lif1").unwrap()).op else { panic!() };
            assert_eq!(lif.compare, compare);
        }
    }

    #[test]
    fn at_least_is_not_below() {
        let mut text = neuron("m1 = Identity(i)", BODY);
        for t in 1..=3 {
            text = text.replace(
                &format!("f{t} = Greater(d{t}, zero)"),
                &format!("n{t} = Less(d{t}, zero)\nf{t} = Not(n{t})"),
            );
        }
        let (graph, _) = import(&text).unwrap();
        let Op::Lif(lif) = &graph.node(graph.find("lif1").unwrap()).op else { panic!() };
        assert_eq!(lif.compare, Compare::AtLeast);
    }

    #[test]
    fn other_steps_are_refused() {
        assert!(refusal(&text("beta", "zero")).starts_with("SF0120"));
        assert!(refusal(&text("one", "beta")).starts_with("SF0120"));
    }
}
