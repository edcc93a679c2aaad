// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The long checks of the model: all test images, and the way down to the bitstream.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use synfire::flow::Tool;

use crate::file;
use crate::tools::tools;

/// Where Debian's package `dataset-fashion-mnist` puts it.
const DATASET: &str = "/usr/share/datasets/fashion-mnist";

/// Runs the program and reads what it prints; it must succeed.
pub(crate) fn synfire(args: &[&str]) -> Value {
    let out =
        Command::new(env!("CARGO_BIN_EXE_synfire")).args(args).arg("--json").output().unwrap();
    assert!(out.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
#[ignore = "10,000 images; part of the nightly run"]
fn all_test_images() {
    let images = format!("{DATASET}/t10k-images-idx3-ubyte.gz");
    let labels = format!("{DATASET}/t10k-labels-idx1-ubyte.gz");
    if !Path::new(&images).exists() {
        let missing = format!("missing: {DATASET} (apt-get install dataset-fashion-mnist)");
        assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "{missing}");
        eprintln!("not run, {missing}");
        return;
    }
    let expected = std::fs::read_to_string(file("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    for export in ["student_legacy.onnx", "student_dynamo.onnx"] {
        let model = file(export);
        let r = synfire(&["simulate", text(&model), "--images", &images, "--labels", &labels]);
        eprintln!("{export}: {r}");
        let number = |field: &str| r[field].as_f64().unwrap();
        assert_eq!(r["images"], 10_000);
        assert_eq!(r["accuracy_real"], expected["accuracy_10000"]);
        assert!((number("accuracy_real") - number("accuracy_integer")).abs() <= 0.001, "{r}");
        assert!(number("class_agreement") >= 0.999, "{r}");
        let hardware = &r["hardware"];
        assert_eq!(hardware["differences_to_interp"], 0);
        assert!(hardware["mean_cycles_after_input"].as_f64() <= Some(2000.0), "{r}");
    }
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn down_to_the_bitstream() {
    let needed = [
        Tool::Yosys,
        Tool::NextpnrIce40,
        Tool::Icepack,
        Tool::Iceunpack,
        Tool::IceboxVlog,
        Tool::Verilator,
        Tool::Cxx,
    ];
    if tools(&needed).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (model, out) = (file("student_dynamo.onnx"), dir.path().join("b"));
    let built = synfire(&[
        "compile",
        text(&model),
        "--target",
        "icebreaker",
        "-o",
        text(&out),
        "--bitstream",
    ]);
    let result = &built["bitstream"];
    eprintln!("{result}");
    let count = |field: &str| result[field].as_u64().unwrap();
    assert!(result["fmax_mhz"].as_f64() >= Some(24.0), "{result}");
    assert!(count("lut4") <= 5280 && count("logic_cells") <= 5280, "{result}");
    assert!(count("ebr") <= 30 && count("spram") == 0 && count("dsp") == 0, "{result}");
    // The manifest says the same.
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(out.join("synfire.json")).unwrap()).unwrap();
    assert_eq!(&manifest["bitstream"], result);
    assert_eq!(count("bytes"), std::fs::metadata(out.join("top.bin")).unwrap().len());

    let images = file("images-idx3-ubyte.gz");
    let counts = ["--rtl", "200", "--netlist", "16", "--on-bitstream", "8", "--mutate"];
    let report =
        synfire(&[&["verify", text(&out), "--images", text(&images)], &counts[..]].concat());
    let comparisons = report["comparisons"].as_array().unwrap();
    let levels: Vec<_> = comparisons
        .iter()
        .map(|c| (c["levels"].as_str().unwrap(), &c["tally"]["images"]))
        .collect();
    let expected = [
        ("interp = sim", 1000),
        ("sim = RTL, with cycles", 200),
        ("sim = RTL, with cycles, inputs with gaps", 8),
        ("sim = RTL, result taken with pauses", 8),
        ("sim = top, over the serial line", 2),
        ("sim = netlist, over the serial line", 16),
        ("sim = bitstream, over the serial line", 8),
    ];
    assert_eq!(levels.len(), expected.len(), "{report}");
    for ((level, images), (name, count)) in levels.into_iter().zip(expected) {
        assert_eq!((level, images.as_u64()), (name, Some(count)));
    }
    for c in comparisons {
        let tally = &c["tally"];
        assert!(c["first"].is_null(), "{c}");
        assert!(tally["spikes"][0].as_u64() > Some(0) && tally["spikes"][1] == 0, "{c}");
        assert!(tally["logits"][0].as_u64() > Some(0) && tally["logits"][1] == 0, "{c}");
    }
    assert_eq!(report["left_out"], Value::Array(Vec::new()));
    let mutations = report["mutations"].as_array().unwrap();
    let kinds: Vec<_> = mutations.iter().map(|m| m["mutation"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["weight", "threshold", "gain", "transition", "bitstream"]);
    for m in mutations {
        assert!(m["caught"]["what"].is_string(), "{m}");
        assert_eq!(m["as_predicted"].is_null(), m["mutation"] == "transition", "{m}");
    }
}
