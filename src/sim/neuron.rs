// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The equations of a neuron (docs/hardware.md, Neurons), the same in every mapping.

use crate::ir::{Compare, Reset};

/// Does a membrane of `u` fire?
pub(super) fn fires(compare: Compare, u: i64, theta: i64) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    }
}

/// What the reset leaves of a membrane before it leaks; of a delayed one nothing is taken yet.
pub(super) fn left(reset: Reset, u: i64, theta: i64, fires: bool) -> i64 {
    match reset {
        Reset::Soft if fires => u - theta,
        Reset::Hard if fires => 0,
        _ => u,
    }
}

/// The membrane after reset and leak `num` / 2^`shift`: what the next timestep adds to.
pub(super) fn after(
    reset: Reset,
    u: i64,
    theta: i64,
    fires: bool,
    (num, shift): (u32, u32),
) -> i64 {
    let leaked = (left(reset, u, theta, fires) * i64::from(num)) >> shift;
    if fires && reset == Reset::SoftDelayed { leaked - theta } else { leaked }
}
