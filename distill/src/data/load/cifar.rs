// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The binary versions of CIFAR-10 and CIFAR-100: records of one label (CIFAR-100: the
//! coarse one, then the fine one, which is taken), then 32 × 32 levels of red, of green and
//! of blue. Source: A. Krizhevsky, "The CIFAR-10 dataset", section "Binary version".

use std::path::Path;

use synfire::data::gunzip;
use synfire::diag::{Diagnostic, InFile as _, Result, codes, read_file};

use super::{Split, place};
use crate::data::Dataset;
use crate::nn::Extent;

const EXTENT: Extent = Extent(3, 32, 32);

/// Ten classes: five files to train with.
pub(super) fn ten(folder: &Path, split: Split, count: Option<usize>) -> Result<Dataset> {
    match split {
        Split::Train => {
            let files: Vec<_> = (1..=5).map(|i| format!("data_batch_{i}.bin")).collect();
            read(folder, &files, 1, count)
        }
        Split::Test => read(folder, &["test_batch.bin".to_owned()], 1, count),
    }
}

/// A hundred classes.
pub(super) fn hundred(folder: &Path, split: Split, count: Option<usize>) -> Result<Dataset> {
    let file = match split {
        Split::Train => "train.bin",
        Split::Test => "test.bin",
    };
    read(folder, &[file.to_owned()], 2, count)
}

/// Reads files, of which each record begins with `heads` labels, the last of which counts.
fn read(folder: &Path, files: &[String], heads: usize, count: Option<usize>) -> Result<Dataset> {
    let (mut levels, mut labels) = (Vec::new(), Vec::new());
    for name in files {
        if count.is_some_and(|count| labels.len() >= count) {
            break;
        }
        let path = place::needed(folder, name)?;
        let packed = read_file(&path)?;
        let bytes = gunzip(&packed).in_file(&path)?;
        let record = heads + EXTENT.elements();
        if bytes.is_empty() || bytes.len() % record != 0 {
            let message = format!("{} bytes are no records of {record}", bytes.len());
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).in_file(&path));
        }
        for record in bytes.chunks_exact(record) {
            let (head, pixels) = record.split_at(heads);
            labels.extend(head.last());
            levels.extend_from_slice(pixels);
        }
    }
    Dataset::new(EXTENT, None, 1.0 / 255.0, levels, labels).in_file(folder)
}
