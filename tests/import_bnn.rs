// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks without time, of activations that have one bit (tests/models/bnn): every
//! activation that the framework computed, also of values where it changes, as real numbers,
//! as integers and in the simulated hardware.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use synfire::hw;
use synfire::import::{Options, load};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, Op};
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};
use synfire::target;

#[derive(Debug, Deserialize)]
struct Model {
    files: Vec<String>,
    /// Samples with a value where an activation changes.
    on_threshold: usize,
    /// A byte an input, in hexadecimal.
    input: Vec<String>,
    /// `[sample][layer]`, the activations as 0 and 1.
    hidden: Vec<Vec<String>>,
    /// `[sample][class]`.
    logits: Vec<Vec<f64>>,
}

impl Model {
    fn inputs(&self) -> impl Iterator<Item = Vec<u8>> {
        let byte = |text: &str, i: usize| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
        self.input.iter().map(move |t| (0..t.len()).step_by(2).map(|i| byte(t, i)).collect())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/bnn")
}

/// Every file with the model that it is of.
fn files(mut each: impl FnMut(&str, &Model, Graph)) {
    let text = std::fs::read(folder().join("expected.json")).unwrap();
    let models: BTreeMap<String, Model> = serde_json::from_slice(&text).unwrap();
    assert_eq!(models.values().map(|m| m.files.len()).sum::<usize>(), 11);
    for model in models.values() {
        assert!(model.input.len() >= 50 && model.on_threshold >= 16, "{:?}", model.files);
        for file in &model.files {
            let path = folder().join(file);
            let graph = load(&path, &Options::default())
                .unwrap_or_else(|d| panic!("{file}: {} {d}", d.code.id));
            each(file, model, graph);
        }
    }
}

fn fired(record: &Record) -> Vec<String> {
    let text = |s: &bool| if *s { '1' } else { '0' };
    record.spikes.iter().map(|l| l.fired.iter().flatten().map(text).collect()).collect()
}

#[test]
fn every_activation_is_the_frameworks() {
    files(|file, model, graph| {
        assert_eq!(graph.timesteps, 1, "{file}");
        let interp = Interp::new(&graph).unwrap();
        for (i, input) in model.inputs().enumerate() {
            let levels: Vec<u16> = input.into_iter().map(u16::from).collect();
            let record = interp.run(&levels).unwrap();
            assert_eq!(fired(&record), model.hidden[i], "{file}: sample {i}");
            let Logits::Real(logits) = &record.logits else { panic!("{record:?}") };
            // The norm at the end of the large one rounds in single precision.
            let bound = if file == "bipolar_tfc.onnx" { 1e-4 } else { 0.0 };
            for (got, want) in logits.iter().zip(&model.logits[i]) {
                assert!((got - want).abs() <= bound, "{file}: sample {i}: {got}, not {want}");
            }
        }
    });
}

#[test]
fn every_network_becomes_hardware() {
    let target = target::load("icebreaker").unwrap();
    files(|file, model, mut graph| {
        pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
        let interp = Interp::new(&graph).unwrap();
        let design = match hw::lower(&graph, &target, &hw::Options::default()) {
            Ok((design, _)) => Some(design),
            Err(d) => {
                // Around ±1 a border of zeros is no spike.
                assert_eq!((file, d.code.id), ("bipolar_padded.onnx", "SF0410"), "{d}");
                None
            }
        };
        let sim = design.as_ref().map(Sim::new);
        for (i, input) in model.inputs().enumerate() {
            let levels: Vec<u16> = input.iter().copied().map(u16::from).collect();
            let record = interp.run(&levels).unwrap();
            assert_eq!(fired(&record), model.hidden[i], "{file}: sample {i}");
            let Some(sim) = &sim else { continue };
            let inference = sim.run(&input, &[], &mut NoProbe).unwrap();
            let Logits::Integer(logits) = &record.logits else { panic!("{record:?}") };
            let got: Vec<i64> = inference.logits.into_iter().map(i64::from).collect();
            assert_eq!(got, *logits, "{file}: sample {i}");
        }
        assert!(!graph.order().unwrap().iter().any(|&id| matches!(graph.node(id).op, Op::Lif(_))));
    });
}
