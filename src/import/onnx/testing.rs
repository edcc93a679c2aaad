// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Small ONNX models from text, for tests.
//!
//! ```text
//! input x u8 1 4            name, type, extents (a word is a symbolic extent)
//! const w f32 4x2: 1 -1 …   name, type, extents (`-` for none), numbers (repeated)
//! y = MatMul(x, w) alpha=0.5 axes=[0,1]
//! output y
//! ```

use std::cell::Cell;

use prost::Message as _;

use super::proto::attribute_proto::AttributeType;
use super::proto::tensor_proto::DataType;
use super::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto,
};
use crate::diag::Result;
use crate::import::{LiftReport, Options};
use crate::ir::Graph;

/// Imports a model written as text.
pub(super) fn import(text: &str) -> Result<(Graph, LiftReport)> {
    import_with(text, &Options::default())
}

pub(super) fn import_with(text: &str, options: &Options) -> Result<(Graph, LiftReport)> {
    super::import(&model(text).encode_to_vec(), "test", options)
}

thread_local! {
    /// Steps of work that lifting took in this thread, also those for which there was no fuel.
    static WORK: Cell<usize> = const { Cell::new(0) };
}

/// Takes note of steps of work.
pub(super) fn count(work: usize) {
    WORK.set(WORK.get() + work);
}

/// What `run` gives, and the steps of work that it takes.
pub(super) fn work<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = WORK.get();
    let result = run();
    (result, WORK.get() - before)
}

/// Code and message of the diagnostic that a model ends in.
pub(super) fn refusal(text: &str) -> String {
    match import(text) {
        Ok((graph, _)) => format!("imported: {graph:?}"),
        Err(d) => format!("{} {d}", d.code.id),
    }
}

pub(super) fn model(text: &str) -> ModelProto {
    let mut graph = GraphProto::default();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "input" => graph.input.push(value(words[1], elem(words[2]), &words[3..])),
            "output" => graph.output.push(value(words[1], DataType::Float, &[])),
            "const" => graph.initializer.push(tensor(line)),
            _ => graph.node.push(node(line)),
        }
    }
    ModelProto {
        ir_version: Some(10),
        opset_import: [None, Some("qonnx.custom_op.general"), Some("onnx.brevitas")]
            .map(|domain| OperatorSetIdProto {
                domain: domain.map(str::to_owned),
                version: Some(domain.map_or(18, |_| 2)),
            })
            .to_vec(),
        graph: Some(graph),
        ..ModelProto::default()
    }
}

fn elem(word: &str) -> DataType {
    match word {
        "u8" => DataType::Uint8,
        "i8" => DataType::Int8,
        "i64" => DataType::Int64,
        "bool" => DataType::Bool,
        "f16" => DataType::Float16,
        "f64" => DataType::Double,
        _ => DataType::Float,
    }
}

fn value(name: &str, elem: DataType, dims: &[&str]) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let dim = |d: &&str| Dimension {
        denotation: None,
        value: Some(d.parse().map_or_else(|_| Value::DimParam((*d).into()), Value::DimValue)),
    };
    let tensor = type_proto::Tensor {
        elem_type: Some(elem.into()),
        // None: the file does not say.
        shape: (!dims.is_empty()).then(|| TensorShapeProto { dim: dims.iter().map(dim).collect() }),
    };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            denotation: None,
            value: Some(type_proto::Value::TensorType(tensor)),
        }),
        ..ValueInfoProto::default()
    }
}

fn tensor(line: &str) -> TensorProto {
    let (head, numbers) = line.split_once(':').unwrap();
    let head: Vec<&str> = head.split_whitespace().collect();
    let elem = elem(head[2]);
    let dims: Vec<i64> = head[3].split('x').filter_map(|d| d.parse().ok()).collect();
    let numbers: Vec<f64> = numbers.split_whitespace().map(|n| n.parse().unwrap()).collect();
    let len = usize::try_from(dims.iter().product::<i64>()).unwrap();
    let all = numbers.iter().copied().cycle().take(len);
    let mut t = TensorProto {
        name: Some(head[1].into()),
        dims,
        data_type: Some(elem.into()),
        ..TensorProto::default()
    };
    #[allow(clippy::cast_possible_truncation)]
    match elem {
        DataType::Float => t.float_data = all.map(|x| x as f32).collect(),
        DataType::Double => t.double_data = all.collect(),
        DataType::Int64 => t.int64_data = all.map(|x| x as i64).collect(),
        DataType::Float16 => {
            t.int32_data = all.map(|x| half::f16::from_f64(x).to_bits().into()).collect();
        }
        _ => t.int32_data = all.map(|x| x as i32).collect(),
    }
    t
}

