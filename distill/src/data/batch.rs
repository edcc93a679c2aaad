// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom as _;

use super::encoding::spikes;
use super::{Augment, Dataset, Encoding};
use crate::nn::{Extent, Rng, Signal};

/// The samples in the order of an epoch.
pub fn order(samples: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(rng);
    order
}

impl Dataset {
    /// Some samples as a signal: held, or of all timesteps that a sample or its encoding
    /// has.
    pub fn batch(
        &self,
        samples: &[usize],
        augment: &Augment,
        rng: &mut Rng,
        device: &Device,
    ) -> Signal {
        let Extent(c, h, w) = self.extent;
        let (steps, values) = self.values(samples, augment, rng);
        let all = steps.unwrap_or(1) * samples.len();
        let maps = Tensor::from_data(TensorData::new(values, [all, c, h, w]), device);
        let signal = Signal { steps, ..Signal::held(maps) };
        if matches!(self.encoding, Encoding::Rate { .. }) { signal.spikes() } else { signal }
    }

    /// `[timestep][sample][element]`, and how many timesteps.
    fn values(
        &self,
        samples: &[usize],
        augment: &Augment,
        rng: &mut Rng,
    ) -> (Option<usize>, Vec<f32>) {
        let steps = self.timesteps();
        let (count, size) = (samples.len(), self.extent.elements());
        let scaled: [f32; 256] = std::array::from_fn(|level| (level as f64 * self.scale) as f32);
        let mut values = vec![0_f32; steps.unwrap_or(1) * count * size];
        let mut sample_values = vec![0_f32; self.size()];
        for (place, sample) in samples.iter().enumerate() {
            let levels = augment.apply(self.sample(*sample), self.extent, rng);
            for (value, level) in sample_values.iter_mut().zip(&*levels) {
                *value = scaled[usize::from(*level)];
            }
            augment.noise.add(&mut sample_values, rng);
            for t in 0..steps.unwrap_or(1) {
                let start = (t * count + place) * size;
                let to = &mut values[start..start + size];
                match self.encoding {
                    Encoding::Direct => {
                        to.copy_from_slice(&sample_values[t * size..(t + 1) * size]);
                    }
                    Encoding::Rate { .. } => spikes(&sample_values, to, rng),
                }
            }
        }
        (steps, values)
    }

    /// The right classes of some samples.
    #[must_use]
    pub fn labels_of(&self, samples: &[usize]) -> Vec<u8> {
        samples.iter().map(|s| self.labels()[*s]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Noise;
    use crate::nn::rng;

    fn pair(steps: Option<usize>) -> Dataset {
        let levels = (0..8).map(|l| l * 30).collect();
        let labels = vec![0; 4 / steps.unwrap_or(1)];
        Dataset::new(Extent(1, 1, 2), steps, 1.0 / 255.0, levels, labels).unwrap()
    }

    fn values(set: &Dataset, augment: &Augment) -> Vec<f32> {
        set.values(&[1, 0], augment, &mut rng(1, 0)).1
    }

    #[test]
    fn time_is_outermost() {
        let levels = |set: &Dataset| -> Vec<i32> {
            values(set, &Augment::default()).iter().map(|v| (v * 255.0).round() as i32).collect()
        };
        assert_eq!(levels(&pair(None)), [60, 90, 0, 30]);
        assert_eq!(levels(&pair(Some(2))), [120, 150, 0, 30, 180, 210, 60, 90]);
        let signal =
            pair(Some(2)).batch(&[1, 0], &Augment::default(), &mut rng(1, 0), &Device::flex());
        assert_eq!((signal.maps.dims(), signal.steps), ([4, 1, 1, 2], Some(2)));
    }

    #[test]
    fn rates_are_drawn_anew_at_each_timestep() {
        let set = pair(None).encoded(Encoding::Rate { steps: 1000 }).unwrap();
        let spikes = values(&set, &Augment::default());
        assert_eq!(spikes.len(), 4000);
        for (i, level) in [60.0, 90.0, 0.0, 30.0].into_iter().enumerate() {
            let mean = spikes.iter().skip(i).step_by(4).sum::<f32>() / 1000.0;
            assert!((mean - level / 255.0).abs() < 0.08, "{mean} for {level}");
        }
    }

    #[test]
    fn the_seed_decides() {
        let noise = Noise { gaussian: 0.1, salt_pepper: 0.1 };
        let all = Augment { crop: 1, flip: true, rotate: 10.0, noise, ..Augment::default() };
        let set = pair(None).encoded(Encoding::Rate { steps: 8 }).unwrap();
        assert_eq!(values(&set, &all), values(&set, &all));
        assert_ne!(values(&set, &all), set.values(&[1, 0], &all, &mut rng(2, 0)).1);
    }
}
