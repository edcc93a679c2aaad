// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synthesis, and rewriting of Verilog, by Yosys.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::family::steps;
use super::pack::parent;
use super::process::{Finished, Process, create_dir, seen_from};
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};
use crate::target::Family;

/// Executes a script line by line; pyosys has no command line of its own.
const RUNNER: &str = include_str!("../../templates/flow/yosys.py");

/// What to synthesise.
#[derive(Debug, Clone)]
pub struct SynthJob {
    /// Where the tool runs and its files go. `$readmemh` paths are relative to it.
    pub dir: PathBuf,
    /// Verilog files.
    pub sources: Vec<PathBuf>,
    /// Directories for `` `include``.
    pub includes: Vec<PathBuf>,
    /// Macros, `NAME` or `NAME=value`.
    pub defines: Vec<String>,
    /// The top module.
    pub top: String,
    /// What it is synthesised for.
    pub family: Family,
    /// Timing model of an iCE40: `u` (UltraPlus), `hx` or `lp`; series of a Gowin device: `gw1n`,
    /// `gw2a`; of a 7-series `xc7`.
    pub device: Option<String>,
    /// Memories with `ram_style = "huge"` become single-port RAM.
    pub spram: bool,
    /// Every file that is read, sources and contents of memories, if the result may be kept and
    /// be one that was kept.
    pub reads: Option<Vec<PathBuf>>,
}

/// What synthesis made.
#[derive(Debug, Clone)]
pub struct Synthesis {
    /// Netlist for place and route.
    pub json: PathBuf,
    /// The netlist as Verilog, for simulation with the cell models.
    pub verilog: PathBuf,
    /// Cells used.
    pub cells: CellReport,
    /// The log and the time it took.
    pub run: Finished,
}

/// Cells of a netlist.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct CellReport {
    /// Look-up tables; of an ECP5 or a Gowin device also those in carry cells.
    pub lut4: u64,
    /// Flip-flops of every kind.
    pub ff: u64,
    /// Carry cells.
    pub carry: u64,
    /// Block RAMs; of a 7-series in halves of 18 kbit.
    pub ebr: u64,
    /// Single-port RAMs of 256 kbit.
    pub spram: u64,
    /// Multipliers.
    pub dsp: u64,
    /// Cells by type, as the tool counts them.
    pub by_type: BTreeMap<String, u64>,
}

/// Synthesises into `synth.json` and `synth.v`.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`], [`codes::TOOL_REPORT`].
pub fn synth(toolbox: &Toolbox, job: &SynthJob) -> Result<Synthesis> {
    let (json, verilog, stat) =
        (job.dir.join("synth.json"), job.dir.join("synth.v"), job.dir.join("synth.stat.json"));
    let mut script = String::new();
    read_verilog(&mut script, job, &job.sources);
    // The default mapping. Its area variant saved 1 % of the LUTs of a 784-128-10 network
    // and cost a quarter of the speed; -dff took twice as long for nothing.
    script.push_str(steps(job.family).synth);
    if let Some(device) = &job.device {
        let _ = write!(script, " {} {device}", steps(job.family).device);
    }
    script.push_str(steps(job.family).always);
    let spram = if job.spram { " -spram" } else { "" };
    let _ = writeln!(script, "{spram} -top {}", job.top);
    // Older nextpnr stops at these cells, which carry only names.
    script.push_str("delete t:$scopeinfo\n");
    script.push_str("write_json synth.json\nwrite_verilog -noattr synth.v\ntee -q -o synth.stat.json stat -json\n");
    let outputs = ["synth.json", "synth.v", "synth.stat.json"];
    let process = scripted(toolbox, &job.dir, "synth", &script, &outputs)?;
    let process = match &job.reads {
        Some(reads) => {
            let script = job.dir.join("synth.ys");
            let reads = reads.iter().chain([&script]).cloned().collect();
            process.reads(toolbox.require(Tool::Yosys)?, reads)
        }
        None => process,
    };
    let run = process.run()?;
    let cells = CellReport::parse(&read_file(&stat)?, job.family).map_err(|d| d.in_file(&stat))?;
    Ok(Synthesis { json, verilog, cells, run })
}

