// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where spatial learning through time and backpropagation through time must agree.

use synfire_distill::loss::Target;
use synfire_distill::nn::{Signal, rng};
use synfire_distill::rule::{Batch, Rule, Trainee};

use super::nets::{INPUT, dense, ensemble, leaky, lif, residual_conv};
use super::support::{
    Gradients, Outcome, all_close, cosine, device, gradients_of, normal, outcome, per_step,
    written_out,
};

const SLTT: Rule = Rule::Sltt { chosen: None };

fn run(rule: Rule, trainee: &Trainee, input: Signal, steps: usize) -> Outcome {
    outcome(rule, trainee, (input, steps), None, &per_step())
}

fn input(batch: usize) -> Signal {
    let [c, h, w] = INPUT;
    Signal::held(normal([batch, c, h, w], &mut rng(1, 0)).add_scalar(0.5))
}

#[test]
fn the_same_gradient_for_one_timestep() {
    for make in [dense, residual_conv, ensemble] {
        let both = [Rule::Bptt, SLTT].map(|rule| run(rule, &make(&lif()), input(6), 1));
        assert_eq!(both[0].logits, both[1].logits);
        assert!((both[0].loss - both[1].loss).abs() < 1e-6);
        all_close(&both[1].gradients, &both[0].gradients, 1e-6);
    }
}

/// Without a leak nothing is carried from a timestep to the next.
#[test]
fn the_same_gradient_for_neurons_without_memory() {
    let input = Signal::over(3, normal([18, 2, 4, 4], &mut rng(1, 0)).add_scalar(0.5));
    let both = [Rule::Bptt, SLTT].map(|rule| run(rule, &dense(&leaky(0.0)), input.clone(), 3));
    all_close(&both[1].gradients, &both[0].gradients, 1e-5);
}

/// The rule is another one where there is memory, or these tests compare nothing.
#[test]
fn another_gradient_with_memory() {
    let both = [Rule::Bptt, SLTT].map(|rule| run(rule, &dense(&lif()), input(6), 3));
    assert_eq!(both[0].logits, both[1].logits);
    let first = cosine(&both[0].gradients[0].1, &both[1].gradients[0].1);
    assert!((0.5..0.9999).contains(&first), "{first}");
}

#[test]
fn all_timesteps_chosen_are_all_timesteps() {
    for make in [dense, residual_conv] {
        let all = run(SLTT, &make(&lif()), input(6), 4);
        let chosen = run(Rule::Sltt { chosen: Some(4) }, &make(&lif()), input(6), 4);
        assert_eq!(all.gradients, chosen.gradients);
        assert_eq!(all.loss, chosen.loss);
    }
}

/// One timestep of two is one of two gradients, and their mean is that of both timesteps.
#[test]
fn a_chosen_timestep_gives_its_part_of_the_gradient() {
    let trainee = dense(&lif());
    let target = Target::labels(&[0, 1, 2, 0, 1, 2], 3, &device());
    let mut parts: Vec<Gradients> = Vec::new();
    for seed in 0..8 {
        let mut rng = rng(seed, 0);
        let batch = Batch { input: input(6), steps: 2, binary: true, active: None, rng: &mut rng };
        let step = Rule::Sltt { chosen: Some(1) }
            .step(&trainee, batch, &mut |o, _, r| per_step().value(o, &target, r));
        let gradients = gradients_of(&trainee, &step.gradients);
        if !parts.contains(&gradients) {
            parts.push(gradients);
        }
    }
    assert_eq!(parts.len(), 2);
    let half = |(a, b): (&f32, &f32)| (a + b) / 2.0;
    let both = parts[0].iter().zip(&parts[1]);
    let mean = both
        .map(|((name, a), (_, b))| (name.clone(), a.iter().zip(b).map(half).collect()))
        .collect();
    all_close(&mean, &run(SLTT, &trainee, input(6), 2).gradients, 1e-5);
}

#[test]
fn an_input_written_out_gives_what_a_held_one_gives() {
    for make in [dense, residual_conv, ensemble] {
        let Signal { maps, .. } = input(6);
        let held = run(SLTT, &make(&lif()), Signal::held(maps.clone()), 3);
        let out = run(SLTT, &make(&lif()), written_out(&maps, 3), 3);
        assert_eq!(held.logits, out.logits);
        all_close(&held.gradients, &out.gradients, 1e-5);
    }
}
