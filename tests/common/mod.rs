// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What several integration tests share: random networks and slow, plain executors.
#![allow(dead_code, unreachable_pub, reason = "no test uses everything")]

pub mod corners;
pub mod dense;
pub mod dyadic;
pub mod graphs;
pub mod integers;
pub mod naive;
pub mod net;
pub mod reference;
pub mod rng;
pub mod rounding;
pub mod shared;
pub mod shared_naive;

use std::path::Path;

use synfire::ir::{Graph, Op};
use synfire::target::{self, Target};

/// True if every neuron sees its input as it is, which hardware needs.
pub fn sees_input(graph: &Graph) -> bool {
    let plain = |op: &Op| !matches!(op, Op::FixedLif(l) if l.sign.iter().any(|s| *s != 1));
    graph.order().unwrap().into_iter().all(|id| plain(&graph.node(id).op))
}

/// A made-up target in which every small network fits with any number of lanes.
pub fn big_target() -> Target {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/big.toml");
    target::load(path.to_str().unwrap()).unwrap()
}
