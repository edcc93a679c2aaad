// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Faults that a design can express: `sim` then says what faulty hardware must do.

use super::{chain, processor};
use crate::hw::Design;

/// A design with one fault.
pub(super) struct Change {
    pub(super) design: Design,
    /// The fault, in words.
    pub(super) fault: String,
}

/// Changes of one kind, the likeliest to show first.
pub(super) type Changes<'a> = Box<dyn Iterator<Item = Change> + 'a>;

/// Channels of a layer whose weights are tried, and whose numbers are.
pub(super) const CHANNELS: usize = 64;
const NUMBERS: usize = 16;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One weight.
    Weight,
    /// One weight that the host loads.
    Loaded,
    /// One bit of a threshold.
    Threshold,
    /// One bit of a gain.
    Gain,
    /// What settles the class.
    Margin,
    /// The address from which a map is read.
    Address,
    /// The channel of an added map.
    Alignment,
    /// The first row of the windows.
    Row,
}

impl Kind {
    /// Is only the contents of a memory another one, and not the Verilog?
    pub(super) fn in_memory(self) -> bool {
        !matches!(self, Self::Address | Self::Alignment | Self::Row)
    }
}

/// The changes of a kind; a chain has no maps.
pub(super) fn changes(design: &Design, kind: Kind) -> Changes<'_> {
    let Some(shared) = &design.shared else {
        return match kind {
            Kind::Weight => chain::weights(design, false),
            Kind::Loaded => chain::weights(design, true),
            Kind::Threshold => chain::thresholds(design),
            Kind::Gain => chain::gains(design),
            Kind::Margin => chain::margins(design),
            Kind::Address | Kind::Alignment | Kind::Row => Box::new(std::iter::empty()),
        };
    };
    match kind {
        // Each map of a line has a memory of its own, with nothing beside it.
        Kind::Address | Kind::Alignment if shared.is_line() => Box::new(std::iter::empty()),
        Kind::Weight => processor::weights(design, shared, false),
        Kind::Loaded => processor::weights(design, shared, true),
        Kind::Threshold => processor::thresholds(design, shared),
        Kind::Gain => processor::gains(design, shared),
        Kind::Margin => Box::new(std::iter::empty()),
        Kind::Address => processor::addresses(design, shared),
        Kind::Alignment => processor::alignments(design, shared),
        Kind::Row => processor::rows(design, shared),
    }
}

/// Bits of the magnitude of the largest number.
pub(super) fn width(values: &[i64]) -> u32 {
    values.iter().map(|v| u64::BITS - v.unsigned_abs().leading_zeros()).max().unwrap_or(0)
}

/// (bit, number): the upper half of the bits, of the first numbers.
pub(super) fn flips(bits: u32, numbers: usize) -> impl Iterator<Item = (u32, usize)> {
    (bits / 2..bits).flat_map(move |bit| (0..numbers.min(NUMBERS)).map(move |k| (bit, k)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_in_memories_and_addresses_in_the_verilog() {
        let memory = [Kind::Weight, Kind::Loaded, Kind::Threshold, Kind::Gain, Kind::Margin];
        assert!(memory.into_iter().all(Kind::in_memory));
        assert!(![Kind::Address, Kind::Alignment, Kind::Row].into_iter().any(Kind::in_memory));
    }

    #[test]
    fn the_upper_half_of_the_largest_numbers_bits_is_tried() {
        assert_eq!([width(&[]), width(&[0]), width(&[1, -9, 7])], [0, 0, 4]);
        assert_eq!(flips(3, 2).collect::<Vec<_>>(), [(1, 0), (1, 1), (2, 0), (2, 1)]);
        assert_eq!(flips(1, 20).count(), NUMBERS);
    }
}
