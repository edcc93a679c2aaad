// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::optim::GradientsParams;

use super::{Batch, Loss, Step, Trainee, scalar};
use crate::nn::Walk;

pub(super) fn step(trainee: &Trainee, batch: Batch<'_>, loss: &mut Loss<'_>) -> Step {
    let mut walk = Walk::new(batch.steps).training();
    walk.binary = batch.binary;
    walk.active = batch.active;
    let output = trainee.model.forward(batch.input, &mut walk);
    let loss = loss(&output, trainee, batch.rng);
    let gradients = GradientsParams::from_grads(loss.backward(), trainee);
    Step { gradients, loss: scalar(loss) }
}
