// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What users see of a chain whose last layer has weights of several bits.

use crate::run::Place;

#[test]
fn a_head_of_several_bits_ends_a_chain() {
    let place = Place::new();
    let said = place.good("compile {ensemble} --target icebreaker -o b");
    // 256 inputs, 10 classes with 8 planes, 20 lanes, 4 groups.
    let head: Vec<_> = said
        .lines()
        .find(|l| l.starts_with("head.0.linear"))
        .unwrap_or_else(|| panic!("{said}"))
        .split_whitespace()
        .collect();
    assert_eq!(head, ["head.0.linear", "256", "10×8", "20", "4", "11", "EBR"]);
    assert!(said.contains("pipeline: an engine for each layer is fastest, and it fits"), "{said}");
    let layers = place.json("inspect b --hw")["layers"].clone();
    assert_eq!((&layers[1]["neurons"], &layers[1]["planes"]), (&10.into(), &8.into()));
    let svg = place.good("inspect b --format svg");
    assert!(svg.contains("sf_planes: 8 planes become a sum of 19 bits"));
    let stages = place.json("energy b --images {images} --count 3")["device"]["stages"].clone();
    let modules: Vec<_> = (0..6).map(|i| stages[i]["module"].as_str().unwrap()).collect();
    let want = ["sf_dense", "sf_lif", "sf_count_ones", "sf_dense", "sf_planes", "sf_readout"];
    assert_eq!(modules, want);
    assert_eq!(stages[4]["name"], "head.0.linear, planes");
    place.good("simulate b --images {images} --count 1 --report page.html");
    // The processor takes it as well, if it is asked for.
    let said = place.good("compile {ensemble} --target icebreaker --mapping shared -o c");
    assert!(said.contains("\njob "), "{said}");
}

/// What the refusal of weights that are not binary advises: the model is read, becomes hardware,
/// and what that computes is what the integers are, as near to the real numbers as they are.
#[test]
fn what_is_advised_for_weights_of_several_bits_becomes_hardware() {
    let place = Place::without_tools();
    for (model, code, advised) in [
        ("dialects/float_legacy", "SF0121", &["int8", "float"][..]),
        ("dialects/float_dynamo", "SF0121", &["int8", "float"]),
        ("qonnx/quant4", "SF0121", &["int8"]),
        ("dialects/ternary_legacy", "SF0122", &["int8"]),
    ] {
        let file = format!("{}/tests/models/{model}.onnx", env!("CARGO_MANIFEST_DIR"));
        let compile = format!("compile {file} --target icebreaker -o b");
        for form in advised {
            let advice = if *form == "int8" { "--weights int8" } else { "--weights float" };
            place.refused(&compile, 1, code, advice);
            place.good(&format!("{compile} {advice}"));
            let ran = place.json("simulate b --count 50");
            assert_eq!(ran["hardware"]["differences_to_interp"], 0, "{model} {form}: {ran}");
            let real = place.json(&format!("simulate {file} {advice} --count 50"));
            let share = |field: &str| real[field].as_f64().unwrap();
            assert!(share("class_agreement") >= 0.98, "{model} {form}: {real}");
            assert!(share("spike_mismatch") < 0.01, "{model} {form}: {real}");
        }
    }
}
