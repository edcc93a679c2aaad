// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What must hold for any bytes, one function for each thing that reads them. The fuzz
//! targets call them with what libFuzzer thinks up, tests/fuzz_corpus.rs with the seeds and
//! with what fuzzing has found. Each asserts that there is no panic and no error of our
//! own, that memory is bounded by the size of the file, and what its module says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod graph;
mod hardware;
mod inputs;
mod memory;
mod models;
pub mod seeds;
pub mod structure;

use synfire::diag::Diagnostic;

/// Reads bytes and asserts what must hold.
pub type Check = fn(&[u8]);

/// Every target with its function.
pub const TARGETS: &[(&str, Check)] = &[
    ("onnx", models::onnx),
    ("nir", models::nir),
    ("text", models::text),
    ("npy", inputs::npy),
    ("npz", inputs::npz),
    ("idx", inputs::idx),
    ("gzip", inputs::gzip),
    ("aedat3", inputs::aedat3),
    ("aedat4", inputs::aedat4),
    ("nmnist", inputs::nmnist),
    ("table", inputs::table),
    ("labels", inputs::labels),
    ("trials", inputs::trials),
    ("target", hardware::target),
    ("link", hardware::link),
    ("reports", hardware::reports),
];

/// Runs the target of this name.
pub fn check(target: &str, bytes: &[u8]) {
    for (name, run) in TARGETS {
        if *name == target {
            run(bytes);
        }
    }
}

/// A refusal must be the user's to understand: a code of one of these families, never one of
/// our own faults, with a place or a way out.
#[track_caller]
fn refused(d: &Diagnostic, families: &[&str]) {
    let id = d.code.id;
    assert!(families.iter().any(|f| id.starts_with(f)), "{id}: {d}");
    assert!(d.location.path.is_some() || d.help.is_some(), "{id} says no place: {d}");
    assert!(d.message.len() < 10_000, "{id}: a message of {} bytes", d.message.len());
}
