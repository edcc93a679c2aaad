// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same small network, written in many ways (tests/models/dialects).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;

use agree::{agree, expected, file, numbers};
use serde_json::Value;
use synfire::import::{Options, load};
use synfire::ir::{Graph, Lif, Op, Reset};

fn import(variant: &str, exporter: &str) -> Graph {
    agree::import(&format!("dialects/{variant}_{exporter}.onnx"), &Options::default())
}

/// ONNX Runtime's output `[timestep, sample, class]` or `[sample, class]` for sample `i`.
fn sample(want: &Value, i: usize) -> Vec<f64> {
    if want[0][0].is_array() {
        return want.as_array().unwrap().iter().flat_map(|step| numbers(&step[i])).collect();
    }
    numbers(&want[i])
}

#[test]
fn every_dialect_computes_what_onnxruntime_does() {
    let mut imported = 0;
    for (variant, entry) in expected("dialects").iter().filter(|(_, e)| e["code"].is_null()) {
        let inputs: Vec<Vec<u16>> = serde_json::from_value(entry["input"].clone()).unwrap();
        for exporter in ["legacy", "dynamo"] {
            let want: Vec<_> = (0..inputs.len()).map(|i| sample(&entry[exporter], i)).collect();
            let name = format!("{variant} {exporter}");
            agree(&name, &import(variant, exporter), &inputs, &want);
            imported += 1;
        }
    }
    assert_eq!(imported, 52);
}

#[test]
fn what_cannot_be_right_is_refused() {
    for (variant, entry) in expected("dialects").iter().filter(|(_, e)| !e["code"].is_null()) {
        for exporter in entry["exporters"].as_array().unwrap() {
            let path = file(&format!("dialects/{variant}_{}.onnx", exporter.as_str().unwrap()));
            let error = load(&path, &Options::default()).unwrap_err();
            assert_eq!(error.code.id, entry["code"], "{variant} {exporter}: {error}");
            assert!(error.location.path.is_some() || error.help.is_some(), "{error}");
            assert!(error.help.is_some(), "{error}");
        }
    }
}

fn neuron(variant: &str) -> Lif {
    let graph = import(variant, "dynamo");
    let ids = graph.order().unwrap();
    let lif = ids.into_iter().find_map(|id| match &graph.node(id).op {
        Op::Lif(lif) => Some(lif.clone()),
        _ => None,
    });
    lif.unwrap()
}

#[test]
fn resets_are_told_apart() {
    for (variant, reset, leak) in [
        ("plain", Reset::SoftDelayed, 0.5),
        ("reset-zero", Reset::Hard, 0.5),
        ("reset-none", Reset::None, 0.5),
        ("cell-soft", Reset::Soft, 0.25),
        ("cell-hard", Reset::Hard, 0.25),
        ("cell-where", Reset::Hard, 0.25),
        ("cell-decay-input", Reset::Hard, 0.5),
        ("learned", Reset::SoftDelayed, f64::from(0.8f32)),
    ] {
        let lif = neuron(variant);
        assert_eq!((lif.reset, lif.leak), (reset, synfire::ir::PerChannel::All(leak)), "{variant}");
    }
}
