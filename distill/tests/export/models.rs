// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Small random models that together have every layer, every reset and every input.

use burn::module::{Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng as _;
use synfire::diag::Result;
use synfire::ir::Graph;
use synfire_distill::export::{self, InputCode};
use synfire_distill::nn::spec::{Compare, Layer, Lif, Neuron, Precision, Reset, Stage, Surrogate};
use synfire_distill::nn::{self, Extent, Model, Net, Rng, Signal, Walk, rng, spec};

/// A random model, and what it is shown.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) spec: spec::Model,
    pub(crate) model: Model,
    pub(crate) steps: usize,
    pub(crate) input: InputCode,
}

fn linear(outputs: usize, weights: Precision, bias: bool) -> Layer {
    Layer::Linear { outputs, weights, bias }
}

fn conv(channels: usize, [kernel, stride, padding]: [usize; 3], weights: Precision) -> Layer {
    Layer::Conv { channels, kernel, stride, padding, weights, bias: channels % 2 == 1 }
}

fn lif(lif: Lif) -> Layer {
    Layer::Neuron(Neuron::Lif(lif))
}

/// The neurons of one recipe or another.
fn soft() -> Layer {
    lif(Lif::default())
}

fn hard(to: f64) -> Layer {
    lif(Lif {
        leak: 0.5,
        gain: 0.75,
        reset: Reset::Hard { to },
        compare: Compare::Above,
        surrogate: Surrogate::Sigmoid { slope: 4.0 },
        ..Lif::default()
    })
}

fn unreset() -> Layer {
    let surrogate = Surrogate::Arctan { slope: 2.0 };
    lif(Lif { leak: 0.3, threshold: 0.7, reset: Reset::None, surrogate, ..Lif::default() })
}

fn stage(name: &str, layers: Vec<Layer>) -> Stage {
    Stage { name: name.to_owned(), layers }
}

use Precision::{BinaryChannel, BinaryLayer, Real};

fn dense() -> Vec<Stage> {
    vec![
        stage("hidden", vec![linear(24, BinaryLayer, false), Layer::Norm, soft()]),
        stage("deep", vec![linear(16, BinaryChannel, true), Layer::Norm, hard(0.25)]),
        stage("head", vec![linear(5, BinaryLayer, true)]),
    ]
}

/// Pre-activation, with a shortcut around every convolution.
fn pre_activation() -> Vec<Stage> {
    let block = |c, stride, neuron, shortcut| Layer::Residual {
        body: vec![Layer::Norm, neuron, conv(c, [3, stride, 1], BinaryLayer)],
        shortcut,
    };
    let down = vec![Layer::AveragePool { window: 2 }, conv(7, [1, 1, 0], Real)];
    vec![
        stage("stem", vec![conv(4, [3, 1, 1], Real)]),
        stage("blocks", vec![block(4, 1, soft(), vec![]), block(4, 1, hard(0.0), vec![])]),
        stage("down", vec![block(7, 2, soft(), down), block(7, 1, soft(), vec![])]),
        stage(
            "head",
            vec![Layer::Norm, unreset(), Layer::AveragePool { window: 0 }, linear(4, Real, true)],
        ),
    ]
}

fn post_activation() -> Vec<Stage> {
    let body = vec![
        conv(6, [3, 2, 1], BinaryLayer),
        Layer::Norm,
        soft(),
        conv(6, [3, 1, 1], BinaryChannel),
        Layer::Norm,
    ];
    let shortcut = vec![conv(6, [1, 2, 0], BinaryLayer), Layer::Norm];
    vec![
        stage("stem", vec![Layer::Norm, conv(5, [3, 1, 1], BinaryChannel), Layer::Norm, hard(0.0)]),
        stage("block", vec![Layer::Residual { body, shortcut }, unreset()]),
        stage("head", vec![Layer::AveragePool { window: 2 }, linear(4, BinaryChannel, false)]),
    ]
}

/// Four students of different sizes.
fn ensemble() -> Vec<Stage> {
    let student = |n, neuron| {
        let first = [linear(n, BinaryLayer, false), Layer::Norm, soft()];
        let second = [linear(n + 3, BinaryChannel, false), Layer::Norm, neuron];
        first.into_iter().chain(second).collect()
    };
    let members = vec![
        student(12, soft()),
        student(9, hard(0.0)),
        student(16, unreset()),
        student(12, hard(-0.25)),
    ];
    vec![
        stage("students", vec![Layer::Parallel { members }]),
        stage("head", vec![linear(5, BinaryLayer, true)]),
    ]
}

