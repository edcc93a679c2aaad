// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use synfire::diag::{Diagnostic, Result, codes};
use synfire_distill::config::Config;
use synfire_distill::train::{Outcome, Run, write_whole};

use super::place::Place;
use super::ui::{Bar, Ui};

/// Trains a teacher and a student as a configuration says.
///
/// The run's directory holds the configuration, the parameters (`SafeTensors`), a line of
/// JSON for each epoch, curves, and the student as ONNX. A run that was interrupted goes on
/// after its last whole epoch when the same command is given again.
#[derive(Debug, Args)]
pub(super) struct Train {
    /// A configuration (distill/recipes has them)
    config: PathBuf,
    /// Directory of the run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Another seed than the configuration's
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    place: Place,
}

impl Train {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let mut config = Config::read(&self.config)?;
        config.seed = self.seed.unwrap_or(config.seed);
        let run = self.place.run(config, Some(self.run.clone()))?;
        train(&run, &self.run, ui)
    }
}

/// Trains, writes the ONNX file and tells what came of it.
pub(super) fn train(run: &Run, directory: &Path, ui: Ui) -> Result<()> {
    let known = directory.join("config.toml");
    if known.exists() && Config::read(&known)? != run.config {
        return Err(Diagnostic::new(&codes::CHECKPOINT, "the directory holds another run")
            .in_file(directory)
            .help("name another directory with --run, or remove this one"));
    }
    let outcome = run.execute(&mut Bar::new("training"))?;
    let path = directory.join("student.onnx");
    let student = (&outcome.spec, &outcome.student);
    write_whole(&path, &super::export::bytes(&run.config, student, &run.test, None)?)?;
    let result = json!({
        "student": outcome.evaluation,
        "teacher_accuracy": outcome.teacher,
        "seconds": outcome.seconds,
        "onnx": path,
    });
    let report = serde_json::to_vec_pretty(&result)
        .map_err(|e| Diagnostic::internal("cli", e.to_string()))?;
    write_whole(&directory.join("report.json"), &report)?;
    ui.result(&result, &text(&outcome, &path))
}

fn text(outcome: &Outcome, path: &Path) -> String {
    let mut text = String::new();
    if let Some(teacher) = outcome.teacher {
        let _ = writeln!(text, "teacher accuracy  {:.2} %", teacher * 100.0);
    }
    let _ = writeln!(text, "{}", super::evaluate::text(&outcome.evaluation));
    let _ = writeln!(text, "seconds           {:.1}", outcome.seconds);
    let _ = writeln!(text, "written           {}", path.display());
    text
}
