// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Gradients against differences of values.

use burn::tensor::Tensor;
use serde_json::json;
use synfire_distill::loss::{Objective, Similarity, Term, similarity};
use synfire_distill::nn::{Signal, Walk, rng};

use super::fixture::Fixture;
use super::losses::{Given, target};
use super::support::{
    close, device, gradients_of, normal, parameters_of, trainee, values, with_parameters,
};

/// Half the distance of the two values, along a direction of length 1.
const H: f32 = 1e-2;
/// Single precision over 2 H, and the third derivative.
const BOUND: f32 = 1e-3;

fn unit<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let d = normal(shape, &mut rng(seed, 9));
    let length = values((d.clone() * d.clone()).sum())[0].sqrt();
    d.div_scalar(length)
}

/// The gradient of f at x along directions, and the quotient of differences.
fn compare<const D: usize>(what: &str, x: &Tensor<D>, f: &dyn Fn(Tensor<D>) -> Tensor<1>) {
    let gradient = x.grad(&f(x.clone()).backward());
    let gradient = Tensor::from_inner(gradient.unwrap_or_else(|| x.zeros_like().inner()));
    for seed in 0..4 {
        let d = unit(x.dims(), seed);
        let slope = values((gradient.clone() * d.clone()).sum());
        let at = |h: f32| values(f(x.clone().detach() + d.clone().mul_scalar(h)))[0];
        close(what, &slope, &[(at(H) - at(-H)) / (2.0 * H)], BOUND);
    }
}

#[test]
fn losses_by_logits_and_features() {
    let fixture = Fixture::load("loss");
    let target = target(&fixture);
    for term in fixture.about::<Vec<Term>>() {
        if matches!(term, Term::OwnSteps { .. }) {
            continue; // its teacher depends on the logits, without a gradient
        }
        let what = format!("{term:?}");
        let objective = Objective::of(term);
        let given = || Given::new(&fixture);
        // The same noise every time.
        let value = |g: &Given| objective.value(&g.output(), &target, &mut rng(3, 0));
        compare(&what, &given().logits, &|logits| value(&Given { logits, ..given() }));
        compare(&what, &given().maps, &|maps| value(&Given { maps, ..given() }));
        compare(&what, &given().last, &|last| value(&Given { last, ..given() }));
    }
}

#[test]
fn likeness() {
    let blocks = Fixture::load("loss").tensor::<2>("blocks", &device()).require_grad();
    for form in [Similarity::Cosine, Similarity::Distance] {
        compare(&format!("{form:?}"), &blocks, &|b| similarity(b, 3, form));
    }
}

/// Convolution, norm, pooling, both ways of a residual block, a linear layer: no neurons, so
/// that the loss is smooth in every parameter.
#[test]
fn layers_without_neurons_by_their_parameters() {
    let conv = |c, k, s| {
        json!({ "layer": "conv", "channels": c, "kernel": k, "stride": s, "padding": k / 2,
                "weights": "real", "bias": true })
    };
    let norm = json!({ "layer": "norm" });
    let pool = |w| json!({ "layer": "average-pool", "window": w });
    let stages = json!([
        [conv(3, 3, 1), norm, { "layer": "residual",
            "body": [norm, conv(4, 3, 2)], "shortcut": [pool(2), conv(4, 1, 1)] }],
        [norm, pool(0), { "layer": "linear", "outputs": 3, "weights": "real", "bias": true }],
    ]);
    let trainee = trainee([2, 4, 4], &stages, 1);
    let x = normal([5, 2, 4, 4], &mut rng(2, 0));
    let upstream = normal([1, 5, 3], &mut rng(2, 1));
    let loss = |model: &synfire_distill::nn::Model| {
        let output = model.forward(Signal::held(x.clone()), &mut Walk::new(1).training());
        let z = output.logits;
        (z.clone() * z + upstream.clone()).tanh().mean()
    };
    let gradients =
        burn::optim::GradientsParams::from_grads(loss(&trainee.model).backward(), &trainee.model);
    let gradients = gradients_of(&trainee.model, &gradients);
    for (i, (place, parameters)) in parameters_of(&trainee.model).into_iter().enumerate() {
        let d = values(unit([parameters.len()], i as u64));
        let slope: f32 = gradients[i].1.iter().zip(&d).map(|(g, d)| g * d).sum();
        let at = |h: f32| {
            let moved = with_parameters(trainee.model.clone(), &mut |j, old| {
                let step = |(p, d): (&f32, &f32)| p + h * d;
                if i == j { old.iter().zip(&d).map(step).collect() } else { old.to_vec() }
            });
            values(loss(&moved))[0]
        };
        close(&place, &[slope], &[(at(H) - at(-H)) / (2.0 * H)], BOUND);
    }
}
