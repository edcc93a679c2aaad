// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::nn::Signal;

/// What a batch is to give.
#[derive(Debug, Clone)]
pub struct Target {
    /// The right classes, one-hot, `[batch, classes]`.
    pub one_hot: Tensor<2>,
    /// The teacher's logits, `[batch, classes]`.
    pub logits: Option<Tensor<2>>,
    /// Share of an ensemble's members that are on: the part of the features that is compared.
    pub kept: f64,
    /// The teacher's features behind each stage but the last.
    pub features: Vec<Signal>,
    /// The teacher's saliency map of its last stage with maps, `[batch, places]`.
    pub map: Option<Tensor<2>>,
}

impl Target {
    /// Labels alone.
    #[must_use]
    pub fn labels(labels: &[u8], classes: usize, device: &Device) -> Self {
        let labels: Vec<i64> = labels.iter().map(|l| i64::from(*l)).collect();
        let count = labels.len();
        let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), device);
        Self {
            one_hot: labels.one_hot(classes).float(),
            logits: None,
            kept: 1.0,
            features: Vec::new(),
            map: None,
        }
    }
}
