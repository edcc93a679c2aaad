// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the inferences come to, apart from running them.

use super::confusion::Confusion;
use crate::interp::{Logits, Record, Spikes};
use crate::sim::Inference;
use crate::tune::After;

/// Sums over the inputs of one thread; sums of threads are added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) images: u64,
    pub(super) real_right: u64,
    pub(super) integer_right: u64,
    pub(super) same_class: u64,
    /// Of the integer model.
    pub(super) confusion: Confusion,
    /// Neurons times timesteps, of all layers.
    pub(super) spike_slots: u64,
    /// Spikes of the integer model.
    pub(super) spikes: u64,
    /// Slots in which only one of the two models fires.
    pub(super) spikes_differ: u64,
    pub(super) sim_differs: u64,
    /// Where members are left out once the class is settled: members that ran, right classes, and
    /// classes that are not those of all members.
    pub(super) members: u64,
    pub(super) early_right: u64,
    pub(super) early_differs: u64,
    /// Cycles from the last input to the end.
    pub(super) latency: u64,
    /// Cycles from the first input to the end, both included.
    pub(super) total: u64,
    /// The longest latency.
    pub(super) worst: u64,
}

impl Sums {
    /// Takes one input in: what both models and, if there is hardware, the simulator made of it; and
    /// after how many members the class was settled, if the others are left out.
    pub(super) fn count(
        &mut self,
        real: &Record,
        integer: &Record,
        (sim, settled): (Option<&Inference>, Option<&(usize, After)>),
        label: Option<u32>,
    ) {
        self.images += 1;
        if let Some(label) = label.map(|l| l as usize) {
            self.real_right += u64::from(real.class == label);
            self.integer_right += u64::from(integer.class == label);
            self.confusion.count(label, integer.class);
        }
        self.same_class += u64::from(real.class == integer.class);
        for (parts, fired) in slots(real, integer) {
            let mut rest = fired;
            for part in parts {
                let (here, behind) = rest.split_at(part.len().min(rest.len()));
                self.spike_slots += here.len() as u64;
                self.spikes += count(here.iter().copied());
                self.spikes_differ += count(here.iter().zip(part).map(|(n, r)| n != r));
                rest = behind;
            }
        }
        if let Some(s) = sim {
            let logits: Vec<i64> = s.logits.iter().map(|l| i64::from(*l)).collect();
            let class = usize::from(s.class);
            let same = match settled {
                None => integer.logits == Logits::Integer(logits) && class == integer.class,
                Some((ran, after)) => {
                    self.members += *ran as u64;
                    self.early_differs += u64::from(after.class != integer.class);
                    let right = label.is_some_and(|l| l as usize == after.class);
                    self.early_right += u64::from(right);
                    let runs = s.ran.map(|r| r as usize) == Some(*ran);
                    runs && logits == after.logits && class == after.class
                }
            };
            self.sim_differs += u64::from(!same);
            self.latency += s.latency();
            self.worst = self.worst.max(s.latency());
            self.total += s.done + 1;
        }
    }

    /// Adds the sums of other inputs.
    pub(super) fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.real_right += other.real_right;
        self.integer_right += other.integer_right;
        self.same_class += other.same_class;
        self.confusion.add(&other.confusion);
        self.spike_slots += other.spike_slots;
        self.spikes += other.spikes;
        self.spikes_differ += other.spikes_differ;
        self.sim_differs += other.sim_differs;
        self.members += other.members;
        self.early_right += other.early_right;
        self.early_differs += other.early_differs;
        self.latency += other.latency;
        self.total += other.total;
        self.worst = self.worst.max(other.worst);
    }
}

fn count(bits: impl Iterator<Item = bool>) -> u64 {
    bits.map(u64::from).sum()
}

/// The spikes of each timestep of the layers that both models have: of the real one, of the
/// integer one. A layer that was merged has the names of its parts, with + between them, and
/// their spikes one behind another.
fn slots<'r>(real: &'r Record, integer: &'r Record) -> Vec<(Vec<&'r [bool]>, &'r [bool])> {
    let mut all = Vec::new();
    for layer in &integer.spikes {
        let part = |name: &str| real.spikes.iter().find(|l| l.node == name);
        let whole: Option<Vec<&Spikes>> = part(&layer.node)
            .map(|l| vec![l])
            .or_else(|| layer.node.split('+').map(part).collect());
        let Some(whole) = whole else { continue };
        for (t, fired) in layer.fired.iter().enumerate() {
            let parts = whole.iter().filter_map(|p| p.fired.get(t)).map(Vec::as_slice);
            all.push((parts.collect(), fired.as_slice()));
        }
    }
    all
}
