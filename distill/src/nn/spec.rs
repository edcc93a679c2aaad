// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks as data: what a configuration file says, and what a checkpoint belongs to.

use serde::{Deserialize, Serialize};
use synfire::diag::Result;

pub use super::binary::Precision;
pub use super::shape::Extent;
pub use super::surrogate::Surrogate;

/// A network: stages one behind the other, the last of which gives logits. Recipes compare
/// students and teachers stage by stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Channels, height and width of the input.
    pub input: Extent,
    /// The stages.
    pub stages: Vec<Stage>,
}

impl Model {
    /// What flows out of stage number `stage`, from 0.
    ///
    /// # Errors
    /// As [`Extent::through`].
    pub fn behind(&self, stage: usize) -> Result<Extent> {
        let layers = self.stages.iter().take(stage + 1).flat_map(|s| &s.layers);
        layers.into_iter().try_fold(self.input, Extent::through)
    }

    /// The same network with real weights everywhere.
    #[must_use]
    pub fn real(mut self) -> Self {
        let layers = self.stages.iter_mut().flat_map(|s| &mut s.layers);
        layers.for_each(|l| l.each_precision(&mut |p| *p = Precision::Real));
        self
    }

    /// Does a layer have weights of one bit?
    #[must_use]
    pub fn has_binary(&self) -> bool {
        let mut found = false;
        for layer in &mut self.stages.clone().iter_mut().flat_map(|s| &mut s.layers) {
            layer.each_precision(&mut |p| found |= *p != Precision::Real);
        }
        found
    }

    /// Multiplications of one timestep, were all inputs dense.
    ///
    /// # Errors
    /// As [`Extent::through`].
    pub fn operations(&self) -> Result<u64> {
        let mut extent = self.input;
        let mut sum = 0;
        for layer in self.stages.iter().flat_map(|s| &s.layers) {
            sum += layer.operations(extent)?;
            extent = extent.through(layer)?;
        }
        Ok(sum)
    }
}

impl Layer {
    /// Shows what the weights of this layer, and of those inside of it, are.
    fn each_precision(&mut self, change: &mut impl FnMut(&mut Precision)) {
        let inside: Vec<&mut Self> = match self {
            Self::Linear { weights, .. } | Self::Conv { weights, .. } => return change(weights),
            Self::Residual { body, shortcut } => body.iter_mut().chain(shortcut).collect(),
            Self::Parallel { members } => members.iter_mut().flatten().collect(),
            Self::Norm | Self::Neuron(_) | Self::AveragePool { .. } => Vec::new(),
        };
        for layer in inside {
            layer.each_precision(change);
        }
    }

    fn operations(&self, input: Extent) -> Result<u64> {
        let all = |layers: &[Self]| -> Result<u64> {
            let (mut extent, mut sum) = (input, 0);
            for layer in layers {
                sum += layer.operations(extent)?;
                extent = extent.through(layer)?;
            }
            Ok(sum)
        };
        let outputs = input.through(self)?.elements();
        Ok(match self {
            Self::Linear { .. } => (outputs * input.elements()) as u64,
            Self::Conv { kernel, .. } => (outputs * input.0 * kernel * kernel) as u64,
            Self::Residual { body, shortcut } => all(body)? + all(shortcut)?,
            Self::Parallel { members } => members.iter().map(|m| all(m)).sum::<Result<u64>>()?,
            Self::Norm | Self::Neuron(_) | Self::AveragePool { .. } => 0,
        })
    }
}

