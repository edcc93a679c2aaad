// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use synfire::diag::Result;

use super::{Also, Arm, Values, ensemble, hybrid};
use crate::config::{Config, Partition, Teacher};
use crate::data::Split;
use crate::train::{Run, Silent};

/// Where claims are tried.
#[derive(Debug, Clone)]
pub struct Laboratory {
    /// Folder with the files of the data sets.
    pub data: Option<PathBuf>,
    /// What computes, without gradients.
    pub device: Device,
}

impl Laboratory {
    fn run(&self, config: Config, directory: Option<PathBuf>) -> Result<Run> {
        let load = |split| config.data.load(split, config.student.timesteps, self.data.as_deref());
        let (train, test) = (load(Split::Train)?, load(Split::Test)?);
        Ok(Run { config, train, test, directory, device: self.device.clone() })
    }
}

/// Trains an arm with one seed, and measures it. Accuracies are in percent.
///
/// # Errors
/// As [`Run::execute`].
pub fn measure(arm: &Arm, seed: u64, laboratory: &Laboratory, folder: &Path) -> Result<Values> {
    let mut config = arm.config.clone();
    config.seed = seed;
    if let Some(teacher) = &arm.teacher {
        let directory = folder.join(format!("teacher-{}-{seed}", teacher.description));
        let mut teacher = teacher.clone();
        teacher.seed = seed;
        let run = laboratory.run(teacher, Some(directory.clone()))?;
        run.execute(&mut Silent)?;
        let known = config.teacher.get_or_insert_with(|| Teacher {
            run: None,
            timesteps: 1,
            model: None,
            train: None,
            partition: Partition::Fixed,
            phases: Vec::new(),
        });
        known.run = Some(directory);
        known.timesteps = run.config.student.timesteps;
    }
    let run = laboratory.run(config, None)?;
    let outcome = run.execute(&mut Silent)?;
    let mut values = Values::new();
    for (t, accuracy) in outcome.evaluation.accuracy.iter().enumerate() {
        values.insert(format!("T={}", t + 1), accuracy * 100.0);
    }
    values.insert("accuracy".to_owned(), outcome.evaluation.last() * 100.0);
    values.insert("operations".to_owned(), outcome.evaluation.operations.sops);
    if let Some(teacher) = outcome.teacher {
        values.insert("teacher".to_owned(), teacher * 100.0);
    }
    match arm.also {
        Also::Nothing => {}
        Also::Members => ensemble::by_members(&run, &outcome, &mut values)?,
        Also::Noise => {
            ensemble::by_members(&run, &outcome, &mut values)?;
            ensemble::with_noise(&run, &outcome, &mut values)?;
        }
        Also::Likeness => hybrid::likeness(&run, &outcome, &mut values)?,
    }
    Ok(values)
}
