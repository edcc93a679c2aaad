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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::nn::spec::{self, Layer as Spec, Stage};
    use crate::nn::{Extent, rng};

    /// Largest latent weights, layer by layer.
    fn largest(net: &Net) -> Vec<f32> {
        let of = |layer: &Layer| match layer {
            Layer::Affine(a) => vec![a.weight.val().abs().max().into_data().iter().next().unwrap()],
            Layer::Residual(r) => [largest(&r.body), largest(&r.shortcut)].concat(),
            Layer::Parallel(p) => p.members.iter().flat_map(largest).collect(),
            _ => Vec::new(),
        };
        net.layers.iter().flat_map(of).collect()
    }

    fn enlarged(mut net: Net) -> Net {
        for layer in &mut net.layers {
            match layer {
                Layer::Affine(a) => {
                    a.weight = a
                        .weight
                        .clone()
                        .map(|w| w.ones_like().mul_scalar(-3.0).detach().require_grad());
                }
                Layer::Residual(r) => {
                    (r.body, r.shortcut) = (enlarged(r.body.clone()), enlarged(r.shortcut.clone()));
                }
                Layer::Parallel(p) => p.members = p.members.iter().cloned().map(enlarged).collect(),
                _ => {}
            }
        }
        net
    }

    /// Binary layers wherever they are, real ones nowhere.
    #[test]
    fn binary_weights_in_every_block_are_clipped() {
        let linear = |weights| Spec::Linear { outputs: 4, weights, bias: false };
        let (binary, real) = (linear(Precision::BinaryLayer), linear(Precision::Real));
        let layers = vec![
            binary.clone(),
            real.clone(),
            Spec::Residual { body: vec![binary.clone()], shortcut: vec![binary.clone()] },
            Spec::Parallel { members: vec![vec![binary], vec![real]] },
        ];
        let stages = vec![Stage { name: "all".to_owned(), layers }];
        let spec = spec::Model { input: Extent(4, 1, 1), stages };
        let mut model = Model::new(&spec, &mut rng(1, 0), &Device::flex().autodiff()).unwrap();
        model.stages = model.stages.into_iter().map(enlarged).collect();
        assert_eq!(largest(&model.stages[0]), [3.0; 6]);
        assert_eq!(largest(&clip(model).stages[0]), [1.0, 3.0, 1.0, 1.0, 1.0, 3.0]);
    }
}
