// SPDX-License-Identifier: Apache-2.0 OR MIT
//! SF01xx: import of model files.

use super::codes;

codes! {
    ONNX_DECODE = "SF0101", "the file is not a readable ONNX model",
        "The bytes do not decode as an ONNX protobuf message: truncated, damaged or another format. Export the model again, or check the download.";
}