/// Rewrites Verilog into the plain form that Verilator accepts: processes become
/// assignments and registers. What `icebox_vlog` writes needs this.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`].
pub fn rewrite_for_verilator(toolbox: &Toolbox, from: &Path, to: &Path) -> Result<Finished> {
    let dir = parent(to);
    let step = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (seen, to) = (seen_from(dir, from), seen_from(dir, to));
    let script = format!(
        "read_verilog \"{}\"\nproc\nwrite_verilog -noattr \"{}\"\n",
        seen.display(),
        to.display()
    );
    let process = scripted(toolbox, dir, &step, &script, &[&to.to_string_lossy()])?;
    let reads = vec![from.to_path_buf(), dir.join(format!("{step}.ys"))];
    process.reads(toolbox.require(Tool::Yosys)?, reads).run()
}

/// Yosys' simulation models of the iCE40 cells.
///
/// # Errors
/// [`codes::TOOL_MISSING`] when Yosys or its data is not there.
pub fn ice40_cells(toolbox: &Toolbox) -> Result<PathBuf> {
    let found = toolbox.require(Tool::Yosys)?;
    let cells = found.data.as_ref().map(|d| d.join("ice40/cells_sim.v")).filter(|p| p.is_file());
    cells.ok_or_else(|| {
        let message = format!("{} has no ice40/cells_sim.v", found.program.display());
        Diagnostic::new(&codes::TOOL_MISSING, message).help(Tool::Yosys.spec().get)
    })
}

/// Runs a script, one command a line, in `dir`, where it is kept as `<step>.ys`.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`].
pub fn run_script(
    toolbox: &Toolbox,
    dir: &Path,
    step: &str,
    script: &str,
    makes: &[&str],
) -> Result<Finished> {
    scripted(toolbox, dir, step, script, makes)?.run()
}

/// The same, not yet run.
fn scripted(
    toolbox: &Toolbox,
    dir: &Path,
    step: &str,
    script: &str,
    makes: &[&str],
) -> Result<Process> {
    let found = toolbox.require(Tool::Yosys)?;
    create_dir(dir)?;
    let file = format!("{step}.ys");
    write_file(&dir.join(&file), script)?;
    let process = Process::tool(found, step, dir);
    let process = if found.library {
        process.args(["-c", RUNNER, &file]).env("PYTHONIOENCODING", "utf-8")
    } else {
        process.args(["-s", &file])
    };
    Ok(makes.iter().fold(process, Process::makes))
}

fn read_verilog(script: &mut String, job: &SynthJob, sources: &[PathBuf]) {
    script.push_str("read_verilog");
    for define in &job.defines {
        let _ = write!(script, " -D{define}");
    }
    for dir in &job.includes {
        let _ = write!(script, " \"-I{}\"", seen_from(&job.dir, dir).display());
    }
    for source in sources {
        let _ = write!(script, " \"{}\"", seen_from(&job.dir, source).display());
    }
    script.push('\n');
}

