// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutions, pools and batch norms against PyTorch (tests/models/ops/make.py).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;

use agree::{BOUND, array, distance, expected, levels};
use serde_json::Value;
use synfire::interp::{Interp, Stimulus};
use synfire::ir::{Graph, Input, Op, PerChannel, Readout, ReadoutKind, Reshape, verify};

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
    let all = expected("ops");
    let cases = all["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    let mut worst = 0.0f64;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let g = graph(case);
        let interp = Interp::new(&g).unwrap();
        let size = shape(&case["shape"]).iter().product();
        let (out_shape, wanted) = array(&format!("ops/{}.npy", name.replace(' ', "_")));
        assert_eq!((out_shape[0], &out_shape[1..]), (100, &shape(&case["out_shape"])[..]));
        for (x, wanted) in levels(size, 8, 100, 1).iter().zip(wanted.chunks(wanted.len() / 100)) {
            // As the script takes them: -2 to 2.
            let x: Vec<_> = x.iter().map(|&v| f64::from(v as u8 as i8) / 64.0).collect();
            let record = interp.run_on(Stimulus::Reals(&x)).unwrap();
            worst = worst.max(distance(&record.steps[0], wanted));
            assert!(worst < BOUND, "{name} is off by {worst}");
        }
    }
    eprintln!("{} operators, the largest difference is {worst:.1e}", cases.len());
}
