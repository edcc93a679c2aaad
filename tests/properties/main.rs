// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What holds for every network. The networks are the same in every run; more of them
//! with `PROPTEST_CASES=2000 cargo test --release --test properties`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod clean;
#[path = "../common/mod.rs"]
mod common;
mod cuts;
mod forms;
mod hardware;
mod integers;
mod knobs;
mod ops;
mod passes;
mod rounding;
#[path = "../common/rounds.rs"]
mod rounds;
mod text;

use common::net::Net;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use synfire::ir::Graph;
use synfire::pass::{self, TO_INTEGER};

/// The same networks in every run.
fn config(cases: u32) -> Config {
    let cases = std::env::var("PROPTEST_CASES").map_or(cases, |n| n.parse().unwrap());
    // Most networks must count: none of the tests may be true because nothing was tested.
    let max_global_rejects = cases / 3;
    Config {
        cases,
        max_global_rejects,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    }
}

/// A property of what `strategy` draws, outside of `proptest!`, so that the test can look at what
/// it has counted afterwards.
#[track_caller]
fn holds<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    if let Err(e) = TestRunner::new(config(cases)).run(&strategy, property) {
        panic!("{e}");
    }
}

/// The integer form, or none where the passes say that there is none.
fn to_integer(net: &Net) -> Result<Graph, TestCaseError> {
    let mut g = net.graph();
    match pass::run(&mut g, TO_INTEGER, &net.options) {
        Ok(_) => Ok(g),
        Err(d) if d.code.id == "SF0302" => Err(TestCaseError::reject(d.message)),
        Err(d) => Err(TestCaseError::fail(format!("{}: {d}", d.code.id))),
    }
}

/// The same of networks that the hardware takes.
fn to_hardware(net: &Net) -> Result<Graph, TestCaseError> {
    let g = to_integer(net)?;
    if common::sees_input(&g) {
        return Ok(g);
    }
    Err(TestCaseError::reject("a neuron does not see its input"))
}
