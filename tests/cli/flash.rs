// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `flash`, with a program in the place of the tools that says what it was called with.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use synfire::target;

use crate::json::as_documented;
use crate::loaded::{tight, varied};
use crate::models::text;
use crate::run::Place;

/// A build with a made-up bitstream: what is written, and whether, does not depend on its bytes.
pub(crate) fn built(place: &Place, model: &str, board: &str, bitstream: &str) {
    place.good(&format!("compile {model} --target {board} -o b"));
    let manifest = place.path("b/synfire.json");
    let mut said: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    said["bitstream"] = json!({ "lut4": 0, "ff": 0, "ebr": 0, "spram": 0, "dsp": 0,
        "logic_cells": 0, "fmax_mhz": 20.0, "bytes": 3 });
    let said = serde_json::to_vec(&said).unwrap();
    for (name, bytes) in [("synfire.json", &said[..]), (bitstream, b"bit")] {
        std::fs::write(place.path("b").join(name), bytes).unwrap();
    }
    // The sums of what was changed.
    let sums = place.path("b/SHA256SUMS");
    let kept = std::fs::read_to_string(&sums).unwrap();
    let kept: Vec<_> = kept.lines().filter(|l| !l.ends_with(" synfire.json")).collect();
    let new = std::process::Command::new("sha256sum")
        .args(["synfire.json", bitstream])
        .current_dir(place.path("b"))
        .output()
        .unwrap();
    let mut all = kept.join("\n") + "\n" + &String::from_utf8(new.stdout).unwrap();
    let mut lines: Vec<_> = all.lines().collect();
    lines.sort_by_key(|l| l.split_once("  ").map(|(_, name)| name.to_owned()));
    all = lines.join("\n") + "\n";
    std::fs::write(&sums, all).unwrap();
}

/// A tool in `tools` that keeps its arguments and ends with this code.
fn tool(place: &Place, name: &str, code: i32) {
    let folder = place.path("tools");
    std::fs::create_dir_all(&folder).unwrap();
    let said = place.path("called");
    let text =
        format!("#!/bin/sh\necho {name} \"$@\" >{}\necho no board; exit {code}\n", said.display());
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// `flash`, with the tools of the place alone.
fn flash(place: &Place, rest: &str) -> (Option<i32>, Value) {
    let line = format!("flash b {rest} --json");
    let mut command = place.command(line.split_whitespace());
    let tools = place.path("tools");
    let out = command.env("PATH", tools).output().unwrap();
    let said = if out.status.success() { &out.stdout } else { &out.stderr };
    (out.status.code(), serde_json::from_slice(said).unwrap())
}

fn called(place: &Place) -> String {
    std::fs::read_to_string(place.path("called")).unwrap().trim().to_owned()
}

#[test]
fn the_tool_of_the_target_gets_the_bitstream() {
    for (board, file, want) in [
        ("icebreaker", "top.bin", "openFPGALoader -b ice40_generic -f"),
        ("ulx3s-25f", "top.bit", "openFPGALoader -b ulx3s -f"),
        ("orangecrab-25f", "top.bit", "openFPGALoader -b orangeCrab"),
        ("tangnano9k", "top.fs", "openFPGALoader -b tangnano9k -f"),
    ] {
        let place = Place::new();
        built(&place, "{small}", board, file);
        let path = place.path("b").canonicalize().unwrap().join(file);
        tool(&place, "openFPGALoader", 0);
        let (code, said) = flash(&place, "");
        assert_eq!((code, &said["written"]), (Some(0), &json!(true)), "{said}");
        as_documented("flash", &said);
        assert_eq!(called(&place), format!("{want} {}", path.display()));
        // With a port, and the first way before the second.
        tool(&place, "iceprog", 0);
        flash(&place, "--port d:1");
        let want = if board == "icebreaker" { "iceprog" } else { want };
        assert_eq!(called(&place), format!("{want} -d d:1 {}", path.display()));
    }
}

#[test]
fn nothing_is_run_that_should_not_be() {
    let place = Place::new();
    built(&place, "{small}", "icebreaker", "top.bin");
    tool(&place, "iceprog", 1);
    let (code, said) = flash(&place, "--dry-run");
    assert_eq!((code, &said["written"]), (Some(0), &json!(false)), "{said}");
    assert_eq!(said["command"][0], "iceprog");
    assert!(!place.path("called").exists());
    // The tool fails: with its last lines.
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["error"]["code"]["id"]), (Some(4), &json!("SF0502")), "{said}");
    assert!(said["error"].to_string().contains("no board"), "{said}");
    // None is there: the command to type.
    std::fs::remove_file(place.path("tools/iceprog")).unwrap();
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["error"]["code"]["id"]), (Some(4), &json!("SF0904")), "{said}");
    let help = said["error"]["help"].as_str().unwrap();
    let command = help.lines().last().unwrap();
    assert!(command.starts_with("iceprog ") && command.ends_with("/b/top.bin"), "{help}");
    // A bitstream that was changed.
    tool(&place, "iceprog", 0);
    std::fs::remove_file(place.path("called")).unwrap();
    std::fs::write(place.path("b/top.bin"), "bat").unwrap();
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["error"]["code"]["id"]), (Some(1), &json!("SF0004")), "{said}");
    assert!(!place.path("called").exists());

    place.good("compile {small} --target icebreaker -o none");
    place.refused("flash none", 1, "SF0003", "compile with --bitstream");
    place.good("compile {small} --target ice40up5k -o bare");
    place.refused("flash bare", 1, "SF0003", "a bare device");
}

/// A board that reads its weights from its flash gets them with the bitstream, in one file.
#[test]
fn weights_in_the_flash_are_written_with_the_bitstream() {
    let place = Place::new();
    tight(&place, 1700, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    built(&place, "net.sfir --standalone", "tight.toml", "top.bin");
    tool(&place, "iceprog", 0);
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["error"]["code"]["id"]), (Some(1), &json!("SF0001")), "{said}");
    assert!(!place.path("called").exists());
    place.file("b/flash.bin", "all");
    let sums = place.path("b/SHA256SUMS");
    // With another sum, then with its own.
    let listed = std::fs::read_to_string(&sums).unwrap();
    std::fs::write(&sums, format!("{listed}{}  flash.bin\n", "0".repeat(64))).unwrap();
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["error"]["code"]["id"]), (Some(1), &json!("SF0004")), "{said}");
    let mut sum = std::process::Command::new("sha256sum");
    let sum = sum.arg("flash.bin").current_dir(place.path("b")).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    std::fs::write(&sums, listed + &sum).unwrap();
    let (code, said) = flash(&place, "");
    assert_eq!((code, &said["written"]), (Some(0), &json!(true)), "{said}");
    let path = place.path("b").canonicalize().unwrap().join("flash.bin");
    assert_eq!(called(&place), format!("iceprog {}", path.display()));
}

/// Every board says how it is written.
#[test]
fn every_board_has_its_tool() {
    let nowhere = Path::new("top.bin");
    for name in target::names() {
        let target = target::load(name).unwrap();
        if let Some(board) = target.board {
            synfire::flow::program::Programmer::first(&board.flash, None, nowhere).unwrap();
        }
    }
}
