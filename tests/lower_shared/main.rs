// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Lowering to the shared mapping: what jobs compute is what the graph means.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod networks;
mod random;
