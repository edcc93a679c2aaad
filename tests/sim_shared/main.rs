// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The simulator of the shared mapping: values against plain loops, cycles against examples
//! worked by hand.
#![allow(clippy::unwrap_used, clippy::panic)]

mod activity;
#[path = "../common/mod.rs"]
mod common;
mod refused;
mod timing;
mod values;
mod worked;
