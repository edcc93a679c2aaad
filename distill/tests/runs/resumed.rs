// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::Path;

use burn::optim::ModuleOptimizer;
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::rule::Trainee;
use synfire_distill::train::{Epoch, Observer, Silent};

use super::{run, taught};
use crate::digits::internal;

/// Ends a run after so many epochs, as a power cut would.
struct Cut(usize);

impl Observer for Cut {
    fn epoch(&mut self, _: Epoch, _: &Trainee, _: &ModuleOptimizer) -> Result<()> {
        self.0 -= 1;
        match self.0 {
            0 => Err(Diagnostic::new(&codes::INTERNAL, "cut")),
            _ => Ok(()),
        }
    }
}

/// Counts epochs.
struct Count(usize);

impl Observer for Count {
    fn epoch(&mut self, _: Epoch, _: &Trainee, _: &ModuleOptimizer) -> Result<()> {
        self.0 += 1;
        Ok(())
    }
}

/// Keeps the checkpoint of so many epochs, and ends the run an epoch later.
struct Kept<'a>(usize, &'a Path);

impl Observer for Kept<'_> {
    fn epoch(&mut self, _: Epoch, _: &Trainee, _: &ModuleOptimizer) -> Result<()> {
        match self.0 {
            0 => return Err(Diagnostic::new(&codes::INTERNAL, "cut")),
            1 => {
                let (from, to) = (self.1.join("checkpoint"), self.1.join("kept"));
                std::fs::create_dir(&to).map_err(|e| internal(&e))?;
                for file in ["place.json", "trainee.safetensors", "optimiser.bpk"] {
                    std::fs::copy(from.join(file), to.join(file)).map_err(|e| internal(&e))?;
                }
            }
            _ => {}
        }
        self.0 -= 1;
        Ok(())
    }
}

fn student(directory: &Path) -> Vec<u8> {
    std::fs::read(directory.join("student.safetensors")).unwrap_or_default()
}

/// Loss and accuracy of every epoch.
fn losses(directory: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(directory.join("metrics.jsonl")).unwrap_or_default();
    let value = |line: &str| -> Option<String> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(format!("{} {} {} {}", line["part"], line["epoch"], line["loss"], line["accuracy"]))
    };
    text.lines().filter_map(value).collect()
}

#[test]
fn learns_with_every_rule() -> Result<()> {
    for rule in ["rule = { rule = \"bptt\" }", "rule = { rule = \"sltt\" }"] {
        let config = taught(rule, "{ loss = \"teacher\", over = \"steps\" }");
        let outcome = run(&config, None)?.execute(&mut Silent)?;
        let accuracy = outcome.evaluation.last();
        assert!(accuracy > 0.9, "{rule}: {accuracy}");
        assert!(outcome.teacher > Some(0.9), "{:?}", outcome.teacher);
    }
    let rate =
        taught("rule = { rule = \"rate\" }", "{ loss = \"teacher\" }").replace("0.1,", "0.3,");
    let accuracy = run(&rate, None)?.execute(&mut Silent)?.evaluation.last();
    assert!(accuracy > 0.9, "rate: {accuracy}");
    Ok(())
}

/// Wherever it was cut, a resumed run ends with the same bytes.
#[test]
fn a_resumed_run_ends_as_an_uninterrupted_one() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let noisy = "{ loss = \"noisy\" }, { loss = \"teacher\", over = \"steps\" }";
    let config = taught("", noisy);
    let whole = folder.path().join("whole");
    run(&config, Some(whole.clone()))?.execute(&mut Silent)?;
    // Within the teacher, at its end, within the first phase, at its end, in the second.
    for after in [2, 4, 6, 8, 11] {
        let cut = folder.path().join(format!("cut{after}"));
        let stopped = run(&config, Some(cut.clone()))?.execute(&mut Cut(after));
        assert!(stopped.is_err());
        let mut rest = Count(0);
        run(&config, Some(cut.clone()))?.execute(&mut rest)?;
        // Four of the teacher, four and eight of the student; none of them twice.
        assert_eq!(rest.0, 16 - after);
        assert!(!student(&whole).is_empty());
        assert_eq!(losses(&cut), losses(&whole), "cut after {after} epochs");
        assert!(student(&cut) == student(&whole), "cut after {after} epochs");
    }
    Ok(())
}