/// Two students that give maps, one of them neurons on what it is shown.
fn conv_ensemble() -> Vec<Stage> {
    let members = vec![
        vec![conv(3, [3, 1, 1], BinaryLayer), Layer::Norm, soft()],
        vec![unreset(), conv(4, [3, 1, 1], Real), Layer::Norm],
    ];
    vec![
        stage("students", vec![Layer::Parallel { members }, hard(0.0)]),
        stage("head", vec![Layer::AveragePool { window: 3 }, linear(4, BinaryChannel, true)]),
    ]
}

/// Linear layers and convolutions in turn; the last pool gives the logits.
fn mixed() -> Vec<Stage> {
    let body = vec![linear(8, BinaryLayer, false)];
    let shortcut = vec![conv(8, [1, 1, 0], BinaryLayer)];
    vec![
        stage("first", vec![linear(12, BinaryLayer, true), Layer::Norm, soft()]),
        stage("second", vec![Layer::Residual { body, shortcut }, Layer::Norm, soft()]),
        stage("third", vec![conv(5, [1, 1, 0], BinaryChannel), Layer::AveragePool { window: 0 }]),
    ]
}

/// Neurons that see small integers, and often end exactly at their threshold.
fn ties() -> Vec<Stage> {
    let exact = Lif { leak: 0.5, ..Lif::default() };
    let reset = Reset::Hard { to: 0.0 };
    let above = Lif { compare: Compare::Above, reset, ..exact };
    vec![
        stage("above", vec![lif(above)]),
        stage("at-least", vec![lif(exact), linear(5, BinaryLayer, false)]),
    ]
}

