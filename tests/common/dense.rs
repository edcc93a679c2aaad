// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Chains of dense layers with random weights of ±1, of a shape that is asked for.

use synfire::ir::{
    BitMatrix, Compare, Graph, Input, Lif, Linear, Op, PerChannel, Readout, ReadoutKind, Reset,
    Weights,
};

use super::rng::Rng;

/// `sizes`: inputs of 8 bits, neurons of each layer, classes. Every neuron has a bias and a
/// threshold of its own, every class a gain.
pub fn dense(sizes: &[usize], timesteps: u32) -> Graph {
    let name = sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
    let mut rng = Rng(7);
    let mut g = Graph::new(name, timesteps);
    let input = Input { shape: vec![sizes[0]], bits: Some(8), is_static: true };
    let mut at = g.add("in", Op::Input(input), &[]).unwrap();
    let mut level = 255.0;
    for (i, pair) in sizes.windows(2).enumerate() {
        let (inputs, outputs) = (pair[0], pair[1]);
        let signs = BitMatrix::from_fn(outputs, inputs, |_, _| rng.one_in(2));
        let scale = PerChannel::All(1.0 / level);
        let linear = Linear { weights: Weights::Binary { signs, scale }, bias: None };
        at = g.add(format!("fc{i}"), Op::Linear(linear), &[at]).unwrap();
        level = 1.0;
        if i + 2 == sizes.len() {
            let gain = PerChannel::Each((0..outputs).map(|_| 1.0 + 0.5 * rng.real()).collect());
            let offset = PerChannel::Each((0..outputs).map(|_| rng.real()).collect());
            let readout = Readout { kind: ReadoutKind::Mean, gain, offset };
            let out = g.add("logits", Op::Readout(readout), &[at]).unwrap();
            g.set_output(out);
        } else {
            let size = (inputs as f64).sqrt();
            let mut each = |low: f64, span: f64| {
                PerChannel::Each((0..outputs).map(|_| size * (low + span * rng.real())).collect())
            };
            let (bias, threshold) = (each(0.0, 0.1), each(0.5, 0.2));
            let lif = Lif {
                leak: PerChannel::All(0.5),
                gain: PerChannel::All(1.0),
                bias,
                threshold,
                reset: Reset::Soft,
                compare: Compare::Above,
                reset_to: PerChannel::zero(),
                start: PerChannel::zero(),
            };
            at = g.add(format!("lif{i}"), Op::Lif(lif), &[at]).unwrap();
        }
    }
    g
}
