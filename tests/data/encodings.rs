// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Encodings against snnTorch and against a second program for the generator.

use proptest::prelude::*;
use synfire::data::{Encoding, Latency, LatencyCode, Rate, Samples, Slice, Threshold, Values};

use crate::{cases, json, number, numbers, text};

fn levels(copies: usize) -> (usize, Samples) {
    let levels: Vec<u8> =
        numbers(&json("encodings.json")["levels"]).iter().map(|v| *v as u8).collect();
    let size = levels.len();
    (size, Samples::new(vec![size], None, Values::U8(levels.repeat(copies))).unwrap())
}

#[test]
fn latencies_are_snntorchs() {
    for want in json("encodings.json")["latency"].as_array().unwrap() {
        let (size, samples) = levels(1);
        let linear = want["linear"] == true;
        let latency = Latency {
            threshold: want["threshold"].as_f64().unwrap(),
            tau: want["tau"].as_f64().unwrap(),
            normalise: want["normalise"] == true,
            clip: want["clip"] == true,
            full: 255.0,
            code: if linear { LatencyCode::Linear } else { LatencyCode::Logarithmic },
        };
        let timesteps = number(&want["timesteps"]);
        let encoded = Encoding::Latency(latency).apply(samples, timesteps).unwrap();
        let Some(Slice::U8(spikes)) = encoded.get(0) else { panic!() };
        let step = |e: usize| spikes.iter().skip(e).step_by(size).position(|s| *s == 1);
        let steps: Vec<f64> = (0..size).map(|e| step(e).map_or(-1.0, |t| t as f64)).collect();
        assert_eq!(steps, numbers(&want["steps"]), "{want}");
        let spiked = steps.iter().filter(|s| **s >= 0.0).count();
        assert_eq!(spikes.iter().filter(|s| **s == 1).count(), spiked);
    }
}

#[test]
fn rates_are_the_same_on_every_machine() {
    for want in json("encodings.json")["rate"].as_array().unwrap() {
        let (_, samples) = levels(number(&want["samples"]));
        let full = want["full"].as_f64().unwrap();
        let rate = Rate { seed: want["seed"].as_u64().unwrap(), full };
        let encoded = Encoding::Rate(rate).apply(samples, number(&want["timesteps"])).unwrap();
        let Values::U8(spikes) = encoded.values() else { panic!() };
        let spikes: String = spikes.iter().map(u8::to_string).collect();
        assert_eq!(spikes, text(&want["spikes"]));
    }
}

#[test]
fn direct_changes_nothing_and_keeps_labels() {
    let (_, mut samples) = levels(2);
    samples.labels = Some(vec![1, 2]);
    let encoded = Encoding::Direct.apply(samples.clone(), 4).unwrap();
    assert_eq!(encoded, samples);
    let rate = Encoding::Rate(Rate { seed: 1, full: 255.0 });
    let encoded = rate.apply(samples, 4).unwrap();
    assert_eq!((encoded.timesteps(), encoded.labels.clone()), (Some(4), Some(vec![1, 2])));
    assert_eq!(rate.apply(encoded, 4).unwrap_err().code.id, "SF0003");
}

/// Any number, and those at which something changes.
fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        0.0..1.0f64,
        prop::sample::select(&[0.0, -0.0, 1.0, 0.01, 255.0, f64::MIN_POSITIVE, f64::MAX][..]),
    ]
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Whatever the parameters, the result is spikes of the right shape or a message.
    #[test]
    fn encodings_never_panic(
        values in prop::collection::vec(any_value(), 0..12),
        size in 1usize..4,
        timesteps in prop_oneof![0usize..9, any::<usize>()],
        (a, b, c) in (any_value(), any_value(), any_value()),
        (normalise, clip) in any::<(bool, bool)>(),
        seed in any::<u64>(),
        which in 0..4,
    ) {
        let code = if which == 0 { LatencyCode::Linear } else { LatencyCode::Logarithmic };
        let encoding = match which {
            0 | 1 => Encoding::Latency(
                Latency { code, threshold: a, tau: b, normalise, clip, full: c }
            ),
            2 => Encoding::Rate(Rate { seed, full: a }),
            _ => Encoding::Threshold(Threshold { first: a, last: b }),
        };
        let Ok(samples) = Samples::new(vec![size], None, Values::Real(values)) else {
            return Ok(());
        };
        let count = samples.len();
        match encoding.apply(samples, timesteps) {
            Ok(encoded) => {
                prop_assert_eq!((encoded.len(), encoded.timesteps()), (count, Some(timesteps)));
                let Values::U8(spikes) = encoded.values() else { panic!() };
                prop_assert!(spikes.iter().all(|s| *s < 2));
            }
            Err(d) => prop_assert!(["SF0003", "SF0012", "SF0015"].contains(&d.code.id)),
        }
    }
}
