// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Whole networks under each rule: logits, loss, every gradient, running statistics.

use serde::Deserialize;
use synfire_distill::loss::{Objective, Target};
use synfire_distill::nn::{Signal, spec};
use synfire_distill::rule::Rule;

use super::fixture::Fixture;
use super::support::{close, device, from_fixture, outcome_for, running_of};

#[derive(Deserialize)]
struct About {
    model: spec::Model,
    rule: Rule,
    steps: usize,
    objective: Objective,
}

fn check(name: &str) {
    let fixture = Fixture::load(name);
    let About { model, rule, steps, objective } = fixture.about();
    let trainee = from_fixture(&model, &fixture);
    let labels: Vec<u8> = fixture.values("labels").iter().map(|l| *l as u8).collect();
    let target = Target::labels(&labels, 3, &device());
    let input = Signal::over(steps, fixture.tensor("x", &device()));
    let got = outcome_for(rule, &trainee, (input, steps), None, &objective, &target);
    close("logits", &got.logits, &fixture.values("logits"), 1e-5);
    close("loss", &[got.loss as f32], &fixture.values("loss"), 1e-5);
    assert!(!fixture.has(&format!("grad.{:02}", got.gradients.len())));
    for (i, (place, gradient)) in got.gradients.iter().enumerate() {
        let want = fixture.values(&format!("grad.{i:02}"));
        assert!(want.iter().any(|g| *g != 0.0), "{place} has no gradient to compare");
        close(place, gradient, &want, 1e-5);
    }
    for (i, pair) in running_of(&trainee).chunks_exact(2).enumerate() {
        close("mean", &pair[0].1, &fixture.values(&format!("mean.{i}")), 1e-5);
        close("variance", &pair[1].1, &fixture.values(&format!("variance.{i}")), 1e-5);
    }
}

#[test]
fn backpropagation_through_time() {
    check("bptt_conv");
}

#[test]
fn backpropagation_through_hard_resets() {
    check("bptt_conv_hard");
}

#[test]
fn spatial_learning_through_time() {
    check("sltt_conv");
}

#[test]
fn rates_without_norms() {
    check("rate_dense");
}

#[test]
fn rates_with_norms() {
    check("rate_conv");
}
