// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Encoders inside a model: the input compared with a constant, before the neurons.
//!
//! A static stream that is compared once, without a state, is all neurons that there are if the
//! model has one timestep (a network without time), and the same at every timestep if neurons
//! with more of them follow. Which it is shows at the end only, so what is lifted to one
//! timestep, or not at all, is lifted once more with the other meaning.

use crate::diag::Result;
use crate::import::LiftReport;
use crate::ir::Graph;

/// What one way of lifting came to.
pub(super) struct Attempt {
    pub(super) lifted: Result<(Graph, LiftReport)>,
    /// A static stream is compared once.
    pub(super) compares_once: bool,
    /// Work that is left.
    pub(super) fuel: usize,
}

/// Lifts by `run`, which is given work and whether such comparisons stay static.
///
/// # Errors
/// Those of the first attempt.
pub(super) fn lift(
    fuel: usize,
    run: impl Fn(usize, bool) -> Attempt,
) -> Result<(Graph, LiftReport)> {
    let is_timed = |lifted: &Result<(Graph, LiftReport)>| {
        lifted.as_ref().is_ok_and(|(graph, _)| graph.timesteps > 1)
    };
    let plain = run(fuel, false);
    if plain.compares_once && !is_timed(&plain.lifted) {
        // Both together take no more work than one may.
        let encoded = run(plain.fuel, true).lifted;
        if is_timed(&encoded) {
            return encoded;
        }
    }
    plain.lifted
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, net, neuron, refusal};
    use crate::ir::{Compare, Op};

    /// snnTorch, reset by subtraction.
    const BODY: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";

    /// The image is compared with another threshold at each timestep.
    #[test]
    fn an_encoder_inside_the_model() {
        let step = |t: u32| {
            format!(
                "g{t} = Greater(x, e{t})\nx{t} = Cast(g{t}) to=1\nc{t} = MatMul(x{t}, w)\nb{t} = Greater(c{t}, half)\ns{t} = Cast(b{t}) to=1\no{t} = MatMul(s{t}, w)\n"
            )
        };
        let text = format!(
            "input x f32 1 2\noutput y\nconst e1 f32 -: 0.25\nconst e2 f32 -: 0.75\nconst half f32 -: 0.5\nconst w f32 2x2: 0.5 -0.5 0.5 0.5\n{}{}y = Sum(o1, o2)",
            step(1),
            step(2)
        );
        let (graph, _) = import(&text).unwrap();
        let encoders = graph.order().unwrap().into_iter().filter(|&id| {
            let of = graph.operands(id);
            of.len() == 1 && matches!(graph.node(of[0]).op, Op::Input(_))
        });
        let thresholds: Vec<_> = encoders
            .map(|id| match &graph.node(id).op {
                Op::Lif(l) => (l.threshold.at(0), l.leak.at(0), l.compare),
                op => panic!("{op:?}"),
            })
            .collect();
        assert_eq!(thresholds, [(0.25, 0.0, Compare::Above), (0.75, 0.0, Compare::Above)]);
    }

    /// The image is compared once, and neurons with several timesteps take its spikes; where there
    /// is but one timestep, the comparison is the neuron.
    #[test]
    fn an_encoder_before_neurons() {
        let encoded = |text: &str| {
            let text = text.replace(
                "const th f32 -: 1",
                "const th f32 -: 1\nconst q f32 -: 0.5\nconst two f32 -: 2",
            );
            text.replace(
                "i = MatMul(p,",
                "w = Mul(two, p)\ng = GreaterOrEqual(w, q)\nz = Cast(g) to=1\ni = MatMul(z,",
            )
        };
        let (graph, report) = import(&encoded(&neuron("m1 = Identity(i)", BODY))).unwrap();
        let order = graph.order().unwrap();
        let names: Vec<_> = order.iter().map(|&id| graph.node(id).op.name()).collect();
        assert_eq!(names, ["input", "threshold", "linear", "lif", "readout"]);
        // 2 x / 16 from 0.5 on.
        let Op::Threshold(t) = &graph.node(order[1]).op else { panic!("{graph:?}") };
        assert_eq!((t.threshold.at(0), t.compare), (4.0, Compare::AtLeast));
        assert_eq!((graph.timesteps, graph.node(order[1]).stream.is_static), (3, true));
        assert!(report.notes.is_empty(), "{report:?}");
        let one = encoded(&net("f = Greater(i, th)\ny = Cast(f) to=1"));
        let (graph, _) = import(&one).unwrap();
        assert_eq!(graph.timesteps, 1);
        assert!(graph.order().unwrap().iter().any(|&id| matches!(graph.node(id).op, Op::Lif(_))));
        // What neither way can read is refused as it is without an encoder.
        let refused = refusal(&encoded(&neuron("j = Tanh(i)\nm1 = Identity(j)", BODY)));
        assert!(refused.contains("Tanh"), "{refused}");
    }
}
