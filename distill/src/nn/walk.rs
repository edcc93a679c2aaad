// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What one pass over a network carries: its mode, and the state that layers keep.

use burn::tensor::{Gradients, Tensor};
use serde::Serialize;

use super::signal::{Maps, Signal};
use super::spec::{self, Reset};

/// What a pass computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Spikes, with gradients by the surrogate where the device takes them.
    Spikes,
    /// Spikes without gradients; neurons and norms note what the rate pass needs.
    Measure,
    /// Mean rates, on what the measuring pass noted.
    Rate,
}

/// What layers with weights cost, counted as the compiler counts it (docs/energy.md): a layer
/// whose input is spikes costs an accumulation for each weight that a spike meets, any other
/// one a multiply-accumulate for each weight, once where its input is the same at every
/// timestep.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Operations {
    /// Multiply-accumulates.
    pub macs: f64,
    /// Accumulations: synaptic operations.
    pub sops: f64,
}

/// State and mode of a pass. Layers take their state in the order in which they are
/// visited, which is the same in every pass.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Timesteps of this chunk.
    pub steps: usize,
    /// What is computed.
    pub pass: Pass,
    /// Batch statistics (true) or running ones (false).
    pub train: bool,
    /// Binary layers compute with binary weights; if not, with the latent ones.
    pub binary: bool,
    /// Members of an ensemble that are on; nothing: all.
    pub active: Option<Vec<bool>>,
    /// Gradients flow from a chunk of timesteps into the one before.
    pub through_time: bool,
    /// The spikes of every layer of neurons, in the order visited, if they are wanted.
    pub spikes: Option<Vec<Signal>>,
    /// Operations so far, if they are to be counted.
    pub operations: Option<Operations>,
    membranes: Slots<Maps>,
    traces: Slots<RateTrace>,
    norms: Slots<[Tensor<1>; 2]>,
    held: Option<Slots<Held>>,
}

impl Walk {
    /// A pass over `steps` timesteps with running statistics and binary weights.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self {
            steps,
            pass: Pass::Spikes,
            train: false,
            binary: true,
            active: None,
            through_time: true,
            spikes: None,
            operations: None,
            membranes: Slots::default(),
            traces: Slots::default(),
            norms: Slots::default(),
            held: None,
        }
    }

    /// The same with batch statistics.
    #[must_use]
    pub fn training(mut self) -> Self {
        self.train = true;
        self
    }

    /// Keeps what is held over time between chunks, cut from the graph: gradients gather at
    /// the cuts, and are propagated back from there once at the end.
    #[must_use]
    pub fn in_chunks(mut self) -> Self {
        self.held = Some(Slots::default());
        self.through_time = false;
        self
    }

    /// Begins the next chunk of timesteps, or the next pass over the same ones.
    pub fn rewind(&mut self) {
        self.membranes.next = 0;
        self.traces.next = 0;
        self.norms.next = 0;
        if let Some(held) = &mut self.held {
            held.next = 0;
        }
    }

    pub(super) fn membrane(&mut self) -> Option<Maps> {
        self.membranes.get().cloned()
    }

    pub(super) fn keep_membrane(&mut self, membrane: Option<Maps>) {
        let cut = !self.through_time;
        self.membranes.put(membrane.map(|v| if cut { v.detach() } else { v }));
    }

    pub(super) fn keep_trace(&mut self, trace: RateTrace) {
        self.traces.put(Some(trace));
    }

    pub(super) fn rate_trace(&mut self) -> RateTrace {
        self.traces.take().unwrap_or_default()
    }

    pub(super) fn keep_statistics(&mut self, mean: Tensor<1>, variance: Tensor<1>) {
        self.norms.put(Some([mean, variance]));
    }

    pub(super) fn statistics(&mut self) -> Option<[Tensor<1>; 2]> {
        self.norms.take()
    }

    pub(super) fn record(&mut self, spikes: &Signal) {
        if let Some(all) = &mut self.spikes {
            all.push(spikes.clone());
        }
    }

    /// What a part of the network that is the same at every timestep gives: computed in
    /// the first chunk, taken from there in the others.
    pub(super) fn hold(&mut self, compute: impl FnOnce(&mut Self) -> Maps) -> Maps {
        // A part inside of a held part is not held on its own.
        let Some(mut held) = self.held.take() else {
            return compute(self);
        };
        let maps = if let Some(known) = held.get() {
            let cut = known.cut.clone();
            held.next += 1;
            cut
        } else {
            let part = Held::new(compute(self));
            let cut = part.cut.clone();
            held.put(Some(part));
            cut
        };
        self.held = Some(held);
        maps
    }

    /// Adds a chunk's gradients by the ends of held parts to those of the chunks before.
    pub(crate) fn note_ends(&mut self, gradients: &mut Gradients) {
        let parts = self.held.iter_mut().flat_map(|h| h.items.iter_mut().flatten());
        parts.for_each(|p| p.note(gradients));
    }

    /// Propagates what the ends of held parts have gathered back into them: the last part
    /// first, since a part may stand on the end of an earlier one.
    pub(crate) fn back_into_held(self, mut give: impl FnMut(Gradients)) {
        let mut parts: Vec<Held> = self.held.into_iter().flat_map(|h| h.items).flatten().collect();
        while let Some(part) = parts.pop() {
            let Some(gradient) = part.gradient else { continue };
            let mut gradients = (part.maps * Tensor::from_inner(gradient)).sum().backward();
            parts.iter_mut().for_each(|p| p.note(&mut gradients));
            give(gradients);
        }
    }
}

