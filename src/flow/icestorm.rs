// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The way back from an iCE40 bitstream to Verilog.

use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::pack::{parent, unpack};
use super::pll::{self, ReadPll};
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use super::{spram, yosys};
use crate::diag::{Result, read_file, write_file};
use crate::target::Family;

pub use super::ram::{Flipped, flip_ram_bit};

/// The port that a PLL's pin is.
const CLOCK: &str = "clk_i";

/// Writes the configuration as Verilog, with the ports that the constraints name and the
/// contents of the memories. It covers logic, block RAM and SPRAM, not multipliers.
///
/// # Errors
/// As [`unpack`]; [`ASC_FORMAT`](crate::diag::codes::ASC_FORMAT).
pub fn to_verilog(
    toolbox: &Toolbox,
    asc: &Path,
    pcf: &Path,
    top: &str,
    verilog: &Path,
) -> Result<()> {
    let (dir, to) = (parent(verilog), seen_from(parent(verilog), verilog));
    let rams = spram::in_use(&String::from_utf8_lossy(&read_file(asc)?));
    let found = toolbox.require(Tool::IceboxVlog)?;
    // It writes sets in the order of their hashes, which Python otherwise draws anew each time.
    let process =
        Process::tool(found, Tool::IceboxVlog.spec().name, dir).env("PYTHONHASHSEED", "0");
    // The comments, which are long, say where the pins of a SPRAM are.
    let process = if rams.is_empty() { process.arg("-s") } else { process };
    let process =
        process.args(["-c", "-n", top, "-p"]).arg(seen_from(dir, pcf)).arg(seen_from(dir, asc));
    let reads = vec![pcf.to_path_buf(), asc.to_path_buf()];
    process.stdout_to(to).reads(found, reads).run()?;
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
    /// What the PLL is set to, if there is one.
    pub pll: Option<ReadPll>,
}

/// Turns a bitstream back into Verilog that Verilator accepts, in `dir`: `unpacked.asc`,
/// `unpacked.v`.
///
/// # Errors
/// As [`unpack`].
pub fn read_back(
    toolbox: &Toolbox,
    bin: &Path,
    pcf: &Path,
    top: &str,
    dir: &Path,
) -> Result<ReadBack> {
    let (asc, raw, verilog) =
        (dir.join("unpacked.asc"), dir.join("unpacked.raw.v"), dir.join("unpacked.v"));
    unpack(toolbox, Family::Ice40, bin, &asc)?;
    to_verilog(toolbox, &asc, pcf, top, &raw)?;
    let text = String::from_utf8_lossy(&read_file(&raw)?).into_owned();
    let (joined, pll) = pll::join(&text, CLOCK).map_err(|d| d.in_file(&asc))?;
    write_file(&raw, joined)?;
    yosys::rewrite_for_verilator(toolbox, &raw, &verilog)?;
    Ok(ReadBack { asc, verilog, pll })
}
