// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The students in distill/students, which the training companion trained: that the compiler
//! reads them, runs them as the trainer did, and makes hardware of the dense ones.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use synfire::data;
use synfire::hw;
use synfire::import::{self, WeightForm};
use synfire::interp::{Interp, Stimulus};
use synfire::ir::Graph;
use synfire::pass::{self, TO_INTEGER};
use synfire::sim::{NoProbe, Sim};
use synfire::target;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn student(name: &str) -> Graph {
    let path: PathBuf = root().join("distill/students").join(format!("{name}.onnx"));
    // Stems and heads have real weights.
    let options = import::Options { weights: WeightForm::Float, ..Default::default() };
    import::load(&path, &options).unwrap()
}

/// How many of the first 200 bundled images of Fashion-MNIST it has right.
fn right(graph: &Graph) -> usize {
    let folder = root().join("tests/models/student");
    let labels = folder.join("labels-idx1-ubyte.gz");
    let inputs = data::load(&folder.join("images-idx3-ubyte.gz"), Some(&labels)).unwrap();
    let labels = inputs.labels.clone().unwrap();
    let interp = Interp::new(graph).unwrap();
    let class = |image: &[u8]| {
        let levels: Vec<u16> = image.iter().map(|l| u16::from(*l)).collect();
        interp.run_on(Stimulus::Levels(&levels)).unwrap().class
    };
    inputs.iter().take(200).zip(labels).filter(|(i, l)| class(i) == usize::from(*l)).count()
}

/// Counted when the students were trained; single and double precision agree on these.
#[test]
fn students_have_as_many_right_as_their_trainer_counted() {
    for (name, count) in [("fashion_mlp", 183), ("fashion_conv", 184), ("fashion_ensemble", 176)] {
        assert_eq!(right(&student(name)), count, "{name}");
    }
}

/// A head with weights of 8 bits ends a chain, in which an image takes 3,000 cycles at most.
#[test]
fn an_ensemble_becomes_a_chain() {
    let target = target::load("icebreaker").unwrap();
    let mut graph = student("fashion_ensemble");
    pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
    let (design, estimate) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
    let engines: Vec<_> = design.denses().map(|d| (d.neurons(), d.planes, d.groups())).collect();
    assert_eq!(engines, [(256, 1, 4), (10, 8, 4)]);
    let images = root().join("tests/models/student/images-idx3-ubyte.gz");
    let images = data::load(&images, None).unwrap();
    let sim = Sim::new(&design);
    let cycles: Vec<u64> = images
        .iter()
        .take(100)
        .map(|image| sim.run(image, &[], &mut NoProbe).unwrap().latency())
        .collect();
    assert!(cycles.iter().all(|c| *c <= 3000), "{cycles:?}");
    // The estimate takes half of the inputs for non-zero, as about half of these are.
    let mean = cycles.iter().sum::<u64>() as f64 / cycles.len() as f64;
    assert!((f64::from(estimate.cycles) / mean - 1.0).abs() < 0.15, "{estimate:?}, {mean}");
}

#[test]
fn dense_students_become_hardware() {
    let target = target::load("icebreaker").unwrap();
    for name in ["fashion_mlp", "mnist_mlp"] {
        let mut graph = student(name);
        pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
        let (_, estimate) = hw::lower(&graph, &target, &hw::Options::default()).unwrap();
        assert!(estimate.lut4 < 5280 && estimate.spram <= 4, "{name}: {estimate:?}");
    }
}
