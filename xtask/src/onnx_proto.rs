// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Generates `src/import/onnx/proto.rs` from `onnx.proto`, without protoc.

use std::path::{Path, PathBuf};

use prost_build::Module;

type Error = Box<dyn std::error::Error>;

const HEADER: &str = "\
// SPDX-License-Identifier: Apache-2.0
// @generated from onnx.proto by `cargo xtask onnx-proto`; do not edit.
";

/// Where the generated file is committed.
pub(crate) fn target() -> PathBuf {
    folder().join("proto.rs")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/import/onnx")
}

/// The text of `proto.rs`. Comments are left out: onnx.proto beside it has them.
///
/// # Errors
/// If onnx.proto cannot be read or compiled.
pub(crate) fn generate() -> Result<String, Error> {
    let files = protox::compile([folder().join("onnx.proto")], [folder()])?;
    let requests =
        files.file.into_iter().map(|file| (Module::from_protobuf_package_name("onnx"), file));
    let mut config = prost_build::Config::new();
    config.disable_comments(["."]);
    // An attribute holds at most one of these; inline, each attribute would take 1 KiB.
    for field in ["t", "g", "sparse_tensor", "tp"] {
        config.boxed(format!(".onnx.AttributeProto.{field}"));
    }
    let modules = config.generate(requests.collect())?;
    let code: String = modules.into_values().collect();
    Ok(format!("{HEADER}{code}"))
}

/// Writes `proto.rs`.
///
/// # Errors
/// As [`generate`], or if the file cannot be written.
pub(crate) fn run() -> Result<(), Error> {
    Ok(std::fs::write(target(), generate()?)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_file_is_fresh() {
        let committed = std::fs::read_to_string(super::target()).unwrap();
        let fresh = super::generate().unwrap();
        assert!(committed == fresh, "run `cargo xtask onnx-proto`");
    }
}
