// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --as-core`: the core runs its own bench, and a damaged one fails it.

use std::path::{Path, PathBuf};
use std::process::Command;

use synfire::flow::{Tool, Toolbox};

use crate::artefacts::change;
use crate::chunks::events;
use crate::loaded::{tight, varied};
use crate::models::text;
use crate::run::Place;
use crate::tools::tools;

const BENCH: [Tool; 2] = [Tool::Cocotb, Tool::Iverilog];

/// Runs a build's bench as its page says. Each test with how it ended, and how the run did.
fn bench(place: &Place, build: &str, toolbox: &Toolbox, trace: bool) -> (String, bool) {
    let program = |tool| toolbox.get(tool).unwrap().program.clone();
    let beside = |tool| program(tool).parent().map(Path::to_path_buf).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> =
        [beside(Tool::Iverilog)].into_iter().chain(std::env::split_paths(&path)).collect();
    let mut command = Command::new(program(Tool::Cocotb));
    command.arg("tb/test_core.py").current_dir(place.path(build));
    command.env("PATH", std::env::join_paths(places).unwrap()).env("SIM", "icarus");
    command.env("TRACE", if trace { "1" } else { "0" }).env("NO_COLOR", "1");
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    (said.into_owned(), out.status.success())
}

/// As [`bench`], and every test has to pass, so many of them.
#[track_caller]
fn passes(place: &Place, build: &str, toolbox: &Toolbox, trace: bool, tests: u32) {
    let (said, good) = bench(place, build, toolbox, trace);
    assert!(good && said.contains(&format!("PASS={tests} FAIL=0")), "{said}");
}

/// As [`bench`], with damage to a file; this test of it has to fail.
#[track_caller]
fn fails(place: &Place, toolbox: &Toolbox, damage: (&str, &str, &str), test: &str) {
    let (file, old, new) = damage;
    let path = place.path(file);
    let good = std::fs::read_to_string(&path).unwrap();
    assert!(good.contains(old), "{file}: {old}");
    change(place, file, |text| text.replacen(old, new, 1));
    let (said, passed) = bench(place, "b", toolbox, false);
    let failed = said.lines().any(|l| l.contains(test) && l.contains(" FAIL "));
    assert!(!passed && failed, "{file}: {old}: {said}");
    std::fs::write(path, good).unwrap();
}

#[test]
fn a_chain_runs_its_bench_and_damage_is_noticed() {
    let place = Place::new();
    let said = place.good("compile {small} --target icebreaker --as-core -o b");
    assert!(said.contains("README.md says how to simulate and to use it"), "{said}");
    // The same bytes again, none of them a board's.
    place.good("compile {small} --target icebreaker --as-core -o c");
    let tree = |build: &str| {
        let all = place.tree().into_iter();
        let ours = all.filter_map(|(p, b)| Some((p.strip_prefix(build).ok()?.to_path_buf(), b)));
        ours.collect::<Vec<_>>()
    };
    assert_eq!(tree("b"), tree("c"));
    for file in ["pins.pcf", "rtl/top.v", "rtl/sf_uart_rx.v", "rtl/sf_host_link.v"] {
        assert!(!place.path("b").join(file).exists(), "{file}");
    }
    let Some(toolbox) = tools(&BENCH) else { return };
    passes(&place, "b", &toolbox, false, 5);
    passes(&place, "b", &toolbox, true, 5);
    // Other weights in the first row; packets that are too long, too short; a byte that is lost.
    let row = std::fs::read_to_string(place.path("b/rtl/mem_0.hex")).unwrap();
    let first = row.lines().next().unwrap();
    let other: String = first
        .chars()
        .map(|c| char::from_digit(15 - c.to_digit(16).unwrap(), 16).unwrap())
        .collect();
    fails(&place, &toolbox, ("b/rtl/mem_0.hex", first, &other), "results_and_cycles");
    for (old, new, test) in [
        ("state_q <= Skip;", "state_q <= Take;", "packets_that_are_too_long"),
        ("core_rst_o <= wrong;", "core_rst_o <= 1'b0;", "packets_that_are_too_short"),
        ("!m_axis_tvalid_o || m_axis_tready_i;", "1'b1;", "pauses_and_back_pressure"),
        ("m_axis_tvalid_o <= 1'b0;", "", "a_reset_ends_an_inference"),
    ] {
        fails(&place, &toolbox, ("b/rtl/sf_axis.v", old, new), test);
    }
}

