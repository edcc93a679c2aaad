// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values must fit into the widths that the design declares: registers wrap, this simulator
//! does not.

use crate::diag::{Diagnostic, Result};

/// The bits that some values need.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Width(u64);

impl Width {
    /// Takes note of a value.
    pub(super) fn note(&mut self, value: i64) {
        self.0 |= (value ^ (value >> 63)) as u64;
    }

    /// Width of the widest value so far, sign included.
    fn bits(self) -> u32 {
        u64::BITS - self.0.leading_zeros() + 1
    }

    /// All values fit into `bits` bits.
    pub(super) fn check(self, bits: u32, job: &str, what: &str) -> Result<()> {
        if self.bits() <= bits {
            return Ok(());
        }
        let message = format!("{job}: {what} takes {} bits, not {bits}", self.bits());
        Err(Diagnostic::internal("sim", message))
    }
}
