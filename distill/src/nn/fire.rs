// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Neurons: the recurrence of `spec::Lif` and its gradient.

use burn::tensor::{Tensor, activation};

use super::signal::{Maps, Signal};
use super::spec::{self, Compare, Reset};
use super::walk::{Pass, RateTrace, Walk};

/// A layer of neurons without parameters: spiking, or rectifiers of a teacher.
#[derive(Debug, Clone)]
pub struct Neuron {
    /// What they compute.
    pub spec: spec::Neuron,
}

impl Neuron {
    /// Spikes (or rectified values) of a current.
    pub(super) fn forward(&self, input: Signal, walk: &mut Walk) -> Signal {
        match &self.spec {
            spec::Neuron::Relu => input.map(activation::relu),
            spec::Neuron::Lif(_) if walk.pass == Pass::Rate => {
                let trace = walk.rate_trace();
                input.map(|c| rate(c, trace))
            }
            spec::Neuron::Lif(lif) => integrate(input, lif, walk),
        }
    }
}

/// `u[t] = λ v[t−1] + g x[t]`, `s[t] = u[t] ⋛ θ`, then reset, over the timesteps of a walk.
fn integrate(input: Signal, lif: &spec::Lif, walk: &mut Walk) -> Signal {
    let steps = walk.steps;
    let mut membrane = walk.membrane();
    let mut trace = (walk.pass == Pass::Measure).then(RateTrace::default);
    let mut spikes = Vec::with_capacity(steps);
    // A held current is the same node of the graph at every timestep.
    let held = input.steps.is_none().then(|| scaled(input.maps.clone(), lif.gain));
    for t in 0..steps {
        let current = held.clone().unwrap_or_else(|| scaled(input.at(t), lif.gain));
        let u = match membrane.take() {
            Some(v) => current + scaled(v, lif.leak),
            None => current,
        };
        let distance = u.clone().sub_scalar(lif.threshold);
        let slope = lif.surrogate.slope(distance.clone());
        let spike = fire(u.clone(), distance, slope.clone(), lif.compare);
        if let Some(trace) = &mut trace {
            trace.add(&u, &spike, slope, lif);
        }
        membrane = Some(reset(u, spike.clone(), lif));
        spikes.push(spike);
    }
    walk.keep_membrane(membrane);
    if let Some(trace) = trace {
        walk.keep_trace(trace);
    }
    let signal =
        Signal::over(steps, if steps == 1 { spikes.remove(0) } else { Tensor::cat(spikes, 0) })
            .spikes();
    walk.record(&signal);
    signal
}

/// A spike whose derivative by `u` is `slope`: the values are exactly 0 and 1.
fn fire(u: Maps, distance: Maps, slope: Maps, compare: Compare) -> Maps {
    let distance = distance.detach();
    let spike = match compare {
        Compare::AtLeast => distance.greater_equal_elem(0.0),
        Compare::Above => distance.greater_elem(0.0),
    };
    (u.clone() - u.detach()) * slope + spike.float()
}

fn reset(u: Maps, spike: Maps, lif: &spec::Lif) -> Maps {
    let spike = if lif.detach_reset { spike.detach() } else { spike };
    match lif.reset {
        Reset::None => u,
        Reset::Soft => u - scaled(spike, lif.threshold),
        Reset::Hard { to } => {
            let kept = u * spike.clone().neg().add_scalar(1.0);
            if to == 0.0 { kept } else { kept + spike.mul_scalar(to) }
        }
    }
}

/// The rate pass of a layer with mean input current c: its value is the mean of the spikes
/// that were measured, its derivative by c the measured gain
/// (rate-based backpropagation, Yu et al., `NeurIPS` 2024).
fn rate(c: Maps, trace: RateTrace) -> Maps {
    let (Some(rho), Some(gain)) = (trace.rho, trace.gain) else {
        return c;
    };
    let c = c.clone() - c.detach();
    c * Tensor::from_inner(gain) + Tensor::from_inner(rho)
}

fn scaled(maps: Maps, factor: f64) -> Maps {
    if factor == 1.0 { maps } else { maps.mul_scalar(factor) }
}
