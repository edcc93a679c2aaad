// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How often random networks come where faults hide: at a threshold, at a width, at the end
//! of a group, where a rounding shows.

use std::collections::BTreeMap;

use synfire::ir::{Compare, FixedLif, Reset};

/// What happened, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corners(BTreeMap<&'static str, u64>);

impl Corners {
    /// Counts `what` if it happened; with nothing counted it is still listed.
    pub fn note(&mut self, what: &'static str, happened: bool) {
        *self.0.entry(what).or_default() += u64::from(happened);
    }

    /// A timestep of a neuron, `over` above its threshold.
    pub fn neuron(&mut self, l: &FixedLif, over: i128, fires: bool) {
        let (at, below) = match l.compare {
            Compare::AtLeast => ("u = θ with ≥", "u = θ − 1 with ≥"),
            Compare::Above => ("u = θ with >", "u = θ + 1 with >"),
        };
        self.note(at, over == 0);
        self.note(below, over == if l.compare == Compare::AtLeast { -1 } else { 1 });
        let reset = match l.reset {
            Reset::Soft => "a spike with reset soft",
            Reset::SoftDelayed => "a spike with reset soft-delayed",
            Reset::Hard => "a spike with reset hard",
            Reset::HardDelayed => "a spike with reset hard-delayed",
            Reset::None => "a spike with reset none",
        };
        self.note(reset, fires);
    }

    /// Adds what happened elsewhere.
    pub fn add(&mut self, other: &Self) {
        for (what, n) in &other.0 {
            *self.0.entry(what).or_default() += n;
        }
    }

    /// Prints every count, and asks for at least `floors`: about half of what the everyday number
    /// of cases gives. Another number of cases (`PROPTEST_CASES`) has no floors.
    #[allow(clippy::print_stderr)]
    pub fn report(&self, test: &str, floors: &[(&str, u64)]) {
        for (what, n) in &self.0 {
            eprintln!("{test}: {n:>9} × {what}");
        }
        if std::env::var_os("PROPTEST_CASES").is_some() {
            return;
        }
        for (what, floor) in floors {
            let n = self.0.get(what).copied().unwrap_or(0);
            assert!(n >= *floor, "{test}: {what} happened {n} times, not {floor}");
        }
    }
}
