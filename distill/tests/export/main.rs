// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Exported models against the trainer's own forward pass: in the compiler's interpreter,
//! after the way through the file, and in ONNX Runtime.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod agree;
mod hardware;
mod models;
mod operations;
mod refused;
mod runtime;
mod subset;
mod trained;

use burn::module::Param;
use burn::tensor::Device;
use synfire::diag::Result;
use synfire::import::{Options, WeightForm, onnx};
use synfire::ir::{self, Graph, Op, Weights, isomorphic};
use synfire_distill::export;
use synfire_distill::nn::{Layer, Model, rng};

use agree::{agree, interpreted};

/// Random inputs for each model.
const SAMPLES: usize = 128;

/// The file of a graph, and the graph of the file.
fn round_trip(graph: &Graph) -> Result<Graph> {
    let bytes = synfire::export::onnx::write(graph)?;
    let options = Options { weights: WeightForm::Float, ..Options::default() };
    onnx::import(&bytes, "student", &options).map(|(graph, _)| graph)
}

#[test]
fn the_interpreter_computes_what_the_trainer_does() -> Result<()> {
    for case in models::all()?.iter().filter(|c| c.name != "teacher") {
        let graph = case.graph()?;
        let back = round_trip(&graph)?;
        let input = graph.node(graph.find("input").unwrap());
        assert_eq!(input.stream.is_static, !case.changes(), "{}", case.name);
        // Over one timestep, the sum and the mean are the same file.
        assert!(isomorphic(&graph, &back) || case.steps == 1, "{}", case.name);
        let shown = case.shown(SAMPLES, &mut rng(7, 1));
        let trained = trained::run(case, &shown, None)?;
        let found = agree(&back, (case, &shown), &trained, &interpreted(&back, case, &shown)?)?;
        eprintln!("{}: {found}", case.name);
    }
    Ok(())
}

/// Import takes spiking networks only; a teacher's graph is run as it was built.
#[test]
fn a_teacher_is_exported_but_not_compiled() -> Result<()> {
    let case = models::named("teacher")?;
    let graph = case.graph()?;
    assert_eq!(round_trip(&graph).unwrap_err().code.id, "SF0126");
    let shown = case.shown(SAMPLES, &mut rng(7, 1));
    let trained = trained::run(&case, &shown, None)?;
    let found = agree(&graph, (&case, &shown), &trained, &interpreted(&graph, &case, &shown)?)?;
    eprintln!("teacher: {found}");
    Ok(())
}

/// Parameters of single precision keep the file in single precision.
#[test]
#[ignore = "half a minute; part of the nightly run"]
fn files_are_of_single_precision() -> Result<()> {
    for case in models::all()? {
        let bytes = synfire::export::onnx::write(&case.graph()?)?;
        let parameters: usize =
            case.model.stages.iter().map(burn::module::Module::num_params).sum();
        assert!(bytes.len() < 4 * parameters + 40_000, "{}: {}", case.name, bytes.len());
    }
    Ok(())
}

/// A model on a device that takes gradients is the same model.
#[test]
fn a_model_in_training_is_exported() -> Result<()> {
    let case = models::named("ensemble")?;
    let graph = |device| {
        let model = Model::new(&case.spec, &mut rng(7, 6), &device)?;
        ir::print(&export::graph(&case.spec, &model, 4, case.input)?)
    };
    assert_eq!(graph(Device::default().autodiff())?, graph(Device::default())?);
    Ok(())
}

/// The sign of zero is plus, as it is where the trainer computes with it.
#[test]
fn a_weight_of_zero_is_exported_as_plus() -> Result<()> {
    let mut case = models::named("dense")?;
    let Layer::Affine(affine) = &mut case.model.stages[1].layers[0] else { panic!("no weights") };
    let weight = affine.weight.val();
    let positive = weight.clone().greater_elem(0.0).float();
    affine.weight = Param::from_tensor(weight * positive);
    let graph = case.graph()?;
    let Op::Linear(linear) = &graph.node(graph.find("deep.0.linear").unwrap()).op else {
        panic!("no linear layer")
    };
    let Weights::Binary { signs, .. } = &linear.weights else { panic!("not binary") };
    let all = (0..signs.rows()).flat_map(|r| (0..signs.cols()).map(move |c| (r, c)));
    assert!(all.into_iter().all(|(r, c)| signs.get(r, c)));
    Ok(())
}
