// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The project's own tasks.

mod onnx_proto;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("onnx-proto") => onnx_proto::run(),
        other => Err(format!("no such task: {}", other.unwrap_or("(none)")).into()),
    }
}
