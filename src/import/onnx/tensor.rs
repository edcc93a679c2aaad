// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Constant tensors and their decoding.

use super::elem::Elem;
use super::proto::TensorProto;
use super::proto::tensor_proto::DataLocation;
use crate::diag::{Diagnostic, Result, codes};
use half::{bf16, f16};

/// Element type and shape of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) elem: Elem,
    pub(super) shape: Vec<usize>,
}

impl Info {
    /// Number of elements, if it can be counted.
    pub(super) fn len(&self) -> Option<usize> {
        count(&self.shape)
    }
}

/// Number of elements of a shape; none if that overflows. Where there is a number, the
/// product of any of the extents can be computed, too.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    let nonzero = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d.max(1)))?;
    Some(if shape.contains(&0) { 0 } else { nonzero })
}

/// Elements, row-major. Floats of every width are kept as f64, which holds them exactly,
/// and integers and booleans as i64; the operators round and wrap to the element type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Real(Vec<f64>),
    Int(Vec<i64>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) info: Info,
    pub(super) data: Data,
}

impl Tensor {
    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Real(v) => v.len(),
            Data::Int(v) => v.len(),
        }
    }

    /// The elements as integers; none for floats.
    pub(super) fn ints(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Int(v) => Some(v),
            Data::Real(_) => None,
        }
    }

    /// Element `i` as a real number; NaN beyond the end.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn real(&self, i: usize) -> f64 {
        match &self.data {
            Data::Real(v) => v.get(i).copied().unwrap_or(f64::NAN),
            Data::Int(v) => v.get(i).map_or(f64::NAN, |&x| x as f64),
        }
    }

    /// The elements as real numbers.
    pub(super) fn reals(&self) -> impl Iterator<Item = f64> {
        (0..self.len()).map(|i| self.real(i))
    }

    /// The value of all elements, if they are all the same; NaN counts as a value.
    pub(super) fn splat(&self) -> Option<f64> {
        let first = self.real(0);
        (self.len() > 0 && self.reals().all(|x| is_same(x, first))).then_some(first)
    }

    /// Reads a tensor of the file.
    ///
    /// # Errors
    /// [`codes::ONNX_TENSOR`], [`codes::ONNX_EXTERNAL`]; located at the tensor's name.
    pub(super) fn decode(proto: &TensorProto) -> Result<Self> {
        decode(proto).map_err(|d| d.at(format!("tensor {}", proto.name())))
    }
}

/// Equality in which NaN equals itself.
pub(super) fn is_same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

fn bad(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::ONNX_TENSOR, message)
}

fn decode(t: &TensorProto) -> Result<Tensor> {
    if t.data_location() == DataLocation::External || !t.external_data.is_empty() {
        return Err(Diagnostic::new(&codes::ONNX_EXTERNAL, "its data are in another file")
            .help("export with `external_data=False`, or save with `onnx.save(model, path)` after `onnx.load(path)`"));
    }
    let elem = Elem::from_onnx(t.data_type()).ok_or_else(|| {
        bad(format!("elements of type {} cannot be read", Elem::onnx_name(t.data_type())))
    })?;
    let mut shape = Vec::with_capacity(t.dims.len());
    for &d in &t.dims {
        shape.push(usize::try_from(d).map_err(|_| bad(format!("an extent of {d}")))?);
    }
    let len = count(&shape).ok_or_else(|| bad(format!("a shape of {shape:?}")))?;
    let data = match &t.raw_data {
        Some(raw) => from_raw(elem, raw, len)?,
        None => from_fields(elem, t, len)?,
    };
    Ok(Tensor { info: Info { elem, shape }, data })
}

/// `found` items that must be as many as the shape says.
fn expect(what: &str, found: usize, want: Option<usize>) -> Result<()> {
    match want {
        Some(want) if want == found => Ok(()),
        Some(want) => Err(bad(format!("its shape needs {want} {what}, but it has {found}"))),
        None => Err(bad("its shape is larger than any file")),
    }
}

fn int(x: u64) -> Result<i64> {
    i64::try_from(x).map_err(|_| bad(format!("the integer {x} is above 2^63")))
}

