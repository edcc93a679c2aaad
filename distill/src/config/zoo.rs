// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Architectures by name.

use serde::{Deserialize, Serialize};

use crate::nn::spec::{Extent, Layer, Lif, Model, Neuron, Precision, Stage};

/// A network by what it is; the data set says its input and classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// How its layers are arranged.
    #[serde(flatten)]
    pub family: Family,
    /// Its neurons.
    #[serde(default = "lif")]
    pub neuron: Neuron,
    /// The weights inside; nothing: one bit, one magnitude a layer (`binary-layer`), of a
    /// student, and real numbers of a teacher. The first layer and the last one of the
    /// families with blocks, and convolutions on shortcuts, are always real.
    #[serde(default)]
    pub weights: Option<Precision>,
}

/// Arrangements of layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "kebab-case")]
pub enum Family {
    /// Fully connected layers, each with norm and neurons, and a readout of the same
    /// precision. With `pool`, the input is averaged over windows first.
    Mlp {
        /// Neurons of each hidden layer.
        hidden: Vec<usize>,
        /// Window of the input's average pool.
        #[serde(default)]
        pool: Option<usize>,
    },
    /// A real stem, modes of norm, neurons and layer with shortcuts around them, norm,
    /// neurons, a real readout.
    ResidualMlp {
        /// Neurons of each layer.
        width: usize,
        /// Number of modes.
        modes: usize,
        /// Modes that one shortcut goes around; 0: no shortcuts.
        shortcut: usize,
        /// Window of the input's average pool.
        #[serde(default)]
        pool: Option<usize>,
    },
    /// Convolutions with blocks, a stage per entry of `channels`; each stage after the
    /// first halves the maps.
    Conv {
        /// Channels of each stage.
        channels: Vec<usize>,
        /// Modes of each stage (one convolution each).
        modes: Vec<usize>,
        /// The block.
        block: Block,
        /// Extent of the stem's kernel.
        #[serde(default = "three")]
        kernel: usize,
        /// Stride of the stem.
        #[serde(default = "one")]
        stride: usize,
        /// The readout sees every place of the maps, not their means.
        #[serde(default)]
        flatten: bool,
    },
    /// `ResNet`-18: stem of 64 channels, stages of 64 to 512, two blocks each.
    Resnet18 {
        /// The block.
        block: Block,
    },
    /// `ResNet`-19 of the spiking literature: 128, 256, 512 channels with 3, 3, 2 blocks.
    Resnet19 {
        /// The block.
        block: Block,
    },
    /// `ResNet`-20: 16, 32, 64 channels, three blocks each.
    Resnet20 {
        /// The block.
        block: Block,
    },
    /// Members side by side, whose features a real layer brings together.
    Ensemble {
        /// How many.
        members: usize,
        /// Features of one.
        features: usize,
        /// A member: its layers up to the last neurons, then a layer to the features.
        member: Box<Family>,
        /// Fully connected layers in front that all members share.
        #[serde(default)]
        trunk: Vec<usize>,
    },
    /// Any layers.
    Custom {
        /// The stages.
        stages: Vec<Stage>,
    },
}

/// Where norm, neurons and shortcuts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// `h + Conv(neuron(norm(h)))`: a shortcut around each convolution (SEI-BWSNN).
    MultiShortcut,
    /// The same around two convolutions (Bi-Real Net's and `ResNet` v2's order).
    SingleShortcut,
    /// `neuron(norm(Conv(neuron(norm(Conv(h))))) + h)`: two convolutions, neurons last.
    PostActivation,
}

/// What all layers of a network share.
struct Maker<'a> {
    neuron: &'a Neuron,
    weights: Precision,
}

impl Architecture {
    /// The layers for an input and classes; `weights` where the architecture says none.
    #[must_use]
    pub fn model(&self, input: Extent, classes: usize, weights: Precision) -> Model {
        let make = Maker { neuron: &self.neuron, weights: self.weights.unwrap_or(weights) };
        Model { input, stages: make.stages(&self.family, classes) }
    }
}

