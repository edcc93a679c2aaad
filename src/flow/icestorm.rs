// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The iCE40 bitstream, and the way back from it to Verilog.

use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use super::{spram, yosys};
use crate::diag::{Result, read_file, write_file};

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
/// contents of the memories. It covers logic, block RAM and SPRAM, not multipliers.
///
/// # Errors
/// As [`pack`]; [`ASC_FORMAT`](crate::diag::codes::ASC_FORMAT).
pub fn to_verilog(
    toolbox: &Toolbox,
    asc: &Path,
    pcf: &Path,
    top: &str,
    verilog: &Path,
) -> Result<()> {
    let (dir, to) = (parent(verilog), seen_from(parent(verilog), verilog));
    let rams = spram::in_use(&String::from_utf8_lossy(&read_file(asc)?));
    let process =
        Process::tool(toolbox.require(Tool::IceboxVlog)?, Tool::IceboxVlog.spec().name, dir);
    // The comments, which are long, say where the pins of a SPRAM are.
    let process = if rams.is_empty() { process.arg("-s") } else { process };
    let process =
        process.args(["-c", "-n", top, "-p"]).arg(seen_from(dir, pcf)).arg(seen_from(dir, asc));
    process.stdout_to(to).run()?;
    if rams.is_empty() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&read_file(verilog)?).into_owned();
    write_file(verilog, spram::add(&text, &rams).map_err(|d| d.in_file(asc))?)
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
