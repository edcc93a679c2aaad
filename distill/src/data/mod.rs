// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Data sets in memory, and batches of them.
//!
//! Samples stay levels of 8 bits. A batch changes them ([`Augment`], [`Noise`]), scales
//! them, and makes a signal of them ([`Encoding`]).

mod augment;
mod batch;
mod encoding;
mod load;
mod noise;

use synfire::diag::{Diagnostic, Result, codes};

use crate::nn::Extent;

pub use augment::Augment;
pub use batch::order;
pub use encoding::Encoding;
pub use load::{Events, Options, Split};
pub use noise::Noise;

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
    /// How a sample becomes timesteps.
    encoding: Encoding,
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
        Ok(Self { extent, steps, scale, classes, encoding: Encoding::Direct, levels, labels })
    }

    /// The same samples with another encoding.
    ///
    /// # Errors
    /// [`codes::DATA_OPTION`] for rates of no timestep, or of samples that have timesteps.
    pub fn encoded(self, encoding: Encoding) -> Result<Self> {
        let refused = match (encoding, self.steps) {
            (Encoding::Rate { steps: 0 }, _) => "a rate needs at least one timestep",
            (Encoding::Rate { .. }, Some(_)) => "samples that have timesteps cannot become rates",
            _ => return Ok(Self { encoding, ..self }),
        };
        Err(Diagnostic::new(&codes::DATA_OPTION, refused).at("encoding"))
    }

    /// The same samples with other labels, below `classes`.
    ///
    /// # Errors
    /// [`codes::DATA_SET`] if there is not one label a sample.
    pub fn relabelled(&self, labels: Vec<u8>, classes: usize) -> Result<Self> {
        if labels.len() != self.len() {
            let message = format!("{} labels for {} samples", labels.len(), self.len());
            return Err(Diagnostic::new(&codes::DATA_SET, message));
        }
        Ok(Self { labels, classes, ..self.clone() })
    }

    /// Timesteps of a batch; nothing: the same at all of them.
    #[must_use]
    pub fn timesteps(&self) -> Option<usize> {
        match self.encoding {
            Encoding::Direct => self.steps,
            Encoding::Rate { steps } => Some(steps),
        }
    }

    /// Does a sample give the same values whenever it is shown?
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.encoding == Encoding::Direct
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
        let size = self.size();
        &self.levels[i * size..(i + 1) * size]
    }

    /// The right classes, sample by sample.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The first `count` samples, or all if there are fewer; all classes stay.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        self.part(0, count.min(self.len()))
    }

    /// All samples but the last `count`, and those: to train with, and to choose by.
    ///
    /// # Errors
    /// [`codes::DATA_OPTION`] if one of the two has no sample.
    pub fn hold_out(&self, count: usize) -> Result<(Self, Self)> {
        match self.len().checked_sub(count) {
            Some(kept @ 1..) if count > 0 => Ok((self.part(0, kept), self.part(kept, self.len()))),
            _ => Err(Diagnostic::new(
                &codes::DATA_OPTION,
                format!("{count} of {} samples cannot be held out", self.len()),
            )
            .at("hold-out")
            .help("hold out at least one sample, and leave at least one")),
        }
    }

    fn part(&self, from: usize, to: usize) -> Self {
        let size = self.size();
        Self {
            levels: self.levels[from * size..to * size].to_vec(),
            labels: self.labels[from..to].to_vec(),
            ..*self
        }
    }

    /// Levels of one sample.
    fn size(&self) -> usize {
        self.levels.len() / self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five() -> Dataset {
        let levels = (0..10).collect();
        Dataset::new(Extent(1, 1, 2), None, 1.0, levels, vec![0, 1, 2, 3, 4]).unwrap()
    }

    #[test]
    fn numbers_must_fit_each_other() {
        for (levels, labels) in [(3, 2), (0, 0), (4, 1)] {
            let made = Dataset::new(Extent(1, 1, 2), None, 1.0, vec![0; levels], vec![0; labels]);
            assert_eq!(made.unwrap_err().code.id, "SF0802");
        }
    }

    #[test]
    fn held_out_samples_are_the_last_ones() {
        let (train, chosen) = five().hold_out(2).unwrap();
        assert_eq!((train.labels(), chosen.labels()), (&[0, 1, 2][..], &[3, 4][..]));
        assert_eq!((chosen.sample(1), chosen.classes), (&[8, 9][..], 5));
        for count in [0, 5, 6] {
            assert_eq!(five().hold_out(count).unwrap_err().code.id, "SF0821");
        }
        assert_eq!((five().first(1).len(), five().first(9).len()), (1, 5));
    }

    #[test]
    fn rates_are_of_samples_without_time() {
        let rate = |steps| Encoding::Rate { steps };
        assert!(five().encoded(rate(3)).is_ok());
        assert_eq!(five().encoded(rate(0)).unwrap_err().code.id, "SF0821");
        let timed = Dataset::new(Extent(1, 1, 2), Some(2), 1.0, vec![0; 4], vec![0]).unwrap();
        assert_eq!(timed.encoded(rate(2)).unwrap_err().code.id, "SF0821");
    }
}
