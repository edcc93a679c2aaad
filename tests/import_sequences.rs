// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks that get another input at every timestep (tests/models/sequence).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use synfire::import::{Options, load};
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{Graph, Op};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

fn reals(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn distance(a: &[f64], b: &Value) -> f64 {
    let b = reals(b);
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()))
}

fn input(graph: &Graph) -> &synfire::ir::Input {
    let mut nodes = graph.order().unwrap().into_iter().map(|id| &graph.node(id).op);
    nodes.find_map(|op| if let Op::Input(i) = op { Some(i) } else { None }).unwrap()
}

/// Runs a sample of real numbers or of levels, timestep by timestep.
fn run(graph: &Graph, sample: &Value) -> Record {
    let steps: Vec<_> = sample.as_array().unwrap().iter().map(reals).collect();
    let interp = Interp::new(graph).unwrap();
    if input(graph).bits.is_none() {
        return interp.run_on(Stimulus::RealSteps(&steps)).unwrap();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let levels: Vec<Vec<u16>> =
        steps.iter().map(|s| s.iter().map(|x| *x as u16).collect()).collect();
    interp.run_on(Stimulus::LevelSteps(&levels)).unwrap()
}

#[test]
fn sequences_are_taken_apart_as_the_model_does() {
    let text = std::fs::read(file("sequence/expected.json")).unwrap();
    let all: serde_json::Map<String, Value> = serde_json::from_slice(&text).unwrap();
    let mut compared = 0;
    for (variant, entry) in &all {
        for exporter in ["legacy", "dynamo"].into_iter().filter(|e| entry[*e].is_array()) {
            let name = format!("{variant}_{exporter}");
            let graph = load(&file(&format!("sequence/{name}.onnx")), &Options::default());
            let graph = graph.unwrap_or_else(|d| panic!("{name}: {} {d}", d.code.id));
            assert_eq!((graph.timesteps, input(&graph).is_static), (4, false), "{name}");
            let mut fired = 0;
            let samples = entry["input"].as_array().unwrap().iter();
            for (sample, want) in samples.zip(entry[exporter].as_array().unwrap()) {
                let record = run(&graph, sample);
                fired += record.spikes[0].count();
                let Logits::Real(logits) = &record.logits else { panic!("{name}") };
                let off = if want[0].is_array() {
                    let steps = record.steps.iter().zip(want.as_array().unwrap());
                    steps.map(|(a, b)| distance(a, b)).fold(0.0, f64::max)
                } else {
                    distance(logits, want)
                };
                assert!(off < 1e-5, "{name} is off by {off}");
            }
            assert!(fired > 5, "{name} fires {fired} times, which shows nothing");
            compared += 1;
        }
    }
    assert_eq!(compared, 26);
}

/// The models of one timestep that are run T times.
#[test]
fn one_timestep_may_get_another_input_each_time() {
    let options =
        |changes| Options { timesteps: Some(3), input_changes: changes, ..Options::default() };
    let path = file("one_step/subtract_legacy.onnx");
    let changing = load(&path, &options(true)).unwrap();
    let held = load(&path, &options(false)).unwrap();
    assert!(!input(&changing).is_static && input(&held).is_static);
    let levels: Vec<u16> = (0..12).map(|i| i * 7 % 16).collect();
    let same = Interp::new(&held).unwrap().run(&levels).unwrap();
    let repeated = vec![levels.clone(); 3];
    let again = Interp::new(&changing).unwrap().run_on(Stimulus::LevelSteps(&repeated)).unwrap();
    assert_eq!(same.steps, again.steps);
    let first = vec![levels, vec![0; 12], vec![0; 12]];
    let other = Interp::new(&changing).unwrap().run_on(Stimulus::LevelSteps(&first)).unwrap();
    assert_ne!(same.steps, other.steps);
    let refused = load(&file("dialects/plain_legacy.onnx"), &options(true)).unwrap_err();
    assert_eq!(refused.code.id, "SF0003");
}
