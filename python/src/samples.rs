// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Arrays of NumPy as samples.

use numpy::{PyArrayDyn, PyArrayMethods as _, PyUntypedArrayMethods as _};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use synfire::data::{Samples, Values};

use crate::diagnostic::raise;

/// Samples of an array `[sample, …]`, or `[sample, timestep, …]` if `has_time`. They are copied
/// once, so that nobody changes them while the interpreter's lock is released.
pub(crate) fn samples(array: &Bound<'_, PyAny>, has_time: bool) -> PyResult<Samples> {
    let (values, shape) = if let Ok(a) = array.cast::<PyArrayDyn<u8>>() {
        (Values::U8(a.try_readonly()?.as_slice()?.to_vec()), a.shape())
    } else if let Ok(a) = array.cast::<PyArrayDyn<u16>>() {
        (Values::U16(a.try_readonly()?.as_slice()?.to_vec()), a.shape())
    } else if let Ok(a) = array.cast::<PyArrayDyn<f64>>() {
        (Values::Real(a.try_readonly()?.as_slice()?.to_vec()), a.shape())
    } else {
        return Err(PyTypeError::new_err("an array of uint8, uint16 or float64 is needed"));
    };
    let one = shape.get(1..).unwrap_or_default();
    let (timesteps, one) = match one.split_first() {
        Some((timesteps, rest)) if has_time => (Some(*timesteps), rest),
        _ => (None, one),
    };
    Samples::new(one.to_vec(), timesteps, values).map_err(|d| raise(array.py(), &d))
}
