// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Compares outcomes; nothing is rounded, nothing is tolerated.

use serde::Serialize;

use super::Outcome;

/// How much was compared and how much of it differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Inferences.
    pub images: u64,
    /// Spike slots (neuron × timestep) compared, and how many differ.
    pub spikes: (u64, u64),
    /// Logits compared, and how many differ.
    pub logits: (u64, u64),
    /// Classes that differ.
    pub classes: u64,
    /// Events with a cycle number compared, and how many differ.
    pub cycles: (u64, u64),
}

/// The first thing in which two levels differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Index of the inference.
    pub image: usize,
    /// What differs, in words.
    pub what: String,
}

impl Tally {
    /// Number of differences of every kind.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.spikes.1 + self.logits.1 + self.classes + self.cycles.1
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
        self.images += other.images;
        self.spikes = sum(self.spikes, other.spikes);
        self.logits = sum(self.logits, other.logits);
        self.classes += other.classes;
        self.cycles = sum(self.cycles, other.cycles);
    }
}

/// Compares two levels image by image: spikes, logits and class, and cycles where both
/// have them.
#[must_use]
pub fn compare(expected: &[Outcome], found: &[Outcome]) -> (Tally, Option<Difference>) {
    let mut tally = Tally { images: found.len() as u64, ..Tally::default() };
    let mut first = None;
    if expected.len() != found.len() {
        let what = format!("{} inferences instead of {}", found.len(), expected.len());
        tally.classes = expected.len().abs_diff(found.len()) as u64;
        first = Some(Difference { image: expected.len().min(found.len()), what });
    }
    for (image, (e, f)) in expected.iter().zip(found).enumerate() {
        let mut note = |what: String| {
            first.get_or_insert(Difference { image, what });
        };
        spikes(e, f, &mut tally, &mut note);
        let (n, wrong) = items(&e.logits, &f.logits, |c, e, f| {
            note(format!("logit {c}: {f:?} instead of {e:?}"))
        });
        tally.logits = (tally.logits.0 + n, tally.logits.1 + wrong);
        if e.class != f.class {
            tally.classes += 1;
            note(format!("class {} instead of {}", f.class, e.class));
        }
        if let (Some(e), Some(f)) = (&e.timing, &f.timing) {
            for (n, wrong) in [
                items(&e.inputs, &f.inputs, |i, e, f| {
                    note(format!("input {i} in cycle {f:?} instead of {e:?}"))
                }),
                items(&e.events, &f.events, |i, e, f| {
                    note(format!("weight read {i} as (cycle, stage) {f:?} instead of {e:?}"))
                }),
                items(&e.steps, &f.steps, |i, e, f| {
                    note(format!("timestep {i}: {f:?} instead of {e:?}"))
                }),
                items(&e.outputs, &f.outputs, |i, e, f| {
                    note(format!("result byte {i} as (cycle, byte) {f:?} instead of {e:?}"))
                }),
            ] {
                tally.cycles = (tally.cycles.0 + n, tally.cycles.1 + wrong);
            }
        }
    }
    (tally, first)
}

fn spikes(e: &Outcome, f: &Outcome, tally: &mut Tally, note: &mut impl FnMut(String)) {
    if f.trains.is_empty() {
        return;
    }
    let width = e.trains.iter().flatten().fold(0, |w, t| w | t).max(1);
    let timesteps = u64::from(u32::BITS - width.leading_zeros());
    for (layer, (e, f)) in e.trains.iter().zip(&f.trains).enumerate() {
        if e.len() != f.len() {
            tally.spikes.1 += e.len().abs_diff(f.len()) as u64;
            note(format!("layer {layer} has {} neurons instead of {}", f.len(), e.len()));
        }
        for (neuron, (e, f)) in e.iter().zip(f).enumerate() {
            tally.spikes.0 += timesteps;
            tally.spikes.1 += u64::from((e ^ f).count_ones());
            if e != f {
                note(format!(
                    "layer {layer} neuron {neuron} fires {f:#b} instead of {e:#b} (bit t: timestep t)"
                ));
            }
        }
    }
    if e.trains.len() != f.trains.len() {
        tally.spikes.1 += 1;
        note(format!("{} layers fire instead of {}", f.trains.len(), e.trains.len()));
    }
}

/// Compares two lists item by item; a missing or additional item is a difference.
fn items<T: PartialEq>(
    e: &[T],
    f: &[T],
    mut note: impl FnMut(usize, Option<&T>, Option<&T>),
) -> (u64, u64) {
    let n = e.len().max(f.len());
    let mut wrong = 0;
    for i in 0..n {
        if e.get(i) != f.get(i) {
            wrong += 1;
            note(i, e.get(i), f.get(i));
        }
    }
    (n as u64, wrong)
}
