// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The fuzz targets on their seeds, and on what fuzzing has found (`fuzz/corpus`).
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a crate of its own elsewhere")]
mod fuzz;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Runs a target on its seeds and its corpus.
fn replay(target: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut inputs = fuzz::seeds::seeds(root, target).unwrap();
    let corpus = root.join("fuzz/corpus").join(target);
    for entry in std::fs::read_dir(&corpus).into_iter().flatten() {
        let path = entry.unwrap().path();
        inputs.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    assert!(!inputs.is_empty(), "{target} has no inputs");
    inputs.push(("nothing".to_owned(), Vec::new()));
    let failed = |(_, bytes): &&(String, Vec<u8>)| {
        catch_unwind(AssertUnwindSafe(|| fuzz::check(target, bytes))).is_err()
    };
    let wrong: Vec<&str> = inputs.iter().filter(failed).map(|(name, _)| &**name).collect();
    assert!(wrong.is_empty(), "{target}: {wrong:#?}");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed() {
            let names: Vec<&str> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            let manifest = include_str!("../fuzz/Cargo.toml");
            assert!(names.iter().all(|n| manifest.contains(&format!("\nname = \"{n}\"\n"))));
            assert_eq!(manifest.matches("[[bin]]").count(), names.len());
        }
    };
}

targets!(onnx nir text npy npz idx gzip aedat3 aedat4 nmnist table labels trials target link reports);
