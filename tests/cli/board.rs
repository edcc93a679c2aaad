// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `run` on the port of `board`: a clean line, lines with faults, boards that are none.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::{JoinHandle, spawn};

use serde_json::{Value, json};
use synfire::board::Terminal;

use crate::json::as_documented;
use crate::loaded::{tight, varied};
use crate::models::text;
use crate::run::Place;

/// `synfire board`, running.
pub(crate) struct Board {
    process: Child,
    pub(crate) port: String,
    /// The lines behind the first.
    faults: Option<JoinHandle<Vec<Value>>>,
}

impl Board {
    pub(crate) fn start(place: &Place, line: &str) -> Self {
        let args = format!("board {line} --json");
        let mut process = place.command(args.split(' ')).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let value = |line: String| -> Value { serde_json::from_str(&line).unwrap() };
        let port = value(lines.next().unwrap().unwrap())["port"].as_str().unwrap().to_owned();
        let faults = spawn(move || lines.map(|l| value(l.unwrap())["fault"].clone()).collect());
        Self { process, port, faults: Some(faults) }
    }

    /// Ends it; the faults that it told of.
    pub(crate) fn end(&mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        self.faults.take().unwrap().join().unwrap()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A network whose weights are loaded, and one with all in the bitstream.
fn builds(place: &Place) -> [&'static str; 2] {
    tight(place, 1700, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    place.good("compile net.sfir --target tight.toml -o loaded");
    place.good("compile {small} --target icebreaker -o small");
    ["loaded", "small"]
}

/// Runs inferences on a line with faults: all right, and every fault that changes something led
/// to another attempt.
fn with_faults(count: u64, faults: u64) -> Vec<Value> {
    let place = Place::new();
    let mut said = Vec::new();
    for build in builds(&place) {
        let mut board = Board::start(&place, &format!("{build} --faults {faults} --seed 3"));
        let line = format!("run {build} --port {} --count {count} --wait 100", board.port);
        let found = place.json(&line);
        let told = board.end();
        assert_eq!(told.len() as u64, faults, "{found}");
        as_documented("run", &found);
        as_documented("board", &json!({ "port": board.port, "fault": told[0] }));
        assert_eq!(found["comparison"]["first"], Value::Null, "{found}");
        assert_eq!(found["comparison"]["tally"]["images"], count, "{found}");
        let harmful = told.iter().filter(|f| f["is_harmless"] == false).count() as u64;
        let repeated = found["line"]["repeated"].as_u64().unwrap();
        assert!(repeated >= harmful && harmful > faults / 2, "{harmful} {found}");
        said.push(json!({ "build": build, "harmful": harmful, "found": found }));
    }
    said
}

#[test]
fn a_clean_line_needs_each_request_once() {
    let place = Place::new();
    for (build, loads) in builds(&place).into_iter().zip([1, 0]) {
        let mut board = Board::start(&place, build);
        let line = format!("run {build} --port {} --count 200 --spikes", board.port);
        let found = place.json(&line);
        let tally = &found["comparison"]["tally"];
        assert_eq!((&tally["images"], &tally["logits"][1]), (&json!(200), &json!(0)), "{found}");
        assert!(tally["spikes"][0].as_u64() > Some(1000), "{found}");
        assert_eq!(found["line"]["requests"], 201 + loads, "{found}");
        assert_eq!(found["line"]["repeated"], 0, "{found}");
        assert_eq!(found["loaded_bytes"].as_u64() > Some(0), loads == 1, "{found}");
        assert!(found["per_second"].as_f64() > Some(1.0), "{found}");
        assert_eq!(found["random_seed"], 1, "{found}");
        // A second host finds the board as the first one left it.
        let said = place.good(&line);
        let mut lines = said.lines().map(|l| l.split_whitespace().collect::<Vec<_>>());
        assert!(lines.any(|l| l == ["differences", "0"]), "{said}");
        assert!(said.contains("the inputs are random, seed 1 "), "{said}");
        assert_eq!(board.end(), Vec::<Value>::new());
    }
}

/// A board that boots from its flash has its weights.
#[test]
fn what_a_board_has_read_itself_is_not_loaded() {
    let place = Place::new();
    builds(&place);
    place.good("compile net.sfir --target tight.toml --standalone -o alone");
    let mut board = Board::start(&place, "alone");
    let found = place.json(&format!("run alone --port {} --count 50", board.port));
    assert_eq!(found["comparison"]["first"], Value::Null, "{found}");
    assert_eq!((&found["loaded_bytes"], &found["line"]["loads"]), (&json!(0), &json!(0)));
    let line = &found["line"];
    assert_eq!((&line["requests"], &line["refused"]), (&json!(51), &json!(0)), "{found}");
    assert_eq!(board.end(), Vec::<Value>::new());
}

#[test]
fn no_fault_is_fatal_and_none_unnoticed() {
    with_faults(200, 50);
}

#[test]
#[ignore = "minutes; part of the nightly run"]
fn no_fault_of_a_thousand_is_fatal_or_unnoticed() {
    for found in with_faults(10_000, 1000) {
        eprintln!("{found:#}");
    }
}

#[test]
fn accuracy_is_that_of_the_simulator() {
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    let board = Board::start(&place, "b");
    let data = "--images {images} --labels {labels} --count 40";
    let found = place.json(&format!("run b --port {} {data}", board.port));
    let simulated = place.json(&format!("simulate b {data}"));
    assert_eq!(found["accuracy"], simulated["accuracy_integer"]);
    assert!(found["accuracy"].as_f64() > Some(0.5));
}

/// A board that says it is this design and computes something else.
#[test]
fn other_weights_are_a_difference() {
    let place = Place::new();
    for (build, net) in [("a", text(64, 96, 2)), ("b", varied(&text(64, 96, 2)))] {
        place.file("net.sfir", net);
        place.good(&format!("compile net.sfir --target icebreaker -o {build}"));
    }
    let board = Board::start(&place, "a");
    let line = format!("run b --port {} --count 20", board.port);
    place.refused(&line, 3, "SF0601", "sim = board, over the serial line: image 0: ");
    assert_eq!(place.run(&line).code, Some(3));
}

#[test]
fn what_is_no_board_is_refused() {
    let place = Place::new();
    let [loaded, small] = builds(&place);
    let run = |build: &str, port: &str| format!("run {build} --port {port} --count 5 --wait 20");
    place.refused(&run(small, "/dev/none"), 1, "SF0901", "plugged in");
    place.refused(&run(small, "/dev/null"), 1, "SF0901", "it is no serial port");
    let board = Board::start(&place, loaded);
    place.refused(&run(small, &board.port), 1, "SF0903", "the board runs `net` (T = 2, ");
    // Held by another program, here by this test.
    let held = synfire::board::Port::open(Path::new(&board.port), 1_000_000).unwrap();
    place.refused(&run(loaded, &board.port), 1, "SF0901", "another program uses it");
    drop(held);
    let terminal = Terminal::open().unwrap();
    let port = terminal.path.to_str().unwrap().to_owned();
    place.refused(&run(small, &port), 4, "SF0902", "nothing came within ");
    let mut terminal = Terminal::open().unwrap();
    let port = terminal.path.to_str().unwrap().to_owned();
    // Until it is asked, with tag 1, which design it runs.
    let gone = spawn(move || while !terminal.receive().unwrap().contains(&0x13) {});
    place.refused(&run(small, &port), 1, "SF0901", "the port went away");
    gone.join().unwrap();

    // With other weights than its own a simulated board does not go on.
    let weights = place.path("loaded/weights.bin");
    let bytes: Vec<u8> = std::fs::read(&weights).unwrap().iter().map(|b| !b).collect();
    std::fs::write(&weights, bytes).unwrap();
    place.refused(&run(loaded, &board.port), 1, "SF0901", "the port went away");
}

#[test]
fn what_the_build_has_not_is_refused() {
    let place = Place::new();
    place.good("compile {small} --target ice40up5k -o bare");
    place.refused("run bare --port /dev/null", 1, "SF0003", "a bare device");
    place.good("compile {small} --target icebreaker --no-trace -o quiet");
    place.refused("run quiet --port /dev/null --spikes", 1, "SF0003", "keeps no spikes");
    place.refused("run quiet --port /dev/null", 1, "SF0901", "it is no serial port");
    place.refused("run none --port /dev/null", 1, "SF0001", "no such directory");
    place.refused("board none", 1, "SF0001", "no such directory");
}
