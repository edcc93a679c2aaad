// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Lint and simulators by Verilator.
//!
//! The C++ is compiled here as one unit, with a kept header, and linked with a kept run-time
//! library: 0.7 s for a small design, where Verilator's own makefile takes 7.4 s. Neither make,
//! Perl nor Python is needed.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::catalog::Tool;
use super::kept::{Entry, Key};
use super::process::{Process, create_dir, seen_from};
use super::runtime;
use super::tools::{Found, Toolbox};
use crate::diag::{Diagnostic, Result, codes, write_file};

/// Above this many bytes of code that only initialises, it is compiled apart and without
/// optimisation.
const SLOW_APART: u64 = 200_000;

/// How files of Verilog end.
const VERILOG: [&str; 4] = ["v", "vh", "sv", "svh"];

/// Verilog to be checked.
#[derive(Debug, Clone, Default)]
pub struct LintJob {
    /// Where the tool runs and its log goes.
    pub dir: PathBuf,
    /// Verilog files.
    pub sources: Vec<PathBuf>,
    /// Directories for `` `include`` and for modules named like their file. What is read there
    /// ends as Verilog does: `.v`, `.vh`, `.sv`, `.svh`.
    pub includes: Vec<PathBuf>,
    /// Macros, `NAME` or `NAME=value`.
    pub defines: Vec<String>,
    /// Values for parameters of the top module, `NAME=value`.
    pub parameters: Vec<String>,
    /// The top module.
    pub top: String,
}

/// How far a program is optimised: the further, the longer it takes to build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effort {
    /// Not at all: for some thousand cycles.
    Little,
    /// A little.
    #[default]
    Some,
    /// Fully, for long runs.
    Much,
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
    /// How far its program is optimised.
    pub effort: Effort,
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
    process.args(design_args(job)).run().map(drop)
}

/// Builds a simulator and returns the path of its executable, `sim` in the directory; one that
/// was built before of the same bytes is taken.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`], [`codes::SIM_BUILD`].
pub fn build(toolbox: &Toolbox, job: &VerilatorJob) -> Result<PathBuf> {
    let found = toolbox.require(Tool::Verilator)?;
    let cxx = toolbox.require(Tool::Cxx)?;
    let dir = &job.design.dir;
    create_dir(dir)?;
    let program = dir.join("sim");
    let program = std::path::absolute(&program).unwrap_or(program);
    let kept = entry([found, cxx], job);
    if kept.as_ref().is_some_and(|k| k.take_program(&program)) {
        return Ok(program);
    }
    for old in generated(dir, &job.design.top) {
        let _ = std::fs::remove_file(old);
    }
    Process::tool(found, "verilator", dir).args(arguments(job)).run()?;
    let root = found.data.clone().unwrap_or_default();
    compile(toolbox, &root, job).map_err(|d| match d.code {
        c if *c == codes::TOOL_FAILED => Box::new(Diagnostic { code: &codes::SIM_BUILD, ..*d }),
        _ => d,
    })?;
    kept.iter().for_each(|k| k.put_program(&program));
    Ok(program)
}

/// What Verilator is told.
fn arguments(job: &VerilatorJob) -> Vec<OsString> {
    let model = ["--cc", "--Mdir", ".", "-O3", "--x-assign", "fast", "--no-timing"];
    let start = ["--x-initial", if job.random_start { "unique" } else { "fast" }];
    let warnings: &[_] =
        if job.netlist { &["-Wno-fatal", "-Wno-lint", "-Wno-style"] } else { &["-Wall"] };
    let own = model.iter().chain(&["--output-split-cfuncs", "4000"]).chain(&start).chain(warnings);
    own.map(OsString::from).chain(design_args(&job.design)).collect()
}

fn design_args(job: &LintJob) -> Vec<OsString> {
    let seen = |path: &PathBuf| seen_from(&job.dir, path).into_os_string();
    let with = |flag: &str, value: &OsStr| {
        let mut arg = OsString::from(flag);
        arg.push(value);
        arg
    };
    let mut args = vec!["--top-module".into(), OsString::from(&job.top)];
    args.extend(job.defines.iter().map(|d| with("-D", OsStr::new(d))));
    args.extend(job.parameters.iter().map(|g| with("-G", OsStr::new(g))));
    args.extend(job.includes.iter().flat_map(|i| ["-y".into(), seen(i)]));
    args.extend(job.includes.iter().map(|i| with("-I", &seen(i))));
    args.extend(job.sources.iter().map(seen));
    args
}

