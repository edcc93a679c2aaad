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
