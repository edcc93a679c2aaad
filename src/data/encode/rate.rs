// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rate encoding: Bernoulli spikes.

use super::{Encode, bad_option, share};
use crate::data::rng::number;
use crate::diag::Result;

/// With `p = x / full`, sample `i`, timestep `t` and element `e` of `E`:
///
/// ```text
/// s[t][e] = 1 if ⌊r / 2^11⌋ < p · 2^53, else 0
/// r = SplitMix64(SplitMix64(seed, i), t·E + e)
/// ```
///
/// where `SplitMix64(seed, n)` is number `n` (from 0) of a seed's sequence. So
/// `P(s = 1) = p` up to 2^-53, 0 never spikes and full scale always does. All operations
/// are exact or rounded as IEEE 754 says, so that the spikes are the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Seed of the generator.
    pub seed: u64,
    /// The value that always spikes: 2^bits − 1 for levels, 1 for real values.
    pub full: f64,
}

impl Rate {
    pub(super) fn check(&self) -> Result<&Self> {
        if self.full.is_finite() && self.full > 0.0 {
            return Ok(self);
        }
        Err(bad_option(format!("a full scale of {} makes no sense", self.full)))
    }
}

impl Encode for Rate {
    fn encode(&self, sample: usize, values: &[f64], spikes: &mut [u8]) -> Result<()> {
        let seed = number(self.seed, sample as u64);
        let limits = values
            .iter()
            .enumerate()
            .map(|(e, v)| Ok(share(*v, self.full, sample, e)? * (1u64 << 53) as f64));
        let limits = limits.collect::<Result<Vec<f64>>>()?;
        let limits = limits.iter().cycle();
        for ((n, spike), limit) in spikes.iter_mut().enumerate().zip(limits) {
            *spike = u8::from(((number(seed, n as u64) >> 11) as f64) < *limit);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Encoding, Samples, Slice, Values};

    use super::*;

    fn spikes(values: Values, seed: u64, full: f64, timesteps: usize) -> Result<Samples> {
        let samples = Samples::new(vec![3], None, values)?;
        Encoding::Rate(Rate { seed, full }).apply(samples, timesteps)
    }

    #[test]
    fn spikes_are_as_frequent_as_the_value_says() {
        let s = spikes(Values::U8(vec![0, 64, 255]), 7, 255.0, 20_000).unwrap();
        let Some(Slice::U8(all)) = s.get(0) else { panic!() };
        let count =
            |e: usize| all.iter().skip(e).step_by(3).map(|s| usize::from(*s)).sum::<usize>();
        assert_eq!((count(0), count(2)), (0, 20_000));
        // Five standard deviations of a binomial distribution.
        assert!((count(1) as f64 - 20_000.0 * 64.0 / 255.0).abs() < 5.0 * 61.3, "{}", count(1));
    }

    #[test]
    fn a_sample_does_not_depend_on_the_others() {
        let one = spikes(Values::Real(vec![0.5; 6]), 1, 1.0, 64).unwrap();
        let two = spikes(Values::Real(vec![0.5; 3]), 1, 1.0, 64).unwrap();
        assert_eq!(one.get(0), two.get(0));
        assert_ne!(one.get(0), one.get(1));
        let other = spikes(Values::Real(vec![0.5; 3]), 2, 1.0, 64).unwrap();
        assert_ne!(two.get(0), other.get(0));
    }

    #[test]
    fn values_outside_the_scale_are_refused() {
        for v in [-0.1, 1.1] {
            let error = spikes(Values::Real(vec![0.0, 0.0, v]), 1, 1.0, 4).unwrap_err();
            assert_eq!(
                (error.code.id, error.location.path.as_deref()),
                ("SF0012", Some("input 0, element 2"))
            );
        }
        for full in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = spikes(Values::U8(vec![0; 3]), 1, full, 4).unwrap_err();
            assert_eq!(error.code.id, "SF0003");
        }
        assert_eq!(spikes(Values::U8(vec![0; 3]), 1, 1.0, 0).unwrap_err().code.id, "SF0003");
        assert_eq!(spikes(Values::U8(vec![0; 3]), 1, 1.0, 1 << 40).unwrap_err().code.id, "SF0015");
    }
}
