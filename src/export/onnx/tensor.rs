// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parameters as tensors.

use super::Writer;
use crate::import::onnx::proto::tensor_proto::DataType;
use crate::import::onnx::proto::{
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto,
};
use crate::ir::{self, Op, PerChannel, Weights};

/// True if single precision holds the numbers of this operator.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn is_single(op: &Op) -> bool {
    let one = |x: &f64| f64::from(*x as f32) == *x;
    let each = |p: &PerChannel<f64>| p.iter().all(one);
    match op {
        Op::Scale(s) => each(&s.factor) && each(&s.offset),
        Op::Linear(ir::Linear { weights, bias }) | Op::Conv(ir::Conv { weights, bias, .. }) => {
            let weights = match weights {
                Weights::Binary { scale, .. } => each(scale),
                w => (0..w.outputs()).all(|o| (0..w.inputs()).all(|i| one(&w.value(o, i)))),
            };
            weights && bias.iter().flatten().all(one)
        }
        Op::Threshold(t) => each(&t.threshold),
        Op::Li(l) => [&l.leak, &l.gain, &l.bias, &l.start].into_iter().all(each),
        Op::BatchNorm(b) => {
            [&b.gamma, &b.beta, &b.mean, &b.var].into_iter().flatten().all(one) && one(&b.eps)
        }
        Op::Lif(l) => {
            [&l.leak, &l.gain, &l.bias, &l.threshold, &l.reset_to, &l.start].into_iter().all(each)
        }
        Op::Readout(r) => each(&r.gain) && each(&r.offset),
        _ => true,
    }
}

impl Writer<'_> {
    /// The element type of the arithmetic.
    pub(super) fn elem(&self) -> i32 {
        if self.is_single { DataType::Float.into() } else { DataType::Double.into() }
    }

    /// Adds real numbers of this shape, row-major, and gives their name back.
    pub(super) fn tensor(&mut self, name: String, shape: &[usize], values: &[f64]) -> String {
        #[allow(clippy::cast_possible_truncation)]
        let raw = if self.is_single {
            values.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect()
        } else {
            values.iter().flat_map(|x| x.to_le_bytes()).collect()
        };
        let elem = self.elem();
        self.raw(name, elem, shape, raw)
    }

    /// Adds integers.
    pub(super) fn integers(&mut self, name: String, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.raw(name, DataType::Int64.into(), &[values.len()], raw)
    }

    /// Adds one integer, without dimensions.
    pub(super) fn integer(&mut self, name: String, value: i64) -> String {
        self.raw(name, DataType::Int64.into(), &[], value.to_le_bytes().to_vec())
    }

    fn raw(&mut self, name: String, elem: i32, shape: &[usize], raw: Vec<u8>) -> String {
        self.out.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: shape.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect(),
            data_type: Some(elem),
            raw_data: Some(raw),
            ..TensorProto::default()
        });
        name
    }

    /// One number, or one a channel or element of a stream of this shape.
    pub(super) fn per_channel(
        &mut self,
        name: String,
        p: &PerChannel<f64>,
        shape: &[usize],
    ) -> String {
        match p {
            PerChannel::All(x) => self.tensor(name, &[], &[*x]),
            // The channel is the outermost dimension.
            PerChannel::Each(v) if shape.first() == Some(&v.len()) => {
                let mut spread = vec![1; shape.len()];
                if let Some(first) = spread.first_mut() {
                    *first = v.len();
                }
                self.tensor(name, &spread, v)
            }
            PerChannel::Each(v) => self.tensor(name, shape, v),
        }
    }
}

/// Type and shape of an input or output: time (if there is any) and batch first.
pub(super) fn value_info(
    name: &str,
    elem: i32,
    time: Option<usize>,
    shape: &[usize],
) -> ValueInfoProto {
    use tensor_shape_proto::{Dimension, dimension::Value};
    let dimension = |value| Dimension { denotation: None, value: Some(value) };
    let number = |&d: &usize| Value::DimValue(i64::try_from(d).unwrap_or(i64::MAX));
    let batch = std::iter::once(Value::DimParam("batch".to_owned()));
    let dims = time.iter().map(number).chain(batch).chain(shape.iter().map(number));
    let shape = TensorShapeProto { dim: dims.map(dimension).collect() };
    let tensor = type_proto::Tensor { elem_type: Some(elem), shape: Some(shape) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            denotation: None,
            value: Some(type_proto::Value::TensorType(tensor)),
        }),
        ..ValueInfoProto::default()
    }
}
