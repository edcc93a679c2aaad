// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Exported models in ONNX Runtime, by run_onnx.py. `SYNFIRE_PYTHON` names a Python that
//! has the packages of requirements.txt; without it that of .tools/venv is asked.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use synfire::diag::Result;
use synfire::ir::Graph;
use synfire_distill::nn::rng;

use crate::agree::agree;
use crate::models::{self, Case, Shown};
use crate::subset::{choices, present};
use crate::trained::Run;
use crate::{SAMPLES, trained};

/// The interpreter, or nothing when there is none and a run without it is allowed.
fn python() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/venv/bin/python");
    let python = std::env::var_os("SYNFIRE_PYTHON").map_or(venv, PathBuf::from);
    let found = Command::new(&python).args(["-c", "import onnx, onnxruntime"]).output();
    if found.is_ok_and(|o| o.status.success()) {
        return Some(python);
    }
    let missing = format!("{} has no onnxruntime; see SYNFIRE_PYTHON", python.display());
    assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "{missing}");
    eprintln!("not run, {missing}");
    None
}

/// `[batch, …]`, or `[timestep, batch, …]` if the input changes.
fn input(case: &Case, graph: &Graph, shown: &Shown) -> serde_json::Value {
    let mut shape = vec![shown.len()];
    if case.changes() {
        shape.insert(0, case.steps);
    }
    let node = graph.node(graph.find("input").unwrap());
    shape.extend(&node.stream.shape);
    let step = |t: usize| shown.iter().flat_map(move |s| s[t].iter().copied());
    let values: Vec<f32> = (0..shown[0].len()).flat_map(step).collect();
    json!({"shape": shape, "values": values})
}

fn write(file: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(file, bytes).unwrap();
}

#[test]
#[ignore = "needs ONNX Runtime; part of the nightly run"]
fn onnx_runtime_computes_what_the_trainer_does() -> Result<()> {
    let Some(python) = python() else { return Ok(()) };
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for case in models::all()? {
        let members = match case.name {
            "ensemble" => 4,
            "conv-ensemble" => 2,
            _ => 0,
        };
        let shown = case.shown(SAMPLES, &mut rng(7, 5));
        for active in std::iter::once(None).chain(choices(members).map(Some)) {
            let graph = match &active {
                None => case.graph()?,
                Some(active) => case.subset(active)?,
            };
            let stem = folder.path().join(format!("{:02}", all.len()));
            write(&stem.with_extension("onnx"), synfire::export::onnx::write(&graph)?);
            write(&stem.with_extension("json"), input(&case, &graph, &shown).to_string());
            let mut trained = trained::run(&case, &shown, active.as_deref())?;
            if let Some(active) = &active {
                trained.iter_mut().for_each(|run| *run = present(run, active));
            }
            all.push((stem, graph, case.name, trained));
        }
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/run_onnx.py");
    let done = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for (stem, graph, name, trained) in all {
        let case = models::named(name)?;
        let shown = case.shown(SAMPLES, &mut rng(7, 5));
        let text = std::fs::read_to_string(stem.with_extension("out.json")).unwrap();
        let other: Vec<Run> = serde_json::from_str(&text).unwrap();
        let found = agree(&graph, (&case, &shown), &trained, &other)?;
        eprintln!("{name}: {found}");
    }
    Ok(())
}