/// Cut off where the epoch is written down and its checkpoint is not: it is trained again, and
/// written down once.
#[test]
fn an_epoch_without_its_checkpoint_is_trained_again() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| internal(&e))?;
    let config = taught("", "{ loss = \"level\", weight = 0.01 }");
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    run(&config, Some(whole.clone()))?.execute(&mut Silent)?;
    let stopped = run(&config, Some(cut.clone()))?.execute(&mut Kept(6, &cut));
    assert!(stopped.is_err());
    std::fs::remove_dir_all(cut.join("checkpoint")).map_err(|e| internal(&e))?;
    std::fs::rename(cut.join("kept"), cut.join("checkpoint")).map_err(|e| internal(&e))?;
    run(&config, Some(cut.clone()))?.execute(&mut Silent)?;
    assert_eq!(losses(&cut), losses(&whole));
    assert!(student(&cut) == student(&whole));
    Ok(())
}

/// A line of the metrics that was cut off, a checkpoint that is damaged or half written: the run
/// goes on from what is whole, and ends as it would have.
#[test]
fn damage_costs_an_epoch_at_most() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| internal(&e))?;
    let config = taught("", "{ loss = \"level\", weight = 0.01 }");
    let whole = folder.path().join("whole");
    run(&config, Some(whole.clone()))?.execute(&mut Silent)?;
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).map_err(|e| internal(&e));
    type Damage<'a> = &'a dyn Fn(&Path) -> Result<()>;
    let cases: [(&str, Damage<'_>, usize); 4] = [
        // The teacher's four epochs and two of the student's are whole; two are left of four.
        (
            "metrics",
            &|d| {
                let path = d.join("metrics.jsonl");
                let bytes = synfire::diag::read_file(&path)?;
                write(&path, &bytes[..bytes.len() - 7])
            },
            10,
        ),
        ("optimiser", &|d| write(&d.join("checkpoint/optimiser.bpk"), b"no optimiser"), 11),
        ("place", &|d| write(&d.join("checkpoint/place.json"), b"{"), 11),
        (
            "next",
            &|d| {
                std::fs::create_dir(d.join("checkpoint.next")).map_err(|e| internal(&e))?;
                write(&d.join("checkpoint.next/trainee.safetensors"), b"half")
            },
            10,
        ),
    ];
    for (name, damage, left) in cases {
        let cut = folder.path().join(name);
        assert!(run(&config, Some(cut.clone()))?.execute(&mut Cut(6)).is_err());
        damage(&cut)?;
        let mut rest = Count(0);
        run(&config, Some(cut.clone()))?.execute(&mut rest)?;
        assert_eq!(rest.0, left, "{name}");
        assert!(student(&cut) == student(&whole), "{name}");
        let (found, all) = (losses(&cut), losses(&whole));
        // Nothing is there twice, and of the metrics one line is lost where they were damaged.
        let lost = usize::from(name == "metrics");
        assert_eq!(found.len(), all.len() - lost, "{name}");
        assert!(found.iter().all(|l| all.contains(l)), "{name}");
    }
    Ok(())
}

/// Cut off in its first epoch, a run has a checkpoint that nobody finished, and begins again.
#[test]
fn half_of_the_first_checkpoint_is_none() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| internal(&e))?;
    let next = folder.path().join("checkpoint.next");
    std::fs::create_dir(&next).map_err(|e| internal(&e))?;
    std::fs::write(next.join("trainee.safetensors"), b"half").map_err(|e| internal(&e))?;
    let config = taught("", "{ loss = \"level\", weight = 0.01 }");
    let mut all = Count(0);
    run(&config, Some(folder.path().to_path_buf()))?.execute(&mut all)?;
    assert_eq!(all.0, 16);
    Ok(())
}

/// The seconds of a run are those of all its epochs, whoever trained them.
#[test]
fn seconds_are_those_of_every_session() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| internal(&e))?;
    let config = taught("", "{ loss = \"level\", weight = 0.01 }");
    assert!(run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Cut(6)).is_err());
    let outcome = run(&config, Some(folder.path().to_path_buf()))?.execute(&mut Silent)?;
    let text = std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap_or_default();
    let seconds =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["seconds"].as_f64();
    let all: Vec<f64> = text.lines().filter_map(seconds).collect();
    assert_eq!(all.len(), 16);
    assert!((outcome.seconds - all.iter().sum::<f64>()).abs() < 1e-9, "{}", outcome.seconds);
    Ok(())
}

#[test]
fn another_seed_gives_another_student() -> Result<()> {
    let accuracy = |seed: u64| -> Result<_> {
        let config =
            format!("seed = {seed}\n{}", taught("", "{ loss = \"level\", weight = 0.01 }"));
        let spikes = run(&config, None)?.execute(&mut Silent)?.evaluation.operations.sops;
        Ok(spikes)
    };
    assert_eq!(accuracy(3)?, accuracy(3)?);
    assert_ne!(accuracy(3)?, accuracy(4)?);
    Ok(())
}
