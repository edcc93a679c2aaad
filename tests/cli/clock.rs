// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A clock that the board's PLL makes, down to the bitstream.

use serde_json::{Value, json};
use synfire::flow::Tool;

use crate::bitstream::NEEDED;
use crate::run::Place;
use crate::tools::tools;

const COMPILE: &str = "compile {small} --target icebreaker --bitstream";
const VERIFY: &str = "verify b --count 4 --rtl 1 --top 1 --netlist 1 --on-bitstream 1";

#[test]
#[ignore = "routes several times; part of the nightly run"]
fn the_clock_is_the_best_that_routes() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    let built = place.json(&format!("{COMPILE} -o b --clock auto --baud auto"));
    let of = |v: &Value| v.as_f64().unwrap();
    let (mhz, fmax) = (of(&built["clock"]["mhz"]), of(&built["bitstream"]["fmax_mhz"]));
    assert!(mhz >= 24.0 && mhz <= 0.95 * fmax, "{mhz} MHz of {fmax}");
    assert_eq!(built["clock"]["baud"], 6_000_000);
    // Energy and latency are those of this clock.
    let energy = place.json("energy b --count 1");
    assert_eq!(of(&energy["device"]["io"]["clock_mhz"]), mhz);
    let report = place.json(VERIFY);
    assert!(report["comparisons"].as_array().unwrap().iter().all(|c| c["first"].is_null()));
}

/// The whole chip behind SPI, whose clock has no relation to the design's: 15 MHz and 12.
#[test]
fn spi_is_a_line_like_the_other() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    let built = place.json("compile {student} -o b --target icebreaker --link spi");
    let clock = json!({"mhz": 12.0, "pin_mhz": 12.0, "pll": null, "baud": null, "spi_mhz": 15.0});
    assert_eq!(built["clock"], clock);
    let pins = std::fs::read_to_string(place.path("b/pins.pcf")).unwrap();
    assert!(pins.contains("set_io spi_sck_i 15\n") && !pins.contains("uart"), "{pins}");
    let report = place.json("verify b --count 8 --rtl 1 --top 4 --images {images}");
    let last = report["comparisons"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["tally"]["images"], &last["first"]), (&json!(4), &Value::Null), "{report}");
    // What the energy's model takes for the line is what the chip takes, or a little more: a
    // response is at most as long as it says.
    let energy = place.json("energy b --count 4 --images {images}");
    let modelled = energy["device"]["inference"]["cycles"].as_f64().unwrap();
    let measured = report["line"]["mean_cycles"].as_f64().unwrap();
    assert!(measured <= modelled && measured > 0.9 * modelled, "{measured} {modelled}");
    assert!(
        place
            .good("verify b --count 1 --rtl 1 --top 1 --images {images}")
            .contains("one inference with its line, 12 MHz: ")
    );
}

#[test]
#[ignore = "half a minute; part of the nightly run"]
fn a_bitstream_with_spi_is_read_back() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.good(&format!("{COMPILE} -o b --link spi --clock 24"));
    let report = place.json("verify b --mutate --rtl 1 --top 1 --netlist 1 --on-bitstream 1");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 7, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    let mutations = report["mutations"].as_array().unwrap();
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
}

#[test]
fn what_no_board_makes_is_refused() {
    let place = Place::new();
    for (options, code, words) in [
        ("icebreaker --clock auto", "SF0003", "--clock auto needs --bitstream"),
        ("icebreaker --clock 13", "SF0003", "no setting of the PLL makes 13 MHz from 12 MHz"),
        ("icebreaker --baud 7000000", "SF0003", "no 7000000 baud"),
        ("icebreaker --baud 6000000", "SF0402", "6000000 baud cannot be made from 12 MHz"),
        ("orangecrab-25f --baud auto", "SF0003", "are not known"),
        ("ice40up5k --clock 24", "SF0003", "a bare device"),
        ("ulx3s-85f --link spi", "SF0003", "`ulx3s-85f` has no SPI to the host"),
    ] {
        place.refused(&format!("compile {{small}} -o b --target {options}"), 1, code, words);
    }
    assert!(place.tree().is_empty());
    // Without a bitstream it is Verilog with a PLL.
    place.good("compile {small} -o b --target ulx3s-85f --clock 50");
    let top = std::fs::read_to_string(place.path("b/rtl/top.v")).unwrap();
    assert!(top.contains("sf_pll_ecp5 #(.REFERENCE(1), .FEEDBACK(16), .OUTPUT(8)) u_pll"), "{top}");
}
