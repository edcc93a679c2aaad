// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks whose weights do not fit the block RAMs: they lie in SPRAM, and the host loads them.

use serde_json::json;
use synfire::flow::Tool;

use crate::artefacts::{change, differ};
use crate::bitstream::NEEDED;
use crate::models::text;
use crate::run::Place;
use crate::tools::tools;

/// An iCEBreaker with fewer LUTs and block RAMs.
pub(crate) fn tight(place: &Place, lut4: u32, ebr: u32) {
    let built_in = |name: &str| {
        let path = format!("{}/targets/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let device = built_in("ice40up5k")
        .replace("lut4 = 5280", &format!("lut4 = {lut4}"))
        .replace("ebr = 30", &format!("ebr = {ebr}"));
    let file = place.file("device.toml", device);
    let board = built_in("icebreaker").replace("\"ice40up5k\"", &format!("{file:?}"));
    place.file("tight.toml", board);
}

/// The text of a network with other weights in every row: a row read in another's place shows.
pub(crate) fn varied(text: &str) -> String {
    let mut state = 1u32;
    let mut digit = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_digit(state >> 28, 16).unwrap()
    };
    let mut part = |part: &str| -> String {
        let is_row = part.chars().all(|c| c == '5');
        if is_row { part.chars().map(&mut digit).collect() } else { part.to_owned() }
    };
    text.split('"').map(&mut part).collect::<Vec<_>>().join("\"")
}

#[test]
fn what_is_loaded_is_a_file_and_verified() {
    let place = Place::new();
    tight(&place, 5280, 8);
    let built = place.json("compile {student} --target tight.toml -o b");
    let layers = built["layers"].as_array().unwrap();
    assert_eq!(
        (&layers[0]["weights_in"], &layers[1]["weights_in"]),
        (&json!("SPRAM"), &json!("EBR"))
    );
    let bytes = std::fs::read(place.path("b/weights.bin")).unwrap();
    assert_eq!(built["load_bytes"], bytes.len());
    assert!(place.good("compile {student} --target tight.toml -o b").contains("has to be loaded"));
    // Where the block RAMs are enough, nothing is loaded.
    let built = place.json("compile {student} --target icebreaker -o c");
    assert_eq!((&built["load_bytes"], &built["estimate"]["spram"]), (&json!(0), &json!(0)));
    assert!(!place.path("c/weights.bin").exists());
    let said = place.good("compile {student} --target icebreaker -o c");
    assert!(!said.contains("has to be loaded"), "{said}");
    // The energy of reading them is named.
    let names = |build: &str| place.good(&format!("energy {build} --count 1"));
    assert!(names("b").contains("SPRAM accesses") && !names("c").contains("SPRAM"));

    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let line = "verify b --images {images} --count 8 --rtl 4 --top 1";
    let report = place.json(line);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 5, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    assert!(comparisons[1]["tally"]["cycles"][0].as_u64() > Some(1000), "{report}");
    // 784 bytes and a response of 120 cycles each; loading would take ten times as long.
    assert_eq!(report["line"]["inferences"], 1);
    assert!(report["line"]["worst_cycles"].as_u64() < Some(150_000), "{report}");

    // One bit of every weight's byte, then a byte less, then nothing.
    let file = place.path("b/weights.bin");
    std::fs::write(&file, bytes.iter().map(|b| b ^ 4).collect::<Vec<_>>()).unwrap();
    differ(&place, line, &["RTL", "top"], &["sim"]);
    std::fs::write(&file, &bytes[1..]).unwrap();
    place.refused(line, 1, "SF0004", "bytes of weights; this design takes ");
    std::fs::remove_file(&file).unwrap();
    place.refused(line, 1, "SF0004", "there is no weights.bin in it");
}

#[test]
fn a_device_with_spram_says_what_an_access_costs() {
    let place = Place::new();
    tight(&place, 5280, 8);
    let device = std::fs::read_to_string(place.path("device.toml")).unwrap();
    let (before, rest) = device.split_once("[energy.spram_access]").unwrap();
    let (_, after) = rest.split_once("\n# What").unwrap();
    let without = format!("{before}# What{after}");
    place.file("device.toml", &without);
    let line = "compile {small} --target tight.toml -o b";
    place.refused(line, 1, "SF0402", "energy.spram_access is missing");
    // One without either is a device, too.
    place.file("device.toml", without.replace("spram = 4\n", ""));
    place.good(line);
}

/// One bitstream for both, as its synthesis is what takes long.
#[test]
fn the_bitstream_reads_what_was_loaded_and_has_its_pll() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    tight(&place, 1900, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    let compile = "compile net.sfir --target tight.toml --baud auto";
    let built = place.json(&format!("{compile} --bitstream -o b --clock 24 --seeds 2"));
    assert_eq!(built["bitstream"]["spram"], built["estimate"]["spram"], "{built}");
    assert!(built["bitstream"]["spram"].as_u64() > Some(0), "{built}");
    let pll = json!({"reference": 1, "feedback": 64, "output": 32});
    let clock =
        json!({"mhz": 24.0, "pin_mhz": 12.0, "pll": pll, "baud": 6_000_000, "spi_mhz": null});
    assert_eq!(built["clock"], clock);
    let seed = built["bitstream"]["seed"].as_u64().unwrap();
    assert!((1..=2).contains(&seed), "{built}");
    assert!(!place.path(&format!("b/flow/seed-{seed}")).exists());
    assert!(place.path("b/flow/pnr.log").is_file());
    // The netlist's SPRAMs are those that are read back; its PLL is seen at night.
    let line = "verify b --count 8 --rtl 0 --top 1 --netlist 0 --on-bitstream 1";
    let report = place.json(line);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert!(comparisons.len() == 3 && comparisons.iter().all(|c| c["first"].is_null()), "{report}");

    // All of them run with the file's weights.
    let file = place.path("b/weights.bin");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, bytes.iter().map(|b| !b).collect::<Vec<_>>()).unwrap();
    differ(&place, line, &["top", "bitstream"], &["sim"]);
    std::fs::write(&file, &bytes).unwrap();

    // As if the board asked for another clock than the bitstream's PLL makes.
    place.good(&format!("{compile} -o c --clock 24.375"));
    std::fs::copy(place.path("c/target.json"), place.path("b/target.json")).unwrap();
    let sum_of = |text: &str| {
        text.lines().find(|l| l.ends_with("  target.json")).map(str::to_owned).unwrap()
    };
    let other = sum_of(&std::fs::read_to_string(place.path("c/SHA256SUMS")).unwrap());
    change(&place, "b/SHA256SUMS", |t| t.replace(&sum_of(&t), &other));
    let words = "12 MHz / 1 × 64 / 32, filter 1 instead of 12 MHz / 1 × 65 / 32, filter 1";
    let line = "verify b --count 1 --rtl 0 --top 0 --netlist 0 --on-bitstream 1";
    place.refused(line, 3, "SF0605", words);
}

#[test]
#[ignore = "half a minute; part of the nightly run"]
fn every_level_reads_what_was_loaded() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    tight(&place, 1700, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    place.good("compile net.sfir --target tight.toml --bitstream -o b");
    let line = "verify b --count 8 --rtl 2 --top 1 --netlist 1 --on-bitstream 1";
    let report = place.json(line);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 7, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    assert_eq!(report["left_out"], json!([]));
    let file = place.path("b/weights.bin");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, bytes.iter().map(|b| !b).collect::<Vec<_>>()).unwrap();
    differ(&place, line, &["RTL", "top", "netlist", "bitstream"], &["sim"]);
}
