// SPDX-License-Identifier: Apache-2.0 OR MIT
use rand::RngCore as _;
use serde::{Deserialize, Serialize};

use crate::nn::Rng;

/// How samples without timesteps become a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Encoding {
    /// The values themselves, held at every timestep.
    #[default]
    Direct,
    /// A spike with the probability that the value gives (0 to 1, clipped), drawn anew at
    /// each timestep.
    Rate {
        /// Timesteps.
        steps: usize,
    },
}

/// Draws 0 or 1 for each value. 24 bits of a draw are exact in an `f32`: a value of 0 never
/// spikes, and one of 1 always.
pub(super) fn spikes(values: &[f32], to: &mut [f32], rng: &mut Rng) {
    for (spike, value) in to.iter_mut().zip(values) {
        let drawn = (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
        *spike = f32::from(u8::from(drawn < *value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::rng;

    #[test]
    fn spikes_come_with_their_probability() {
        let share = |p: f32| {
            let mut drawn = vec![0.0; 10_000];
            spikes(&vec![p; 10_000], &mut drawn, &mut rng(1, 0));
            assert!(drawn.iter().all(|s| *s == 0.0 || *s == 1.0));
            drawn.iter().sum::<f32>() / 10_000.0
        };
        assert_eq!((share(0.0), share(1.0), share(-0.5), share(1.5)), (0.0, 1.0, 0.0, 1.0));
        // Five standard deviations of the mean of 10,000 draws.
        for p in [0.1_f32, 0.5, 0.8] {
            assert!((share(p) - p).abs() < 5.0 * (p * (1.0 - p) / 10_000.0).sqrt());
        }
    }
}
