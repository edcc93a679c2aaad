// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A small network down to the bitstream of an ECP5, and what of it is checked.

use serde_json::{Value, json};
use synfire::flow::Tool;

use crate::run::Place;
use crate::tools::tools;

const NEEDED: [Tool; 6] =
    [Tool::Yosys, Tool::NextpnrEcp5, Tool::Ecppack, Tool::Ecpunpack, Tool::Verilator, Tool::Cxx];

const VERIFY: &str = "verify b --count 8 --rtl 0 --top 0 --netlist 2";

/// Changes one digit in the middle of a memory of the bitstream's text, and packs it again.
fn damage(place: &Place) {
    let toolbox = tools(&NEEDED).unwrap();
    let config = place.path("b/flow/pnr.config");
    let text = std::fs::read_to_string(&config).unwrap();
    let flipped = synfire::flow::ecp5::flip(&text, 5).unwrap();
    std::fs::write(&config, flipped.text).unwrap();
    let family = synfire::target::Family::Ecp5;
    synfire::flow::pack::pack(&toolbox, family, &config, &place.path("b/top.bit")).unwrap();
}

#[test]
fn the_routed_netlist_and_the_contents_of_the_bitstream_agree() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    let built = place.json("compile {small} --target ulx3s-25f -o b --bitstream --clock 37.5");
    let (estimate, made) = (&built["estimate"], &built["bitstream"]);
    assert!(made["fmax_mhz"].as_f64() > Some(37.5) && made["bytes"].as_u64() > Some(100_000));
    assert_eq!((&estimate["ebr"], &estimate["spram"]), (&made["ebr"], &json!(0)), "{built}");
    for file in ["top.bit", "pins.lpf", "flow/pnr.config", "flow/pnr.json"] {
        assert!(place.path("b").join(file).is_file(), "{file}");
    }
    let report = place.json(VERIFY);
    let levels: Vec<_> =
        report["comparisons"].as_array().unwrap().iter().map(|c| &c["levels"]).collect();
    assert_eq!(levels.last(), Some(&&json!("sim = post-route netlist, over the serial line")));
    assert!(report["comparisons"].as_array().unwrap().iter().all(|c| c["first"].is_null()));
    let packed = &report["packed"];
    assert_eq!(packed["compared"]["first"], Value::Null, "{packed}");
    assert_eq!(packed["compared"]["block_rams"], made["ebr"]);
    assert!(packed["compared"]["memories"].as_u64() > Some(0), "{packed}");
    let left_out = [
        "sim = RTL, with cycles",
        "sim = RTL, with cycles, inputs with gaps",
        "sim = RTL, result taken with pauses",
        "sim = top, over the serial line",
    ];
    let left_out = left_out.map(|level| format!("{level}: no inputs were asked for"));
    assert_eq!(report["left_out"], json!(left_out));

    // A bit of a memory, in the bitstream; then the emitted memory itself.
    let sound = std::fs::read(place.path("b/top.bit")).unwrap();
    damage(&place);
    place.refused(VERIFY, 3, "SF0601", "packed bitstream: block RAM ");
    std::fs::write(place.path("b/top.bit"), &sound[..sound.len() / 2]).unwrap();
    assert_ne!(place.run(VERIFY).code, Some(0));
    place.refused("energy b --count 1", 1, "SF0412", "no energy coefficients");
}

#[test]
#[ignore = "half a minute; part of the nightly run"]
fn deliberate_faults_are_noticed() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target ulx3s-25f -o b --bitstream --clock 37.5");
    let report = place.json("verify b --count 8 --rtl 2 --top 1 --netlist 2 --mutate");
    let caught = report["packed"]["fault"]["caught"].as_str().unwrap();
    assert!(caught.starts_with("block RAM "), "{caught}");
    let mutations = report["mutations"].as_array().unwrap();
    assert_eq!(mutations.len(), 4, "{report}");
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
    assert_eq!(report["left_out"], json!([]));
}
