// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What cannot be exported, and what is said of it.

use burn::module::Param;
use synfire::diag::{Diagnostic, Result};
use synfire_distill::export::{self, InputCode};
use synfire_distill::nn::spec::{Layer, Precision, Stage};
use synfire_distill::nn::{self, Extent, spec};

use crate::models::{self, Case};

fn error(case: &Case) -> Box<Diagnostic> {
    case.graph().map(|_| ()).unwrap_err()
}

#[test]
fn another_description() -> Result<()> {
    let mut case = models::named("dense")?;
    case.spec.stages.swap(0, 1);
    assert_eq!(error(&case).to_string(), "deep.0: the weights have another shape");

    case.spec.stages.swap(0, 1);
    case.spec.stages[1].layers.swap(0, 1);
    assert_eq!(error(&case).to_string(), "deep.0: another layer than the description says");

    case.spec.stages[1].layers.pop();
    assert_eq!(error(&case).to_string(), "deep: the number of layers differs");

    case.spec.stages.pop();
    assert_eq!(error(&case).to_string(), "the number of stages differs");
    assert_eq!(error(&case).code.id, "SF0830");
    Ok(())
}

#[test]
fn stages_of_one_name() -> Result<()> {
    let mut case = models::named("dense")?;
    case.spec.stages[1].name = "hidden".to_owned();
    assert_eq!(
        (error(&case).code.id, &*error(&case).to_string()),
        ("SF0830", "hidden: two stages have this name")
    );
    Ok(())
}

#[test]
fn weights_without_a_magnitude() -> Result<()> {
    let mut case = models::named("dense")?;
    let nn::Layer::Affine(affine) = &mut case.model.stages[1].layers[0] else {
        panic!("no weights")
    };
    affine.weight = Param::from_tensor(affine.weight.val().mul_scalar(0.0));
    let error = error(&case);
    assert_eq!(
        (error.code.id, &*error.to_string()),
        ("SF0830", "deep.0: binary weights are all zero")
    );
    Ok(())
}

#[test]
fn a_network_that_diverged() -> Result<()> {
    let mut case = models::named("dense")?;
    let nn::Layer::Affine(affine) = &mut case.model.stages[0].layers[0] else {
        panic!("no weights")
    };
    affine.weight = Param::from_tensor(affine.weight.val().mul_scalar(f32::INFINITY));
    assert_eq!(error(&case).code.id, "SF0301");
    Ok(())
}

fn refused(case: &Case, active: &[bool]) -> &'static str {
    case.subset(active).map(|_| ()).unwrap_err().code.id
}

#[test]
fn members_that_are_not_there() -> Result<()> {
    let ensemble = models::named("ensemble")?;
    assert_eq!(refused(&ensemble, &[false; 4]), "SF0831");
    assert_eq!(refused(&ensemble, &[true; 3]), "SF0831");
    assert_eq!(refused(&models::named("dense")?, &[true]), "SF0831");
    // All of them: the same as without a choice.
    let (all, whole) = (ensemble.subset(&[true; 4])?, ensemble.graph()?);
    assert_eq!(synfire::ir::print(&all)?, synfire::ir::print(&whole)?);
    Ok(())
}

#[test]
fn members_that_something_else_depends_on() -> Result<()> {
    let member = || vec![Layer::Linear { outputs: 3, weights: Precision::Real, bias: true }];
    let members = Layer::Parallel { members: vec![member(), member()] };
    let body = vec![members.clone()];
    let behind = [
        vec![members.clone()],
        vec![members.clone(), Layer::Norm],
        vec![members, Layer::Residual { body: vec![], shortcut: vec![] }],
        vec![Layer::Residual { body: body.clone(), shortcut: body.clone() }],
        vec![Layer::Parallel { members: vec![body.clone(), body] }],
    ];
    for layers in behind {
        let stages = vec![Stage { name: "all".to_owned(), layers }];
        let spec = spec::Model { input: Extent(4, 1, 1), stages };
        let case = models::case("refused", spec, 1, InputCode::Reals)?;
        export::graph(&case.spec, &case.model, 1, case.input)?;
        assert_eq!(refused(&case, &[true, false]), "SF0831", "{:?}", case.spec);
    }
    Ok(())
}
