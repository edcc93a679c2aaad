// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Idioms of people's `forward` (tests/models/idioms): the spikes that the framework fired,
//! also where a membrane stands on its threshold, as real numbers, as integers and in the
//! simulated hardware.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use synfire::hw;
use synfire::import::{Options, WeightForm, load};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{FixedReadout, Graph, Op, Taken};
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};
use synfire::target;

#[derive(Debug, Deserialize)]
struct Model {
    exporters: Vec<String>,
    options: Asked,
    /// Samples with a spike that depends on what a membrane on its threshold does.
    on_threshold: usize,
    input: Vec<Vec<u16>>,
    /// `[sample][layer]`, the neurons of all timesteps as 0 and 1.
    spikes: Vec<Vec<String>>,
    /// `[sample][class]`, or of every timestep.
    logits: Vec<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    input_static: bool,
    #[serde(default)]
    int8: bool,
}

impl Model {
    fn load(&self, name: &str, exporter: &str) -> Graph {
        let weights = if self.options.int8 { WeightForm::Int8 } else { WeightForm::Auto };
        let input_static = self.options.input_static;
        let options = Options { input_static, weights, ..Options::default() };
        let path = folder().join(format!("{name}_{exporter}.onnx"));
        load(&path, &options).unwrap_or_else(|d| panic!("{name} {exporter}: {} {d}", d.code.id))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/idioms")
}

fn models() -> BTreeMap<String, Model> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

/// Every file with the model that it is of.
fn files(models: &BTreeMap<String, Model>) -> impl Iterator<Item = (String, &Model, Graph)> {
    models.iter().flat_map(|(name, model)| {
        let file = move |exporter: &String| {
            (format!("{name} {exporter}"), model, model.load(name, exporter))
        };
        model.exporters.iter().map(file)
    })
}

fn fired(record: &Record) -> Vec<String> {
    let text = |s: &bool| if *s { '1' } else { '0' };
    record.spikes.iter().map(|l| l.fired.iter().flatten().map(text).collect()).collect()
}

/// What fired, as it stands in the file: a network whose encoder has another threshold at each
/// timestep is one of a single timestep, with layers of its own for each of them, in their order.
fn spikes_of(name: &str, record: &Record) -> Vec<String> {
    let all = fired(record);
    if !name.starts_with("encoder_") {
        return all;
    }
    let (encoder, cells) = all.split_at(all.len() / 2);
    vec![encoder.concat(), cells.concat()]
}

#[test]
fn every_spike_is_the_frameworks() {
    let models = models();
    assert_eq!(models.len(), 97);
    for (name, model, graph) in files(&models) {
        assert!(model.input.len() >= 50 && model.on_threshold >= 16, "{name}");
        let interp = Interp::new(&graph).unwrap();
        for (i, input) in model.input.iter().enumerate() {
            let record = interp.run(input).unwrap();
            assert_eq!(spikes_of(&name, &record), model.spikes[i], "{name}: sample {i}");
            let Logits::Real(logits) = &record.logits else { panic!("{record:?}") };
            let (each, want) = (record.steps.concat(), &model.logits[i]);
            let is_each = want.len() > logits.len();
            assert_eq!(if is_each { &each } else { logits }, want, "{name}: sample {i}");
        }
    }
}

/// Imported, but hardware resets to zero and begins at zero only, which neurons with thresholds
/// of 0 and below do not; it holds no membrane; it reads sums over time or the last timestep;
/// around ±1 a border of zeros is no spike; and spikes of an encoder that another one takes off
/// need more memories beside each other than there are.
const NO_HARDWARE: [&str; 12] = [
    "masked",
    "where_number",
    "membranes_left_number",
    "signs_padded",
    "rest_",
    "below_rest_",
    "largest",
    "jelly_largest",
    "membranes_largest",
    "membranes_amax",
    "membranes_maximum",
    "encoder_once",
];

/// What a reset to zero holds for a timestep.
fn holds(name: &str) -> bool {
    name.contains("zero") && ["synaptic", "rleaky"].iter().any(|n| name.contains(n))
}

/// The numbers of these models are exact in integers too.
#[test]
fn every_model_becomes_hardware() {
    let target = target::load("icebreaker").unwrap();
    for (name, model, mut graph) in files(&models()) {
        let input = graph.node(graph.order().unwrap()[0]).op.clone();
        assert!(matches!(input, Op::Input(i) if i.is_static), "{name}");
        pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
        let is_refused = holds(&name) || NO_HARDWARE.iter().any(|n| name.starts_with(n));
        let design = match hw::lower(&graph, &target, &hw::Options::default()) {
            Ok((design, _)) => Some(design),
            Err(d) => {
                assert_eq!((d.code.id, is_refused), ("SF0410", true), "{name}: {d}");
                let is_below = ["rest_", "below_rest_"].iter().any(|n| name.starts_with(n));
                let help = d.help.clone().unwrap_or_default();
                assert_eq!(help.contains("thresholds above 0"), is_below, "{name}: {d}");
                None
            }
        };
        assert!(design.is_none() || !is_refused, "{name}");
        let readout = &graph.node(graph.output().unwrap()).op;
        let (interp, sim) = (Interp::new(&graph).unwrap(), design.as_ref().map(Sim::new));
        for (i, input) in model.input.iter().enumerate() {
            let record = interp.run(input).unwrap();
            assert_eq!(spikes_of(&name, &record), model.spikes[i], "{name}: sample {i}");
            if let Op::FixedReadout(FixedReadout { kind: Taken::Max, frac, .. }) = readout {
                let Logits::Integer(logits) = &record.logits else { panic!("{record:?}") };
                let unit = f64::from(-frac).exp2();
                let got: Vec<f64> = logits.iter().map(|l| *l as f64 * unit).collect();
                assert_eq!(got, model.logits[i], "{name}: sample {i}");
            }
            let Some(sim) = &sim else { continue };
            let bytes: Vec<u8> = input.iter().map(|l| u8::try_from(*l).unwrap()).collect();
            let inference = sim.run(&bytes, &[], &mut NoProbe).unwrap();
            let Logits::Integer(logits) = &record.logits else { panic!("{record:?}") };
            let got: Vec<i64> = inference.logits.into_iter().map(i64::from).collect();
            assert_eq!(got, *logits, "{name}: sample {i}");
        }
    }
}
