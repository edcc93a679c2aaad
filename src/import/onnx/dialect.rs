// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of docs/onnx-dialect.md as functions of standard operators: what the
//! exporter writes into a file, and what import compares a file's functions with.

use std::collections::HashMap;

use super::ops::qonnx;
use super::proto::attribute_proto::AttributeType;
use super::proto::{AttributeProto, FunctionProto, NodeProto, OperatorSetIdProto};

/// Domain of `Lif`, `Li` and `Threshold`.
pub(crate) const DOMAIN: &str = "ai.synfire";
/// Domain of `BipolarQuant`.
pub(crate) const QONNX: &str = "qonnx.custom_op.general";
/// The operator set that the functions are written in: `Equal` of strings came with 19.
pub(crate) const OPSET: i64 = 20;
/// Key of an input's notes: the width of a level in bits.
pub(crate) const BITS: &str = "ai.synfire.bits";

/// `Lif`: one timestep of neurons, `s, next = Lif(x, state, leak, gain, bias, threshold,
/// reset_to)`.
fn lif() -> FunctionProto {
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let constants = [
        text("above", "above"),
        text("soft", "soft"),
        text("delayed", "soft-delayed"),
        text("hard", "hard"),
    ];
    let mut nodes = vec![
        node("Mul", &["gain", "x"], "current"),
        node("Add", &["state", "current"], "charged"),
        node("Add", &["charged", "bias"], "u"),
        refers("compare"),
        refers("reset"),
    ];
    for (name, value) in constants {
        nodes.push(string(&format!("{name}_text"), &value));
        let which = if name == "above" { "compare_text" } else { "reset_text" };
        nodes.push(node("Equal", &[which, &format!("{name}_text")], &format!("is_{name}")));
    }
    nodes.extend([
        node("Greater", &["u", "threshold"], "fires_above"),
        node("GreaterOrEqual", &["u", "threshold"], "fires_at_least"),
        // No `Where` of booleans: ONNX Runtime has none.
        node("Not", &["is_above"], "is_at_least"),
        node("And", &["is_at_least", "fires_at_least"], "fires_there"),
        node("Or", &["fires_above", "fires_there"], "fires"),
        node("CastLike", &["fires", "x"], "s"),
        node("Mul", &["leak", "u"], "leaked"),
        node("Sub", &["u", "threshold"], "less"),
        node("Mul", &["leak", "less"], "after_soft"),
        node("Sub", &["leaked", "threshold"], "after_delayed"),
        node("Mul", &["leak", "reset_to"], "after_hard"),
        node("Where", &["is_hard", "after_hard", "leaked"], "hard_or_none"),
        node("Where", &["is_delayed", "after_delayed", "hard_or_none"], "delayed_or_less"),
        node("Where", &["is_soft", "after_soft", "delayed_or_less"], "after"),
        node("Where", &["fires", "after", "leaked"], "next"),
    ]);
    let inputs = ["x", "state", "leak", "gain", "bias", "threshold", "reset_to"];
    function(DOMAIN, "Lif", &inputs, &["s", "next"], &["reset", "compare"], nodes)
}

/// `Li`: one timestep of integrators, `m, next = Li(x, state, leak, gain, bias)`.
fn li() -> FunctionProto {
    let nodes = vec![
        node("Mul", &["gain", "x"], "current"),
        node("Add", &["state", "current"], "charged"),
        node("Add", &["charged", "bias"], "m"),
        node("Mul", &["leak", "m"], "next"),
    ];
    function(DOMAIN, "Li", &["x", "state", "leak", "gain", "bias"], &["m", "next"], &[], nodes)
}

/// `Threshold`: `s = Threshold(x, threshold)`.
fn threshold() -> FunctionProto {
    let nodes = vec![
        refers("compare"),
        string("above_text", "above"),
        node("Equal", &["compare_text", "above_text"], "is_above"),
        node("Greater", &["x", "threshold"], "fires_above"),
        node("GreaterOrEqual", &["x", "threshold"], "fires_at_least"),
        node("Not", &["is_above"], "is_at_least"),
        node("And", &["is_at_least", "fires_at_least"], "fires_there"),
        // What fires above fires at least.
        node("Or", &["fires_above", "fires_there"], "fires"),
        node("CastLike", &["fires", "x"], "s"),
    ];
    function(DOMAIN, "Threshold", &["x", "threshold"], &["s"], &["compare"], nodes)
}

