// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Layers with weights: fully connected and convolution.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, module, ops::ConvOptions};
use rand::Rng as _;

use super::binary::{Precision, effective};
use super::rng::{self, Rng};
use super::signal::{Maps, Signal};
use super::walk::Walk;

/// `y = W x + b`, for all elements or for each window.
#[derive(Module, Debug)]
pub struct Affine {
    /// Latent weights, `[outputs, inputs · window²]`.
    pub weight: Param<Tensor<2>>,
    /// Per output.
    pub bias: Option<Param<Tensor<1>>>,
    /// The window of a convolution.
    #[module(skip)]
    pub window: Option<Window>,
    /// What the weights are.
    #[module(skip)]
    pub precision: Precision,
}

/// The square window of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Extent.
    pub kernel: usize,
    /// Distance of neighbours.
    pub stride: usize,
    /// Zeros on every side.
    pub padding: usize,
}

impl Affine {
    /// Weights uniform in ±√(6 / fan-in) (He et al., 2015), no bias at first.
    pub(super) fn new(
        [outputs, fan_in]: [usize; 2],
        bias: bool,
        window: Option<Window>,
        precision: Precision,
        (rng, device): (&mut Rng, &Device),
    ) -> Self {
        let bound = (6.0 / fan_in as f32).sqrt();
        let values: Vec<f32> =
            (0..outputs * fan_in).map(|_| rng.random_range(-bound..=bound)).collect();
        Self {
            weight: rng::param(
                Tensor::from_data(TensorData::new(values, [outputs, fan_in]), device),
                rng,
            ),
            bias: bias.then(|| rng::param(Tensor::zeros([outputs], device), rng)),
            window,
            precision,
        }
    }

    /// The weights that compute, `[outputs, inputs · window²]`.
    #[must_use]
    pub fn effective(&self, binary: bool) -> Tensor<2> {
        effective(self.weight.val(), if binary { self.precision } else { Precision::Real })
    }

    pub(super) fn forward(&self, input: Signal, walk: &mut Walk) -> Signal {
        self.count(&input, walk);
        let weight = self.effective(walk.binary);
        let bias = self.bias.as_ref().map(Param::val);
        input.map(|x| match self.window {
            None => linear(x, weight, bias),
            Some(window) => conv(x, weight, bias, window),
        })
    }
}

impl Affine {
    /// Counts what spikes cost: each meets its fan-out, at the border of a map a little
    /// less than is counted here.
    fn count(&self, input: &Signal, walk: &mut Walk) {
        let (Some(sum), Some(_)) = (&mut walk.operations, input.steps) else { return };
        let outputs = self.weight.dims()[0] as f64;
        let fan_out = self.window.map_or(outputs, |w| {
            outputs * (w.kernel * w.kernel) as f64 / (w.stride * w.stride) as f64
        });
        let spikes: f32 = input.maps.clone().abs().sum().into_data().iter::<f32>().sum();
        *sum += f64::from(spikes) * fan_out;
    }
}

fn linear(x: Maps, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Maps {
    let [batch, c, h, w] = x.dims();
    let outputs = weight.dims()[0];
    let y = x.reshape([batch, c * h * w]).matmul(weight.transpose());
    let y = match bias {
        Some(b) => y + b.unsqueeze(),
        None => y,
    };
    y.reshape([batch, outputs, 1, 1])
}

fn conv(x: Maps, weight: Tensor<2>, bias: Option<Tensor<1>>, window: Window) -> Maps {
    let Window { kernel, stride, padding } = window;
    let weight = weight.reshape([0, x.dims()[1] as i32, kernel as i32, kernel as i32]);
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    module::conv2d(x, weight, bias, options)
}
