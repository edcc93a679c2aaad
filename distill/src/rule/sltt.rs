// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::optim::{GradientsAccumulator, GradientsParams};
use rand::seq::index;

use super::{Batch, Loss, Step, Trainee, scalar};
use crate::nn::{Signal, Walk};

/// Each timestep is a chunk of its own: forward, backward, forget. What is the same at every
/// timestep is computed once, and propagated back once at the end.
pub(super) fn step(
    trainee: &Trainee,
    batch: Batch<'_>,
    chosen: Option<usize>,
    loss: &mut Loss<'_>,
) -> Step {
    let steps = batch.steps;
    let count = chosen.unwrap_or(steps).clamp(1, steps);
    let back = index::sample(batch.rng, steps, count).into_vec();
    let mut walk = Walk::new(1).training().in_chunks();
    walk.binary = batch.binary;
    walk.active = batch.active;
    let mut sum = GradientsAccumulator::new();
    let mut total = 0.0;
    for t in 0..steps {
        walk.rewind();
        let input = match batch.input.steps {
            None => batch.input.clone(),
            Some(_) => Signal::over(1, batch.input.at(t)),
        };
        let output = trainee.model.forward(input, &mut walk);
        if !back.contains(&t) {
            continue;
        }
        let loss = loss(&output, trainee, batch.rng).div_scalar(count as f64);
        let mut gradients = loss.backward();
        total += scalar(loss);
        walk.note_ends(&mut gradients);
        sum.accumulate(trainee, GradientsParams::from_grads(gradients, trainee));
    }
    walk.back_into_held(|gradients| {
        sum.accumulate(trainee, GradientsParams::from_grads(gradients, trainee));
    });
    Step { gradients: sum.grads(), loss: total }
}
