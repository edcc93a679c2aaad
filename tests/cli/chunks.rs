// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Networks over many timesteps, which the processor computes chunk by chunk.

use serde_json::json;
use synfire::flow::Tool;

use crate::bitstream::NEEDED;
use crate::loaded::varied;
use crate::models::text;
use crate::run::Place;
use crate::tools::tools;

/// A network over forty timesteps whose inputs come and go.
pub(crate) fn events(place: &Place) {
    let held = text(24, 12, 40);
    let changing = held
        .replace("levels[24; 8] static", "spikes[24]")
        .replace("\"bits\":8,\"is_static\":true", "\"bits\":1,\"is_static\":false")
        .replace("real[12] static", "real[12]");
    let back = "%back = delay(%lif1) : spikes[12] {\"steps\":1}\n%fc1 = ";
    let again =
        r#"%again = linear(%back) : real[12] {"weights":{"binary":{"signs":{"cols":12,"rows":["#
            .to_owned()
            + &["\"555\""; 12].join(",")
            + "]},\"scale\":0.25}},\"bias\":null}\n%sum = add(%fc1, %again) : real[12] {}\n%lif1 = ";
    let recurrent = changing
        .replace("%fc1 = ", back)
        .replace("%lif1 = lif(%fc1)", &format!("{again}lif(%sum)"));
    place.file("recurrent.sfir", varied(&recurrent));
    place.file("held.sfir", varied(&held));
    place.file("net.sfir", varied(&changing));
}

#[test]
fn many_timesteps_are_computed_in_chunks() {
    let place = Place::new();
    events(&place);
    let compile = "compile net.sfir --target icebreaker";
    let built = place.json(&format!("{compile} -o b"));
    let chunk = built["chunk"].as_u64().unwrap();
    assert!(chunk < 40 && 40 % chunk == 0, "{chunk}");
    let said = place.good("inspect b --hw");
    assert!(said.contains(&format!("{} chunks of {chunk} timesteps: ", 40 / chunk)), "{said}");
    // More cycles, fewer accumulators; the same spikes and logits.
    let fine = place.json(&format!("{compile} --chunk 1 --lanes shared=2 -o c"));
    let coarse = place.json(&format!("{compile} --chunk 20 --lanes shared=2 -o d"));
    assert_eq!((&fine["chunk"], &coarse["chunk"]), (&json!(1), &json!(20)));
    let cells = |built: &serde_json::Value| built["estimate"]["cells"].as_u64().unwrap();
    let cycles = |built: &serde_json::Value| built["estimate"]["cycles"].as_u64().unwrap();
    assert!(cells(&fine) < cells(&coarse) && cycles(&fine) > cycles(&coarse));
    let simulate = |build: &str| place.json(&format!("simulate {build} --count 40"));
    let (a, b) = (simulate("c"), simulate("d"));
    assert_eq!(a["firing_rate"], b["firing_rate"]);
    let mean = |r: &serde_json::Value| r["hardware"]["mean_cycles_in_all"].as_f64();
    assert!(mean(&a) > mean(&b), "{a} {b}");
    // Membranes and sums are read and written, and that is named.
    let energy = place.json("energy b --count 2")["device"]["stages"].to_string();
    for what in ["membranes, read and written", "sums, read and written"] {
        assert!(energy.contains(what), "{what}: {energy}");
    }

    for (option, words) in [
        ("--chunk 0", "40 timesteps are divided into chunks of 1, 2, 4, 5, 8, 10, 20"),
        ("--chunk 40", "--chunk 40: 40 timesteps"),
        ("--chunk 3", "--chunk 3: "),
    ] {
        place.refused(&format!("{compile} {option} -o r"), 1, "SF0003", words);
    }
    place.refused(&format!("{compile} --hls -o r"), 1, "SF0410", "all timesteps at once");
    assert!(!place.path("r").exists());
    place.good("simulate b --count 1 --report page.html");
}

#[test]
fn chunks_fire_the_spikes_of_all_timesteps_at_once() {
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let place = Place::new();
    events(&place);
    // What is held is computed for each chunk anew.
    for (model, chunk, levels) in [("net", 8, "--top 2 --mutate"), ("held", 5, "--top 0")] {
        place.good(&format!(
            "compile {model}.sfir --target icebreaker --mapping shared --chunk {chunk} -o {model}"
        ));
        let report = place.json(&format!("verify {model} --count 20 --rtl 4 {levels}"));
        let comparisons = report["comparisons"].as_array().unwrap();
        assert_eq!(comparisons.len(), if model == "net" { 5 } else { 4 }, "{report}");
        assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
        // 12 neurons over 40 timesteps.
        assert_eq!(comparisons[0]["tally"]["spikes"], json!([20 * 12 * 40, 0]));
        let mutations = report["mutations"].as_array().unwrap();
        assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
    }
}

/// A recurrent layer of current-based neurons as snnTorch's users write it.
#[test]
fn a_synaptic_layer_that_sees_its_own_spikes() {
    let place = Place::new();
    let model = "tests/models/nir/snntorch_rsynaptic.nir --from snntorch --timesteps 12";
    let compile = format!("compile {}/{model} --target icebreaker", env!("CARGO_MANIFEST_DIR"));
    // What an input is worth has to be said.
    let d = "input: the input is real numbers";
    place.refused(&format!("{compile} -o b"), 1, "SF0302", d);
    let built = place.json(&format!("{compile} --input-bits 1 --input-scale 1 -o b"));
    assert_eq!(built["chunk"], 1, "{built}");
    let energy = place.json("energy b --count 2")["device"]["stages"].to_string();
    for what in ["currents that leak", "integrators, read and written"] {
        assert!(energy.contains(what), "{what}: {energy}");
    }
    if tools(&[Tool::Verilator, Tool::Cxx]).is_none() {
        return;
    }
    let report = place.json("verify b --count 40 --rtl 8 --top 1 --mutate");
    let comparisons = report["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 5, "{report}");
    assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
    let mutations = report["mutations"].as_array().unwrap();
    assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
}

#[test]
#[ignore = "a minute; part of the nightly run"]
fn bitstreams_of_chunks_are_read_back() {
    if tools(&NEEDED).is_none() {
        return;
    }
    let place = Place::new();
    events(&place);
    for (model, chunk) in [("net --chunk 4", 4), ("recurrent", 1)] {
        let (name, options) = model.split_once(' ').unwrap_or((model, ""));
        let line = format!("compile {name}.sfir {options} --target icebreaker --bitstream");
        assert_eq!(place.json(&format!("{line} -o {name}"))["chunk"], chunk);
        let counts = "--count 20 --rtl 2 --top 1 --netlist 1 --on-bitstream 1";
        let report = place.json(&format!("verify {name} {counts} --mutate"));
        let comparisons = report["comparisons"].as_array().unwrap();
        assert_eq!(comparisons.len(), 7, "{report}");
        assert!(comparisons.iter().all(|c| c["first"].is_null()), "{report}");
        let mutations = report["mutations"].as_array().unwrap();
        assert!(mutations.iter().all(|m| m["caught"]["what"].is_string()), "{report}");
    }
}
