// SPDX-License-Identifier: Apache-2.0 OR MIT
//! MNIST's four files: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
//! digits".

use std::path::Path;

use synfire::data::{self, Values};
use synfire::diag::{Diagnostic, InFile as _, Result, codes};

use super::{Split, place};
use crate::data::Dataset;
use crate::nn::Extent;

pub(super) fn read(folder: &Path, split: Split) -> Result<Dataset> {
    let part = match split {
        Split::Train => "train",
        Split::Test => "t10k",
    };
    let images = place::needed(folder, &format!("{part}-images-idx3-ubyte"))?;
    let labels = place::needed(folder, &format!("{part}-labels-idx1-ubyte"))?;
    let samples = data::samples(&images, Some(&labels), &data::Options::default())?;
    let wrong = |message: String| Diagnostic::new(&codes::DATA_SET, message);
    let extent = match *samples.shape() {
        [height, width] => Extent(1, height, width),
        [channels, height, width] => Extent(channels, height, width),
        ref shape => {
            return Err(wrong(format!("samples of shape {shape:?} are no images")).in_file(&images));
        }
    };
    let Values::U8(levels) = samples.values() else {
        return Err(wrong("levels above 255, or real ones".into()).in_file(&images));
    };
    let classes = samples.labels.iter().flatten().map(|l| u8::try_from(*l));
    let classes = classes
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| wrong("labels above 255".into()).in_file(&labels))?;
    Dataset::new(extent, None, 1.0 / 255.0, levels.clone(), classes).in_file(&images)
}
