// SPDX-License-Identifier: Apache-2.0 OR MIT
use crate::nn::{Layer, Model, Net, Precision};

/// Keeps the latent weights of binary layers within ±1, where the gradient of the sign
/// passes (BinaryConnect, Courbariaux et al., 2015).
pub(super) fn clip(model: Model) -> Model {
    Model { stages: model.stages.into_iter().map(net).collect() }
}

fn net(net: Net) -> Net {
    Net { layers: net.layers.into_iter().map(layer).collect() }
}

fn layer(layer: Layer) -> Layer {
    match layer {
        Layer::Affine(mut a) if a.precision != Precision::Real => {
            a.weight = a.weight.map(|w| {
                let device = w.device();
                let clipped = w.inner().clamp(-1.0, 1.0);
                let on = if device.is_autodiff() { clipped.autodiff() } else { clipped };
                on.require_grad()
            });
            Layer::Affine(a)
        }
        Layer::Residual(mut r) => {
            r.body = net(r.body);
            r.shortcut = net(r.shortcut);
            Layer::Residual(r)
        }
        Layer::Parallel(mut p) => {
            p.members = p.members.into_iter().map(net).collect();
            Layer::Parallel(p)
        }
        other => other,
    }
}
