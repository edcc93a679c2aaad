// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A small network down to its bitstream.

use std::path::Path;

use onnx_protobuf::ModelProto;
use protobuf::Message as _;
use synfire::flow::Tool;

use crate::artefacts::each_level_runs_its_own;
use crate::json::as_documented;
use crate::models::{changed, student};
use crate::run::Place;
use crate::timings::phases;
use crate::tools::tools;

pub(crate) const NEEDED: [Tool; 7] = [
    Tool::Yosys,
    Tool::NextpnrIce40,
    Tool::Icepack,
    Tool::Iceunpack,
    Tool::IceboxVlog,
    Tool::Verilator,
    Tool::Cxx,
];

const COMPILE: &str = "compile {small} --target icebreaker --bitstream -o";

#[test]
fn every_level_agrees() {
    let Some(toolbox) = tools(&NEEDED) else { return };
    let (here, there) = (Place::new(), Place::new());
    here.good(&format!("{COMPILE} b"));
    let built = there.json(&format!("{COMPILE} some/where/b --timings"));
    let named = ["import", "passes", "hardware", "files"];
    let tools = ["synthesis", "place and route", "pack", "other"];
    assert_eq!(phases(&built), [&named[..], &tools].concat());
    let text = |path: &str| std::fs::read_to_string(there.path(path)).unwrap();
    let memory = text("some/where/b/memory.svg");
    let routed = format!(" {:.1} MHz<", built["bitstream"]["fmax_mhz"].as_f64().unwrap());
    assert!(memory.contains(">placed and routed: ") && memory.contains(&routed), "{memory}");
    assert_eq!(there.good("inspect some/where/b --format memory"), memory);

    let report = here.json("verify b --count 8 --rtl 2 --top 1 --netlist 1 --on-bitstream 1");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 7, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    assert_eq!(report["left_out"], serde_json::json!([]));
    each_level_runs_its_own(&there, &toolbox, "some/where/b");

    patches(&here);

    // Without the tools, and without the files.
    std::fs::create_dir(here.path(".tools")).unwrap();
    let out = here.command(["verify", "b", "--mutate"]).env("PATH", "").output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("left out  RTL, top, netlist, bitstream: "), "{said}");
    std::fs::remove_dir(here.path(".tools")).unwrap();
    std::fs::remove_file(here.path("b/top.bin")).unwrap();
    let line = "verify b --count 1 --rtl 1 --top 1 --netlist 1";
    here.refused(line, 1, "SF0004", "there is no top.bin in it");
}

/// By the tools twice, not out of what is kept of the first run.
#[test]
#[ignore = "half a minute; part of the nightly run"]
fn a_second_build_is_the_same() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let (here, there) = (Place::new(), Place::new());
    here.good(&format!("{COMPILE} b"));
    let line = format!("{COMPILE} some/where/b");
    let mut again = there.command(line.split_whitespace().map(crate::models::expand));
    let nothing = tempfile::tempdir().unwrap();
    assert!(again.env("SYNFIRE_CACHE", nothing.path()).output().unwrap().status.success());
    let mut files = 0;
    for (path, bytes) in here.tree() {
        let Some(bytes) = bytes else { continue };
        let other = std::fs::read(there.path("some/where").join(&path)).unwrap();
        // Logs have the time that a tool took.
        assert!(bytes == other || is_log(&path), "{}", path.display());
        files += 1;
    }
    assert!(files > 30 && here.path("b/top.bin").is_file(), "{files}");
}

/// The same model into its own bitstream, and models that do not go into it.
fn patches(here: &Place) {
    let patched = here.json("patch b {small} -o p");
    as_documented("patch", &patched);
    assert_eq!((&patched["memories"], &patched["block_rams"]), (&0.into(), &0.into()));
    let bin = |build: &str| std::fs::read(here.path(build).join("top.bin")).unwrap();
    assert_eq!(bin("b"), bin("p"));
    let report = here.json("verify p --count 4 --rtl 0 --top 0 --on-bitstream 1");
    assert_eq!(report["comparisons"].as_array().unwrap().len(), 2, "{report}");
    let left_out = report["left_out"].as_array().unwrap().last().unwrap();
    assert!(left_out.as_str().unwrap().starts_with("netlist: the bitstream was patched"));
    // And again into that.
    assert_eq!(here.json("patch p {small} -o q")["block_rams"], 0);
    here.refused("patch b {student} -o r", 1, "SF0413", "4 timesteps; the hardware has 3");
    let other = changed(|graph| {
        let weights = graph.initializer.iter_mut().find(|t| t.dims == [8, 12]).unwrap();
        weights.raw_data.chunks_exact_mut(4).step_by(3).for_each(|f| f[3] ^= 0x80);
    });
    here.file("other.onnx", other);
    here.refused("patch b other.onnx -o r", 1, "SF0413", "lies in look-up tables, which stay");
    here.good("compile {small} --target icebreaker -o c");
    here.refused("patch c {small} -o r", 1, "SF0003", "this build has no bitstream");
    assert!(!here.path("r").exists());
}

