// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Threshold encoding: a spike where the value is above a threshold.

use super::{Encode, bad_option};
use crate::diag::Result;

/// `s[t][e] = 1 if x[e] > θ[t], else 0` with
/// `θ[t] = first + (last − first) · t / (T − 1)`, in the unit of the values.
///
/// With `first = last` an element spikes always or never; with a falling threshold larger
/// values start to spike earlier. With T = 1 the threshold is `first`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The threshold of the first timestep.
    pub first: f64,
    /// The threshold of the last timestep.
    pub last: f64,
}

impl Threshold {
    pub(super) fn check(&self) -> Result<&Self> {
        if self.first.is_finite() && self.last.is_finite() {
            return Ok(self);
        }
        Err(bad_option("a threshold is not a finite number"))
    }
}

impl Encode for Threshold {
    fn encode(&self, _: usize, values: &[f64], spikes: &mut [u8]) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let steps = (spikes.len() / values.len()).saturating_sub(1).max(1) as f64;
        for (t, spikes) in spikes.chunks_exact_mut(values.len()).enumerate() {
            let threshold = self.first + (self.last - self.first) * (t as f64 / steps);
            for (spike, value) in spikes.iter_mut().zip(values) {
                *spike = u8::from(*value > threshold);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Encoding, Samples, Values};

    use super::*;

    fn spikes(first: f64, last: f64, timesteps: usize) -> Values {
        let samples = Samples::new(vec![3], None, Values::U8(vec![10, 20, 30])).unwrap();
        let encoding = Encoding::Threshold(Threshold { first, last });
        encoding.apply(samples, timesteps).unwrap().values().clone()
    }

    #[test]
    fn a_value_has_to_be_above_the_threshold() {
        assert_eq!(spikes(20.0, 20.0, 2), Values::U8(vec![0, 0, 1, 0, 0, 1]));
        assert_eq!(spikes(19.5, 0.0, 1), Values::U8(vec![0, 1, 1]));
    }

    #[test]
    fn a_ramp_reaches_its_end_at_the_last_timestep() {
        assert_eq!(spikes(30.0, 10.0, 3), Values::U8(vec![0, 0, 0, 0, 0, 1, 0, 1, 1]));
        assert_eq!(spikes(10.0, 30.0, 3), Values::U8(vec![0, 1, 1, 0, 0, 1, 0, 0, 0]));
    }
}
