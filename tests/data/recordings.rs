// SPDX-License-Identifier: Apache-2.0 OR MIT
//! AEDAT 3.1, AEDAT 4, N-MNIST, tables, and their frames.

use proptest::prelude::*;
use synfire::data::{Bins, Event, Framing, Recording, Sensor};

use crate::{cases, expected, number, numbers, recording, sensor, text};

#[test]
fn other_readers_read_the_same_events() {
    for want in expected("events") {
        let name = text(&want["file"]);
        let found = recording(name, sensor(&want["sensor"]));
        let shape: Vec<f64> = found.shape().iter().map(|d| *d as f64).collect();
        assert_eq!(shape, numbers(&want["shape"]), "{name}");
        assert_eq!(found.invalid, number(&want["invalid"]), "{name}");
        assert_eq!(found.reordered, number(&want["reordered"]), "{name}");
        let column = |of: &dyn Fn(&synfire::data::Event) -> i64| -> Vec<f64> {
            found.events.iter().map(|e| of(e) as f64).collect()
        };
        assert_eq!(column(&|e| e.t), numbers(&want["t"]), "{name}");
        assert_eq!(column(&|e| e.x.into()), numbers(&want["x"]), "{name}");
        assert_eq!(column(&|e| e.y.into()), numbers(&want["y"]), "{name}");
        assert_eq!(column(&|e| e.on.into()), numbers(&want["p"]), "{name}");
    }
}

#[test]
fn frames_are_those_of_the_equations() {
    for want in expected("frames") {
        let name = text(&want["file"]);
        let found = recording(name, sensor(&want["sensor"]));
        let bins = match text(&want["bins"]) {
            "time" => Bins::Time,
            "count" => Bins::Count,
            _ => Bins::Window(number(&want["window"]) as u64),
        };
        let mut framing = Framing { timesteps: number(&want["timesteps"]), bins, binary: false };
        let (frames, unused) = framing.frames(&found, &found.events).unwrap();
        assert_eq!(unused, number(&want["unused"]), "{name} {bins:?}");
        let set = |frames: &[u16]| -> (Vec<f64>, Vec<f64>) {
            let some = frames.iter().enumerate().filter(|(_, n)| **n > 0);
            some.map(|(i, n)| (i as f64, f64::from(*n))).unzip()
        };
        let (places, counts) = set(&frames);
        assert_eq!(places, numbers(&want["where"]), "{name} {bins:?}");
        assert_eq!(counts, numbers(&want["counts"]), "{name} {bins:?}");
        framing.binary = true;
        let (clipped, _) = framing.frames(&found, &found.events).unwrap();
        assert!(frames.iter().zip(&clipped).all(|(n, b)| *b == u16::from(*n > 0)));
    }
}

#[test]
fn what_the_user_says_of_the_sensor_goes_first() {
    let sensor = Sensor::Pixels { width: 240, height: 180 };
    for name in ["gestures/user01_led.aedat", "zstd.aedat4", "digits/0/00000.bin"] {
        assert_eq!(recording(name, Some(sensor)).shape(), [2, 180, 240], "{name}");
        let small = Some(Sensor::Pixels { width: 4, height: 4 });
        let error = crate::read(name, small).unwrap_err();
        assert_eq!(error.code.id, "SF0013", "{name}");
        assert!(error.help.unwrap().contains("--sensor"));
    }
}

proptest! {
    #![proptest_config(cases(500))]

    /// Every event is in one timestep or counted as unused; timesteps follow time.
    #[test]
    fn no_event_is_lost(
        mut times in prop::collection::vec(any::<i64>(), 1..40),
        timesteps in 1usize..200,
        window in 1u64..,
        which in 0usize..3,
    ) {
        times.sort_unstable();
        let events: Vec<Event> =
            times.iter().zip(0..).map(|(t, x)| Event { t: *t, x, y: 0, on: true }).collect();
        let sensor = Sensor::Channels(40);
        let r = Recording { sensor, polarity: false, events, invalid: 0, reordered: 0 };
        let bins = [Bins::Time, Bins::Count, Bins::Window(window)][which];
        let framing = Framing { timesteps, bins, binary: false };
        let (frames, unused) = framing.frames(&r, &r.events).unwrap();
        let step = |x: usize| (0..timesteps).find(|t| frames[t * 40 + x] == 1);
        let steps: Vec<usize> = (0..times.len()).filter_map(step).collect();
        prop_assert!(steps.is_sorted());
        prop_assert_eq!(steps.len() + unused, times.len());
        let all: usize = frames.iter().map(|n| usize::from(*n)).sum();
        prop_assert_eq!(all, steps.len());
        prop_assert!(unused == 0 || which == 2);
    }
}
