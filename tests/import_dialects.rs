// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same small network, written in many ways (tests/models/dialects).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use synfire::import::{Options, load};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, Lif, Op, Reset};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/dialects").join(name)
}

fn expected() -> serde_json::Map<String, Value> {
    serde_json::from_slice(&std::fs::read(file("expected.json")).unwrap()).unwrap()
}

fn import(variant: &str, exporter: &str) -> Graph {
    let path = file(&format!("{variant}_{exporter}.onnx"));
    load(&path, &Options::default()).unwrap_or_else(|d| panic!("{} {d}", d.code.id))
}

/// The largest difference between a record and ONNX Runtime's output for sample `i`:
/// `[timestep, sample, class]` or `[sample, class]`.
fn difference(record: &Record, want: &Value, i: usize) -> f64 {
    let row = |v: &Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let distance = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()))
    };
    if want[0][0].is_array() {
        let steps = want.as_array().unwrap();
        assert_eq!(steps.len(), record.steps.len());
        let each = record.steps.iter().zip(steps).map(|(a, b)| distance(a, &row(&b[i])));
        return each.fold(0.0, f64::max);
    }
    let Logits::Real(logits) = &record.logits else { panic!("{record:?}") };
    distance(logits, &row(&want[i]))
}

#[test]
fn every_dialect_computes_what_onnxruntime_does() {
    let mut imported = 0;
    for (variant, entry) in expected().iter().filter(|(_, e)| e["code"].is_null()) {
        for exporter in ["legacy", "dynamo"] {
            let graph = import(variant, exporter);
            let interp = Interp::new(&graph).unwrap();
            let (mut fired, mut all) = (0, 0);
            for (i, input) in entry["input"].as_array().unwrap().iter().enumerate() {
                let input: Vec<u16> = serde_json::from_value(input.clone()).unwrap();
                let record = interp.run(&input).unwrap();
                let off = difference(&record, &entry[exporter], i);
                assert!(off < 1e-5, "{variant} {exporter}: sample {i} is off by {off}");
                let spikes = &record.spikes[0];
                fired += spikes.count();
                all += spikes.neurons * spikes.fired.len();
            }
            // A network that is silent or always fires would agree with anything.
            assert!(fired * 20 > all && fired * 20 < all * 19, "{variant}: {fired} of {all}");
            imported += 1;
        }
    }
    assert_eq!(imported, 52);
}

#[test]
fn what_cannot_be_right_is_refused() {
    for (variant, entry) in expected().iter().filter(|(_, e)| !e["code"].is_null()) {
        for exporter in entry["exporters"].as_array().unwrap() {
            let path = file(&format!("{variant}_{}.onnx", exporter.as_str().unwrap()));
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
