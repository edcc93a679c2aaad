// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What holds for every network. The networks are the same in every run; more of them
//! with `PROPTEST_CASES=2000 cargo test --release --test properties`.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod hardware;
mod ops;
mod passes;
mod text;

use common::net::Net;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use synfire::ir::Graph;
use synfire::pass::{self, Options, TO_INTEGER};

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

/// The integer form, or none where the passes say that there is none.
fn to_integer(net: &Net) -> Result<Graph, TestCaseError> {
    let mut g = net.graph();
    match pass::run(&mut g, TO_INTEGER, &Options::default()) {
        Ok(_) => Ok(g),
        Err(d) if d.code.id == "SF0302" => Err(TestCaseError::reject(d.message)),
        Err(d) => Err(TestCaseError::fail(format!("{}: {d}", d.code.id))),
    }
}
