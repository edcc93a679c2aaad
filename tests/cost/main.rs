// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The cost model against synthesis and packing, for both mappings and every family:
//! `cargo test --test cost -- --ignored --nocapture --test-threads 1` prints the
//! tables of docs/cost.md.
//!
//! Memories and multipliers have to be exact. Cycles are not compared here: that those of the
//! simulator are the hardware's is what `synfire verify` shows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod fixtures;
mod networks;
#[path = "../common/tools.rs"]
mod tools_there;

use std::collections::BTreeMap;
use std::path::Path;

use fixtures::{Fixture, chains, processors};
use synfire::emit;
use synfire::flow::process::Process;
use synfire::flow::yosys::{self, CellReport, SynthJob};
use synfire::flow::{Tool, Toolbox};
use synfire::hw::{self, Design};
use synfire::target::{self, Family, Target};

/// Cells after synthesis, logic cells after packing.
fn made(
    toolbox: &Toolbox,
    design: &Design,
    spram: bool,
    target: &Target,
    dir: &Path,
) -> (CellReport, u64) {
    for file in emit::emit(design, target).unwrap() {
        let path = dir.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.contents).unwrap();
    }
    let (rtl, family) = (dir.join(emit::RTL_DIR), target.device.family);
    let sources = emit::modules(design);
    let job = SynthJob {
        dir: rtl.clone(),
        sources: sources.iter().map(|name| rtl.join(name)).collect(),
        includes: Vec::new(),
        defines: Vec::new(),
        top: "top".into(),
        family,
        device: target.device.tools.yosys_device.clone(),
        spram,
        reads: None,
    };
    let cells = yosys::synth(toolbox, &job).unwrap().cells;
    if family == Family::Xc7 {
        // Nothing open packs it.
        let used = cells.lut4;
        return (cells, used);
    }
    let (device, package) =
        (&target.device.tools.nextpnr_device, &target.board.as_ref().unwrap().package);
    let named = [format!("--{device}"), "--package".to_owned(), package.clone()];
    let (tool, cell, options) = match family {
        Family::Xc7 => unreachable!("it is not packed"),
        Family::Ice40 => {
            let pins = "--pcf-allow-unconstrained".to_owned();
            (Tool::NextpnrIce40, "ICESTORM_LC:", [&named[..], &[pins]].concat())
        }
        Family::Ecp5 => {
            let pins = "--lpf-allow-unconstrained".to_owned();
            (Tool::NextpnrEcp5, "TRELLIS_COMB:", [&named[..], &[pins]].concat())
        }
        Family::Gowin => {
            let chip = format!("family={device}");
            let options = ["--device", package, "--vopt", &chip, "--vopt", "cst=../pins.cst"];
            (Tool::NextpnrGowin, "LUT4:", options.map(str::to_owned).to_vec())
        }
    };
    let packed = Process::tool(toolbox.require(tool).unwrap(), "packed", &rtl)
        .args(&options)
        .args(["--json", "synth.json", "--pack-only"])
        .run()
        .unwrap();
    let log = std::fs::read_to_string(packed.log).unwrap();
    // Info:            ICESTORM_LC:    4030/   5280    76%
    let line = log.lines().find_map(|l| l.split_once(cell)).unwrap_or_else(|| panic!("{log}"));
    let used = line.1.split('/').next().unwrap().trim().parse().unwrap();
    (cells, used)
}

fn error(estimate: u32, made: u64) -> f64 {
    100.0 * (f64::from(estimate) / made as f64 - 1.0)
}

fn compare(name: &str, tools: &[Tool], fixtures: &[Fixture]) {
    let Some(toolbox) = tools_there::tools(tools) else { return };
    let target = target::load(name).unwrap();
    let mut errors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    eprintln!(
        "| network | lanes | LUT4 | made | error | cells | made | error | RAM | SPRAM | DSP |"
    );
    eprintln!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for fixture in fixtures {
        let (design, e) = fixture.lowered(&target);
        let dir = tempfile::tempdir().unwrap();
        let (cells, used) = made(&toolbox, &design, e.spram > 0, &target, dir.path());
        let (of_luts, of_cells) = (error(e.lut4, cells.lut4), error(e.cells, used));
        eprintln!(
            "| {}, T = {} | {} | {} | {} | {of_luts:+.1} % | {} | {used} | {of_cells:+.1} % | {} | {} | {} |",
            fixture.name,
            design.timesteps,
            fixtures::lanes(&design),
            e.lut4,
            cells.lut4,
            e.cells,
            e.ebr,
            e.spram,
            e.dsp
        );
        let estimated = [e.ebr, e.spram, e.dsp].map(u64::from);
        let found = [cells.ebr, cells.spram, cells.dsp];
        assert_eq!(estimated, found, "block RAMs, SPRAMs, multipliers of {}", fixture.name);
        errors.entry("LUT4").or_default().push(of_luts.abs());
        errors.entry("cells").or_default().push(of_cells.abs());
    }
    for (what, mut list) in errors {
        list.sort_by(f64::total_cmp);
        let (median, worst) = (list[list.len() / 2], list[list.len() - 1]);
        eprintln!("{what}: median error {median:.1} %, worst {worst:.1} %");
        assert!(median <= 10.0 && worst <= 20.0, "{what}");
    }
}

