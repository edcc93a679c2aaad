// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synthesis, and rewriting of Verilog, by Yosys.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Finished, Process, create_dir, seen_from};
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes, read_file, write_file};

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
    /// Timing model of the family: `u` (UltraPlus), `hx` or `lp`.
    pub device: String,
    /// Memories with `ram_style = "huge"` become single-port RAM.
    pub spram: bool,
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
    /// Four-input look-up tables.
    pub lut4: u64,
    /// Flip-flops of every kind.
    pub ff: u64,
    /// Carry cells.
    pub carry: u64,
    /// Block RAMs of 4 kbit.
    pub ebr: u64,
    /// Single-port RAMs of 256 kbit.
    pub spram: u64,
    /// Multipliers.
    pub dsp: u64,
    /// Cells by type, as the tool counts them.
    pub by_type: BTreeMap<String, u64>,
}

/// Synthesises for iCE40, into `synth.json` and `synth.v`.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`], [`codes::TOOL_REPORT`].
pub fn synth_ice40(toolbox: &Toolbox, job: &SynthJob) -> Result<Synthesis> {
    let (json, verilog, stat) =
        (job.dir.join("synth.json"), job.dir.join("synth.v"), job.dir.join("synth.stat.json"));
    let mut script = String::new();
    read_verilog(&mut script, job, &job.sources);
    // The default mapping. Its area variant saved 1 % of the LUTs of a 784-128-10 network
    // and cost a quarter of the speed; -dff took twice as long for nothing.
    let spram = if job.spram { " -spram" } else { "" };
    let _ = writeln!(script, "synth_ice40 -device {}{spram} -top {}", job.device, job.top);
    // Older nextpnr stops at these cells, which carry only names.
    script.push_str("delete t:$scopeinfo\n");
    script.push_str("write_json synth.json\nwrite_verilog -noattr synth.v\ntee -q -o synth.stat.json stat -json\n");
    let outputs = ["synth.json", "synth.v", "synth.stat.json"];
    let run = run_script(toolbox, &job.dir, "synth", &script, &outputs)?;
    let cells = CellReport::parse(&read_file(&stat)?).map_err(|d| d.in_file(&stat))?;
    Ok(Synthesis { json, verilog, cells, run })
}

/// Rewrites Verilog into the plain form that Verilator accepts: processes become
/// assignments and registers. What `icebox_vlog` writes needs this.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`].
pub fn rewrite_for_verilator(toolbox: &Toolbox, from: &Path, to: &Path) -> Result<Finished> {
    let dir = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let step = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let (from, to) = (seen_from(dir, from), seen_from(dir, to));
    let script = format!(
        "read_verilog \"{}\"\nproc\nwrite_verilog -noattr \"{}\"\n",
        from.display(),
        to.display()
    );
    run_script(toolbox, dir, &step, &script, &[&to.to_string_lossy()])
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
    makes.iter().fold(process, Process::makes).run()
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
    pub fn parse(json: &[u8]) -> Result<Self> {
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
        Ok(Self {
            lut4: sum("SB_LUT4"),
            ff: sum("SB_DFF"),
            carry: sum("SB_CARRY"),
            ebr: sum("SB_RAM40_4K"),
            spram: sum("SB_SPRAM256KA"),
            dsp: sum("SB_MAC16"),
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
        let cells = CellReport::parse(json).unwrap();
        assert_eq!((cells.lut4, cells.ff, cells.ebr, cells.carry), (7, 5, 1, 0));
    }

    #[test]
    fn a_report_without_cells_is_refused() {
        assert_eq!(CellReport::parse(b"{}").unwrap_err().code.id, "SF0503");
    }
}
