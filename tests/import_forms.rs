// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Forms of ONNX files other than a PyTorch export with its timesteps unrolled.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "common/agree.rs"]
mod agree;

use agree::{agree, distance, expected, file, import, levels, numbers, recorded};
use serde_json::Value;
use synfire::import::{Options, WeightForm, ZeroSign, load};
use synfire::interp::Interp;
use synfire::ir::Graph;

/// Inputs and outputs that stand in `expected.json`, `[sample][timestep][class]` or
/// `[sample][class]`.
fn agree_with(name: &str, graph: &Graph, inputs: &Value, want: &Value) {
    let inputs: Vec<Vec<u16>> = serde_json::from_value(inputs.clone()).unwrap();
    let want: Vec<_> = want.as_array().unwrap().iter().map(numbers).collect();
    agree(name, graph, &inputs, &want);
}

/// A hundred generated inputs, with the outputs in an npy file.
fn agree_recorded(name: &str, graph: &Graph, want: &str) {
    let size = graph.node(graph.order().unwrap()[0]).stream.len();
    agree(name, graph, &levels(size, 4, 100, 1), &recorded(want));
}

#[test]
fn one_timestep_is_run_as_often_as_it_is_asked_for() {
    let all = expected("one_step");
    assert_eq!(all.len(), 9);
    for (variant, entry) in &all {
        for exporter in ["legacy", "dynamo"] {
            let name = format!("one_step/{variant}_{exporter}.onnx");
            let steps = u32::try_from(entry["steps"].as_u64().unwrap()).unwrap();
            let options = Options { timesteps: Some(steps), ..Options::default() };
            let graph = import(&name, &options);
            assert_eq!(graph.timesteps, steps);
            agree_with(&name, &graph, &entry["input"], &entry[exporter]);
        }
    }
}

#[test]
fn one_timestep_alone_is_no_inference() {
    let error = load(&file("one_step/two_dynamo.onnx"), &Options::default()).unwrap_err();
    assert_eq!(error.code.id, "SF0113");
    assert!(error.message.contains("`mem1` → `sub_1`, `mem2` → `sub_4`"), "{error}");
}

#[test]
fn every_container_holds_the_same_network() {
    let all = expected("containers");
    let files = all["files"].as_array().unwrap();
    assert!(files.len() >= 50);
    for name in files {
        let name = format!("containers/{}.onnx", name.as_str().unwrap());
        let graph = import(&name, &Options::default());
        agree_recorded(&name, &graph, "containers/logits.npy");
    }
}

#[test]
fn external_data_need_the_folder() {
    let bytes = std::fs::read(file("containers/external.onnx")).unwrap();
    let error = synfire::import::onnx::import(&bytes, "x", &Options::default()).unwrap_err();
    assert_eq!(error.code.id, "SF0106");
}

#[test]
fn quantisers_of_qonnx_make_the_weights() {
    for variant in ["tensor", "channel", "brevitas", "quant4", "quant3"] {
        let name = format!("qonnx/{variant}.onnx");
        let mut options = Options::default();
        if variant.starts_with("quant") {
            let error = load(&file(&name), &options).unwrap_err();
            assert_eq!(error.code.id, "SF0121", "{error}");
            assert!(error.help.as_ref().unwrap().contains("--weights int8"), "{error}");
            options.weights = WeightForm::Int8;
        }
        agree_recorded(&name, &import(&name, &options), &format!("qonnx/{variant}.npy"));
    }
    let error = load(&file("qonnx/activation.onnx"), &Options::default()).unwrap_err();
    assert_eq!(error.code.id, "SF0120");
    assert!(error.message.contains("±1"), "{error}");
}