/// Two or four values a byte, the first in the lowest bits.
fn packed(elem: Elem, bytes: impl Iterator<Item = u8>, len: usize) -> Data {
    let bits = elem.bits();
    let parts = bytes.flat_map(|b| (0..8 / bits).map(move |i| b >> (i * bits)));
    Data::Int(parts.take(len).map(|n| elem.wrap(i64::from(n))).collect())
}

fn from_raw(elem: Elem, raw: &[u8], len: usize) -> Result<Data> {
    expect("bytes", raw.len(), len.checked_mul(elem.bits()).map(|bits| bits.div_ceil(8)))?;
    fn items<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
        raw.as_chunks::<N>().0.iter().copied()
    }
    Ok(match elem {
        Elem::F16 => Data::Real(items(raw).map(|b| f16::from_le_bytes(b).to_f64()).collect()),
        Elem::Bf16 => Data::Real(items(raw).map(|b| bf16::from_le_bytes(b).to_f64()).collect()),
        Elem::F32 => Data::Real(items(raw).map(|b| f32::from_le_bytes(b).into()).collect()),
        Elem::F64 => Data::Real(items(raw).map(f64::from_le_bytes).collect()),
        Elem::I2 | Elem::U2 | Elem::I4 | Elem::U4 => packed(elem, raw.iter().copied(), len),
        Elem::Bool => Data::Int(raw.iter().map(|&b| i64::from(b != 0)).collect()),
        Elem::I8 => Data::Int(items(raw).map(|b| i8::from_le_bytes(b).into()).collect()),
        Elem::U8 => Data::Int(raw.iter().map(|&b| b.into()).collect()),
        Elem::I16 => Data::Int(items(raw).map(|b| i16::from_le_bytes(b).into()).collect()),
        Elem::U16 => Data::Int(items(raw).map(|b| u16::from_le_bytes(b).into()).collect()),
        Elem::I32 => Data::Int(items(raw).map(|b| i32::from_le_bytes(b).into()).collect()),
        Elem::U32 => Data::Int(items(raw).map(|b| u32::from_le_bytes(b).into()).collect()),
        Elem::I64 => Data::Int(items(raw).map(i64::from_le_bytes).collect()),
        Elem::U64 => {
            Data::Int(items(raw).map(|b| int(u64::from_le_bytes(b))).collect::<Result<_>>()?)
        }
    })
}

