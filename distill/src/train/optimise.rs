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
