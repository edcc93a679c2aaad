// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where data enter and leave the model.

use std::collections::{BTreeSet, HashMap};

use super::state::State;
use super::{Source, broken};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::Options;
use crate::import::onnx::elem::Elem;
use crate::import::onnx::node::Node;
use crate::import::onnx::proto::tensor_shape_proto::Dimension;
use crate::import::onnx::proto::tensor_shape_proto::dimension::Value as Dim;
use crate::import::onnx::proto::type_proto::Value as Type;
use crate::import::onnx::proto::{GraphProto, ValueInfoProto};
use crate::import::onnx::tensor::Info;

const ONE_TIMESTEP: &str = "if some are membrane potentials, this is one timestep: return their next values, too, or name them with --state IN=OUT; or export a `forward` that loops over the timesteps, with the state starting at zero inside it";

pub(super) fn output<'a>(
    graph: &'a GraphProto,
    sources: &HashMap<&str, Source<'_>>,
    states: &[State<'_>],
    options: &Options,
) -> Result<&'a str> {
    let mut names: Vec<_> = graph.output.iter().map(ValueInfoProto::name).collect();
    if options.output.is_none() && names.len() > 1 {
        // What the next timestep takes is a result only if it is asked for.
        names.retain(|n| states.iter().all(|s| s.output != *n));
    }
    let free = free_inputs(graph, sources).count() - states.len();
    let list = || names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let error = |message: String| Diagnostic::new(&codes::IMPORT_OUTPUT, message);
    let name = match (&options.output, &names[..]) {
        (_, []) if graph.output.is_empty() => return Err(broken("the graph has no output")),
        (_, []) => {
            return Err(error("every output is the next value of a state".to_owned())
                .help("name the one that holds the logits with --output-name"));
        }
        (Some(wanted), _) => names.iter().find(|n| *n == wanted).copied().ok_or_else(|| {
            error(format!("no output is called `{wanted}`; there are {}", list()))
        })?,
        (None, [one]) => one,
        (None, _) if free > 1 => {
            let message =
                format!("the graph has {free} inputs and {} outputs: {}", names.len(), list());
            return Err(Diagnostic::new(&codes::IMPORT_INPUT, message).help(ONE_TIMESTEP));
        }
        (None, _) => {
            return Err(error(format!("the graph has {} outputs: {}", names.len(), list()))
                .help("name the one that holds the logits with --output-name"));
        }
    };
    if !sources.contains_key(name) {
        return Err(broken("nothing produces this output").at(format!("output {name}")));
    }
    Ok(name)
}

/// Inputs that no initializer gives a value.
pub(super) fn free_inputs<'a>(
    graph: &'a GraphProto,
    sources: &HashMap<&str, Source<'_>>,
) -> impl Iterator<Item = &'a ValueInfoProto> {
    graph.input.iter().filter(|i| matches!(sources.get(i.name()), Some(Source::Input)))
}

pub(super) fn input<'a>(
    graph: &'a GraphProto,
    nodes: &[Node<'_>],
    order: &[usize],
    sources: &HashMap<&str, Source<'_>>,
    states: &[State<'_>],
    output: &str,
) -> Result<(&'a str, Info)> {
    let used: BTreeSet<&str> = order
        .iter()
        .filter_map(|&n| nodes.get(n))
        .flat_map(|n| n.proto.input.iter().map(String::as_str))
        .chain([output])
        .collect();
    let is_data =
        |i: &&ValueInfoProto| used.contains(i.name()) && states.iter().all(|s| s.input != i.name());
    let inputs: Vec<_> = free_inputs(graph, sources).filter(is_data).collect();
    match inputs[..] {
        [one] => Ok((one.name(), info(one).map_err(|d| d.at(format!("input {}", one.name())))?)),
        [] => Err(Diagnostic::new(&codes::IMPORT_INPUT, "it does not depend on any input")
            .at(format!("output {output}"))),
        _ => {
            let names: Vec<_> = inputs.iter().map(|i| format!("`{}`", i.name())).collect();
            let message =
                format!("the output depends on {} inputs: {}", names.len(), names.join(", "));
            Err(Diagnostic::new(&codes::IMPORT_INPUT, message).help(ONE_TIMESTEP))
        }
    }
}

/// Type and shape of the input; a symbolic batch becomes 1. It may be the second dimension
/// of three or more: the first can be time.
fn info(value: &ValueInfoProto) -> Result<Info> {
    let info = tensor_info(value, |axis, dims| {
        axis == 0 || (axis == 1 && dims.len() > 2 && is_fixed(dims.first()))
    })?;
    if info.shape.len() < 2 {
        let message = "it needs a batch dimension and at least one more";
        return Err(Diagnostic::new(&codes::ONNX_SHAPE, message)
            .help("export with an example input of shape [batch, …]"));
    }
    Ok(info)
}

fn is_fixed(dim: Option<&Dimension>) -> bool {
    matches!(dim, Some(Dimension { value: Some(Dim::DimValue(_)), .. }))
}

/// The dimension of an input that is symbolic: the batch.
pub(super) fn batch(value: &ValueInfoProto) -> Option<usize> {
    let Some(Type::TensorType(t)) = value.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return None;
    };
    t.shape.as_ref()?.dim.iter().position(|d| !is_fixed(Some(d)))
}

/// Type and shape of a state, which may lack the batch dimension.
pub(super) fn state_info(value: &ValueInfoProto) -> Result<Info> {
    tensor_info(value, |axis, _| axis == 0)
}

/// Type and shape; a symbolic dimension becomes 1 where it may be the batch.
fn tensor_info(
    value: &ValueInfoProto,
    may_be_batch: impl Fn(usize, &[Dimension]) -> bool,
) -> Result<Info> {
    let Some(Type::TensorType(t)) = value.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(Diagnostic::new(&codes::IMPORT_INPUT, "it is not a tensor"));
    };
    let elem = Elem::from_onnx(t.elem_type()).ok_or_else(|| {
        let name = Elem::onnx_name(t.elem_type());
        Diagnostic::new(&codes::IMPORT_INPUT, format!("elements of type {name} cannot be read"))
    })?;
    let dims = t.shape.as_ref().map_or(&[][..], |s| &s.dim);
    let mut shape = Vec::with_capacity(dims.len());
    for (axis, dim) in dims.iter().enumerate() {
        shape.push(match &dim.value {
            Some(Dim::DimValue(v)) => {
                usize::try_from(*v).ok().filter(|v| *v > 0).ok_or_else(|| {
                    Diagnostic::new(&codes::ONNX_SHAPE, format!("dimension {axis} is {v}"))
                })?
            }
            _ if may_be_batch(axis, dims) => 1,
            other => {
                let name = match other {
                    Some(Dim::DimParam(name)) => format!(" (`{name}`)"),
                    _ => String::new(),
                };
                let message = format!(
                    "dimension {axis}{name} is not fixed; only the batch, dimension 0, may be"
                );
                return Err(Diagnostic::new(&codes::ONNX_SHAPE, message)
                    .help("export with only the batch dimension dynamic; a number of timesteps must be fixed, as the loop over them is unrolled"));
            }
        });
    }
    Ok(Info { elem, shape })
}
