// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inputs from files: what other programs read is what is read here; damaged files are
//! refused with a place; encodings are those of their equations. `make.py` and
//! `make_encodings.py` write the files and what is expected.
#![allow(clippy::unwrap_used, clippy::panic)]

mod arrays;
mod encodings;
mod folders;
mod hostile;
mod recordings;
#[path = "../common/rounds.rs"]
mod rounds;

use std::path::{Path, PathBuf};

use proptest::prelude::ProptestConfig;
use serde_json::Value;
use synfire::data::{Content, Recording, Sensor, Slice, parse};
use synfire::diag::Result;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn file(name: &str) -> PathBuf {
    here().join("files").join(name)
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(here().join(name)).unwrap()).unwrap()
}

/// The entries of a list in `expected.json`.
fn expected(list: &str) -> Vec<Value> {
    json("expected.json")[list].as_array().unwrap().clone()
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

fn number(v: &Value) -> usize {
    v.as_u64().unwrap().try_into().unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn sensor(v: &Value) -> Option<Sensor> {
    v.as_str().map(|s| s.parse().unwrap())
}

fn read(name: &str, sensor: Option<Sensor>) -> Result<Content> {
    parse(&std::fs::read(file(name)).unwrap(), Path::new(name), None, sensor)
}

fn recording(name: &str, sensor: Option<Sensor>) -> Recording {
    match read(name, sensor) {
        Ok(Content::Recording(r)) => r,
        other => panic!("{name}: {other:?}"),
    }
}

/// The type and the values.
fn reals(slice: Slice) -> (&'static str, Vec<f64>) {
    let kind = match slice {
        Slice::U8(_) => "u8",
        Slice::U16(_) => "u16",
        Slice::Real(_) => "real",
    };
    (kind, slice.to_reals())
}

/// How many cases a property tries; `PROPTEST_CASES` says another number.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|c| c.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
