// SPDX-License-Identifier: Apache-2.0 OR MIT
use std::path::Path;

use burn::tensor::Device;
use synfire::diag::{Diagnostic, Result};
use synfire_distill::config::{Architecture, Block, Config, Family};
use synfire_distill::nn::spec::{Extent, Lif, Neuron, Precision};
use synfire_distill::nn::{Model, Signal, Walk, rng};

/// Every recipe is a configuration, and its networks fit together.
#[test]
fn recipes_are_configurations() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let entries =
        std::fs::read_dir(&folder).map_err(|e| Diagnostic::internal("test", e.to_string()))?;
    let mut count = 0;
    for entry in entries.flatten() {
        let config = Config::read(&entry.path())?;
        let cifar = config.data.set.starts_with("cifar");
        let input = if cifar { Extent(3, 32, 32) } else { Extent(1, 28, 28) };
        let last = |a: &Architecture| {
            let model = a.model(input, 10, Precision::default());
            model.behind(model.stages.len() - 1)
        };
        assert_eq!(last(&config.student.model)?, Extent(10, 1, 1));
        if let Some(teacher) = config.teacher.and_then(|t| t.model) {
            assert_eq!(last(&teacher)?, Extent(10, 1, 1));
        }
        count += 1;
    }
    assert!(count >= 8, "{count} recipes");
    Ok(())
}

fn resnet(family: Family) -> Architecture {
    Architecture {
        family,
        neuron: Neuron::Lif(Lif::default()),
        weights: Some(Precision::BinaryLayer),
    }
}

/// 555.4 million multiplications a timestep for 32 × 32 images: the published count.
#[test]
fn resnet_18_has_the_published_size() -> Result<()> {
    for block in [Block::MultiShortcut, Block::SingleShortcut, Block::PostActivation] {
        let model =
            resnet(Family::Resnet18 { block }).model(Extent(3, 32, 32), 10, Precision::default());
        assert_eq!(model.operations()? / 100_000, 5_554, "{block:?}");
    }
    Ok(())
}

/// A stem, three layers with shortcuts around two and around the one that is left, a readout.
#[test]
fn the_last_shortcut_goes_around_what_is_left() -> Result<()> {
    for shortcut in [0, 1, 2, 3, 5] {
        let family = Family::ResidualMlp { width: 8, modes: 3, shortcut, pool: None };
        let model = resnet(family).model(Extent(1, 2, 2), 10, Precision::default());
        assert_eq!(model.operations()?, 4 * 8 + 3 * 64 + 8 * 10, "{shortcut}");
    }
    Ok(())
}

/// The full-size definitions run: maps, stages and logits come out right.
#[test]
#[ignore = "half a minute; part of the nightly run"]
fn full_size_networks_compute() -> Result<()> {
    let device = Device::flex();
    for block in [Block::MultiShortcut, Block::SingleShortcut, Block::PostActivation] {
        for family in
            [Family::Resnet18 { block }, Family::Resnet19 { block }, Family::Resnet20 { block }]
        {
            let spec = resnet(family).model(Extent(3, 32, 32), 100, Precision::default());
            let model = Model::new(&spec, &mut rng(1, 0), &device)?;
            let image = burn::tensor::Tensor::ones([1, 3, 32, 32], &device);
            let output = model.forward(Signal::held(image), &mut Walk::new(1));
            assert_eq!(output.logits.dims(), [1, 1, 100]);
            assert_eq!(output.features.len(), spec.stages.len() - 1);
        }
    }
    Ok(())
}
