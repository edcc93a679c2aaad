// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Small graphs whose results are known by other means.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::rng::Rng;
use synfire::interp::{Interp, Logits, Stimulus};
use synfire::ir::{
    BitMatrix, Compare, Concat, Delay, Graph, Input, Kind, Linear, NodeId, Op, PerChannel, Readout,
    ReadoutKind, Stream, Threshold, Weights, parse, print, verify,
};

fn real(rows: usize, values: Vec<f64>) -> Op {
    Op::Linear(Linear { weights: Weights::Real { rows, values }, bias: None })
}

fn threshold() -> Op {
    Op::Threshold(Threshold { threshold: PerChannel::All(0.3), compare: Compare::Above })
}

fn per_step(g: &mut Graph, x: NodeId) {
    let (gain, offset) = (PerChannel::All(1.0), PerChannel::zero());
    let readout = Op::Readout(Readout { kind: ReadoutKind::PerStep, gain, offset });
    let y = g.add("y", readout, &[x]).unwrap();
    g.set_output(y);
    verify(g).unwrap();
}

fn input(g: &mut Graph, n: usize, bits: Option<u32>, is_static: bool) -> NodeId {
    g.add("in", Op::Input(Input { shape: vec![n], bits, is_static }), &[]).unwrap()
}

/// z[t] = [W x[t] + R z[t−2] > 0.3], with a register and as one long graph without.
#[test]
fn a_recurrent_graph_is_its_unrolled_one() {
    const STEPS: usize = 7;
    const AGO: usize = 2;
    let (n, m) = (5, 9);
    for seed in 0..50 {
        let mut rng = Rng(seed);
        let mut list = |count| -> Vec<f64> { (0..count).map(|_| rng.real()).collect() };
        let (w, r) = (list(m * n), list(m * m));
        let shown: Vec<Vec<f64>> = (0..STEPS).map(|_| list(n)).collect();

        let mut g = Graph::new("recurrent", STEPS as u32);
        let x = input(&mut g, n, None, false);
        let stream = Stream { shape: vec![m], kind: Kind::Spikes, is_static: false };
        let steps = PerChannel::All(AGO as u32);
        let before = g.add_register("before", Op::Delay(Delay { steps }), stream).unwrap();
        let wx = g.add("wx", real(m, w.clone()), &[x]).unwrap();
        let rz = g.add("rz", real(m, r.clone()), &[before]).unwrap();
        let sum = g.add("sum", Op::Add, &[wx, rz]).unwrap();
        let z = g.add("z", threshold(), &[sum]).unwrap();
        g.connect(before, z).unwrap();
        per_step(&mut g, z);
        let found = Interp::new(&g).unwrap().run_on(Stimulus::RealSteps(&shown)).unwrap();

        let mut u = Graph::new("unrolled", 1);
        let all = input(&mut u, n * STEPS, None, true);
        let mut z: Vec<NodeId> = Vec::new();
        for t in 0..STEPS {
            // Rows of the identity pick the inputs of a timestep.
            let pick = (0..n * n * STEPS)
                .map(|i| f64::from(u8::from(i % (n * STEPS) == t * n + i / (n * STEPS))));
            let x = u.add(format!("x{t}"), real(n, pick.collect()), &[all]).unwrap();
            let mut sum = u.add(format!("wx{t}"), real(m, w.clone()), &[x]).unwrap();
            if t >= AGO {
                let rz = u.add(format!("rz{t}"), real(m, r.clone()), &[z[t - AGO]]).unwrap();
                sum = u.add(format!("sum{t}"), Op::Add, &[sum, rz]).unwrap();
            }
            z.push(u.add(format!("z{t}"), threshold(), &[sum]).unwrap());
        }
        let z = u.add("all", Op::Concat(Concat { axis: 0 }), &z).unwrap();
        per_step(&mut u, z);
        let flat: Vec<f64> = shown.concat();
        let wanted = Interp::new(&u).unwrap().run_on(Stimulus::Reals(&flat)).unwrap();
        assert_eq!(found.steps.concat(), wanted.steps[0], "seed {seed}");
        let fired: f64 = wanted.steps[0].iter().sum();
        assert!(fired > 0.0 && fired < (m * STEPS) as f64);
    }
}

/// Elements may wait differently long, and not at all.
#[test]
fn delays_of_each_element() {
    let shown: Vec<Vec<u16>> = (1..=4u16).map(|t| vec![t; 4]).collect();
    let wanted =
        [[1.0, 0.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0], [3.0, 2.0, 0.0, 1.0], [4.0, 3.0, 0.0, 2.0]];
    for bits in [None, Some(3)] {
        let mut g = Graph::new("delays", 4);
        let x = input(&mut g, 4, bits, false);
        let steps = PerChannel::Each(vec![0, 1, 65536, 2]);
        let d = g.add("d", Op::Delay(Delay { steps }), &[x]).unwrap();
        per_step(&mut g, d);
        let record = Interp::new(&g).unwrap().run_on(Stimulus::LevelSteps(&shown)).unwrap();
        assert_eq!(record.steps, wanted);
    }
}

