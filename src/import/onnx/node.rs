// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One operator of the file.

use super::proto::attribute_proto::AttributeType;
use super::proto::{AttributeProto, NodeProto};
use super::tensor::Tensor;
use crate::diag::{Diagnostic, Result, codes};

/// A node, its operands resolved.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) proto: &'a NodeProto,
    /// Version of the operator set it belongs to.
    pub(super) opset: i64,
}

impl Node<'_> {
    /// Operator name.
    pub(super) fn op(&self) -> &str {
        self.proto.op_type()
    }

    /// True if the operator is of ONNX's own operator set.
    pub(super) fn is_standard(&self) -> bool {
        is_standard(self.proto.domain())
    }

    /// The node's name, or that of its first output.
    pub(super) fn name(&self) -> &str {
        match self.proto.name() {
            "" => {
                self.proto.output.iter().map(String::as_str).find(|o| !o.is_empty()).unwrap_or("?")
            }
            name => name,
        }
    }

    /// Where a diagnostic points: name, operator, operator set.
    pub(super) fn place(&self) -> String {
        let domain = if self.is_standard() { "" } else { self.proto.domain() };
        let sep = if domain.is_empty() { "" } else { "." };
        format!("node {} ({domain}{sep}{}, opset {})", self.name(), self.op(), self.opset)
    }

    /// A diagnostic at this node.
    pub(super) fn error(
        &self,
        code: &'static codes::Code,
        message: impl Into<String>,
    ) -> Box<Diagnostic> {
        Diagnostic::new(code, message).at(self.place())
    }

    fn attribute(&self, name: &str, kind: AttributeType) -> Result<Option<&AttributeProto>> {
        let Some(a) = self.proto.attribute.iter().find(|a| a.name() == name) else {
            return Ok(None);
        };
        // Files of IR version 1 leave the type out; the field itself tells then.
        if a.r#type.is_some() && a.r#type() != kind {
            let message = format!(
                "attribute `{name}` is {}, not {}",
                a.r#type().as_str_name(),
                kind.as_str_name()
            );
            return Err(self.error(&codes::ONNX_ATTRIBUTE, message));
        }
        Ok(Some(a))
    }

    /// An integer attribute.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.attribute(name, AttributeType::Int)?.map(AttributeProto::i))
    }

    /// A list of integers.
    pub(super) fn ints(&self, name: &str) -> Result<Option<&[i64]>> {
        Ok(self.attribute(name, AttributeType::Ints)?.map(|a| &a.ints[..]))
    }

    /// A float attribute.
    pub(super) fn float(&self, name: &str) -> Result<Option<f32>> {
        Ok(self.attribute(name, AttributeType::Float)?.map(AttributeProto::f))
    }

    /// A string.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.attribute(name, AttributeType::String)?.map(AttributeProto::s) {
            None => Ok(None),
            Some(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| {
                self.error(&codes::ONNX_ATTRIBUTE, format!("attribute `{name}` is not UTF-8"))
            }),
        }
    }

    /// A list of floats.
    pub(super) fn floats(&self, name: &str) -> Result<Option<&[f32]>> {
        Ok(self.attribute(name, AttributeType::Floats)?.map(|a| &a.floats[..]))
    }

    /// A tensor attribute, decoded.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<Tensor>> {
        match self.attribute(name, AttributeType::Tensor)?.and_then(|a| a.t.as_deref()) {
            None => Ok(None),
            Some(t) => Tensor::decode(t).map(Some).map_err(|d| d.at(self.place())),
        }
    }

    /// A string from the exporter's notes about this node.
    pub(super) fn note(&self, key: &str) -> Option<&str> {
        self.proto.metadata_props.iter().find(|p| p.key() == key).map(|p| p.value())
    }
}

/// True for the two spellings of ONNX's own domain.
pub(super) fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}
