// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Tensor, activation::log_softmax};

use super::Target;

/// `−mean Σ_c y_c log softmax(o)_c`; `smoothing` of y is spread over all classes.
pub(super) fn cross_entropy(logits: &Tensor<3>, target: &Target, smoothing: f64) -> Tensor<1> {
    let [_, _, classes] = logits.dims();
    let y = target.one_hot.clone().mul_scalar(1.0 - smoothing);
    let y = y.add_scalar(smoothing / classes as f64).unsqueeze::<3>();
    (log_softmax(logits.clone(), 2) * y).sum_dim(2).mean().neg()
}

/// Mean of `(o − 1)²`.
pub(super) fn level(logits: &Tensor<3>) -> Tensor<1> {
    let off = logits.clone().sub_scalar(1.0);
    (off.clone() * off).mean()
}
