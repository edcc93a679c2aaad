// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is written reads back to the same graph.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::write;
use crate::import::{Options, load, onnx};
use crate::ir::{Graph, isomorphic, parse};

fn again(graph: &Graph) -> Graph {
    let bytes = write(graph).unwrap_or_else(|d| panic!("{} {} {d}", graph.name, d.code.id));
    let read = onnx::import(&bytes, &graph.name, &Options::default());
    read.unwrap_or_else(|d| panic!("{} {} {d}", graph.name, d.code.id)).0
}

#[test]
fn what_pytorch_exports_is_written_and_read_back() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/");
    let mut count = 0;
    for entry in std::fs::read_dir(format!("{folder}dialects")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(graph) = load(&path, &Options::default()) else { continue };
        let second = again(&graph);
        assert!(isomorphic(&graph, &second), "{}", path.display());
        let names = |g: &Graph| -> Vec<_> {
            g.order().unwrap().into_iter().map(|id| g.node(id).name.clone()).collect()
        };
        assert_eq!(names(&graph), names(&second), "{}", path.display());
        count += 1;
    }
    assert!(count >= 50, "{count}");
    for exporter in ["legacy", "dynamo"] {
        let path = format!("{folder}student/student_{exporter}.onnx");
        let graph = load(path.as_ref(), &Options::default()).unwrap();
        assert!(isomorphic(&graph, &again(&graph)));
    }
}

const SMALL: &str = r#"synfire-ir 1
graph "small" timesteps 3
%x = input() : levels[4; 5] static {"shape":[4],"bits":5,"is_static":true}
%fc1 = linear(%x) : real[2] static {"weights":{"binary":{"signs":{"cols":4,"rows":["5","3"]},"scale":[0.1,0.25]}},"bias":[0.5,-0.25]}
%lif1 = lif(%fc1) : spikes[2] {"leak":[0.5,0.9],"gain":[1.0,2.0],"bias":0.125,"threshold":[1.0,0.5],"reset":"hard","compare":"at-least","reset_to":0.25,"start":[0.0,0.5]}
%out = readout(%lif1) : real[2] {"kind":"sum","gain":2.0,"offset":[1.0,0.5]}
output %out
"#;

#[test]
fn every_parameter_is_kept_in_double_precision() {
    for (from, to) in [
        ("\"hard\"", "\"hard\""),
        ("\"hard\"", "\"soft\""),
        ("\"hard\"", "\"soft-delayed\""),
        ("\"hard\"", "\"none\""),
        ("\"at-least\"", "\"above\""),
        ("\"bits\":5", "\"bits\":1"),
        ("\"kind\":\"sum\",\"gain\":2.0", "\"kind\":\"mean\",\"gain\":1.0"),
        ("\"kind\":\"sum\"", "\"kind\":\"per-step\""),
    ] {
        let mut text = SMALL.replace(from, to);
        if to.contains("bits") {
            text = text.replace("levels[4; 5]", "spikes[4]");
        }
        if !text.contains("\"hard\"") {
            text = text.replace(",\"reset_to\":0.25", "");
        }
        let graph = parse(&text).unwrap();
        assert!(isomorphic(&graph, &again(&graph)), "{to}");
    }
}

/// A vector would be taken along the last dimension.
#[test]
fn parameters_of_images_belong_to_their_channels() {
    const IMAGE: &str = r#"synfire-ir 1
graph "image" timesteps 2
%x = input() : levels[2x2x2; 5] static {"shape":[2,2,2],"bits":5,"is_static":true}
%shift = scale(%x) : real[2x2x2] static {"factor":[0.5,0.25],"offset":[1.0,-1.0]}
%lif1 = lif(%shift) : spikes[2x2x2] {"leak":[0.5,0.9],"gain":1.0,"bias":0.0,"threshold":[1.0,0.5,1.0,0.5,2.0,0.5,1.0,3.0],"reset":"soft","compare":"above"}
%flat = reshape(%lif1) : spikes[8] {"shape":[8]}
%fc = linear(%flat) : real[2] {"weights":{"binary":{"signs":{"cols":8,"rows":["35","a3"]},"scale":0.5}},"bias":null}
%out = readout(%fc) : real[2] {"kind":"sum","gain":[2.0,1.0],"offset":[1.0,0.5]}
output %out
"#;
    let graph = parse(IMAGE).unwrap();
    assert!(isomorphic(&graph, &again(&graph)), "{}", crate::ir::print(&again(&graph)).unwrap());
}

#[test]
fn what_has_no_form_is_refused() {
    let text = SMALL.replace(
        "%fc1 = linear(%x)",
        "%late = delay(%x) : levels[4; 5] {\"steps\":1}\n%fc1 = linear(%late)",
    );
    let text = text.replace("real[2] static", "real[2]");
    let error = write(&parse(&text).unwrap()).map(|_| ()).unwrap_err();
    assert_eq!(error.code.id, "SF0115", "{error}");
}

/// A state does not say whether a membrane is held; the largest of opposites is the smallest.
#[test]
fn resets_that_hold_and_turned_maxima_are_refused() {
    let text = |reset: &str, kind: &str, gain: f64| {
        format!(
            "synfire-ir 1\ngraph \"g\" timesteps 2\n%in = input() : spikes[2] {{\"shape\":[2],\"bits\":1,\"is_static\":false}}\n%n = lif(%in) : spikes[2] {{\"leak\":0.5,\"gain\":1.0,\"bias\":0.0,\"threshold\":1.0,\"reset\":\"{reset}\",\"compare\":\"above\"}}\n%y = readout(%n) : real[2] {{\"kind\":\"{kind}\",\"gain\":[0.5,{gain:?}],\"offset\":0.0}}\noutput %y\n"
        )
    };
    let write = |text: String| write(&parse(&text).unwrap());
    for (text, place) in [(text("hard-delayed", "sum", 0.5), "n"), (text("hard", "max", -0.5), "y")]
    {
        let d = write(text).unwrap_err();
        assert_eq!((d.code.id, d.location.path.as_deref()), ("SF0115", Some(place)), "{d}");
    }
    for (kind, gain) in [("max", 0.0), ("sum", -0.5)] {
        assert!(write(text("hard", kind, gain)).is_ok(), "{kind} {gain}");
    }
}

#[test]
fn another_body_of_lif_is_refused() {
    use prost::Message as _;
    let bytes = write(&parse(SMALL).unwrap()).unwrap();
    let mut model = crate::import::onnx::proto::ModelProto::decode(&bytes[..]).unwrap();
    // Other names are the same body.
    model.functions[0].input[0] = "current_in".to_owned();
    model.functions[0].node[0].input[1] = "current_in".to_owned();
    for node in &mut model.functions[0].node {
        if node.op_type() == "CastLike" {
            node.input[1] = "current_in".to_owned();
        }
    }
    assert!(onnx::import(&model.encode_to_vec(), "x", &Options::default()).is_ok());
    model.functions[0].node[1].op_type = Some("Sub".to_owned());
    let error = onnx::import(&model.encode_to_vec(), "x", &Options::default()).unwrap_err();
    assert_eq!(error.code.id, "SF0114", "{error}");
    // Without any body the name is enough.
    model.functions.clear();
    assert!(onnx::import(&model.encode_to_vec(), "x", &Options::default()).is_ok());
}
