// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What users see of a model on one processor: jobs, reasons, energy, pictures, the page.

use snapbox::{assert_data_eq, file};

use crate::run::Place;

/// A build shows the same as the model that it was made of: why, what, where.
#[test]
fn a_build_says_why_it_is_as_it_is() {
    let place = Place::new();
    place.good("compile {conv} --target icebreaker -o b");
    let of_build = place.good("inspect b --hw");
    assert_data_eq!(&of_build, file!["inspect_hw.txt"].raw());
    assert_eq!(of_build, place.good("inspect {conv} --hw --target icebreaker"));
    let reasons = |line: &str| place.json(line)["estimate"]["reasons"].clone();
    let all = reasons("inspect b --hw");
    assert!(all.as_array().unwrap().len() >= 6, "{all}");
    assert_eq!(all, reasons("inspect {conv} --hw"));
    // Of a chain, too.
    place.good("compile {small} --target icebreaker -o c");
    assert_eq!(place.good("inspect c --hw"), place.good("inspect {small} --hw"));
}

#[test]
fn energy_is_that_of_the_jobs() {
    let place = Place::new();
    place.good("compile {conv} --target icebreaker -o b");
    assert_data_eq!(
        place.good("energy b --images {images} --count 1"),
        file!["energy_conv.txt"].raw()
    );
    let device = place.json("energy b --images {images} --count 3")["device"].clone();
    let sum = |field: &str, of: &str| -> f64 {
        let list = device[field].as_array().unwrap();
        list.iter()
            .map(|j| {
                if of.is_empty() { j["cycles"].as_f64() } else { j[of]["value"].as_f64() }.unwrap()
            })
            .sum()
    };
    let core = &device["core"];
    let near =
        |a: f64, b: &serde_json::Value| assert!((a / b.as_f64().unwrap() - 1.0).abs() < 1e-9);
    near(sum("jobs", "core_nj"), &core["energy_nj"]["value"]);
    near(sum("jobs", ""), &core["cycles"]);
    near(sum("causes", "core_nj"), &core["energy_nj"]["value"]);
    // A device of which nobody has measured the energy.
    place.good("compile {conv} --target ulx3s-85f -o e");
    // A device with multipliers, and one without.
    let has_row = |target: &str| {
        let said = place.good(&format!("compile {{residual}} --target {target} -o m"));
        said.lines().any(|line| line.starts_with("multipliers "))
    };
    assert_eq!([has_row("ulx3s-25f"), has_row("icebreaker")], [true, false]);
    place.refused("energy e --count 1", 1, "SF0412", "`ecp5-85f` has no energy coefficients");
}

/// A processor a job, each with lanes of its own; what they take adds up to the core's energy.
#[test]
fn a_line_has_processors_with_lanes_of_their_own() {
    let place = Place::without_tools();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/conv/channels_dynamo.onnx");
    let compile = format!("compile {model} --target icebreaker --mapping pipeline");
    place.good(&format!("{compile} -o l"));
    let said = place.json("inspect l --hw");
    let jobs = said["jobs"].as_array().unwrap();
    assert!(jobs.len() == 4 && jobs.iter().all(|j| j["lanes"].as_u64() > Some(0)), "{jobs:?}");
    let said = place.good("inspect l --hw");
    assert!(said.contains("pipeline: 4 processors") && said.contains("  lanes  groups"), "{said}");
    let device = place.json("energy l --count 2")["device"].clone();
    let rows = device["jobs"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[5]["name"]), (6, &"line".into()));
    let energy = |j: &serde_json::Value| j["core_nj"]["value"].as_f64().unwrap();
    let core = device["core"]["energy_nj"]["value"].as_f64().unwrap();
    assert!((rows.iter().map(energy).sum::<f64>() / core - 1.0).abs() < 1e-9);
    place.refused(&format!("{compile} --hls -o h"), 1, "SF0410", "a line of them");
    let foldings = place.json(&format!("inspect {model} --hw --foldings --mapping pipeline"));
    let first = &foldings.as_array().unwrap()[0];
    assert_eq!(
        (&first["mapping"], first["lanes"].as_array().unwrap().len()),
        (&"pipeline".into(), 4)
    );
}

#[test]
fn pictures_and_the_page_have_jobs_maps_and_spikes() {
    let place = Place::new();
    place.good("compile {conv} --target icebreaker -o b");
    let svg = place.good("inspect b --format svg");
    assert!(svg.contains("6 jobs on one processor") && svg.contains("sf_lanes: job 0"));
    let memory = place.good("inspect b --format memory");
    assert!(
        memory.contains("What lies where") && memory.contains("<title>A0: 12,544 words from 0")
    );
    for model in ["b", "{student}"] {
        let line = format!("simulate {model} --images {{images}} --count 1 --report page.html");
        assert_eq!(place.good(&line), place.good(&line.replace(" --report page.html", "")));
        let page = std::fs::read_to_string(place.path("page.html")).unwrap();
        for part in [
            "<h2>Time</h2>",
            "<h2>Memories</h2>",
            "<h2>Spikes</h2>",
            "class=\"spike\"",
            "class=\"busy\"",
        ] {
            assert!(page.contains(part), "{model}: {part}");
        }
        let jobs = if model == "b" { "<h2>Jobs</h2>" } else { "<h2>Stages</h2>" };
        assert!(page.contains(jobs) && page.trim_end().ends_with("</html>"), "{model}");
    }
    // There is nothing to show of what no hardware takes.
    place.file("long.sfir", crate::models::text(12, 8, 129));
    place.refused(
        "simulate long.sfir --count 1 --report r.html",
        1,
        "SF0003",
        "--report shows an inference on hardware",
    );
    place.refused(
        "simulate {conv} --target ice40up5k --count 1 --report nowhere/r.html",
        1,
        "SF0002",
        "nowhere/r.html",
    );
    assert!(!place.path("r.html").exists());
}

/// A small network fits as a chain, which is what becomes of it if nothing else is said.
#[test]
fn a_mapping_is_the_one_that_is_named() {
    let place = Place::without_tools();
    for (mapping, is_chain) in [("auto", true), ("pipeline", true), ("shared", false)] {
        let found = place.json(&format!("inspect {{small}} --hw --mapping {mapping}"));
        let empty = |field: &str| found[field].as_array().unwrap().is_empty();
        assert_eq!((empty("layers"), empty("jobs")), (!is_chain, is_chain), "{mapping}");
    }
}
