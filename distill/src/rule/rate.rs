// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::module::Module as _;
use burn::optim::GradientsParams;

use super::{Batch, Loss, Step, Trainee, scalar};
use crate::nn::{Pass, Signal, Walk};

/// Spikes without gradients, then one pass over mean rates with them. The gradient is
/// divided by the timesteps, the loss is not (published code).
pub(super) fn step(trainee: &Trainee, batch: Batch<'_>, loss: &mut Loss<'_>) -> Step {
    let mut walk = Walk::new(batch.steps).training();
    walk.binary = batch.binary;
    walk.active = batch.active;
    walk.pass = Pass::Measure;
    let input = batch.input.clone().map(|x| x.inner());
    trainee.model.valid().forward(input, &mut walk);
    walk.rewind();
    walk.pass = Pass::Rate;
    walk.steps = 1;
    let output = trainee.model.forward(Signal::held(batch.input.mean()), &mut walk);
    let loss = loss(&output, trainee, batch.rng);
    let scaled = loss.clone().div_scalar(batch.steps as f64);
    let gradients = GradientsParams::from_grads(scaled.backward(), trainee);
    Step { gradients, loss: scalar(loss) }
}
