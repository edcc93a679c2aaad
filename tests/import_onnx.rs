// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Import of the student, exported by both of PyTorch's exporters.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Read as _;
use std::path::{Path, PathBuf};

use synfire::import::{LiftReport, Options, load, load_with_report};
use synfire::interp::Interp;
use synfire::ir::{BatchNorm, Compare, Graph, Lif, Op, PerChannel, ReadoutKind, Reset};
use synfire::ir::{parse, print};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/student").join(name)
}

fn student(exporter: &str) -> (Graph, LiftReport) {
    let path = file(&format!("student_{exporter}.onnx"));
    load_with_report(&path, &Options::default()).unwrap()
}

fn op<'g>(graph: &'g Graph, name: &str) -> &'g Op {
    &graph.node(graph.find(name).unwrap_or_else(|| panic!("no node {name}"))).op
}

fn names(graph: &Graph) -> Vec<String> {
    graph.order().unwrap().into_iter().map(|id| graph.node(id).name.clone()).collect()
}

#[test]
fn the_structure_is_what_was_written() {
    for (exporter, nodes) in [
        ("legacy", &["pixels", "scale1", "fc1", "bn1", "lif1", "fc2", "bn2", "logits"][..]),
        ("dynamo", &["pixels", "scale1", "fc1", "bn1", "lif1", "fc2", "logits"]),
    ] {
        let (graph, _) = student(exporter);
        assert_eq!(names(&graph), nodes, "{exporter}");
        assert_eq!(graph.timesteps, 4);
        let Op::Input(input) = op(&graph, "pixels") else { panic!() };
        assert_eq!((&input.shape[..], input.bits, input.is_static), (&[784][..], Some(8), true));
        let Op::Scale(scale) = op(&graph, "scale1") else { panic!() };
        assert_eq!(scale.factor, PerChannel::All(1.0 / 255.0));
        let want = Lif {
            leak: PerChannel::All(0.5),
            gain: PerChannel::All(1.0),
            bias: PerChannel::All(0.0),
            threshold: PerChannel::All(1.0),
            reset: Reset::SoftDelayed,
            compare: Compare::Above,
            reset_to: PerChannel::zero(),
            start: PerChannel::zero(),
        };
        assert_eq!(op(&graph, "lif1"), &Op::Lif(want));
        let Op::Readout(readout) = op(&graph, "logits") else { panic!() };
        assert_eq!(readout.kind, ReadoutKind::PerStep);
        for (name, outputs, inputs) in [("fc1", 128, 784), ("fc2", 10, 128)] {
            let Op::Linear(l) = op(&graph, name) else { panic!() };
            assert_eq!((l.weights.outputs(), l.weights.inputs()), (outputs, inputs));
        }
    }
}

#[test]
fn every_operator_is_accounted_for_once() {
    for (exporter, operators) in [("legacy", 104), ("dynamo", 48)] {
        let (_, report) = student(exporter);
        let mut all: Vec<_> = report.lifted.iter().flat_map(|l| &l.sources).collect();
        assert_eq!(all.len(), operators);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), operators);
        assert_eq!(report.count("linear"), 5);
        assert_eq!(report.count("readout"), 5);
    }
}

/// Signs, α and shift of an affine layer `y_c = α_c Σ ±x + shift_c`, batch norm folded
/// in; α may be negative.
fn folded(graph: &Graph, linear: &str, norm: Option<&str>) -> (Vec<Vec<f64>>, Vec<f64>) {
    let Op::Linear(l) = op(graph, linear) else { panic!() };
    let (signs, scale) = l.weights.binary().unwrap();
    let mut rows = Vec::new();
    let mut shifts = Vec::new();
    for c in 0..signs.rows() {
        let (mut gain, mut shift) = (scale.at(c), l.bias.as_ref().map_or(0.0, |b| b[c]));
        if let Some(Op::BatchNorm(BatchNorm { gamma, beta, mean, var, eps })) =
            norm.map(|n| op(graph, n))
        {
            let factor = gamma[c] / (var[c] + eps).sqrt();
            gain *= factor;
            shift = (shift - mean[c]) * factor + beta[c];
        }
        let sign = |i: usize| if signs.get(c, i) { gain } else { -gain };
        rows.push((0..signs.cols()).map(sign).collect());
        shifts.push(shift);
    }
    (rows, shifts)
}

