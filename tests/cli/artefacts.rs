// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Each level runs the files it claims to run: what is damaged shows at the levels that rest
//! on it, and at no other one.

use std::collections::BTreeSet;

use serde_json::Value;
use synfire::flow::Toolbox;

use crate::run::Place;

/// The levels at which `verify` finds differences, by the first word of their names, and those
/// at which it finds none. The exit code says whether there are differences.
pub(crate) fn levels(place: &Place, line: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let ran = place.run(&format!("{line} --json"));
    let report: Value = serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|e| panic!("{e}: {line}\n{}\n{}", ran.stdout, ran.stderr));
    let comparisons = report["comparisons"].as_array().unwrap().iter();
    let (bad, good): (Vec<_>, Vec<_>) = comparisons.partition(|c| c["first"].is_object());
    assert_eq!(ran.code, Some(if bad.is_empty() { 0 } else { 3 }), "{}", ran.stderr);
    assert_eq!(ran.stderr.contains("SF0601"), !bad.is_empty(), "{}", ran.stderr);
    let names = |list: Vec<&Value>| {
        let name = |c: &Value| {
            let levels = c["levels"].as_str().unwrap();
            levels.split(" = ").nth(1).and_then(|l| l.split(',').next()).unwrap().to_owned()
        };
        list.into_iter().map(name).collect::<BTreeSet<_>>()
    };
    (names(bad), names(good))
}

/// As [`levels`], and these are the ones.
#[track_caller]
pub(crate) fn differ(place: &Place, line: &str, bad: &[&str], good: &[&str]) {
    let set = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    assert_eq!(levels(place, line), (set(bad), set(good)), "{line}");
}

/// Every bit of a hexadecimal digit.
fn other_digit(c: char) -> char {
    c.to_digit(16).and_then(|d| char::from_digit(15 - d, 16)).unwrap_or(c)
}

/// Every bit of hexadecimal digits, but those of the first one, which may have few.
fn other_digits(line: &str) -> String {
    let (first, rest) = line.split_at(line.len().min(1));
    first.chars().chain(rest.chars().map(other_digit)).collect()
}

/// Every line of a memory's contents.
fn other_memory(text: String) -> String {
    text.lines().map(|l| other_digits(l) + "\n").collect()
}

/// Changes a file of a build; returns what it was.
pub(crate) fn change(place: &Place, file: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let path = place.path(file);
    let before = std::fs::read(&path).unwrap();
    let after = change(String::from_utf8(before.clone()).unwrap());
    assert!(after.as_bytes() != before, "{file}");
    std::fs::write(path, after).unwrap();
    before
}

/// What leaves the first layer in a netlist stays 0.
fn other_netlist(text: String) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let result = |l: &str| l.contains(".Q(\\u_core.u_0_dense.chain_q [");
    for q in (0..lines.len()).filter(|&i| result(lines[i])).collect::<Vec<_>>() {
        if let Some(d) = (0..q).rev().take(3).find(|&i| lines[i].contains(".D(")) {
            lines[d] = "    .D(1'h0),";
        }
    }
    lines.join("\n")
}

/// The contents of the memories in a configuration: thresholds as high as they can be.
fn other_configuration(text: String) -> String {
    let mut is_memory = false;
    let mut line = |line: &str| {
        is_memory = line.starts_with(".ram_data") || is_memory && !line.starts_with('.');
        let (first, rest) = line.split_at(line.len().min(1));
        match is_memory && !line.starts_with('.') {
            true => format!("{first}{}", "f".repeat(rest.len())),
            false => line.to_owned(),
        }
    };
    text.lines().map(&mut line).collect::<Vec<_>>().join("\n")
}

/// The bytes of every input are changed on their way to the core.
fn other_top(text: String) -> String {
    text.replace(".in_data_i(core_data)", ".in_data_i(core_data ^ 8'h55)")
}

/// What is sent is inverted: every stop bit is missing.
fn silent_top(text: String) -> String {
    text.replace("  wire rst;\n", "  wire rst, line;\n  assign uart_tx_o = ~line;\n")
        .replace(".tx_o(uart_tx_o)", ".tx_o(line)")
}

/// Damages the build in `b`, a sound one down to its bitstream, file by file.
pub(crate) fn each_level_runs_its_own(place: &Place, toolbox: &Toolbox, b: &str) {
    let core = format!("verify {b} --count 4 --rtl 4 --top 4 --netlist 0 --on-bitstream 0");
    let all = format!("verify {b} --count 16 --rtl 4 --top 4 --netlist 4 --on-bitstream 16");
    let restore = |file: &str, bytes: &[u8]| drop(place.file(&format!("{b}/{file}"), bytes));
    let damage =
        |file: &str, how: &dyn Fn(String) -> String| change(place, &format!("{b}/{file}"), how);

    // Netlist and bitstream: RTL and top do not rest on them.
    let netlist = damage("flow/synth.v", &other_netlist);
    let asc = std::fs::read_to_string(place.path(&format!("{b}/flow/pnr.asc"))).unwrap();
    let (changed, bin) = (place.path("changed.asc"), place.path(&format!("{b}/top.bin")));
    let sound = std::fs::read(&bin).unwrap();
    std::fs::write(&changed, other_configuration(asc)).unwrap();
    synfire::flow::pack::pack(toolbox, synfire::target::Family::Ice40, &changed, &bin).unwrap();
    let packed = std::fs::read(&bin).unwrap();
    assert!(packed != sound);
    differ(place, &core, &[], &["sim", "RTL", "top"]);

    // A memory, a module of the core, the top module: neither netlist nor bitstream rest on
    // them, nor on each other; RTL does not rest on top.
    let top = damage("rtl/top.v", &other_top);
    differ(place, &core, &["top"], &["sim", "RTL"]);
    let memory = damage("rtl/mem_0.hex", &other_memory);
    restore("top.bin", &sound);
    differ(place, &all, &["RTL", "top", "netlist"], &["sim", "bitstream"]);
    restore("flow/synth.v", &netlist);
    restore("top.bin", &packed);
    differ(place, &all, &["RTL", "top", "bitstream"], &["sim", "netlist"]);
    restore("rtl/top.v", &top);
    differ(place, &core, &["RTL", "top"], &["sim"]);
    restore("rtl/mem_0.hex", &memory);
    let module = damage("rtl/sf_lif.v", &|t| t.replace("= state_q + cur_q", "= state_q - cur_q"));
    differ(place, &core, &["RTL", "top"], &["sim"]);
    restore("rtl/sf_lif.v", &module);
    // Hardware that sends nothing that can be read is no tool that fails.
    damage("rtl/top.v", &silent_top);
    place.refused(&core.replace("--rtl 4", "--rtl 0"), 3, "SF0602", "top: 0 responses to 4");
}
