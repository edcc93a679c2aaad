// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A data set of the format of scikit-learn's digits.

use std::path::Path;

use synfire::diag::{Diagnostic, Result};

pub(crate) fn internal(e: &dyn std::fmt::Display) -> Box<Diagnostic> {
    Diagnostic::internal("test", e.to_string())
}

/// Eight classes, each with its own bright row of 8 × 8 pixels, and noise.
pub(crate) fn digits(folder: &Path) -> Result<()> {
    let level = |i: usize, at: usize| if at / 8 == i % 8 { 16 } else { (i * 7 + at * at) % 9 };
    let line = |i: usize| {
        let levels: Vec<String> = (0..64).map(|at| level(i, at).to_string()).collect();
        format!("{},{}\n", levels.join(","), i % 8)
    };
    let text: String = (0..1797).map(line).collect();
    std::fs::write(folder.join("digits.csv"), text).map_err(|e| internal(&e))
}