impl CellReport {
    /// Reads what `stat -json` wrote.
    ///
    /// # Errors
    /// [`codes::TOOL_REPORT`].
    pub fn parse(json: &[u8], family: Family) -> Result<Self> {
        let bad = |why: String| Diagnostic::new(&codes::TOOL_REPORT, format!("yosys stat: {why}"));
        let value: serde_json::Value =
            serde_json::from_slice(json).map_err(|e| bad(e.to_string()))?;
        let types = value.pointer("/design/num_cells_by_type").and_then(|t| t.as_object());
        let types = types.ok_or_else(|| bad("no num_cells_by_type".into()))?;
        let by_type: BTreeMap<_, _> =
            types.iter().filter_map(|(k, v)| Some((k.clone(), v.as_u64()?))).collect();
        let sum = |start: &str| {
            let counts = by_type.iter().filter(|(k, _)| k.starts_with(start)).map(|(_, n)| *n);
            counts.fold(0, u64::saturating_add)
        };
        let cells = &steps(family).cells;
        let lut4 = cells.lut4.iter().map(|(name, each)| sum(name).saturating_mul(*each));
        Ok(Self {
            lut4: lut4.fold(0, u64::saturating_add),
            ff: sum(cells.ff),
            carry: sum(cells.carry),
            ebr: cells.ebr.iter().map(|(name, each)| sum(name).saturating_mul(*each)).sum(),
            spram: cells.spram.map_or(0, sum),
            dsp: cells.dsp.map_or(0, sum),
            by_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_summed_by_kind() {
        let json = br#"{"design": {"num_cells_by_type": {"SB_LUT4": 7, "SB_DFF": 2, "SB_DFFESR": 3, "SB_RAM40_4KNR": 1}}}"#;
        let cells = CellReport::parse(json, Family::Ice40).unwrap();
        assert_eq!((cells.lut4, cells.ff, cells.ebr, cells.carry), (7, 5, 1, 0));
        let json = br#"{"design": {"num_cells_by_type": {"LUT4": 7, "CCU2C": 2, "TRELLIS_FF": 3, "DP16KD": 1, "PFUMX": 4}}}"#;
        let cells = CellReport::parse(json, Family::Ecp5).unwrap();
        assert_eq!((cells.lut4, cells.ff, cells.ebr, cells.carry), (11, 3, 1, 2));
        let json = br#"{"design": {"num_cells_by_type": {"LUT1": 1, "LUT4": 7, "MUX2_LUT5": 100, "ALU": 20,
            "DFF": 300, "DFFRE": 4000, "SP": 10000, "SPX9": 20000, "SDPX9B": 40000, "DPB": 80000, "DPX9B": 160000,
            "VCC": 5, "IBUF": 6}}}"#;
        let cells = CellReport::parse(json, Family::Gowin).unwrap();
        let found = (cells.lut4, cells.ff, cells.ebr, cells.carry, cells.dsp);
        assert_eq!(found, (28, 4300, 310_000, 20, 0));
        let json = br#"{"design": {"num_cells_by_type": {"LUT2": 1, "LUT6": 20, "INV": 300, "CARRY4": 7, "MUXF7": 9,
            "FDRE": 50, "FDSE": 600, "RAMB18E1": 3, "RAMB36E1": 1000, "IBUF": 4, "OBUF": 5, "BUFG": 6}}}"#;
        let cells = CellReport::parse(json, Family::Xc7).unwrap();
        let found = (cells.lut4, cells.ff, cells.ebr, cells.carry, cells.dsp);
        assert_eq!(found, (321, 650, 2003, 7, 0));
    }

    /// A name of each kind of cell; every number another one, so that no two are confused.
    #[test]
    fn each_kind_of_cell_has_its_own_number() {
        let json = br#"{"creator": "Yosys", "modules": {"\\top": {"num_cells_by_type": {"SB_LUT4": 1000000}}},
            "design": {"num_cells": 999999, "num_cells_by_type": {
            "SB_CARRY": 300, "SB_LUT4": 1000, "SB_DFF": 1, "SB_DFFE": 2, "SB_DFFESR": 4, "SB_DFFESS": 8, "SB_DFFSR": 16,
            "SB_DFFNSS": 32, "SB_RAM40_4K": 5, "SB_RAM40_4KNRNW": 6, "SB_SPRAM256KA": 4, "SB_MAC16": 7,
            "SB_GB": 50, "SB_IO": 60, "$scopeinfo": 70}}}"#;
        let cells = CellReport::parse(json, crate::target::Family::Ice40).unwrap();
        let found = (cells.lut4, cells.ff, cells.carry, cells.ebr, cells.spram, cells.dsp);
        assert_eq!(found, (1000, 63, 300, 11, 4, 7));
        assert_eq!((cells.by_type.len(), cells.by_type["SB_GB"]), (15, 50));
    }

    #[test]
    fn cells_that_are_not_there_are_none() {
        let cells = CellReport::parse(
            br#"{"design": {"num_cells_by_type": {}}}"#,
            crate::target::Family::Ice40,
        )
        .unwrap();
        assert_eq!(cells, CellReport::default());
        // A module's numbers are not the design's, which counts submodules as well.
        let module = br#"{"modules": {"\\top": {"num_cells_by_type": {"SB_LUT4": 7}}}}"#;
        assert_eq!(
            CellReport::parse(module, crate::target::Family::Ice40).unwrap_err().code.id,
            "SF0503"
        );
        assert_eq!(
            CellReport::parse(b"{", crate::target::Family::Ice40).unwrap_err().code.id,
            "SF0503"
        );
    }

    #[test]
    fn a_report_without_cells_is_refused() {
        assert_eq!(CellReport::parse(b"{}", Family::Ice40).unwrap_err().code.id, "SF0503");
    }
}
