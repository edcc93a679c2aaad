// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Latency encoding: one spike for each element, the earlier the larger the value.

use super::{Encode, bad_option, share};
use crate::diag::{Diagnostic, Result, codes};

/// Which function of the value the time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatencyCode {
    /// `τ · (1 − x)`
    Linear,
    /// `τ · ln(x / (x − θ))`: when a membrane that charges towards `x` with time constant
    /// `τ` reaches `θ`.
    Logarithmic,
}

/// With `x = value / full` the spike comes at timestep `round(t)`, halves to even:
///
/// ```text
/// linear:       t = τ · (1 − max(x, θ))                   normalised: τ = T − 1
/// logarithmic:  t = τ · ln(x' / (x' − θ)), x' = max(x, θ + 1e-7)
///               normalised: t · (T − 1) / max over the sample of t
/// ```
///
/// These are the equations of snnTorch's `spikegen.latency` with `first_spike_time = 0`
/// (Eshraghian et al., "Training spiking neural networks using lessons from deep
/// learning", Proc. IEEE 111(9), 2023; snnTorch normalises over the tensor it is given,
/// here that is one sample). The logarithm is computed in software (`libm`), so that it is
/// the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// The function.
    pub code: LatencyCode,
    /// `θ`, between 0 and 1. Values below it are as late as `θ` itself.
    pub threshold: f64,
    /// `τ`, in timesteps.
    pub tau: f64,
    /// Stretch the times so that they end with the last timestep.
    pub normalise: bool,
    /// Values below `θ` never spike.
    pub clip: bool,
    /// The value that is 1: 2^bits − 1 for levels, 1 for real values.
    pub full: f64,
}

/// What keeps the logarithm finite at the threshold; snnTorch's value.
const EPSILON: f64 = 1e-7;

/// Timesteps; beyond it times are of no use, and not exact.
const MAX_TAU: f64 = 1e6;

impl Latency {
    /// snnTorch's defaults, normalised.
    #[must_use]
    pub fn new(code: LatencyCode, full: f64) -> Self {
        Self { code, threshold: 0.01, tau: 1.0, normalise: true, clip: false, full }
    }

    pub(super) fn check(&self, timesteps: usize) -> Result<&Self> {
        let wrong =
            |what: &str, value: f64| Err(bad_option(format!("{what} of {value} makes no sense")));
        if !(self.full.is_finite() && self.full > 0.0) {
            return wrong("a full scale", self.full);
        }
        if !(self.threshold > 0.0 && self.threshold < 1.0) {
            return wrong("a latency threshold", self.threshold);
        }
        if !(self.tau > 0.0 && self.tau <= MAX_TAU) {
            return wrong("a time constant", self.tau);
        }
        let latest = self.tau * (1.0 - self.threshold);
        if self.code == LatencyCode::Linear
            && !self.normalise
            && latest.round_ties_even() >= timesteps as f64
        {
            return Err(bad_option(format!(
                "a time constant of {} puts spikes after the last of {timesteps} timesteps",
                self.tau
            )));
        }
        Ok(self)
    }

    /// The time of a value between 0 and 1, before it is normalised.
    fn time(&self, x: f64, timesteps: usize) -> f64 {
        match self.code {
            LatencyCode::Linear => {
                let tau =
                    if self.normalise { timesteps.saturating_sub(1) as f64 } else { self.tau };
                tau * (1.0 - x.max(self.threshold))
            }
            LatencyCode::Logarithmic => {
                let x = x.max(self.threshold + EPSILON);
                self.tau * libm::log(x / (x - self.threshold))
            }
        }
    }
}

impl Encode for Latency {
    fn encode(&self, sample: usize, values: &[f64], spikes: &mut [u8]) -> Result<()> {
        let timesteps = spikes.len().checked_div(values.len()).unwrap_or(0);
        let xs = values.iter().enumerate().map(|(e, v)| share(*v, self.full, sample, e));
        let xs = xs.collect::<Result<Vec<f64>>>()?;
        let mut times: Vec<f64> = xs.iter().map(|x| self.time(*x, timesteps)).collect();
        let latest = times.iter().copied().fold(0.0, f64::max);
        if self.normalise && self.code == LatencyCode::Logarithmic && latest > 0.0 {
            let last = timesteps.saturating_sub(1) as f64;
            times.iter_mut().for_each(|t| *t = *t * last / latest);
        }
        for (e, (x, time)) in xs.iter().zip(times).enumerate() {
            if self.clip && *x < self.threshold {
                continue;
            }
            let step = time.round_ties_even();
            let Some(spike) =
                spikes.get_mut((step as usize).saturating_mul(values.len()).saturating_add(e))
            else {
                let message = format!(
                    "a value of {} would spike at timestep {step}, the last one is {}",
                    values.get(e).copied().unwrap_or(f64::NAN),
                    timesteps.saturating_sub(1)
                );
                return Err(Diagnostic::new(&codes::INPUT_VALUE, message)
                    .at(format!("input {sample}, element {e}"))
                    .help("normalise the times, or use a smaller time constant"));
            };
            *spike = 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Encoding, Samples, Values};

    use super::*;

    /// The timestep of each element's spike.
    fn times(latency: Latency, values: &[f64], timesteps: usize) -> Result<Vec<Option<usize>>> {
        let samples = Samples::new(vec![values.len()], None, Values::Real(values.to_vec()))?;
        let encoded = Encoding::Latency(latency).apply(samples, timesteps)?;
        let Values::U8(spikes) = encoded.values() else { panic!() };
        let of = |e: usize| spikes.iter().skip(e).step_by(values.len()).position(|s| *s == 1);
        assert!(spikes.iter().filter(|s| **s == 1).count() <= values.len());
        Ok((0..values.len()).map(of).collect())
    }

    #[test]
    fn the_examples_of_snntorchs_documentation() {
        let x = [0.02, 0.5, 1.0];
        let linear = Latency::new(LatencyCode::Linear, 1.0);
        assert_eq!(times(linear, &x, 5).unwrap(), [Some(4), Some(2), Some(0)]);
        let log = Latency::new(LatencyCode::Logarithmic, 1.0);
        assert_eq!(times(log, &x, 5).unwrap(), [Some(4), Some(0), Some(0)]);
    }

    #[test]
    fn values_below_the_threshold_are_late_or_silent() {
        let mut latency = Latency::new(LatencyCode::Linear, 255.0);
        latency.threshold = 0.5;
        assert_eq!(times(latency, &[0.0, 255.0, 120.0], 9).unwrap(), [Some(4), Some(0), Some(4)]);
        latency.clip = true;
        assert_eq!(times(latency, &[0.0, 255.0, 120.0], 9).unwrap(), [None, Some(0), None]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let latency = |code, tau| Latency { tau, normalise: false, ..Latency::new(code, 1.0) };
        let id = |r: Result<Vec<Option<usize>>>| r.unwrap_err().code.id;
        assert_eq!(id(times(latency(LatencyCode::Linear, 9.0), &[1.0], 4)), "SF0003");
        assert_eq!(id(times(latency(LatencyCode::Logarithmic, 9.0), &[0.0], 4)), "SF0012");
        assert_eq!(id(times(latency(LatencyCode::Logarithmic, f64::MAX), &[0.1], 4)), "SF0003");
        assert_eq!(id(times(latency(LatencyCode::Linear, f64::NAN), &[1.0], 4)), "SF0003");
        assert_eq!(id(times(Latency::new(LatencyCode::Linear, 1.0), &[1.5], 4)), "SF0012");
    }
}
