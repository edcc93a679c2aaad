// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Rate-based backpropagation: values are those of the spikes, gradients near those through
//! time.

use burn::module::Module as _;
use serde_json::{Value, json};
use synfire_distill::loss::{Objective, Over, Term};
use synfire_distill::nn::{Maps, Pass, Signal, Walk, rng};
use synfire_distill::rule::{Rule, Trainee};

use super::nets::{
    INPUT, dense, ensemble, head, lif, linear, norm, rated, residual, residual_conv,
};
use super::support::{close, cosine, normal, outcome, trainee, values};

fn maps(batch: usize) -> Maps {
    let [c, h, w] = INPUT;
    normal([batch, c, h, w], &mut rng(1, 0)).add_scalar(0.5)
}

/// Both passes of the rule, stage by stage and at the end.
fn check(trainee: &Trainee, input: &Signal, train: bool) {
    let mut walk = Walk::new(4);
    walk.train = train;
    walk.pass = Pass::Measure;
    let spiking = trainee.model.valid().forward(input.clone().map(|x| x.inner()), &mut walk);
    walk.rewind();
    walk.pass = Pass::Rate;
    walk.steps = 1;
    let rates = trainee.model.forward(Signal::held(input.mean()), &mut walk);
    for (rate, spikes) in rates.features.iter().zip(&spiking.features) {
        close("rate", &values(rate.maps.clone().detach()), &values(spikes.mean()), 1e-6);
    }
    let mean = values(spiking.logits.mean_dim(0));
    close("logits", &values(rates.logits.detach()), &mean, 2e-6);
}

#[test]
fn the_rate_pass_gives_the_mean_of_the_spikes() {
    let held = Signal::held(maps(6));
    let over = Signal::over(4, maps(24));
    for input in [held, over] {
        for neuron in [rated(), lif()] {
            for train in [false, true] {
                check(&dense(&neuron), &input, train);
                check(&residual_conv(&neuron), &input, train);
                check(&ensemble(&neuron), &input, train);
            }
        }
    }
}

/// The network of the pilot in the specification, section 7.1: a stem 196-64, 8 modes.
fn pilot() -> Trainee {
    let binary = json!({ "layer": "linear", "outputs": 64 });
    let mode = residual(json!([norm(), rated(), binary]), json!([]));
    let mut layers = vec![linear(64, "real")];
    layers.extend(vec![mode; 8]);
    layers.extend([norm(), rated()]);
    trainee([1, 14, 14], &json!([Value::from(layers), [head()]]), 1)
}

#[test]
fn gradients_at_the_start_are_near_those_through_time() {
    let shapes = normal([3, 1, 14, 14], &mut rng(2, 0)).repeat_dim(0, 20);
    let noise = normal([60, 1, 14, 14], &mut rng(2, 1));
    let input = Signal::held((shapes + noise).mul_scalar(0.5).clamp(0.0, 1.0));
    let objective = Objective::of(Term::Label { over: Over::Mean, smoothing: 0.0 });
    let run = |rule| outcome(rule, &pilot(), (input.clone(), 4), None, &objective);
    let (time, rate) = (run(Rule::Bptt), run(Rule::Rate));
    assert!((time.loss - rate.loss).abs() < 1e-5);
    println!("cosine  length (rate / through time)  parameter");
    for ((place, a), (_, b)) in time.gradients.iter().zip(&rate.gradients) {
        let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        let near = cosine(a, b);
        println!("{near:.4}  {:.4}  {place}", length(b) / length(a));
        assert!(near > 0.9, "{place}: {near}");
        // The rule divides by the timesteps, as its authors do.
        assert!((length(b) / length(a) * 4.0 - 1.0).abs() < 0.25, "{place}");
    }
}
