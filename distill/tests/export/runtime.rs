// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Exported models in ONNX Runtime.
