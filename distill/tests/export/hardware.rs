// SPDX-License-Identifier: Apache-2.0 OR MIT
//! From an exported model to its hardware.

use synfire::diag::Result;
use synfire::import::{Options, onnx};
use synfire::ir::Graph;
use synfire::pass::{self, TO_INTEGER};
use synfire::{hw, target};
use synfire_distill::export::InputCode;
use synfire_distill::nn::spec::{Layer, Lif, Neuron, Precision, Stage};
use synfire_distill::nn::{Extent, rng, spec};

use crate::agree::interpreted;
use crate::models::{Case, case};
use crate::{SAMPLES, trained};

fn hidden() -> Vec<Layer> {
    let linear = Layer::Linear { outputs: 32, weights: Precision::BinaryLayer, bias: false };
    vec![linear, Layer::Norm, Layer::Neuron(Neuron::Lif(Lif::default()))]
}

/// Pixels, hidden layers, ten classes, four timesteps.
fn student(hidden: Vec<Layer>) -> Result<Case> {
    let head = Layer::Linear { outputs: 10, weights: Precision::BinaryLayer, bias: true };
    let stages = [("hidden", hidden), ("head", vec![head])];
    let stages = stages.map(|(name, layers)| Stage { name: name.to_owned(), layers }).to_vec();
    case("student", spec::Model { input: Extent(1, 28, 28), stages }, 4, InputCode::PIXELS)
}

/// What `synfire compile` does with a file, up to the design.
fn compile(graph: &Graph) -> Result<Graph> {
    let bytes = synfire::export::onnx::write(graph)?;
    let (mut graph, _) = onnx::import(&bytes, "student", &Options::default())?;
    pass::run(&mut graph, TO_INTEGER, &pass::Options::default())?;
    let (_, estimate) = hw::lower(&graph, &target::load("icebreaker")?, &hw::Options::default())?;
    eprintln!("{} LUT4, {} cycles", estimate.lut4, estimate.cycles);
    Ok(graph)
}

/// Its hardware exists, and says the class that was trained in 95 of 100 cases.
fn agrees(case: &Case) -> Result<()> {
    let integers = compile(&case.graph()?)?;
    let shown = case.shown(SAMPLES, &mut rng(7, 4));
    let trained = trained::run(case, &shown, None)?;
    let quantised = interpreted(&integers, case, &shown)?;
    let same = trained.iter().zip(&quantised).filter(|(a, b)| a.class() == b.class()).count();
    eprintln!("{same} of {SAMPLES} samples have the same class in integers");
    assert!(same * 100 >= SAMPLES * 95, "{same}");
    Ok(())
}

#[test]
fn a_dense_student_becomes_hardware() -> Result<()> {
    agrees(&student(hidden())?)
}

/// Students side by side are one, four times as wide; alone, each is a dense network.
#[test]
fn four_students_become_hardware_and_so_does_one_of_them() -> Result<()> {
    let case = student(vec![Layer::Parallel { members: vec![hidden(); 4] }])?;
    agrees(&case)?;
    compile(&case.subset(&[false, true, false, false])?)?;
    Ok(())
}
