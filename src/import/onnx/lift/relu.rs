// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The rectifier, which tails of feature extractors have.

use super::{Found, Hint, Lift, Pattern, Stream, steps};
use crate::diag::Result;
use crate::ir::Op;

/// `Relu`.
pub(super) struct Relu;

impl Pattern for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Relu"]
    }

    fn becomes(&self) -> &'static str {
        "`relu`"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let groups = steps::groups(lift, stream, |n| self.operators().contains(&n.op()))?;
        let layer = |group: Vec<_>| {
            let node = group.first().and_then(|&id| lift.node(id));
            Found::layer(stream, Hint::new("relu").scope(node), Op::Relu, group)
        };
        Ok(groups.into_iter().map(layer).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron};
    use crate::ir::Op;

    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    #[test]
    fn before_neurons_and_after_the_mean() {
        let before = neuron("m1 = Identity(i)", BODY)
            .replace("i = MatMul(p, fc1.weight)", "j = MatMul(p, fc1.weight)\ni = Relu(j)");
        let (graph, report) = import(&before).unwrap();
        assert_eq!(graph.node(graph.find("relu1").unwrap()).op, Op::Relu);
        assert_eq!(report.count("relu"), 1);

        let after = neuron("m1 = Identity(i)", BODY)
            .replace("y = Sum(s1, s2, s3)", "z = Mean(s1, s2, s3)\ny = Relu(z)");
        let (graph, _) = import(&after).unwrap();
        let relu = graph.find("relu1").unwrap();
        let integrator = graph.node(graph.operands(relu)[0]);
        assert!(matches!(integrator.op, Op::Li(_)), "{integrator:?}");
    }
}
