// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models that cannot be compiled: a located diagnostic, and nothing on the disk.

use crate::models::{changed, node, small, student, tensor, text};
use crate::run::Place;

/// Compiling this file is refused so, and leaves nothing behind.
#[track_caller]
fn refused(name: &str, bytes: impl AsRef<[u8]>, code: &str, words: &str) {
    let place = Place::new();
    place.file(name, bytes);
    let before = place.tree();
    let line = format!("compile {name} --target icebreaker -o out/b");
    place.refused(&line, 1, code, words);
    place.refused(&line, 1, code, name);
    assert_eq!(place.tree(), before);
    place.refused(&format!("simulate {name} --count 1"), 1, code, words);
    place.refused(&format!("inspect {name} --integer"), 1, code, words);
}

#[test]
fn truncated() {
    let place = Place::new();
    let whole = student();
    let cuts = [0, 1, 2, 7, 100, 1000, 52_000, 200_000, whole.len() - 5000, whole.len() - 100];
    for cut in cuts {
        place.file("cut.onnx", &whole[..cut]);
        let ran = place.run("compile cut.onnx --target icebreaker -o b");
        assert_eq!(ran.code, Some(1), "{cut}: {}", ran.stderr);
        assert!(ran.stderr.contains("SF01") && ran.stderr.contains("cut.onnx"), "{}", ran.stderr);
        assert_eq!(place.tree().len(), 1, "{cut}");
    }
    let whole = small();
    for cut in (0..whole.len() - 40).step_by(251) {
        place.file("cut.onnx", &whole[..cut]);
        let ran = place.run("compile cut.onnx --target icebreaker -o b");
        assert!(ran.code == Some(1) && ran.stderr.contains("SF01"), "{cut}: {}", ran.stderr);
    }
}

#[test]
fn garbage() {
    let noise: Vec<u8> =
        (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    refused("noise.onnx", &noise, "SF0101", "");
    refused("text.onnx", "this is not a model", "SF0101", "");
    refused("empty.onnx", "", "SF0101", "");
    refused("noise.bin", &noise, "SF0102", ".onnx");
    refused("noise.sfir", &noise, "SF0201", "UTF-8");
    refused("empty.sfir", "", "SF0201", "the text ends");
}

/// A field of the model (its graph, its producer) that claims to be 2 GB long.
#[test]
fn a_length_of_two_gigabytes() {
    for field in [0x12, 0x3a] {
        let length = [0xff, 0xff, 0xff, 0xff, 0x07];
        let claim = [&[8, 10, field], &length[..], &[8, 10]].concat();
        refused("long.onnx", claim, "SF0101", "");
    }
    // Inside the graph, and larger than the address space.
    let claim = [8, 10, 0x3a, 12, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0];
    refused("long.onnx", claim, "SF0101", "");
}

#[test]
fn a_tensor_larger_than_its_data() {
    let dims = |dims: &[i64]| changed(|g| tensor(g, "fcs.0.weight").dims = dims.to_vec());
    refused("t.onnx", dims(&[1 << 20, 1 << 20]), "SF0105", "fcs.0.weight");
    refused("t.onnx", dims(&[1 << 40, 1 << 40]), "SF0105", "fcs.0.weight");
    refused("t.onnx", dims(&[8, -12]), "SF0105", "fcs.0.weight");
}

#[test]
fn weights_that_are_no_numbers() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for name in ["fcs.0.weight", "bns.0.running_mean", "lifs.0.threshold"] {
            let bytes =
                changed(|g| tensor(g, name).raw_data[..4].copy_from_slice(&value.to_le_bytes()));
            refused("nan.onnx", bytes, "SF0301", "");
        }
    }
}

#[test]
fn shapes_that_do_not_agree() {
    let swapped = changed(|g| node(g, "MatMul").input.reverse());
    refused("shape.onnx", swapped, "SF0107", "MatMul");
    let net = text(12, 8, 4).replace("%lif1 = lif(%fc1)", "%lif1 = lif(%in)");
    refused("shape.sfir", net, "SF0201", "line 5");
    let net = text(12, 8, 4).replace("\"scale\":0.5", "\"scale\":[0.5]");
    refused("shape.sfir", net, "SF0202", "fc1");
}

#[test]
fn a_cycle() {
    let cycle = changed(|g| {
        let last = g.node.last().unwrap().output[0].clone();
        node(g, "Div").input[0] = last;
    });
    refused("cycle.onnx", cycle, "SF0104", "cycle");
}

#[test]
fn no_timesteps() {
    refused("zero.sfir", text(12, 8, 0), "SF0202", "at least one timestep");
    let place = Place::new();
    place.refused(
        "compile {small} --timesteps 0 --target icebreaker -o b",
        1,
        "SF0003",
        "--timesteps 0",
    );
    place.refused(
        "compile {small} --timesteps 7 --target icebreaker -o b",
        1,
        "SF0125",
        "plain_legacy",
    );
    assert!(place.tree().is_empty());
}

#[test]
fn an_operator_that_is_unknown() {
    let bytes = changed(|g| node(g, "Div").op_type = "Erf".into());
    refused("erf.onnx", bytes, "SF0120", "Erf");
}

#[test]
fn a_model_that_does_not_fit() {
    let place = Place::new();
    place.file("large.sfir", text(784, 2048, 4));
    let line = "compile large.sfir --target icebreaker -o b";
    let ran = place.run(line);
    let said = ran.stderr.replace(['\n', '│'], " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(ran.code == Some(1) && said.contains("SF0411"), "{said}");
    for words in [
        "large.sfir: net: ",
        "icebreaker has 5280 LUT4",
        "; 4 SPRAM too many",
        "1609728 bits of weights, all RAMs hold 1171456",
        "it would fit if `fc1` had ",
        " neurons instead of 2048",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(place.tree().len(), 1);

    // What is said to fit does fit, and one neuron more does not.
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.iter().position(|w| *w == "had").unwrap();
    let most: usize = words[at + 1].parse().unwrap();
    place.file("fits.sfir", text(784, most / 4 * 4, 4));
    place.good("compile fits.sfir --target icebreaker -o fits");
    place.file("large.sfir", text(784, (most / 4 + 1) * 4, 4));
    place.refused(line, 1, "SF0411", "would fit");

    // It still runs on the host, which says why there is no hardware.
    let ran = place.json("simulate large.sfir --count 2");
    assert!(ran["hardware_reason"].as_str().unwrap().contains("too many"), "{ran}");
}

#[test]
fn a_model_that_no_engine_takes() {
    let place = Place::new();
    place.file("long.sfir", text(12, 8, 129));
    place.refused("compile long.sfir --target icebreaker -o b", 1, "SF0410", "129 timesteps");
    assert_eq!(place.tree().len(), 1);
}

#[test]
fn a_file_that_is_not_there_or_is_none() {
    let place = Place::new();
    std::fs::create_dir(place.path("dir.onnx")).unwrap();
    for command in ["compile FILE --target icebreaker -o b", "inspect FILE", "simulate FILE"] {
        let line = |name: &str| command.replace("FILE", name);
        place.refused(
            &line("nowhere/m.onnx"),
            1,
            "SF0001",
            "nowhere/m.onnx: cannot read: No such file",
        );
        let (code, words) = if command.starts_with("compile") {
            ("SF0001", "dir.onnx: cannot read: Is a directory")
        } else {
            ("SF0004", "there is no synfire.json in it")
        };
        place.refused(&line("dir.onnx"), 1, code, words);
    }
    assert_eq!(place.tree().len(), 1);
}
