// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The iCE40 bitstream, and the way back from it to Verilog.

use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use super::yosys;
use crate::diag::Result;

pub use super::ram::{Flipped, flip_ram_bit};

/// Packs a text configuration into a bitstream.
///
/// # Errors
/// [`TOOL_MISSING`](crate::diag::codes::TOOL_MISSING), [`TOOL_FAILED`](crate::diag::codes::TOOL_FAILED).
pub fn pack(toolbox: &Toolbox, asc: &Path, bin: &Path) -> Result<()> {
    convert(toolbox, Tool::Icepack, asc, bin)
}

/// Unpacks a bitstream into a text configuration.
///
/// # Errors
/// As [`pack`].
pub fn unpack(toolbox: &Toolbox, bin: &Path, asc: &Path) -> Result<()> {
    convert(toolbox, Tool::Iceunpack, bin, asc)
}

fn convert(toolbox: &Toolbox, tool: Tool, from: &Path, to: &Path) -> Result<()> {
    let (dir, to) = (parent(to), seen_from(parent(to), to));
    let process = Process::tool(toolbox.require(tool)?, tool.spec().name, dir);
    process.arg(seen_from(dir, from)).arg(&to).makes(&to).run().map(drop)
}

/// Writes the configuration as Verilog, with the ports that the constraints name and the
/// contents of the memories. It covers logic and block RAM, not SPRAM and multipliers.
///
/// # Errors
/// As [`pack`].
pub fn to_verilog(
    toolbox: &Toolbox,
    asc: &Path,
    pcf: &Path,
    top: &str,
    verilog: &Path,
) -> Result<()> {
    let (dir, to) = (parent(verilog), seen_from(parent(verilog), verilog));
    let process =
        Process::tool(toolbox.require(Tool::IceboxVlog)?, Tool::IceboxVlog.spec().name, dir);
    let process = process
        .args(["-s", "-c", "-n", top, "-p"])
        .arg(seen_from(dir, pcf))
        .arg(seen_from(dir, asc));
    process.stdout_to(to).run().map(drop)
}

/// What a bitstream was turned back into.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// The text configuration found in the bitstream.
    pub asc: PathBuf,
    /// Verilog for Verilator, to be simulated with Yosys' cell models.
    pub verilog: PathBuf,
}

/// Turns a bitstream back into Verilog that Verilator accepts, in `dir`: `unpacked.asc`,
/// `unpacked.v`.
///
/// # Errors
/// As [`pack`].
pub fn read_back(
    toolbox: &Toolbox,
    bin: &Path,
    pcf: &Path,
    top: &str,
    dir: &Path,
) -> Result<ReadBack> {
    let (asc, raw, verilog) =
        (dir.join("unpacked.asc"), dir.join("unpacked.raw.v"), dir.join("unpacked.v"));
    unpack(toolbox, bin, &asc)?;
    to_verilog(toolbox, &asc, pcf, top, &raw)?;
    yosys::rewrite_for_verilator(toolbox, &raw, &verilog)?;
    Ok(ReadBack { asc, verilog })
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
