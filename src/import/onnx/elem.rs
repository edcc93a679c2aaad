// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Element types.

use half::{bf16, f16};

use super::proto::tensor_proto::DataType;

/// The element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Elem {
    F16,
    Bf16,
    F32,
    F64,
    I2,
    I4,
    I8,
    I16,
    I32,
    I64,
    U2,
    U4,
    U8,
    U16,
    U32,
    U64,
    Bool,
}

impl Elem {
    /// The type with this number in `TensorProto.DataType`; none for strings, complex
    /// numbers and the floats of 8 bits and less.
    pub(super) fn from_onnx(number: i32) -> Option<Self> {
        Some(match DataType::try_from(number).ok()? {
            DataType::Float16 => Self::F16,
            DataType::Bfloat16 => Self::Bf16,
            DataType::Float => Self::F32,
            DataType::Double => Self::F64,
            DataType::Int2 => Self::I2,
            DataType::Int4 => Self::I4,
            DataType::Int8 => Self::I8,
            DataType::Int16 => Self::I16,
            DataType::Int32 => Self::I32,
            DataType::Int64 => Self::I64,
            DataType::Uint2 => Self::U2,
            DataType::Uint4 => Self::U4,
            DataType::Uint8 => Self::U8,
            DataType::Uint16 => Self::U16,
            DataType::Uint32 => Self::U32,
            DataType::Uint64 => Self::U64,
            DataType::Bool => Self::Bool,
            _ => return None,
        })
    }

    /// Sums and products of levels may leave the range, and wrap around.
    pub(super) fn wraps(self) -> bool {
        !self.is_float() && !matches!(self, Self::I32 | Self::I64)
    }

    /// The name ONNX gives to the type with this number.
    pub(super) fn onnx_name(number: i32) -> String {
        DataType::try_from(number)
            .map_or_else(|_| format!("type {number}"), |d| d.as_str_name().to_owned())
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// Width in bits.
    pub(super) fn bits(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 8,
            Self::I2 | Self::U2 => 2,
            Self::I4 | Self::U4 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 16,
            Self::F32 | Self::I32 | Self::U32 => 32,
            Self::F64 | Self::I64 | Self::U64 => 64,
        }
    }

    /// True if every value of `self`, an integer or boolean type, is one of `to`, too.
    pub(super) fn is_exact_in(self, to: Self) -> bool {
        let mantissa = match to {
            Self::Bf16 => 8,
            Self::F16 => 11,
            Self::F32 => 24,
            Self::F64 => 53,
            _ => return self == to,
        };
        self == Self::Bool || (!self.is_float() && self.bits() <= mantissa) || self == to
    }

    /// The nearest value of a float type. One operation on values of f32 and below in
    /// f64, rounded once, gives what the operation in the type itself gives.
    pub(super) fn round(self, x: f64) -> f64 {
        match self {
            Self::F16 => f16::from_f64(x).to_f64(),
            Self::Bf16 => bf16::from_f64(x).to_f64(),
            #[allow(clippy::cast_possible_truncation)]
            Self::F32 => f64::from(x as f32),
            _ => x,
        }
    }

    /// Wraps an integer into the type, as C casts do.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) fn wrap(self, x: i64) -> i64 {
        match self {
            Self::Bool => i64::from(x != 0),
            Self::I2 => x << 62 >> 62,
            Self::U2 => x & 3,
            Self::I4 => x << 60 >> 60,
            Self::U4 => x & 15,
            Self::I8 => i64::from(x as i8),
            Self::I16 => i64::from(x as i16),
            Self::I32 => i64::from(x as i32),
            Self::U8 => i64::from(x as u8),
            Self::U16 => i64::from(x as u16),
            Self::U32 => i64::from(x as u32),
            _ => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Elem;

    #[test]
    fn integers_wrap_like_casts() {
        for (elem, x, want) in [
            (Elem::I8, 200, -56),
            (Elem::U8, -1, 255),
            (Elem::I4, 9, -7),
            (Elem::U4, 17, 1),
            (Elem::I2, 2, -2),
            (Elem::U2, 6, 2),
            (Elem::I32, 1 << 31, -(1 << 31)),
            (Elem::Bool, -5, 1),
        ] {
            assert_eq!(elem.wrap(x), want, "{elem:?}");
        }
    }

    #[test]
    fn exact_casts_lose_no_value() {
        assert!(Elem::U8.is_exact_in(Elem::F16) && Elem::U16.is_exact_in(Elem::F32));
        assert!(Elem::Bool.is_exact_in(Elem::Bf16) && Elem::U8.is_exact_in(Elem::Bf16));
        assert!(!Elem::U16.is_exact_in(Elem::F16) && !Elem::I32.is_exact_in(Elem::F32));
        assert!(!Elem::F32.is_exact_in(Elem::F16) && !Elem::U8.is_exact_in(Elem::Bool));
    }
}