fn node(line: &str) -> NodeProto {
    let (output, rest) = line.split_once(" = ").unwrap();
    let (op, rest) = rest.split_once('(').unwrap();
    let (operands, attributes) = rest.split_once(')').unwrap();
    let operand = |o: &str| if o.trim() == "_" { String::new() } else { o.trim().to_owned() };
    let (domain, op) = op.trim().rsplit_once('.').unwrap_or(("", op.trim()));
    NodeProto {
        domain: (!domain.is_empty()).then(|| domain.to_owned()),
        op_type: Some(op.into()),
        input: operands.split(',').filter(|o| !o.trim().is_empty()).map(operand).collect(),
        output: output.split(',').map(|o| o.trim().to_owned()).collect(),
        attribute: attributes.split_whitespace().map(attribute).collect(),
        ..NodeProto::default()
    }
}

fn attribute(text: &str) -> AttributeProto {
    let (name, value) = text.split_once('=').unwrap();
    let mut a = AttributeProto { name: Some(name.into()), ..AttributeProto::default() };
    let kind = if let Some(list) = value.strip_prefix('[') {
        let list = list.trim_end_matches(']');
        a.ints = list.split(',').map(|i| i.parse().unwrap()).collect();
        AttributeType::Ints
    } else if let Ok(i) = value.parse() {
        a.i = Some(i);
        AttributeType::Int
    } else if let Ok(f) = value.parse() {
        a.f = Some(f);
        AttributeType::Float
    } else {
        a.s = Some(value.into());
        AttributeType::String
    };
    a.r#type = Some(kind.into());
    a
}

/// Type, shape and elements of the constant that `text` calls `y`.
pub(super) fn constant(text: &str) -> Result<(super::elem::Elem, Vec<usize>, Vec<f64>)> {
    let proto = model(&format!("{text}\ninput x f32 1 1\nz = Probe(x, y)\noutput z"));
    let options = Options::default();
    let model = super::model::Model::new(&proto, &options)?;
    let values = super::values::Values::new(&model, 1000)?;
    let y = values.operand(values.output, 1).and_then(|id| values.constant(id));
    let y = y.unwrap_or_else(|| panic!("y is not constant in {text}"));
    Ok((y.info.elem, y.info.shape.clone(), y.reals().collect()))
}

/// Shape and elements of `y`, which must fold.
pub(super) fn fold(text: &str) -> (Vec<usize>, Vec<f64>) {
    let (_, shape, elements) = constant(text).unwrap();
    (shape, elements)
}

/// A network of four pixels whose static current is `i`, two channels; `body` goes on to
/// `y`.
pub(super) fn net(body: &str) -> String {
    format!(
        "input x u8 batch 4
        const k f32 -: 16
        const fc1.weight f32 4x2: 0.5 -0.5 -0.5 -0.5 0.5 0.5 -0.5 0.5
        const th f32 -: 1
        const beta f32 -: 0.75
        const zero f32 -: 0
        const one f32 -: 1
        c = Cast(x) to=1
        p = Div(c, k)
        i = MatMul(p, fc1.weight)
        {body}
        output y"
    )
}

/// A network of 1×4×4 pixels `p`, from which `body` computes the static current `i` of
/// neurons; two timesteps.
pub(super) fn image(body: &str) -> String {
    format!(
        "input x u8 batch 1 4 4
        const k f32 -: 16
        const th f32 -: 1
        const beta f32 -: 0.75
        c = Cast(x) to=1
        p = Div(c, k)
        {body}
        f1 = Greater(i, th)
        s1 = Cast(f1) to=1
        l2 = Mul(beta, i)
        m2 = Add(l2, i)
        f2 = Greater(m2, th)
        s2 = Cast(f2) to=1
        y = Sum(s1, s2)
        output y"
    )
}

/// `body` for every timestep from `from` to `to`: `@` is the timestep, `^` the one before.
pub(super) fn unroll(from: usize, to: usize, body: &str) -> String {
    let step = |t: usize| body.replace('@', &t.to_string()).replace('^', &(t - 1).to_string());
    (from..=to).map(step).collect::<Vec<_>>().join("\n")
}

/// Three timesteps of a neuron: `first` defines `m1`, `body` every later `m@`.
pub(super) fn neuron(first: &str, body: &str) -> String {
    let spikes = "d@ = Sub(m@, th)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1";
    net(&format!(
        "{first}\n{}\n{}\n{}\ny = Sum(s1, s2, s3)",
        unroll(1, 1, spikes),
        unroll(2, 2, &format!("{body}\n{spikes}")),
        unroll(3, 3, &format!("{body}\n{spikes}")),
    ))
}

/// The operator of a node.
pub(super) fn op(text: &str, name: &str) -> crate::ir::Op {
    let (graph, _) = import(text).unwrap_or_else(|d| panic!("{} {d}\n{text}", d.code.id));
    let id = graph.find(name).unwrap_or_else(|| panic!("no {name} in {graph:?}"));
    graph.node(id).op.clone()
}