/// A student with other weights in the bitstream of the first: every inference is the new one's.
#[test]
#[ignore = "a minute; part of the nightly run"]
fn a_patched_bitstream_computes_the_other_model() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {student} --target icebreaker --bitstream -o b");
    let mut model = ModelProto::parse_from_bytes(&student()).unwrap();
    let graph = model.graph.mut_or_insert_default();
    // The head lies in look-up tables: there is no block RAM left for it.
    for tensor in graph.initializer.iter_mut().filter(|t| t.dims.iter().product::<i64>() > 9999) {
        // Signs of floats: their last byte.
        tensor.raw_data.chunks_exact_mut(4).step_by(3).for_each(|f| f[3] ^= 0x80);
    }
    place.file("other.onnx", model.write_to_bytes().unwrap());
    let patched = place.json("patch b other.onnx -o p");
    assert!(patched["block_rams"].as_u64() > Some(10), "{patched}");
    let verify = "verify p --images {images} --count 200 --rtl 4 --top 2 --on-bitstream 4";
    let report = place.json(verify);
    assert!(report["comparisons"].as_array().unwrap().iter().all(|c| c["first"].is_null()));
    // As if it had been compiled, but for what the first model needed more.
    place.good("compile other.onnx --target icebreaker -o c");
    let simulate =
        |build| place.json(&format!("simulate {build} --images {{images}} --labels {{labels}}"));
    let (a, b) = (simulate("p"), simulate("c"));
    assert_eq!(
        (&a["accuracy_integer"], &a["firing_rate"]),
        (&b["accuracy_integer"], &b["firing_rate"])
    );
    assert_ne!(a["accuracy_integer"], simulate("b")["accuracy_integer"]);
    // The other one's bitstream in the place of this one.
    std::fs::copy(place.path("b/top.bin"), place.path("p/top.bin")).unwrap();
    place.refused(verify, 3, "SF0601", "sim = bitstream");
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "log")
}

#[test]
#[ignore = "half a minute; part of the nightly run"]
fn a_damaged_bitstream_is_noticed() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.good(&format!("{COMPILE} b"));
    let report = place.json("verify b --mutate --rtl 1 --top 1 --netlist 1 --on-bitstream 1");
    let mutations = report["mutations"].as_array().unwrap();
    assert_eq!(mutations.len(), 5, "{report}");
    for m in mutations {
        assert!(m["caught"]["what"].is_string(), "{m}");
        // A changed transition is the only fault that a design cannot express.
        assert_eq!(m["as_predicted"].is_null(), m["mutation"] == "transition", "{m}");
    }
    // The faulty bitstream in the place of the sound one, on the input that shows it.
    let image = mutations[4]["caught"]["image"].as_u64().unwrap() + 1;
    std::fs::copy(place.path("b/verify/mutations/bitstream/mutated.bin"), place.path("b/top.bin"))
        .unwrap();
    let line = format!("verify b --rtl 1 --top 1 --netlist 1 --on-bitstream {image}");
    place.refused(&line, 3, "SF0601", "sim = bitstream, over the serial line: image ");
}

#[test]
#[ignore = "a synthesis for one message; part of the nightly run"]
fn a_clock_that_is_not_reached_leaves_nothing() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.refused(&format!("{COMPILE} b --freq 300"), 1, "SF0505", "300.00 were asked for");
    assert!(place.tree().is_empty());
}

/// Without SPRAM, without a PLL at the clock's pin, LEDs that light when driven high.
#[test]
#[ignore = "half a minute; part of the nightly run"]
fn another_device_of_the_family_is_read_back_too() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    place.good("compile {small} --target hx8k-breakout --bitstream -o b");
    let report = place.json("verify b --rtl 2 --top 2 --netlist 2 --on-bitstream 2 --mutate");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 7, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    assert!(
        report["mutations"].as_array().unwrap().iter().all(|m| m["caught"]["what"].is_string())
    );
}
