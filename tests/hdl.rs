// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The hand-written Verilog: free of warnings, its properties proved, and the proofs able
//! to fail. `hdl/formal.toml` and its neighbours say what is proved how.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use synfire::diag::{Diagnostic, codes};
use synfire::flow::formal::{Mode, ProofJob, prove};
use synfire::flow::verilator::{LintJob, lint_only};
use synfire::flow::{Tool, Toolbox};

use common::tools;

#[derive(serde::Deserialize)]
struct Plan {
    proof: Vec<Proof>,
    mutant: Vec<Mutant>,
}

#[derive(Clone, Debug, serde::Deserialize)]
struct Proof {
    module: String,
    files: Vec<String>,
    params: Vec<BTreeMap<String, i64>>,
    mode: Mode,
    depth: u32,
    /// Of several clocks.
    #[serde(default)]
    clocks: bool,
}

#[derive(serde::Deserialize)]
struct Mutant {
    module: String,
    fault: String,
    find: String,
    replace: String,
}

fn hdl() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hdl")
}

fn modules() -> Vec<PathBuf> {
    let files = std::fs::read_dir(hdl()).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "v")).collect();
    files.sort();
    files
}

fn plan() -> Plan {
    let faults =
        ["formal_shared_faults.toml", "formal_lanes_faults.toml", "formal_line_faults.toml"];
    let proofs = [
        "formal.toml",
        "formal_axis.toml",
        "formal_boot.toml",
        "formal_knobs.toml",
        "formal_spi.toml",
        "formal_shared.toml",
    ];
    let files = proofs.into_iter().chain(faults);
    let text = files.map(|name| std::fs::read_to_string(hdl().join(name)).unwrap());
    toml::from_str(&text.collect::<String>()).unwrap()
}

impl Proof {
    fn run(
        &self,
        toolbox: &Toolbox,
        source: &Path,
        params: &BTreeMap<String, i64>,
    ) -> synfire::diag::Result<()> {
        let mark = self.mark(toolbox, source, params);
        // A deliberate fault in the sources changes no text that the mark is made of.
        let is_sound = std::env::var_os("SYNFIRE_FAULT").is_none();
        if let Some(code) = std::fs::read_to_string(&mark).ok().filter(|_| is_sound) {
            let before = Diagnostic::new(&codes::PROOF_FAILED, "as before");
            return if code.is_empty() { Ok(()) } else { Err(before) };
        }
        let dir = tempfile::tempdir().unwrap();
        let job = ProofJob {
            dir: dir.path().to_path_buf(),
            source: source.to_path_buf(),
            inner: self.files.iter().map(|f| hdl().join(f)).collect(),
            parameters: params.iter().map(|(k, v)| (k.clone(), *v)).collect(),
            top: self.module.clone(),
            depth: self.depth,
            mode: self.mode,
            clocks: self.clocks,
        };
        let proved = prove(toolbox, &job);
        let failed = proved.as_ref().err().map(|d| d.code);
        if is_sound && failed.is_none_or(|code| *code == codes::PROOF_FAILED) {
            let _ = std::fs::write(&mark, failed.map_or("", |code| code.id));
        }
        let time = proved?.as_secs_f64();
        eprintln!("{:16} {:?} {params:?} {time:.1} s", self.module, self.mode);
        Ok(())
    }

    /// A file that says how this came out: the same texts, parameters and tools have the same
    /// outcome, which need not be worked out again.
    fn mark(&self, toolbox: &Toolbox, source: &Path, params: &BTreeMap<String, i64>) -> PathBuf {
        let mut hash = DefaultHasher::new();
        (format!("{self:?}"), params).hash(&mut hash);
        let inner = self.files.iter().map(|f| hdl().join(f));
        for file in [source.to_path_buf()].into_iter().chain(inner) {
            std::fs::read(file).unwrap().hash(&mut hash);
        }
        // How a model is written and what is asked of the prover.
        include_str!("../src/flow/formal.rs").hash(&mut hash);
        for tool in [Tool::Yosys, Tool::Smtbmc, Tool::Yices].map(|t| toolbox.get(t).unwrap()) {
            let made = tool.program.metadata().and_then(|m| m.modified()).ok();
            (&tool.program, &tool.version, made).hash(&mut hash);
        }
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("proofs");
        std::fs::create_dir_all(&kept).unwrap();
        kept.join(format!("{:016x}", hash.finish()))
    }

    fn run_all(&self, toolbox: &Toolbox) {
        for params in &self.params {
            self.run(toolbox, &self.source(), params).unwrap_or_else(|e| panic!("{params:?}: {e}"));
        }
    }

    fn source(&self) -> PathBuf {
        hdl().join(format!("{}.v", self.module))
    }
}

