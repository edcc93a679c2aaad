// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gradient rules: how a loss over time becomes gradients.

mod bptt;
mod rate;
mod sltt;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::nn::{Model, Net, Output, Rng, Signal};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// Backpropagation through time: the exact gradient of the surrogate, memory
    /// proportional to the timesteps.
    #[default]
    Bptt,
    /// Spatial learning through time: nothing flows from a timestep to the one before, so
    /// each is propagated back at once and forgotten (Meng et al., ICCV 2023).
    Sltt {
        /// SLTT-K: this many timesteps, chosen at random, are propagated back.
        #[serde(default)]
        chosen: Option<usize>,
    },
    /// Rate-based: spikes are counted without gradients, then one pass over mean rates is
    /// propagated back (Yu et al., `NeurIPS` 2024).
    Rate,
}

/// What is trained together: a student, and parts that only its training needs.
#[derive(Module, Debug)]
pub struct Trainee {
    /// The student.
    pub model: Model,
    /// Projections, auxiliary heads; not part of what is exported.
    pub extra: Vec<Net>,
}

/// What a batch gave.
#[derive(Debug)]
pub struct Step {
    /// Gradients of all that is trained.
    pub gradients: GradientsParams,
    /// The loss.
    pub loss: f64,
}

/// A loss of the student's output, with access to the parts trained beside it.
pub type Loss<'a> = dyn FnMut(&Output, &Trainee, &mut Rng) -> Tensor<1> + 'a;

/// A pass's input and setting.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The input: held, or of all `steps`.
    pub input: Signal,
    /// Timesteps.
    pub steps: usize,
    /// Binary layers compute with binary weights.
    pub binary: bool,
    /// Members of an ensemble that are on.
    pub active: Option<Vec<bool>>,
    /// For random choices.
    pub rng: &'a mut Rng,
}

impl Rule {
    /// Loss and gradients of a batch.
    pub fn step(self, trainee: &Trainee, batch: Batch<'_>, loss: &mut Loss<'_>) -> Step {
        match self {
            Self::Bptt => bptt::step(trainee, batch, loss),
            Self::Sltt { chosen } => sltt::step(trainee, batch, chosen, loss),
            Self::Rate => rate::step(trainee, batch, loss),
        }
    }
}

/// The number in a tensor with one element.
pub(crate) fn scalar(tensor: Tensor<1>) -> f64 {
    f64::from(tensor.into_data().iter::<f32>().next().unwrap_or(f32::NAN))
}
