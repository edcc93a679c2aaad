// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `synfire._native`: what the Python package asks of the compiler. Arrays and pictures come
//! from the library; whatever takes a directory or an external tool is a command, which the
//! package runs in a process of its own (`python/synfire/command.py`).
//!
//! Structures cross the border as JSON, numbers of inferences as arrays of NumPy.

mod command;
mod diagnostic;
mod model;
mod samples;
mod simulate;

/// The compiler, as `synfire` wraps it.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use super::command::run;
    #[pymodule_export]
    use super::model::Model;

    /// The version of the compiler.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