/// Consecutive layers that recipes may look behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name in checkpoints and exports.
    pub name: String,
    /// Its layers.
    pub layers: Vec<Layer>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "layer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Layer {
    /// Fully connected, over all elements of the maps.
    Linear {
        /// Outputs.
        outputs: usize,
        /// What the weights are.
        #[serde(default)]
        weights: Precision,
        /// Adds a constant per output.
        #[serde(default)]
        bias: bool,
    },
    /// Convolution with a square kernel.
    Conv {
        /// Output channels.
        channels: usize,
        /// Extent of the kernel.
        kernel: usize,
        /// Distance of neighbouring windows.
        #[serde(default = "one")]
        stride: usize,
        /// Zeros on every side.
        #[serde(default)]
        padding: usize,
        /// What the weights are.
        #[serde(default)]
        weights: Precision,
        /// Adds a constant per channel.
        #[serde(default)]
        bias: bool,
    },
    /// Batch normalisation, per channel.
    Norm,
    /// Neurons.
    Neuron(Neuron),
    /// Means over square windows that do not overlap; `window = 0`: over all of a map.
    AveragePool {
        /// Extent of the window.
        window: usize,
    },
    /// What `body` gives, plus what `shortcut` gives (nothing in it: the input itself).
    Residual {
        /// The long way.
        body: Vec<Layer>,
        /// The short one.
        #[serde(default)]
        shortcut: Vec<Layer>,
    },
    /// Members side by side on the same input; their channels one behind the other.
    Parallel {
        /// The members.
        members: Vec<Vec<Layer>>,
    },
}

/// What a neuron computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "neuron", rename_all = "kebab-case")]
pub enum Neuron {
    /// `max(x, 0)`: teachers.
    Relu,
    /// Leaky integrate-and-fire.
    Lif(Lif),
}

/// `u[t] = λ v[t−1] + g x[t]`, a spike where `u` reaches θ, then reset. The defaults are
/// those of SEI-BWSNN, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lif {
    /// λ.
    pub leak: f64,
    /// g.
    pub gain: f64,
    /// θ.
    pub threshold: f64,
    /// What firing does to the membrane.
    pub reset: Reset,
    /// No gradient flows through the reset.
    pub detach_reset: bool,
    /// ≥ or >.
    pub compare: Compare,
    /// What stands for the derivative of a spike.
    pub surrogate: Surrogate,
}

impl Default for Lif {
    fn default() -> Self {
        Self {
            leak: 0.1,
            gain: 1.0,
            threshold: 1.0,
            reset: Reset::Soft,
            detach_reset: false,
            compare: Compare::AtLeast,
            surrogate: Surrogate::Triangle { width: 1.0 },
        }
    }
}

/// What firing does to the membrane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reset {
    /// The threshold is subtracted.
    Soft,
    /// The membrane goes to a value.
    Hard {
        /// The value.
        #[serde(default)]
        to: f64,
    },
    /// Nothing.
    None,
}

/// When a neuron fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// `u ≥ θ`.
    AtLeast,
    /// `u > θ`.
    Above,
}

const fn one() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wherever a layer stands: in a stage, in both ways of a sum, in a member.
    #[test]
    fn a_real_network_has_no_binary_layer() {
        let linear = |weights| Layer::Linear { outputs: 2, weights, bias: false };
        let conv = |weights| Layer::Conv {
            channels: 1,
            kernel: 1,
            stride: 1,
            padding: 0,
            weights,
            bias: false,
        };
        let model = |layer| Model {
            input: Extent(1, 1, 1),
            stages: vec![Stage { name: "one".to_owned(), layers: vec![Layer::Norm, layer] }],
        };
        use Precision::{BinaryChannel, BinaryLayer, Real};
        let residual = |long, short| Layer::Residual {
            body: vec![linear(long)],
            shortcut: vec![linear(short)],
        };
        for layer in [
            linear(BinaryLayer),
            conv(BinaryChannel),
            residual(BinaryLayer, Real),
            residual(Real, BinaryChannel),
            Layer::Parallel { members: vec![vec![linear(Real)], vec![conv(BinaryLayer)]] },
        ] {
            let model = model(layer);
            assert!(model.has_binary() && !model.real().has_binary());
        }
        assert!(!model(residual(Real, Real)).has_binary());
    }
}
