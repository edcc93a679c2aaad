// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Nodes and edges to HDF5: the only file that knows the writer's crate.

use std::collections::{BTreeMap, BTreeSet};

use hdf5_writer::{DatasetBuilder, Error, Hdf5Builder, WriteOptions};

use super::{Out, Value};
use crate::diag::{Diagnostic, Result};

/// The package's version whose files these are.
const VERSION: &str = "1.0.8";

/// Nodes by name, and edges between them.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub(super) nodes: BTreeMap<String, Out>,
    pub(super) edges: BTreeSet<(String, String)>,
}

/// The bytes of a file.
pub(super) fn encode(whole: &Whole) -> Result<Vec<u8>> {
    bytes(whole).map_err(|e| Diagnostic::internal("export nir", e.to_string()))
}

fn bytes(whole: &Whole) -> std::result::Result<Vec<u8>, Error> {
    let text = |name: String, value: &str| DatasetBuilder::vlen_string_data(name, [], &[value]);
    let edges: Vec<&str> = whole.edges.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    let mut file = Hdf5Builder::new()
        .dataset(text("version".to_owned(), VERSION)?)
        .dataset(text("node/type".to_owned(), "NIRGraph")?)
        .dataset(DatasetBuilder::vlen_string_data(
            "node/edges",
            [whole.edges.len() as u64, 2],
            &edges,
        )?);
    for (name, node) in &whole.nodes {
        let path = |key: &str| format!("node/nodes/{name}/{key}");
        file = file.dataset(text(path("type"), node.kind)?);
        for (key, value) in &node.parameters {
            file = file.dataset(match value {
                Value::Text(t) => text(path(key), t)?,
                Value::Whole(shape, v) => DatasetBuilder::typed_data(path(key), extents(shape), v)?,
                Value::Reals(shape, v) => reals(path(key), shape, v)?,
            });
        }
    }
    file.into_plan()?.encode(WriteOptions::default())
}

fn extents(shape: &[usize]) -> Vec<u64> {
    shape.iter().map(|&d| d as u64).collect()
}

/// In single precision if that loses nothing.
fn reals(path: String, shape: &[usize], v: &[f64]) -> std::result::Result<DatasetBuilder, Error> {
    let single: Vec<f32> = v.iter().map(|v| *v as f32).collect();
    if single.iter().zip(v).all(|(s, v)| f64::from(*s) == *v) {
        return DatasetBuilder::typed_data(path, extents(shape), &single);
    }
    DatasetBuilder::typed_data(path, extents(shape), v)
}
