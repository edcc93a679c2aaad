// SPDX-License-Identifier: Apache-2.0 OR MIT
use rand::Rng as _;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use synfire::diag::Result;

use super::augment::within;
use crate::nn::Rng;

/// What is added to the values of a sample, for robustness. Values that do not change
/// with time get noise that does not.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Noise {
    /// Standard deviation, in units of the scaled values; sums are not clipped.
    pub gaussian: f64,
    /// Share of the values that become 0 or 1, each as often.
    pub salt_pepper: f64,
}

impl Noise {
    pub(super) fn check(&self) -> Result<()> {
        within("gaussian", self.gaussian, 0.0, f64::MAX)?;
        within("salt_pepper", self.salt_pepper, 0.0, 1.0)
    }

    /// Changes scaled values.
    pub(super) fn add(&self, values: &mut [f32], rng: &mut Rng) {
        if self.gaussian != 0.0 {
            for value in &mut *values {
                *value += self.gaussian as f32 * rng.sample::<f32, _>(StandardNormal);
            }
        }
        if self.salt_pepper != 0.0 {
            for value in values {
                let drawn = rng.random::<f64>();
                if drawn < self.salt_pepper {
                    *value = if drawn < self.salt_pepper / 2.0 { 0.0 } else { 1.0 };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::rng;

    const N: usize = 20_000;

    fn noisy(noise: Noise) -> Vec<f32> {
        let mut values = vec![0.5; N];
        noise.add(&mut values, &mut rng(1, 0));
        values
    }

    #[test]
    fn gaussian_noise_has_its_deviation() {
        let values = noisy(Noise { gaussian: 0.2, ..Noise::default() });
        let mean = values.iter().sum::<f32>() / N as f32;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / N as f32;
        assert!((mean - 0.5).abs() < 0.01 && (variance.sqrt() - 0.2).abs() < 0.01);
    }

    #[test]
    fn salt_is_as_frequent_as_pepper() {
        let values = noisy(Noise { salt_pepper: 0.3, ..Noise::default() });
        let share = |of: f32| values.iter().filter(|v| **v == of).count() as f64 / N as f64;
        assert!((share(0.0) - 0.15).abs() < 0.01 && (share(1.0) - 0.15).abs() < 0.01);
        assert!((share(0.5) - 0.7).abs() < 0.02);
    }

    #[test]
    fn the_seed_decides_and_nothing_is_nothing() {
        let noise = Noise { gaussian: 0.1, salt_pepper: 0.1 };
        assert_eq!(noisy(noise), noisy(noise));
        assert!(noisy(Noise::default()).iter().all(|v| *v == 0.5));
    }
}
