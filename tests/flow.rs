// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The external tools, end to end on a small design.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use synfire::flow::nextpnr::{self, PnrJob};
use synfire::flow::yosys::{self, SynthJob};
use synfire::flow::{Tool, Toolbox, report};

/// The tools, or nothing when some are missing and a run without them is allowed.
fn tools(needed: &[Tool]) -> Option<Toolbox> {
    let toolbox = Toolbox::discover();
    let missing = toolbox.missing(needed);
    if missing.is_empty() {
        return Some(toolbox);
    }
    assert!(std::env::var_os("SYNFIRE_REQUIRE_TOOLS").is_none(), "missing: {}", missing.join(", "));
    eprintln!("not run, missing: {}", missing.join(", "));
    None
}

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flow").join(file)
}

/// Writes the memory contents and returns their sum.
fn contents(dir: &Path) -> u16 {
    let words: Vec<u16> =
        (0..256u16).map(|i| i.wrapping_mul(40_503).rotate_left(5) ^ 0x5a5a).collect();
    let text: String = words.iter().map(|w| format!("{w:04x}\n")).collect();
    std::fs::write(dir.join("ramsum.hex"), text).unwrap();
    words.iter().fold(0, |a, w| a.wrapping_add(*w))
}

fn synth(toolbox: &Toolbox, dir: &Path) -> yosys::Synthesis {
    let job = SynthJob {
        dir: dir.to_path_buf(),
        sources: vec![here("ramsum.v")],
        includes: Vec::new(),
        defines: Vec::new(),
        top: "top".into(),
        device: "u".into(),
    };
    yosys::synth_ice40(toolbox, &job).unwrap()
}

fn pnr_job(dir: &Path, json: PathBuf) -> PnrJob {
    let (device, package) = ("up5k".into(), "sg48".into());
    PnrJob {
        dir: dir.to_path_buf(),
        json,
        device,
        package,
        pcf: Some(here("ramsum.pcf")),
        freq_mhz: 12.0,
        seed: 1,
    }
}

#[test]
fn report_names_every_tool_and_what_it_is_for() {
    let status = report(&Toolbox::discover());
    assert!(status.iter().all(|s| !s.get.is_empty() && !s.needed_to.is_empty()));
    for s in status.iter().filter(|s| s.path.is_some()) {
        eprintln!("{:14} {:?} {:?} {:?}", s.name, s.version, s.origin, s.path);
    }
}

#[test]
fn synthesis_counts_cells_and_reports_errors_with_the_log() {
    let Some(toolbox) = tools(&[Tool::Yosys]) else { return };
    let dir = tempfile::Builder::new().prefix("with space").tempdir().unwrap();
    contents(dir.path());
    let made = synth(&toolbox, dir.path());
    assert_eq!(made.cells.ebr, 1, "{:?}", made.cells);
    assert!(
        made.cells.lut4 > 10 && made.cells.ff > 20 && made.cells.carry > 10,
        "{:?}",
        made.cells
    );
    assert!(yosys::ice40_cells(&toolbox).unwrap().is_file());

    std::fs::write(dir.path().join("bad.v"), "module top; wrong").unwrap();
    let err =
        yosys::run_script(&toolbox, dir.path(), "bad", "read_verilog bad.v\n", &[]).unwrap_err();
    assert_eq!(err.code.id, "SF0502");
    assert!(err.message.contains("syntax error"), "{}", err.message);
}

#[test]
fn placement_is_the_same_for_the_same_seed() {
    let Some(toolbox) = tools(&[Tool::Yosys, Tool::NextpnrIce40]) else { return };
    let run = || {
        let dir = tempfile::tempdir().unwrap();
        contents(dir.path());
        let json = synth(&toolbox, dir.path()).json;
        let placed = nextpnr::place_route(&toolbox, &pnr_job(dir.path(), json), &|_| {}).unwrap();
        (std::fs::read(placed.asc).unwrap(), placed.report)
    };
    let (a, b) = (run(), run());
    assert_eq!(a.1, b.1);
    assert!(a.0 == b.0, "two runs in different directories differ");
    assert!(a.1.logic_cells().used > 10 && a.1.block_rams().used == 1);
    assert!(a.1.fmax_mhz().unwrap() > 12.0);
    a.1.check_timing().unwrap();
}