const ICE40: (&str, &[Tool]) = ("icebreaker", &[Tool::Yosys, Tool::NextpnrIce40]);
const ECP5: (&str, &[Tool]) = ("ulx3s-25f", &[Tool::Yosys, Tool::NextpnrEcp5]);
const GOWIN: (&str, &[Tool]) = ("tangnano20k", &[Tool::Yosys, Tool::NextpnrGowin]);
const XC7: (&str, &[Tool]) = ("arty-a7-35t", &[Tool::Yosys]);

#[test]
#[ignore = "eleven syntheses; part of the nightly run"]
fn estimates_of_chains_for_ice40_are_near_synthesis() {
    compare(ICE40.0, ICE40.1, &chains(Family::Ice40));
}

#[test]
#[ignore = "eleven syntheses; part of the nightly run"]
fn estimates_of_chains_for_ecp5_are_near_synthesis() {
    compare(ECP5.0, ECP5.1, &chains(Family::Ecp5));
}

#[test]
#[ignore = "eleven syntheses; part of the nightly run"]
fn estimates_of_chains_for_gowin_are_near_synthesis() {
    compare(GOWIN.0, GOWIN.1, &chains(Family::Gowin));
}

#[test]
#[ignore = "eleven syntheses; part of the nightly run"]
fn estimates_of_chains_for_xc7_are_near_synthesis() {
    compare(XC7.0, XC7.1, &chains(Family::Xc7));
}

#[test]
#[ignore = "nine syntheses; part of the nightly run"]
fn estimates_of_processors_for_xc7_are_near_synthesis() {
    compare(XC7.0, XC7.1, &processors(Family::Xc7));
}

#[test]
#[ignore = "nine syntheses; part of the nightly run"]
fn estimates_of_processors_for_gowin_are_near_synthesis() {
    compare(GOWIN.0, GOWIN.1, &processors(Family::Gowin));
}

#[test]
#[ignore = "nine syntheses; part of the nightly run"]
fn estimates_of_processors_for_ice40_are_near_synthesis() {
    compare(ICE40.0, ICE40.1, &processors(Family::Ice40));
}

#[test]
#[ignore = "nine syntheses; part of the nightly run"]
fn estimates_of_processors_for_ecp5_are_near_synthesis() {
    compare(ECP5.0, ECP5.1, &processors(Family::Ecp5));
}

#[test]
fn every_fixture_has_a_folding() {
    for (name, family) in [
        (ICE40.0, Family::Ice40),
        (ECP5.0, Family::Ecp5),
        (GOWIN.0, Family::Gowin),
        (XC7.0, Family::Xc7),
    ] {
        let target = target::load(name).unwrap();
        for fixture in chains(family).iter().chain(&processors(family)) {
            let (design, estimate) = fixture.lowered(&target);
            // The carries of a processor are short, and an iCE40 places nearly all cells then.
            let of_ice40 = family == Family::Ice40 && design.shared.is_some();
            let share = if of_ice40 { 95 } else { 90 };
            assert!(estimate.cells <= target.device.resources.lut4 * share / 100);
            // What a 7-series needs beside its look-up tables is not known.
            assert!(estimate.lut4 < estimate.cells || family == Family::Xc7);
            assert!(estimate.ebr <= target.device.resources.ebr);
            // The others have contents for every memory: nothing is loaded.
            assert!(name == "icebreaker" || design.load_bytes() == 0, "{}", design.name);
        }
    }
}

#[test]
fn large_layers_fit_an_ecp5_without_a_load() {
    let target = target::load("ulx3s-25f").unwrap();
    for sizes in [&[784, 256, 10], &[784, 512, 10]] {
        let (design, estimate) = Fixture::chain(sizes, 4, &[]).lowered(&target);
        assert_eq!((design.load_bytes(), estimate.spram), (0, 0));
        let place = design.denses().next().unwrap().place;
        assert_eq!(place, hw::Place::BlockRam);
    }
}
