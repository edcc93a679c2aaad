// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Convolutional, residual and ensemble networks (tests/models/conv).
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use synfire::import::{LiftReport, Options, load_with_report};
use synfire::interp::{Interp, Logits, Record};
use synfire::ir::{Graph, Op, PerChannel, PoolKind, ReadoutKind};

const SAMPLES: usize = 100;
/// What single and double precision may differ by; no sample has a membrane so close to
/// its threshold that they disagree about a spike (make.py sees to that).
const BOUND: f64 = 1e-5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/conv")
}

fn import(name: &str, exporter: &str) -> (Graph, LiftReport) {
    let path = folder().join(format!("{name}_{exporter}.onnx"));
    load_with_report(&path, &Options::default()).unwrap_or_else(|d| panic!("{} {d}", d.code.id))
}

/// Every model, by its recorded outputs.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap();
    let name = |f: std::io::Result<std::fs::DirEntry>| {
        f.unwrap().file_name().into_string().unwrap().strip_suffix(".npy").map(str::to_owned)
    };
    let mut names: Vec<_> = files.filter_map(name).collect();
    names.sort();
    names
}

/// The inputs that make.py generated: SplitMix64, half the levels zero.
fn inputs() -> Vec<Vec<u16>> {
    let mut state = 11u64;
    let mut level = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        if z >> 63 == 1 { u16::from(z as u8) } else { 0 }
    };
    (0..SAMPLES).map(|_| (0..64).map(|_| level()).collect()).collect()
}

/// ONNX Runtime's outputs: shape and elements.
fn outputs(name: &str) -> (Vec<u64>, Vec<f64>) {
    let bytes = std::fs::read(folder().join(format!("{name}.npy"))).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = file.shape().to_vec();
    (shape, file.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect())
}

/// Logits of all timesteps where each is an output, else those of the inference.
fn logits(record: &Record, per_step: bool) -> Vec<Vec<f64>> {
    match &record.logits {
        _ if per_step => record.steps.clone(),
        Logits::Real(logits) => vec![logits.clone()],
        Logits::Integer(_) => panic!("integers"),
    }
}

fn largest(v: &[f64]) -> usize {
    (0..v.len()).rev().max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap()
}

fn agrees(name: &str, exporter: &str) {
    let (graph, _) = import(name, exporter);
    let interp = Interp::new(&graph).unwrap();
    let (shape, want) = outputs(name);
    let classes = usize::try_from(*shape.last().unwrap()).unwrap();
    let (mut worst, mut ties) = (0.0f64, 0);
    let mut layers: Vec<(usize, usize)> = Vec::new();
    for (i, input) in inputs().iter().enumerate() {
        let record = interp.run(input).unwrap();
        for (t, got) in logits(&record, shape.len() == 3).iter().enumerate() {
            let at = (t * SAMPLES + i) * classes;
            let want = &want[at..at + classes];
            assert_eq!(got.len(), classes);
            worst = got.iter().zip(want).fold(worst, |m, (a, b)| m.max((a - b).abs()));
            assert!(worst < BOUND, "{name} {exporter}: sample {i} is off by {worst}");
            // Small networks have classes with equal logits; rounding decides between those.
            let (mine, best) = (largest(got), largest(want));
            ties += usize::from(mine != best);
            assert!(
                want[best] - want[mine] < BOUND / 10.0,
                "{name} {exporter}: class of sample {i}"
            );
        }
        layers.resize(record.spikes.len(), (0, 0));
        for ((fired, all), s) in layers.iter_mut().zip(&record.spikes) {
            *fired += s.count();
            *all += s.neurons * s.fired.len();
        }
    }
    assert!(ties <= 5, "{name} {exporter}: {ties} ties");
    // A layer that is silent or always fires would agree with anything.
    for (fired, all) in layers {
        assert!(fired * 50 > all && fired * 20 < all * 19, "{name}: {fired} of {all}");
    }
}

#[test]
fn every_network_computes_what_onnxruntime_does() {
    let names = names();
    assert_eq!(names.len(), 32, "{names:?}");
    for name in names {
        for exporter in ["legacy", "dynamo"] {
            agrees(&name, exporter);
        }
    }
}

fn operators(graph: &Graph) -> Vec<&'static str> {
    graph.order().unwrap().into_iter().map(|id| graph.node(id).op.name()).collect()
}

fn count(graph: &Graph, name: &str) -> usize {
    operators(graph).into_iter().filter(|o| *o == name).count()
}

