// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options about how inputs become timesteps. docs/inputs.md has the equations.

use std::str::FromStr;

use clap::ValueEnum;

use crate::data::{
    Bins, Encoding, Framing, Latency, LatencyCode, Options, Rate, Samples, Sensor, Threshold,
    TimeAxis, Values,
};
use crate::diag::{Diagnostic, Result, codes};

/// How inputs become timesteps.
#[derive(clap::Args, Clone)]
pub(super) struct EncodingArgs {
    /// How inputs that stay the same become timesteps.
    #[arg(long, value_enum, default_value_t = Kind::Direct)]
    encoding: Kind,
    /// Threshold encoding: the threshold, or that of the first and the last timestep.
    #[arg(long, value_name = "FIRST[:LAST]")]
    threshold: Option<Ramp>,
    /// Rate and latency encoding: the largest value. Default: 255 or 65535 for levels, 1 for
    /// real numbers.
    #[arg(long, value_name = "VALUE")]
    full_scale: Option<f64>,
    /// Events: timesteps of the same length, of the same number of events, or of so many µs.
    #[arg(long, value_name = "time|count|MICROSECONDS", default_value = "time")]
    bins: BinsArg,
    /// Events: 1 where there is any event, not how many there are.
    #[arg(long)]
    binary: bool,
    /// Events: the sensor, where a file does not say it or says it wrong.
    #[arg(long, value_name = "WIDTHxHEIGHT|CHANNELS")]
    sensor: Option<Sensor>,
    /// Arrays: the dimension that counts timesteps, if one does (0 or 1).
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    time_axis: Option<u8>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The same at each timestep.
    Direct,
    /// Random spikes, the likelier the larger the value (--seed).
    Rate,
    /// A spike where the value is above --threshold.
    Threshold,
    /// One spike, the earlier the larger the value.
    Latency,
    /// The same with snnTorch's logarithm.
    LatencyLog,
}

#[derive(Clone, Copy)]
struct Ramp(f64, f64);

impl FromStr for Ramp {
    type Err = std::num::ParseFloatError;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Ok(Self(first.parse()?, last.parse()?))
    }
}

#[derive(Clone, Copy)]
struct BinsArg(Bins);

impl FromStr for BinsArg {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let window = || text.parse().ok().filter(|w| *w > 0).map(Bins::Window);
        let bins = match text {
            "time" => Some(Bins::Time),
            "count" => Some(Bins::Count),
            _ => window(),
        };
        bins.map(Self).ok_or_else(|| "time, count or a number of µs from 1".to_owned())
    }
}

impl EncodingArgs {
    /// How files are to be understood.
    pub(super) fn options(&self, timesteps: usize, count: Option<usize>) -> Result<Options> {
        let wants = self.encoding == Kind::Threshold;
        if wants != self.threshold.is_some() {
            let message = "--encoding threshold and --threshold belong together";
            return Err(Diagnostic::new(&codes::BAD_OPTION, message));
        }
        Ok(Options {
            sensor: self.sensor,
            time: self.time_axis.map(|a| if a == 0 { TimeAxis::First } else { TimeAxis::Second }),
            framing: Framing { timesteps, bins: self.bins.0, binary: self.binary },
            count,
        })
    }

    /// Encodes.
    pub(super) fn apply(&self, samples: Samples, timesteps: usize, seed: u64) -> Result<Samples> {
        let full = self.full_scale.unwrap_or(match samples.values() {
            Values::U8(_) => 255.0,
            Values::U16(_) => 65_535.0,
            Values::Real(_) => 1.0,
        });
        let encoding = match (self.encoding, self.threshold) {
            (Kind::Rate, _) => Encoding::Rate(Rate { seed, full }),
            (Kind::Threshold, Some(Ramp(first, last))) => {
                Encoding::Threshold(Threshold { first, last })
            }
            (Kind::Latency, _) => Encoding::Latency(Latency::new(LatencyCode::Linear, full)),
            (Kind::LatencyLog, _) => {
                Encoding::Latency(Latency::new(LatencyCode::Logarithmic, full))
            }
            _ => Encoding::Direct,
        };
        encoding.apply(samples, timesteps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_words_or_a_window() {
        let read = |text: &str| text.parse::<BinsArg>().ok().map(|b| b.0);
        assert!(matches!(read("time"), Some(Bins::Time)));
        assert!(matches!(read("count"), Some(Bins::Count)));
        assert!(matches!(read("1"), Some(Bins::Window(1))));
        assert!(matches!(read("20000"), Some(Bins::Window(20_000))));
        for wrong in ["0", "-1", "tim", ""] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}
