// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `verify` with Verilator: sound hardware passes, damaged hardware is exit code 3.

use std::path::Path;

use serde_json::Value;
use synfire::flow::Tool;

use crate::models::text;
use crate::run::Place;
use crate::tools::tools;

/// Changes a tenth of a file of hexadecimal words: enough to show on any image.
fn damage(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (from, to) = (lines.len() / 2, lines.len() * 6 / 10);
    lines[from..to].iter_mut().for_each(|l| *l = l.replace(|c: char| c.is_ascii_hexdigit(), "5"));
    std::fs::write(file, lines.join("\n")).unwrap();
}

#[test]
fn sound_hardware_agrees_and_damaged_hardware_does_not() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    let line = "verify b --images {images} --count 8 --rtl 4 --top 1 --json";
    let report: Value = serde_json::from_str(&place.good(line)).unwrap();
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 5, "{report}");
    for c in comparisons {
        assert!(c["first"].is_null() && c["tally"]["spikes"][0].as_u64() > Some(0), "{c}");
    }
    assert!(comparisons[1]["tally"]["cycles"][0].as_u64() > Some(1000), "{report}");
    assert_eq!(report["left_out"][0], "netlist, bitstream: compiled without --bitstream");
    // A second time nothing is built, whatever the first one left.
    std::fs::remove_dir_all(place.path("b/verify")).unwrap();
    place.good(line);
    let model = place.path("b/verify/rtl/model");
    assert!(model.join("sim").is_file() && !model.join("link.log").exists());

    // mem_0: weights of the first layer, in block RAM.
    damage(&place.path("b/rtl/mem_0.hex"));
    let ran = place.run(line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"]["id"], "SF0601");
    let said = error["error"]["message"].as_str().unwrap();
    assert!(said.starts_with("sim = RTL, with cycles: image "), "{said}");
    assert_eq!(error["error"]["location"]["file"], "b");
    // The report is printed all the same, and the first level is not to blame.
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["comparisons"][0]["first"].is_null(), "{report}");
    assert!(report["comparisons"][1]["first"]["what"].is_string(), "{report}");
}

#[test]
fn missing_verilog_is_a_damaged_build() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    std::fs::remove_file(place.path("b/rtl/sf_core.v")).unwrap();
    place.refused("verify b --count 1", 1, "SF0004", "there is no rtl/sf_core.v in it");
}

#[test]
fn verilog_that_does_not_compile_is_exit_code_4() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    place.file("b/rtl/sf_core.v", "module sf_core; wrong");
    place.refused("verify b --count 1", 4, "SF0502", "syntax error");
}

/// Where no input is asked for, nothing is built, and the report says so.
#[test]
fn levels_without_inputs_are_left_out() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b --hls");
    let report = place.json("verify b --count 2 --rtl 0 --top 0 --hls 0");
    assert_eq!(report["comparisons"].as_array().map(Vec::len), Some(1), "{report}");
    let left_out = serde_json::json!([
        "sim = RTL, with cycles: no inputs were asked for",
        "sim = RTL, with cycles, inputs with gaps: no inputs were asked for",
        "sim = RTL, result taken with pauses: no inputs were asked for",
        "sim = top, over the serial line: no inputs were asked for",
        "netlist, bitstream: compiled without --bitstream",
        "sim = C++, C simulation: no inputs were asked for",
    ]);
    assert_eq!(report["left_out"], left_out);
    assert!(!place.path("b/verify/rtl").exists() && !place.path("b/verify/top").exists());
}

/// There is a bitstream to be unpacked only where one was asked for.
#[test]
fn a_board_without_its_bitstream_is_no_error() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target ulx3s-25f -o b");
    let report = place.json("verify b --count 2 --rtl 0 --top 0");
    assert_eq!(report["comparisons"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(report["left_out"][4], "netlist, bitstream: compiled without --bitstream");
}

/// In the dark nothing fires, whatever the weights are.
#[test]
fn a_fault_that_shows_on_no_input_is_no_pass() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.file("net.sfir", text(12, 8, 2));
    place.good("compile net.sfir --target icebreaker -o b");
    let head = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4];
    place.file("dark.idx", [&head[..], &[0; 12]].concat());
    let line = "verify b --images dark.idx --rtl 0 --top 0 --mutate";
    place.refused(line, 3, "SF0603", "no change of a single weight shows on 1 inputs");
}

#[test]
fn deliberate_faults_are_noticed() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    let report = place.json("verify b --count 4 --rtl 1 --top 1 --mutate");
    let mutations = report["mutations"].as_array().unwrap();
    assert_eq!(mutations.len(), 4, "{report}");
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
    assert_eq!(report["left_out"][1], "bitstream mutation: compiled without --bitstream");
}

#[test]
fn deliberate_faults_of_a_processor_are_noticed() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {residual} --target icebreaker -o b");
    let report = place.json("verify b --count 16 --rtl 1 --top 1 --mutate");
    let mutations = report["mutations"].as_array().unwrap();
    let kinds: Vec<_> = mutations.iter().map(|m| m["mutation"].as_str().unwrap()).collect();
    let all = ["weight", "threshold", "gain", "address", "alignment", "row", "transition"];
    assert_eq!(kinds, all);
    for m in mutations {
        assert!(m["caught"]["what"].is_string(), "{m}");
        assert_eq!(m["as_predicted"].is_null(), m["mutation"] == "transition", "{m}");
    }
}

/// Spikes that come and go: every timestep of the interpreter's input is in the request.
#[test]
fn inputs_that_change_reach_the_chip() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    let options = "--input-bits 1 --input-scale 1 --target icebreaker";
    place.good(&format!("compile {{sequence}} {options} -o b"));
    let report = place.json("verify b --count 16 --rtl 4 --top 4");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 5, "{report}");
    assert_eq!(report["line"]["inferences"], 4, "{report}");
    for c in comparisons {
        assert!(c["first"].is_null() && c["tally"]["spikes"][0].as_u64() > Some(0), "{c}");
    }
}
