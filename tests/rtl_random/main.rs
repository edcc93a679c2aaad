// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The emitted Verilog of random networks fires the simulator's spikes in the simulator's
//! cycles. The networks are the same in every run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod faults;
#[path = "../common/tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use synfire::diag::Diagnostic;
use synfire::emit::{self, RTL_DIR};
use synfire::flow::verilator::{LintJob, lint_only};
use synfire::flow::{Tool, Toolbox};
use synfire::hw::{Design, Stage};
use synfire::ir::print;
use synfire::verify::{
    Executor, InterpExecutor, Outcome, RtlExecutor, Scope, SimExecutor, compare,
};

use cases::{Case, REACHED, corners, drawn, features};
use common::big_target;
use common::net::inputs;
use common::rng::Rng;
use faults::{FAULTS, Fault};
use tools::tools;

/// Inferences that left members out, asked for or since the class was settled.
static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Verilog and memories of a design, below `dir`.
fn write(design: &Design, dir: &Path) -> PathBuf {
    let rtl = dir.join(RTL_DIR);
    std::fs::create_dir_all(&rtl).unwrap();
    for file in emit::emit(design, &big_target()).unwrap() {
        std::fs::write(dir.join(&file.path), file.contents).unwrap();
    }
    rtl
}

/// The first difference, in words.
fn equal(what: &str, expected: &[Outcome], found: &[Outcome], scope: Scope) -> Result<(), String> {
    match compare(expected.len(), expected, found, scope).1 {
        None => Ok(()),
        Some(d) => Err(format!("{what}: image {}: {}", d.image, d.what)),
    }
}

impl Case {
    /// All levels at their maximum, none, few, many, none again. Where requests leave something out
    /// more of them: nothing, and whatever bytes are drawn.
    fn inputs(&self) -> Vec<Vec<u8>> {
        let header = self.design.header_bytes();
        let mut levels = inputs(&self.net, if header > 0 { 12 } else { 5 });
        levels.push(levels[1].clone());
        let mut rng = Rng(self.net.seed ^ 0x4e0b);
        let (steps, whole) = (self.design.timesteps as usize + 2, levels.len() - 1);
        let levels = levels.iter().enumerate().map(|(i, levels)| {
            let (leaves, byte) = (i > 0 && i < whole, |k: usize, rng: &mut Rng| {
                let stop = if k == 0 && rng.one_in(2) { 0x80 } else { 0 };
                rng.below(if k == 0 { steps } else { 256 }) as u8 | stop
            });
            let header = (0..header).map(|k| if leaves { byte(k, &mut rng) } else { 0 });
            let header: Vec<u8> = header.collect();
            header.into_iter().chain(levels.iter().map(|v| u8::try_from(*v).unwrap())).collect()
        });
        levels.collect()
    }

    /// Cycles to wait before each byte, 0 to 6.
    fn gaps(&self) -> Vec<u8> {
        (0..self.design.input_bytes() as usize).map(|i| (i * i % 7) as u8).collect()
    }

    /// Runs the Verilog in `rtl` in every way and compares with the other executors.
    fn check(&self, toolbox: &Toolbox, rtl: &Path) -> Result<(), String> {
        let images = self.inputs();
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        let said = |d: Box<Diagnostic>| format!("{} {}", d.code.id, d.message);
        let run = |level: &mut dyn Executor| level.run(&images).map_err(said);
        let interp = run(&mut InterpExecutor::new(&self.graph).unwrap().like(&self.design))?;
        let sim = run(&mut SimExecutor::new(&self.design, Vec::new()))?;
        let slow_sim = run(&mut SimExecutor::new(&self.design, self.gaps()))?;

        let work = rtl.join("sim");
        let core = RtlExecutor::build_for_few(toolbox, &self.design, rtl, &work, Vec::new());
        let mut core = core.map_err(said)?.with_weights(emit::load_image(&self.design));
        let plain = run(&mut core)?;
        let (spikes, cycles) = (Scope::spikes(&self.design), Scope::cycles(&self.design));
        equal("interp = rtl", &interp, &plain, spikes)?;
        self.note(&sim);
        equal("sim = rtl", &sim, &plain, cycles)?;
        let mut core = core.with_gaps(self.gaps());
        equal("with gaps", &slow_sim, &run(&mut core)?, cycles)?;
        equal("with pauses", &interp, &run(&mut core.with_pauses())?, spikes)
    }

    /// Of those that may stop early, how many did and did not.
    fn note(&self, outcomes: &[Outcome]) {
        let ran = |o: &Outcome| o.ran.unwrap_or(0);
        let most = self.design.knobs.map_or(0, |k| k.members);
        let fewer = outcomes.iter().filter(|o| (1..most).contains(&ran(o))).count();
        STOPPED.fetch_add(fewer, Ordering::Relaxed);
    }

