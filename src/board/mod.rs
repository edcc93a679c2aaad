// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Boards: the host that talks to one over a serial port, and one that is simulated.
//!
//! [`Host`] follows the procedure of docs/host-link.md on any [`Line`]. [`SimulatedBoard`] answers
//! as the hardware does, with what [`sim`](crate::sim) computes; [`Faults`] damage what passes
//! between the two.

mod executor;
mod faults;
mod host;
mod port;
mod serve;
mod simulated;
#[cfg(test)]
mod tests;

pub use executor::BoardExecutor;
pub use faults::{Fault, Faults, Kind, On};
pub use host::{Host, Line, Speed, Talk};
pub use port::{Port, Terminal};
pub use serve::{Reply, Served};
pub use simulated::SimulatedBoard;
