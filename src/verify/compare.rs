// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Compares outcomes; nothing is rounded, nothing is tolerated.

use serde::Serialize;

use super::Outcome;
use crate::hw::Design;
use crate::hw::Train;
use crate::sim::{Recorder, Step};

/// What a comparison promises besides logits and classes. What is promised and then missing,
/// on either side or on both, is a difference: nothing is passed over because it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Timesteps of the spike trains; none where a level cannot tell its spikes.
    pub trains: Option<u32>,
    /// The cycle of every input, weight read, timestep and result byte.
    pub cycles: bool,
}

impl Scope {
    /// Every spike of a design.
    #[must_use]
    pub fn spikes(design: &Design) -> Self {
        let shared = design.shared.iter().flat_map(|s| s.fires());
        let fires = design.lifs().next().is_some() || shared.count() > 0;
        Self { trains: fires.then_some(design.timesteps), cycles: false }
    }

    /// Every spike of a design, and every cycle number.
    #[must_use]
    pub fn cycles(design: &Design) -> Self {
        Self { cycles: true, ..Self::spikes(design) }
    }

    /// What comes back over the serial line: spikes only if the design keeps them.
    #[must_use]
    pub fn line(design: &Design) -> Self {
        let spikes = Self::spikes(design);
        Self { trains: spikes.trains.filter(|_| design.trace), ..spikes }
    }
}

/// How much was compared and how much of it differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Inferences that both levels ran.
    pub images: u64,
    /// Spike slots (neuron × timestep) compared, and how many differ.
    pub spikes: (u64, u64),
    /// Logits compared, and how many differ.
    pub logits: (u64, u64),
    /// Classes that differ; that of an inference which is missing or too many is one.
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

/// How many there are, and how many of them differ.
type Count = (u64, u64);

fn add(to: &mut Count, more: Count) {
    *to = (to.0 + more.0, to.1 + more.1);
}

impl Tally {
    /// Number of differences of every kind.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.spikes.1 + self.logits.1 + self.classes + self.cycles.1
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.images += other.images;
        add(&mut self.spikes, other.spikes);
        add(&mut self.logits, other.logits);
        self.classes += other.classes;
        add(&mut self.cycles, other.cycles);
    }
}

/// Compares what two levels gave for `inputs` inputs: logits, class and what `scope` promises.
/// A missing or additional inference is a difference, too.
#[must_use]
pub fn compare(
    inputs: usize,
    expected: &[Outcome],
    found: &[Outcome],
    scope: Scope,
) -> (Tally, Option<Difference>) {
    let mut tally = Tally::default();
    let mut first = None;
    for (image, (e, f)) in expected.iter().zip(found).take(inputs).enumerate() {
        let mut note = |what: String| {
            first.get_or_insert(Difference { image, what });
        };
        tally.images += 1;
        if let Some(timesteps) = scope.trains {
            let count = spikes(&e.trains, &f.trains, timesteps, &mut note);
            add(&mut tally.spikes, some(count, "spike trains", &mut note));
        }
        let logits = items(&e.logits, &f.logits, |c, e, f| {
            note(format!("logit {c}: {}", instead(f, e, i64::to_string)));
        });
        add(&mut tally.logits, some(logits, "logits", &mut note));
        if e.class != f.class {
            tally.classes += 1;
            note(format!("class {} instead of {}", f.class, e.class));
        }
        let other_members = e.ran != f.ran;
        tally.classes += u64::from(other_members);
        if other_members {
            let members = |ran: &u32| format!("{ran} members");
            note(format!("{} ran", instead(f.ran.as_ref(), e.ran.as_ref(), members)));
        }
        if scope.cycles {
            let count = cycles(e.timing.as_ref(), f.timing.as_ref(), &mut note);
            add(&mut tally.cycles, some(count, "cycle numbers", &mut note));
        }
    }
    for outcomes in [expected.len(), found.len()] {
        if outcomes != inputs {
            tally.classes += outcomes.abs_diff(inputs) as u64;
            let what = format!("{outcomes} inferences instead of {inputs}");
            first.get_or_insert(Difference { image: outcomes.min(inputs), what });
        }
    }
    (tally, first)
}