fn kind(graph: &Graph) -> ReadoutKind {
    match &graph.node(graph.output().unwrap()).op {
        Op::Readout(r) => r.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_network_is_its_layers() {
    let layers =
        ["input", "scale", "conv", "lif", "pool", "conv", "lif", "reshape", "linear", "readout"];
    for name in ["plain", "static", "average"] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(operators(&graph), layers, "{name} {exporter}");
            // The first convolution is computed once, wherever the file has it.
            let streams = graph.order().unwrap().into_iter().map(|id| &graph.node(id).stream);
            assert_eq!(streams.filter(|s| s.is_static).count(), 3, "{name} {exporter}");
        }
    }
}

#[test]
fn batch_norm_is_kept_or_was_folded_by_the_exporter() {
    for (name, exporter, norms) in
        [("norm", "legacy", 2), ("norm", "dynamo", 0), ("residual-multi", "dynamo", 4)]
    {
        let (graph, _) = import(name, exporter);
        assert_eq!(count(&graph, "batch-norm"), norms, "{name} {exporter}");
    }
}

#[test]
fn every_operator_is_accounted_for() {
    for name in names() {
        for exporter in ["legacy", "dynamo"] {
            let (graph, report) = import(&name, exporter);
            let made: Vec<_> = report.lifted.iter().filter_map(|l| l.node.as_deref()).collect();
            for node in &made {
                assert!(graph.find(node).is_some(), "{name} {exporter}: {node}");
            }
            let named = report.lifted.iter().filter(|l| l.node.is_some());
            let made = |p: &str| matches!(p, "readout" | "sum-over-time");
            assert!(named.clone().all(|l| !l.sources.is_empty() || made(l.pattern)));
        }
    }
}

#[test]
fn readouts_and_pools_are_what_was_written() {
    for (name, want) in [
        ("integrator-mean", ReadoutKind::Mean),
        ("integrator-sum", ReadoutKind::Sum),
        ("integrator-last", ReadoutKind::Last),
        ("integrator-stack", ReadoutKind::PerStep),
        ("integrator-leaky", ReadoutKind::Mean),
        ("last", ReadoutKind::Last),
        ("ensemble-sum", ReadoutKind::Mean),
        ("ensemble-step", ReadoutKind::PerStep),
        ("ensemble-concat", ReadoutKind::Mean),
        ("ensemble-concat-sum", ReadoutKind::Sum),
        ("relu-tail", ReadoutKind::Last),
    ] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(kind(&graph), want, "{name} {exporter}");
            assert_eq!(
                count(&graph, "li"),
                usize::from(name.starts_with("integ") || name == "relu-tail")
            );
        }
    }
    for (name, want) in [
        ("plain", PoolKind::Max),
        ("average", PoolKind::Average),
        ("average-inside", PoolKind::AverageInside),
        ("global", PoolKind::Average),
    ] {
        let (graph, _) = import(name, "dynamo");
        let pool = graph.order().unwrap().into_iter().find_map(|id| match &graph.node(id).op {
            Op::Pool(p) => Some(p.kind),
            _ => None,
        });
        assert_eq!(pool, Some(want), "{name}");
    }
}

#[test]
fn parameters_are_per_channel_and_per_element() {
    for exporter in ["legacy", "dynamo"] {
        let (graph, _) = import("per-channel", exporter);
        let lengths: Vec<_> = graph
            .order()
            .unwrap()
            .into_iter()
            .filter_map(|id| match &graph.node(id).op {
                Op::Lif(l) => Some([&l.leak, &l.threshold].map(|p| match p {
                    PerChannel::All(_) => 1,
                    PerChannel::Each(v) => v.len(),
                })),
                _ => None,
            })
            .collect();
        assert_eq!(lengths, [[2, 2], [16, 16]], "{exporter}");
    }
}

#[test]
fn residual_streams_are_shared() {
    for (name, adds) in [
        ("residual-identity", 1),
        ("residual-shortcut", 1),
        ("residual-spikes", 1),
        ("residual-multi", 3),
    ] {
        for exporter in ["legacy", "dynamo"] {
            let (graph, _) = import(name, exporter);
            assert_eq!(count(&graph, "add"), adds, "{name} {exporter}");
            let ids = graph.order().unwrap();
            let branches = ids.iter().filter(|&&id| graph.users(id).len() == 2).count();
            assert_eq!(branches, adds, "{name} {exporter}");
        }
    }
}
