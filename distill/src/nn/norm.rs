// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Batch normalisation, per channel.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, module};

use super::rng::{self, Rng};
use super::signal::{Maps, Signal};
use super::walk::{Pass, Walk};

/// Added to the variance.
pub(crate) const EPSILON: f64 = 1e-5;
/// Share of a batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// `y = (x − mean) / sqrt(var + ε) · γ + β`.
#[derive(Module, Debug)]
pub struct Norm {
    /// γ.
    pub gamma: Param<Tensor<1>>,
    /// β.
    pub beta: Param<Tensor<1>>,
    /// Running mean.
    pub mean: RunningState<Tensor<1>>,
    /// Running variance.
    pub variance: RunningState<Tensor<1>>,
}

impl Norm {
    pub(super) fn new(channels: usize, rng: &mut Rng, device: &Device) -> Self {
        Self {
            gamma: rng::param(Tensor::ones([channels], device), rng),
            beta: rng::param(Tensor::zeros([channels], device), rng),
            mean: RunningState::with_id(rng::id(rng), Tensor::zeros([channels], device)),
            variance: RunningState::with_id(rng::id(rng), Tensor::ones([channels], device)),
        }
    }

    /// With batch statistics over all timesteps of the signal, or with running ones.
    pub(super) fn forward(&self, input: Signal, walk: &mut Walk) -> Signal {
        input.map(|x| match (walk.train, walk.pass) {
            (false, _) => self.normalise(x, self.mean.value_sync(), self.variance.value_sync()),
            (true, Pass::Spikes) => self.by_batch(x),
            (true, Pass::Measure) => {
                let (mean, variance) = statistics(x.clone());
                walk.keep_statistics(mean.clone(), variance.clone());
                self.normalise(x, mean, variance)
            }
            (true, Pass::Rate) => match walk.statistics() {
                Some([mean, variance]) => self.by_rate(x, mean, variance),
                None => self.by_batch(x),
            },
        })
    }

    fn by_batch(&self, x: Maps) -> Maps {
        let result = module::batch_norm_train(x, self.gamma.val(), self.beta.val(), EPSILON);
        self.note(result.mean.detach(), result.variance.detach());
        result.output
    }

    /// The values of the statistics are those of the spikes, the gradients those of the
    /// rates' own statistics (code of rate-based backpropagation).
    fn by_rate(&self, x: Maps, mean: Tensor<1>, variance: Tensor<1>) -> Maps {
        let (mean, variance) = (Tensor::from_inner(mean), Tensor::from_inner(variance));
        self.note(mean.clone(), variance.clone());
        let (own_mean, own_variance) = statistics(x.clone());
        let mean = own_mean.clone() - own_mean.detach() + mean;
        let variance = own_variance.clone() - own_variance.detach() + variance;
        self.normalise(x, mean, variance)
    }

    fn normalise(&self, x: Maps, mean: Tensor<1>, variance: Tensor<1>) -> Maps {
        let scale = self.gamma.val() / variance.add_scalar(EPSILON).sqrt();
        let shift = self.beta.val() - mean * scale.clone();
        x * scale.reshape([1, -1, 1, 1]) + shift.reshape([1, -1, 1, 1])
    }

    /// Brings statistics of a batch into the running ones.
    fn note(&self, mean: Tensor<1>, variance: Tensor<1>) {
        let mix = |old: Tensor<1>, new: Tensor<1>| {
            old.mul_scalar(1.0 - MOMENTUM) + new.mul_scalar(MOMENTUM)
        };
        self.mean.update(mix(self.mean.value_sync(), mean).detach());
        self.variance.update(mix(self.variance.value_sync(), variance).detach());
    }
}

/// Mean and variance (of the sample, biased) of each channel.
fn statistics(x: Maps) -> (Tensor<1>, Tensor<1>) {
    let [batch, c, h, w] = x.dims();
    let rows = x.swap_dims(0, 1).reshape([c, batch * h * w]);
    let mean = rows.clone().mean_dim(1);
    let centred = rows - mean.clone();
    let variance = (centred.clone() * centred).mean_dim(1);
    (mean.reshape([c]), variance.reshape([c]))
}
