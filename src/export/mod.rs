// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Writes graphs in the formats of other tools. One folder a format.

pub mod onnx;