#[test]
fn both_exports_have_the_same_parameters() {
    let (legacy, dynamo) = (student("legacy").0, student("dynamo").0);
    for (linear, norm_legacy, norm_dynamo) in
        [("fc1", Some("bn1"), Some("bn1")), ("fc2", Some("bn2"), None)]
    {
        let a = folded(&legacy, linear, norm_legacy);
        let b = folded(&dynamo, linear, norm_dynamo);
        let near = |x: &f64, y: &f64| (x - y).abs() <= 1e-4 * x.abs().max(y.abs()).max(1e-3);
        for (x, y) in a.0.iter().flatten().zip(b.0.iter().flatten()) {
            assert!(near(x, y), "{linear}: {x} and {y}");
        }
        for (x, y) in a.1.iter().zip(&b.1) {
            assert!((x - y).abs() < 1e-4, "{linear}: {x} and {y}");
        }
    }
}

fn images() -> Vec<Vec<u16>> {
    let bytes = std::fs::read(file("images-idx3-ubyte.gz")).unwrap();
    let mut raw = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut raw).unwrap();
    raw[16..].chunks(784).map(|i| i.iter().map(|&p| p.into()).collect()).collect()
}

fn array<T: npyz::Deserialize>(name: &str) -> Vec<T> {
    let bytes = std::fs::read(file(name)).unwrap();
    npyz::NpyFile::new(&bytes[..]).unwrap().into_vec().unwrap()
}

#[test]
fn the_graph_computes_what_pytorch_does() {
    let images = images();
    let logits: Vec<f32> = array("logits_torch.npy");
    let spikes: Vec<u8> = array("spikes_torch.npy");
    let n = images.len();
    for exporter in ["legacy", "dynamo"] {
        let (graph, _) = student(exporter);
        let interp = Interp::new(&graph).unwrap();
        let (mut flipped, mut wrong) = (0, 0);
        for (i, image) in images.iter().enumerate() {
            let record = interp.run(image).unwrap();
            let mut same = true;
            for (t, fired) in record.spikes[0].fired.iter().enumerate() {
                for (j, &fired) in fired.iter().enumerate() {
                    let byte = spikes[(t * n + i) * 16 + j / 8];
                    let torch = byte >> (7 - j % 8) & 1 == 1;
                    flipped += usize::from(fired != torch);
                    same &= fired == torch;
                }
            }
            for (t, step) in record.steps.iter().enumerate() {
                for (c, x) in step.iter().enumerate() {
                    let torch = f64::from(logits[(t * n + i) * 10 + c]);
                    wrong += usize::from(same && (x - torch).abs() > 1e-4);
                }
            }
        }
        // Single and double precision may disagree on a membrane at its threshold.
        assert!(flipped <= 5, "{exporter}: {flipped} spikes differ");
        assert_eq!(wrong, 0, "{exporter}");
    }
}

#[test]
fn the_text_form_is_read_back() {
    let (graph, _) = student("dynamo");
    let text = print(&graph).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("student.ir");
    std::fs::write(&path, &text).unwrap();
    let again = load(&path, &Options::default()).unwrap();
    assert_eq!(print(&again).unwrap(), text);
    assert_eq!(print(&parse(&text).unwrap()).unwrap(), text);
}

#[test]
fn timesteps_are_checked_against_the_file() {
    let path = file("student_legacy.onnx");
    let with = |t| load(&path, &Options { timesteps: Some(t), ..Options::default() });
    assert_eq!(with(4).unwrap().timesteps, 4);
    assert_eq!(with(8).unwrap_err().code.id, "SF0125");
    assert_eq!(with(0).unwrap_err().code.id, "SF0003");
}
