// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What a run is: one TOML file. The recipes of the papers are such files
//! (`distill/recipes`).

mod check;
mod zoo;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes, read_file};

use crate::data::{Augment, Dataset, Encoding, Events, Options, Split};
use crate::loss::Objective;
use crate::nn::Extent;
use crate::nn::spec::{self, Precision};
use crate::rule::Rule;

pub use zoo::{Architecture, Block, Family};

/// A run: a student, perhaps with a teacher that is trained before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// Of everything random.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is learned from.
    pub data: Data,
    /// The network that is trained for the hardware.
    pub student: Student,
    /// The network that guides it.
    #[serde(default)]
    pub teacher: Option<Teacher>,
}

/// A data set, or part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Its name, or a folder.
    pub set: String,
    /// Only the first so many training samples.
    #[serde(default)]
    pub train: Option<usize>,
    /// Only the first so many test samples.
    #[serde(default)]
    pub test: Option<usize>,
    /// How images become timesteps.
    #[serde(default)]
    pub encoding: Encoding,
    /// How recordings become timesteps; there are as many as the student has.
    #[serde(default)]
    pub events: Events,
}

impl Data {
    /// Reads the samples, for a number of timesteps.
    ///
    /// # Errors
    /// As [`Dataset::load`].
    pub fn load(&self, split: Split, timesteps: usize, folder: Option<&Path>) -> Result<Dataset> {
        let count = match split {
            Split::Train => self.train,
            Split::Test => self.test,
        };
        let encoding = match self.encoding {
            Encoding::Rate { .. } => Encoding::Rate { steps: timesteps },
            Encoding::Direct => Encoding::Direct,
        };
        let events = Events { steps: timesteps, ..self.events };
        let folder = folder.map(Path::to_path_buf);
        Dataset::load(&self.set, split, &Options { folder, count, encoding, events })
    }
}

/// A student and how it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Student {
    /// Its network.
    pub model: Architecture,
    /// T.
    pub timesteps: usize,
    /// The directory of a run whose student it starts as; it has the same network.
    #[serde(default)]
    pub start: Option<PathBuf>,
    /// Members of an ensemble that are on while it trains.
    #[serde(default)]
    pub members: Members,
    /// Guidance through hybrids of student and teacher.
    #[serde(default)]
    pub hybrid: Option<Hybrid>,
    /// Training, one phase after the other.
    pub phases: Vec<Phase>,
}

/// A teacher: a network of rectifiers, or an earlier run's student.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// The directory of a run whose student teaches; it is not trained any more.
    #[serde(default)]
    pub run: Option<PathBuf>,
    /// Timesteps that it runs over (spiking teachers).
    #[serde(default = "one_step")]
    pub timesteps: usize,
    /// Its network, if it is trained in this run.
    #[serde(default)]
    pub model: Option<Architecture>,
    /// Only the first so many training samples; nothing: those of the student.
    #[serde(default)]
    pub train: Option<usize>,
    /// How its features are divided among the members of an ensemble.
    #[serde(default)]
    pub partition: Partition,
    /// Training, one phase after the other.
    #[serde(default)]
    pub phases: Vec<Phase>,
}

/// Epochs with one setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Passes over the training samples.
    pub epochs: usize,
    /// Samples of a batch.
    #[serde(default = "hundred")]
    pub batch: usize,
    /// How gradients become steps.
    pub optimiser: Optimiser,
    /// Binary layers compute with one bit (true) or with their latent weights. If no phase
    /// computes with one bit, the network is one of real weights; if one does, so does the
    /// last.
    #[serde(default = "yes")]
    pub binary: bool,
    /// Latent weights of binary layers are kept within ±1.
    #[serde(default = "yes")]
    pub clip: bool,
    /// How the loss becomes gradients.
    #[serde(default)]
    pub rule: Rule,
    /// The loss.
    pub objective: Objective,
    /// Changes of the training samples.
    #[serde(default)]
    pub augment: Augment,
}

