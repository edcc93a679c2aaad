// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What of a run does not go together, known before anything is trained: what depends on the
//! data, or on another run. The rest is said of the configuration alone (`config/check.rs`).

use synfire::diag::{Diagnostic, Result, codes};

use super::prepare::{members_of, unlike};
use super::run::Run;
use crate::config::{Config, Partition, Phase};
use crate::loss::Term;
use crate::nn::spec::{self, Layer, Neuron};

impl Run {
    /// # Errors
    /// [`codes::TRAIN_CONFIG`], [`codes::DATA_OPTION`] and [`codes::MODEL_SHAPE`] with the place
    /// in the configuration; what is wrong with another run that this one begins with.
    pub(super) fn check(&self) -> Result<()> {
        self.config.check()?;
        let (student, teacher) = (self.spec(), self.teacher_spec()?);
        let config = &self.config;
        self.check_phases(&student, &config.student.phases, "student")?;
        let Some(teacher) = &teacher else { return Ok(()) };
        let phases = config.teacher.as_ref().map_or(&[][..], |t| &t.phases[..]);
        self.check_phases(teacher, phases, "teacher")?;
        self.check_features(&student, teacher)?;
        self.check_partition(&student, teacher)?;
        self.check_time(teacher)
    }

    /// The teacher's layers, if there is one.
    pub(super) fn teacher_spec(&self) -> Result<Option<spec::Model>> {
        let Some(teacher) = &self.config.teacher else { return Ok(None) };
        let (extent, classes) = (self.train.extent, self.train.classes);
        match &teacher.run {
            Some(run) => {
                let config = Config::read(&run.join("config.toml"))?;
                Ok(Some(config.student.network(extent, classes)))
            }
            None => Ok(teacher.network(extent, classes)),
        }
    }

    /// Changes of samples, and losses on blocks of features.
    fn check_phases(&self, network: &spec::Model, phases: &[Phase], who: &str) -> Result<()> {
        let features = last(network)?.elements();
        for (i, phase) in phases.iter().enumerate() {
            let place = format!("{who}.phases[{i}]");
            phase.augment.check(self.train.extent).map_err(|d| {
                let inside = d.location.path.clone().unwrap_or_default();
                d.at(format!("{place}.augment.{inside}"))
            })?;
            for (j, weighted) in phase.objective.terms.iter().enumerate() {
                let Term::Unlike { blocks, .. } = weighted.term else { continue };
                if blocks < 2 || features % blocks != 0 {
                    let message = format!(
                        "{features} features cannot be divided into {blocks} blocks that differ"
                    );
                    let place = format!("{place}.objective[{j}].blocks");
                    return Err(Diagnostic::new(&codes::TRAIN_CONFIG, message)
                        .at(place)
                        .help("at least two blocks, of as many features each"));
                }
            }
        }
        Ok(())
    }

    /// Losses on features need features of one size.
    fn check_features(&self, student: &spec::Model, teacher: &spec::Model) -> Result<()> {
        let asks = |wanted: fn(&Term) -> bool| {
            let phases = &self.config.student.phases;
            phases.iter().flat_map(|p| &p.objective.terms).any(|w| wanted(&w.term))
        };
        if asks(|t| matches!(t, Term::Feature)) && last(student)? != last(teacher)? {
            let message = format!(
                "the student's last stage is fed {:?}, the teacher's {:?}",
                last(student)?,
                last(teacher)?
            );
            return Err(unlike("loss = \"feature\"", message));
        }
        let maps = |m: &spec::Model| -> Result<Option<(usize, usize)>> {
            let behind = (0..m.stages.len()).map(|s| m.behind(s)).collect::<Result<Vec<_>>>()?;
            Ok(behind.iter().rev().map(|e| (e.1, e.2)).find(|(h, w)| h * w > 1))
        };
        if asks(|t| matches!(t, Term::Attention { .. })) && maps(student)? != maps(teacher)? {
            let message = "the last maps of student and teacher have different sizes".to_owned();
            return Err(unlike("loss = \"attention\"", message));
        }
        Ok(())
    }

    /// Members learn blocks of as many features each.
    fn check_partition(&self, student: &spec::Model, teacher: &spec::Model) -> Result<()> {
        let members = members_of(student);
        let (features, config) = (last(teacher)?.0, &self.config);
        let asks = config.teacher.as_ref().is_some_and(|t| t.partition == Partition::Clustered);
        if !asks || (members > 0 && features.is_multiple_of(members)) {
            return Ok(());
        }
        let message = format!("{features} features of the teacher for {members} members");
        Err(Diagnostic::new(&codes::TRAIN_CONFIG, message)
            .at("teacher.partition")
            .help("an ensemble, each member of which has as many features"))
    }

    /// Inputs that change have as many timesteps as the student; a teacher that spikes needs
    /// them all.
    fn check_time(&self, teacher: &spec::Model) -> Result<()> {
        let timesteps = self.config.teacher.as_ref().map_or(1, |t| t.timesteps);
        match self.train.timesteps() {
            Some(given) if spikes(teacher) && given != timesteps => {
                let message = format!(
                    "inputs change over {given} timesteps, and the teacher runs over {timesteps}"
                );
                Err(Diagnostic::new(&codes::TRAIN_CONFIG, message)
                    .at("teacher.timesteps")
                    .help("a spiking teacher sees what the student sees: give both the same number of timesteps"))
            }
            _ => Ok(()),
        }
    }
}

/// What is fed into the last stage.
fn last(model: &spec::Model) -> Result<crate::nn::Extent> {
    // The last stage has to fit it.
    model.behind(model.stages.len().saturating_sub(1))?;
    model.behind(model.stages.len().saturating_sub(2))
}

fn spikes(model: &spec::Model) -> bool {
    fn any(layers: &[Layer]) -> bool {
        layers.iter().any(|l| match l {
            Layer::Neuron(n) => matches!(n, Neuron::Lif(_)),
            Layer::Residual { body, shortcut } => any(body) || any(shortcut),
            Layer::Parallel { members } => members.iter().any(|m| any(m)),
            _ => false,
        })
    }
    model.stages.iter().any(|s| any(&s.layers))
}
