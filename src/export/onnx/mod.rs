// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A graph as an ONNX model in the dialect of docs/onnx-dialect.md: standard operators,
//! those of the dialect, which the file defines as functions, so that any ONNX runtime
//! runs it.
//!
//! The timesteps are written out. Numbers are of single precision if that holds every
//! parameter exactly, else of double precision: import reads back what was written.

mod tensor;
mod write;

use prost::Message as _;

use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::dialect;
use crate::import::onnx::proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto};
use crate::ir::{self, Graph, NodeId, Op, ReadoutKind};

/// Operators that one file holds at most.
const MAX_NODES: usize = 1 << 20;

/// The bytes of a model.
///
/// # Errors
/// [`codes::EXPORT_ONNX`] at the node that cannot be written; what [`ir::verify`] says.
pub fn write(graph: &Graph) -> Result<Vec<u8>> {
    ir::verify(graph)?;
    let timesteps = usize::try_from(graph.timesteps).unwrap_or(usize::MAX);
    if timesteps.saturating_mul(graph.len()) > MAX_NODES / 4 {
        let message = format!("{timesteps} timesteps are too many to be written out");
        return Err(Diagnostic::new(&codes::EXPORT_ONNX, message).at(graph.name.clone()));
    }
    let mut writer = Writer {
        graph,
        timesteps,
        is_single: graph.order()?.into_iter().all(|id| tensor::is_single(&graph.node(id).op)),
        out: GraphProto { name: Some(graph.name.clone()), ..GraphProto::default() },
        values: Vec::new(),
    };
    for id in graph.order()? {
        let values = writer.node(id).map_err(|d| d.at(graph.node(id).name.clone()))?;
        writer.values.push((id, values));
    }
    let output = graph.node(graph.output()?);
    let name = writer.values_of(graph.output()?).first().cloned().unwrap_or_default();
    let is_per_step = matches!(&output.op, Op::Readout(r) if r.kind == ReadoutKind::PerStep);
    let time = is_per_step.then_some(timesteps);
    let info = tensor::value_info(&name, writer.elem(), time, &output.stream.shape);
    writer.out.output.push(info);
    let set = |domain: Option<&str>, version| OperatorSetIdProto {
        domain: domain.map(str::to_owned),
        version: Some(version),
    };
    let model = ModelProto {
        ir_version: Some(10),
        producer_name: Some("synfire".to_owned()),
        opset_import: vec![
            set(None, dialect::OPSET),
            set(Some(dialect::DOMAIN), 1),
            set(Some(dialect::QONNX), 2),
        ],
        graph: Some(writer.out),
        functions: dialect::functions(),
        ..ModelProto::default()
    };
    Ok(model.encode_to_vec())
}

struct Writer<'g> {
    graph: &'g Graph,
    timesteps: usize,
    /// Single precision holds every parameter.
    is_single: bool,
    out: GraphProto,
    /// The values of each node: one if it is static, else one a timestep.
    values: Vec<(NodeId, Vec<String>)>,
}

impl Writer<'_> {
    fn values_of(&self, id: NodeId) -> Vec<String> {
        let found = self.values.iter().find(|(i, _)| *i == id);
        found.map(|(_, v)| v.clone()).unwrap_or_default()
    }

    /// An operator of node `name`; `step` is its timestep, or what tells it from others.
    fn op(&mut self, name: &str, step: &str, op: &str, inputs: &[&str], output: &str) {
        self.out.node.push(NodeProto {
            // As PyTorch's exporters do: the module, then the operator in it.
            name: Some(format!("/{name}/{op}{step}")),
            op_type: Some(op.to_owned()),
            input: inputs.iter().map(|i| (*i).to_owned()).collect(),
            output: vec![output.to_owned()],
            ..NodeProto::default()
        });
    }

    /// The operator that was written last.
    fn last(&mut self) -> Result<&mut NodeProto> {
        let none = || Diagnostic::internal("onnx export", "no operator was written yet");
        self.out.node.last_mut().ok_or_else(none)
    }

    fn unsupported(&self, op: &Op, why: &str) -> Box<Diagnostic> {
        Diagnostic::new(&codes::EXPORT_ONNX, format!("`{}` cannot be written{why}", op.name()))
            .help("write the graph as text (.sfir)")
    }
}

#[cfg(test)]
mod tests;
