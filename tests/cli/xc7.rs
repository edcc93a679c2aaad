// SPDX-License-Identifier: Apache-2.0 OR MIT
//! 7-series: a netlist that is verified, a script for Vivado, and what is said where that is missing.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use synfire::flow::Tool;

use crate::models::expand;
use crate::run::Place;
use crate::tools::tools;

const NEEDED: [Tool; 3] = [Tool::Yosys, Tool::Verilator, Tool::Cxx];

fn board() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/targets/arty-a7-35t.toml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_netlist_agrees_and_a_fault_in_it_is_noticed() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    let built = place.json("compile {small} --target arty-a7-35t -o b --netlist");
    let (estimate, made) = (&built["estimate"], &built["netlist"]);
    assert_eq!((&estimate["ebr"], &estimate["dsp"]), (&made["ebr"], &made["dsp"]), "{built}");
    assert!(made["lut4"].as_u64() > Some(500) && made["carry"].as_u64() > Some(50), "{built}");
    assert!(built["bitstream"].is_null() && !place.path("b/top.bit").exists());
    let verify = "verify b --count 64 --rtl 0 --top 0 --netlist 2";
    let report = place.json(&format!("{verify} --mutate"));
    let comparisons = report["comparisons"].as_array().unwrap();
    let last = comparisons.last().unwrap();
    assert_eq!(last["levels"], "sim = netlist, over the serial line");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    let left_out = report["left_out"].to_string();
    assert!(left_out.contains("bitstream: compiled with --netlist"), "{left_out}");
    let mutations = report["mutations"].as_array().unwrap();
    let of_netlist: Vec<_> = mutations.iter().filter(|m| m["mutation"] == "netlist").collect();
    assert_eq!(of_netlist.len(), 1, "{report}");
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
    assert_eq!(of_netlist[0]["as_predicted"], true, "{report}");
    assert!(of_netlist[0]["fault"].as_str().unwrap().contains(" flipped: "), "{report}");

    // A carry chain that is wrong; a cell that has no model.
    let path = place.path("b/flow/synth.v");
    let sound = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, sound.replace("CARRY4 ", "CARRY8 ")).unwrap();
    place.refused(verify, 4, "SF0502", "CARRY8");
}

/// What a user is told who has no Vivado: nothing is written, and the way is named.
#[test]
fn without_vivado_the_command_is_named() {
    let place = Place::without_tools();
    std::fs::create_dir(place.path("bin")).unwrap();
    program(&place, "yosys", "echo 'Yosys 0.50'");
    let refused = |line: &str, words: &str| {
        let line = expand(line);
        let mut command = place.command(line.split(' '));
        let out = command.env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(out.status.code(), Some(4), "{said}");
        assert!(said.contains("SF0501") && said.contains(words), "{words}: {said}");
        assert!(!place.path("b").exists());
    };
    let line = "compile {small} --target arty-a7-35t -o b --bitstream";
    refused(line, "vivado is needed to");
    refused(line, "cd b && vivado -mode batch -nojournal -nolog -source build.tcl");
    refused(line, "--netlist in the place of --bitstream");
    let said = place.good("compile {small} --target arty-a7-35t -o b");
    assert!(said.contains("with Vivado: cd b && vivado -mode batch"), "{said}");
    assert!(said.contains("nobody has run the scripts for Vivado yet"), "{said}");
    let script = std::fs::read_to_string(place.path("b/build.tcl")).unwrap();
    assert!(script.contains("NOT RUN WITH VIVADO") && place.path("b/pins.xdc").is_file());
    assert!(place.good("doctor").contains("a script that was not run with it"));
}