/// The typed fields, each of which serves several types (onnx.proto, TensorProto).
fn from_fields(elem: Elem, t: &TensorProto, len: usize) -> Result<Data> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let half_bits = |x: &i32| *x as u16;
    match elem {
        Elem::F32 => {
            expect("values", t.float_data.len(), Some(len))?;
            Ok(Data::Real(t.float_data.iter().map(|&x| x.into()).collect()))
        }
        Elem::F64 => {
            expect("values", t.double_data.len(), Some(len))?;
            Ok(Data::Real(t.double_data.clone()))
        }
        Elem::I64 => {
            expect("values", t.int64_data.len(), Some(len))?;
            Ok(Data::Int(t.int64_data.clone()))
        }
        Elem::U32 | Elem::U64 => {
            expect("values", t.uint64_data.len(), Some(len))?;
            Ok(Data::Int(t.uint64_data.iter().map(|&x| int(x)).collect::<Result<_>>()?))
        }
        Elem::I2 | Elem::U2 | Elem::I4 | Elem::U4 => {
            let a_byte = 8 / elem.bits();
            expect("bytes of values", t.int32_data.len(), Some(len.div_ceil(a_byte)))?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let bytes = t.int32_data.iter().map(|&x| x as u8);
            Ok(packed(elem, bytes, len))
        }
        Elem::F16 | Elem::Bf16 => {
            expect("values", t.int32_data.len(), Some(len))?;
            let bits = t.int32_data.iter().map(half_bits);
            Ok(Data::Real(if elem == Elem::F16 {
                bits.map(|b| f16::from_bits(b).to_f64()).collect()
            } else {
                bits.map(|b| bf16::from_bits(b).to_f64()).collect()
            }))
        }
        Elem::I8 | Elem::I16 | Elem::I32 | Elem::U8 | Elem::U16 | Elem::Bool => {
            expect("values", t.int32_data.len(), Some(len))?;
            Ok(Data::Int(t.int32_data.iter().map(|&x| elem.wrap(x.into())).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::onnx::proto::tensor_proto::DataType;

    fn raw(kind: DataType, dims: &[i64], raw: &[u8]) -> TensorProto {
        TensorProto {
            dims: dims.to_vec(),
            data_type: Some(kind.into()),
            raw_data: Some(raw.to_vec()),
            ..TensorProto::default()
        }
    }

    fn reals(t: &TensorProto) -> Vec<f64> {
        Tensor::decode(t).unwrap().reals().collect()
    }

    #[test]
    fn every_element_type_is_read_from_bytes() {
        use DataType::*;
        assert_eq!(reals(&raw(Float, &[2], &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])), [1., -2.]);
        assert_eq!(reals(&raw(Double, &[1], &1.5f64.to_le_bytes())), [1.5]);
        assert_eq!(reals(&raw(Float16, &[1], &[0, 0x3c])), [1.]);
        assert_eq!(reals(&raw(Bfloat16, &[1], &[0x80, 0x3f])), [1.]);
        assert_eq!(reals(&raw(Int8, &[2], &[1, 255])), [1., -1.]);
        assert_eq!(reals(&raw(Uint8, &[2], &[1, 255])), [1., 255.]);
        assert_eq!(reals(&raw(Int16, &[1], &[254, 255])), [-2.]);
        assert_eq!(reals(&raw(Uint16, &[1], &[254, 255])), [65534.]);
        assert_eq!(reals(&raw(Int32, &[1], &[255; 4])), [-1.]);
        assert_eq!(reals(&raw(Uint32, &[1], &[255; 4])), [4_294_967_295.]);
        assert_eq!(reals(&raw(Int64, &[1], &[255; 8])), [-1.]);
        assert_eq!(reals(&raw(Uint64, &[1], &7u64.to_le_bytes())), [7.]);
        assert_eq!(reals(&raw(Bool, &[3], &[0, 1, 2])), [0., 1., 1.]);
        assert_eq!(reals(&raw(Int4, &[3], &[0xf1, 0x08])), [1., -1., -8.]);
        assert_eq!(reals(&raw(Uint4, &[3], &[0xf1, 0x08])), [1., 15., 8.]);
        assert_eq!(reals(&raw(Int2, &[5], &[0b1110_0100, 1])), [0., 1., -2., -1., 1.]);
        assert_eq!(reals(&raw(Uint2, &[3], &[0b0010_0111])), [3., 1., 2.]);
    }

    #[test]
    fn typed_fields_serve_several_types() {
        let ints = |kind: DataType, int32_data: &[i32]| TensorProto {
            dims: vec![2],
            data_type: Some(kind.into()),
            int32_data: int32_data.to_vec(),
            ..TensorProto::default()
        };
        assert_eq!(reals(&ints(DataType::Float16, &[0x3c00, 0xbc00])), [1., -1.]);
        assert_eq!(reals(&ints(DataType::Bfloat16, &[0x3f80, 0xbf80])), [1., -1.]);
        assert_eq!(reals(&ints(DataType::Int8, &[-1, 3])), [-1., 3.]);
        assert_eq!(reals(&ints(DataType::Bool, &[0, 1])), [0., 1.]);
        assert_eq!(reals(&ints(DataType::Int4, &[0x2f])), [-1., 2.]);
        assert_eq!(reals(&ints(DataType::Uint2, &[0b1001])), [1., 2.]);
    }

    #[test]
    fn faults_are_refused() {
        let code = |t: &TensorProto| Tensor::decode(t).unwrap_err().code.id;
        assert_eq!(code(&raw(DataType::Float, &[2], &[0; 7])), "SF0105");
        assert_eq!(code(&raw(DataType::Float, &[i64::MAX, 2], &[])), "SF0105");
        assert_eq!(code(&raw(DataType::Float, &[1 << 40, 1 << 40, 0], &[])), "SF0105");
        assert_eq!(code(&raw(DataType::Float, &[1 << 61], &[])), "SF0105");
        assert_eq!(code(&raw(DataType::Float, &[-1], &[])), "SF0105");
        assert_eq!(code(&raw(DataType::String, &[0], &[])), "SF0105");
        assert_eq!(code(&raw(DataType::Uint64, &[1], &[255; 8])), "SF0105");
        let external = TensorProto {
            data_location: Some(DataLocation::External.into()),
            ..raw(DataType::Float, &[1], &[0; 4])
        };
        assert_eq!(code(&external), "SF0106");
    }
}
