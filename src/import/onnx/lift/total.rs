// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One running sum over the timesteps of several streams: `y += a[t]; y += b[t]`, as
//! ensembles are written. It is the sum over time of the sum of the streams.

use std::collections::BTreeSet;

use super::affine::Atom;
use super::coeff::Coeff;
use super::{Effect, Flow, Found, Hint, Lift, Pattern, Stream};
use crate::diag::Result;
use crate::import::onnx::values::ValueId;
use crate::ir::{Op, ReadoutKind};

/// Sums that take every timestep of two or more streams once.
pub(super) struct Total;

impl Pattern for Total {
    fn name(&self) -> &'static str {
        "running-sum"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Add", "Sum"]
    }

    fn becomes(&self) -> &'static str {
        "`add` of the streams whose timesteps are all added up"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let (Flow::Steps, Some(&last)) = (stream.flow, stream.steps.last()) else {
            return Ok(Vec::new());
        };
        let Some(root) = self.root(lift, last) else { return Ok(Vec::new()) };
        let streams: Vec<_> = lift.known.flowing(stream).collect();
        let steps: BTreeSet<ValueId> = streams.iter().flat_map(|s| &s.steps).copied().collect();
        lift.spend(steps.len());
        let looked = lift.look(root, steps.iter().copied(), steps.len());
        if !looked.form.constant.is_zero() || looked.visited.iter().any(|v| lift.account.has(*v)) {
            return Ok(Vec::new());
        }
        let once = |&s: &ValueId| looked.form.coeff(Atom::Value(s)) == Coeff::one(1.0);
        let whole: Vec<_> = streams.into_iter().filter(|s| s.steps.iter().all(once)).collect();
        let count: usize = whole.iter().map(|s| s.steps.len()).sum();
        if whole.len() < 2 || count != looked.form.terms.len() {
            return Ok(Vec::new());
        }
        let nodes = whole.iter().map(|s| s.node).collect();
        let hint = Hint::new("add").scope(lift.node(root));
        Ok(vec![Found {
            effect: Effect::Join(hint, Op::Add, nodes),
            steps: vec![root],
            flow: Flow::End(ReadoutKind::Sum),
            taken: looked.visited,
        }])
    }
}

impl Total {
    /// The end of the chain of sums that this value is added to.
    fn root(&self, lift: &Lift<'_>, value: ValueId) -> Option<ValueId> {
        let shape = lift.values.shape(value);
        let mut root = None;
        let mut id = value;
        while let &[user] = lift.values.users(id)
            && self.operators().contains(&lift.op(user))
            && lift.values.shape(user) == shape
            && !lift.account.has(user)
            && lift.fuel.get() > 0
        {
            lift.spend(1);
            (id, root) = (user, Some(user));
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, refusal};
    use crate::ir::{Op, ReadoutKind};

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";
    const BRANCHES: &str = "const w f32 2x2: 0.5 -0.5 0.5 0.5\nconst v f32 2x2: 0.5 0.5 -0.5 0.5
        ja1 = MatMul(s1, w)\nja2 = MatMul(s2, w)\nja3 = MatMul(s3, w)
        jb1 = MatMul(s1, v)\njb2 = MatMul(s2, v)\njb3 = MatMul(s3, v)\n";

    fn text(end: &str) -> String {
        neuron("m1 = Identity(i)", BODY).replace("y = Sum(s1, s2, s3)", &format!("{BRANCHES}{end}"))
    }

    #[test]
    fn branches_are_added_before_time_is() {
        for end in [
            "y1 = Add(ja1, jb1)\ny2 = Add(y1, ja2)\ny3 = Add(y2, jb2)\ny4 = Add(y3, ja3)\ny = Add(y4, jb3)",
            "y = Sum(ja1, ja2, ja3, jb1, jb2, jb3)",
        ] {
            let (graph, _) = import(&text(end)).unwrap();
            let output = graph.output().unwrap();
            let Op::Readout(r) = &graph.node(output).op else { panic!() };
            assert_eq!(r.kind, ReadoutKind::Sum);
            assert_eq!(graph.node(graph.operands(output)[0]).op, Op::Add);
        }
    }

    #[test]
    fn what_is_added_twice_or_not_is_refused() {
        for end in [
            "y = Sum(ja1, ja2, ja3, jb1, jb2, jb3, jb3)",
            "y = Sum(ja1, ja2, jb1, jb2, jb3)",
            "y = Sum(ja1, ja2, ja3, jb1, jb3)",
        ] {
            let got = refusal(&text(end));
            assert!(got.starts_with("SF012"), "{end}: {got}");
        }
    }
}
