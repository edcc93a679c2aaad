// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions, pools and batch norms against PyTorch (tests/models/ops/make.py).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use serde_json::Value;
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Graph, Input, Op, PerChannel, Readout, ReadoutKind, Reshape, verify};

/// PyTorch computes in f32: a few units in the last place of the largest partial sum.
const BOUND: f64 = 2e-5;

fn numbers(v: &Value) -> Vec<f64> {
    serde_json::from_value(v.clone()).unwrap()
}

fn shape(v: &Value) -> Vec<usize> {
    serde_json::from_value(v.clone()).unwrap()
}

/// The operator alone, between an input and a readout.
fn graph(case: &Value) -> Graph {
    let mut g = Graph::new("case", 1);
    let input = Input { shape: shape(&case["shape"]), bits: None, is_static: true };
    let x = g.add("in", Op::Input(input), &[]).unwrap();
    let attributes = case["attributes"].clone();
    let op = match case["op"].as_str().unwrap() {
        "conv" => Op::Conv(serde_json::from_value(attributes).unwrap()),
        "pool" => Op::Pool(serde_json::from_value(attributes).unwrap()),
        "batch-norm" => Op::BatchNorm(serde_json::from_value(attributes).unwrap()),
        other => panic!("{other}"),
    };
    let y = g.add("op", op, &[x]).unwrap();
    assert_eq!(g.node(y).stream.shape, shape(&case["out_shape"]), "{}", case["name"]);
    let flat = Reshape { shape: vec![g.node(y).stream.len()] };
    let y = g.add("flat", Op::Reshape(flat), &[y]).unwrap();
    let (gain, offset) = (PerChannel::All(1.0), PerChannel::zero());
    let readout = Op::Readout(Readout { kind: ReadoutKind::Last, gain, offset });
    let y = g.add("out", readout, &[y]).unwrap();
    g.set_output(y);
    verify(&g).unwrap();
    g
}

#[test]
fn operators_compute_what_pytorch_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/ops/expected.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let g = graph(case);
        let x = numbers(&case["x"]);
        let record = Interp::new(&g).unwrap().run_on(Stimulus::Reals(&x)).unwrap();
        let (found, wanted) = (&record.steps[0], numbers(&case["y"]));
        assert_eq!(found.len(), wanted.len());
        for (i, (a, b)) in found.iter().zip(&wanted).enumerate() {
            let off = (a - b).abs();
            assert!(off < BOUND, "{}: element {i} is {a}, not {b}", case["name"]);
        }
    }
}
