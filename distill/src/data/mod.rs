// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Data sets in memory, and batches of them.

mod augment;
mod batch;
mod load;

use synfire::diag::{Diagnostic, Result, codes};

use crate::nn::Extent;

pub use augment::Augment;
pub use batch::order;
pub use load::{Loading, Noise, Split};

/// Labelled samples of one extent.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Channels, height and width of one timestep.
    pub extent: Extent,
    /// Timesteps of a sample; nothing: the same at all of them.
    pub steps: Option<usize>,
    /// What a level is multiplied with before a network sees it: 1/255 for pixels, 1 for
    /// counted events.
    pub scale: f64,
    /// Number of classes.
    pub classes: usize,
    /// `[sample][timestep][element]`.
    levels: Vec<u8>,
    labels: Vec<u8>,
}

impl Dataset {
    /// Samples with their labels.
    ///
    /// # Errors
    /// [`codes::DATA_SET`] if numbers do not fit each other.
    pub fn new(
        extent: Extent,
        steps: Option<usize>,
        scale: f64,
        levels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self> {
        let size = extent.elements() * steps.unwrap_or(1);
        if size == 0 || labels.is_empty() || levels.len() != size * labels.len() {
            return Err(Diagnostic::new(
                &codes::DATA_SET,
                format!("{} levels are not {} samples of {size}", levels.len(), labels.len()),
            ));
        }
        let classes = usize::from(labels.iter().copied().max().unwrap_or(0)) + 1;
        Ok(Self { extent, steps, scale, classes, levels, labels })
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True if there is none; never, by construction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Levels of sample `i`.
    #[must_use]
    pub fn sample(&self, i: usize) -> &[u8] {
        let size = self.levels.len() / self.labels.len();
        &self.levels[i * size..(i + 1) * size]
    }

    /// The right classes, sample by sample.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The first `count` samples; all classes stay.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.len());
        let size = self.levels.len() / self.labels.len();
        Self {
            levels: self.levels[..count * size].to_vec(),
            labels: self.labels[..count].to_vec(),
            ..*self
        }
    }
}
