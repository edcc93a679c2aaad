// SPDX-License-Identifier: Apache-2.0 OR MIT
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::config::Config;
use synfire_distill::train::{Silent, load_model};

use super::{run, taught};

fn refused(config: &str) -> Box<Diagnostic> {
    match Config::parse(config) {
        Err(d) => d,
        Ok(_) => Diagnostic::internal("test", "was taken"),
    }
}

#[test]
fn configurations_that_make_no_sense() {
    let good = taught("", "{ loss = \"level\" }");
    assert!(Config::parse(&good).is_ok());
    for (from, to, place) in [
        ("timesteps = 3", "timesteps = 0", "student.timesteps"),
        ("timesteps = 3", "timesteps = 3\ntimestep = 4", "line 7"),
        ("hidden = [24]", "hidden = [24]\nhiden = [3]", "student.model.hiden"),
        (
            "loss = \"level\"",
            "loss = \"level\", wieght = 2",
            "student.phases[1].objective[1].wieght",
        ),
        ("rate = 1e-2", "rate = -1.0", "student.phases[0].optimiser.rate"),
        ("batch = 24", "batch = 1", "student.phases[0].batch"),
        ("binary = false", "rule = { rule = \"sltt\" }", "student.phases[0]"),
        ("[teacher.model]", "[teacher]\nrun = \"x\"\n[teacher.model]", "teacher"),
    ] {
        let config = good.replacen(from, to, 1);
        let config = match to {
            t if t.contains("sltt") => config.replacen("over = \"steps\"", "over = \"mean\"", 1),
            _ => config,
        };
        let d = refused(&config);
        assert_eq!(d.code, &codes::TRAIN_CONFIG, "{to}: {d}");
        assert_eq!(d.location.path.as_deref(), Some(place), "{to}: {d}");
    }
    let alone = good.split("[teacher.model]").next().unwrap_or_default();
    let alone = alone.replace("\"level\"", "\"teacher\"");
    assert_eq!(refused(&alone).location.path.as_deref(), Some("student.phases[1]"));
}

#[test]
fn features_of_different_sizes() -> Result<()> {
    let config = taught("", "{ loss = \"feature\" }").replacen("hidden = [24]", "hidden = [25]", 1);
    let result = run(&config, None)?.execute(&mut Silent);
    let found = result.err().map(|d| d.code.id);
    assert_eq!(found, Some(codes::TRAIN_CONFIG.id));
    Ok(())
}

/// The loss grows beyond all numbers: training says where, and keeps the epochs before.
#[test]
fn divergence() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let config = taught("", "{ loss = \"level\", weight = 1e38 }");
    let stopped = run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Silent);
    let d = stopped.err().ok_or_else(|| Diagnostic::internal("test", "it did not diverge"))?;
    assert_eq!(d.code, &codes::TRAIN_DIVERGED);
    assert!(d.location.path.is_some_and(|p| p.starts_with("phase 1, epoch 0, batch ")));
    let kept = std::fs::read_to_string(folder.path().join("checkpoint/place.json"));
    assert_eq!(kept.ok().as_deref(), Some(r#"{"part":"student","phase":0,"epochs":4}"#));
    Ok(())
}

#[test]
fn damaged_checkpoints_and_those_of_other_networks() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let path = folder.path().join("student.safetensors");
    let config = taught("", "{ loss = \"level\" }");
    run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Silent)?;
    let bytes = synfire::diag::read_file(&path)?;
    let load = |config: &str, bytes: &[u8]| -> Result<Option<&'static str>> {
        synfire::diag::write_file(&path, bytes)?;
        let mut model = run(config, None)?.untrained(None)?.model;
        Ok(load_model(&mut model, &path).err().map(|d| d.code.id))
    };
    assert_eq!(load(&config, &bytes)?, None);
    let wrong = Some(codes::CHECKPOINT.id);
    assert_eq!(load(&config, &bytes[..bytes.len() / 2])?, wrong);
    assert_eq!(load(&config, b"no checkpoint")?, wrong);
    assert_eq!(load(&config.replace("[24]", "[23]"), &bytes)?, wrong);
    assert_eq!(load(&config.replace("[24]", "[24, 24]"), &bytes)?, wrong);
    Ok(())
}
