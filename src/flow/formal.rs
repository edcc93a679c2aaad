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

/// What is to be shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Base case and k-induction step: the assertions hold for ever.
    #[default]
    Induction,
    /// The assertions hold in every run of so many cycles, and nothing beyond.
    Bmc,
    /// Every cover statement is reached: the assumptions leave something to prove.
    Cover,
}

/// A module and how far to look.
#[derive(Debug, Clone, Default)]
pub struct ProofJob {
    /// Where the tools run and their files go.
    pub dir: PathBuf,
    /// The module's file; `FORMAL` is defined in it.
    pub source: PathBuf,
    /// The files of the modules in it. `FORMAL` is not defined there: an `assume` about an
    /// inner module's inputs would count as true without proof.
    pub inner: Vec<PathBuf>,
    /// Values for parameters of the module.
    pub parameters: Vec<(String, i64)>,
    /// The module.
    pub top: String,
    /// Clock cycles: of the base case, and of the induction.
    pub depth: u32,
    /// What is to be shown.
    pub mode: Mode,
    /// Several clocks, which the module's properties make of steps of time; `depth` counts these.
    pub clocks: bool,
}

/// Shows that the module's assertions hold under its assumptions, or that its cover
/// statements are reached.
///
/// # Errors
/// [`codes::TOOL_MISSING`], [`codes::TOOL_FAILED`] when the Verilog cannot be read, and
/// [`codes::PROOF_FAILED`].
pub fn prove(toolbox: &Toolbox, job: &ProofJob) -> Result<Duration> {
    let smtbmc = toolbox.require(Tool::Smtbmc)?;
    let yices = toolbox.require(Tool::Yices)?;
    let mut time =
        yosys::run_script(toolbox, &job.dir, "model", &script(job), &["model.smt2"])?.time;

    let depth = job.depth.to_string();
    let solvers = yices.program.parent().map(PathBuf::from).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([solvers].into_iter().chain(std::env::split_paths(&path)))
        .unwrap_or(path);
    let steps: &[(&str, &str)] = match job.mode {
        Mode::Induction => &[("base", "--presat"), ("induction", "-i")],
        Mode::Bmc => &[("base", "--presat")],
        Mode::Cover => &[("cover", "-c")],
    };
    for (step, flag) in steps {
        let process = Process::tool(smtbmc, step, &job.dir)
            .env("PATH", &path)
            .args(["-s", "yices", "-t", &depth, flag]);
        let process = process.args(["--dump-vcd", &format!("{step}.vcd"), "model.smt2"]);
        time += process.run().map_err(|d| failed(d, job, step))?.time;
    }
    Ok(time)
}

/// The script that writes the module as SMT2.
fn script(job: &ProofJob) -> String {
    let mut script = format!(
        "read_verilog -sv -formal -DFORMAL \"{}\"\n",
        seen_from(&job.dir, &job.source).display()
    );
    for file in &job.inner {
        let _ = writeln!(script, "read_verilog -sv \"{}\"", seen_from(&job.dir, file).display());
    }
    for (name, value) in &job.parameters {
        let _ = writeln!(script, "chparam -set {name} {value} {}", job.top);
    }
    let _ = writeln!(script, "hierarchy -check -top {}\nproc\nopt_clean\nflatten", job.top);
    script.push_str(if job.clocks { "clk2fflogic\n" } else { "async2sync\n" });
    script.push_str("chformal -lower\ndffunmap\nopt_clean\nwrite_smt2 -wires model.smt2\n");
    script
}

/// Tells an assertion that fails from a prover that does.
fn failed(failure: Box<Diagnostic>, job: &ProofJob, step: &str) -> Box<Diagnostic> {
    let log = failure.location.file.clone().unwrap_or_default();
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    if !text.contains("Status: FAILED") && !text.contains("Status: failed") {
        return failure;
    }
    let named = ["Assert failed in ", "Unreached cover statement at "];
    let named = text.lines().find_map(|l| named.iter().find_map(|n| Some(l.split_once(n)?.1)));
    let which = named.unwrap_or("a property");
    let how = match step {
        "base" => "fails",
        "induction" => "is not inductive",
        _ => "is not reached",
    };
    let message = format!("{}: {which} {how} ({step}, depth {})", job.top, job.depth);
    Diagnostic::new(&codes::PROOF_FAILED, message)
        .in_file(&log)
        .help(format!("{step}.vcd beside the log is the run"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(dir: &std::path::Path) -> ProofJob {
        ProofJob {
            dir: dir.to_path_buf(),
            source: dir.join("sf_a.v"),
            inner: vec![dir.join("sf_b.v")],
            parameters: vec![("W".into(), 3), ("N".into(), -1)],
            top: "sf_a".into(),
            depth: 7,
            mode: Mode::Induction,
            clocks: false,
        }
    }

    #[test]
    fn properties_are_read_of_the_module_alone() {
        let dir = tempfile::tempdir().unwrap();
        let lines = [
            "read_verilog -sv -formal -DFORMAL \"sf_a.v\"",
            "read_verilog -sv \"sf_b.v\"",
            "chparam -set W 3 sf_a",
            "chparam -set N -1 sf_a",
            "hierarchy -check -top sf_a",
        ];
        assert!(script(&job(dir.path())).starts_with(&lines.join("\n")));
    }

    #[test]
    fn a_property_that_fails_is_told_from_a_prover_that_does() {
        let dir = tempfile::tempdir().unwrap();
        let said = |text: &str, step: &str| {
            let log = dir.path().join("base.log");
            std::fs::write(&log, text).unwrap();
            let broke = Diagnostic::new(&codes::TOOL_FAILED, "yosys-smtbmc failed").in_file(&log);
            let told = failed(broke, &job(dir.path()), step);
            (told.code.id, told.message)
        };
        assert_eq!(said("cannot start", "base"), ("SF0502", "yosys-smtbmc failed".into()));
        let log = "## Assert failed in sf_a: sf_a.v:12\n## Status: FAILED\n";
        for (step, how) in
            [("base", "fails"), ("induction", "is not inductive"), ("cover", "is not reached")]
        {
            let expected = format!("sf_a: sf_a: sf_a.v:12 {how} ({step}, depth 7)");
            assert_eq!(said(log, step), ("SF0508", expected));
        }
        let log = "Unreached cover statement at sf_a.v:9\nStatus: failed";
        assert_eq!(said(log, "cover").1, "sf_a: sf_a.v:9 is not reached (cover, depth 7)");
        assert_eq!(said("Status: FAILED", "base").1, "sf_a: a property fails (base, depth 7)");
    }
}
