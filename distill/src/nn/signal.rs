// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::Tensor;

/// `[step · batch, channels, height, width]`, or any other four dimensions that a batch
/// begins.
pub type Maps = Tensor<4>;

/// What flows between layers for some timesteps.
#[derive(Debug, Clone)]
pub struct Signal {
    /// `[steps · batch, channels, height, width]`, time outermost; `[batch, …]` if the
    /// signal is the same at every timestep.
    pub maps: Maps,
    /// Timesteps that `maps` holds, or nothing if all are the same.
    pub steps: Option<usize>,
    /// Spikes: nothing but 0 and 1.
    pub binary: bool,
    /// Channels that nobody computes, as their member of an ensemble is off.
    pub off: usize,
}

impl Signal {
    /// The same maps at every timestep.
    #[must_use]
    pub fn held(maps: Maps) -> Self {
        Self { maps, steps: None, binary: false, off: 0 }
    }

    /// Maps of `steps` timesteps.
    #[must_use]
    pub fn over(steps: usize, maps: Maps) -> Self {
        Self { maps, steps: Some(steps), binary: false, off: 0 }
    }

    /// The same maps, which are spikes.
    #[must_use]
    pub fn spikes(self) -> Self {
        Self { binary: true, ..self }
    }

    /// The same timesteps, other maps; no spikes.
    #[must_use]
    pub fn map(self, f: impl FnOnce(Maps) -> Maps) -> Self {
        Self { maps: f(self.maps), steps: self.steps, binary: false, off: 0 }
    }

    /// The maps of timestep `t`, `[batch, …]`.
    #[must_use]
    pub fn at(&self, t: usize) -> Maps {
        match self.steps {
            None | Some(1) => self.maps.clone(),
            Some(steps) => {
                let batch = self.maps.dims()[0] / steps;
                self.maps.clone().narrow(0, t * batch, batch)
            }
        }
    }

    /// The same with all `steps` timesteps written out.
    #[must_use]
    pub fn spread(self, steps: usize) -> Self {
        match self.steps {
            Some(_) => self,
            None => Self { maps: self.maps.repeat_dim(0, steps), steps: Some(steps), ..self },
        }
    }

    /// The mean over time, `[batch, …]`.
    #[must_use]
    pub fn mean(&self) -> Maps {
        match self.steps {
            None | Some(1) => self.maps.clone(),
            Some(steps) => {
                let [all, c, h, w] = self.maps.dims();
                let batch = all / steps;
                self.maps
                    .clone()
                    .reshape([steps, batch * c * h * w])
                    .mean_dim(0)
                    .reshape([batch, c, h, w])
            }
        }
    }
}
