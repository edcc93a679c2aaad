// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Diagnostics as exceptions, by the JSON that the command line prints, too.

use pyo3::prelude::*;
use synfire::diag::Diagnostic;

/// The exception `synfire.Diagnostic`; or what kept it from being made.
pub(crate) fn raise(py: Python<'_>, diagnostic: &Diagnostic) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let text = json(py, diagnostic)?;
        let class = py.import("synfire.diagnostic")?.getattr("Diagnostic")?;
        Ok(PyErr::from_value(class.call_method1("from_json", (text,))?))
    };
    made().unwrap_or_else(|e| e)
}

/// A value of the library for Python.
pub(crate) fn json(py: Python<'_>, value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value)
        .map_err(|e| raise(py, &Diagnostic::internal("python", e.to_string())))
}
