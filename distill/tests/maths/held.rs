// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parts of a network that are the same at every timestep are computed once: the gradients
//! are those of a network that computes them at each.

use burn::module::Module as _;
use serde_json::json;
use synfire_distill::nn::{Signal, Walk, rng};
use synfire_distill::rule::{Rule, Trainee};

use super::nets::{
    INPUT, conv, dense, head, lif, linear, norm, pool, rated, relu, residual, residual_conv,
};
use super::support::{
    all_close, close, normal, outcome, per_step, running_of, trainee, values, written_out,
};

/// Runs a network on an input that is held, and on the same written out.
fn check(make: impl Fn() -> Trainee) {
    let [c, h, w] = INPUT;
    let maps = normal([6, c, h, w], &mut rng(8, 0)).add_scalar(0.5);
    for rule in [Rule::Bptt, Rule::Sltt { chosen: None }, Rule::Rate] {
        for steps in [1, 3] {
            let run = |input| outcome(rule, &make(), (input, steps), None, &per_step());
            let (held, out) = (run(Signal::held(maps.clone())), run(written_out(&maps, steps)));
            close("logits", &held.logits, &out.logits, 1e-5);
            all_close(&held.gradients, &out.gradients, 2e-5);
            let some = |g: &[f32]| g.iter().any(|v| *v != 0.0);
            assert!(held.gradients.iter().any(|(_, g)| some(g)));
        }
    }
}

#[test]
fn dense_and_convolution() {
    check(|| dense(&lif()));
    check(|| dense(&rated()));
    check(|| residual_conv(&lif()));
}

/// The norm in the body stands on the stem, which is held on its own as the shortcut has it.
#[test]
fn a_part_that_stands_on_another() {
    let body = json!([norm(), conv(4, 3, 1, "real"), lif(), conv(4, 3, 1, "binary-layer")]);
    let stages = json!([
        [conv(4, 3, 1, "real"), residual(body, json!([pool(1), norm()]))],
        [pool(0), head()],
    ]);
    check(|| trainee(INPUT, &stages, 1));
}

#[test]
fn a_stage_that_stands_on_another() {
    let stages = json!([
        [conv(4, 3, 1, "real"), norm()],
        [conv(4, 3, 2, "real"), norm(), relu()],
        [conv(4, 3, 1, "real"), lif(), head()],
    ]);
    check(|| trainee(INPUT, &stages, 2));
}

#[test]
fn a_residual_block_without_neurons() {
    let still = residual(
        json!([norm(), relu(), conv(4, 3, 1, "binary-layer")]),
        json!([norm(), conv(4, 1, 1, "real")]),
    );
    let stages = json!([[still, lif(), conv(4, 3, 1, "binary-layer")], [lif(), pool(0), head()],]);
    check(|| trainee(INPUT, &stages, 3));
}

#[test]
fn a_part_without_parameters() {
    let stages = json!([[pool(2), lif(), linear(5, "real")], [lif(), head()]]);
    check(|| trainee(INPUT, &stages, 4));
}

/// A held norm sees a batch once, whatever the timesteps; one behind neurons each of them
/// under SLTT.
#[test]
fn running_statistics_of_held_norms() {
    let stages = json!([[linear(5, "real"), norm(), lif()], [head()]]);
    let maps = normal([6, 2, 4, 4], &mut rng(8, 0));
    let after = |rule, input, steps| {
        let trainee = trainee(INPUT, &stages, 5);
        outcome(rule, &trainee, (input, steps), None, &per_step());
        running_of(&trainee)
    };
    let once = after(Rule::Bptt, Signal::held(maps.clone()), 1);
    for rule in [Rule::Bptt, Rule::Sltt { chosen: None }, Rule::Rate] {
        let again = after(rule, Signal::held(maps.clone()), 3);
        all_close(&again, &once, 1e-6);
    }
    let each = after(Rule::Sltt { chosen: None }, written_out(&maps, 3), 3);
    // From 0, the share of the batch is 1 − 0.9³ in place of 0.1.
    let share: Vec<f32> = once[0].1.iter().map(|m| m * 2.71).collect();
    close("mean", &each[0].1, &share, 1e-5);
}

/// The last batch counts, whether the network is asked in training or by itself.
#[test]
fn evaluation_uses_the_latest_statistics() {
    let trainee = residual_conv(&lif());
    let maps = normal([6, 2, 4, 4], &mut rng(8, 0));
    for _ in 0..2 {
        let input = Signal::held(maps.clone());
        outcome(Rule::Bptt, &trainee, (input, 2), None, &per_step());
    }
    let there = trainee.model.forward(Signal::held(maps.clone()), &mut Walk::new(2)).logits;
    let apart = trainee.model.valid().forward(Signal::held(maps.inner()), &mut Walk::new(2));
    close("logits", &values(there.detach()), &values(apart.logits), 1e-6);
}
