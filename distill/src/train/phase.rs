// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use synfire::diag::{Diagnostic, Result, codes};

use super::clip::clip;
use super::guide::Guide;
use super::{members, optimise};
use crate::config::{Members, Phase};
use crate::data::{Dataset, order};
use crate::loss::Target;
use crate::nn::rng;
use crate::rule::{Batch, Trainee};

/// What one epoch gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Phase, from 0.
    pub phase: usize,
    /// Epoch of the phase, from 0.
    pub epoch: usize,
    /// Mean loss of its batches.
    pub loss: f64,
    /// Rate of its last step.
    pub rate: f64,
    /// Seconds.
    pub seconds: f64,
}

/// Who wants to know how training goes on.
pub trait Observer {
    /// `batches` of an epoch are to come.
    fn begins(&mut self, _phase: usize, _epoch: usize, _batches: usize) {}
    /// A batch is done.
    fn batch(&mut self, _loss: f64) {}
    /// An epoch is done.
    ///
    /// # Errors
    /// What the observer cannot do ends the training.
    fn epoch(
        &mut self,
        _epoch: Epoch,
        _trainee: &Trainee,
        _optimiser: &ModuleOptimizer,
    ) -> Result<()> {
        Ok(())
    }
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Trains one network.
#[derive(Debug)]
pub struct Trainer<'a> {
    /// What is learned from.
    pub data: &'a Dataset,
    /// Timesteps.
    pub timesteps: usize,
    /// Of everything random.
    pub seed: u64,
    /// Which members of an ensemble are on.
    pub members: Members,
    /// Who guides.
    pub guide: Option<Guide>,
    /// Where it is computed; takes gradients.
    pub device: Device,
}

/// Where training is taken up: after so many epochs of a phase, with its optimiser.
pub(super) type Start = (usize, usize, Option<ModuleOptimizer>);

impl Trainer<'_> {
    /// Trains through the phases. Every random choice follows from the seed, the phase and
    /// the epoch, so that a resumed training goes on as it would have.
    ///
    /// # Errors
    /// [`codes::TRAIN_DIVERGED`]; what the observer says.
    pub fn train(
        &mut self,
        mut trainee: Trainee,
        phases: &[Phase],
        (first, done, mut known): Start,
        observer: &mut dyn Observer,
    ) -> Result<Trainee> {
        for (index, phase) in phases.iter().enumerate().skip(first) {
            let done = if index == first { done } else { 0 };
            let mut optimiser = match known.take() {
                Some(optimiser) => optimiser,
                None => optimise::optimiser(phase.optimiser)?,
            };
            if let Some(guide) = &mut self.guide {
                guide.learn(self.data, phase, &self.device.clone().inner());
            }
            for epoch in done..phase.epochs {
                let stream = (index as u64) << 32 | epoch as u64;
                let result =
                    self.epoch(trainee, &mut optimiser, (phase, index, epoch, stream), observer)?;
                trainee = result.0;
                observer.epoch(result.1, &trainee, &optimiser)?;
            }
        }
        Ok(trainee)
    }

    fn epoch(
        &self,
        mut trainee: Trainee,
        optimiser: &mut ModuleOptimizer,
        (phase, index, epoch, stream): (&Phase, usize, usize, u64),
        observer: &mut dyn Observer,
    ) -> Result<(Trainee, Epoch)> {
        let began = std::time::Instant::now();
        let mut rng = rng(self.seed, stream);
        let order = order(self.data.len(), &mut rng);
        let size = phase.batch.min(order.len());
        let batches = order.len() / size;
        let members = members::count(&trainee.model);
        observer.begins(index, epoch, batches);
        let (mut sum, mut rate) = (0.0, 0.0);
        for (number, samples) in order.chunks_exact(size).enumerate() {
            let input = self.data.batch(samples, &phase.augment, &mut rng, &self.device);
            let labels = self.data.labels_of(samples);
            let mut target = Target::labels(&labels, self.data.classes, &self.device);
            let active = self.members.draw(members, &mut rng);
            if let Some(guide) = &self.guide {
                guide.complete(&mut target, samples, &input, active.as_deref());
            }
            let batch =
                Batch { input, steps: self.timesteps, binary: phase.binary, active, rng: &mut rng };
            let step = phase.rule.step(&trainee, batch, &mut |output, trainee, rng| {
                let own = phase.objective.value(output, &target, rng);
                let hybrid = self
                    .guide
                    .as_ref()
                    .and_then(|g| g.hybrid_loss(&output.features, trainee, &target, rng));
                match hybrid {
                    Some(hybrid) => own + hybrid,
                    None => own,
                }
            });
            if !step.loss.is_finite() {
                return Err(diverged(index, epoch, number));
            }
            let share = (epoch * batches + number) as f64 / (phase.epochs * batches) as f64;
            rate = optimise::rate(phase.optimiser.rate(), share);
            trainee = optimiser.step(rate, trainee, step.gradients);
            if phase.clip && phase.binary {
                trainee.model = clip(trainee.model);
            }
            sum += step.loss;
            observer.batch(step.loss);
        }
        let loss = sum / batches as f64;
        let seconds = began.elapsed().as_secs_f64();
        Ok((trainee, Epoch { phase: index, epoch, loss, rate, seconds }))
    }
}

fn diverged(phase: usize, epoch: usize, batch: usize) -> Box<Diagnostic> {
    Diagnostic::new(&codes::TRAIN_DIVERGED, "the loss is not a finite number")
        .at(format!("phase {phase}, epoch {epoch}, batch {batch}"))
        .help("lower the rate or the weight of a loss; the last checkpoint is that of the epoch before")
}
