// SPDX-License-Identifier: Apache-2.0 OR MIT
//! onnx-protobuf, made from another copy of onnx.proto by another compiler, must read the
//! same in every ONNX file of the tests.

use std::path::{Path, PathBuf};

use protobuf::{EnumOrUnknown, Message as _, MessageField};

use super::decode::decode;
use super::proto as ours;
use onnx_protobuf as theirs;
use theirs::{tensor_shape_proto, type_proto};

/// Our message as one of theirs.
trait To<T> {
    fn to(self) -> T;
}

macro_rules! scalars {
    ($($t:ty),*) => {$(
        impl To<$t> for Option<$t> {
            fn to(self) -> $t {
                self.unwrap_or_default()
            }
        }
        impl To<$t> for $t {
            fn to(self) -> $t {
                self
            }
        }
    )*};
}
scalars!(f32, f64, i32, i64, u64, String, Vec<u8>);

impl<A: To<B>, B> To<Vec<B>> for Vec<A> {
    fn to(self) -> Vec<B> {
        self.into_iter().map(To::to).collect()
    }
}

impl<A: To<B>, B> To<MessageField<B>> for Option<A> {
    fn to(self) -> MessageField<B> {
        self.map(To::to).into()
    }
}

impl<A: To<B>, B> To<B> for Box<A> {
    fn to(self) -> B {
        (*self).to()
    }
}

impl<E: protobuf::Enum> To<EnumOrUnknown<E>> for Option<i32> {
    fn to(self) -> EnumOrUnknown<E> {
        EnumOrUnknown::from_i32(self.unwrap_or_default())
    }
}

/// Each field of theirs from the one of ours that has its name. The compiler says if one
/// is missing. Fields that they do not know have no place here: a file with one differs.
macro_rules! messages {
    ($($($path:ident)::+ { $($field:ident $(= $ours:ident)?),* $(,)? })*) => {$(
        impl To<theirs::$($path)::+> for ours::$($path)::+ {
            fn to(self) -> theirs::$($path)::+ {
                theirs::$($path)::+ {
                    $($field: messages!(@ self $field $($ours)?).to(),)*
                    special_fields: protobuf::SpecialFields::new(),
                }
            }
        }
    )*};
    (@ $message:ident $field:ident) => { $message.$field };
    (@ $message:ident $field:ident $ours:ident) => { $message.$ours };
}

messages! {
    ModelProto {
        ir_version, opset_import, producer_name, producer_version, domain, model_version,
        doc_string, graph, metadata_props, training_info, functions,
    }
    GraphProto {
        node, name, initializer, sparse_initializer, doc_string, input, output, value_info,
        quantization_annotation, metadata_props,
    }
    NodeProto {
        input, output, name, op_type, domain, overload, attribute, doc_string, metadata_props,
    }
    AttributeProto {
        name, ref_attr_name, doc_string, type_ = r#type, f, i, s, t, g, sparse_tensor, tp,
        floats, ints, strings, tensors, graphs, sparse_tensors, type_protos,
    }
    TensorProto {
        dims, data_type, segment, float_data, int32_data, string_data, int64_data, name,
        doc_string, raw_data, external_data, data_location, double_data, uint64_data,
        metadata_props,
    }
    FunctionProto {
        name, input, output, attribute, attribute_proto, node, doc_string, opset_import, domain,
        overload, value_info, metadata_props,
    }
    TrainingInfoProto { initialization, algorithm, initialization_binding, update_binding }
    ValueInfoProto { name, type_ = r#type, doc_string, metadata_props }
    TypeProto { denotation, value }
    type_proto::Tensor { elem_type, shape }
    TensorShapeProto { dim }
    tensor_shape_proto::Dimension { denotation, value }
    tensor_proto::Segment { begin, end }
    SparseTensorProto { values, indices, dims }
    TensorAnnotation { tensor_name, quant_parameter_tensor_names }
    OperatorSetIdProto { domain, version }
    StringStringEntryProto { key, value }
}

impl To<Option<type_proto::Value>> for Option<ours::type_proto::Value> {
    fn to(self) -> Option<type_proto::Value> {
        self.map(|v| match v {
            ours::type_proto::Value::TensorType(t) => type_proto::Value::TensorType(t.to()),
            other => panic!("no file has {other:?}"),
        })
    }
}

impl To<Option<tensor_shape_proto::dimension::Value>>
    for Option<ours::tensor_shape_proto::dimension::Value>
{
    fn to(self) -> Option<tensor_shape_proto::dimension::Value> {
        use ours::tensor_shape_proto::dimension::Value as Ours;
        use tensor_shape_proto::dimension::Value as Theirs;
        self.map(|v| match v {
            Ours::DimValue(n) => Theirs::DimValue(n),
            Ours::DimParam(name) => Theirs::DimParam(name),
        })
    }
}

/// Every ONNX file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.partition(|p| p.is_dir());
    files.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    files.extend(folders.iter().flat_map(|f| self::files(f)));
    files
}

#[test]
fn onnx_protobuf_reads_the_same_models() {
    let files = files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models")));
    assert!(files.len() >= 244, "{} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let ours: theirs::ModelProto = decode(&bytes).unwrap().to();
        let theirs = theirs::ModelProto::parse_from_bytes(&bytes).unwrap();
        // No `assert_eq`: it would print both models.
        assert!(ours == theirs, "{} is read in two ways", file.display());
    }
}
