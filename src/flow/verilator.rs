// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Lint and simulators by Verilator.
//!
//! The C++ is compiled here as one unit, with a kept header, and linked with a kept run-time
//! library: 0.7 s for a small design, where Verilator's own makefile takes 7.4 s. Neither make,
//! Perl nor Python is needed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::process::{Process, create_dir, seen_from};
use super::runtime;
use super::tools::Toolbox;
use crate::diag::{Diagnostic, Result, codes, write_file};

/// Above this many bytes of code that only initialises, it is compiled apart and without
/// optimisation.
const SLOW_APART: u64 = 200_000;

/// Verilog to be checked.
#[derive(Debug, Clone, Default)]
pub struct LintJob {
    /// Where the tool runs and its log goes.
    pub dir: PathBuf,
    /// Verilog files.
    pub sources: Vec<PathBuf>,
    /// Directories for `` `include`` and for modules named like their file.
    pub includes: Vec<PathBuf>,
    /// Macros, `NAME` or `NAME=value`.
    pub defines: Vec<String>,
    /// Values for parameters of the top module, `NAME=value`.
    pub parameters: Vec<String>,
    /// The top module.
    pub top: String,
}

/// A simulator to be built.
#[derive(Debug, Clone, Default)]
pub struct VerilatorJob {
    /// The design. Its directory should be for this simulator alone.
    pub design: LintJob,
    /// The test bench, C++; the model's class is `V<top>`.
    pub testbench: Vec<PathBuf>,
    /// True for Verilog that a tool wrote: no warning stops it.
    pub netlist: bool,
    /// Full optimisation, for long runs; without it the build is quicker.
    pub optimise: bool,
    /// Leaves it to the run what registers hold before reset (`+verilator+rand+reset+2`);
    /// otherwise they hold zero, as in the FPGA.
    pub random_start: bool,
}

/// Checks Verilog with every warning on.
///
/// # Errors
/// [`codes::TOOL_MISSING`]; [`codes::TOOL_FAILED`] with the warnings.
pub fn lint_only(toolbox: &Toolbox, job: &LintJob) -> Result<()> {
    let found = toolbox.require(Tool::Verilator)?;
    let process = Process::tool(found, "lint", &job.dir).args(["--lint-only", "-Wall"]);
    design_args(process, job).run().map(drop)
}

/// Builds a simulator and returns the path of its executable, `sim` in the directory.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`], [`codes::SIM_BUILD`].
pub fn build(toolbox: &Toolbox, job: &VerilatorJob) -> Result<PathBuf> {
    let found = toolbox.require(Tool::Verilator)?;
    toolbox.require(Tool::Cxx)?;
    let dir = &job.design.dir;
    create_dir(dir)?;
    for old in generated(dir, &job.design.top) {
        let _ = std::fs::remove_file(old);
    }
    let mut process = Process::tool(found, "verilator", dir)
        .args([
            "--cc",
            "--Mdir",
            ".",
            "-O3",
            "--x-assign",
            "fast",
            "--no-timing",
            "--output-split-cfuncs",
            "4000",
        ])
        .args(["--x-initial", if job.random_start { "unique" } else { "fast" }]);
    process = if job.netlist {
        process.args(["-Wno-fatal", "-Wno-lint", "-Wno-style"])
    } else {
        process.arg("-Wall")
    };
    design_args(process, &job.design).run()?;
    let root = found.data.clone().unwrap_or_default();
    compile(toolbox, &root, job).map_err(|d| match d.code {
        c if *c == codes::TOOL_FAILED => Box::new(Diagnostic { code: &codes::SIM_BUILD, ..*d }),
        _ => d,
    })
}

fn design_args(process: Process, job: &LintJob) -> Process {
    let process = process.args(["--top-module", &job.top]);
    let process = job.defines.iter().fold(process, |p, d| p.arg(format!("-D{d}")));
    let process = job.parameters.iter().fold(process, |p, g| p.arg(format!("-G{g}")));
    let process = job.includes.iter().fold(process, |p, i| p.arg("-y").arg(seen_from(&job.dir, i)));
    let process = job.includes.iter().fold(process, |p, i| {
        let mut flag = std::ffi::OsString::from("-I");
        flag.push(seen_from(&job.dir, i));
        p.arg(flag)
    });
    process.args(job.sources.iter().map(|s| seen_from(&job.dir, s)))
}

/// Compiles the model and the test bench as one unit, and links.
fn compile(toolbox: &Toolbox, root: &Path, job: &VerilatorJob) -> Result<PathBuf> {
    let cxx = toolbox.require(Tool::Cxx)?;
    let dir = &job.design.dir;
    let library = runtime::object(cxx, root, dir)?;
    let is_slow = |p: &PathBuf| p.to_string_lossy().ends_with("__Slow.cpp");
    let (mut slow, mut fast): (Vec<_>, Vec<_>) =
        generated(dir, &job.design.top).into_iter().partition(is_slow);
    if slow.iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum::<u64>() < SLOW_APART {
        fast.append(&mut slow);
    }
    fast.extend(job.testbench.iter().cloned());
    let mut objects = vec!["model.o"];
    unit(toolbox, root, dir, "model", &fast, if job.optimise { "-O2" } else { "-O1" })?;
    if !slow.is_empty() {
        unit(toolbox, root, dir, "slow", &slow, "-O0")?;
        objects.push("slow.o");
    }
    let process = Process::tool(cxx, "link", dir).args(&objects).arg(library);
    process.args(["-pthread", "-latomic", "-o", "sim"]).makes("sim").run()?;
    Ok(std::path::absolute(dir.join("sim")).unwrap_or_else(|_| dir.join("sim")))
}

/// Compiles several files as one; where there is a ccache, it knows whether it has before.
fn unit(
    toolbox: &Toolbox,
    root: &Path,
    dir: &Path,
    name: &str,
    files: &[PathBuf],
    level: &str,
) -> Result<()> {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "#include \"{}\"", seen_from(dir, file).display());
    }
    let (source, object) = (format!("{name}.cpp"), format!("{name}.o"));
    write_file(&dir.join(&source), text)?;
    let header = runtime::header(toolbox.require(Tool::Cxx)?, root, dir, level)?;
    let process = runtime::compiler(toolbox, name, dir)?.args(runtime::COMMON);
    let process = process.args([level, "-include"]).arg(header).args(["-I", "."]);
    let process = runtime::includes(root).iter().fold(process, |p, i| p.arg("-I").arg(i));
    process.args(["-c", &source, "-o", &object]).makes(&object).run().map(drop)
}

/// The C++ files of a model, in order of name.
fn generated(dir: &Path, top: &str) -> Vec<PathBuf> {
    let start = format!("V{top}");
    let is_model = |p: &PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rest = name.strip_prefix(&start).and_then(|r| r.strip_suffix(".cpp"));
        rest.is_some_and(|r| r.is_empty() || r.starts_with("__"))
    };
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(is_model)
        .collect();
    files.sort();
    files
}
