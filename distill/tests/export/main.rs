// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Exported models against the trainer's own forward pass: in the compiler's interpreter,
//! after the way through the file, and in ONNX Runtime.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod agree;
mod hardware;
mod models;
mod runtime;
mod subset;
mod trained;

use synfire::diag::Result;
use synfire::import::{Options, WeightForm, onnx};
use synfire::ir::{Graph, isomorphic};
use synfire_distill::export;
use synfire_distill::nn::rng;

use agree::{agree, interp, logits};
use models::Case;

const SAMPLES: usize = 128;

impl Case {
    fn graph(&self) -> Result<Graph> {
        export::graph(&self.spec, &self.model, u32::try_from(self.steps).unwrap(), self.input)
    }
}

/// A file's graph.
fn read(bytes: &[u8]) -> Result<Graph> {
    let options = Options { weights: WeightForm::Float, ..Options::default() };
    onnx::import(bytes, "student", &options).map(|(graph, _)| graph)
}

#[test]
fn the_interpreter_computes_what_the_trainer_does() -> Result<()> {
    let mut layers = 0;
    for case in models::all()?.iter().filter(|c| c.name != "teacher") {
        let graph = case.graph()?;
        let bytes = synfire::export::onnx::write(&graph)?;
        let back = read(&bytes).map_err(|d| d.at(case.name))?;
        assert_eq!(trained::neurons(&graph)?.len(), trained::neurons(&back)?.len());
        let shown = case.shown(SAMPLES, &mut rng(7, 1));
        let trained = trained::run(case, &shown, None)?;
        let found = agree(&back, case, &shown, &trained)?;
        layers += found.fired.len();
        eprintln!("{}: isomorphic {}, {found:?}", case.name, isomorphic(&graph, &back));
    }
    assert!(layers > 20, "{layers}");
    Ok(())
}

/// Import takes spiking networks only; a teacher's graph is run as it was built.
#[test]
fn a_teacher_is_exported_but_not_compiled() -> Result<()> {
    let case = models::named("teacher")?;
    let graph = case.graph()?;
    let refused = read(&synfire::export::onnx::write(&graph)?).unwrap_err();
    assert_eq!(refused.code.id, "SF0126");
    let shown = case.shown(SAMPLES, &mut rng(7, 1));
    for (sample, trained) in shown.iter().zip(trained::run(&case, &shown, None)?) {
        let off = |(x, y): (f64, f64)| assert!((x - y).abs() <= agree::BOUND * x.abs().max(1.0));
        logits(&interp(&graph, &case, sample)?).into_iter().zip(trained.mean()).for_each(off);
    }
    Ok(())
}
