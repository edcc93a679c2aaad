// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The command line inside the module: `synfire` needs no second copy of the compiler.

use std::ffi::OsString;

use pyo3::prelude::*;
use synfire::cli::run as command_line;

/// Runs a command line, the program's name first, and returns its exit code. For a process that
/// does nothing else: it takes over Ctrl-C.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, args: Vec<OsString>) -> u8 {
    py.detach(|| command_line(args))
}
