// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Bytes to protobuf messages.
//!
//! prost checks every length against what is left of the file before it allocates, and
//! stops at 100 nested messages.

use prost::Message as _;

use super::proto::ModelProto;
use crate::diag::{Diagnostic, Result, codes};

/// Decodes a model.
///
/// # Errors
/// [`codes::ONNX_DECODE`] with prost's reason and the field.
pub(super) fn decode(bytes: &[u8]) -> Result<ModelProto> {
    if bytes.is_empty() {
        return Err(damaged("the file is empty"));
    }
    ModelProto::decode(bytes).map_err(|e| damaged(e.to_string()))
}

fn damaged(reason: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ONNX_DECODE, reason)
        .help("the file is truncated, damaged or not an ONNX model; export it again")
}
