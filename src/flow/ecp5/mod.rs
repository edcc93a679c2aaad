// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is known of an ECP5 design after place and route: its routed netlist, which can be
//! simulated, and the memory contents that are in its bitstream.

mod contents;
mod netlist;
mod pll;

pub use contents::{Flipped, Words, block_rams, flip};
pub use netlist::{BlockRam, Netlist};
