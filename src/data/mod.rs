// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Inputs for inferences: image files with labels, or seeded random levels.

mod idx;
mod random;

use std::path::Path;

use crate::diag::{Diagnostic, InFile, Result, codes, read_file};
pub use random::random;

/// More bytes than this are no input set (60,000 images of 28 × 28 are 47 MB).
pub const MAX_BYTES: usize = 1 << 30;

/// Inputs of one size, with labels if there are some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Levels of one input.
    pub size: usize,
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

    /// The first `count` inputs.
    #[must_use]
    pub fn first(&self, count: usize) -> Vec<&[u8]> {
        self.iter().take(count).collect()
    }
}

/// Reads images, and labels if a file of them is given; both in the idx format, gzipped
/// or not.
///
/// # Errors
/// [`codes::FILE_READ`], [`codes::INPUT_FORMAT`].
pub fn load(images: &Path, labels: Option<&Path>) -> Result<Inputs> {
    let array = idx::parse(&read_file(images)?).in_file(images)?;
    let empty = |message| Err(Diagnostic::new(&codes::INPUT_FORMAT, message).in_file(images));
    if array.shape[0] == 0 {
        return empty("there are no images in it");
    }
    let size = array.shape.iter().skip(1).product();
    if size == 0 {
        return empty("the images have no pixels");
    }
    let labels = match labels {
        None => None,
        Some(path) => {
            let read = idx::parse(&read_file(path)?).in_file(path)?;
            if read.shape != [array.shape[0]] {
                let message = format!("{:?} labels for {} images", read.shape, array.shape[0]);
                return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).in_file(path));
            }
            Some(read.bytes)
        }
    };
    Ok(Inputs { size, levels: array.bytes, labels })
}