fn teacher() -> Vec<Stage> {
    let relu = || Layer::Neuron(Neuron::Relu);
    let body = vec![conv(4, [3, 1, 1], Real), Layer::Norm, relu()];
    vec![
        stage("stem", vec![conv(4, [3, 1, 1], Real), Layer::Norm, relu()]),
        stage("block", vec![Layer::Residual { body, shortcut: vec![] }, relu()]),
        stage("head", vec![Layer::AveragePool { window: 2 }, linear(5, Real, true)]),
    ]
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Case>> {
    chosen(|_| true)
}

/// One of them; the others take seconds and are not made.
pub(crate) fn named(name: &str) -> Result<Case> {
    Ok(chosen(|n| n == name)?.pop().unwrap())
}

fn chosen(is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Case>> {
    let pixels = InputCode::PIXELS;
    let events = InputCode::LevelSteps { scale: 1.0 };
    [
        ("dense", Extent(1, 6, 6), dense(), 4, pixels),
        ("pre-activation", Extent(2, 8, 8), pre_activation(), 3, InputCode::Reals),
        ("post-activation", Extent(2, 8, 8), post_activation(), 5, events),
        ("ensemble", Extent(1, 6, 6), ensemble(), 4, pixels),
        ("conv-ensemble", Extent(2, 6, 6), conv_ensemble(), 3, InputCode::RealSteps),
        ("mixed", Extent(1, 6, 6), mixed(), 6, InputCode::LevelSteps { scale: 0.125 }),
        ("one-step", Extent(1, 6, 6), dense(), 1, InputCode::Levels { scale: 1.0 / 16.0 }),
        ("ties", Extent(1, 6, 6), ties(), 4, events),
        ("rates", Extent(1, 6, 6), dense(), 4, InputCode::Spikes),
        ("teacher", Extent(1, 6, 6), teacher(), 1, pixels),
    ]
    .into_iter()
    .filter(|(name, ..)| is_wanted(name))
    .map(|(name, input, stages, steps, code)| {
        case(name, spec::Model { input, stages }, steps, code)
    })
    .collect()
}

/// Random weights and norms; the statistics are those of random inputs, so that neurons
/// fire now and then.
pub(crate) fn case(
    name: &'static str,
    spec: spec::Model,
    steps: usize,
    input: InputCode,
) -> Result<Case> {
    let device = Device::default();
    let mut rng = rng(7, 0);
    let mut model = Model::new(&spec, &mut rng, &device)?;
    model.stages.iter_mut().for_each(|net| randomise(net, &mut rng));
    let case = Case { name, spec, model, steps, input };
    for _ in 0..60 {
        let shown = case.shown(32, &mut rng);
        case.model.forward(case.signal(&shown), &mut Walk::new(steps).training());
    }
    Ok(case)
}

fn random(n: usize, rng: &mut Rng, mut draw: impl FnMut(&mut Rng) -> f32) -> Tensor<1> {
    let values: Vec<f32> = (0..n).map(|_| draw(rng)).collect();
    Tensor::from_data(TensorData::new(values, [n]), &Device::default())
}

fn randomise(net: &mut Net, rng: &mut Rng) {
    for layer in &mut net.layers {
        match layer {
            nn::Layer::Affine(a) => {
                // The sign of zero is +1.
                let [outputs, inputs] = a.weight.val().dims();
                let is_kept = |r: &mut Rng| f32::from(u8::from(r.random_range(0..8) > 0));
                let kept = random(outputs * inputs, rng, is_kept).reshape([outputs, inputs]);
                a.weight = Param::from_tensor(a.weight.val() * kept);
                if let Some(b) = &mut a.bias {
                    let n = b.val().dims()[0];
                    *b = Param::from_tensor(random(n, rng, |r| r.random_range(-0.5..0.5)));
                }
            }
            nn::Layer::Norm(n) => {
                let c = n.gamma.val().dims()[0];
                // A third of the channels counts the other way round.
                let gamma = |r: &mut Rng| {
                    let g = r.random_range(0.4..1.6);
                    if r.random_range(0..3) == 0 { -g } else { g }
                };
                n.gamma = Param::from_tensor(random(c, rng, gamma));
                n.beta = Param::from_tensor(random(c, rng, |r| r.random_range(-0.2..0.8)));
                n.mean = RunningState::new(random(c, rng, |r| r.random_range(-0.5..0.5)));
            }
            nn::Layer::Residual(r) => {
                randomise(&mut r.body, rng);
                randomise(&mut r.shortcut, rng);
            }
            nn::Layer::Parallel(p) => p.members.iter_mut().for_each(|m| randomise(m, rng)),
            nn::Layer::Neuron(_) | nn::Layer::Pool(_) => {}
        }
    }
}

/// What samples show, `[sample][timestep][element]`; one timestep if it is held.
pub(crate) type Shown = Vec<Vec<Vec<f32>>>;

impl Case {
    /// The whole model as a graph.
    pub(crate) fn graph(&self) -> Result<Graph> {
        export::graph(&self.spec, &self.model, self.timesteps(), self.input)
    }

    /// The model with some of its members.
    pub(crate) fn subset(&self, active: &[bool]) -> Result<Graph> {
        export::subset(&self.spec, &self.model, active, self.timesteps(), self.input)
    }

    fn timesteps(&self) -> u32 {
        u32::try_from(self.steps).unwrap()
    }

    pub(crate) fn changes(&self) -> bool {
        use InputCode::{LevelSteps, RealSteps, Spikes};
        matches!(self.input, LevelSteps { .. } | RealSteps | Spikes)
    }

    /// What a level is multiplied with; nothing if the input is real numbers.
    pub(crate) fn scale(&self) -> Option<f64> {
        match self.input {
            InputCode::Levels { scale } | InputCode::LevelSteps { scale } => Some(scale),
            InputCode::Spikes => Some(1.0),
            InputCode::Reals | InputCode::RealSteps => None,
        }
    }

    /// Random levels or real numbers.
    pub(crate) fn shown(&self, samples: usize, rng: &mut Rng) -> Shown {
        let levels = match self.scale() {
            _ if self.input == InputCode::Spikes => 2,
            Some(scale) if scale < 0.01 => 256,
            Some(scale) if scale < 0.1 => 16,
            _ => 3,
        };
        let value = |rng: &mut Rng| match self.scale() {
            Some(_) => rng.random_range(0..levels) as f32,
            None => rng.random_range(-1.0..1.0),
        };
        let steps = if self.changes() { self.steps } else { 1 };
        let elements = self.spec.input.elements();
        let mut step = || (0..elements).map(|_| value(rng)).collect();
        (0..samples).map(|_| (0..steps).map(|_| step()).collect()).collect()
    }

    /// The same as the trainer takes it.
    pub(crate) fn signal(&self, shown: &Shown) -> Signal {
        let Extent(c, h, w) = self.spec.input;
        let steps = shown[0].len();
        let scale = self.scale().unwrap_or(1.0);
        let step = |t: usize| shown.iter().flat_map(move |s| &s[t]);
        let values: Vec<f32> =
            (0..steps).flat_map(step).map(|v| (f64::from(*v) * scale) as f32).collect();
        let data = TensorData::new(values, [steps * shown.len(), c, h, w]);
        let maps = Tensor::from_data(data, &Device::default());
        let signal = if self.changes() { Signal::over(steps, maps) } else { Signal::held(maps) };
        if self.input == InputCode::Spikes { signal.spikes() } else { signal }
    }
}
