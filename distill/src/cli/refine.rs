// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use synfire::diag::Result;
use synfire_distill::config::{Config, Members, Optimiser, Partition, Phase, Teacher};
use synfire_distill::loss::{Objective, Over, Term};
use synfire_distill::rule::Rule;

use super::place::Place;
use super::ui::Ui;

/// Trains a student on, for fewer timesteps or fewer members.
///
/// The student itself, with all its timesteps and members, is the teacher: what it lost
/// when the compiler cut timesteps or members is won back.
#[derive(Debug, Args)]
pub(super) struct Refine {
    /// Directory of the student's run
    student: PathBuf,
    /// Directory of the new run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Timesteps from now on
    #[arg(long)]
    timesteps: Option<usize>,
    /// Members of an ensemble that stay, counted from 0, such as 0,2
    #[arg(long, value_delimiter = ',')]
    members: Option<Vec<usize>>,
    /// What is learned from the teacher
    #[arg(long, value_enum, default_value_t = Loss::PerStep)]
    loss: Loss,
    /// Passes over the training samples
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    /// Rate of Adam at first
    #[arg(long, default_value_t = 5e-4)]
    rate: f64,
    /// Weight of the teacher against the labels
    #[arg(long, default_value_t = 0.5)]
    alpha: f64,
    /// Temperature of the softmax
    #[arg(long, default_value_t = 3.0)]
    temperature: f64,
    /// Weight of the entropy of the mean logits
    #[arg(long, default_value_t = 0.1)]
    entropy: f64,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Loss {
    /// Logits averaged over time
    TimeMean,
    /// Logits of every timestep, so that one student is good at every smaller number
    PerStep,
}

impl Refine {
    pub(super) fn run(self, ui: Ui) -> Result<()> {
        let before = Config::read(&self.student.join("config.toml"))?;
        let over = match self.loss {
            Loss::TimeMean => Over::Mean,
            Loss::PerStep => Over::Steps,
        };
        let temperature = self.temperature;
        let objective = Objective::default()
            .and(self.alpha, Term::Teacher { over, temperature })
            .and(1.0 - self.alpha, Term::Label { over, smoothing: 0.0 })
            .and(self.entropy, Term::Entropy { temperature });
        let phase = Phase {
            epochs: self.epochs,
            batch: 256,
            optimiser: Optimiser::Adam { rate: self.rate, decay: 0.0 },
            binary: !before.student.is_real(),
            clip: true,
            rule: Rule::Bptt,
            objective,
            augment: Default::default(),
        };
        let mut config = before.clone();
        config.description = format!("refined from {}", self.student.display());
        config.student.phases = vec![phase];
        config.student.hybrid = None;
        config.student.start = Some(self.student.clone());
        config.student.timesteps = self.timesteps.unwrap_or(before.student.timesteps);
        if let Some(members) = self.members {
            config.student.members = Members::Only(members);
        }
        config.teacher = Some(Teacher {
            run: Some(self.student),
            timesteps: before.student.timesteps,
            model: None,
            train: None,
            partition: Partition::Fixed,
            phases: Vec::new(),
        });
        let run = self.place.run(config, Some(self.run.clone()))?;
        super::train::train(&run, &self.run, ui)
    }
}