/// A delay of a stream that never changes gives zeros first, and is not static itself.
#[test]
fn a_register_of_a_static_stream() {
    let mut g = Graph::new("held", 3);
    let x = input(&mut g, 2, Some(4), true);
    let d = g.add("d", Op::Delay(Delay { steps: PerChannel::All(2) }), &[x]).unwrap();
    per_step(&mut g, d);
    assert!(g.node(x).stream.is_static && !g.node(d).stream.is_static);
    let record = Interp::new(&g).unwrap().run(&[3, 9]).unwrap();
    assert_eq!(record.steps, [[0.0, 0.0], [0.0, 0.0], [3.0, 9.0]]);
}

/// Magnitudes of 1 in a list are plain, and what follows sees integers.
#[test]
fn plain_weights_with_a_list_of_ones() {
    let texts = ["1.0", "[1.0,1.0]"].map(|scale| {
        format!(
            r#"synfire-ir 1
graph "g" timesteps 2
%in = input() : levels[3; 2] static {{"shape":[3],"bits":2,"is_static":true}}
%fc = linear(%in) : current[2; fixed(5, 0)] static {{"weights":{{"binary":{{"signs":{{"cols":3,"rows":["7","2"]}},"scale":{scale}}}}},"bias":null}}
%n = fixed-lif(%fc) : spikes[2] {{"leak_num":1,"leak_shift":1,"frac":0,"width":8,"bias":[0,0],"threshold":[4,1],"reset":"soft","compare":"at-least"}}
%y = fixed-readout(%n) : current[2; fixed(4, 0)] {{"frac":0,"gain":[1,2],"offset":[0,0],"gain_width":2,"width":4}}
output %y
"#
        )
    });
    for text in texts {
        let g = parse(&text).unwrap();
        let record = Interp::new(&g).unwrap().run(&[1, 3, 1]).unwrap();
        assert_eq!(record.logits, Logits::Integer(vec![2, 4]), "{text}");
    }
}

/// Layer after layer of plain weights on sums: real numbers, which do not wrap.
#[test]
fn sums_of_sums_do_not_wrap() {
    let mut g = Graph::new("deep", 1);
    let mut x = input(&mut g, 64, Some(16), true);
    for k in 0..16 {
        let signs = BitMatrix::from_fn(64, 64, |_, _| true);
        let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
        x = g.add(format!("fc{k}"), Op::Linear(Linear { weights, bias: None }), &[x]).unwrap();
    }
    per_step(&mut g, x);
    let record = Interp::new(&g).unwrap().run(&[65535; 64]).unwrap();
    assert_eq!(record.steps[0][0], 65535.0 * 64f64.powi(16));
}

/// Registers that are on no cycle come where they belong, whatever they were declared as.
#[test]
fn registers_follow_their_operands() {
    let mut g = Graph::new("chain", 2);
    let stream = Stream { shape: vec![2], kind: Kind::Real, is_static: false };
    let late = g.add_register("late", Op::Delay(Delay { steps: PerChannel::All(1) }), stream);
    let late = late.unwrap();
    let relu = g.add("relu", Op::Relu, &[late]).unwrap();
    let x = input(&mut g, 2, None, false);
    g.connect(late, x).unwrap();
    per_step(&mut g, relu);
    assert_eq!(g.order().unwrap()[..3], [x, late, relu]);
    // A pass may change what flows; one round settles it.
    *g.op_mut(x) = Op::Input(Input { shape: vec![3], bits: Some(4), is_static: false });
    g.refresh().unwrap();
    assert_eq!(g.node(relu).stream.to_string(), "levels[3; 4]");
    let text = print(&g).unwrap();
    assert_eq!(print(&parse(&text).unwrap()).unwrap(), text);
}

/// What grows with every timestep has no stream.
#[test]
fn a_recurrence_that_grows_is_refused() {
    let mut g = Graph::new("grows", 2);
    let x = input(&mut g, 1, None, false);
    let stream = Stream { shape: vec![1], kind: Kind::Real, is_static: false };
    let r = g.add_register("r", Op::Delay(Delay { steps: PerChannel::All(1) }), stream).unwrap();
    let sum = g.add("sum", Op::Add, &[x, r]).unwrap();
    g.connect(r, sum).unwrap();
    per_step(&mut g, sum);
    // All of it real is a fixed point, and stays one.
    *g.op_mut(x) = Op::Input(Input { shape: vec![1], bits: Some(4), is_static: false });
    g.refresh().unwrap();
    assert_eq!(g.node(sum).stream.kind, Kind::Real);
    let levels = Stream { shape: vec![1], kind: Kind::Levels { bits: 4 }, is_static: false };
    let mut g = Graph::new("grows", 2);
    let x = input(&mut g, 1, Some(4), false);
    let r = g.add_register("r", Op::Delay(Delay { steps: PerChannel::All(1) }), levels).unwrap();
    let sum = g.add("sum", Op::Add, &[x, r]).unwrap();
    let d = g.connect(r, sum).unwrap_err();
    assert!(d.message.contains("declared as `levels[1; 4]`, but it produces"), "{d}");
}
