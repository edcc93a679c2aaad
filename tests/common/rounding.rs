// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks whose neurons tell how the leak rounds.
//!
//! A chain of layers with one input, which is 1. The first layer fires from timestep 0, 1 and 2
//! on, two neurons each, and every layer hands these six *carriers* on. In each layer there
//! are neurons whose membrane is negative, odd and leaks between two spikes, and whose
//! threshold lies just where the rounded membrane decides whether the second one comes. Every
//! such neuron stands twice, so that the two cancel in the layer that follows.

use synfire::ir::{
    BitMatrix, Compare, FixedLif, FixedReadout, Graph, Input, Linear, NodeId, Op, PerChannel,
    Reset, Weights,
};

use super::reference::{Rounding, step};

/// Timesteps of the networks.
pub const TIMESTEPS: u32 = 4;
/// Bits after the point: a carrier pair is worth 256.
const FRAC: u32 = 7;
const WIDTH: u32 = 16;

/// A leak k/2^m, a reset and a comparison.
pub type Kind = (u32, u32, Reset, Compare);

/// Every reset with every comparison.
pub const KINDS: [(Reset, Compare); 8] = [
    (Reset::Soft, Compare::AtLeast),
    (Reset::SoftDelayed, Compare::Above),
    (Reset::Hard, Compare::AtLeast),
    (Reset::None, Compare::Above),
    (Reset::Soft, Compare::Above),
    (Reset::SoftDelayed, Compare::AtLeast),
    (Reset::Hard, Compare::Above),
    (Reset::None, Compare::AtLeast),
];

/// What a neuron gets from the pairs of carriers that begin at timesteps 0, 1 and 2.
type Pairs = [i8; 3];

/// Negative first, then positive; and a spike, then negative, then positive.
const COURSES: [Pairs; 2] = [[0, 1, 0], [1, -1, 1]];

/// A neuron of one course that fires otherwise if the leak rounds towards zero: its bias and
/// threshold.
fn telling(kind: Kind, course: Pairs) -> (i64, i64) {
    let mut l = layer(kind, vec![0], vec![0]);
    let mut sums = [0; TIMESTEPS as usize];
    for (t, sum) in sums.iter_mut().enumerate() {
        *sum = 2 * course.iter().take(t + 1).map(|p| i128::from(*p)).sum::<i128>();
    }
    for bias in (1..=255).step_by(2).flat_map(|b| [-b, b]) {
        for theta in 1..=512 {
            (l.bias[0], l.threshold[0]) = (bias, theta);
            let train = |rounding| {
                let mut state = 0;
                sums.map(|x| step(&l, 0, &mut state, x, rounding).fires)
            };
            let (down, other) = (train(Rounding::Down), train(Rounding::TowardsZero));
            // The second course has to fire before the membrane becomes negative.
            if down != other && down[0] == (course[0] > 0) {
                return (bias, theta);
            }
        }
    }
    panic!("nothing tells how {kind:?} rounds");
}

fn layer(
    (leak_num, leak_shift, reset, compare): Kind,
    bias: Vec<i64>,
    threshold: Vec<i64>,
) -> FixedLif {
    FixedLif {
        leak_num: PerChannel::All(leak_num),
        leak_shift,
        frac: FRAC,
        width: WIDTH,
        bias,
        threshold,
        reset,
        compare,
        sign: Vec::new(),
        reset_to: Vec::new(),
        start: Vec::new(),
    }
}

/// Weights for each pair of inputs: both +1, both −1, or one of each.
fn linear(pairs: &[Vec<i8>]) -> Op {
    let inputs = 2 * pairs[0].len();
    let plus = |r: usize, c: usize| match pairs[r][c / 2] {
        0 => c.is_multiple_of(2),
        sign => sign > 0,
    };
    let signs = BitMatrix::from_fn(pairs.len(), inputs, plus);
    Op::Linear(Linear {
        weights: Weights::Binary { signs, scale: PerChannel::All(1.0) },
        bias: None,
    })
}

/// A network with a layer of each kind.
pub fn network(kinds: &[Kind]) -> Graph {
    let mut g = Graph::new("rounding", TIMESTEPS);
    let input = Op::Input(Input { shape: vec![1], bits: Some(1), is_static: true });
    let x = g.add("in", input, &[]).unwrap();
    let signs = BitMatrix::from_fn(6, 1, |_, _| true);
    let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
    let x = g.add("fc0", Op::Linear(Linear { weights, bias: None }), &[x]).unwrap();
    // The membrane is 1, 2, 3 … times 2^7.
    let count = layer(
        (1, 0, Reset::None, Compare::AtLeast),
        vec![0; 6],
        [1, 1, 2, 2, 3, 3].map(|t| t << FRAC).to_vec(),
    );
    let mut at: NodeId = g.add("lif0", Op::FixedLif(count), &[x]).unwrap();
    let mut pairs = 3;
    for (i, &kind) in kinds.iter().enumerate() {
        let row = |of: Pairs| {
            let mut row = of.to_vec();
            row.resize(pairs, 0);
            row
        };
        let carriers = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
        let rows: Vec<Vec<i8>> =
            carriers.iter().chain(&COURSES).flat_map(|c| [row(*c), row(*c)]).collect();
        let (mut bias, mut threshold) = (vec![0; 6], vec![1; 6]);
        for course in COURSES {
            let (b, t) = telling(kind, course);
            bias.extend([b, b]);
            threshold.extend([t, t]);
        }
        at = g.add(format!("fc{}", i + 1), linear(&rows), &[at]).unwrap();
        let lif = Op::FixedLif(layer(kind, bias, threshold));
        at = g.add(format!("lif{}", i + 1), lif, &[at]).unwrap();
        pairs = 3 + COURSES.len();
    }
    let readout = FixedReadout {
        kind: synfire::ir::Taken::Sum,
        frac: 0,
        gain: vec![1; 2 * pairs],
        offset: vec![0; 2 * pairs],
        gain_width: 1,
        width: 5,
    };
    let y = g.add("logits", Op::FixedReadout(readout), &[at]).unwrap();
    g.set_output(y);
    synfire::ir::verify(&g).unwrap();
    g
}
