// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What several integration tests share: random networks and slow, plain executors.
#![allow(dead_code, unreachable_pub, reason = "no test uses everything")]

pub mod graphs;
pub mod naive;
pub mod net;
pub mod reference;
pub mod rng;

use std::path::Path;

use synfire::target::{self, Target};

/// A made-up target in which every small network fits with any number of lanes.
pub fn big_target() -> Target {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/big.toml");
    target::load(path.to_str().unwrap()).unwrap()
}
