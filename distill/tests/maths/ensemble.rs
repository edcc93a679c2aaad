// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Ensembles with members that are off.

use synfire_distill::nn::{Output, Signal, Walk, rng};
use synfire_distill::rule::Rule;

use super::nets::{INPUT, ensemble, lif, rated};
use super::support::{Gradients, normal, outcome, per_step, values};

const RULES: [Rule; 3] = [Rule::Bptt, Rule::Sltt { chosen: None }, Rule::Rate];

fn input() -> Signal {
    let [c, h, w] = INPUT;
    Signal::held(normal([6, c, h, w], &mut rng(1, 0)).add_scalar(0.5))
}

fn forward(active: Option<Vec<bool>>) -> Output {
    let mut walk = Walk::new(3);
    walk.active = active;
    ensemble(&lif()).model.forward(input(), &mut walk)
}

#[test]
fn a_member_that_is_off_is_a_block_of_zeros() {
    let block = |o: &Output, member| values(o.features[0].maps.clone().narrow(1, member * 4, 4));
    let all = forward(None);
    assert!(block(&all, 0).contains(&1.0) && block(&all, 1).contains(&1.0));
    for mask in [vec![true, false], vec![false, true]] {
        let one = forward(Some(mask.clone()));
        for (member, on) in mask.into_iter().enumerate() {
            let want = block(&all, member);
            let want = if on { want } else { vec![0.0; want.len()] };
            assert_eq!(block(&one, member), want);
        }
    }
}

/// The head is a sum of partial products and one bias.
#[test]
fn members_add_up() {
    let logits = |mask: [bool; 2]| values(forward(Some(mask.into())).logits);
    let (a, b) = (logits([true, false]), logits([false, true]));
    let (all, none) = (logits([true, true]), logits([false, false]));
    assert_eq!(all, values(forward(None).logits));
    for i in 0..all.len() {
        assert!((a[i] + b[i] - none[i] - all[i]).abs() < 1e-5);
    }
}

#[test]
fn nothing_flows_to_a_member_that_is_off() {
    let of = |g: &Gradients, member: usize| -> Vec<f32> {
        let place = format!("members.{member}.");
        let own = g.iter().filter(|(name, _)| name.contains(&place));
        own.flat_map(|(_, v)| v.clone()).collect()
    };
    for rule in RULES {
        let trainee = ensemble(&rated());
        let mask = Some(vec![false, true]);
        let run = outcome(rule, &trainee, (input(), 3), mask, &per_step());
        let (off, on) = (of(&run.gradients, 0), of(&run.gradients, 1));
        assert!(!off.is_empty() && off.iter().all(|v| *v == 0.0));
        assert!(on.iter().any(|v| *v != 0.0));
    }
}
