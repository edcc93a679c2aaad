// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What must hold of the published claims at small scale: `cargo test -p
//! synfire-distill --test claims -- --ignored`. It trains every arm of every claim.
#![allow(missing_docs, clippy::panic)]

#[path = "common/digits.rs"]
mod digits;

use std::sync::{Mutex, PoisonError};

use burn::tensor::Device;
use synfire::diag::{Diagnostic, Result};
use synfire_distill::claims::{Also, Arm, Claim, Laboratory, all, reproduce};
use synfire_distill::config::Config;

#[test]
#[ignore = "trains for many minutes, on Fashion-MNIST"]
fn what_must_hold_of_the_claims_holds() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let laboratory = Laboratory { data: None, device: Device::flex() };
    let mut wrong = Vec::new();
    // Those that nothing is required of are recorded by `synfire-distill reproduce`.
    let trial = synfire_distill::claims::Measured::default();
    for claim in all().iter().filter(|c| !(c.checks)(&trial).is_empty()) {
        let done = |_: &str, _: u64, _: &_| {};
        let measured = reproduce(claim, claim.seeds, &laboratory, folder.path(), &done)?;
        let checks = (claim.checks)(&measured);
        wrong.extend(checks.into_iter().filter(|c| !c.holds()).map(|c| (claim.name, c)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// A run of a few samples; `MODEL` is to be replaced.
const SMALL: &str = r#"
description = "t"

[data]
set = "digits"
train = 71
test = 29

[student]
timesteps = 2

[student.model]
MODEL

[[student.phases]]
epochs = 1
batch = 24
optimiser = { kind = "adam", rate = 1e-2 }
objective = [{ loss = "label" }]
"#;

fn small(model: &str) -> Config {
    Config::parse(&SMALL.replace("MODEL", model)).unwrap_or_else(|d| panic!("{d}"))
}

const DENSE: &str = "family = \"mlp\"\nhidden = [10]";
const ENSEMBLE: &str =
    "family = \"ensemble\"\nmembers = 2\nfeatures = 4\nmember = { family = \"mlp\", hidden = [6] }";

/// Alone, with the same network as its teacher, and an ensemble.
fn arms() -> Vec<Arm> {
    let arm = |name, config, teacher, also| Arm { name, config, teacher, also };
    vec![
        arm("alone", small(DENSE), None, Also::Nothing),
        arm("taught", small(DENSE), Some(small(DENSE)), Also::Nothing),
        arm("members", small(ENSEMBLE), None, Also::Members),
    ]
}

#[test]
fn small_arms_are_measured_seed_by_seed() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| digits::internal(&e))?;
    digits::digits(folder.path())?;
    let laboratory = Laboratory { data: Some(folder.path().to_path_buf()), device: Device::flex() };
    let claim =
        Claim { name: "small", title: "", expected: "", seeds: 2, arms, checks: |_| Vec::new() };
    let heard = Mutex::new(Vec::new());
    let done = |arm: &str, seed: u64, _: &_| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((arm.to_owned(), seed));
    };
    let measured = reproduce(&claim, 2, &laboratory, folder.path(), &done)?;
    let heard = heard.into_inner().unwrap_or_else(PoisonError::into_inner);
    let each =
        ["alone", "taught", "members"].iter().flat_map(|a| [1, 2].map(|s| ((*a).to_owned(), s)));
    assert!(each.eq(heard));

    // Shares of 29 test samples in percent; the accuracy is that of all timesteps.
    let accuracy = measured.of("alone", "accuracy");
    assert_eq!(accuracy, measured.of("alone", "T=2"));
    let samples =
        accuracy.iter().chain(&measured.of("alone", "T=1")).map(|a| a * 0.29).collect::<Vec<_>>();
    assert!(samples.iter().all(|n| (n - n.round()).abs() < 1e-9), "{samples:?}");
    assert!(samples.iter().any(|n| *n >= 2.0), "{samples:?}");
    // Another seed is another network; the teacher is trained once for each.
    let operations = measured.of("alone", "operations");
    assert_ne!(operations[0], operations[1]);
    for seed in [1, 2] {
        let teacher = folder.path().join(format!("teacher-t-{seed}"));
        assert_eq!(Config::read(&teacher.join("config.toml"))?.seed, seed);
    }
    // Its accuracy is that of the run without a teacher: the same network, samples and seed.
    assert_eq!(measured.of("taught", "teacher"), accuracy);
    for (one, two) in measured
        .of("members", "operations K=1")
        .iter()
        .zip(measured.of("members", "operations K=2"))
    {
        assert!(*one < two, "{one} {two}");
    }
    assert_eq!(measured.of("members", "K=2"), measured.of("members", "accuracy"));
    Ok(())
}
