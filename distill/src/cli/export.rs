// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use synfire::diag::{Diagnostic, Result, codes, write_file};
use synfire_distill::config::Config;
use synfire_distill::data::Dataset;
use synfire_distill::export::{self, InputCode};
use synfire_distill::nn::{Model, spec};
use synfire_distill::train::members_of;

use super::place::Place;
use super::ui::Ui;

/// Writes a run's student as ONNX, in the dialect that synfire reads.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Directory of the run
    run: PathBuf,
    /// The file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Timesteps; those it was trained with if not given
    #[arg(long)]
    timesteps: Option<usize>,
    /// Members of an ensemble that stay, counted from 0, such as 0,2
    #[arg(long, value_delimiter = ',')]
    members: Option<Vec<usize>>,
    #[command(flatten)]
    place: Place,
}

impl Export {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let (trained, test) = self.place.trained(&self.run, self.timesteps)?;
        let active = active(&trained.spec, self.members.as_deref())?;
        let bytes =
            bytes(&trained.config, (&trained.spec, &trained.model), &test, active.as_deref())?;
        write_file(&self.output, &bytes)?;
        let result = json!({ "onnx": self.output, "bytes": bytes.len() });
        ui.result(&result, &format!("written  {}", self.output.display()))
    }
}

/// A student as ONNX: all of it, or some members of an ensemble.
pub(super) fn bytes(
    config: &Config,
    (spec, model): (&spec::Model, &Model),
    data: &Dataset,
    active: Option<&[bool]>,
) -> Result<Vec<u8>> {
    let used = config.student.members.used(members_of(spec));
    let steps = u32::try_from(config.student.timesteps).unwrap_or(u32::MAX);
    let input = InputCode::of(data);
    match active.or(used.as_deref()) {
        None => export::onnx(spec, model, steps, input),
        Some(active) => {
            let graph = export::subset(spec, model, active, steps, input)?;
            synfire::export::onnx::write(&graph)
        }
    }
}

/// Which members are on.
pub(super) fn active(spec: &spec::Model, members: Option<&[usize]>) -> Result<Option<Vec<bool>>> {
    let count = members_of(spec);
    let Some(members) = members else { return Ok(None) };
    match members.iter().find(|m| **m >= count) {
        Some(wrong) => Err(Diagnostic::new(
            &codes::TRAIN_CONFIG,
            format!("there is no member {wrong}: the student has {count}"),
        )
        .at("--members")),
        None => Ok(Some((0..count).map(|m| members.contains(&m)).collect())),
    }
}
