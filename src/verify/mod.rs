// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same inputs through every level, and the comparison.
//!
//! interp (the semantics) = sim = RTL = netlist = unpacked bitstream: every spike and
//! every logit; for sim against RTL also the cycle of every input, weight read, timestep
//! and result byte.

mod compare;
mod executor;
mod gate;
mod link;
mod mutate;
mod rtl;

pub use compare::{Difference, Tally, compare};
pub use executor::{Executor, InterpExecutor, Outcome, SimExecutor};
pub use gate::{GateExecutor, Level};
pub use link::{NOT_LOADED, Response, decode_response, encode_load, encode_request};
pub use mutate::{Mutation, MutationResult, Mutator};
pub use rtl::RtlExecutor;
