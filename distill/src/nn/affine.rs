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
    /// Counts what the weights cost that inputs meet; those in the padding meet none.
    fn count(&self, input: &Signal, walk: &mut Walk) {
        let Some(sum) = &mut walk.operations else { return };
        let [batch, channels, height, width] = input.maps.dims();
        let outputs = self.weight.dims()[0] as f64;
        let along = |size| self.window.map_or(vec![1.0; size], |w| w.fan_out(size));
        let (rows, columns) = (along(height), along(width));
        if input.binary {
            let device = input.maps.device();
            let rows = Tensor::<1>::from_data(&rows[..], &device).reshape([1, 1, -1, 1]);
            let columns = Tensor::<1>::from_data(&columns[..], &device).reshape([1, 1, 1, -1]);
            let met = (input.maps.clone() * rows * columns).flatten::<2>(1, 3).sum_dim(1);
            // Of one image a single precision holds the number.
            sum.sops += met.into_data().iter::<f32>().map(f64::from).sum::<f64>() * outputs;
        } else {
            let places = f64::from(rows.iter().sum::<f32>() * columns.iter().sum::<f32>());
            sum.macs += (batch * (channels - input.off)) as f64 * places * outputs;
        }
    }
}

impl Window {
    /// Windows that each place of a row of `size` is in.
    fn fan_out(self, size: usize) -> Vec<f32> {
        let windows = (size + 2 * self.padding - self.kernel) / self.stride + 1;
        let mut met = vec![0.0; size];
        for at in (0..windows).flat_map(|w| (0..self.kernel).map(move |k| w * self.stride + k)) {
            if let Some(place) = at.checked_sub(self.padding).and_then(|at| met.get_mut(at)) {
                *place += 1.0;
            }
        }
        met
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
