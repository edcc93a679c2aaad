// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks to test on, their parameters and gradients as plain numbers.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::json;
use synfire_distill::loss::{Objective, Over, Target, Term};
use synfire_distill::nn::{Maps, Model, Rng, Signal, rng, spec};
use synfire_distill::rule::{Batch, Rule, Trainee};

use super::fixture::Fixture;

/// What takes gradients.
pub(crate) fn device() -> Device {
    Device::flex().autodiff()
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Normal numbers.
pub(crate) fn normal<const D: usize>(shape: [usize; D], rng: &mut Rng) -> Tensor<D> {
    let count = shape.iter().product();
    let numbers: Vec<f32> = StandardNormal.sample_iter(rng).take(count).collect();
    Tensor::from_data(TensorData::new(numbers, shape), &device())
}

/// Equal up to `bound`, relative above 1 and absolute below.
pub(crate) fn close(what: &str, got: &[f32], want: &[f32], bound: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let off = (g - w).abs();
        assert!(off <= bound * w.abs().max(1.0), "{what}[{i}]: {g}, not {w}");
    }
}

/// The same for lists with names.
pub(crate) fn all_close(got: &Gradients, want: &Gradients, bound: f32) {
    assert_eq!(got.len(), want.len());
    for ((name, g), (other, w)) in got.iter().zip(want) {
        assert_eq!(name, other);
        // Relative to the largest of a layer: small ones are differences of large ones.
        let scale = w.iter().fold(1e-6_f32, |m, v| m.max(v.abs()));
        let unit = |v: &[f32]| v.iter().map(|x| x / scale).collect::<Vec<_>>();
        close(name, &unit(g), &unit(w), bound);
    }
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Numbers of each parameter, with its place in the network.
pub(crate) type Gradients = Vec<(String, Vec<f32>)>;

/// Is this the name of a running statistic, which is no parameter?
fn is_running(name: &str) -> bool {
    name == "mean" || name == "variance"
}

#[derive(Clone, Copy)]
enum What<'a> {
    Parameters,
    Running,
    Gradients(&'a GradientsParams),
}

struct Collect<'a> {
    path: Vec<String>,
    what: What<'a>,
    found: Gradients,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let running = self.path.last().is_some_and(|n| is_running(n));
        let numbers = match (self.what, running) {
            (What::Parameters, false) | (What::Running, true) => values(param.val()),
            (What::Gradients(all), false) => match all.get::<D>(param.id) {
                Some(gradient) => values(gradient),
                None => vec![0.0; param.val().shape().num_elements()],
            },
            _ => return,
        };
        self.found.push((self.path.join("."), numbers));
    }
}

fn collect(module: &impl Module, what: What<'_>) -> Gradients {
    let mut collect = Collect { path: Vec::new(), what, found: Vec::new() };
    module.visit(&mut collect);
    collect.found
}

/// The gradient of each parameter; zeros where none came.
pub(crate) fn gradients_of(module: &impl Module, gradients: &GradientsParams) -> Gradients {
    collect(module, What::Gradients(gradients))
}

/// The parameters.
pub(crate) fn parameters_of(module: &impl Module) -> Gradients {
    collect(module, What::Parameters)
}

/// Running means and variances, norm by norm.
pub(crate) fn running_of(trainee: &Trainee) -> Gradients {
    collect(&trainee.valid(), What::Running)
}

struct Put<'a> {
    path: Vec<String>,
    next: usize,
    give: &'a mut dyn FnMut(usize, &[f32]) -> Vec<f32>,
}

impl ModuleMapper for Put<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.path.last().is_some_and(|n| is_running(n)) {
            return param;
        }
        let numbers = (self.give)(self.next, &values(param.val()));
        self.next += 1;
        param.map(|old| {
            let data = TensorData::new(numbers, old.dims());
            Tensor::from_data(data, &old.device()).require_grad()
        })
    }
}

/// The network with other parameters, given by their place in the order of its layers and
/// what they were.
pub(crate) fn with_parameters(
    model: Model,
    give: &mut dyn FnMut(usize, &[f32]) -> Vec<f32>,
) -> Model {
    model.map(&mut Put { path: Vec::new(), next: 0, give })
}

/// The network of a fixture.
pub(crate) fn from_fixture(spec: &spec::Model, fixture: &Fixture) -> Trainee {
    let model = Model::new(spec, &mut rng(0, 0), &device()).unwrap();
    let mut give = |i, _: &[f32]| fixture.values(&format!("param.{i:02}"));
    Trainee { model: with_parameters(model, &mut give), extra: vec![] }
}

/// A network of layers in JSON, one list a stage; biases, γ and β are not 0, 1 and 0.
pub(crate) fn trainee(input: [usize; 3], stages: &serde_json::Value, seed: u64) -> Trainee {
    let stages: Vec<_> = stages.as_array().unwrap().iter().enumerate().collect();
    let stages: Vec<_> =
        stages.iter().map(|(i, s)| json!({ "name": i.to_string(), "layers": s })).collect();
    let spec = serde_json::from_value(json!({ "input": input, "stages": stages })).unwrap();
    let model = Model::new(&spec, &mut rng(seed, 0), &device()).unwrap();
    Trainee { model: shake(model, seed), extra: vec![] }
}

/// Adds normal numbers of deviation 0.1 to all parameters.
fn shake(model: Model, seed: u64) -> Model {
    let rng = &mut rng(seed, 1);
    with_parameters(model, &mut |_, old| {
        let noise: Vec<f32> = StandardNormal.sample_iter(&mut *rng).take(old.len()).collect();
        old.iter().zip(noise).map(|(p, n)| p + 0.1 * n).collect()
    })
}

/// Loss of every timestep's logits.
pub(crate) fn per_step() -> Objective {
    Objective::of(Term::Label { over: Over::Steps, smoothing: 0.1 })
}

/// What a rule makes of a batch: loss, logits of the last call of the loss, gradients.
pub(crate) struct Outcome {
    pub(crate) loss: f64,
    pub(crate) logits: Vec<f32>,
    pub(crate) gradients: Gradients,
}

/// A step whose loss compares with the labels 0, 1, 2, 0, 1, …
pub(crate) fn outcome(
    rule: Rule,
    trainee: &Trainee,
    (input, steps): (Signal, usize),
    active: Option<Vec<bool>>,
    objective: &Objective,
) -> Outcome {
    let batch = input.maps.dims()[0] / input.steps.unwrap_or(1);
    let labels: Vec<u8> = (0..batch).map(|i| (i % 3) as u8).collect();
    let target = Target::labels(&labels, 3, &device());
    outcome_for(rule, trainee, (input, steps), active, objective, &target)
}

/// The same for any target.
pub(crate) fn outcome_for(
    rule: Rule,
    trainee: &Trainee,
    (input, steps): (Signal, usize),
    active: Option<Vec<bool>>,
    objective: &Objective,
    target: &Target,
) -> Outcome {
    let mut logits = Vec::new();
    let mut rng = rng(5, 0);
    let batch = Batch { input, steps, binary: true, active, rng: &mut rng };
    let step = rule.step(trainee, batch, &mut |output, _, rng| {
        logits.extend(values(output.logits.clone().detach()));
        objective.value(output, target, rng)
    });
    let gradients = gradients_of(trainee, &step.gradients);
    Outcome { loss: step.loss, logits, gradients }
}

/// The same maps at every timestep, written out.
pub(crate) fn written_out(maps: &Maps, steps: usize) -> Signal {
    Signal::held(maps.clone()).spread(steps)
}
