// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks that several tests use, in JSON as a configuration has them.

use serde_json::{Value, json};
use synfire_distill::rule::Trainee;

use super::support::trainee;

pub(crate) fn norm() -> Value {
    json!({ "layer": "norm" })
}

/// No bias: before a norm it would have no gradient to compare.
pub(crate) fn linear(outputs: usize, weights: &str) -> Value {
    json!({ "layer": "linear", "outputs": outputs, "weights": weights })
}

/// Three logits.
pub(crate) fn head() -> Value {
    json!({ "layer": "linear", "outputs": 3, "weights": "real", "bias": true })
}

pub(crate) fn conv(channels: usize, kernel: usize, stride: usize, weights: &str) -> Value {
    json!({ "layer": "conv", "channels": channels, "kernel": kernel, "stride": stride,
            "padding": kernel / 2, "weights": weights })
}

pub(crate) fn pool(window: usize) -> Value {
    json!({ "layer": "average-pool", "window": window })
}

pub(crate) fn relu() -> Value {
    json!({ "layer": "neuron", "neuron": "relu" })
}

pub(crate) fn residual(body: Value, shortcut: Value) -> Value {
    json!({ "layer": "residual", "body": body, "shortcut": shortcut })
}

/// The neuron of SEI-BWSNN with a leak that is felt.
pub(crate) fn lif() -> Value {
    leaky(0.5)
}

pub(crate) fn leaky(leak: f64) -> Value {
    json!({ "layer": "neuron", "neuron": "lif", "leak": leak })
}

/// The neuron of rate-based backpropagation.
pub(crate) fn rated() -> Value {
    json!({ "layer": "neuron", "neuron": "lif", "leak": 0.2, "detach_reset": true,
            "surrogate": { "kind": "sigmoid", "slope": 4.0 } })
}

/// Extent of the inputs of the networks below.
pub(crate) const INPUT: [usize; 3] = [2, 4, 4];

pub(crate) fn dense(neuron: &Value) -> Trainee {
    let stem = json!({ "layer": "linear", "outputs": 16, "weights": "real", "bias": true });
    let hidden = linear(12, "binary-channel");
    trainee(INPUT, &json!([[stem, neuron, hidden, neuron], [head()]]), 3)
}

/// A stem, modes with a stream of real numbers, a down-sampling, norms.
pub(crate) fn residual_conv(neuron: &Value) -> Trainee {
    let mode = |c| residual(json!([norm(), neuron, conv(c, 3, 1, "binary-layer")]), json!([]));
    let down = residual(
        json!([norm(), neuron, conv(6, 3, 2, "binary-layer")]),
        json!([pool(2), conv(6, 1, 1, "real")]),
    );
    let stages = json!([
        [conv(4, 3, 1, "real"), mode(4)],
        [down, mode(6), norm(), neuron, pool(0)],
        [head()]
    ]);
    trainee(INPUT, &stages, 4)
}

/// Two students side by side and one head.
pub(crate) fn ensemble(neuron: &Value) -> Trainee {
    let member = |n| json!([linear(n, "real"), norm(), neuron, linear(4, "binary-layer"), neuron]);
    let stages = json!([
        [{ "layer": "parallel", "members": [member(7), member(9)] }],
        [head()]
    ]);
    trainee(INPUT, &stages, 8)
}
