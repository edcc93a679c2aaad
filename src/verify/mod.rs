// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same inputs through every level, and the comparison.
//!
//! interp (the semantics) = sim = RTL = netlist = unpacked bitstream: every spike and
//! every logit; for sim against RTL also the cycle of every input, weight read, timestep
//! and result byte. Executors run; what follows from what they give is decided in
//! [`compare()`] and [`Report::verdict`], which run nothing.

mod compare;
mod executor;
mod gate;
mod hls;
mod link;
mod maps;
mod mutate;
mod packed;
mod pair;
mod pll;
mod power_on;
mod report;
mod rtl;
#[cfg(test)]
pub(crate) mod tests;
mod trial;

pub use compare::{Difference, Scope, Tally, compare};
pub use executor::{Executor, InterpExecutor, Outcome, SimExecutor};
pub use gate::{GateExecutor, Level};
pub use hls::HlsExecutor;
pub use link::{
    Response, decode_response, encode_request, parse_result, result_bytes, result_length,
};
pub use mutate::{Mutation, Mutator};
pub use packed::{Packed, PackedFault, PackedReport, check_packed};
pub use pair::{BATCH, Comparison, Pair};
pub use power_on::Ready;
pub use report::{LineTime, Report};
pub use rtl::RtlExecutor;
pub use trial::MutationResult;
