// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is known of a design for a Gowin device after place and route: its routed netlist, which
//! can be simulated, and the memory contents that are in its bitstream.

mod contents;
pub(super) mod netlist;

pub use contents::{Flipped, block_rams, flip};
