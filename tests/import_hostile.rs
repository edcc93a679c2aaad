// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Damaged and hostile ONNX files: always a diagnostic, never a panic.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../fuzz/src/structure.rs"]
#[allow(dead_code, reason = "fuzzing uses the rest")]
mod structure;

#[path = "common/rounds.rs"]
mod rounds;

use std::path::Path;

use onnx_protobuf::{ModelProto, NodeProto};
use proptest::prelude::*;
use protobuf::Message as _;
use rounds::rounds;
use synfire::diag::Diagnostic;
use synfire::import::{Options, onnx};

use structure::{Random, mutate};

/// A network of 12-8-3, small enough to be damaged many times.
fn small(exporter: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/dialects");
    std::fs::read(folder.join(format!("plain_{exporter}.onnx"))).unwrap()
}

/// A network with convolutions, pools, joins and a head behind the mean over time.
fn images(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/conv");
    std::fs::read(folder.join(format!("{name}.onnx"))).unwrap()
}

const IMAGES: [&str; 4] =
    ["residual-spikes_legacy", "conv1d_dynamo", "ensemble-concat_dynamo", "integrator-mean_legacy"];

/// Imports; a diagnostic must have a place or say what to do.
fn import(bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    let result = onnx::import(bytes, "damaged", &Options::default()).map(|_| ());
    if let Err(d) = &result {
        assert!(d.code.id != "SF0000", "internal error: {d}");
        assert!(d.location.path.is_some() || d.help.is_some(), "{}: {d}", d.code.id);
    }
    result
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    for exporter in ["legacy", "dynamo"] {
        let bytes = small(exporter);
        assert!(import(&bytes).is_ok());
        for length in (0..bytes.len()).step_by(3) {
            // What is cut off may be nothing but a trailing field that says little.
            let error = import(&bytes[..length]);
            assert!(error.is_err() || bytes.len() - length < 32, "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn garbage_is_refused() {
    let mut random = Random(1);
    for _ in 0..rounds(700) {
        let length = random.below(200);
        let bytes: Vec<u8> =
            (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        assert!(import(&bytes).is_err());
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for exporter in ["legacy", "dynamo"] {
        let bytes = small(exporter);
        let mut random = Random(2);
        for _ in 0..rounds(1000) {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(damaged.len());
                damaged[at] = u8::try_from(random.below(256)).unwrap();
            }
            let _ = import(&damaged);
        }
    }
}

#[test]
fn damaged_networks_of_images_never_panic() {
    for name in IMAGES {
        let bytes = images(name);
        assert!(import(&bytes).is_ok());
        let model = ModelProto::parse_from_bytes(&bytes).unwrap();
        let mut random = Random(4);
        for _ in 0..rounds(100) {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(damaged.len());
                damaged[at] = u8::try_from(random.below(256)).unwrap();
            }
            let _ = import(&damaged);
            let mut changed = model.clone();
            for _ in 0..=random.below(3) {
                mutate(&mut changed, &mut random);
            }
            let _ = import(&changed.write_to_bytes().unwrap());
        }
    }
}

#[test]
fn changed_structures_never_panic() {
    for exporter in ["legacy", "dynamo"] {
        let model = ModelProto::parse_from_bytes(&small(exporter)).unwrap();
        let mut random = Random(3);
        let mut refused = 0;
        for _ in 0..rounds(1000) {
            let mut damaged = model.clone();
            for _ in 0..=random.below(3) {
                mutate(&mut damaged, &mut random);
            }
            refused += usize::from(import(&damaged.write_to_bytes().unwrap()).is_err());
        }
        assert!(refused > 250, "{refused}");
    }
}

/// The code that a change to the small model is refused with.
fn refusal(change: impl FnOnce(&mut onnx_protobuf::GraphProto)) -> &'static str {
    let mut model = ModelProto::parse_from_bytes(&small("legacy")).unwrap();
    change(model.graph.mut_or_insert_default());
    import(&model.write_to_bytes().unwrap()).unwrap_err().code.id
}

fn node<'g>(graph: &'g mut onnx_protobuf::GraphProto, op: &str) -> &'g mut NodeProto {
    graph.node.iter_mut().find(|n| n.op_type == op).unwrap()
}

fn tensor<'g>(graph: &'g mut onnx_protobuf::GraphProto, name: &str) -> &'g mut Vec<u8> {
    &mut graph.initializer.iter_mut().find(|t| t.name == name).unwrap().raw_data
}

#[test]
fn common_faults_have_their_code() {
    for value in [f32::NAN, f32::INFINITY] {
        for name in ["fcs.0.weight", "bns.0.weight", "bns.0.running_mean", "lifs.0.threshold"] {
            let code = refusal(|g| tensor(g, name)[..4].copy_from_slice(&value.to_le_bytes()));
            // An infinite weight makes the mean magnitude infinite, too.
            assert_eq!(code, "SF0301", "{name} with {value}");
        }
    }
    assert_eq!(refusal(|g| tensor(g, "fcs.0.weight").truncate(40)), "SF0105");
    assert_eq!(refusal(|g| g.initializer[0].dims = vec![5, 5]), "SF0105");
    assert_eq!(refusal(|g| node(g, "MatMul").input.reverse()), "SF0107");
    assert_eq!(refusal(|g| node(g, "Div").input[0] = "nowhere".into()), "SF0104");
    assert_eq!(
        refusal(|g| {
            let last = g.node.last().unwrap().output[0].clone();
            node(g, "Div").input[0] = last;
        }),
        "SF0104"
    );
    assert_eq!(refusal(|g| g.output.clear()), "SF0104");
    assert_eq!(refusal(|g| node(g, "Div").op_type = "Erf".into()), "SF0120");
    assert_eq!(refusal(|g| node(g, "Div").domain = "com.example".into()), "SF0103");
}

#[test]
fn large_graphs_take_no_longer_than_their_size_explains() {
    let chain = |op: &str, length: usize, second: &str| {
        let mut model = ModelProto::parse_from_bytes(&small("legacy")).unwrap();
        let graph = model.graph.mut_or_insert_default();
        let mut last = "/Div_output_0".to_owned();
        for i in 0..length {
            let second = if second.is_empty() { last.clone() } else { second.to_owned() };
            graph.node.push(NodeProto {
                op_type: op.into(),
                input: vec![last.clone(), second],
                output: vec![format!("chain{i}")],
                ..NodeProto::default()
            });
            last = format!("chain{i}");
        }
        graph.output[0].name = last;
        let bytes = model.write_to_bytes().unwrap();
        assert!(import(&bytes).is_err());
    };
    chain("Add", 30_000, "");
    chain("Mul", 30_000, "");
    chain("Add", 30_000, "pixels");
    chain("Greater", 30_000, "/Div_output_0");
    chain("Mul", 30_000, "/Constant_output_0");
    chain("Sub", 30_000, "/Constant_output_0");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(import(&bytes).is_err());
    }

    #[test]
    fn a_graph_of_any_bytes_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut file = vec![8, 10, 0x3a, u8::try_from(bytes.len()).unwrap()];
        file.extend(bytes);
        prop_assert!(import(&file).is_err());
    }
}
