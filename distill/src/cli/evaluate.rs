// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use synfire::diag::Result;
use synfire_distill::nn::Operations;
use synfire_distill::train::{Evaluation, Setting, evaluate};

use super::place::Place;
use super::ui::Ui;

/// Accuracy, firing rates and operations of a run's student on the test samples.
#[derive(Debug, Args)]
pub(super) struct Evaluate {
    /// Directory of the run
    run: PathBuf,
    /// Timesteps; those it was trained with if not given
    #[arg(long)]
    timesteps: Option<usize>,
    /// Members of an ensemble that are on, counted from 0, such as 0,2
    #[arg(long, value_delimiter = ',')]
    members: Option<Vec<usize>>,
    #[command(flatten)]
    place: Place,
}

impl Evaluate {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let (trained, test) = self.place.trained(&self.run, self.timesteps)?;
        let active = super::export::active(&trained.spec, self.members.as_deref())?;
        let timesteps = trained.config.student.timesteps;
        let setting = Setting { timesteps, active, ..Setting::default() };
        let found = evaluate(&trained.model, &test, &setting, &self.place.device()?)?;
        ui.result(&found, &text(&found))
    }
}

/// Operations for people.
pub(super) fn operations(counted: Operations) -> String {
    format!("{:.0} accumulations, {:.0} multiply-accumulates", counted.sops, counted.macs)
}

/// An evaluation for people.
pub(super) fn text(found: &Evaluation) -> String {
    let mut text = format!("accuracy          {:.2} %\n", found.last() * 100.0);
    let steps: Vec<String> = found.accuracy.iter().map(|a| format!("{:.2}", a * 100.0)).collect();
    let _ = writeln!(text, "  by timestep     {}", steps.join(", "));
    let firing: Vec<String> = found.firing.iter().map(|f| format!("{f:.3}")).collect();
    let _ = writeln!(text, "firing rates      {}", firing.join(", "));
    let _ = write!(text, "operations        {}", operations(found.operations));
    text
}