/// What the linter says of a module with these parameters.
fn warnings(
    toolbox: &Toolbox,
    dir: &Path,
    file: &Path,
    params: &BTreeMap<String, i64>,
) -> Option<String> {
    let job = LintJob {
        dir: dir.to_path_buf(),
        sources: vec![file.to_path_buf()],
        // Where the models of the vendors' primitives are.
        includes: vec![hdl(), hdl().with_file_name("templates/verify")],
        parameters: params.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        top: file.file_stem().unwrap().to_string_lossy().into_owned(),
        ..LintJob::default()
    };
    lint_only(toolbox, &job).err().map(|e| format!("{params:?}: {}", e.message))
}

#[test]
fn modules_are_free_of_warnings() {
    let Some(toolbox) = tools(&[Tool::Verilator]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let lint = |file: &PathBuf| warnings(&toolbox, dir.path(), file, &BTreeMap::new());
    let failed: Vec<_> = modules().iter().filter_map(lint).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// With all parameters for which something is proved, too. Parameters that are vectors cannot be
/// given to a linter in their width; modules that have such are looked at within processors.
#[test]
#[ignore = "a minute; part of the nightly run"]
fn modules_are_free_of_warnings_whatever_their_parameters() {
    let Some(toolbox) = tools(&[Tool::Verilator]) else { return };
    let dir = tempfile::tempdir().unwrap();
    let plan = plan();
    let given = plan.proof.iter().filter(|p| !["sf_tail", "sf_integrator"].contains(&&*p.module));
    let all = given.flat_map(|p| p.params.iter().map(move |params| (p, params)));
    let lint = |(proof, params): (&Proof, _)| {
        warnings(&toolbox, dir.path(), &hdl().join(format!("{}.v", proof.module)), params)
    };
    let failed: Vec<_> = all.filter_map(lint).collect();
    assert!(failed.is_empty(), "{} sets of parameters\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn every_module_with_properties_is_in_the_plan() {
    let plan = plan();
    for file in modules() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let has = std::fs::read_to_string(&file).unwrap().contains("`ifdef FORMAL");
        assert_eq!(has, plan.proof.iter().any(|p| p.module == name), "{name}");
    }
}

/// Bounded proofs are cut to so many cycles in everyday runs.
const QUICK_DEPTH: u32 = 50;
const QUICK_STEPS: u32 = 36;
/// So many sets of parameters are tried in everyday runs.
const QUICK_PARAMETERS: usize = 1;

#[test]
fn properties_hold() {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::Smtbmc, Tool::Yices]) else { return };
    for mut proof in plan().proof {
        proof.params.truncate(QUICK_PARAMETERS);
        if proof.mode == Mode::Bmc {
            // Steps of time are finer than cycles.
            let most = if proof.clocks { QUICK_STEPS } else { QUICK_DEPTH };
            proof.depth = proof.depth.min(most);
            proof.params.truncate(1);
        }
        proof.run_all(&toolbox);
    }
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn properties_hold_to_their_full_depth_and_for_all_parameters() {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::Smtbmc, Tool::Yices]) else { return };
    plan().proof.iter().for_each(|p| p.run_all(&toolbox));
}

#[test]
fn a_fault_of_each_module_is_found() {
    let mut seen = BTreeSet::new();
    faults_are_found(|mutant| seen.insert(mutant.module.clone()));
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn every_fault_is_found() {
    faults_are_found(|_| true);
}

fn faults_are_found(mut wanted: impl FnMut(&Mutant) -> bool) {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::Smtbmc, Tool::Yices]) else { return };
    let mut plan = plan();
    plan.mutant.retain_mut(|m| wanted(m));
    let dir = tempfile::tempdir().unwrap();
    for mutant in &plan.mutant {
        let of_module = |p: &&Proof| p.module == mutant.module && p.mode != Mode::Cover;
        let proofs = || plan.proof.iter().filter(of_module);
        let text = std::fs::read_to_string(proofs().next().unwrap().source()).unwrap();
        assert_eq!(text.matches(&mutant.find).count(), 1, "{}: {}", mutant.module, mutant.fault);
        let file = dir.path().join(format!("{}.v", mutant.module));
        std::fs::write(&file, text.replace(&mutant.find, &mutant.replace)).unwrap();
        // Not every proof and parameter shows every fault: the first that does is enough.
        let tried = proofs().flat_map(|proof| proof.params.iter().map(move |p| (proof, p)));
        let mut failed = tried.filter_map(|(proof, p)| proof.run(&toolbox, &file, p).err());
        let code = failed.next().map(|e| e.code.id);
        assert_eq!(code, Some("SF0508"), "{}: not found: {}", mutant.module, mutant.fault);
    }
}
