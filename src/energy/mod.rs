// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What an inference costs, as two figures that are never mixed.
//!
//! [`literature()`] counts operations and multiplies them by the 45 nm figures that papers on
//! spiking networks use, to compare with papers. [`device()`] multiplies what the simulator
//! saw the hardware do by the target's table and carries the table's uncertainty to the
//! result, at its worst and, by [`likely()`], as independent errors would leave it. docs/energy.md states the assumptions of both.

mod assume;
mod band;
#[cfg(test)]
mod by_hand;
mod device;
mod io;
mod likely;
#[cfg(test)]
mod likely_tests;
mod literature;
#[cfg(test)]
mod planes_by_hand;
mod registers;
mod report;
mod shared;
#[cfg(test)]
mod tests;
mod text;
mod work;

pub use assume::ASSUMPTIONS;
pub use band::Band;
pub use device::device;
pub use io::IoTiming;
pub use likely::{Likely, likely};
pub use literature::{
    CAVEATS, E_AC, E_MAC, Layer, LayerKind, Literature, SpikeCounter, Spikes, Variant, WidthAware,
    convention, literature,
};
pub use report::{
    Cause, CauseEnergy, Comparison, Figure, JobEnergy, Part, Phase, Report, StageEnergy,
};
