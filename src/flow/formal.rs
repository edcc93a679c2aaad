// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Proofs of the properties that the hand-written modules carry.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::catalog::Tool;
use super::process::{Process, seen_from};
use super::tools::Toolbox;
use super::yosys;
use crate::diag::{Diagnostic, Result, codes};

/// A module and how far to look.
#[derive(Debug, Clone, Default)]
pub struct ProofJob {
    /// Where the tools run and their files go.
    pub dir: PathBuf,
    /// Verilog files; `FORMAL` is defined.
    pub sources: Vec<PathBuf>,
    /// Values for parameters of the module.
    pub parameters: Vec<(String, i64)>,
    /// The module.
    pub top: String,
    /// Clock cycles: how far the base case looks, and how long the induction is.
    pub depth: u32,
    /// Ends with the base case: says something of the first cycles only.
    pub bounded: bool,
}

/// Proves every assertion of the module under its assumptions, by k-induction.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`] when the Verilog cannot be read, and
/// [`codes::PROOF_FAILED`].
pub fn prove(toolbox: &Toolbox, job: &ProofJob) -> Result<Duration> {
    let smtbmc = toolbox.require(Tool::Smtbmc)?;
    let yices = toolbox.require(Tool::Yices)?;
    let mut script = String::from("read_verilog -formal -D FORMAL");
    for source in &job.sources {
        let _ = write!(script, " \"{}\"", seen_from(&job.dir, source).display());
    }
    let _ = write!(script, "\nhierarchy -check -top {}", job.top);
    for (name, value) in &job.parameters {
        let _ = write!(script, " -chparam {name} {value}");
    }
    // Recent versions keep the top module's parameters in its name: prep finds it by itself.
    script.push_str(
        "\nprep -flatten\nasync2sync\nchformal -lower\ndffunmap\nwrite_smt2 -wires model.smt2\n",
    );
    let mut time = yosys::run_script(toolbox, &job.dir, "model", &script, &["model.smt2"])?.time;

    let depth = job.depth.to_string();
    let solvers = yices.program.parent().map(PathBuf::from).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([solvers].into_iter().chain(std::env::split_paths(&path)))
        .unwrap_or(path);
    let run = |step: &str, flags: &[&str]| {
        let process = Process::tool(smtbmc, step, &job.dir)
            .env("PATH", &path)
            .args(["-s", "yices", "-t", &depth]);
        process.args(flags).arg("model.smt2").run().map_err(|d| failed(d, job, step))
    };
    time += run("base", &["--dump-vcd", "base.vcd"])?.time;
    if !job.bounded {
        time += run("induction", &["-i", "--dump-vcd", "induction.vcd"])?.time;
    }
    Ok(time)
}

/// Tells an assertion that fails from a prover that does.
fn failed(failure: Box<Diagnostic>, job: &ProofJob, step: &str) -> Box<Diagnostic> {
    let log = failure.location.file.clone().unwrap_or_default();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    if !text.contains("Status: FAILED") && !text.contains("Status: failed") {
        return failure;
    }
    let assertion = text.lines().find_map(|l| Some(l.split_once("Assert failed in ")?.1));
    let which = assertion.unwrap_or("an assertion");
    let how = if step == "base" { "fails" } else { "is not inductive" };
    let message = format!("{}: {which} {how} ({step}, depth {})", job.top, job.depth);
    Diagnostic::new(&codes::PROOF_FAILED, message)
        .in_file(&log)
        .help(format!("{step}.vcd beside the log is the run"))
}
