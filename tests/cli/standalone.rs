// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compile --standalone`: the board reads its weights from its flash, and needs no host for that.

use serde_json::{Value, json};
use synfire::flow::Tool;

use crate::artefacts::change;
use crate::bitstream::NEEDED;
use crate::loaded::{tight, varied};
use crate::models::text;
use crate::run::Place;
use crate::tools::tools;

/// A network on a board without room for its weights in block RAM.
const COMPILE: &str = "compile net.sfir --target tight.toml --standalone -o b";

fn place() -> Place {
    let place = Place::new();
    tight(&place, 1900, 4);
    place.file("net.sfir", varied(&text(64, 96, 2)));
    place
}

/// The cycles until ready of each level that was simulated: as predicted.
fn ready(report: &Value) -> Vec<u64> {
    let all = report["ready"].as_array().unwrap();
    let one = |r: &Value| {
        assert_eq!(r["expected"], r["found"], "{report}");
        r["found"].as_u64().unwrap()
    };
    all.iter().map(one).collect()
}

#[test]
fn what_is_compiled_says_where_its_weights_are() {
    let place = place();
    let built = place.json(COMPILE);
    let (load, found) = (built["load_bytes"].as_u64().unwrap(), &built["standalone"]);
    // Command, checksum, a code in 254 bytes.
    let bytes = load + 3 + (load + 3) / 254 + 1;
    let cycles = 1024 + 86 + 37 + 16 * bytes;
    let ms = cycles as f64 / 12e3;
    let want = json!({ "offset": 131_072, "bytes": bytes, "ready_cycles": cycles, "ready_ms": ms });
    assert_eq!(*found, want, "{built}");
    let boot = std::fs::read(place.path("b/boot.bin")).unwrap();
    assert_eq!(boot.len() as u64, bytes);
    assert!(place.path("b/weights.bin").is_file() && !place.path("b/flash.bin").exists());
    let said = place.good(COMPILE);
    assert!(said.contains(", in the flash from byte 131,072 on: ready "), "{said}");
    assert!(!said.contains("has to be loaded"), "{said}");
    let pins = std::fs::read_to_string(place.path("b/pins.pcf")).unwrap();
    for pin in ["flash_sck_o 15", "flash_cs_no 16", "flash_mosi_o 14", "flash_miso_i 17"] {
        assert!(pins.contains(&format!("set_io {pin}\n")), "{pins}");
    }
    let manifest = std::fs::read_to_string(place.path("b/synfire.json")).unwrap();
    assert!(manifest.contains("\"standalone\": {\n    \"offset\": 131072,"), "{manifest}");
    // What reads the flash takes its cells.
    let host = place.json("compile net.sfir --target tight.toml -o c");
    assert_eq!(host["standalone"], Value::Null);
    assert!(!std::fs::read_to_string(place.path("c/pins.pcf")).unwrap().contains("flash"));
    let with = |more: &str| {
        let line =
            format!("compile net.sfir --target tight.toml -o c --lanes fc1=8 --lanes fc2=2 {more}");
        let estimate = &place.json(&line)["estimate"];
        ["lut4", "cells"].map(|what| estimate[what].as_i64().unwrap())
    };
    let ([host, cells], [alone, more]) = (with(""), with("--standalone"));
    assert_eq!((alone - host, more - cells), (73, 91));
}

/// Whoever has nothing to load needs no flash, wherever that is asked for.
#[test]
fn where_nothing_is_loaded_the_bitstream_is_enough() {
    let place = Place::new();
    for board in ["icebreaker", "ulx3s-25f"] {
        let line = format!("compile {{small}} --target {board} --standalone -o b");
        assert_eq!(place.json(&line)["standalone"], Value::Null);
        let said = place.good(&line);
        assert!(
            said.contains("the bitstream holds all weights: ready after configuration"),
            "{said}"
        );
        assert!(!place.path("b/boot.bin").exists());
    }
    let top = std::fs::read_to_string(place.path("b/rtl/top.v")).unwrap();
    assert!(!top.contains("flash"), "{top}");
}

