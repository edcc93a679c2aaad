// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A small network down to the bitstream of a Gowin device, and what of it is checked.

use serde_json::{Value, json};
use synfire::flow::Tool;

use crate::run::Place;
use crate::tools::tools;

const NEEDED: [Tool; 5] =
    [Tool::Yosys, Tool::NextpnrGowin, Tool::GowinPack, Tool::Verilator, Tool::Cxx];

const VERIFY: &str = "verify b --count 8 --rtl 0 --top 0 --netlist 2";

/// Flips one bit of a memory in the bitstream.
fn damage(place: &Place) {
    let path = place.path("b/top.fs");
    let text = std::fs::read_to_string(&path).unwrap();
    let flipped = synfire::flow::gowin::flip(&text, "GW1N-9C", 5).unwrap();
    std::fs::write(&path, flipped.text).unwrap();
}

#[test]
#[ignore = "a minute; part of the nightly run"]
fn the_routed_netlist_and_the_bitstream_agree_and_faults_are_noticed() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    let built = place.json("compile {small} --target tangnano9k -o b --bitstream");
    let (estimate, made) = (&built["estimate"], &built["bitstream"]);
    assert!(made["fmax_mhz"].as_f64() > Some(27.0) && made["bytes"].as_u64() > Some(100_000));
    assert_eq!((&estimate["ebr"], &estimate["spram"]), (&made["ebr"], &json!(0)), "{built}");
    for file in ["top.fs", "pins.cst", "flow/pnr.json"] {
        assert!(place.path("b").join(file).is_file(), "{file}");
    }
    let report = place.json(&format!("{VERIFY} --mutate"));
    let comparisons = report["comparisons"].as_array().unwrap();
    let last = comparisons.last().unwrap();
    assert_eq!(last["levels"], "sim = post-route netlist, over the serial line");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    let packed = &report["packed"];
    assert_eq!(packed["compared"]["first"], Value::Null, "{packed}");
    assert_eq!(
        (&packed["compared"]["block_rams"], &packed["compared"]["repacked_bytes"]),
        (&made["ebr"], &made["bytes"])
    );
    assert!(packed["fault"]["caught"].as_str().unwrap().starts_with("block RAM "), "{packed}");
    let mutations = report["mutations"].as_array().unwrap();
    assert_eq!(mutations.len(), 4, "{report}");
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");

    // A bit of a memory in the bitstream; a bit of its logic, which packing again shows.
    let sound = std::fs::read(place.path("b/top.fs")).unwrap();
    damage(&place);
    place.refused(VERIFY, 3, "SF0601", "packed bitstream: block RAM ");
    let mut logic = sound.clone();
    let at = sound.len() / 2;
    logic[at] ^= 1;
    std::fs::write(place.path("b/top.fs"), logic).unwrap();
    place.refused(VERIFY, 3, "SF0601", "packed again it differs");
    std::fs::write(place.path("b/top.fs"), &sound[..sound.len() / 2]).unwrap();
    assert_ne!(place.run(VERIFY).code, Some(0));
    place.refused("energy b --count 1", 1, "SF0412", "no energy coefficients");
}

/// What a board has no room for is said with its own numbers.
#[test]
fn what_does_not_fit_is_said() {
    let place = Place::new();
    let line = "compile {conv} --target tangnano9k -o b";
    place.refused(line, 1, "SF0411", "BSRAM of 26 usable");
}
