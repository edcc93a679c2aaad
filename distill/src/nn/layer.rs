// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The tree of layers.

use burn::module::Module;
use burn::tensor::{Device, Tensor, module::avg_pool2d, ops::AvgPoolOptions};
use synfire::diag::Result;

use super::affine::{Affine, Window};
use super::fire::Neuron;
use super::norm::Norm;
use super::rng::Rng;
use super::shape::Extent;
use super::signal::{Maps, Signal};
use super::spec;
use super::walk::Walk;

/// Layers one behind the other.
#[derive(Module, Debug)]
pub struct Net {
    /// The layers.
    pub layers: Vec<Layer>,
}

/// One layer; [`spec::Layer`] says what each computes.
#[derive(Module, Debug)]
pub enum Layer {
    /// Fully connected, or a convolution.
    Affine(Affine),
    /// Batch normalisation.
    Norm(Norm),
    /// Neurons.
    Neuron(Neurons),
    /// Means over windows.
    Pool(Pool),
    /// Sum of two ways.
    Residual(Residual),
    /// Members side by side.
    Parallel(Parallel),
}

/// Neurons, which have no parameters.
#[derive(Module, Debug)]
pub struct Neurons {
    /// What they compute.
    #[module(skip)]
    pub neuron: Neuron,
}

/// Means over square windows.
#[derive(Module, Debug)]
pub struct Pool {
    /// Extents of the window.
    #[module(skip)]
    pub window: [usize; 2],
}

/// Sum of two ways.
#[derive(Module, Debug)]
pub struct Residual {
    /// The long one.
    pub body: Net,
    /// The short one; without layers the input itself.
    pub shortcut: Net,
}

/// Members side by side.
#[derive(Module, Debug)]
pub struct Parallel {
    /// The members.
    pub members: Vec<Net>,
}

impl Net {
    /// Random layers for inputs of an extent.
    ///
    /// # Errors
    /// As [`Extent::through`].
    pub fn new(
        layers: &[spec::Layer],
        input: Extent,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Self> {
        let mut extent = input;
        let mut made = Vec::with_capacity(layers.len());
        for layer in layers {
            made.push(Layer::new(layer, extent, rng, device)?);
            extent = extent.through(layer)?;
        }
        Ok(Self { layers: made })
    }

    /// What the layers make of a signal.
    pub fn forward(&self, input: Signal, walk: &mut Walk) -> Signal {
        let still = match input.steps {
            // What comes before the first neuron is the same at every timestep.
            None => self.layers.iter().take_while(|l| l.is_still()).count(),
            Some(_) => 0,
        };
        let (held, rest) = self.layers.split_at(still);
        let start = if held.is_empty() {
            input
        } else {
            let through = |s, l: &Layer, walk: &mut Walk| l.forward(s, walk);
            Signal::held(walk.hold(|walk| held.iter().fold(input, |s, l| through(s, l, walk)).maps))
        };
        rest.iter().fold(start, |s, l| l.forward(s, walk))
    }
}

impl Layer {
    fn new(layer: &spec::Layer, input: Extent, rng: &mut Rng, device: &Device) -> Result<Self> {
        input.through(layer)?;
        Ok(match layer {
            spec::Layer::Linear { outputs, weights, bias } => Self::Affine(Affine::new(
                [*outputs, input.elements()],
                *bias,
                None,
                *weights,
                (rng, device),
            )),
            spec::Layer::Conv { channels, kernel, stride, padding, weights, bias } => {
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding };
                let fan_in = input.0 * kernel * kernel;
                let shape = [*channels, fan_in];
                Self::Affine(Affine::new(shape, *bias, Some(window), *weights, (rng, device)))
            }
            spec::Layer::Norm => Self::Norm(Norm::new(input.0, rng, device)),
            spec::Layer::Neuron(spec) => {
                Self::Neuron(Neurons { neuron: Neuron { spec: spec.clone() } })
            }
            spec::Layer::AveragePool { window: 0 } => {
                Self::Pool(Pool { window: [input.1, input.2] })
            }
            spec::Layer::AveragePool { window } => Self::Pool(Pool { window: [*window; 2] }),
            spec::Layer::Residual { body, shortcut } => Self::Residual(Residual {
                body: Net::new(body, input, rng, device)?,
                shortcut: Net::new(shortcut, input, rng, device)?,
            }),
            spec::Layer::Parallel { members } => Self::Parallel(Parallel {
                members: members
                    .iter()
                    .map(|m| Net::new(m, input, rng, device))
                    .collect::<Result<_>>()?,
            }),
        })
    }

    /// Does it give the same at every timestep if its input is the same?
    fn is_still(&self) -> bool {
        match self {
            Self::Affine(_) | Self::Norm(_) | Self::Pool(_) => true,
            Self::Neuron(n) => n.neuron.spec == spec::Neuron::Relu,
            Self::Residual(r) => r.body.layers.iter().chain(&r.shortcut.layers).all(Self::is_still),
            // Its mask may change from pass to pass.
            Self::Parallel(_) => false,
        }
    }

    fn forward(&self, input: Signal, walk: &mut Walk) -> Signal {
        match self {
            Self::Affine(a) => a.forward(input, walk),
            Self::Norm(n) => n.forward(input, walk),
            Self::Neuron(n) => n.neuron.forward(input, walk),
            Self::Pool(p) => input.map(|x| avg_pool2d(x, AvgPoolOptions::new(p.window))),
            Self::Residual(r) => {
                let long = r.body.forward(input.clone(), walk);
                let short = r.shortcut.forward(input, walk);
                add(long, short, walk.steps)
            }
            Self::Parallel(p) => p.forward(&input, walk),
        }
    }
}

impl Parallel {
    fn forward(&self, input: &Signal, walk: &mut Walk) -> Signal {
        let is_off =
            |walk: &Walk, i| walk.active.as_ref().is_some_and(|a| a.get(i) == Some(&false));
        let mut outputs = Vec::with_capacity(self.members.len());
        for (i, member) in self.members.iter().enumerate() {
            outputs.push(match is_off(walk, i) {
                true => silent(member, input.clone(), walk),
                false => member.forward(input.clone(), walk),
            });
        }
        if outputs.iter().any(|o| o.steps.is_some()) {
            outputs = outputs.into_iter().map(|o| o.spread(walk.steps)).collect();
        }
        let steps = outputs.first().and_then(|o| o.steps);
        let binary = outputs.iter().all(|o| o.binary);
        let off = outputs.iter().map(|o| o.off).sum();
        let maps: Vec<Maps> = outputs.into_iter().map(|o| o.maps).collect();
        Signal { maps: Tensor::cat(maps, 1), steps, binary, off }
    }
}

/// Zeros in the place of a member that is off. It is computed all the same, as layers find
/// their states by their order; but neither counted nor recorded, as hardware does not compute
/// it, nor tracked: nobody would ever propagate back through its graph, and so free it.
fn silent(member: &Net, input: Signal, walk: &mut Walk) -> Signal {
    let (before, spikes) = (walk.operations.take(), walk.spikes.take());
    let input = input.map(Tensor::detach);
    let output = member.clone().no_grad().forward(input, walk);
    (walk.operations, walk.spikes) = (before, spikes);
    let off = output.maps.dims()[1];
    Signal { maps: output.maps.zeros_like(), off, ..output }
}

fn add(a: Signal, b: Signal, steps: usize) -> Signal {
    let (a, b) = if a.steps == b.steps { (a, b) } else { (a.spread(steps), b.spread(steps)) };
    a.map(|x| x + b.maps)
}
