// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the activity counts leave open, each as a factor with its interval.
//!
//! The simulator counts operations, not bits. How many bits an operation flips depends on
//! the data; these factors stand for that. docs/energy.md lists them for the reader.

use super::Band;

/// The factors. [`STATED`] has their intervals; a draw (`likely.rs`) has one exact number of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Assume {
    /// Share of the bits of a word that flip when it is replaced by an unrelated one: half for
    /// uniform data. Sums of a layer lie near each other, so that their high bits seldom flip;
    /// sign changes flip most bits.
    pub(super) replaced: Band,
    /// Transitions of a combinational net for each one that its register would show. Carry
    /// chains and chains of adders settle in several steps.
    pub(super) glitch: Band,
    /// Weight of a net inside a logic cell (table output to its own register) against one that
    /// is routed: it drives no wire.
    pub(super) unrouted: Band,
    /// Bits that flip when a counter, or an accumulator that a spike is added to, goes up by
    /// one: 1 + 1/2 + 1/4 + … = 2. Exact over a long run, less where the top is not reached.
    pub(super) counted: Band,
    /// Bits that the carry out of an added level flips: it runs out every other time, two bits
    /// far.
    pub(super) carried: Band,
    /// How often a sum of signed numbers changes its sign, which flips all bits above those of
    /// what is added. Sums that stay near zero do so often, others never.
    pub(super) sign_changes: Band,
    /// Nets that flip while one event is found in the bitmap of kept inputs (lowest one of 16
    /// bits, its position, the address).
    pub(super) scan: Band,
    /// Cycles of a scan, beside one a word, in which the bitmap costs as much as a new word: one
    /// an event at most. It is enabled and repeats its address.
    pub(super) scanned: Band,
    /// Registers outside the stages: serial line, framing, checksums, reset. 175 in the netlist
    /// of a 784-128-10 network; a few depend on the number of inputs.
    pub(super) link_registers: Band,
    /// Flips outside the core for one byte on the serial line, beside the bit timer.
    pub(super) link_byte: Band,
}

/// What is assumed.
pub(super) const STATED: Assume = Assume {
    replaced: Band::new(0.45, 0.2, 0.6),
    glitch: Band::new(1.5, 1.0, 3.0),
    unrouted: Band::new(0.3, 0.1, 1.0),
    counted: Band::new(2.0, 1.5, 2.0),
    carried: Band::new(1.0, 0.0, 2.0),
    sign_changes: Band::new(0.1, 0.0, 0.5),
    scan: Band::new(24.0, 12.0, 60.0),
    scanned: Band::new(0.0, 0.0, 1.0),
    link_registers: Band::new(175.0, 160.0, 200.0),
    link_byte: Band::new(150.0, 80.0, 400.0),
};

impl Assume {
    /// Flips of an accumulator of a level of `bits` bits: the level's own bits, and the carry.
    pub(super) fn add_level(&self, bits: u32) -> Band {
        self.replaced * f64::from(bits) + self.carried
    }

    /// The same with each factor put through `of`, in the order of the fields.
    pub(super) fn map(&self, mut of: impl FnMut(Band) -> Band) -> Self {
        Self {
            replaced: of(self.replaced),
            glitch: of(self.glitch),
            unrouted: of(self.unrouted),
            counted: of(self.counted),
            carried: of(self.carried),
            sign_changes: of(self.sign_changes),
            scan: of(self.scan),
            scanned: of(self.scanned),
            link_registers: of(self.link_registers),
            link_byte: of(self.link_byte),
        }
    }
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
    "draws take each coefficient and each assumption once, independent of the others, as often below its value as above",
];
