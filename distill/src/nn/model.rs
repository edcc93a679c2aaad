// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use synfire::diag::{Diagnostic, Result, codes};

use super::layer::Net;
use super::rng::Rng;
use super::signal::Signal;
use super::spec;
use super::walk::Walk;

/// A network with stages that recipes may look behind.
#[derive(Module, Debug)]
pub struct Model {
    /// The stages, in order; the last one gives the logits.
    pub stages: Vec<Net>,
}

/// What a network gives for a batch.
#[derive(Debug, Clone)]
pub struct Output {
    /// `[steps, batch, classes]`.
    pub logits: Tensor<3>,
    /// What flows out of each stage but the last.
    pub features: Vec<Signal>,
}

impl Model {
    /// A random network.
    ///
    /// # Errors
    /// [`codes::MODEL_SHAPE`] if layers do not fit each other, or the last one gives no
    /// logits.
    pub fn new(spec: &spec::Model, rng: &mut Rng, device: &Device) -> Result<Self> {
        let mut extent = spec.input;
        let mut stages = Vec::with_capacity(spec.stages.len());
        for stage in &spec.stages {
            let made = Net::new(&stage.layers, extent, rng, device);
            stages.push(made.map_err(|d| d.at(format!("stage {}", stage.name)))?);
            extent = extent.through_all(&stage.layers)?;
        }
        if (extent.1, extent.2) != (1, 1) || stages.is_empty() {
            return Err(Diagnostic::new(
                &codes::MODEL_SHAPE,
                format!("the last stage gives maps of {} x {}, not logits", extent.1, extent.2),
            )
            .help("end the network with a linear layer"));
        }
        Ok(Self { stages })
    }

    /// Logits and features of a batch, for the timesteps of the walk.
    pub fn forward(&self, input: Signal, walk: &mut Walk) -> Output {
        self.forward_from(0, input, walk)
    }

    /// The same from stage `first` on.
    pub fn forward_from(&self, first: usize, input: Signal, walk: &mut Walk) -> Output {
        let mut features = Vec::with_capacity(self.stages.len());
        let mut signal = input;
        for stage in &self.stages[first..] {
            signal = stage.forward(signal, walk);
            features.push(signal.clone());
        }
        features.pop();
        let [all, classes, _, _] = signal.maps.dims();
        let steps = signal.steps.unwrap_or(1);
        Output { logits: signal.maps.reshape([steps, all / steps, classes]), features }
    }
}