/// The count, with a difference if there is nothing to count on either side.
fn some(count: Count, what: &str, note: &mut impl FnMut(String)) -> Count {
    if count.0 > 0 {
        return count;
    }
    note(format!("neither level has {what}"));
    (0, 1)
}

/// Compares trains, `[layer][neuron]`; of a missing or additional one every timestep differs.
fn spikes(
    expected: &[Vec<Train>],
    found: &[Vec<Train>],
    timesteps: u32,
    note: &mut impl FnMut(String),
) -> Count {
    let mut count = (0, 0);
    if expected.len() != found.len() {
        note(format!("{} layers fire instead of {}", found.len(), expected.len()));
    }
    let of = |trains: &[Vec<Train>], layer| trains.get(layer).cloned().unwrap_or_default();
    for layer in 0..expected.len().max(found.len()) {
        let (e, f) = (of(expected, layer), of(found, layer));
        if e.len() != f.len() {
            note(format!("layer {layer} has {} neurons instead of {}", f.len(), e.len()));
        }
        for neuron in 0..e.len().max(f.len()) {
            let wrong = match (e.get(neuron), f.get(neuron)) {
                (Some(e), Some(f)) if e == f => 0,
                (Some(e), Some(f)) => {
                    note(format!(
                        "layer {layer} neuron {neuron} fires {f:#b} instead of {e:#b} (bit t: timestep t)"
                    ));
                    (e ^ f).count_ones()
                }
                _ => timesteps,
            };
            add(&mut count, (timesteps.into(), wrong.into()));
        }
    }
    count
}

/// Compares everything that has a cycle number.
fn cycles(
    expected: Option<&Recorder>,
    found: Option<&Recorder>,
    note: &mut impl FnMut(String),
) -> Count {
    let nothing = Recorder::default();
    let (e, f) = (expected.unwrap_or(&nothing), found.unwrap_or(&nothing));
    let mut count = (0, 0);
    for part in [
        items(&e.inputs, &f.inputs, |i, e, f| {
            note(format!("input {i} in cycle {}", instead(f, e, u64::to_string)));
        }),
        items(&e.events, &f.events, |i, e, f| {
            let read = |(cycle, stage): &(u64, usize)| format!("cycle {cycle} by stage {stage}");
            note(format!("weight read {i} in {}", instead(f, e, read)));
        }),
        items(&e.steps, &f.steps, |i, e, f| {
            note(format!("timestep {i}: {}", instead(f, e, step)));
        }),
        items(&e.outputs, &f.outputs, |i, e, f| {
            let sent = |(cycle, byte): &(u64, u8)| format!("{byte} in cycle {cycle}");
            note(format!("result byte {i}: {}", instead(f, e, sent)));
        }),
    ] {
        add(&mut count, part);
    }
    count
}

/// What was found, and what was expected, in words.
fn instead<T>(found: Option<&T>, expected: Option<&T>, say: impl Fn(&T) -> String) -> String {
    let said = |x: Option<&T>| x.map_or_else(|| "none".to_owned(), &say);
    format!("{} instead of {}", said(found), said(expected))
}

/// A timestep of a neuron, in words.
fn step(s: &Step) -> String {
    let fires = if s.fires { "fires" } else { "is silent" };
    let Step { cycle, stage, neuron, timestep, .. } = s;
    format!("neuron {neuron} of stage {stage} {fires} in timestep {timestep}, cycle {cycle}")
}

/// Compares two lists item by item; a missing or additional item is a difference.
fn items<T: PartialEq>(
    e: &[T],
    f: &[T],
    mut note: impl FnMut(usize, Option<&T>, Option<&T>),
) -> Count {
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
