// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Models: whatever import accepts keeps every rule of the language (`graph`).

use std::path::{Path, PathBuf};

use synfire::import::{self, Options, WeightForm, ZeroSign};
use synfire::ir::{self, Reset};

use super::{graph, memory, refused};

/// Bytes of memory for each byte of a model, and for any model, by format (docs/fuzzing.md).
const ONNX_MEMORY: (usize, usize) = (4096, 64 << 20);
const NIR_MEMORY: (usize, usize) = (8192, 64 << 20);
const TEXT_MEMORY: (usize, usize) = (512, 1 << 20);

/// Errors of import, of the rules of the language, of numbers, of options.
const FAMILIES: &[&str] = &["SF01", "SF02", "SF0301", "SF0003"];

/// Imports a file of this name; hands on the graph. Only this reads beside the file.
fn import(
    bytes: &[u8],
    name: &str,
    options: &Options,
    memory: (usize, usize),
) -> Option<ir::Graph> {
    let path = folder().join(name);
    let read = || import::parse(bytes, &path, options);
    match memory::bounded(bytes.len(), memory.0, memory.1, read) {
        Ok((graph, _)) => Some(graph),
        Err(d) => {
            refused(&d, FAMILIES);
            None
        }
    }
}

/// Where a tensor that lies in another file is found.
fn folder() -> PathBuf {
    // The package is the repository, or fuzz/ in it.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|p| p.join("tests/models").is_dir());
    root.unwrap_or(package).join("tests/models/containers")
}

/// The first byte chooses options, the rest is the file.
pub fn onnx(bytes: &[u8]) {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let options = Options {
        timesteps: [None, Some(1), Some(3), Some(40)][usize::from(choice & 3)],
        weights: [WeightForm::Binary, WeightForm::Int8, WeightForm::Float, WeightForm::Auto]
            [usize::from(choice >> 2 & 3)],
        sign_of_zero: [None, Some(ZeroSign::Plus)][usize::from(choice >> 4 & 1)],
        input_bits: [None, Some(8)][usize::from(choice >> 5 & 1)],
        input_scale: [None, Some(1.0 / 255.0)][usize::from(choice >> 5 & 1)],
        ..Options::default()
    };
    if let Some(graph) = import(file, "fuzz.onnx", &options, ONNX_MEMORY) {
        graph::check(&graph);
        let again = Options { weights: options.weights, ..Options::default() };
        graph::read_back_from_onnx(&graph, Some(&again));
        graph::read_back_from_nir(&graph);
        graph::passes(&graph);
    }
}

/// As [`onnx`].
pub fn nir(bytes: &[u8]) {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let resets = [Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None];
    let options = Options {
        timesteps: Some([3, 1, 2, 40][usize::from(choice & 3)]),
        reset: Some(resets[usize::from(choice >> 2 & 3)]),
        dt: Some([1e-4, 1e-3, 1.0, 1e-300][usize::from(choice >> 4 & 3)]),
        ..Options::default()
    };
    if let Some(graph) = import(file, "fuzz.nir", &options, NIR_MEMORY) {
        graph::check(&graph);
        graph::read_back_from_nir(&graph);
        graph::read_back_from_onnx(&graph, None);
    }
}

/// The graph's own text.
pub fn text(bytes: &[u8]) {
    if let Some(graph) = import(bytes, "fuzz.sfir", &Options::default(), TEXT_MEMORY) {
        graph::check(&graph);
        graph::read_back_from_onnx(&graph, None);
        graph::read_back_from_nir(&graph);
        graph::passes(&graph);
    }
}
