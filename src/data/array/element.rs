// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Element types of array files, and numbers from their bytes.

use half::f16;

use crate::data::Values;
use crate::diag::{Diagnostic, Result, codes};

/// Whole numbers beyond ±2^53 are not exact as `f64`.
const EXACT: i64 = 1 << 53;

/// Type of one number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Element {
    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// The numbers in `data`. Whole numbers become levels if none is negative or above
/// 65,535, real values otherwise.
///
/// # Errors
/// [`codes::INPUT_VALUE`] for NaN, infinity, a whole number that `f64` does not hold, or
/// a truth value other than 0 and 1.
pub(super) fn decode(data: &[u8], element: Element, big_endian: bool) -> Result<Values> {
    macro_rules! words {
        ($type:ty) => {
            data.as_chunks::<{ size_of::<$type>() }>().0.iter().map(|w| {
                if big_endian { <$type>::from_be_bytes(*w) } else { <$type>::from_le_bytes(*w) }
            })
        };
    }
    match element {
        Element::U8 => Ok(Values::U8(data.to_vec())),
        Element::Bool => match data.iter().position(|b| *b > 1) {
            Some(at) => Err(bad(at, &format!("{} for a truth value", data[at]))),
            None => Ok(Values::U8(data.to_vec())),
        },
        Element::I8 => whole(words!(i8).map(i64::from)),
        Element::U16 => whole(words!(u16).map(i64::from)),
        Element::I16 => whole(words!(i16).map(i64::from)),
        Element::U32 => whole(words!(u32).map(i64::from)),
        Element::I32 => whole(words!(i32).map(i64::from)),
        Element::U64 => whole(words!(u64).map(|v| i64::try_from(v).unwrap_or(i64::MAX))),
        Element::I64 => whole(words!(i64)),
        Element::F16 => real(words!(f16).map(f64::from)),
        Element::F32 => real(words!(f32).map(f64::from)),
        Element::F64 => real(words!(f64)),
    }
}

fn bad(at: usize, what: &str) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_VALUE, format!("the file has {what}"))
        .at(format!("value {at} (counted from 0 in the file's order)"))
}

fn whole(values: impl ExactSizeIterator<Item = i64> + Clone) -> Result<Values> {
    let (low, high) = values.clone().fold((0, 0), |(l, h), v| (v.min(l), v.max(h)));
    if low < -EXACT || high > EXACT {
        let at = values.clone().position(|v| !(-EXACT..=EXACT).contains(&v)).unwrap_or(0);
        return Err(bad(at, "a whole number beyond ±2^53, which is not kept exactly"));
    }
    Ok(match (low, high) {
        (0, ..=0xff) => Values::U8(values.map(|v| v as u8).collect()),
        (0, ..=0xffff) => Values::U16(values.map(|v| v as u16).collect()),
        _ => Values::Real(values.map(|v| v as f64).collect()),
    })
}

fn real(values: impl ExactSizeIterator<Item = f64>) -> Result<Values> {
    let values: Vec<f64> = values.collect();
    match values.iter().position(|v| !v.is_finite()) {
        Some(at) => Err(bad(at, &format!("{}, not a finite number,", values[at]))),
        None => Ok(Values::Real(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_take_the_smallest_type() {
        let of = |v: i32| decode(&v.to_be_bytes(), Element::I32, true).unwrap();
        assert_eq!(of(255), Values::U8(vec![255]));
        assert_eq!(of(256), Values::U16(vec![256]));
        assert_eq!(of(65_536), Values::Real(vec![65_536.0]));
        assert_eq!(of(-1), Values::Real(vec![-1.0]));
        assert_eq!(decode(&[], Element::I64, false).unwrap(), Values::U8(vec![]));
        let half = decode(&[0x00, 0x38], Element::F16, false).unwrap();
        assert_eq!(half, Values::Real(vec![0.5]));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_place() {
        let long = |v: i64| [0i64.to_le_bytes(), v.to_le_bytes()].concat();
        for (bytes, element) in [
            (long(EXACT + 1), Element::I64),
            (long(-EXACT - 1), Element::I64),
            (long(-1), Element::U64),
            (long(f64::NAN.to_bits() as i64), Element::F64),
            (long(f64::NEG_INFINITY.to_bits() as i64), Element::F64),
            (vec![1, 2], Element::Bool),
        ] {
            let error = decode(&bytes, element, false).unwrap_err();
            assert_eq!(error.code.id, "SF0012");
            assert!(error.location.path.unwrap().starts_with("value 1 "));
        }
        assert!(decode(&long(EXACT), Element::I64, false).is_ok());
    }
}
