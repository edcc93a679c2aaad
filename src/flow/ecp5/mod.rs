// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is known of an ECP5 design after place and route: its routed netlist, which can be
//! simulated, and the memory contents that are in its bitstream.

mod contents;
pub(super) mod netlist;
pub(super) mod pll;

pub use contents::{Flipped, block_rams, flip};
