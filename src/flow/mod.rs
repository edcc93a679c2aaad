// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Drives the external tools and reads their reports.
//!
//! Nothing in here knows about networks: it takes Verilog files and gives back a
//! netlist, a placed design, a bitstream, the bitstream turned back into Verilog, or
//! a simulator. A tool that is absent is a [`TOOL_MISSING`](crate::diag::codes::TOOL_MISSING)
//! with how to get it, one that fails a [`TOOL_FAILED`](crate::diag::codes::TOOL_FAILED)
//! with its last lines and the path of its log. Steps run in a directory that the caller
//! names, and leave no output there when they fail.

pub mod blocks;
pub mod catalog;
pub mod csim;
pub mod ecp5;
pub mod family;
pub mod formal;
pub mod gowin;
mod guard;
pub mod icestorm;
mod kept;
pub mod nextpnr;
pub mod pack;
pub mod pll;
pub mod process;
pub mod program;
pub mod ram;
pub mod routed;
mod runtime;
mod search;
pub mod seeds;
pub mod spram;
pub mod tools;
pub mod verilator;
pub mod version;
pub mod vivado;
pub mod xc7;
pub mod yosys;

pub use catalog::Tool;
pub use tools::{Found, ToolStatus, Toolbox, report};
