// SPDX-License-Identifier: Apache-2.0 OR MIT
//! NIR: files of several producers, what is refused, what is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod conventions;
mod damaged;
mod files;
mod guessed;
mod published;
mod refused;
mod ties;
mod written;

use std::path::PathBuf;

use serde::Deserialize;
use synfire::import::{self, Options};
use synfire::ir::{Graph, Reset};

/// What tests/models/nir/models.json says of a file.
#[derive(Debug, Deserialize)]
struct Model {
    name: String,
    dt: f64,
    reset: Reset,
    timesteps: u32,
    /// What one level of the inputs is worth.
    scale: f64,
    /// Is the output spikes?
    spikes: bool,
}

impl Model {
    fn options(&self) -> Options {
        Options {
            dt: Some(self.dt),
            reset: Some(self.reset),
            timesteps: Some(self.timesteps),
            ..Options::default()
        }
    }

    fn load(&self) -> Graph {
        import::load(&folder().join(format!("{}.nir", self.name)), &self.options())
            .unwrap_or_else(|d| panic!("{}: {d}", self.name))
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models/nir")
}

fn models() -> Vec<Model> {
    let text = std::fs::read(folder().join("models.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}
