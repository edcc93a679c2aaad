// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Shapes and spellings of other people's models (tests/models/exports).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use synfire::import::{Options, WeightForm, load};
use synfire::interp::{Interp, Logits, Stimulus};
use synfire::ir::{Graph, Op, PerChannel, Reset};

/// What single and double precision may differ by; make.py takes care that they agree about
/// every spike.
const BOUND: f64 = 1e-5;

#[derive(Debug, Deserialize)]
struct Model {
    exporters: Vec<String>,
    options: Asked,
    input: Vec<Input>,
    logits: Vec<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    input_bits: Option<u32>,
    weights: Option<String>,
}

/// Levels, the same at every timestep or those of each.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Static(Vec<u16>),
    Steps(Vec<Vec<u16>>),
}

impl Model {
    fn options(&self) -> Options {
        let weights = match self.options.weights.as_deref() {
            Some("float") => WeightForm::Float,
            Some("int8") => WeightForm::Int8,
            _ => WeightForm::Binary,
        };
        Options { input_bits: self.options.input_bits, weights, ..Options::default() }
    }

    fn load(&self, name: &str, exporter: &str) -> Graph {
        let path = folder().join(format!("{name}_{exporter}.onnx"));
        load(&path, &self.options()).unwrap_or_else(|d| panic!("{} {d}", d.code.id))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/exports")
}

fn models() -> BTreeMap<String, Model> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

#[test]
fn every_model_computes_what_onnxruntime_does() {
    let models = models();
    assert_eq!(models.len(), 23);
    for (name, model) in &models {
        for exporter in &model.exporters {
            let graph = model.load(name, exporter);
            assert!([3, 4].contains(&graph.timesteps), "{name} {exporter}");
            let interp = Interp::new(&graph).unwrap();
            let (mut fired, mut all) = (0, 0);
            for (i, (input, want)) in model.input.iter().zip(&model.logits).enumerate() {
                let record = match input {
                    Input::Static(levels) => interp.run(levels),
                    Input::Steps(steps) => interp.run_on(Stimulus::LevelSteps(steps)),
                };
                let record = record.unwrap();
                let Logits::Real(logits) = &record.logits else { panic!("{record:?}") };
                assert_eq!(logits.len(), want.len());
                let off = logits.iter().zip(want).fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
                assert!(off < BOUND, "{name} {exporter}: sample {i} is off by {off}");
                for spikes in &record.spikes {
                    fired += spikes.count();
                    all += spikes.neurons * spikes.fired.len();
                }
            }
            // A network that is silent or always fires would agree with anything.
            assert!(fired * 50 > all && fired * 20 < all * 19, "{name}: {fired} of {all}");
        }
    }
}

#[test]
fn inputs_that_change_are_told_from_others() {
    for (name, model) in &models() {
        let changes = matches!(model.input.first(), Some(Input::Steps(_)));
        for exporter in &model.exporters {
            let graph = model.load(name, exporter);
            let ids = graph.order().unwrap();
            let input = ids.iter().find_map(|&id| match &graph.node(id).op {
                Op::Input(input) => Some(input.is_static),
                _ => None,
            });
            assert_eq!(input, Some(!changes), "{name} {exporter}");
        }
    }
}

#[test]
fn a_neuron_may_start_where_its_reset_leaves_it() {
    let models = models();
    for (name, exporter, start) in
        [("leaves", "legacy", 0.0), ("leaves", "dynamo", 0.0), ("multi-leaves", "dynamo", -0.25)]
    {
        let graph = models[name].load(name, exporter);
        let lif = graph.order().unwrap().into_iter().find_map(|id| match &graph.node(id).op {
            Op::Lif(lif) => Some(lif.clone()),
            _ => None,
        });
        let lif = lif.unwrap();
        assert_eq!(lif.reset, Reset::Hard);
        let all = |p: &PerChannel<f64>, want: f64| match p {
            PerChannel::All(x) => (x - want).abs() < 1e-6,
            PerChannel::Each(_) => false,
        };
        assert!(all(&lif.reset_to, -0.25) && all(&lif.start, start), "{name}: {lif:?}");
    }
}
