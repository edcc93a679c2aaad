// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models to compile: the student, small networks, and changed copies of them.

use std::path::{Path, PathBuf};

use onnx_protobuf::{GraphProto, ModelProto, NodeProto, TensorProto};
use protobuf::Message as _;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A word of a command line: names in braces become paths.
pub(crate) fn expand(word: &str) -> String {
    let student = |file: &str| tests().join("models/student").join(file);
    let path = match word {
        "{student}" => student("student_dynamo.onnx"),
        "{legacy}" => student("student_legacy.onnx"),
        "{images}" => student("images-idx3-ubyte.gz"),
        "{labels}" => student("labels-idx1-ubyte.gz"),
        "{small}" => small_file(),
        "{recurrent}" => tests().join("pass/fold-batch-norm/recurrent.ir"),
        "{cycle}" => tests().join("pass/quantise/cycle.ir"),
        "{residual}" => tests().join("models/conv/residual-multi_dynamo.onnx"),
        "{sequence}" => tests().join("models/sequence/multi-step_dynamo.onnx"),
        "{conv}" => tests().join("../distill/students/fashion_conv.onnx"),
        "{ensemble}" => tests().join("../distill/students/fashion_ensemble.onnx"),
        _ => return word.to_owned(),
    };
    path.to_str().unwrap().to_owned()
}

fn dialect(file: &str) -> PathBuf {
    tests().join("models/dialects").join(file)
}

fn small_file() -> PathBuf {
    dialect("plain_legacy.onnx")
}

/// A network of 12-8-3, some thousand bytes.
pub(crate) fn small() -> Vec<u8> {
    std::fs::read(small_file()).unwrap()
}

/// The student, half a megabyte.
pub(crate) fn student() -> Vec<u8> {
    std::fs::read(expand("{student}")).unwrap()
}

/// The small network with a change.
pub(crate) fn changed(change: impl FnOnce(&mut GraphProto)) -> Vec<u8> {
    let mut model = ModelProto::parse_from_bytes(&small()).unwrap();
    change(model.graph.mut_or_insert_default());
    model.write_to_bytes().unwrap()
}

/// The first node with this operator.
pub(crate) fn node<'g>(graph: &'g mut GraphProto, op: &str) -> &'g mut NodeProto {
    graph.node.iter_mut().find(|n| n.op_type == op).unwrap()
}

/// A tensor with this name.
pub(crate) fn tensor<'g>(graph: &'g mut GraphProto, name: &str) -> &'g mut TensorProto {
    graph.initializer.iter_mut().find(|t| t.name == name).unwrap()
}

/// A network of `inputs`-`hidden`-2 as text, T timesteps.
pub(crate) fn text(inputs: usize, hidden: usize, timesteps: u32) -> String {
    let rows = |cols: usize, rows: usize| {
        let row = format!("\"{}\"", "5".repeat(cols.div_ceil(4)));
        vec![row; rows].join(",")
    };
    format!(
        r#"synfire-ir 1
graph "net" timesteps {timesteps}
%in = input() : levels[{inputs}; 8] static {{"shape":[{inputs}],"bits":8,"is_static":true}}
%fc1 = linear(%in) : real[{hidden}] static {{"weights":{{"binary":{{"signs":{{"cols":{inputs},"rows":[{}]}},"scale":0.5}}}},"bias":null}}
%lif1 = lif(%fc1) : spikes[{hidden}] {{"leak":0.5,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"soft","compare":"above"}}
%fc2 = linear(%lif1) : real[2] {{"weights":{{"binary":{{"signs":{{"cols":{hidden},"rows":[{}]}},"scale":0.5}}}},"bias":null}}
%y = readout(%fc2) : real[2] {{"kind":"sum","gain":1.0,"offset":0.0}}
output %y
"#,
        rows(inputs, hidden),
        rows(hidden, 2)
    )
}
