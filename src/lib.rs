// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synfire compiles trained binary-weight spiking networks into verified hardware.

pub mod board;
pub mod cli;
pub mod data;
pub mod diag;
pub mod emit;
pub mod energy;
pub mod export;
pub mod flow;
pub mod hw;
pub mod import;
pub mod interp;
pub mod ir;
pub mod pass;
pub mod report;
pub mod sim;
pub mod target;
pub mod tune;
pub mod vector;
pub mod verify;
