// SPDX-License-Identifier: Apache-2.0 OR MIT
//! State machines with one transition put wrong.

use crate::hw::Design;

/// The transitions that are broken. Of a chain and of a processor: a group's results are taken a
/// cycle too early. Of a line: a row is read before it is complete; the last one is not, or jobs were
/// still at work when the next inference begins.
pub(super) const TRANSITIONS: [(&str, &str, &str); 3] = [
    ("sf_dense.v", "(flush_q == 2'd2) & (drain_q", "(flush_q != 2'd0) & (drain_q"),
    ("sf_emit.v", "wait_q & (flush_q == 2'd2) &", "wait_q & (flush_q != 2'd0) &"),
    (
        "sf_rows.v",
        "assign hold_o = have_q < need_q;",
        "assign hold_o = more ? have_q + 1'b1 < need_q : have_q < need_q;",
    ),
];

/// That of a design.
pub(super) fn of(design: &Design) -> (&'static str, &'static str, &'static str) {
    TRANSITIONS[match &design.shared {
        None => 0,
        Some(shared) if !shared.is_line() => 1,
        Some(_) => 2,
    }]
}