/// Every operator of the dialect.
pub(crate) fn functions() -> Vec<FunctionProto> {
    vec![lif(), li(), threshold(), bipolar_quant()]
}

/// `BipolarQuant` as QONNX defines it: (x ≥ 0 ? 1 : −1) · scale.
fn bipolar_quant() -> FunctionProto {
    let float = |name: &str, value: f32| NodeProto {
        attribute: vec![AttributeProto {
            name: Some("value_float".to_owned()),
            r#type: Some(AttributeType::Float.into()),
            f: Some(value),
            ..AttributeProto::default()
        }],
        ..node("Constant", &[], name)
    };
    let nodes = vec![
        float("zero_float", 0.0),
        float("plus_float", 1.0),
        float("minus_float", -1.0),
        node("CastLike", &["zero_float", "x"], "zero"),
        node("CastLike", &["plus_float", "x"], "plus"),
        node("CastLike", &["minus_float", "x"], "minus"),
        node("GreaterOrEqual", &["x", "zero"], "is_plus"),
        node("Where", &["is_plus", "plus", "minus"], "sign"),
        node("Mul", &["sign", "scale"], "y"),
    ];
    function(QONNX, "BipolarQuant", &["x", "scale"], &["y"], &[], nodes)
}

/// True if this is a function of an operator that is known by name, with the documented
/// body; what its values are called does not count.
pub(super) fn is_documented(f: &FunctionProto) -> bool {
    let same = |g: &FunctionProto| f.overload().is_empty() && shape(f) == shape(g);
    match f.name() {
        "Lif" => f.domain() == DOMAIN && same(&lif()),
        "Li" => f.domain() == DOMAIN && same(&li()),
        "Threshold" => f.domain() == DOMAIN && same(&threshold()),
        "BipolarQuant" => qonnx::DOMAINS.contains(&f.domain()) && same(&bipolar_quant()),
        _ => false,
    }
}

/// Operators, attributes, and values by number.
type Shape =
    (Vec<(String, Vec<usize>, Vec<usize>, Vec<AttributeProto>)>, usize, Vec<usize>, Vec<String>);

fn shape(f: &FunctionProto) -> Shape {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number = |name: &String| {
        let next = numbers.len();
        *numbers.entry(name.clone()).or_insert(next)
    };
    f.input.iter().for_each(|i| {
        number(i);
    });
    let nodes = f.node.iter().map(|n| {
        let inputs = n.input.iter().map(&mut number).collect();
        let outputs = n.output.iter().map(&mut number).collect();
        let plain = |a: &AttributeProto| AttributeProto { doc_string: None, ..a.clone() };
        let op = format!("{}.{}", n.domain(), n.op_type());
        (op, inputs, outputs, n.attribute.iter().map(plain).collect())
    });
    let nodes = nodes.collect();
    let outputs = f.output.iter().map(&mut number).collect();
    let mut attributes = f.attribute.clone();
    attributes.sort_unstable();
    (nodes, f.input.len(), outputs, attributes)
}

fn function(
    domain: &str,
    name: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[&str],
    node: Vec<NodeProto>,
) -> FunctionProto {
    let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    FunctionProto {
        domain: Some(domain.to_owned()),
        name: Some(name.to_owned()),
        input: own(inputs),
        output: own(outputs),
        attribute: own(attributes),
        node,
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(OPSET) }],
        ..FunctionProto::default()
    }
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(op.to_owned()),
        input: inputs.iter().map(|i| (*i).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn string(name: &str, value: &str) -> NodeProto {
    NodeProto { attribute: vec![text("value_string", value)], ..node("Constant", &[], name) }
}

/// A string attribute.
pub(crate) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::String.into()),
        s: Some(value.as_bytes().to_vec()),
        ..AttributeProto::default()
    }
}

/// The call's attribute as a value.
fn refers(attribute: &str) -> NodeProto {
    let a = AttributeProto {
        name: Some("value_string".to_owned()),
        r#type: Some(AttributeType::String.into()),
        ref_attr_name: Some(attribute.to_owned()),
        ..AttributeProto::default()
    };
    NodeProto { attribute: vec![a], ..node("Constant", &[], &format!("{attribute}_text")) }
}
