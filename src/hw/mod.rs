// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The hardware as data: a chain of stages that hand each other streams.
//!
//! [`lower()`] turns an integer graph into a [`Design`] for a target; `sim` executes it
//! cycle by cycle, `emit` writes it as Verilog. docs/hardware.md describes the modules in
//! hdl/ that the stages stand for.

mod cost;
mod design;
mod explore;
mod fit;
mod fold;
mod knobs;
mod logic;
mod lower;
mod power_on;
pub mod shared;
mod stages;
#[cfg(test)]
mod tests;

pub use cost::{Estimate, Memory, MemoryKind, estimate};
pub use design::{
    DenseStage, Design, Input, LifStage, Place, PlanesStage, ReadoutStage, Stage, Train,
};
#[cfg(test)]
pub(crate) use explore::tests::wide;
pub use explore::{Folding, foldings};
pub use fit::lower_like;
pub use knobs::{Kept, Knobs, MAX_MEMBERS, Split};
pub use lower::{Mapping, Options, Stop, lower};
pub use power_on::PowerOn;
