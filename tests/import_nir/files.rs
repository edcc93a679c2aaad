// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Each file of tests/models/nir against the outputs recorded by make.py: those of the
//! framework that wrote it, or of a plain Euler reference. No membrane in them comes nearer
//! to its threshold than 1e-5, so spikes are compared exactly; other outputs within 1e-5.

use synfire::import::{self, Options};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::Op;

use super::{folder, models};

pub(super) fn read<T: npyz::Deserialize>(name: &str) -> (Vec<usize>, Vec<T>) {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    let file = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = file.shape().iter().map(|&d| d as usize).collect();
    (shape, file.into_vec().unwrap())
}

#[test]
fn every_file_computes_what_its_writer_computed() {
    let models = models();
    assert!(models.len() >= 20, "one a node type and producer");
    for model in models {
        let graph = model.load();
        let interp = Interp::new(&graph).unwrap();
        let (shape, levels) = read::<i8>(&format!("{}.in.npy", model.name));
        let (out_shape, expected) = if model.spikes {
            let (shape, spikes) = read::<u8>(&format!("{}.out.npy", model.name));
            (shape, spikes.into_iter().map(f64::from).collect::<Vec<_>>())
        } else {
            let (shape, values) = read::<f32>(&format!("{}.out.npy", model.name));
            (shape, values.into_iter().map(f64::from).collect())
        };
        assert!(shape[0] >= 100);
        let width = |shape: &[usize]| shape[2..].iter().product::<usize>();
        let (inputs, outputs) = (width(&shape), width(&out_shape));
        for sample in 0..shape[0] {
            let at = |n: usize, t: usize| {
                ((sample * shape[1] + t) * n)..((sample * shape[1] + t + 1) * n)
            };
            let steps: Vec<Vec<f64>> = (0..shape[1])
                .map(|t| {
                    levels[at(inputs, t)].iter().map(|v| f64::from(*v) * model.scale).collect()
                })
                .collect();
            let record = interp.run_on(Stimulus::RealSteps(&steps)).unwrap();
            assert_eq!(record.steps.len(), shape[1], "{}", model.name);
            for (t, found) in record.steps.iter().enumerate() {
                let expected = &expected[at(outputs, t)];
                let bound = if model.spikes { 0.0 } else { 1e-5 };
                let same = found.len() == expected.len()
                    && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= bound);
                assert!(
                    same,
                    "{} sample {sample} step {t}: {found:?}, not {expected:?}",
                    model.name
                );
            }
        }
    }
}

#[test]
fn files_are_small() {
    let mut inputs = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let entry = entry.unwrap();
        let (name, size) = (entry.file_name(), entry.metadata().unwrap().len());
        assert!(size < 50_000, "{name:?} has {size} bytes");
        if name.to_string_lossy().ends_with(".in.npy") {
            inputs += size;
        }
    }
    assert!(inputs < 200_000, "{inputs}");
}

/// `input_static`: the first timestep of a recording is the input, of all files.
#[test]
fn a_held_input_is_shown_at_every_timestep() {
    for model in models() {
        let options = Options { input_static: true, ..model.options() };
        let held = import::load(&folder().join(format!("{}.nir", model.name)), &options).unwrap();
        let input = held.order().unwrap().into_iter().find_map(|id| match &held.node(id).op {
            Op::Input(input) => Some(input.clone()),
            _ => None,
        });
        let input = input.filter(|i| i.is_static).unwrap();
        let (_, levels) = read::<i8>(&format!("{}.in.npy", model.name));
        let len = input.shape.iter().product();
        let image: Vec<_> = levels[..len].iter().map(|v| f64::from(*v) * model.scale).collect();
        let steps = vec![image.clone(); held.timesteps as usize];
        let held = Interp::new(&held).unwrap().run_on(Stimulus::Reals(&image)).unwrap();
        let changing = Interp::new(&model.load()).unwrap().run_on(Stimulus::RealSteps(&steps));
        assert_eq!(held.steps, changing.unwrap().steps, "{}", model.name);
    }
}