    /// Builds and compares.
    fn holds(&self, toolbox: &Toolbox) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        self.check(toolbox, &write(&self.design, dir.path()))
    }
}

fn all_hold(toolbox: &Toolbox, cases: impl Iterator<Item = Case>) {
    let mut failed = Vec::new();
    for (i, case) in cases.enumerate() {
        if let Err(what) = case.holds(toolbox) {
            let features: Vec<_> = features(&case.design).into_iter().collect();
            eprintln!("case {i}: {what}\n{}\n{:?}\n", features.join("; "), case.net);
            failed.push(format!("case {i}: {what}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_corners_are_reached() {
    let reached: BTreeSet<_> = corners().flat_map(|c| features(&c.design)).collect();
    let missed: Vec<_> = REACHED.iter().filter(|f| !reached.contains(**f)).collect();
    assert!(missed.is_empty(), "{missed:?} not in {reached:?}");
}

#[test]
fn corners_hold() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    all_hold(&toolbox, corners());
    assert!(STOPPED.load(Ordering::Relaxed) > 20, "hardly any inference stops early");
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn two_hundred_networks_hold() {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    all_hold(&toolbox, drawn(200));
}

/// The same network gives the same bytes.
#[test]
fn compiling_is_deterministic() {
    let compiled = |case: Case| {
        (print(&case.graph).unwrap(), emit::emit(&case.design, &big_target()).unwrap())
    };
    for (one, other) in drawn(48).zip(drawn(48)) {
        assert_eq!(compiled(one), compiled(other));
    }
}

/// What the comparison says to the fault; none: not noticed.
fn noticed(toolbox: &Toolbox, fault: &Fault, case: &Case) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let rtl = write(&case.design, dir.path());
    let file = rtl.join(fault.file);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches(fault.from).count(), 1, "{}: {}", fault.file, fault.from);
    // What a fault no longer reads is no reason not to try it.
    let faulty = text.replace(fault.from, fault.to);
    std::fs::write(&file, format!("/* verilator lint_off UNUSED */\n{faulty}")).unwrap();
    // Verilog that is not accepted shows nothing.
    case.check(toolbox, &rtl).err().filter(|what| !what.contains("Exiting due to"))
}

fn all_noticed<'f>(faults: impl Iterator<Item = &'f Fault>, cases: &[Case]) {
    let Some(toolbox) = tools(&[Tool::Verilator, Tool::Cxx]) else { return };
    let mut missed = Vec::new();
    for fault in faults {
        // The likeliest case first: which other ones show it depends on what is drawn.
        let (before, after) = cases.split_at(fault.case);
        match after.iter().chain(before).find_map(|case| noticed(&toolbox, fault, case)) {
            Some(what) => eprintln!("{}: `{}`: {what}", fault.file, fault.from),
            None => missed.push(format!("{}: `{}`", fault.file, fault.from)),
        }
    }
    assert!(missed.is_empty(), "not noticed:\n{}", missed.join("\n"));
}

#[test]
fn some_faults_are_noticed() {
    all_noticed(FAULTS.iter().step_by(5), &corners().collect::<Vec<_>>());
}

#[test]
#[ignore = "a minute; part of the nightly run"]
fn all_faults_are_noticed() {
    // Some show on few networks only: those of a rounding, say.
    all_noticed(FAULTS.iter(), &corners().chain(drawn(100)).collect::<Vec<_>>());
}

/// Names that end a comment, or that a tool takes for an instruction.
const NAMES: &[&str] = &[
    "verilator lint_off WIDTH",
    "synthesis translate_off",
    "a\nendmodule",
    "\"`*/\\",
    "\r\u{2028}é",
];

#[test]
fn the_core_is_free_of_warnings() {
    let Some(toolbox) = tools(&[Tool::Verilator]) else { return };
    for (i, mut case) in drawn(15).enumerate() {
        let name = NAMES[i % NAMES.len()];
        name.clone_into(&mut case.design.name);
        for stage in &mut case.design.stages {
            match stage {
                Stage::Dense(d) => name.clone_into(&mut d.name),
                Stage::Lif(l) => name.clone_into(&mut l.name),
                Stage::Readout(r) => name.clone_into(&mut r.name),
                Stage::Count(_) | Stage::Planes(_) => {}
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let rtl = write(&case.design, dir.path());
        let job = LintJob {
            dir: dir.path().to_path_buf(),
            sources: vec![rtl.join("sf_core.v")],
            includes: vec![rtl],
            top: "sf_core".into(),
            ..LintJob::default()
        };
        if let Err(e) = lint_only(&toolbox, &job) {
            panic!("case {i}: {}\n{:?}", e.message, case.net);
        }
    }
}
