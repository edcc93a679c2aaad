// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the activity counts leave open, each as a factor with its interval.
//!
//! The simulator counts operations, not bits. How many bits an operation flips depends on
//! the data; these factors stand for that. docs/energy.md lists them for the reader.

use super::Band;

/// Share of the bits of a word that flip when it is replaced by an unrelated one: half for
/// uniform data. Sums of a layer lie near each other, so that their high bits seldom flip;
/// sign changes flip most bits.
pub(super) const REPLACED: Band = Band::new(0.45, 0.2, 0.6);

/// Transitions of a combinational net for each one that its register would show. Carry
/// chains and chains of adders settle in several steps.
pub(super) const GLITCH: Band = Band::new(1.5, 1.0, 3.0);

/// Weight of a net inside a logic cell (table output to its own register) against one that
/// is routed: it drives no wire.
pub(super) const UNROUTED: Band = Band::new(0.3, 0.1, 1.0);

/// Bits that flip when a counter, or an accumulator that a spike is added to, goes up by
/// one: 1 + 1/2 + 1/4 + … = 2. Exact over a long run, less where the top is not reached.
pub(super) const COUNT: Band = Band::new(2.0, 1.5, 2.0);

/// How often a sum of signed numbers changes its sign, which flips all bits above those of what
/// is added. Sums that stay near zero do so often, others never.
pub(super) const SIGN: Band = Band::new(0.1, 0.0, 0.5);

/// Nets that flip while one event is found in the bitmap of kept inputs (lowest one of 16
/// bits, its position, the address).
pub(super) const SCAN: Band = Band::new(24.0, 12.0, 60.0);

/// Registers outside the stages: serial line, framing, checksums, reset. 175 in the netlist of
/// a 784-128-10 network; a few depend on the number of inputs.
pub(super) const LINK_REGISTERS: Band = Band::new(175.0, 160.0, 200.0);

/// Flips outside the core for one byte on the serial line, beside the bit timer.
pub(super) const LINK_BYTE: Band = Band::new(150.0, 80.0, 400.0);

/// Flips of an accumulator of a level of `bits` bits: the level's own bits, and the carry
/// that runs out of them every other time, two bits far.
pub(super) fn add_level(bits: u32) -> Band {
    REPLACED * f64::from(bits) + Band::new(1.0, 0.0, 2.0)
}

/// The assumptions in words, for the report.
pub const ASSUMPTIONS: &[&str] = &[
    "core supply only: no I/O banks, oscillator, configuration flash or USB bridge",
    "a register costs its clock load in every cycle; nothing is clock-gated",
    "a word replaced by an unrelated one flips 20 to 60 % of its bits (45 %)",
    "combinational nets flip 1 to 3 times (1.5) as often as a register behind them would",
    "an accumulator that gains one flips 2 bits; one that gains a level, those of the level and its carry",
    "every bank of a memory is read at each access; weights and kept inputs are clocked when they are read, parameters in every cycle (on a processor when they are read)",
    "bands add end to end: all coefficients and assumptions at their worst together",
];
