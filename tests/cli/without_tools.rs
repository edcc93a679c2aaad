// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Without any external tool everything but synthesis and Verilog simulation works, and
//! what was left out is said.

use crate::run::Place;

#[test]
fn a_bitstream_needs_tools() {
    let place = Place::without_tools();
    let line = "compile {student} --target icebreaker -o new/b --bitstream";
    place.refused(line, 4, "SF0501", "yosys is needed to synthesise");
    place.refused(line, 4, "SF0501", "synfire doctor");
    // Only the marker of the place is there.
    assert_eq!(place.tree().len(), 1);
}

#[test]
fn doctor_says_how_to_get_each_tool() {
    let place = Place::without_tools();
    let tools = place.json("doctor");
    for tool in tools.as_array().unwrap() {
        assert!(tool["path"].is_null(), "{tool}");
        assert!(tool["get"].as_str().unwrap().len() > 10);
    }
    let said = place.good("doctor");
    assert!(said.contains("missing  yosys") && said.contains("12 missing."), "{said}");
    assert!(!said.contains("ok  "));
}

#[test]
fn the_rest_works() {
    let place = Place::without_tools();
    place.good("compile {student} --target icebreaker -o b");
    place.good("simulate b --images {images} --labels {labels} --count 20");
    place.good("energy b --count 2");
    place.good("inspect b --format memory");
    let said = place.good("verify b --images {images} --count 20 --mutate");
    assert!(said.contains("interp = sim"), "{said}");
    for left in [
        "left out  RTL, top, netlist, bitstream: verilator, g++ missing",
        "left out  mutations: verilator, g++ missing",
    ] {
        assert!(said.contains(left), "{said}");
    }
    let report = place.json("verify b --count 7");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 1);
    assert_eq!(comparisons[0]["tally"]["images"], 7);
    assert_eq!(comparisons[0]["tally"]["spikes"][0], 7 * 128 * 4);
    // More than fit into one batch.
    let report = place.json("verify b --count 300");
    let tally = &report["comparisons"][0]["tally"];
    assert_eq!((&tally["images"], &tally["logits"][0]), (&300.into(), &3000.into()));
}

/// A tool of our own.
pub(crate) fn script(place: &Place, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let file = place.file(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Ctrl-C and `kill` while a tool works: it ends with us, with all that it started, and what was
/// half-written is gone.
#[test]
fn nothing_goes_on_after_an_interruption() {
    for signal in ["INT", "TERM", "HUP"] {
        let place = Place::without_tools();
        place.good("compile {small} --target icebreaker -o b");
        std::fs::create_dir(place.path("bin")).unwrap();
        let ids = place.path("ids");
        let works =
            format!("sleep 600 & echo $$ $! > {0}.new; mv {0}.new {0}; wait", ids.display());
        script(&place, "yosys", &format!("case $1 in -V) echo 'Yosys 0.50';; *) {works};; esac"));
        script(&place, "nextpnr-ice40", "echo 'nextpnr 0.9'");
        script(&place, "icepack", "exit 0");
        let line = ["compile", "b/real.sfir", "--target", "icebreaker", "-o", "c", "--bitstream"];
        let mut command = place.command(line);
        command.env("SYNFIRE_TOOLS", place.path("bin"));
        // The tool's own programs are found as everywhere.
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let mut run = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        let begun = std::time::Instant::now();
        while !ids.exists() {
            assert!(begun.elapsed().as_secs() < 60, "the tool was not started");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let kill = format!("kill -s {signal} {}", run.id());
        let killed = std::process::Command::new("/bin/sh").args(["-c", &kill]).status();
        assert!(killed.unwrap().success());
        assert_eq!(run.wait().unwrap().code(), Some(130), "{signal}");
        let ids = std::fs::read_to_string(ids).unwrap();
        for id in ids.split_whitespace() {
            let alive = || {
                let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
                // A zombie waits for whoever has inherited it.
                stat.is_ok_and(|s| !s.contains(") Z "))
            };
            let begun = std::time::Instant::now();
            while alive() {
                assert!(begun.elapsed().as_secs() < 20, "{id} goes on after {signal}");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        let left = std::fs::read_dir(place.dir.path()).unwrap().map(|f| f.unwrap().file_name());
        let mut left: Vec<_> = left.collect();
        left.sort();
        assert_eq!(left, [".tools", "b", "bin", "ids"], "{signal}");
    }
}

/// A directory with tools that do not work, instead of none.
#[test]
fn tools_that_fail_are_exit_code_4() {
    let place = Place::without_tools();
    place.good("compile {small} --target icebreaker -o b");
    std::fs::create_dir(place.path("bin")).unwrap();
    let script = |name: &str, text: &str| script(&place, name, text);
    script("yosys", "case $1 in -V) echo 'Yosys 0.50';; *) echo broken wire; exit 1;; esac");
    script("nextpnr-ice40", "echo 'nextpnr 0.9'");
    script("icepack", "exit 0");
    let line = ["compile", "b/real.sfir", "--target", "icebreaker", "-o", "c", "--bitstream"];
    let compile = || {
        let out = place.command(line).env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = compile();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("SF0502") && said.contains("broken wire"), "{said}");
    // Its logs stay, apart from what a finished build would be.
    assert!(place.path("c.partial/flow/synth.log").is_file() && !place.path("c").exists());
    assert_eq!(compile().0, Some(4));

    // An old one does not count, and doctor says so.
    script("yosys", "echo 'Yosys 0.23'");
    let (code, said) = compile();
    assert!(code == Some(4) && said.contains("SF0501") && said.contains("too old"), "{said}");
    let doctor =
        place.command(["doctor"]).env("SYNFIRE_TOOLS", place.path("bin")).output().unwrap();
    assert!(String::from_utf8(doctor.stdout).unwrap().contains("is 0.23; 0.40 or newer is needed"));
}
