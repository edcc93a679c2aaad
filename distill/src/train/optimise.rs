// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::f64::consts::PI;

use burn::module::ParamGroup;
use burn::optim::{
    AdamWConfig, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig, momentum::MomentumConfig,
};
use synfire::diag::{Diagnostic, Result};

use crate::config::Optimiser;

/// The optimiser of a phase. Only the weights of layers decay.
pub(super) fn optimiser(optimiser: Optimiser) -> Result<ModuleOptimizer> {
    let weights = ParamGroup::from_regex(r"\.weight$")
        .map_err(|e| Diagnostic::internal("optimiser", format!("{e:?}")))?;
    Ok(match optimiser {
        Optimiser::Sgd { momentum, decay, .. } => {
            let plain = SgdConfig::new().with_momentum(Some(
                MomentumConfig::new().with_momentum(momentum).with_dampening(0.0),
            ));
            let decayed =
                plain.clone().with_weight_decay(Some(WeightDecayConfig::new(decay as f32)));
            plain.init().with_group(weights, decayed.build(), None)
        }
        Optimiser::Adam { decay, .. } => {
            let plain = AdamWConfig::new().with_weight_decay(0.0).with_epsilon(1e-8);
            let decayed = plain.clone().with_weight_decay(decay as f32);
            plain.init().with_group(weights, decayed.build(), None)
        }
    })
}

/// The rate after a share of a phase: half a cosine from `first` to 0.
pub(super) fn rate(first: f64, share: f64) -> f64 {
    first * 0.5 * (1.0 + (PI * share).cos())
}

#[cfg(test)]
mod tests {
    use burn::optim::GradientsParams;
    use burn::tensor::Device;

    use super::*;
    use crate::nn::spec::{Layer as Spec, Precision};
    use crate::nn::{Extent, Layer, Net, rng};

    #[test]
    fn a_rate_goes_down_along_half_a_cosine() {
        for (share, want) in [(0.0, 0.1), (0.25, 0.085_355_339), (0.5, 0.05), (1.0, 0.0)] {
            assert!((rate(0.1, share) - want).abs() < 1e-9, "{share}");
        }
    }

    /// A layer with a bias, all weights 2, and a norm.
    fn net() -> Net {
        let layers =
            [Spec::Linear { outputs: 2, weights: Precision::Real, bias: true }, Spec::Norm];
        let device = Device::flex().autodiff();
        let mut net = Net::new(&layers, Extent(1, 1, 3), &mut rng(1, 0), &device).unwrap();
        if let Layer::Affine(a) = &mut net.layers[0] {
            a.weight =
                a.weight.clone().map(|w| w.ones_like().mul_scalar(2.0).detach().require_grad());
        }
        net
    }

    /// A weight and γ after steps at a rate of 0.1, whose gradients are all `slope`.
    fn after(kind: Optimiser, slope: f64, steps: usize) -> [f32; 2] {
        let mut optimiser = optimiser(kind).unwrap();
        let mut net = net();
        for _ in 0..steps {
            let [Layer::Affine(a), Layer::Norm(n)] = &net.layers[..] else { panic!("{net:?}") };
            let sum = a.weight.val().sum() + n.gamma.val().sum();
            let gradients = sum.mul_scalar(slope).backward();
            let gradients = GradientsParams::from_grads(gradients, &net);
            net = optimiser.step(0.1, net, gradients);
        }
        let [Layer::Affine(a), Layer::Norm(n)] = &net.layers[..] else { panic!("{net:?}") };
        let first = |v: Vec<f32>| v[0];
        [
            first(a.weight.val().into_data().iter::<f32>().collect()),
            first(n.gamma.val().into_data().iter::<f32>().collect()),
        ]
    }

    fn near(found: [f32; 2], want: [f32; 2]) {
        let off = found.iter().zip(want).map(|(f, w)| (f - w).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "{found:?}, not {want:?}");
    }

    /// Without a gradient a weight of 2 loses rate · decay of itself, and γ nothing.
    #[test]
    fn weights_alone_decay() {
        near(after(Optimiser::Sgd { rate: 0.1, momentum: 0.0, decay: 0.5 }, 0.0, 1), [1.9, 1.0]);
        near(after(Optimiser::Adam { rate: 0.1, decay: 0.5 }, 0.0, 1), [1.9, 1.0]);
    }

    /// The second step is 1 + 0.9 times the first: 2 − 0.1 (1 + 1.9).
    #[test]
    fn momentum_is_added_undampened() {
        near(after(Optimiser::Sgd { rate: 0.1, momentum: 0.9, decay: 0.0 }, 1.0, 2), [1.71, 0.71]);
    }
}
