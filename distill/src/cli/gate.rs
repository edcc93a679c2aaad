// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use synfire::diag::{Diagnostic, Result, codes, write_file};
use synfire_distill::config::{Architecture, Family, Members, Optimiser, Phase};
use synfire_distill::data::Split;
use synfire_distill::loss::{Objective, Over, Term};
use synfire_distill::rule::Rule;
use synfire_distill::train::{Gated, Run, gated, members_of, needs};

use super::place::Place;
use super::ui::{Bar, Ui};

/// Trains a gate for an ensemble: a small spiking network that says of each sample how many
/// members it needs.
#[derive(Debug, Args)]
pub(super) struct Gate {
    /// Directory of the ensemble's run
    ensemble: PathBuf,
    /// Directory of the gate's run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Neurons of the gate
    #[arg(long, default_value_t = 32)]
    hidden: usize,
    /// Passes over the training samples
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    #[command(flatten)]
    place: Place,
}

impl Gate {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let (trained, test) = self.place.trained(&self.ensemble, None)?;
        let device = self.place.device()?;
        let steps = trained.config.student.timesteps;
        let left = trained.config.student.members.left(members_of(&trained.spec));
        if left.len() < 2 {
            let message = "the run's student is no ensemble of two members or more";
            return Err(Diagnostic::new(&codes::TRAIN_CONFIG, message).in_file(&self.ensemble));
        }
        let train = trained.config.data.load(Split::Train, steps, self.place.data.as_deref())?;
        let mut config = trained.config.clone();
        config.description = format!("gate of {}", self.ensemble.display());
        config.teacher = None;
        config.student.start = None;
        config.student.hybrid = None;
        config.student.members = Members::All;
        config.student.model = Architecture {
            family: Family::Mlp { hidden: vec![self.hidden], pool: None },
            ..trained.config.student.model.clone()
        };
        config.student.phases = vec![Phase {
            epochs: self.epochs,
            batch: 256,
            optimiser: Optimiser::Adam { rate: 5e-3, decay: 0.0 },
            binary: true,
            clip: true,
            rule: Rule::Bptt,
            objective: Objective::of(Term::Label { over: Over::Mean, smoothing: 0.0 }),
            augment: Default::default(),
        }];
        let wanted = (steps, &left[..]);
        let run = Run {
            train: needs(&trained.model, &train, wanted, &device)?,
            test: needs(&trained.model, &test, wanted, &device)?,
            directory: Some(self.run.clone()),
            device: device.clone(),
            config,
        };
        let outcome = run.execute(&mut Bar::new("gate"))?;
        let path = self.run.join("student.onnx");
        let student = (&outcome.spec, &outcome.student);
        write_file(&path, super::export::bytes(&run.config, student, &run.test, None)?)?;
        let found = gated(&trained.model, &outcome.student, &test, wanted, &device)?;
        ui.result(&found, &text(&found))
    }
}

fn text(found: &Gated) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "accuracy, gated   {:.2} %", found.accuracy * 100.0);
    let _ = writeln!(text, "members on        {:.2}", found.members);
    let fixed: Vec<String> = found.fixed.iter().map(|a| format!("{:.2}", a * 100.0)).collect();
    let _ = writeln!(text, "fixed 1, 2, …     {}", fixed.join(", "));
    let gate = super::evaluate::operations(found.operations);
    let _ = writeln!(text, "gate, operations  {gate}");
    text
}