#[test]
fn float_weights_are_taken_if_asked_for() {
    let all = expected("dialects");
    // tests/second_executor.rs has the float network; int8 is near to it.
    let float = Options { weights: WeightForm::Float, ..Options::default() };
    let int8 = Options { weights: WeightForm::Int8, ..Options::default() };
    let pixels: Vec<u16> = serde_json::from_value(all["plain"]["input"][0].clone()).unwrap();
    for exporter in ["legacy", "dynamo"] {
        let name = format!("dialects/float_{exporter}.onnx");
        assert_eq!(load(&file(&name), &Options::default()).unwrap_err().code.id, "SF0121");
        let run = |o: &Options| Interp::new(&import(&name, o)).unwrap().run(&pixels).unwrap();
        let (a, b) = (run(&float), run(&int8));
        assert_eq!(a.spikes, b.spikes, "{name}");
        let off = distance(&a.steps.concat(), &b.steps.concat());
        assert!(off < 0.1, "{name}: {off}");
        let ternary = format!("dialects/ternary_{exporter}.onnx");
        let plus = Options { sign_of_zero: Some(ZeroSign::Plus), ..Options::default() };
        assert_eq!(import(&ternary, &plus).timesteps, 3);
    }
}

#[test]
fn the_dialect_computes_what_onnxruntime_does() {
    let resets = ["soft", "soft-delayed", "hard", "none"];
    let names = resets.iter().flat_map(|r| ["above", "at-least"].map(|c| format!("{r}_{c}")));
    for name in names.chain(["one_step".to_owned()]) {
        let timesteps = (name == "one_step").then_some(4);
        let options = Options { timesteps, ..Options::default() };
        let graph = import(&format!("synfire/{name}.onnx"), &options);
        assert!(graph.find("lif1").is_some() && graph.find("fc1").is_some(), "{name}");
        agree_recorded(&name, &graph, &format!("synfire/{name}.npy"));
    }
}

/// Networks whose written files are kept. Single precision does not hold the numbers of
/// the first one, so it is written in double precision.
fn networks() -> Vec<(&'static str, Graph)> {
    let text = r#"synfire-ir 1
graph "small" timesteps 3
%x = input() : levels[4; 4] static {"shape":[4],"bits":4,"is_static":true}
%scale1 = scale(%x) : real[4] static {"factor":0.1}
%fc1 = linear(%scale1) : real[2] static {"weights":{"binary":{"signs":{"cols":4,"rows":["d","7"]},"scale":[0.7,0.3]}},"bias":[0.1,-0.05]}
%lif1 = lif(%fc1) : spikes[2] {"leak":[0.5,0.9],"gain":[1.0,2.0],"bias":0.125,"threshold":[1.3,0.9],"reset":"hard","compare":"at-least","reset_to":0.2,"start":[0.0,0.5]}
%fc2 = linear(%lif1) : real[2] {"weights":{"binary":{"signs":{"cols":2,"rows":["3","1"]},"scale":0.75}},"bias":null}
%out = readout(%fc2) : real[2] {"kind":"sum","gain":2.0,"offset":[1.0,0.3]}
output %out
"#;
    let plain = |name: &str| import(&format!("dialects/{name}_dynamo.onnx"), &Options::default());
    vec![
        ("small", synfire::ir::parse(text).unwrap()),
        ("plain", plain("plain")),
        ("deep", plain("reset-zero-deep")),
        ("mean", plain("chain-mean")),
        ("flatten", plain("flatten")),
    ]
}

#[test]
fn what_is_written_is_what_onnxruntime_ran() {
    for (name, graph) in networks() {
        let path = file(&format!("synfire/written/{name}.onnx"));
        let bytes = synfire::export::onnx::write(&graph).unwrap();
        if std::env::var_os("SYNFIRE_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
            continue;
        }
        assert!(bytes == std::fs::read(&path).unwrap(), "{name} is written in another way");
        agree_recorded(name, &graph, &format!("synfire/written/{name}.npy"));
    }
}

#[test]
fn timesteps_in_one_tensor_are_taken_apart() {
    let all = expected("time_axis");
    assert!(all.len() >= 7);
    for (variant, entry) in &all {
        let name = format!("time_axis/{variant}.onnx");
        let graph = import(&name, &Options::default());
        assert_eq!(graph.timesteps, 4);
        agree_with(&name, &graph, &entry["input"], &entry["logits"]);
    }
}
