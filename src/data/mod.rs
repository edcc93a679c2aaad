// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inputs for inferences: arrays, events and labels from files, encodings to timesteps, or
//! seeded random levels. docs/inputs.md lists the formats with their sources, the
//! equations and the limits.
//!
//! Files are not trusted: what a header claims allocates nothing before the data are
//! there. Reading takes at most [`MEMORY_FACTOR`] bytes for each byte of the unpacked file,
//! which in turn is limited by the size of the packed one, and 16 MiB for decoders.

mod array;
mod encode;
mod events;
mod format;
mod labels;
mod listing;
mod random;
mod read;
mod rng;
mod samples;
mod source;

use std::path::Path;

use crate::diag::Result;

pub use array::{Array, TimeAxis};
pub use encode::{Encoding, Latency, LatencyCode, Rate, Threshold};
pub use events::{Bins, Event, Framing, Recording, Sensor};
pub use format::{Format, gunzip};
pub use random::{random, shuffled};
pub use read::MAX_BYTES;
pub use rng::number as random_number;
pub use samples::{EventCounts, Samples, Slice, Values};
pub use source::{Content, Options, parse, samples};

/// Bytes of memory for each byte of an unpacked file, at most, while it is read. The worst
/// is a gzipped array of negative bytes in Fortran order: twice eight for the real numbers
/// that they become, and what the unpacked bytes grow into.
pub const MEMORY_FACTOR: usize = 20;

/// Levels that hardware takes, of one size, with labels if there are some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Levels of one input, of all its timesteps.
    pub size: usize,
    /// The number of timesteps, `[timestep][element]`; none if all are the same.
    pub timesteps: Option<usize>,
    /// All levels, input after input.
    levels: Vec<u8>,
    /// The right class of each input.
    pub labels: Option<Vec<u8>>,
}

impl Inputs {
    /// Number of inputs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.levels.len() / self.size.max(1)
    }

    /// True if there is no input.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.levels.chunks_exact(self.size.max(1))
    }

    /// The same inputs, each behind some bytes of its own, as many as the others have.
    #[must_use]
    pub fn behind(&self, header: impl Fn(usize) -> Vec<u8>) -> Self {
        let with = |(i, input): (usize, &[u8])| [&header(i), input].concat();
        let levels: Vec<u8> = self.iter().enumerate().flat_map(with).collect();
        let size = self.size + header(0).len();
        Self { size, levels, timesteps: self.timesteps, labels: self.labels.clone() }
    }

    /// The first `count` inputs.
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<&[u8]> {
        self.iter().take(count).collect()
    }
}

/// Reads static levels up to 255, and labels if a file of them is given.
///
/// # Errors
/// As [`samples()`]; [`codes::INPUT_KIND`](crate::diag::codes::INPUT_KIND) for inputs that
/// are something else.
pub fn load(images: &Path, labels: Option<&Path>) -> Result<Inputs> {
    let inputs = samples(images, labels, &Options::default())?.into_inputs(None);
    inputs.map_err(|d| d.in_file(images))
}
