// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What every gradient rule takes from its batch.

use serde_json::json;
use synfire_distill::loss::Target;
use synfire_distill::nn::{Signal, rng};
use synfire_distill::rule::{Batch, Rule};

use super::nets::{INPUT, head, lif, linear};
use super::support::{Gradients, device, gradients_of, normal, per_step, trainee};

/// Loss and gradients of a dense network whose hidden layers have these weights.
fn step(rule: Rule, weights: &str, binary: bool) -> (f64, Gradients) {
    let stages = json!([[linear(16, weights), lif(), linear(12, weights), lif()], [head()]]);
    let trainee = trainee(INPUT, &stages, 3);
    let target = Target::labels(&[0, 1, 2, 0, 1, 2], 3, &device());
    let [c, h, w] = INPUT;
    let input = Signal::held(normal([6, c, h, w], &mut rng(1, 0)).add_scalar(0.5));
    let mut rng = rng(5, 0);
    let batch = Batch { input, steps: 3, binary, active: None, rng: &mut rng };
    let step = rule.step(&trainee, batch, &mut |o, _, r| per_step().value(o, &target, r));
    (step.loss, gradients_of(&trainee, &step.gradients))
}

/// A phase without binary weights trains the network that its latent weights are.
#[test]
fn latent_weights_compute_where_binary_ones_are_not_wanted() {
    for rule in [Rule::Bptt, Rule::Sltt { chosen: None }, Rule::Rate] {
        let latent = step(rule, "binary-channel", false);
        assert_eq!(latent, step(rule, "real", true), "{rule:?}");
        assert_ne!(latent.0, step(rule, "binary-channel", true).0, "{rule:?}");
    }
}
