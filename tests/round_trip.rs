// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every fixture as text, as ONNX and as NIR, and back.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use synfire::export;
use synfire::import::{Options, WeightForm, ZeroSign, load, nir, onnx};
use synfire::interp::{Interp, Logits, Record, Stimulus};
use synfire::ir::{self, Graph, Input, Op, Reset, Weights, isomorphic};

/// Files below tests/models that import, with their graphs.
fn fixtures() -> Vec<(String, Graph)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        options(path).iter().find_map(|o| load(path, o).ok()).map(|graph| (name, graph))
    };
    files.iter().filter_map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_dir() {
            walk(&path, files);
        } else if ["onnx", "nir", "sfir"].contains(&ending) {
            files.push(path);
        }
    }
}

/// What one or the other file does not say.
fn options(path: &Path) -> Vec<Options> {
    let plain = Options::default();
    if path.extension().is_some_and(|e| e == "nir") {
        let (dt, timesteps) = (Some(1e-4), Some(3));
        return vec![Options { dt, timesteps, reset: Some(Reset::Hard), ..plain }];
    }
    vec![
        plain.clone(),
        Options { timesteps: Some(3), ..plain.clone() },
        Options { sign_of_zero: Some(ZeroSign::Plus), ..plain.clone() },
        Options { weights: WeightForm::Int8, ..plain },
    ]
}

fn ops(graph: &Graph) -> Vec<&Op> {
    graph.order().unwrap().into_iter().map(|id| &graph.node(id).op).collect()
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.order().unwrap().into_iter().map(|id| &graph.node(id).name[..]).collect()
}

#[test]
fn as_text() {
    let all = fixtures();
    assert!(all.len() > 190, "{}", all.len());
    for (name, graph) in &all {
        let back = ir::parse(&ir::print(graph).unwrap()).unwrap();
        assert!(isomorphic(graph, &back) && names(graph) == names(&back), "{name}");
    }
}

/// The same values as real numbers, which is how ONNX holds them.
fn with_real_weights(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    for id in graph.order().unwrap() {
        if let Op::Linear(ir::Linear { weights, .. }) | Op::Conv(ir::Conv { weights, .. }) =
            graph.op_mut(id)
            && let Weights::Integer { rows, .. } = *weights
        {
            let at = |o| (0..weights.inputs()).map(move |i| (o, i));
            let values = (0..rows).flat_map(at).map(|(o, i)| weights.value(o, i)).collect();
            *weights = Weights::Real { rows, values };
        }
    }
    graph
}

fn input(graph: &Graph) -> &Input {
    let found = ops(graph).into_iter().find(|op| matches!(op, Op::Input(_)));
    let Some(Op::Input(input)) = found else { panic!("no input") };
    input
}

/// What is shown at each timestep; half of the numbers are 0.
#[allow(clippy::cast_precision_loss)]
fn shown(graph: &Graph) -> Vec<Vec<f64>> {
    let Input { shape, bits, is_static } = input(graph);
    let levels = 1usize << bits.unwrap_or(4);
    let worth = if bits.is_some() { 1.0 } else { 0.25 };
    let n: usize = shape.iter().product();
    let level = |i: usize, t: usize| (i * 7 + t * 5) % 13 * ((i + t) & 1) % levels;
    let step = |t| (0..n).map(|i| level(i, t) as f64 * worth).collect();
    (0..graph.timesteps as usize).map(|t| step(if *is_static { 0 } else { t })).collect()
}

fn run(graph: &Graph, shown: &[Vec<f64>]) -> Record {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let levels: Vec<Vec<u16>> =
        shown.iter().map(|s| s.iter().map(|x| *x as u16).collect()).collect();
    let stimulus = match (input(graph).bits.is_some(), input(graph).is_static) {
        (true, true) => Stimulus::Levels(&levels[0]),
        (true, false) => Stimulus::LevelSteps(&levels),
        (false, true) => Stimulus::Reals(&shown[0]),
        (false, false) => Stimulus::RealSteps(shown),
    };
    Interp::new(graph).unwrap().run_on(stimulus).unwrap()
}

