// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom as _;

use super::{Augment, Dataset};
use crate::nn::{Extent, Rng, Signal};

/// The samples in the order of an epoch.
pub fn order(samples: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(rng);
    order
}

impl Dataset {
    /// Some samples as a signal: held, or of all timesteps that a sample has.
    pub fn batch(
        &self,
        samples: &[usize],
        augment: &Augment,
        rng: &mut Rng,
        device: &Device,
    ) -> Signal {
        let (Extent(c, h, w), steps) = (self.extent, self.steps.unwrap_or(1));
        let (count, size) = (samples.len(), self.extent.elements());
        let mut values = vec![0_f32; steps * count * size];
        for (place, sample) in samples.iter().enumerate() {
            let changed = augment.apply(self.sample(*sample), self.extent, rng);
            for (t, levels) in changed.chunks_exact(size).enumerate() {
                let start = (t * count + place) * size;
                for (value, level) in values[start..start + size].iter_mut().zip(levels) {
                    *value = (f64::from(*level) * self.scale) as f32;
                }
            }
        }
        let maps = Tensor::from_data(TensorData::new(values, [steps * count, c, h, w]), device);
        match self.steps {
            Some(steps) => Signal::over(steps, maps),
            None => Signal::held(maps),
        }
    }

    /// The right classes of some samples.
    #[must_use]
    pub fn labels_of(&self, samples: &[usize]) -> Vec<u8> {
        samples.iter().map(|s| self.labels()[*s]).collect()
    }
}