/// Where a simulator of these bytes is kept: all that both tools are told, and every file that
/// they may read.
fn entry(tools: [&Found; 2], job: &VerilatorJob) -> Option<Entry> {
    let mut key = Key::of(&tools)?;
    for (name, value) in tools.iter().flat_map(|t| &t.env) {
        key.add(name.as_encoded_bytes());
        key.add(value.as_encoded_bytes());
    }
    arguments(job).iter().for_each(|a| key.add(a.as_encoded_bytes()));
    runtime::COMMON.iter().for_each(|flag| key.add(flag.as_bytes()));
    key.add(level(job).as_bytes());
    let mut files = job.design.sources.clone();
    for folder in &job.design.includes {
        let entries = std::fs::read_dir(folder).ok()?.map(|e| e.map(|e| e.path()));
        let mut entries: Vec<_> = entries.collect::<std::io::Result<_>>().ok()?;
        // Contents of memories are read when it runs, and logs of runs lie beside them.
        entries.retain(|p| {
            p.is_file() && p.extension().is_some_and(|e| VERILOG.iter().any(|v| *v == e))
        });
        entries.sort();
        files.extend(entries);
    }
    files.extend(job.testbench.iter().cloned());
    for file in files {
        key.add_file(&seen_from(&job.design.dir, &file), &file).ok()?;
    }
    key.entry()
}

/// How far the C++ is optimised.
fn level(job: &VerilatorJob) -> &'static str {
    match job.effort {
        Effort::Little => "-O0",
        Effort::Some => "-O1",
        Effort::Much => "-O2",
    }
}

/// Compiles the model and the test bench as one unit, and links.
fn compile(toolbox: &Toolbox, root: &Path, job: &VerilatorJob) -> Result<()> {
    let cxx = toolbox.require(Tool::Cxx)?;
    let dir = &job.design.dir;
    let library = runtime::object(cxx, root, dir)?;
    let mut objects = Vec::new();
    for (name, files, level) in units(generated(dir, &job.design.top), job) {
        unit(toolbox, root, dir, name, &files, level)?;
        objects.push(format!("{name}.o"));
    }
    let process = Process::tool(cxx, "link", dir).args(&objects).arg(library);
    process.args(["-pthread", "-latomic", "-o", "sim"]).makes("sim").run().map(drop)
}

/// What is compiled as one, and how far it is optimised: code that runs once lies apart, if there
/// is much of it.
fn units(
    generated: Vec<PathBuf>,
    job: &VerilatorJob,
) -> Vec<(&'static str, Vec<PathBuf>, &'static str)> {
    let is_slow = |p: &PathBuf| p.to_string_lossy().ends_with("__Slow.cpp");
    let (mut slow, mut fast): (Vec<_>, Vec<_>) = generated.into_iter().partition(is_slow);
    if slow.iter().filter_map(|p| p.metadata().ok()).map(|m| m.len()).sum::<u64>() < SLOW_APART {
        fast.append(&mut slow);
    }
    fast.extend(job.testbench.iter().cloned());
    let mut units = vec![("model", fast, level(job))];
    if !slow.is_empty() {
        units.push(("slow", slow, "-O0"));
    }
    units
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_code_that_runs_once_lies_apart() {
        let dir = tempfile::tempdir().unwrap();
        let [fast, slow, bench] = ["V.cpp", "V__Slow.cpp", "tb.cpp"].map(|n| dir.path().join(n));
        let job = VerilatorJob {
            testbench: vec![bench.clone()],
            effort: Effort::Much,
            ..VerilatorJob::default()
        };
        let of = |bytes: u64| {
            std::fs::File::create(&slow).unwrap().set_len(bytes).unwrap();
            units(vec![fast.clone(), slow.clone()], &job)
        };
        let all = vec![fast.clone(), slow.clone(), bench.clone()];
        assert_eq!(of(SLOW_APART - 1), [("model", all, "-O2")]);
        let apart =
            [("model", vec![fast.clone(), bench], "-O2"), ("slow", vec![slow.clone()], "-O0")];
        assert_eq!([of(SLOW_APART), of(SLOW_APART + 1)], [apart.clone().to_vec(), apart.to_vec()]);
        // Where there is none, nothing is compiled for it.
        let plain = |effort| VerilatorJob { effort, ..VerilatorJob::default() };
        for (effort, level) in [(Effort::Some, "-O1"), (Effort::Little, "-O0")] {
            let found = units(vec![fast.clone()], &plain(effort));
            assert_eq!(found, [("model", vec![fast.clone()], level)]);
        }
        assert_eq!(Effort::default(), Effort::Some);
    }
}