#[test]
fn a_board_that_cannot_says_why() {
    let place = place();
    place.refused(&format!("{COMPILE} --link spi"), 1, "SF0003", "the serial line");
    place.refused(&format!("{COMPILE} --as-core"), 1, "SF0003", "a core has no flash");
    let bare = "compile {small} --target ice40up5k --standalone -o b";
    place.refused(bare, 1, "SF0003", "a bare device without a flash");
    let tight = std::fs::read_to_string(place.path("tight.toml")).unwrap();
    let (before, after) = tight.split_once("[board.boot]").unwrap();
    let (_, pins) = after.split_once("[board.pins]").unwrap();
    place.file("tight.toml", format!("{before}[board.pins]{pins}"));
    place.refused(COMPILE, 1, "SF0003", "nothing is known of the board's flash");
    place.good("compile net.sfir --target tight.toml -o b");
    place.file("tight.toml", tight.replace("wake_us = 3.0", "wake_us = -3.0"));
    place.refused(COMPILE, 1, "SF0402", "board.boot.wake_us");
}

/// A clock that the board's file allows and the flash does not.
#[test]
fn a_flash_that_is_read_too_fast_is_noticed() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = place();
    let tight = std::fs::read_to_string(place.path("tight.toml")).unwrap();
    let fast = tight.replace("clock_mhz = 12.0", "clock_mhz = 120.0");
    place.file("tight.toml", &fast);
    place.refused(COMPILE, 1, "SF0003", "60 MHz are too fast for the flash");
    place.file("tight.toml", fast.replace("most_mhz = 50.0", "most_mhz = 60.0"));
    place.good(COMPILE);
    let line = "verify b --count 1 --rtl 0 --top 1";
    place.refused(line, 3, "SF0602", "the flash was used as its data sheet forbids");
}

/// From power-on to inferences over the serial line, and what is damaged on the way.
#[test]
fn the_chip_boots_from_its_flash_and_notices_damage() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = place();
    let built = place.json(COMPILE);
    let line = "verify b --count 2 --rtl 0 --top 2";
    let report = place.json(line);
    let comparisons = report["comparisons"].as_array().unwrap();
    assert!(comparisons.len() == 2 && comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    assert_eq!(ready(&report), [built["standalone"]["ready_cycles"].as_u64().unwrap()]);
    let said = place.good(line);
    assert!(said.contains("\nready after power-on, top, over the serial line: "), "{said}");

    // The image: a bit in its middle, its end torn off, erased, nothing but zeros.
    let file = place.path("b/boot.bin");
    let boot = std::fs::read(&file).unwrap();
    let mut flipped = boot.clone();
    flipped[boot.len() / 2] ^= 0x10;
    let torn = boot[..boot.len() - 5].to_vec();
    for (image, words) in [
        (flipped, "`; its error LED is lit"),
        (torn, "`; its error LED is lit"),
        (Vec::new(), "`; its error LED is lit"),
        (vec![0; boot.len()], "it said nothing; its error LED is lit"),
    ] {
        std::fs::write(&file, image).unwrap();
        place.refused(line, 3, "SF0602", words);
    }
    std::fs::write(&file, &boot).unwrap();

    // The hardware: no wait for the flash, another command, another place.
    let top = |from: &str, to: &str| change(&place, "b/rtl/top.v", |t| t.replace(from, to));
    let sound = top(".WAIT(37)", ".WAIT(35)");
    place.refused(line, 3, "SF0602", "the flash was used as its data sheet forbids");
    place.file("b/rtl/top.v", &sound);
    top(".OFFSET(131072)", ".OFFSET(131073)");
    place.refused(line, 3, "SF0602", "it said `bad ");
    place.file("b/rtl/top.v", &sound);
    let module = change(&place, "b/rtl/sf_flash_boot.v", |t| t.replace("8'hAB;", "8'hAF;"));
    place.refused(line, 3, "SF0602", "it said `bad framing`");
    place.file("b/rtl/sf_flash_boot.v", module);
    // A cycle more, with the same outcome.
    top(".WAIT(37)", ".WAIT(38)");
    place.refused(line, 3, "SF0601", "cycles instead of ");
    place.file("b/rtl/top.v", sound);
    place.good(line);
}

