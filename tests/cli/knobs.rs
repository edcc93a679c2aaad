// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Hardware that is told what to leave out, from the command line.

use serde_json::Value;

use crate::board::Board;
use crate::json::as_documented;
use crate::run::Place;
use crate::tradeoff::place;

const COMPILE: &str = "compile e.sfir --target icebreaker --knobs";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn each_request_says_what_runs() {
    let place = place();
    place.good(&format!("{COMPILE} -o b"));
    let simulated = |more: &str| place.json(&format!("simulate b --images all.idx {more}"));
    let whole = simulated("");
    as_documented("simulate", &whole);
    let cycles = |found: &Value| number(&found["hardware"]["mean_cycles_in_all"]);
    let mut before = cycles(&whole);
    for more in ["--keep-members 0,2", "--keep-members 2", "--keep-members 2 --keep-timesteps 1"] {
        let found = simulated(&format!("{more} --labels all-labels.idx"));
        assert_eq!(found["hardware"]["differences_to_interp"], 0, "{more}");
        assert_eq!(found["class_agreement"], 1.0, "the real model leaves out the same: {more}");
        assert!(cycles(&found) < before, "{more}: {found}");
        before = cycles(&found);
        // The same model, cut before it is compiled.
        let cut =
            place.json(&format!("simulate e.sfir --images all.idx --labels all-labels.idx {more}"));
        assert_eq!(found["accuracy_real"], cut["accuracy_real"], "{more}");
    }
    let energy = |more: &str| {
        let found = place.json(&format!("energy b --images all.idx {more}"));
        let macs = number(&found["literature"]["once"]["macs"]);
        (number(&found["device"]["core"]["energy_nj"]["value"]), macs)
    };
    let (all, one) = (energy(""), energy("--keep-members 2"));
    assert!(one.0 < 0.8 * all.0 && one.1 * 3.0 == all.1, "{one:?} {all:?}");
}

#[test]
fn every_level_leaves_out_the_same() {
    let place = place();
    place.good(&format!("{COMPILE} --stop 0,100 -o b"));
    for more in ["", "--keep-members 1,2 --keep-timesteps 2", "--stop-early"] {
        let found = place.json(&format!("verify b --images all.idx --rtl 24 --top 2 {more}"));
        let all = found["comparisons"].as_array().unwrap();
        assert_eq!(all.len(), 5, "{found}");
        for c in all {
            assert_eq!((&c["first"], &c["tally"]["classes"]), (&Value::Null, &0.into()), "{c}");
        }
    }
    let found = place.json("verify b --images all.idx --rtl 24 --top 0 --mutate");
    let faults = found["mutations"].as_array().unwrap();
    assert!(faults.iter().all(|f| f["caught"].is_object()) && !faults.is_empty(), "{found}");
}

#[test]
fn a_board_leaves_out_what_it_is_told() {
    let place = place();
    place.good(&format!("{COMPILE} --stop 0,0 -o b"));
    let mut board = Board::start(&place, "b --faults 10 --seed 2");
    for more in ["--spikes", "--keep-members 1 --keep-timesteps 2", "--stop-early --spikes"] {
        let line =
            format!("run b --port {} --images all.idx --count 40 --wait 100 {more}", board.port);
        let found = place.json(&line);
        assert_eq!(found["comparison"]["first"], Value::Null, "{found}");
    }
    board.end();
}

#[test]
fn the_class_that_is_settled_is_that_of_fewer_members() {
    let place = place();
    let lossless = format!("{COMPILE} --stop lossless -o lossless");
    place.good(&lossless);
    let stopped = |build: &str| {
        let line =
            format!("simulate {build} --images even.idx --labels even-labels.idx --stop-early");
        let found = place.json(&line);
        as_documented("simulate", &found);
        assert_eq!(found["hardware"]["differences_to_interp"], 0, "{found}");
        found["hardware"]["early"].clone()
    };
    assert_eq!(stopped("lossless")["classes_changed"], 0);
    // A margin that others chose.
    let chosen = "--stop calibrated --calibration odd.idx --calibration-labels odd-labels.idx";
    let said = place.json(&format!("{COMPILE} {chosen} --accuracy-budget 20 -o chosen"));
    let notes = said["notes"].to_string();
    assert!(notes.contains("settles the class") && notes.contains("on 128 inputs"), "{notes}");
    let early = stopped("chosen");
    let (members, accuracy) = (number(&early["mean_members"]), number(&early["accuracy"]));
    assert!((1.0..2.9).contains(&members) && accuracy > 0.4, "{early}");
    // No leave to stop, nothing to tell of.
    let whole = place.json("simulate chosen --images even.idx");
    assert_eq!(whole["hardware"]["early"], Value::Null);
    let verified = place.json("verify chosen --images even.idx --rtl 0 --top 0 --stop-early");
    assert_eq!(verified["comparisons"][0]["first"], Value::Null);
}

#[test]
fn what_cannot_be_left_out_is_refused() {
    let place = place();
    place.good(&format!("{COMPILE} -o b"));
    place.good("compile e.sfir --target icebreaker -o plain");
    let on = |command: &str, more: &str| format!("{command} {more}");
    for command in ["simulate b", "energy b", "verify b"] {
        for (more, words) in [
            ("--keep-members 3", "the ensemble has 3 members: members are counted from 0: 0 to 2"),
            ("--keep-timesteps 0", "the build has 3"),
            ("--keep-timesteps 4", "1 to 3 can be kept"),
            ("--stop-early", "compile with --knobs --stop lossless"),
        ] {
            place.refused(&on(command, more), 1, "SF0003", words);
        }
        let plain = command.replace(" b", " plain");
        place.refused(&on(&plain, "--keep-members 0"), 1, "SF0003", "compile with --knobs");
        place.refused(&on(&plain, "--stop-early"), 1, "SF0003", "to the end");
    }
    for (more, code, words) in [
        ("--hls", "SF0003", "leaves nothing out at run time"),
        ("--mapping shared", "SF0410", "the processor leaves nothing out"),
        ("--stop 5", "SF0003", "1 margins for 3 members"),
        ("--stop calibrated", "SF0003", "--calibration-labels"),
        (
            "--stop calibrated --calibration all.idx --calibration-labels all-labels.idx --calibration-count 29",
            "SF0003",
            "29 inputs for 3 classes",
        ),
        (
            "--stop calibrated --calibration all.idx --calibration-labels all-labels.idx --accuracy-budget 101",
            "SF0003",
            "0 to 100 points",
        ),
    ] {
        place.refused(&format!("{COMPILE} -o x {more}"), 1, code, words);
        assert!(!place.path("x").exists(), "{more}");
    }
    // Members, and a chain: a student has neither.
    for (line, words) in [
        ("compile {small} --target icebreaker --knobs --stop lossless", "no members"),
        ("compile {small} --target icebreaker --knobs --stop calibrated", "no members"),
    ] {
        let ran = place.run(&format!("{line} -o x"));
        assert!(ran.code == Some(1) && ran.stderr.contains(words), "{}", ran.stderr);
    }
    let student = Place::new();
    student.good("compile {small} --target icebreaker --knobs -o s");
    student.refused("simulate s --keep-members 0", 1, "SF0003", "the build has no members");
    let fewer = student.json("verify s --keep-timesteps 1 --count 8 --rtl 4 --top 0");
    assert_eq!(fewer["comparisons"][1]["first"], Value::Null);
}
