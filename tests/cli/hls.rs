// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --hls` and `verify --hls`: the C++ is run, and damage to it is noticed.

use serde_json::Value;
use synfire::flow::Tool;

use crate::run::Place;
use crate::tools::tools;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_cpp_is_run_and_its_faults_are_noticed() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b --hls");
    let line = "verify b --images {images} --count 40 --rtl 0 --top 0 --json";
    let report = json(&place.good(&format!("{line} --mutate")));
    let cpp = &report["comparisons"][1];
    assert_eq!(cpp["levels"], "sim = C++, C simulation");
    assert_eq!(cpp["tally"]["images"], 32, "{cpp}");
    assert!(cpp["tally"]["spikes"][0].as_u64() > Some(1000) && cpp["first"].is_null(), "{cpp}");
    let fault = report["mutations"].as_array().unwrap().last().unwrap();
    assert_eq!(fault["mutation"], "hls");
    assert!(fault["caught"]["what"].is_string() && fault["as_predicted"] == true, "{fault}");

    let report = json(&place.good(&format!("{line} --hls 3")));
    assert_eq!(report["comparisons"][1]["tally"]["images"], 3);

    // What the compiler does not take is its tool's failure.
    let top = place.path("b/hls/synfire.cpp");
    let good = std::fs::read_to_string(&top).unwrap();
    std::fs::write(&top, good.replace("void synfire", "vid synfire")).unwrap();
    let ran = place.run(line);
    assert_eq!(ran.code, Some(4));
    assert_eq!(json(&ran.stderr)["error"]["code"]["id"], "SF0506");
    std::fs::write(&top, good).unwrap();

    // The first rows of weights, of the inputs in the corner of an image, and all others.
    let tables = place.path("b/hls/tables.h");
    let text = std::fs::read_to_string(&tables).unwrap();
    std::fs::write(&tables, text.replace("{0x", "{0x7 ^ 0x")).unwrap();
    let ran = place.run(line);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let error = &json(&ran.stderr)["error"];
    assert_eq!(error["code"]["id"], "SF0601");
    assert!(error["message"].as_str().unwrap().starts_with("sim = C++, C simulation: image 0"));
}

#[test]
fn cpp_that_is_not_there_is_not_run() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    let ran = place.run("verify b --count 1 --hls 1");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("compile with --hls"), "{}", ran.stderr);
    assert!(ran.stdout.is_empty() && !place.path("b/verify").exists());
}
