// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Options with values that make no sense, and targets that are none.

use crate::run::Place;

#[test]
fn options_out_of_range() {
    let place = Place::new();
    for (rest, words) in [
        ("--lanes nope=1", "dense layers: fcs.0, out"),
        ("--bitstream --freq 0", "--freq takes a frequency above 0"),
        ("--bitstream --freq nan", "--freq takes a frequency above 0"),
        ("--bitstream --freq 11", "the clock of `icebreaker` has 12 MHz"),
        ("--precision-bits 0", "--precision-bits 0: 1 to 24"),
        ("--leak-bits 17", "--leak-bits 17"),
        ("--gain-bits 99", "--gain-bits 99"),
        ("--input-bits 0", "1 to 16 bits"),
        ("--input-scale inf", "above 0"),
    ] {
        let line = format!("compile {{small}} --target icebreaker -o b {rest}");
        place.refused(&line, 1, "SF0003", words);
    }
    place.refused(
        "compile {small} --target icebreaker -o b --output-name nope",
        1,
        "SF0111",
        "no output is called `nope`",
    );
    place.refused(
        "compile {small} --target ice40up5k -o b --bitstream",
        1,
        "SF0003",
        "bare device",
    );
    for (rest, words) in [
        ("inspect {small} --input-static", "does not take the timesteps out of its input"),
        ("inspect {small} --input-static --input-changes", "not both"),
        // Not a model that only real numbers run.
        ("simulate {small} --count 1 --leak-bits 0", "--leak-bits 0: 1 to 16"),
    ] {
        place.refused(rest, 1, "SF0003", words);
    }
    place.refused("inspect {small} --format memory", 1, "SF0003", "only a build has memories");
    place.refused("inspect {small} --integer --lift", 1, "SF0003", "--lift needs a model file");
    place.refused("explain SF9999", 1, "SF0003", "no diagnostic has the code `SF9999`");
    assert!(place.tree().is_empty());
}

#[test]
fn lanes_that_do_not_fit_are_the_reason() {
    let place = Place::new();
    for lanes in ["128", "4294967295"] {
        let line = format!("compile {{student}} --target icebreaker -o b --lanes fc1={lanes}");
        place.refused(&line, 1, "SF0411", "--lanes: with these lanes");
        place.refused(&line, 1, "SF0411", "it fits if --lanes is left out");
    }
    assert!(place.tree().is_empty());
}

#[test]
fn unknown_targets() {
    let place = Place::new();
    for command in ["compile {small} -o b", "simulate {small} --count 1"] {
        let refused = |target: &str, code: &str, words: &str| {
            place.refused(&format!("{command} --target {target}"), 1, code, words);
        };
        refused("icebraker", "SF0401", "known targets: ice40up5k, icebreaker");
        refused(".", "SF0401", "known targets");
        refused("nowhere.toml", "SF0001", "nowhere.toml");
    }
    assert!(place.tree().is_empty());
}

#[test]
fn damaged_targets() {
    let place = Place::new();
    let built_in = |name: &str| {
        let path = format!("{}/targets/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let (device, board) = (built_in("ice40up5k"), built_in("icebreaker"));
    let refused = |text: &str, code: &str, words: &str| {
        place.file("my.toml", text);
        place.refused("compile {small} --target my.toml -o b", 1, code, words);
        assert_eq!(place.tree().len(), 1);
    };
    refused("", "SF0402", "my.toml");
    refused("name = ", "SF0402", "my.toml");
    refused(&device.replace("lut4 =", "lut5 ="), "SF0402", "lut5");
    refused(&device.replace("value = 104.0", "value = 4.0"), "SF0402", "static_power");
    refused(&board.replace("\"ice40up5k\"", "\"ice40up6k\""), "SF0401", "ice40up6k");
    let with = |clock: &str| board.replace("clock_mhz = 12.0", &format!("clock_mhz = {clock}"));
    for clock in ["0.0", "nan", "inf", "-12.0"] {
        refused(&with(clock), "SF0402", "board.clock_mhz");
    }
    refused(&with("0.001"), "SF0402", "board.uart_baud");
    let pll = "pll = true\npll_setting = { reference = 1, feedback = 20, output = 32 }";
    refused(&board.replace("pll = true", pll), "SF0402", "no PLL of iCE40 makes 12 MHz / 1");
    refused(&board.replace("uart_baud = 1000000", "uart_baud = 0"), "SF0402", "board.uart_baud");
    place.file("my.toml", [0xff, 0xfe]);
    place.refused("compile {small} --target my.toml -o b", 1, "SF0402", "my.toml");

    // The same file without damage is a target.
    place.file("my.toml", board.replace("\"icebreaker\"", "\"mine\""));
    place.good("compile {small} --target my.toml -o b");
    assert!(place.good("energy b --count 1").contains("mine at 12 MHz"));
}

/// A build knows its target by itself.
#[test]
fn a_build_does_not_need_its_targets_file() {
    let place = Place::new();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/targets/icebreaker.toml");
    std::fs::copy(path, place.path("my.toml")).unwrap();
    place.good("compile {small} --target my.toml -o b");
    std::fs::remove_file(place.path("my.toml")).unwrap();
    place.good("simulate b --count 1");
    place.good("energy b --count 1");
}