fn program(place: &Place, name: &str, text: &str) {
    let file = place.file(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// With programs in the place of Yosys and Vivado; `slack` is what paths have to spare.
fn bitstream(place: &Place, slack: &str) -> std::process::Output {
    std::fs::create_dir_all(place.path("bin")).unwrap();
    program(
        place,
        "yosys",
        "case $1 in -V) echo 'Yosys 0.50'; exit;; esac\necho > synth.json; echo > synth.v\n\
         echo '{\"design\":{\"num_cells_by_type\":{\"LUT6\":7, \"RAMB36E1\":3}}}' > synth.stat.json",
    );
    program(
        place,
        "vivado",
        &format!(
            "case $1 in -version) echo 'Vivado v2024.1'; exit;; esac\n\
             test -f ../build.tcl -a \"$6\" = ../build.tcl || exit 9\n\
             echo '{{\"period_ns\": 20, \"setup_ns\": {slack}, \"hold_ns\": 0.1, \"lut\": 9}}' > routed.json\n\
             echo bits > ../top.bit"
        ),
    );
    let model = expand("{small}");
    let line = ["compile", &model, "--target", "arty-a7-35t", "-o", "b", "--bitstream", "--json"];
    place.command(line).env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap()
}

#[test]
fn vivado_makes_the_bitstream_where_it_is() {
    let place = Place::without_tools();
    let out = bitstream(&place, "4");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let built: Value = serde_json::from_slice(&out.stdout).unwrap();
    let made = &built["bitstream"];
    let numbers = ["lut4", "ebr", "logic_cells", "fmax_mhz", "bytes"].map(|n| &made[n]);
    assert_eq!(numbers, [&json!(7), &json!(6), &json!(9), &json!(62.5), &json!(5)]);
    assert!(place.path("b/top.bit").is_file() && place.path("b/flow/vivado.log").is_file());
    let command = place.good("flash b --dry-run");
    assert!(command.starts_with("openFPGALoader -b arty_a7_35t -f /"), "{command}");

    // Too slow: no bitstream, and the build before stays.
    let out = bitstream(&place, "-5");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("SF0505") && said.contains("reaches 40.00 MHz"), "{said}");
    assert!(place.path("b/top.bit").is_file());
}

#[test]
fn what_vivado_has_not_is_refused() {
    let place = Place::new();
    let line = "compile {small} --target arty-a7-35t -o b --bitstream";
    for (option, words) in [
        ("--clock auto", "--clock auto: Vivado places"),
        ("--seeds 4", "--seed and --seeds: Vivado"),
        ("--seed 2", "--seed and --seeds: Vivado"),
        ("--freq 60", "--freq: Vivado places"),
    ] {
        place.refused(&format!("{line} {option}"), 1, "SF0003", words);
    }
    place.refused("compile {small} --target xc7a35t -o b --netlist", 1, "SF0003", "a bare device");
    place.refused(
        "compile {small} --target icebreaker -o b --netlist --as-core",
        1,
        "SF0003",
        "--as-core and --netlist do not go together",
    );
    // A clock that the PLL makes, the pin's own, one that it does not make.
    place.good("compile {small} --target arty-a7-35t -o b --clock 75");
    let top = std::fs::read_to_string(place.path("b/rtl/top.v")).unwrap();
    assert!(top.contains(".FEEDBACK(9), .OUTPUT(12), .PERIOD_NS(10.000)"), "{top}");
    let script = std::fs::read_to_string(place.path("b/build.tcl")).unwrap();
    assert!(script.contains("\\\"period_ns\\\": 13.333,"), "{script}");
    place.good("compile {small} --target arty-a7-35t -o b --clock 100");
    let top = std::fs::read_to_string(place.path("b/rtl/top.v")).unwrap();
    assert!(!top.contains("sf_pll"), "{top}");
    place.refused("compile {small} --target arty-a7-35t -o b --clock 3", 1, "SF0003", "3 MHz from");
}

/// Another board of the family is a file, and nothing else.
#[test]
fn a_new_board_is_a_file() {
    let place = Place::new();
    // Digilent Basys 3: another package, another side for the LEDs' pins, the clock at W5.
    let basys = "name = \"basys3\"\ndescription = \"Basys 3\"\ndevice = \"xc7a35t\"\n\n\
        [board]\npackage = \"xc7a35tcpg236-1\"\nio_standard = \"LVCMOS33\"\nclock_mhz = 100.0\n\
        uart_baud = 1000000\n\n[board.pins]\nclk_i = \"W5\"\nuart_rx_i = \"B18\"\nuart_tx_o = \"A18\"\n\
        led_busy_o = \"U16\"\nled_error_o = \"E19\"\n";
    place.file("basys3.toml", basys);
    place.good("compile {small} --target basys3.toml -o b");
    let script = std::fs::read_to_string(place.path("b/build.tcl")).unwrap();
    assert!(script.contains("-part xc7a35tcpg236-1 "), "{script}");
    let pins = std::fs::read_to_string(place.path("b/pins.xdc")).unwrap();
    assert!(pins.contains("PACKAGE_PIN W5 ") && pins.contains("-period 10.000 "), "{pins}");
    place.good("verify b --count 4 --rtl 0 --top 0");

    let (good, files) = (board(), place.tree().len());
    let refused = |from: &str, to: &str, words: &str| {
        assert!(good.contains(from), "{from}");
        place.file("my.toml", good.replace(from, to));
        place.refused("compile {small} --target my.toml -o c", 1, "SF0402", words);
        assert_eq!(place.tree().len(), files + 1);
    };
    refused("clk_i = \"E3\"\n", "", "it does not say which pin is `clk_i`");
    refused("uart_tx_o = \"D10\"\n", "", "it does not say which pin is `uart_tx_o`");
    refused("led_error_o =", "led_error_no =", "which pin is `led_error_o`");
    refused("\"E3\"", "\"E3] ; exec ls\"", "is no name of a pin");
    refused("\"E3\"", "\"A9\"", "pin A9 is both");
    refused("clk_i = \"E3\"", "clk_i = \"E3\"\nreset_i = \"C2\"", "no port `reset_i`");
    refused("clock_mhz = 100.0", "clock_mhz = 0.0", "board.clock_mhz");
    refused("output = 16", "output = 200", "no PLL of 7-series makes 100 MHz / 1 × 8 / 200");
    refused("feedback = 8", "feedback = 7", "no PLL of 7-series makes");
    refused("uart_baud = 1000000", "uart_baud = 30000000", "board.uart_baud");
    refused("\"xc7a35ticsg324-1L\"", "\"csg324 [exec ls]\"", "is no part number of a 7-series");
    refused("io_standard = \"LVCMOS33\"\n", "", "the voltage of its pins is not known");
    refused(
        "[board.pins]",
        "[processors]\npart = \"xc7\"\nclock_mhz = 1.0\n[board.pins]",
        "one of",
    );
}