/// An optimiser; its rate falls to 0 along half a cosine within a phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimiser {
    /// Stochastic gradient descent.
    Sgd {
        /// Rate at first.
        rate: f64,
        /// Momentum.
        #[serde(default = "point_nine")]
        momentum: f64,
        /// Decay of weights; biases and norms have none.
        #[serde(default)]
        decay: f64,
    },
    /// Adam with decoupled weight decay.
    Adam {
        /// Rate at first.
        rate: f64,
        /// Decay of weights; biases and norms have none.
        #[serde(default)]
        decay: f64,
    },
}

/// Which members of an ensemble are on in a training step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Members {
    /// All ("stochastic" in SNE: only inference draws some of them).
    #[default]
    All,
    /// K of N, K uniform in 1…N, drawn for each batch ("dropout-style" in SNE).
    Dropout,
    /// These, counted from 0: what is left of an ensemble that was pruned.
    Only(Vec<usize>),
}

/// How a teacher's features are divided into blocks, one a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partition {
    /// Neighbouring features.
    #[default]
    Fixed,
    /// Features that vary together, in blocks of equal size.
    Clustered,
}

/// Hybrids M_k: the student's first stages, a learned projection, the teacher's other
/// stages, which are frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hybrid {
    /// Behind which stages hybrids branch off, counted from 0.
    pub stages: Vec<usize>,
    /// Sum of the weights β of the hybrids' losses.
    #[serde(default = "one_weight")]
    pub weight: f64,
    /// Loss of the hybrids' logits; the student's own is the objective of the phase.
    pub objective: Objective,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`codes::TRAIN_CONFIG`] if it is no configuration, or says things that do not go
    /// together.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = read_file(path)?;
        let text = String::from_utf8_lossy(&bytes);
        Self::parse(&text).map_err(|d| d.in_file(path))
    }

    /// The same from text.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|e| {
            Diagnostic::new(&codes::TRAIN_CONFIG, e.message().to_owned())
                .at(e.span().map_or_else(String::new, |s| line(text, s.start)))
                .help("docs/training.md lists every key; distill/recipes has examples")
        })?;
        check::unknown(text, &config.to_toml()?)?;
        check::says_weights(text)?;
        config.check()?;
        Ok(config)
    }

    /// What can be said against it without the data.
    ///
    /// # Errors
    /// [`codes::TRAIN_CONFIG`] with the place.
    pub fn check(&self) -> Result<()> {
        check::check(self)
    }

    /// The configuration as TOML.
    ///
    /// # Errors
    /// An internal error if it cannot be written.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Diagnostic::internal("config", e.to_string()))
    }
}

impl Student {
    /// Its layers, for an input and classes, with the weights that it ends up with: one bit
    /// where the architecture says so, unless no phase trains with them. Training reports this
    /// network, `evaluate` runs it, and `export` writes it.
    #[must_use]
    pub fn network(&self, input: Extent, classes: usize) -> spec::Model {
        let network = self.model.model(input, classes, Precision::default());
        if self.is_real() { network.real() } else { network }
    }

    /// Does every phase train latent weights?
    #[must_use]
    pub fn is_real(&self) -> bool {
        are_real(&self.phases)
    }
}

impl Teacher {
    /// The layers of a teacher that this run trains, for an input and classes; nothing if it
    /// is taken from a run.
    #[must_use]
    pub fn network(&self, input: Extent, classes: usize) -> Option<spec::Model> {
        let network = self.model.as_ref()?.model(input, classes, Precision::Real);
        Some(if are_real(&self.phases) { network.real() } else { network })
    }
}

fn are_real(phases: &[Phase]) -> bool {
    phases.iter().all(|p| !p.binary)
}

impl Optimiser {
    /// The rate at first.
    #[must_use]
    pub const fn rate(self) -> f64 {
        match self {
            Self::Sgd { rate, .. } | Self::Adam { rate, .. } => rate,
        }
    }
}

fn line(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    format!("line {}", before.matches('\n').count() + 1)
}

const fn one() -> u64 {
    1
}
const fn one_step() -> usize {
    1
}
const fn one_weight() -> f64 {
    1.0
}
const fn hundred() -> usize {
    100
}
const fn yes() -> bool {
    true
}
const fn point_nine() -> f64 {
    0.9
}
