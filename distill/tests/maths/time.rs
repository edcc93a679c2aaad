// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Time: fewer timesteps are a prefix of more, and chunks of timesteps are the whole.

use burn::module::Module as _;
use burn::tensor::Device;
use synfire_distill::nn::{Maps, Model, Signal, Walk, rng};

use super::nets::{INPUT, dense, ensemble, lif, residual_conv};
use super::support::{normal, values};

const STEPS: usize = 6;
const BATCH: usize = 8;

fn models() -> [Model; 3] {
    [dense, residual_conv, ensemble].map(|make| make(&lif()).model.valid())
}

fn maps(batch: usize) -> Maps {
    let [c, h, w] = INPUT;
    normal([batch, c, h, w], &mut rng(1, 0)).add_scalar(0.5).to_device(&Device::flex()).inner()
}

/// Spikes of every layer and logits, timestep by timestep.
struct Trace {
    spikes: Vec<Vec<Vec<f32>>>,
    logits: Vec<Vec<f32>>,
}

fn trace(model: &Model, input: &Signal, walk: &mut Walk) -> Trace {
    walk.spikes = Some(Vec::new());
    let logits = model.forward(input.clone(), walk).logits;
    let rows = |s: &Signal| (0..walk.steps).map(|t| values(s.at(t))).collect();
    let spikes = walk.spikes.iter().flatten().map(rows).collect();
    let logits = (0..walk.steps).map(|t| values(logits.clone().narrow(0, t, 1))).collect();
    Trace { spikes, logits }
}

/// The input's first timesteps.
fn first(input: &Signal, steps: usize) -> Signal {
    match input.steps {
        None => input.clone(),
        Some(_) => Signal::over(steps, input.maps.clone().narrow(0, 0, steps * BATCH)),
    }
}

fn inputs() -> [Signal; 2] {
    [Signal::held(maps(BATCH)), Signal::over(STEPS, maps(STEPS * BATCH))]
}

#[test]
fn fewer_timesteps_are_a_prefix() {
    for model in models() {
        for input in inputs() {
            let whole = trace(&model, &input, &mut Walk::new(STEPS));
            let fired = whole.spikes.iter().flatten().flatten().filter(|s| **s == 1.0).count();
            assert!(fired > 100, "{fired} spikes are no test");
            for steps in 1..=STEPS {
                let part = trace(&model, &first(&input, steps), &mut Walk::new(steps));
                assert_eq!(part.logits, whole.logits[..steps]);
                for (part, whole) in part.spikes.iter().zip(&whole.spikes) {
                    assert_eq!(part[..], whole[..steps]);
                }
            }
        }
    }
}

#[test]
fn chunks_are_the_whole() {
    for model in models() {
        for input in inputs() {
            let whole = trace(&model, &input, &mut Walk::new(STEPS));
            let mut walk = Walk::new(1).in_chunks();
            for t in 0..STEPS {
                walk.rewind();
                let input = match input.steps {
                    None => input.clone(),
                    Some(_) => Signal::over(1, input.at(t)),
                };
                let one = trace(&model, &input, &mut walk);
                assert_eq!(one.logits[0], whole.logits[t]);
                for (one, whole) in one.spikes.iter().zip(&whole.spikes) {
                    assert_eq!(one[0], whole[t]);
                }
            }
        }
    }
}
