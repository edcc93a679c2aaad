// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What fuzzing starts from: the fixtures of the tests, read where they lie. Also compiled
//! into `cargo xtask fuzz`, which writes them to files; so this needs nothing but std.

use std::io;
use std::path::{Path, PathBuf};

/// Larger fixtures make a fuzzer slow.
const MOST: usize = 1 << 15;

/// Where a target's seeds lie.
struct Source {
    target: &'static str,
    /// Below the repository's root, with all that lies below it.
    folder: &'static str,
    /// How the file's name begins and ends.
    name: (&'static str, &'static str),
    /// What stands before the file's bytes: each makes a seed.
    before: &'static [&'static [u8]],
}

const fn source(
    target: &'static str,
    folder: &'static str,
    name: (&'static str, &'static str),
) -> Source {
    Source { target, folder, name, before: &[b""] }
}

const fn with(
    target: &'static str,
    folder: &'static str,
    name: (&'static str, &'static str),
    before: &'static [&'static [u8]],
) -> Source {
    Source { target, folder, name, before }
}

const DATA: &str = "tests/data/files";

/// The bytes before a model choose options: `models.rs` says which.
const SOURCES: &[Source] = &[
    with("onnx", "tests/models", ("", ".onnx"), &[b"\0"]),
    with("onnx", "tests/models/one_step", ("", ".onnx"), &[b"\x02"]),
    with("onnx", "tests/models/qonnx", ("", ".onnx"), &[b"\x38"]),
    with("onnx", "tests/models/time_axis", ("", ".onnx"), &[b"\x38"]),
    with("nir", "tests/models/nir", ("", ".nir"), &[b"\0", b"\x2c"]),
    source("text", "tests/pass", ("", ".ir")),
    source("npy", DATA, ("", ".npy")),
    source("npz", DATA, ("", ".npz")),
    source("idx", DATA, ("idx_", "")),
    source("gzip", DATA, ("", ".gz")),
    source("aedat3", DATA, ("", ".aedat")),
    source("aedat4", DATA, ("", ".aedat4")),
    source("nmnist", DATA, ("", ".bin")),
    source("table", DATA, ("camera", ".csv")),
    source("table", DATA, ("a", ".csv")),
    with("labels", DATA, ("idx_", ""), &[b"\x01", b"\x02"]),
    with("labels", DATA, ("", ".npy"), &[b"\x04"]),
    source("trials", DATA, ("user", "_labels.csv")),
    source("target", "targets", ("", ".toml")),
    source("target", "tests/common", ("", ".toml")),
];

/// Name and bytes of each seed of a target.
///
/// # Errors
/// If a fixture cannot be read.
pub fn seeds(root: &Path, target: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut seeds = Vec::new();
    for source in SOURCES.iter().filter(|s| s.target == target) {
        let mut files = Vec::new();
        below(&root.join(source.folder), &mut files)?;
        for path in files {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with(source.name.0) || !name.ends_with(source.name.1) {
                continue;
            }
            let file = std::fs::read(&path)?;
            let place = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            for before in source.before.iter().filter(|_| file.len() <= MOST) {
                let name = format!("{}{}", place.replace(['/', '\\'], "_"), hex(before));
                seeds.push((name, [before, &file[..]].concat()));
            }
        }
    }
    if target == "text" {
        let page = std::fs::read_to_string(root.join("docs/ir.md"))?;
        for (i, block) in page.split("```sfir\n").skip(1).enumerate() {
            let text = block.split("```").next().unwrap_or_default();
            seeds.push((format!("docs_ir_{i}"), text.as_bytes().to_vec()));
        }
    }
    Ok(seeds)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("_{b:02x}")).collect()
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|e| e.path()).collect();
    // The same order everywhere.
    paths.sort();
    for path in paths {
        if path.is_dir() { below(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
