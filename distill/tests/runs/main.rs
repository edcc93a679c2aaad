// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Whole runs on small data: that they learn, resume, repeat and refuse.
#![allow(missing_docs)]

mod data;
#[path = "../common/digits.rs"]
mod digits;
mod gates;
mod measured;
mod members;
mod recipes;
mod refused;
mod resumed;

use std::path::PathBuf;

use burn::tensor::Device;
use rand::Rng as _;
use synfire::diag::Result;
use synfire_distill::config::Config;
use synfire_distill::data::Dataset;
use synfire_distill::nn::{Extent, rng};
use synfire_distill::train::Run;

/// Three classes of 6 × 6 maps: a bright row, a bright column, a bright corner, and noise.
pub(crate) fn shapes(count: usize, seed: u64) -> Result<Dataset> {
    let mut random = rng(seed, 7);
    let (mut levels, mut labels) = (Vec::new(), Vec::new());
    for i in 0..count {
        let class = (i % 3) as u8;
        let at = random.random_range(1..5_u32) as usize;
        for y in 0..6 {
            for x in 0..6 {
                let bright = match class {
                    0 => y == at,
                    1 => x == at,
                    _ => x < 3 && y < 3,
                };
                let noise: u8 = random.random_range(0..90);
                levels.push(if bright { 255 - noise } else { noise });
            }
        }
        labels.push(class);
    }
    Dataset::new(Extent(1, 6, 6), None, 1.0 / 255.0, levels, labels)
}

pub(crate) fn run(config: &str, directory: Option<PathBuf>) -> Result<Run> {
    Ok(Run {
        config: Config::parse(config)?,
        train: shapes(240, 1)?,
        test: shapes(120, 2)?,
        directory,
        device: Device::flex(),
    })
}

/// A student with a teacher; `RULE` and `LOSS` are to be replaced.
pub(crate) const TAUGHT: &str = r#"
[data]
set = "shapes"

[student]
timesteps = 3

[student.model]
family = "mlp"
hidden = [24]
weights = "binary-channel"

[[student.phases]]
epochs = 4
batch = 24
binary = false
optimiser = { kind = "adam", rate = 1e-2 }
objective = [{ loss = "label", over = "steps" }]
RULE

[[student.phases]]
epochs = 8
batch = 24
optimiser = { kind = "sgd", rate = 0.1, decay = 1e-4 }
objective = [{ loss = "label", over = "steps" }, LOSS]
augment = { crop = 1 }
RULE

[teacher.model]
family = "mlp"
hidden = [24]
weights = "real"
neuron = { neuron = "relu" }

[[teacher.phases]]
epochs = 4
batch = 24
optimiser = { kind = "adam", rate = 1e-2 }
binary = false
objective = [{ loss = "label" }]
"#;

pub(crate) fn taught(rule: &str, loss: &str) -> String {
    TAUGHT.replace("RULE", rule).replace("LOSS", loss)
}