/// A held part: on the graph, the end that the chunks see, and the gradient by that end.
#[derive(Debug, Clone)]
struct Held {
    maps: Maps,
    cut: Maps,
    gradient: Option<Maps>,
}

impl Held {
    fn new(maps: Maps) -> Self {
        let cut = maps.clone().detach();
        // Nothing asks for the gradient by an input.
        let cut = if maps.is_tracked() { cut.require_grad() } else { cut };
        Self { maps, cut, gradient: None }
    }

    fn note(&mut self, gradients: &mut Gradients) {
        if let Some(new) = self.cut.grad_remove(gradients) {
            self.gradient = Some(match self.gradient.take() {
                Some(old) => old + new,
                None => new,
            });
        }
    }
}

/// What the rate pass needs of a layer of neurons: running means over the timesteps.
#[derive(Debug, Clone, Default)]
pub(super) struct RateTrace {
    /// ρ: mean of the spikes.
    pub(super) rho: Option<Maps>,
    /// g: mean of the derivatives of spikes by a constant current.
    pub(super) gain: Option<Maps>,
    /// φ: derivative of the membrane by a constant current.
    phi: Option<Maps>,
    count: usize,
}

impl RateTrace {
    /// Takes in a timestep: membrane before reset, spike, surrogate slope.
    pub(super) fn add(&mut self, u: &Maps, spike: &Maps, slope: Maps, lif: &spec::Lif) {
        let t = self.count as f64;
        let mean = |old: Option<Maps>, new: Maps| match old {
            Some(old) => (old.mul_scalar(t) + new).div_scalar(t + 1.0),
            None => new,
        };
        let phi = self.phi.take().unwrap_or_else(|| u.ones_like().mul_scalar(lif.gain));
        self.gain = Some(mean(self.gain.take(), phi.clone() * slope.clone()));
        self.rho = Some(mean(self.rho.take(), spike.clone()));
        // dv/du: what of a change of the membrane is left after the reset.
        let kept = match (lif.reset, lif.detach_reset) {
            (Reset::Soft, false) => slope.mul_scalar(-lif.threshold).add_scalar(1.0),
            (Reset::Soft, true) | (Reset::None, _) => u.ones_like(),
            (Reset::Hard { .. }, true) => spike.clone().neg().add_scalar(1.0),
            (Reset::Hard { to }, false) => {
                spike.clone().neg().add_scalar(1.0) - u.clone().sub_scalar(to) * slope
            }
        };
        self.phi = Some((phi * kept).mul_scalar(lif.leak).add_scalar(lif.gain));
        self.count += 1;
    }
}

/// States of the layers of one kind, in the order visited.
#[derive(Debug, Clone)]
struct Slots<T> {
    items: Vec<Option<T>>,
    next: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: 0 }
    }
}

impl<T> Slots<T> {
    /// The state at the cursor, which stays.
    fn get(&self) -> Option<&T> {
        self.items.get(self.next)?.as_ref()
    }

    /// Writes the state at the cursor, and goes on.
    fn put(&mut self, item: Option<T>) {
        if self.next < self.items.len() {
            self.items[self.next] = item;
        } else {
            self.items.push(item);
        }
        self.next += 1;
    }

    /// Takes the state at the cursor, and goes on.
    fn take(&mut self) -> Option<T> {
        let item = self.items.get_mut(self.next)?.take();
        self.next += 1;
        item
    }
}
