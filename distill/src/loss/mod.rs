// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Losses, each an equation of docs/training.md, and their sum.

mod attention;
mod divergence;
mod feature;
mod noisy;
mod supervised;
mod target;
mod temporal;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::nn::{Output, Rng};

pub use attention::{MapForm, class_map};
pub use divergence::kl;
pub use feature::{Similarity, similarity};
pub use noisy::{NoiseForm, noisy_kl};
pub use target::Target;

/// Which logits a loss is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Their mean over time.
    #[default]
    Mean,
    /// Those of every timestep; the mean of the losses.
    Steps,
}

/// One loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "loss", rename_all = "kebab-case")]
pub enum Term {
    /// Cross-entropy with the labels.
    Label {
        /// Of which logits.
        #[serde(default)]
        over: Over,
        /// Share of the target that is spread evenly over all classes.
        #[serde(default)]
        smoothing: f64,
    },
    /// Mean squared distance of the logits of every timestep from 1 (TET's regulariser).
    Level,
    /// `τ² KL(softmax(teacher / τ) ‖ softmax(student / τ))`.
    Teacher {
        /// Of which logits.
        #[serde(default)]
        over: Over,
        /// τ.
        #[serde(default = "unit")]
        temperature: f64,
    },
    /// `τ² KL` between the saliency maps of the last stage with maps (SAMD of CKDSNN).
    Attention {
        /// τ.
        #[serde(default = "two")]
        temperature: f64,
        /// How maps are made comparable.
        #[serde(default)]
        form: MapForm,
    },
    /// `τ² KL` with noise on the student's logits (NLD of CKDSNN).
    Noisy {
        /// τ.
        #[serde(default = "two")]
        temperature: f64,
        /// λ: share of the noise.
        #[serde(default = "tenth")]
        noise: f64,
        /// Noise on logits or on probabilities.
        #[serde(default)]
        form: NoiseForm,
    },
    /// Mean squared distance of the last stage's input from the teacher's (SNE).
    Feature,
    /// Likeness of equal blocks of the last stage's input: made small, a teacher has a part
    /// for each member of an ensemble (SNE; its formula is not known, these are ours).
    Unlike {
        /// Number of blocks.
        blocks: usize,
        /// Which likeness.
        #[serde(default)]
        form: Similarity,
    },
    /// `−H(softmax(mean logits / τ))`: less of it, and classes are spread more evenly.
    Entropy {
        /// τ.
        #[serde(default = "three")]
        temperature: f64,
    },
    /// `τ² KL` between the mean of those timesteps that have the class right, without
    /// gradient, and every timestep (self-distillation over time).
    OwnSteps {
        /// τ.
        #[serde(default = "three")]
        temperature: f64,
    },
}

/// A loss and its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighted {
    /// What it is multiplied with.
    #[serde(default = "unit")]
    pub weight: f64,
    /// The loss.
    #[serde(flatten)]
    pub term: Term,
}

/// A sum of losses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Objective {
    /// Its terms.
    pub terms: Vec<Weighted>,
}

impl Term {
    /// Is it a mean over timesteps of what each of them gives alone? Only such losses can
    /// be taken timestep by timestep (SLTT).
    #[must_use]
    pub fn is_per_step(&self) -> bool {
        match self {
            Self::Label { over, .. } | Self::Teacher { over, .. } => *over == Over::Steps,
            Self::Level => true,
            _ => false,
        }
    }

    /// Does it ask for a teacher?
    #[must_use]
    pub fn needs_teacher(&self) -> bool {
        matches!(
            self,
            Self::Teacher { .. } | Self::Attention { .. } | Self::Noisy { .. } | Self::Feature
        )
    }

    fn value(&self, output: &Output, target: &Target, rng: &mut Rng) -> Tensor<1> {
        match *self {
            Self::Label { over, smoothing } => {
                supervised::cross_entropy(&over.of(output), target, smoothing)
            }
            Self::Level => supervised::level(&output.logits),
            Self::Teacher { over, temperature } => {
                divergence::from_teacher(&over.of(output), target, temperature)
            }
            Self::Attention { temperature, form } => {
                attention::loss(output, target, temperature, form)
            }
            Self::Noisy { temperature, noise, form } => {
                noisy::loss(&mean(output), target, (temperature, noise), form, rng)
            }
            Self::Feature => feature::distance(output, target),
            Self::Unlike { blocks, form } => feature::unlike(output, blocks, form),
            Self::Entropy { temperature } => temporal::negative_entropy(mean(output), temperature),
            Self::OwnSteps { temperature } => temporal::own_steps(output, target, temperature),
        }
    }
}

impl Over {
    /// The logits in question, `[steps, batch, classes]`.
    fn of(self, output: &Output) -> Tensor<3> {
        match self {
            Self::Mean => output.logits.clone().mean_dim(0),
            Self::Steps => output.logits.clone(),
        }
    }
}

impl Objective {
    /// One loss of weight 1.
    #[must_use]
    pub fn of(term: Term) -> Self {
        Self { terms: vec![Weighted { weight: 1.0, term }] }
    }

    /// One more loss.
    #[must_use]
    pub fn and(mut self, weight: f64, term: Term) -> Self {
        self.terms.push(Weighted { weight, term });
        self
    }

    /// The weighted sum for a batch: the mean over its samples.
    pub fn value(&self, output: &Output, target: &Target, rng: &mut Rng) -> Tensor<1> {
        let zero = Tensor::zeros([1], &output.logits.device());
        self.terms
            .iter()
            .fold(zero, |sum, w| sum + w.term.value(output, target, rng).mul_scalar(w.weight))
    }
}

/// `[batch, classes]`.
fn mean(output: &Output) -> Tensor<2> {
    output.logits.clone().mean_dim(0).squeeze_dim(0)
}

const fn unit() -> f64 {
    1.0
}
const fn two() -> f64 {
    2.0
}
const fn three() -> f64 {
    3.0
}
const fn tenth() -> f64 {
    0.1
}