impl Maker<'_> {
    fn stages(&self, family: &Family, classes: usize) -> Vec<Stage> {
        match family {
            Family::Mlp { hidden, pool } => {
                let mut stages = vec![stage("hidden", self.mlp(hidden, *pool))];
                let head = Layer::Linear { outputs: classes, weights: self.weights, bias: true };
                stages.push(stage("head", vec![head]));
                stages
            }
            Family::ResidualMlp { width, modes, shortcut, pool } => {
                let layers = self.residual_mlp(*width, *modes, *shortcut, *pool);
                vec![stage("hidden", layers), stage("head", vec![real_linear(classes)])]
            }
            Family::Conv { channels, modes, block, kernel, stride, flatten } => {
                let stem = Layer::Conv {
                    channels: channels.first().copied().unwrap_or(0),
                    kernel: *kernel,
                    stride: *stride,
                    padding: kernel / 2,
                    weights: Precision::Real,
                    bias: false,
                };
                let mut stages = self.conv(stem, channels, modes, *block, classes);
                if let (Some(head), true) = (stages.last_mut(), *flatten) {
                    head.layers.retain(|l| !matches!(l, Layer::AveragePool { .. }));
                }
                stages
            }
            Family::Resnet18 { block } => {
                self.conv(stem3(64), &[64, 128, 256, 512], &[4; 4], *block, classes)
            }
            Family::Resnet19 { block } => {
                let mut stages =
                    self.conv(stem3(128), &[128, 256, 512], &[6, 6, 4], *block, classes);
                let hidden = vec![real_linear(256), self.neurons()];
                stages.insert(stages.len() - 1, stage("classifier", hidden));
                stages
            }
            Family::Resnet20 { block } => {
                self.conv(stem3(16), &[16, 32, 64], &[6; 3], *block, classes)
            }
            Family::Ensemble { members, features, member, trunk } => {
                let mut layers: Vec<Layer> =
                    self.stages(member, 0).into_iter().flat_map(|s| s.layers).collect();
                layers.pop();
                let feature =
                    Layer::Linear { outputs: *features, weights: self.weights, bias: true };
                layers.push(feature);
                let side = Layer::Parallel { members: vec![layers; *members] };
                let mut stages =
                    vec![stage("members", vec![side]), stage("head", vec![real_linear(classes)])];
                if !trunk.is_empty() {
                    stages.insert(0, stage("trunk", self.mlp(trunk, None)));
                }
                stages
            }
            Family::Custom { stages } => stages.clone(),
        }
    }

    fn mlp(&self, hidden: &[usize], pool: Option<usize>) -> Vec<Layer> {
        let mut layers = pooled(pool);
        for width in hidden {
            layers.extend([self.linear(*width), Layer::Norm, self.neurons()]);
        }
        layers
    }

    fn residual_mlp(
        &self,
        width: usize,
        modes: usize,
        shortcut: usize,
        pool: Option<usize>,
    ) -> Vec<Layer> {
        let mode = || vec![Layer::Norm, self.neurons(), self.linear(width)];
        let mut layers = pooled(pool);
        layers.push(real_linear(width));
        let mut left = modes;
        while left > 0 {
            let around = if shortcut == 0 { left } else { shortcut.min(left) };
            let body: Vec<Layer> = (0..around).flat_map(|_| mode()).collect();
            match shortcut {
                0 => layers.extend(body),
                _ => layers.push(Layer::Residual { body, shortcut: Vec::new() }),
            }
            left -= around;
        }
        layers.extend([Layer::Norm, self.neurons()]);
        layers
    }

    fn conv(
        &self,
        stem: Layer,
        channels: &[usize],
        modes: &[usize],
        block: Block,
        classes: usize,
    ) -> Vec<Stage> {
        let mut stages = Vec::new();
        for (i, (width, modes)) in channels.iter().zip(modes).enumerate() {
            let mut layers = Vec::new();
            if i == 0 {
                layers.push(stem.clone());
                if block == Block::PostActivation {
                    layers.extend([Layer::Norm, self.neurons()]);
                }
            }
            let per_block = if block == Block::MultiShortcut { 1 } else { 2 };
            for place in 0..modes.div_ceil(per_block) {
                let halve = i > 0 && place == 0;
                layers.extend(self.block(*width, halve, block));
            }
            stages.push(stage(&format!("stage{}", i + 1), layers));
        }
        if let (Some(last), true) = (stages.last_mut(), block != Block::PostActivation) {
            last.layers.extend([Layer::Norm, self.neurons()]);
        }
        let head = vec![Layer::AveragePool { window: 0 }, real_linear(classes)];
        stages.push(stage("head", head));
        stages
    }

    fn block(&self, width: usize, halve: bool, block: Block) -> Vec<Layer> {
        let conv = |stride| Layer::Conv {
            channels: width,
            kernel: 3,
            stride,
            padding: 1,
            weights: self.weights,
            bias: false,
        };
        let first = if halve { 2 } else { 1 };
        let mut shortcut = Vec::new();
        if halve {
            shortcut.push(Layer::AveragePool { window: 2 });
            shortcut.push(Layer::Conv {
                channels: width,
                kernel: 1,
                stride: 1,
                padding: 0,
                weights: Precision::Real,
                bias: false,
            });
        }
        let mode = |stride| vec![Layer::Norm, self.neurons(), conv(stride)];
        match block {
            Block::MultiShortcut => vec![Layer::Residual { body: mode(first), shortcut }],
            Block::SingleShortcut => {
                let body = [mode(first), mode(1)].concat();
                vec![Layer::Residual { body, shortcut }]
            }
            Block::PostActivation => {
                if halve {
                    shortcut.push(Layer::Norm);
                }
                let body = vec![conv(first), Layer::Norm, self.neurons(), conv(1), Layer::Norm];
                vec![Layer::Residual { body, shortcut }, self.neurons()]
            }
        }
    }

    fn linear(&self, outputs: usize) -> Layer {
        Layer::Linear { outputs, weights: self.weights, bias: false }
    }

    fn neurons(&self) -> Layer {
        Layer::Neuron(self.neuron.clone())
    }
}

fn stage(name: &str, layers: Vec<Layer>) -> Stage {
    Stage { name: name.to_owned(), layers }
}

fn pooled(window: Option<usize>) -> Vec<Layer> {
    window.map(|window| Layer::AveragePool { window }).into_iter().collect()
}

const fn real_linear(outputs: usize) -> Layer {
    Layer::Linear { outputs, weights: Precision::Real, bias: true }
}

const fn stem3(channels: usize) -> Layer {
    Layer::Conv {
        channels,
        kernel: 3,
        stride: 1,
        padding: 1,
        weights: Precision::Real,
        bias: false,
    }
}

fn lif() -> Neuron {
    Neuron::Lif(Lif::default())
}

const fn three() -> usize {
    3
}
const fn one() -> usize {
    1
}
