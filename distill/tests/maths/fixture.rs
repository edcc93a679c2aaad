// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Fixtures: SafeTensors in single precision, and JSON that describes them.

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A file of tests/fixtures.
pub(crate) struct Fixture {
    header: Value,
    data: Vec<u8>,
}

impl Fixture {
    pub(crate) fn load(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let bytes = std::fs::read(folder.join(name).with_extension("safetensors")).unwrap();
        let (length, rest) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
        let (header, data) = rest.split_at(length);
        Self { header: serde_json::from_slice(header).unwrap(), data: data.to_vec() }
    }

    /// What the script says about it.
    pub(crate) fn about<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(self.header["__metadata__"]["about"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.header.get(key).is_some()
    }

    pub(crate) fn values(&self, key: &str) -> Vec<f32> {
        let entry = &self.header[key];
        let place = |i: usize| entry["data_offsets"][i].as_u64().unwrap_or_else(|| panic!("{key}"));
        self.data[place(0) as usize..place(1) as usize]
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub(crate) fn tensor<const D: usize>(&self, key: &str, device: &Device) -> Tensor<D> {
        let shape = self.header[key]["shape"].as_array().unwrap_or_else(|| panic!("{key}"));
        let shape: Vec<usize> = shape.iter().map(|n| n.as_u64().unwrap() as usize).collect();
        Tensor::from_data(TensorData::new(self.values(key), shape), device)
    }
}
