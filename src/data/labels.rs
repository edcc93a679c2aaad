// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Labels in an array file.

use super::Values;
use super::array::Array;
use crate::diag::{Diagnostic, Result, codes};

/// The class of each of `count` inputs.
pub(super) fn classes(array: &Array, count: usize) -> Result<Vec<u32>> {
    let bad = |message: String| Diagnostic::new(&codes::INPUT_LABELS, message);
    if array.shape != [count] {
        let message = format!("labels of shape {:?} for {count} inputs", array.shape);
        return Err(bad(message).at("shape"));
    }
    match &array.values {
        Values::U8(v) => Ok(v.iter().map(|l| u32::from(*l)).collect()),
        Values::U16(v) => Ok(v.iter().map(|l| u32::from(*l)).collect()),
        Values::Real(v) => {
            let whole = |l: &f64| *l >= 0.0 && *l <= f64::from(u32::MAX) && l.fract() == 0.0;
            match v.iter().position(|l| !whole(l)) {
                None => Ok(v.iter().map(|l| *l as u32).collect()),
                Some(i) => Err(bad(format!("{} is no class", v[i])).at(format!("label {i}"))),
            }
        }
    }
}
