// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The shared mapping as files: sf_core.v with the numbers of its jobs, and the memories.

mod contents;
mod core;
mod fields;
mod line;
#[cfg(test)]
mod line_tests;
mod numbers;
#[cfg(test)]
mod tests;

use super::{File, RTL_DIR, WEIGHTS};
use crate::diag::Result;
use crate::hw::shared::Shared;
use crate::hw::{Design, Place};
pub(super) use contents::{load_image, row_of, sums};
pub(super) use numbers::frame;

/// Files of the memories, as the template names them.
const GAINS: &str = "gains.hex";
const NEURONS: &str = "neurons.hex";
const READOUT: &str = "readout.hex";
const WORDS: &str = "weights.hex";

/// Those whose contents lie in block RAM, with their purpose.
pub(super) fn in_blocks(shared: &Shared) -> Vec<(String, String)> {
    if shared.is_line() {
        return line::in_blocks(shared);
    }
    let all = [
        (GAINS, "gains", true),
        (NEURONS, "neurons", true),
        (READOUT, "readout", shared.readout.block),
        (WORDS, "weights", shared.weights == Place::BlockRam),
    ];
    let block = all.into_iter().filter(|(.., block)| *block);
    block.map(|(file, what, _)| (file.to_owned(), what.to_owned())).collect()
}

/// Every file of the core.
pub(super) fn files(design: &Design, shared: &Shared) -> Result<Vec<File>> {
    if shared.is_line() {
        return line::files(design, shared);
    }
    let rtl = |name: &str, text: String| File::new(format!("{RTL_DIR}/{name}"), text);
    let mut files = vec![
        core::render(design, shared)?,
        rtl(GAINS, contents::gains(shared)),
        rtl(NEURONS, contents::neurons(shared)),
        rtl(READOUT, super::memory::gains(&shared.readout)),
    ];
    if shared.weights == Place::Spram {
        files.push(File::new(WEIGHTS, load_image(shared)));
    } else {
        files.push(rtl(WORDS, contents::weights(shared)));
    }
    Ok(files)
}

/// Bits of an unsigned number up to `largest`; at least 1.
fn bits(largest: u32) -> u32 {
    (u32::BITS - largest.leading_zeros()).max(1)
}

/// Bits of a two's-complement number, sign included.
fn signed_bits(v: i64) -> u32 {
    let magnitude = if v < 0 { !v } else { v };
    u64::BITS - magnitude.leading_zeros() + 1
}
