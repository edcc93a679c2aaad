// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Encodings: from static samples to spikes in T timesteps. Each is a function of a value,
//! a place and a timestep, so that the result does not depend on order or threads.

mod latency;
mod rate;
mod threshold;

use super::read::{MAX_BYTES, too_large};
use super::samples::stride;
use super::{Samples, Values};
use crate::diag::{Diagnostic, Result, codes};

pub use latency::{Latency, LatencyCode};
pub use rate::Rate;
pub use threshold::Threshold;

/// How static samples become T timesteps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Encoding {
    /// `s[t] = x`: the same at each timestep. Nothing is copied.
    Direct,
    /// Random spikes, the likelier the larger the value.
    Rate(Rate),
    /// A spike where the value is above a threshold.
    Threshold(Threshold),
    /// One spike, the earlier the larger the value.
    Latency(Latency),
}

/// When elements of one sample spike.
trait Encode {
    /// Sets the elements of `spikes`, `[timestep][element]`, that spike; all are 0 before.
    ///
    /// # Errors
    /// [`codes::INPUT_VALUE`] if a value is outside the range the encoding takes.
    fn encode(&self, sample: usize, values: &[f64], spikes: &mut [u8]) -> Result<()>;
}

impl Encoding {
    /// Encodes every sample to `timesteps` timesteps.
    ///
    /// # Errors
    /// [`codes::BAD_OPTION`] if a parameter makes no sense or the samples have timesteps
    /// already; [`codes::INPUT_VALUE`] for a value that the encoding does not take;
    /// [`codes::INPUT_TOO_LARGE`].
    pub fn apply(&self, samples: Samples, timesteps: usize) -> Result<Samples> {
        let encode: &dyn Encode = match self {
            Self::Direct => return Ok(samples),
            Self::Rate(e) => e.check()?,
            Self::Threshold(e) => e.check()?,
            Self::Latency(e) => e.check(timesteps)?,
        };
        if let Some(n) = samples.timesteps() {
            let message = format!("the inputs have {n} timesteps already");
            return Err(bad_option(message).help("use `--encoding direct` for them"));
        }
        if timesteps == 0 {
            return Err(bad_option("an encoding needs at least one timestep"));
        }
        let size = stride(samples.shape(), Some(timesteps))?;
        let all = size.checked_mul(samples.len()).filter(|n| *n <= MAX_BYTES);
        let Some(all) = all else {
            return Err(too_large("values after the encoding", MAX_BYTES)
                .at("inputs")
                .help("use fewer inputs (`--count`) or timesteps"));
        };
        let mut spikes = vec![0; all];
        for (i, spikes) in spikes.chunks_exact_mut(size).enumerate() {
            let values = samples.get(i).map_or(Vec::new(), |s| s.to_reals());
            encode.encode(i, &values, spikes)?;
        }
        let shape = samples.shape().to_vec();
        let mut encoded = Samples::new(shape, Some(timesteps), Values::U8(spikes))?;
        (encoded.labels, encoded.events) = (samples.labels, samples.events);
        Ok(encoded)
    }
}

fn bad_option(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::BAD_OPTION, message).at("--encoding")
}

/// `value / full`, which has to be between 0 and 1.
fn share(value: f64, full: f64, sample: usize, element: usize) -> Result<f64> {
    let share = value / full;
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    let message = format!("a value of {value} is outside 0 to {full}");
    Err(Diagnostic::new(&codes::INPUT_VALUE, message)
        .at(format!("input {sample}, element {element}"))
        .help("rate and latency encoding need values from 0 to full scale: scale the data"))
}
