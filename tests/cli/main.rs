// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line from outside: what it prints, how it ends, what it leaves on the disk.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod artefacts;
mod bad_build;
mod bad_data;
mod bad_model;
mod bad_option;
mod bitstream;
mod board;
mod chunks;
mod clean;
mod clock;
mod commands;
mod convert;
mod core;
mod directory;
mod ecp5;
mod flash;
mod gowin;
mod hls;
mod hostile;
mod inputs;
mod json;
mod knobs;
mod loaded;
mod models;
mod objective;
mod output;
mod patch;
mod planes;
mod processor;
mod pynq;
mod repeat;
mod retry;
#[path = "../common/rounds.rs"]
mod rounds;
mod run;
mod standalone;
mod timings;
#[path = "../common/tools.rs"]
mod tools;
mod tradeoff;
mod verify;
mod without_tools;
mod xc7;
