// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The maths of networks, losses and rules: against fixtures of an implementation in
//! PyTorch (../fixtures/make.py), against finite differences, and against each other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod binary;
mod differences;
mod ensemble;
mod fixture;
mod held;
mod lif;
mod losses;
mod nets;
mod networks;
mod rate;
mod rules;
mod sltt;
mod support;
mod time;
