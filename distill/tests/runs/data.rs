// SPDX-License-Identifier: Apache-2.0 OR MIT
use burn::tensor::Device;
use synfire::diag::Result;
use synfire_distill::config::Data;
use synfire_distill::data::{Augment, Encoding, Events, Split};
use synfire_distill::nn::rng;

use crate::digits::{digits, internal};

/// The first so many of each part; rates have the student's timesteps.
#[test]
fn a_configuration_says_how_many_samples_and_timesteps() -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| internal(&e))?;
    digits(folder.path())?;
    let data = Data {
        set: "digits".to_owned(),
        train: Some(5),
        test: Some(3),
        encoding: Encoding::Rate { steps: 9 },
        events: Events::default(),
    };
    let load = |split| data.load(split, 4, Some(folder.path()));
    let (train, test) = (load(Split::Train)?, load(Split::Test)?);
    assert_eq!((train.labels(), test.labels()), (&[0, 1, 2, 3, 4][..], &[5, 6, 7][..]));
    let none = Augment::default();
    let batch = test.batch(&[0, 1], &none, &mut rng(0, 0), &Device::flex());
    assert_eq!((batch.steps, batch.maps.dims()), (Some(4), [8, 1, 8, 8]));
    Ok(())
}
