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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::proto::{AttributeProto, NodeProto, TensorProto};

    #[test]
    fn a_large_length_allocates_nothing() {
        // Field 7 (graph) of 2 GiB, and of 2^63 bytes, in a file of a few.
        for length in [&[0xff, 0xff, 0xff, 0xff, 0x07][..], &[0xff; 9]] {
            let bytes = [&[0x08, 0x0a, 0x3a], length, &[0x01, 0x0a]].concat();
            assert_eq!(decode(&bytes).unwrap_err().code.id, "SF0101");
        }
    }

    fn length(bytes: usize) -> Vec<u8> {
        let mut buffer = Vec::new();
        prost::encode_length_delimiter(bytes, &mut buffer).unwrap();
        buffer
    }

    #[test]
    fn deep_nesting_is_refused() {
        // A graph in an attribute of a node of a graph, and so on: fields 7, then 1, 5, 6.
        let mut bytes = Vec::new();
        for field in [0x32u8, 0x2a, 0x0a].iter().cycle().take(3000) {
            let size = length(bytes.len());
            bytes = [&[*field][..], &size, &bytes].concat();
        }
        let size = length(bytes.len());
        let bytes = [&[0x3a][..], &size, &bytes].concat();
        let error = decode(&bytes).unwrap_err();
        assert!(error.message.contains("recursion"), "{error}");
    }

    /// An empty message takes two bytes of the file; in memory it takes this much, so a
    /// file cannot ask for more than some hundred times its size.
    #[test]
    fn messages_are_small() {
        assert!(size_of::<AttributeProto>() <= 400, "{}", size_of::<AttributeProto>());
        assert!(size_of::<NodeProto>() <= 400 && size_of::<TensorProto>() <= 400);
    }
}
