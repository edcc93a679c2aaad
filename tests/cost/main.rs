// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The cost model against synthesis and packing: `cargo test --test cost -- --ignored
//! --nocapture` prints the table of docs/hardware.md.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;
#[path = "common/tools.rs"]
mod tools_there;

use std::collections::BTreeMap;
use std::path::Path;

use common::dense::dense;
use synfire::emit;
use synfire::flow::process::Process;
use synfire::flow::yosys::{self, SynthJob};
use synfire::flow::{Tool, Toolbox};
use synfire::hw::{self, Design, Estimate};
use synfire::pass::{self, TO_INTEGER};
use synfire::target::{self, Family, Target};

/// Sizes, timesteps, and lanes where they are not chosen.
type Fixture = (&'static [usize], u32, &'static [(&'static str, u32)]);

/// For the iCEBreaker, with the lanes that it gets.
const ICE40: &[Fixture] = &[
    (&[784, 64, 48, 32, 10], 4, &[]),
    (&[784, 512, 512, 10], 4, &[]),
    (&[784, 128, 10], 4, &[("fc0", 32)]),
    (&[784, 128, 10], 4, &[("fc0", 16)]),
    (&[64, 32, 10], 4, &[]),
    (&[20, 16, 4], 2, &[]),
    (&[196, 64, 32, 10], 8, &[]),
    (&[784, 32, 10], 1, &[]),
    (&[256, 48, 48, 10], 4, &[]),
    (&[100, 100, 20], 6, &[]),
];

/// For the ULX3S 25F, where as many lanes as there is room for take long to synthesise.
const ECP5: &[Fixture] = &[
    (&[784, 64, 48, 32, 10], 4, &[("fc0", 22), ("fc1", 12), ("fc2", 16)]),
    (&[784, 512, 512, 10], 4, &[("fc0", 64), ("fc1", 24)]),
    (&[784, 128, 10], 4, &[("fc0", 32)]),
    (&[784, 128, 10], 4, &[]),
    (&[64, 32, 10], 4, &[]),
    (&[20, 16, 4], 2, &[]),
    (&[196, 64, 32, 10], 8, &[("fc0", 16), ("fc1", 16)]),
    (&[784, 32, 10], 1, &[]),
    (&[256, 48, 48, 10], 4, &[("fc0", 16)]),
    (&[100, 100, 20], 6, &[]),
];

fn lowered(fixture: &Fixture, target: &Target) -> (Design, Estimate) {
    let (sizes, timesteps, lanes) = fixture;
    let mut graph = dense(sizes, *timesteps);
    pass::run(&mut graph, TO_INTEGER, &pass::Options::default()).unwrap();
    let lanes = lanes.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    hw::lower(&graph, target, &hw::Options { lanes, ..hw::Options::default() }).unwrap()
}

/// Look-up tables and block RAMs after synthesis, logic cells after packing.
fn made(toolbox: &Toolbox, design: &Design, spram: bool, target: &Target, dir: &Path) -> [u64; 3] {
    for file in emit::emit(design, target).unwrap() {
        let path = dir.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.contents).unwrap();
    }
    let (rtl, family) = (dir.join(emit::RTL_DIR), target.device.family);
    let sources = emit::HDL.iter().map(|(name, _)| *name).chain(["sf_core.v", "top.v"]);
    let job = SynthJob {
        dir: rtl.clone(),
        sources: sources.map(|name| rtl.join(name)).collect(),
        includes: Vec::new(),
        defines: Vec::new(),
        top: "top".into(),
        family,
        device: target.device.tools.yosys_device.clone(),
        spram,
    };
    let cells = yosys::synth(toolbox, &job).unwrap().cells;
    let (tool, cell, pins) = match family {
        Family::Ice40 => (Tool::NextpnrIce40, "ICESTORM_LC:", "--pcf-allow-unconstrained"),
        Family::Ecp5 => (Tool::NextpnrEcp5, "TRELLIS_COMB:", "--lpf-allow-unconstrained"),
    };
    let board = target.board.as_ref().unwrap();
    let packed = Process::tool(toolbox.require(tool).unwrap(), "packed", &rtl)
        .args([&format!("--{}", target.device.tools.nextpnr_device), "--package", &board.package])
        .args(["--json", "synth.json", "--pack-only", pins])
        .run()
        .unwrap();
    let log = std::fs::read_to_string(packed.log).unwrap();
    // Info:            ICESTORM_LC:    4030/   5280    76%
    let line = log.lines().find_map(|l| l.split_once(cell)).unwrap_or_else(|| panic!("{log}"));
    let used = line.1.split('/').next().unwrap().trim().parse().unwrap();
    [cells.lut4, used, cells.ebr]
}

fn error(estimate: u32, made: u64) -> f64 {
    100.0 * (f64::from(estimate) / made as f64 - 1.0)
}

fn compare(name: &str, tools: &[Tool], fixtures: &[Fixture]) {
    let Some(toolbox) = tools_there::tools(tools) else { return };
    let target = target::load(name).unwrap();
    let mut errors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    eprintln!("| {name} | lanes | LUT4 | made | | cells | made | | RAM | made |");
    for fixture in fixtures {
        let (design, e) = lowered(fixture, &target);
        let dir = tempfile::tempdir().unwrap();
        let [lut4, cells, ebr] = made(&toolbox, &design, e.spram > 0, &target, dir.path());
        let lanes: Vec<_> = design.denses().map(|d| d.lanes.to_string()).collect();
        let (of_luts, of_cells) = (error(e.lut4, lut4), error(e.cells, cells));
        eprintln!(
            "| {}, T = {} | {} | {} | {lut4} | {of_luts:+.1} % | {} | {cells} | {of_cells:+.1} % | {} | {ebr} |",
            design.name,
            design.timesteps,
            lanes.join(", "),
            e.lut4,
            e.cells,
            e.ebr
        );
        assert_eq!(u64::from(e.ebr), ebr, "block RAMs of {}", design.name);
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

#[test]
#[ignore = "ten syntheses; part of the nightly run"]
fn estimates_for_ice40_are_near_synthesis() {
    compare("icebreaker", &[Tool::Yosys, Tool::NextpnrIce40], ICE40);
}

#[test]
#[ignore = "ten syntheses; part of the nightly run"]
fn estimates_for_ecp5_are_near_synthesis() {
    compare("ulx3s-25f", &[Tool::Yosys, Tool::NextpnrEcp5], ECP5);
}

#[test]
fn every_fixture_has_a_folding() {
    for (name, fixtures) in [("icebreaker", ICE40), ("ulx3s-25f", ECP5)] {
        let target = target::load(name).unwrap();
        for fixture in fixtures {
            let (design, estimate) = lowered(fixture, &target);
            assert!(estimate.cells < target.device.resources.lut4 * 9 / 10 + 1);
            assert!(estimate.lut4 < estimate.cells && estimate.ebr <= target.device.resources.ebr);
            // An ECP5 has contents for every memory: nothing is loaded.
            assert!(name == "icebreaker" || design.load_bytes() == 0, "{}", design.name);
        }
    }
}

#[test]
fn large_layers_fit_an_ecp5_without_a_load() {
    let target = target::load("ulx3s-25f").unwrap();
    const LARGE: [Fixture; 2] = [(&[784, 256, 10], 4, &[]), (&[784, 512, 10], 4, &[])];
    for fixture in &LARGE {
        let (design, estimate) = lowered(fixture, &target);
        assert_eq!((design.load_bytes(), estimate.spram), (0, 0));
        let place = design.denses().next().unwrap().place;
        assert_eq!(place, hw::Place::BlockRam);
    }
}
