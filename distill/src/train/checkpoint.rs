// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Parameters in `SafeTensors` files.

use std::path::Path;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::{ModuleSnapshot as _, SafetensorsStore};
use burn::tensor::{Bytes, Device};
use synfire::diag::{Diagnostic, Result, codes, read_file, write_file};

use crate::config::Config;
use crate::nn::spec::{self, Extent};
use crate::nn::{Model, rng};

/// Writes all parameters of a network, in one step: an earlier file stays whole until the
/// new one is.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn save_model<M: Module>(module: &M, path: &Path) -> Result<()> {
    let part = path.with_extension("part");
    // Of several metadata the order would change from run to run.
    let mut store = SafetensorsStore::from_file(&part)
        .overwrite(true)
        .skip_enum_variants(true)
        .clear_metadata()
        .metadata("format", "safetensors");
    let failed = |e: String| Diagnostic::new(&codes::FILE_WRITE, e).in_file(path);
    // Running statistics are brought up to date on the way to a network that only computes.
    module.valid().save_into(&mut store).map_err(|e| failed(e.to_string()))?;
    std::fs::rename(&part, path).map_err(|e| failed(format!("cannot write: {e}")))
}

/// Writes a file in one step: an earlier one stays whole until the new one is.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    write_file(part, bytes)?;
    std::fs::rename(part, path).map_err(|e| {
        Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
    })
}

/// Reads parameters into a network of the same layers.
///
/// # Errors
/// [`codes::FILE_READ`]; [`codes::CHECKPOINT`] if the file is damaged, lacks a parameter,
/// has one more, or one of another shape.
pub fn load_model<M: Module>(module: &mut M, path: &Path) -> Result<()> {
    let bytes = read_file(path)?;
    let wrong = |e: String| {
        Diagnostic::new(&codes::CHECKPOINT, e)
            .in_file(path)
            .help("use the configuration that lies beside the checkpoint")
    };
    let mut store = SafetensorsStore::from_bytes(Some(bytes)).skip_enum_variants(true);
    let result = module.load_from(&mut store).map_err(|e| wrong(e.to_string()))?;
    match result.unused.first() {
        Some(extra) => Err(wrong(format!("the network has no parameter {extra}"))),
        None => Ok(()),
    }
}

/// Writes what an optimiser keeps of each parameter.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub(super) fn save_optimiser(optimiser: &ModuleOptimizer, path: &Path) -> Result<()> {
    let bytes =
        optimiser.into_bytes().map_err(|e| Diagnostic::internal("optimiser", e.to_string()))?;
    write_file(path, &bytes[..])
}

/// Reads it.
///
/// # Errors
/// [`codes::FILE_READ`], [`codes::CHECKPOINT`].
pub(super) fn load_optimiser(optimiser: ModuleOptimizer, path: &Path) -> Result<ModuleOptimizer> {
    let bytes = Bytes::from_bytes_vec(read_file(path)?);
    optimiser
        .from_bytes(bytes)
        .map_err(|e| Diagnostic::new(&codes::CHECKPOINT, e.to_string()).in_file(path))
}

/// The student of an earlier run: its layers and parameters.
///
/// # Errors
/// As [`Config::read`] and [`load_model`].
pub fn load_run(
    directory: &Path,
    input: Extent,
    classes: usize,
    device: &Device,
) -> Result<(spec::Model, Model)> {
    let config = Config::read(&directory.join("config.toml"))?;
    let spec = config.student.network(input, classes);
    let mut model = Model::new(&spec, &mut rng(config.seed, u64::MAX), device)?;
    load_model(&mut model, &directory.join("student.safetensors"))?;
    Ok((spec, model))
}
