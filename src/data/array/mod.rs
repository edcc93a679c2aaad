// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Files of arrays: idx, npy, npz.

mod element;
pub(super) mod idx;
pub(super) mod npy;
pub(super) mod npz;
pub(super) mod zip;

use super::read::{Cursor, MAX_BYTES, bad, too_large};
use super::samples::stride;
use super::{Format, Samples, Values};
use crate::diag::{Diagnostic, Result, codes};
use element::Element;

/// An array in C order: the last index moves fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Extent of each dimension.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: Values,
}

/// Which dimension of an array counts the timesteps. The other one of the first two
/// counts the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeAxis {
    /// `[timestep][sample]…`, as snnTorch keeps them.
    First,
    /// `[sample][timestep]…`.
    Second,
}

/// Reads an array file; `member` names an array of an npz.
pub(super) fn parse(data: &[u8], format: Format, member: Option<&str>) -> Result<Array> {
    match format {
        Format::Idx => idx::parse(data),
        Format::Npy => npy::parse(data),
        _ => npz::parse(data, member),
    }
}

impl Array {
    /// The array as samples; without a time axis they are the same at every timestep.
    ///
    /// # Errors
    /// [`codes::INPUT_FORMAT`] if dimensions are missing or a sample has no element.
    pub fn into_samples(self, time: Option<TimeAxis>) -> Result<Samples> {
        let Self { shape, values } = self;
        let fixed = if time.is_some() { 2 } else { 1 };
        let Some((outer, inner)) = shape.split_at_checked(fixed) else {
            let message = format!("a shape of {shape:?} has no samples, or no timesteps");
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).at("shape"));
        };
        if outer.contains(&0) {
            let message = format!("there are no inputs in it: its shape is {shape:?}");
            return Err(Diagnostic::new(&codes::INPUT_FORMAT, message).at("shape"));
        }
        let steps = match time {
            None => None,
            Some(TimeAxis::First) => outer.first().copied(),
            Some(TimeAxis::Second) => outer.get(1).copied(),
        };
        let values = match (time, outer) {
            (Some(TimeAxis::First), [steps, samples]) => {
                let size = stride(inner, None)?;
                gather(&values, &[*samples, *steps, size], &[size, samples.saturating_mul(size), 1])
            }
            _ => values,
        };
        Samples::new(inner.to_vec(), steps, values)
    }
}

/// The bytes of all elements of `shape`, which are the rest of the file.
fn elements<'a>(cursor: &mut Cursor<'a>, shape: &[usize], element: Element) -> Result<&'a [u8]> {
    let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let length = count.and_then(|n| n.checked_mul(element.size())).filter(|n| *n <= MAX_BYTES);
    let Some(length) = length else {
        return Err(
            too_large(&format!("bytes of elements of shape {shape:?}"), MAX_BYTES).at("shape")
        );
    };
    let (at, found) = (cursor.at(), cursor.rest().len());
    if shape.is_empty() {
        return Err(bad(at, "a single number, without a dimension, is no set of inputs"));
    }
    if found != length {
        let message = format!("{shape:?} needs {length} bytes of elements, the file has {found}");
        return Err(bad(at, message));
    }
    cursor.take(length, "the elements")
}

/// The values of an array of `shape` in C order, index `i` of them at `Σ i·stride`.
fn gather(values: &Values, shape: &[usize], strides: &[usize]) -> Values {
    match values {
        Values::U8(v) => Values::U8(gather_from(v, shape, strides)),
        Values::U16(v) => Values::U16(gather_from(v, shape, strides)),
        Values::Real(v) => Values::Real(gather_from(v, shape, strides)),
    }
}

fn gather_from<T: Copy>(from: &[T], shape: &[usize], strides: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    let mut values = Vec::with_capacity(from.len());
    while let (Some(value), true) = (from.get(place), values.len() < from.len()) {
        values.push(*value);
        for ((i, extent), stride) in index.iter_mut().zip(shape).zip(strides).rev() {
            *i += 1;
            place += stride;
            if *i < *extent {
                break;
            }
            place -= *i * stride;
            *i = 0;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_may_be_the_first_or_the_second_index() {
        let array = |shape: &[usize]| Array {
            shape: shape.to_vec(),
            values: Values::U8((0..12).collect()),
        };
        let plain = array(&[2, 3, 2]).into_samples(None).unwrap();
        assert_eq!((plain.shape(), plain.timesteps(), plain.len()), (&[3, 2][..], None, 2));
        let second = array(&[2, 3, 2]).into_samples(Some(TimeAxis::Second)).unwrap();
        assert_eq!(second.values(), &Values::U8((0..12).collect()));
        let first = array(&[3, 2, 2]).into_samples(Some(TimeAxis::First)).unwrap();
        assert_eq!((first.shape(), first.timesteps(), first.len()), (&[2][..], Some(3), 2));
        assert_eq!(first.values(), &Values::U8(vec![0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]));
        assert!(array(&[12]).into_samples(Some(TimeAxis::First)).is_err());
        assert!(array(&[12, 0]).into_samples(None).is_err());
    }
}