/// The deliberate fault of `verify --mutate`: the board notices, and the host may load.
#[test]
fn a_damaged_flash_is_noticed_and_the_host_may_load() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = place();
    place.good(COMPILE);
    let report = place.json("verify b --count 200 --rtl 0 --top 1 --mutate");
    let mutations = report["mutations"].as_array().unwrap();
    let flash = mutations.iter().find(|m| m["mutation"] == "flash").unwrap();
    let caught = flash["caught"]["what"].as_str().unwrap();
    assert!(caught.contains("refuses an inference; loaded by the host, it is right"), "{flash}");
    // Where a host loads there is no flash.
    place.good("compile net.sfir --target tight.toml -o c");
    let report = place.json("verify c --count 200 --rtl 0 --top 0 --mutate");
    let mutations = report["mutations"].as_array().unwrap();
    assert!(mutations.iter().all(|m| m["mutation"] != "flash"), "{report}");
    assert_eq!(report["ready"], json!([]));
}

#[test]
#[ignore = "a minute; part of the nightly run"]
fn every_level_boots_from_the_flash() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = place();
    let built = place.json(&format!("{COMPILE} --bitstream --clock 24 --baud auto"));
    let cycles = built["standalone"]["ready_cycles"].as_u64().unwrap();
    // What is kept of a build has its weights behind it, too.
    let flash = std::fs::read(place.path("b/flash.bin")).unwrap();
    let kept = place.json(&format!("{COMPILE} --clock 24 --baud auto"));
    assert_eq!(kept["kept"], true, "{kept}");
    assert_eq!(std::fs::read(place.path("b/flash.bin")).unwrap(), flash);

    let line = "verify b --count 200 --rtl 1 --top 1 --netlist 1 --on-bitstream 1";
    let report = place.json(&format!("{line} --mutate"));
    // Its few numbers lie in look-up tables.
    let left_out = json!(["bitstream mutation: no number that shows is in block RAM"]);
    assert_eq!(report["left_out"], left_out);
    assert_eq!(ready(&report), [cycles; 3]);
    let load = report["mutations"].as_array().unwrap().iter().find(|m| m["mutation"] == "load");
    assert_eq!(load.unwrap()["as_predicted"], true, "{report}");

    // What is written is what is simulated.
    let [top, boot] =
        ["top.bin", "boot.bin"].map(|f| std::fs::read(place.path("b").join(f)).unwrap());
    assert_eq!((&flash[..top.len()], &flash[131_072..]), (&top[..], &boot[..]));
    assert!(flash[top.len()..131_072].iter().all(|b| *b == 0xFF));
    let mut damaged = flash.clone();
    *damaged.last_mut().unwrap() ^= 1;
    place.file("b/flash.bin", damaged);
    place.refused(line, 3, "SF0602", "it said `bad CRC`");
    place.refused("flash b --dry-run", 1, "SF0004", "flash.bin");
    place.file("b/flash.bin", &flash);

    // Other weights in the same bitstream: those of the first layer.
    let other = |l: &str| if l.starts_with("%fc1") { l.replace('7', "8") } else { l.to_owned() };
    let lines: Vec<_> = varied(&text(64, 96, 2)).lines().map(other).collect();
    place.file("other.sfir", lines.join("\n") + "\n");
    let said = place.good("patch b other.sfir -o p");
    assert!(said.contains("; flash.bin has other weights, "), "{said}");
    let line = "verify p --count 2 --rtl 0 --top 1 --on-bitstream 1";
    assert_eq!(ready(&place.json(line)), [cycles; 2]);
}