fn logits(graph: &Graph) -> Vec<Vec<f64>> {
    match run(graph, &shown(graph)).logits {
        Logits::Real(logits) => vec![logits],
        Logits::Integer(_) => panic!("a graph of integers"),
    }
}

/// An integrator that resets.
fn resets(op: &Op) -> bool {
    matches!(op, Op::Li(l) if l.resets.is_some())
}

fn assert_same(name: &str, a: &[Vec<f64>], b: &[Vec<f64>]) {
    assert_eq!(a.len(), b.len(), "{name}");
    for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((x - y).abs() <= 1e-9 * x.abs().max(1.0), "{name}: {x} is {y}");
    }
}

/// Read back they compute the same, but the input has the shape that the reshape behind it
/// had, the readout has the factor that stood before it, and two factors one behind the other are
/// one.
const OTHERWISE: [&str; 10] = [
    "idioms/encoder_at_least_dynamo.onnx",
    "idioms/encoder_at_least_legacy.onnx",
    "idioms/encoder_each_dynamo.onnx",
    "idioms/encoder_each_legacy.onnx",
    "idioms/encoder_once_dynamo.onnx",
    "idioms/encoder_once_legacy.onnx",
    "idioms/membranes_alpha_dynamo.onnx",
    "idioms/membranes_alpha_legacy.onnx",
    "nir/node_flatten.nir",
    "nir/node_scale.nir",
];

#[test]
fn as_onnx() {
    let options = Options { weights: WeightForm::Float, ..Options::default() };
    let (mut same, mut otherwise, mut refused) = (0, Vec::new(), Vec::new());
    for (name, graph) in fixtures() {
        let bytes = match export::onnx::write(&graph) {
            Ok(bytes) => bytes,
            Err(d) => {
                assert_eq!(d.code.id, "SF0115", "{name}: {d}");
                refused.push((name, graph));
                continue;
            }
        };
        let (back, _) = onnx::import(&bytes, &graph.name, &options)
            .unwrap_or_else(|d| panic!("{name}: {} {d}", d.code.id));
        assert_same(&name, &logits(&graph), &logits(&back));
        if isomorphic(&with_real_weights(&graph), &back) {
            same += 1;
        } else {
            otherwise.push(name);
        }
    }
    assert_eq!(otherwise, OTHERWISE);
    // The timesteps are written out, so what a delay hands on has no operator; nor has an
    // integrator that resets, or a reset that holds membranes.
    let is_beyond = |op: &Op| match op {
        Op::Delay(_) => true,
        Op::Lif(l) => l.reset == Reset::HardDelayed,
        op => resets(op),
    };
    for (name, graph) in &refused {
        assert!(ops(graph).into_iter().any(is_beyond), "{name}");
    }
    let is_delay = |op: &Op| matches!(op, Op::Delay(_));
    let delays = refused.iter().filter(|(_, g)| ops(g).into_iter().any(is_delay)).count();
    assert!(same > 400 && delays < 64, "{same}, {delays}");
}

/// NIR has weights, neurons and edges, and shows every timestep: batch norms, scales of
/// readouts, static inputs and the way timesteps are brought together are not in it, so
/// what each timestep gives is compared.
#[test]
fn as_nir() {
    let (mut same, mut refused) = (0, 0);
    for (name, graph) in fixtures() {
        let bytes = match export::nir::write(&graph, 1e-4) {
            Ok(written) => written.bytes,
            Err(d) => {
                assert_eq!(d.code.id, "SF0140", "{name}: {d}");
                refused += usize::from(!ops(&graph).into_iter().any(resets));
                continue;
            }
        };
        let reset = ops(&graph).into_iter().find_map(|op| match op {
            Op::Lif(l) => Some(l.reset),
            _ => None,
        });
        let options = Options {
            dt: Some(1e-4),
            timesteps: Some(graph.timesteps),
            reset: reset.or(Some(Reset::Hard)),
            ..Options::default()
        };
        let (back, _) = nir::import(&bytes, &graph.name, &options)
            .unwrap_or_else(|d| panic!("{name}: {} {d}", d.code.id));
        let shown = shown(&graph);
        assert_same(&name, &run(&graph, &shown).steps, &run(&back, &shown).steps);
        same += 1;
    }
    assert!(same > 340 && refused < 144, "{same}, {refused}");
}
