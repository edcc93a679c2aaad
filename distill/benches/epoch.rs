// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Seconds of a training epoch, beside PyTorch's with one thread on the same batches:
//! `SYNFIRE_PYTHON=python3 cargo bench -p synfire-distill` (the interpreter needs torch).
//! Rounds alternate, so that both meet the same load; the least of each counts.
#![allow(missing_docs, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use burn::optim::AdamWConfig;
use burn::tensor::Device;
use synfire::diag::{Diagnostic, Result};
use synfire_distill::config::Config;
use synfire_distill::data::{Augment, Split};
use synfire_distill::loss::{Objective, Over, Target, Term};
use synfire_distill::nn::{Model, rng};
use synfire_distill::rule::{Batch, Rule, Trainee};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;

fn main() -> Result<()> {
    for (name, samples, batch) in [("fashion-mlp", 60_000, 256), ("fashion-conv", 6_400, 128)] {
        let mut own = f64::INFINITY;
        let mut torch = f64::INFINITY;
        for _ in 0..ROUNDS {
            own = own.min(epoch(name, samples, batch)?);
            torch = torch.min(pytorch(name, samples, batch)?);
        }
        let ratio = own / torch;
        println!("{name}: {samples} samples: {own:.2} s, PyTorch {torch:.2} s, ratio {ratio:.2}");
    }
    Ok(())
}

/// Seconds for one pass over so many samples.
fn epoch(name: &str, samples: usize, batch: usize) -> Result<f64> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = Config::read(&root.join(format!("recipes/{name}.toml")))?;
    let device = Device::flex().autodiff();
    let steps = config.student.timesteps;
    let data = config.data.load(Split::Train, steps, None)?.first(samples);
    let spec = config.student.network(data.extent, data.classes);
    let mut random = rng(1, 0);
    let model = Model::new(&spec, &mut random, &device)?;
    let mut trainee = Trainee { model, extra: Vec::new() };
    let mut optimiser = AdamWConfig::new().with_weight_decay(0.0).init();
    let objective = Objective::of(Term::Label { over: Over::Mean, smoothing: 0.0 });
    let all: Vec<usize> = (0..samples).collect();
    let began = Instant::now();
    for some in all.chunks_exact(batch) {
        let input = data.batch(some, &Augment::default(), &mut random, &device);
        let target = Target::labels(&data.labels_of(some), data.classes, &device);
        let batch = Batch { input, steps, binary: true, active: None, rng: &mut random };
        let step = Rule::Bptt
            .step(&trainee, batch, &mut |output, _, rng| objective.value(output, &target, rng));
        trainee = optimiser.step(1e-3, trainee, step.gradients);
    }
    Ok(began.elapsed().as_secs_f64())
}

/// The same by `epoch.py`.
fn pytorch(name: &str, samples: usize, batch: usize) -> Result<f64> {
    let failed = |e: String| Diagnostic::internal("epoch.py", e);
    let python = std::env::var("SYNFIRE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/epoch.py");
    let output = Command::new(python)
        .arg(script)
        .args([name, &samples.to_string(), &batch.to_string()])
        .output()
        .map_err(|e| failed(e.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.trim().parse().map_err(|_| failed(String::from_utf8_lossy(&output.stderr).into_owned()))
}
