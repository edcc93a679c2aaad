// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A run: teacher, student, and a directory with all that came of it.

use std::path::PathBuf;

use burn::module::Module as _;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes};

use super::checkpoint::{load_model, load_run, save_model, write_whole};
use super::curves;
use super::evaluate::{Evaluation, Setting, evaluate};
use super::guide::Guide;
use super::keeper::{self, Keeper};
use super::phase::{Observer, Trainer};
use super::prepare::members_of;
use crate::config::{Config, Members, Partition, Phase, Teacher};
use crate::data::Dataset;
use crate::nn::{Model, Net, rng, spec};
use crate::rule::Trainee;

/// Samples of the test set that curves are drawn of.
const GLIMPSE: usize = 1000;

/// A run and its directory.
#[derive(Debug)]
pub struct Run {
    /// What it is.
    pub config: Config,
    /// Training samples.
    pub train: Dataset,
    /// Test samples, which no choice depends on.
    pub test: Dataset,
    /// Where everything is written; nothing is if there is none.
    pub directory: Option<PathBuf>,
    /// Where it is computed, without gradients.
    pub device: Device,
}

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// The student's layers.
    pub spec: spec::Model,
    /// The student.
    pub student: Model,
    /// Projections of hybrids.
    pub extra: Vec<Net>,
    /// The teacher.
    pub guide: Option<Guide>,
    /// How good it is.
    pub evaluation: Evaluation,
    /// Accuracy of the teacher, if there is one.
    pub teacher: Option<f64>,
    /// Seconds of all epochs, those before an interruption included; 0 without a directory.
    pub seconds: f64,
}

/// Who is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The teacher.
    Teacher,
    /// The student.
    Student,
}

impl Part {
    /// As curves are named.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Teacher => "teacher",
            Self::Student => "student",
        }
    }
}

impl Run {
    /// Trains what is not trained yet. With a directory, an interrupted run goes on after
    /// its last whole epoch, and ends as if it had not been interrupted.
    ///
    /// # Errors
    /// What of the configuration, the data or the directory cannot be used;
    /// [`codes::TRAIN_DIVERGED`].
    pub fn execute(&self, observer: &mut dyn Observer) -> Result<Outcome> {
        self.check()?;
        if let Some(directory) = &self.directory {
            std::fs::create_dir_all(directory).map_err(|e| {
                Diagnostic::new(&codes::FILE_WRITE, format!("cannot create: {e}"))
                    .in_file(directory)
            })?;
            write_whole(&directory.join("config.toml"), self.config.to_toml()?.as_bytes())?;
        }
        // What cannot be made or read is known before the teacher is trained.
        let trainee = self.untrained(self.teacher_spec()?.as_ref())?;
        let guide = match &self.config.teacher {
            Some(teacher) => Some(self.teacher(teacher, observer)?),
            None => None,
        };
        let accuracy = |g: &Guide| {
            let setting = Setting { timesteps: g.steps, ..Setting::default() };
            evaluate(&g.model, &self.test, &setting, &self.device).map(|e| e.last())
        };
        let teacher = guide.as_ref().map(accuracy).transpose()?;
        let (student, spec) = (&self.config.student, self.spec());
        let active = student.members.used(members_of(&spec));
        let setting = Setting { timesteps: student.timesteps, active, ..Setting::default() };
        let mut trainer = Trainer {
            data: &self.train,
            timesteps: student.timesteps,
            seed: self.config.seed,
            members: student.members.clone(),
            guide,
            device: self.device.clone().autodiff(),
        };
        let trained =
            self.part(Part::Student, trainee, &mut trainer, &student.phases, &setting, observer)?;
        let evaluation = evaluate(&trained.model, &self.test, &setting, &self.device)?;
        let trained = trained.valid();
        let (student, extra) = (trained.model, trained.extra);
        let seconds = self.directory.as_deref().map_or(Ok(0.0), curves::seconds)?;
        Ok(Outcome { spec, student, extra, evaluation, guide: trainer.guide, teacher, seconds })
    }

    /// The teacher, trained or read.
    fn teacher(&self, teacher: &Teacher, observer: &mut dyn Observer) -> Result<Guide> {
        let device = self.device.clone().autodiff();
        let (extent, classes) = (self.train.extent, self.train.classes);
        let (spec, model) = match (&teacher.run, teacher.network(extent, classes)) {
            (Some(run), _) => load_run(run, extent, classes, &device)?,
            (None, Some(spec)) => {
                let seed = self.config.seed ^ TEACHER;
                let model = Model::new(&spec, &mut rng(seed, u64::MAX), &device)?;
                let data = teacher.train.map(|n| self.train.first(n));
                let mut trainer = Trainer {
                    data: data.as_ref().unwrap_or(&self.train),
                    timesteps: teacher.timesteps,
                    seed,
                    members: Members::All,
                    guide: None,
                    device,
                };
                let trainee = Trainee { model, extra: Vec::new() };
                let setting = Setting { timesteps: teacher.timesteps, ..Setting::default() };
                let phases = &teacher.phases;
                let trained =
                    self.part(Part::Teacher, trainee, &mut trainer, phases, &setting, observer)?;
                (spec, trained.model)
            }
            // The configuration was checked.
            (None, None) => return Err(Diagnostic::internal("run", "a teacher of nothing")),
        };
        let mut guide = Guide::new(spec, &model, teacher.timesteps);
        guide.hybrid.clone_from(&self.config.student.hybrid);
        if teacher.partition == Partition::Clustered {
            guide.order = Some(self.features_in_clusters(&guide));
        }
        Ok(guide)
    }

    /// Trains a part, or reads it if it has been trained.
    fn part(
        &self,
        part: Part,
        mut trainee: Trainee,
        trainer: &mut Trainer<'_>,
        phases: &[Phase],
        setting: &Setting,
        observer: &mut dyn Observer,
    ) -> Result<Trainee> {
        let Some(directory) = &self.directory else {
            return trainer.train(trainee, phases, (0, 0, None), observer);
        };
        let name = if part == Part::Teacher { "teacher" } else { "student" };
        let done = directory.join(format!("{name}.safetensors"));
        if done.exists() {
            load_model(&mut trainee.model, &done)?;
            return Ok(trainee);
        }
        let start = keeper::resume(directory, part, &mut trainee, phases)?;
        let records = curves::read(directory, part, &start)?;
        let glimpse = self.test.first(GLIMPSE);
        let (device, glimpse) = (&self.device, &glimpse);
        let mut keeper = Keeper { part, directory, records, glimpse, setting, device, observer };
        let trained = trainer.train(trainee, phases, start, &mut keeper)?;
        save_model(&trained.model, &done)?;
        keeper::forget(directory);
        Ok(trained)
    }
}

/// Sets the teacher's random numbers apart from the student's.
const TEACHER: u64 = 0x7EAC;
