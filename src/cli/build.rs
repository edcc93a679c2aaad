// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The directory that `compile` writes and the other commands read.
//!
//! ```text
//! synfire.json   what was compiled, with which options, and what came out
//! real.sfir      the model as imported
//! integer.sfir   the model the hardware computes
//! hardware.svg   the hardware as a picture
//! memory.svg     its memories
//! rtl/           Verilog and memory contents
//! pins.pcf       pin constraints
//! flow/          netlist, placed design, logs          (--bitstream)
//! top.bin        the bitstream                          (--bitstream)
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diag::{Diagnostic, InFile, Result, codes, read_file, write_file};
use crate::hw::{self, Design};
use crate::ir::{self, Graph};
use crate::target::{self, Target};

/// The manifest's file name: a directory with it is ours.
pub(super) const MANIFEST: &str = "synfire.json";

/// What `compile` did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Version of the program.
    pub(super) synfire: String,
    /// The model file.
    pub(super) model: PathBuf,
    /// Name or file of the target.
    pub(super) target: String,
    /// Lanes chosen by the user.
    pub(super) lanes: BTreeMap<String, u32>,
    /// Built without the spike memory.
    pub(super) no_trace: bool,
    /// What the tools made of it.
    pub(super) bitstream: Option<BitstreamReport>,
}

/// What synthesis, place and route and packing reported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BitstreamReport {
    /// Look-up tables after synthesis.
    pub(super) lut4: u64,
    /// Flip-flops after synthesis.
    pub(super) ff: u64,
    /// Block RAMs.
    pub(super) ebr: u64,
    /// Single-port RAMs.
    pub(super) spram: u64,
    /// Multipliers.
    pub(super) dsp: u64,
    /// Logic cells after packing (a LUT and a flip-flop each).
    pub(super) logic_cells: u64,
    /// What place and route reaches.
    pub(super) fmax_mhz: f64,
    /// Size of the bitstream.
    pub(super) bytes: u64,
}

/// A build directory, read back.
pub(super) struct Build {
    pub(super) dir: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) real: Graph,
    pub(super) integer: Graph,
    pub(super) target: Target,
    pub(super) design: Design,
}

impl Build {
    /// Reads a directory that `compile` wrote.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(MANIFEST);
        if !path.is_file() {
            let message = format!("there is no {MANIFEST} in it");
            return Err(Diagnostic::new(&codes::FILE_READ, message)
                .in_file(dir)
                .help("name a directory that `synfire compile -o` wrote"));
        }
        let manifest: Manifest = serde_json::from_slice(&read_file(&path)?)
            .map_err(|e| Diagnostic::new(&codes::FILE_READ, e.to_string()).in_file(&path))?;
        let graph = |name: &str| {
            let path = dir.join(name);
            let bytes = read_file(&path)?;
            ir::parse(&String::from_utf8_lossy(&bytes)).in_file(&path)
        };
        let (real, integer) = (graph("real.sfir")?, graph("integer.sfir")?);
        let target = target::load(&manifest.target)?;
        let options = hw::Options { lanes: manifest.lanes.clone(), no_trace: manifest.no_trace };
        let (design, _) = hw::lower(&integer, &target, &options)?;
        Ok(Self { dir: dir.to_path_buf(), manifest, real, integer, target, design })
    }

    /// Path of a file in the directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// Fills a new directory and puts it in the place of `out` only when `fill` has succeeded.
/// After a tool's failure it stays beside `out`, for its logs.
pub(super) fn replace(out: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let taken = out.exists() && !out.join(MANIFEST).is_file();
    if taken && std::fs::read_dir(out).is_ok_and(|mut d| d.next().is_some()) || out.is_file() {
        return Err(Diagnostic::new(
            &codes::FILE_WRITE,
            "it exists and is not a directory of synfire's",
        )
        .in_file(out)
        .help("name another directory with -o, or remove it yourself"));
    }
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = out.with_file_name(name);
    let failed = |e: std::io::Error, path: &Path| {
        Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(path)
    };
    remove(&partial)?;
    std::fs::create_dir_all(&partial).map_err(|e| failed(e, &partial))?;
    if let Err(d) = fill(&partial) {
        if *d.code != codes::TOOL_FAILED {
            remove(&partial)?;
        }
        return Err(d);
    }
    remove(out)?;
    std::fs::rename(&partial, out).map_err(|e| failed(e, out))
}

fn remove(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Diagnostic::new(&codes::FILE_WRITE, e.to_string()).in_file(dir))
        }
        _ => Ok(()),
    }
}

/// Writes a file in `dir`, with the folders it lies in.
pub(super) fn put(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        crate::flow::process::create_dir(parent)?;
    }
    write_file(&path, bytes)
}