#[test]
fn weights_that_are_loaded_come_over_a_stream() {
    let place = Place::new();
    tight(&place, 1700, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    let said = place.good("compile net.sfir --target tight.toml --as-core -o b");
    assert!(said.contains("has to be loaded after each reset\n"), "{said}");
    let Some(toolbox) = tools(&BENCH) else { return };
    passes(&place, "b", &toolbox, false, 6);
    let axis = "b/rtl/sf_axis.v";
    let test = "weights_have_to_be_there";
    let early = "begun_q || weights_loaded_o && !w_wait";
    fails(&place, &toolbox, (axis, early, "begun_q || !w_wait"), test);
    fails(
        &place,
        &toolbox,
        (axis, "w_taken && w_right && due) intact_q", "w_taken) intact_q"),
        test,
    );
}

#[test]
fn processors_and_lines_are_cores_too() {
    let place = Place::new();
    events(&place);
    for (build, line) in [
        ("one", "net.sfir --target icebreaker"),
        ("row", "{residual} --target ulx3s-25f --mapping pipeline --no-trace"),
    ] {
        place.good(&format!("compile {line} --as-core -o {build}"));
        let Some(toolbox) = tools(&BENCH) else { continue };
        passes(&place, build, &toolbox, false, 5);
    }
}

#[test]
fn what_needs_a_board_does_not_go_with_it() {
    let place = Place::new();
    for (option, words) in [
        ("--bitstream", "--as-core and --bitstream do not go together: a core has no pins"),
        ("--link spi", "--as-core and --link do not go together: a core has neither clock nor"),
        ("--baud auto", "leave --baud out for a core with AXI4-Stream, or --as-core for a board"),
        ("--clock 24", "--as-core and --clock do not go together"),
    ] {
        let line = format!("compile {{small}} --target icebreaker --as-core -o b {option}");
        place.refused(&line, 1, "SF0003", words);
    }
    assert!(place.tree().is_empty());
    // Each of them without a core, and a core for a device without a board.
    place.good("compile {small} --target icebreaker --link uart --baud 115200 --clock 24 -o b");
    place.good("compile {small} --target ice40up5k --as-core -o c");
}

/// The levels that there are; what writes or asks a board says that there is none.
#[test]
fn a_core_is_verified_and_no_boards() {
    let place = Place::new();
    let built = place.json("compile {small} --target icebreaker --as-core -o b");
    assert_eq!((&built["as_core"], &built["clock"]), (&true.into(), &serde_json::Value::Null));
    place.refused("flash b", 1, "SF0003", "bare device");
    place.refused("run b --port none", 1, "SF0003", "bare device");
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let report = place.json("verify b --count 40 --mutate");
    let levels = report["comparisons"].as_array().unwrap();
    assert!(levels.len() == 4 && levels.iter().all(|c| c["first"].is_null()), "{report}");
    assert!(!report["mutations"].as_array().unwrap().is_empty(), "{report}");
    assert_eq!(report["left_out"][0], "top, netlist, bitstream: a core has none");
}

/// What an earlier build of a board left is no part of a core in the same place.
#[test]
fn a_core_takes_the_place_of_a_board() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    place.good("compile {small} --target icebreaker --as-core -o b");
    assert!(!place.path("b/rtl/top.v").exists() && place.path("b/synfire.core").is_file());
    place.good("compile {small} --target icebreaker -o b");
    assert!(place.path("b/rtl/top.v").exists() && !place.path("b/synfire.core").exists());
}
