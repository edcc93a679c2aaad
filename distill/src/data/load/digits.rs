// SPDX-License-Identifier: Apache-2.0 OR MIT
//! scikit-learn's digits: a line for each image of 8 × 8, its levels from 0 to 16 and its
//! class, with commas between. Source: scikit-learn, user guide, "Optical recognition of
//! handwritten digits dataset"; it has no split, so that the last fifth is taken to test.

use std::path::Path;

use synfire::data::gunzip;
use synfire::diag::{Diagnostic, InFile as _, Result, codes, read_file};

use super::{Split, place};
use crate::data::Dataset;
use crate::nn::Extent;

/// Samples to train with; the other 360 are to test.
const TRAIN: usize = 1437;
const FULL: u8 = 16;
const EXTENT: Extent = Extent(1, 8, 8);

pub(super) fn read(folder: &Path, split: Split) -> Result<Dataset> {
    let path = place::needed(folder, "digits.csv")?;
    let bytes = read_file(&path)?;
    gunzip(&bytes).and_then(|text| parse(&text, split)).in_file(&path)
}

fn parse(text: &[u8], split: Split) -> Result<Dataset> {
    let (mut levels, mut labels) = (Vec::new(), Vec::new());
    let lines = text.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty());
    for (i, line) in lines.enumerate() {
        let number = |field: &[u8]| std::str::from_utf8(field).ok()?.trim().parse::<u8>().ok();
        let fields: Option<Vec<u8>> = line.split(|b| *b == b',').map(number).collect();
        let fields = fields.filter(|f| f.len() == EXTENT.elements() + 1);
        let row = fields.as_ref().and_then(|f| f.split_last());
        match row.filter(|(_, pixels)| pixels.iter().all(|p| *p <= FULL)) {
            Some((label, pixels)) if (i < TRAIN) == (split == Split::Train) => {
                levels.extend(pixels);
                labels.push(*label);
            }
            Some(_) => {}
            None => {
                let message = "a line has 64 levels from 0 to 16 and a class";
                return Err(
                    Diagnostic::new(&codes::INPUT_FORMAT, message).at(format!("line {}", i + 1))
                );
            }
        }
    }
    if split == Split::Test && labels.is_empty() || labels.len() < TRAIN && split == Split::Train {
        let message = format!("the table ends within the {TRAIN} samples to train with");
        return Err(Diagnostic::new(&codes::DATA_SET, message));
    }
    Dataset::new(EXTENT, None, 1.0 / f64::from(FULL), levels, labels)
}
