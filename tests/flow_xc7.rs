// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Synthesis for a 7-series, on a design with a block RAM of every shape: the models of the cells are
//! compared with the Verilog that they stand for. The script for Vivado, run by a stand-in.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "common/tools.rs"]
mod common;
#[path = "common/rounds.rs"]
mod rounds;
#[path = "common/shapes.rs"]
mod shapes;

use std::path::Path;
use std::process::{Command, Output};

use common::tools;
use rounds::rounds;
use shapes::{contents, here, netlist_says, run, synthesis};
use synfire::flow::{Tool, xc7, yosys};
use synfire::target::Family;

/// Its products would be thousands of look-up tables.
const DEFINES: [&str; 1] = ["NO_PRODUCTS"];

#[test]
fn the_netlist_does_what_the_verilog_does_with_block_rams_of_every_shape() {
    let needed = [Tool::Yosys, Tool::Verilator, Tool::Cxx];
    let Some(toolbox) = tools(&needed) else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    contents(dir);
    let said = run(&toolbox, &here("shapes.v"), dir, &DEFINES);
    assert!(said.starts_with("36 bits, "), "{said}");

    let made = yosys::synth(&toolbox, &synthesis(dir, Family::Xc7, Some("xc7"), &DEFINES)).unwrap();
    assert_eq!((made.cells.ebr, made.cells.dsp), (12, 0), "{:?}", made.cells);
    assert!(made.cells.lut4 > 40 && made.cells.carry > 3 && made.cells.ff > 40);
    let netlist = std::fs::read_to_string(&made.verilog).unwrap();
    let verilog = format!("{netlist}\n{}", xc7::CELLS);
    assert_eq!(netlist_says(&toolbox, &verilog, &dir.join("sound")), said);

    // A model that is wrong about one thing is noticed; about each of them, at night.
    for (at, (from, to)) in [
        ("1:       narrow = {8'd0, value[low]};", "1:       narrow = {8'd0, value[~low]};"),
        (
            "narrow = {7'd0, value[{low[2:1], 1'b0} +: 2]}",
            "narrow = {7'd0, value[{low[1:0], 1'b0} +: 2]}",
        ),
        ("put[{low[2], 2'b00} +: 4] = value[3:0]", "put[{low[1], 2'b00} +: 4] = value[3:0]"),
        ("{PARITY[k], DATA[8*k +: 8]}", "{1'b0, DATA[8*k +: 8]}"),
        ("if (i < bytes(READ_A) && READ_A != 0)", "if (i < 1 && READ_A != 0)"),
        ("(READ_WIDTH_A == WIDE) ? do_a[18+9*k +: 9]", "(READ_WIDTH_A == WIDE) ? do_a[9*k +: 9]"),
        (
            "(WRITE_WIDTH_B == WIDE) ? {di_b, di_a} : {54'd0",
            "(WRITE_WIDTH_B == WIDE) ? {di_a, di_b} : {54'd0",
        ),
        ("wire c3 = S[2] ? c2 : DI[2]", "wire c3 = S[2] ? DI[2] : c2"),
    ]
    .into_iter()
    .take(rounds(2))
    .enumerate()
    {
        assert_eq!(verilog.matches(from).count(), 1, "{from}");
        let wrong = verilog.replace(from, to);
        let found = netlist_says(&toolbox, &wrong, &dir.join(format!("wrong{at}")));
        assert_ne!(found, said, "{from}");
    }
}

/// Commands of Vivado that note what they are called with and make the files that they are asked for.
const STAND_IN: &str = r#"
set calls [open $env(CALLS) w]
proc note {args} { puts $::calls $args }
foreach name {synth_design opt_design place_design phys_opt_design route_design} {
  proc $name {args} "note $name {*}\$args"
}
foreach name {read_verilog read_xdc} {
  proc $name {file} "note $name \$file; close \[open \$file\]"
}
foreach name {report_timing_summary report_utilization report_drc} {
  proc $name {option file} "note $name \$option; close \[open \$file w\]"
}
proc get_timing_paths {kind args} { return $kind }
proc get_property {what path} { return [dict get {-setup SETUP -hold HOLD} $path] }
proc get_cells {args} { return {a b c} }
proc write_bitstream {force file} { note write_bitstream; close [open $file w] }
source [lindex $argv 0]
"#;

/// What became of a script with paths that have this to spare.
fn script(dir: &Path, name: &str, setup: &str, hold: &str) -> (Output, Vec<String>) {
    let text = STAND_IN.replace("SETUP", setup).replace("HOLD", hold);
    std::fs::write(dir.join("stand_in.tcl"), text).unwrap();
    let run = Command::new("tclsh")
        .args(["stand_in.tcl", name])
        .env("CALLS", dir.join("calls"))
        .current_dir(dir)
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(dir.join("calls")).unwrap();
    (run, calls.lines().map(str::to_owned).collect())
}

#[test]
fn the_script_for_vivado_runs_in_a_stand_in() {
    if tools(&[Tool::Tclsh]).is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let target = synfire::target::load("arty-a7-35t").unwrap();
    let model =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/dialects/plain_legacy.onnx");
    let mut graph = synfire::import::load(&model, &synfire::import::Options::default()).unwrap();
    synfire::pass::run(&mut graph, synfire::pass::TO_INTEGER, &synfire::pass::Options::default())
        .unwrap();
    let options = synfire::hw::Options::default();
    let (design, _) = synfire::hw::lower(&graph, &target, &options).unwrap();
    for file in synfire::emit::emit(&design, &target).unwrap() {
        let path = dir.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.contents).unwrap();
    }
    let (run, calls) = script(dir, synfire::emit::VIVADO_SCRIPT, "1.25", "0.02");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    // Everything is read before it is synthesised, and the bitstream comes last.
    let steps: Vec<_> = calls.iter().filter_map(|c| c.split(' ').next()).collect();
    let reads = steps.iter().filter(|s| **s == "read_verilog").count();
    assert!(reads > 15, "{calls:?}");
    let rest = [
        "read_xdc",
        "synth_design",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "route_design",
        "report_timing_summary",
        "report_utilization",
        "report_drc",
        "write_bitstream",
    ];
    assert_eq!(steps[reads..], rest);
    let synth = calls.iter().find(|c| c.starts_with("synth_design")).unwrap();
    assert!(synth.contains("-top top -part xc7a35ticsg324-1L"), "{synth}");
    assert!(dir.join("top.bit").is_file());
    // Every memory lies where the tool runs.
    for hex in std::fs::read_dir(dir.join("rtl")).unwrap().map(|f| f.unwrap().path()) {
        let there = dir.join("flow").join(hex.file_name().unwrap()).is_file();
        assert_eq!(there, hex.extension().is_some_and(|e| e == "hex"), "{hex:?}");
    }
    let report = std::fs::read(dir.join("flow/routed.json")).unwrap();
    let routed = synfire::flow::vivado::Routed::parse(&report).unwrap();
    assert_eq!((routed.period_ns, routed.setup_ns, routed.hold_ns), (20.0, 1.25, 0.02));
    assert_eq!(routed.lut, 3);

    // Too slow before the edge, too fast behind it: no bitstream, not even the one before.
    for (setup, hold) in [("-0.001", "0.1"), ("0.1", "-0.001")] {
        let (run, calls) = script(dir, synfire::emit::VIVADO_SCRIPT, setup, hold);
        assert!(!run.status.success() && !calls.contains(&"write_bitstream".to_owned()));
        assert!(String::from_utf8_lossy(&run.stderr).contains("timing is not met"));
        assert!(!dir.join("top.bit").exists());
    }
}
