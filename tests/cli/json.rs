// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--json` prints the fields that docs/cli.md lists, and no others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::Place;

/// The fields below each heading of the page.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = "";
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            heading = name;
        } else if let Some(field) = line.strip_prefix("| `").and_then(|l| l.split('`').next()) {
            found.entry(heading.to_owned()).or_default().insert(field.to_owned());
        }
    }
    found
}

/// The paths of all leaves. An empty list and null are leaves.
fn leaves(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().for_each(|v| leaves(v, &format!("{path}[]"), found));
        }
        Value::Array(_) => drop(found.insert(format!("{path}[]"))),
        _ => drop(found.insert(path.to_owned())),
    }
}

/// Is `path` the same as `field` or below it?
fn covers(field: &str, path: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What differs between the page and what was printed.
fn differences(fields: &BTreeSet<String>, printed: &BTreeSet<String>) -> Vec<String> {
    // A list that happens to be empty stands for the fields of its elements.
    let fits = |f: &str, p: &str| covers(f, p) || p.ends_with("[]") && f.starts_with(p);
    let unknown = printed.iter().filter(|p| !fields.iter().any(|f| fits(f, p)));
    let absent = fields.iter().filter(|f| !printed.iter().any(|p| fits(f, p)));
    let unknown = unknown.map(|p| format!("not documented: {p}"));
    unknown.chain(absent.map(|f| format!("not printed: {f}"))).collect()
}

/// The value has the fields below a heading of the page, and no others.
#[track_caller]
pub(crate) fn as_documented(heading: &str, value: &Value) {
    let mut printed = BTreeSet::new();
    leaves(value, "", &mut printed);
    assert_eq!(differences(&documented()[heading], &printed), Vec::<String>::new());
}

#[test]
fn a_model_without_an_integer_form_runs_in_real_numbers() {
    let place = Place::new();
    let ran = place.json("simulate {cycle} --count 5");
    as_documented("simulate, without an integer form", &ran);
    // Every input once, however many threads share them.
    for threads in [1, 2] {
        let ran = place.json(&format!("simulate {{cycle}} --count 5 --threads {threads}"));
        let classes = ran["classes"].as_array().unwrap();
        let sum: u64 = classes.iter().map(|c| c.as_u64().unwrap()).sum();
        assert_eq!((&ran["images"], sum), (&5.into(), 5), "{ran}");
    }
    let said = place.run("simulate {cycle} --count 5");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("round a cycle"), "{}", said.stdout);
    place.refused("compile {cycle} --target icebreaker -o b", 1, "SF0302", "before");
}

/// Networks that are no plain chain of layers with weights ±1: both forms run, and hardware takes
/// them.
#[test]
fn a_model_without_hardware_runs_in_integers() {
    let place = Place::without_tools();
    let ran = place.json("simulate {recurrent} --count 5");
    assert_eq!((&ran["spike_mismatch"], &ran["class_agreement"]), (&0.0.into(), &1.0.into()));
    let built = place.json("compile {recurrent} --target icebreaker -o b");
    assert_eq!(built["chunk"], 1, "{built}");
    assert!(place.good("simulate b --count 5").contains("5"));
    for student in ["{conv}", "{ensemble}"] {
        place.good(&format!("inspect {student}"));
        let line = format!("simulate {student} --images {{images}} --labels {{labels}} --count 40");
        let ran = place.json(&line);
        let share = |field: &str| ran[field].as_f64().unwrap();
        assert!(share("accuracy_real") > 0.8 && share("accuracy_integer") > 0.8, "{ran}");
        assert!(share("class_agreement") > 0.9 && share("spike_mismatch") < 0.02, "{ran}");
        place.good(&format!("compile {student} --target icebreaker -o b{}", student.len()));
    }
    place.refused("simulate {conv} --weights binary", 1, "SF0121", "stage1.0");
    place.good("simulate {conv} --count 2 --precision 4 --precision head.0.linear=8");
    place.refused("simulate {conv} --precision none=4", 1, "SF0003", "no layer is called `none`");
    let binary = "simulate {conv} --precision stage1.1.body.2.conv=4";
    place.refused(binary, 1, "SF0003", "have one bit");
    place.refused("simulate {conv} --stream-bits 3", 1, "SF0003", "4 to 24");
    assert_eq!(place.run("simulate {conv} --precision 9").code, Some(2));
}

#[test]
fn every_command_prints_the_documented_fields() {
    let place = Place::new();
    let fields = documented();
    let check = |command: &str, rest: &str, under: &str| {
        let value = place.json(&format!("{command} {rest}"));
        let mut printed = BTreeSet::new();
        leaves(&value, "", &mut printed);
        let fields: BTreeSet<_> = fields[command].iter().map(|f| format!("{under}{f}")).collect();
        assert_eq!(differences(&fields, &printed), Vec::<String>::new(), "{command} {rest}");
    };
    check("compile", "{student} --target icebreaker -o b", "");
    check("inspect", "{student}", "");
    check("inspect", "b --integer", "");
    check("simulate", "b --images {images} --labels {labels} --count 2", "");
    check("energy", "b --count 2", "");
    check("tradeoff", "{ensemble} --images {images} --labels {labels} --count 80", "");
    check("targets", "", "");
    check("passes", "", "");
    check("doctor", "", "");
    check("explain", "SF0411", "");
    check("explain", "", "[].");
    let without = Place::without_tools();
    without.good("compile {student} --target icebreaker -o b");
    let value = without.json("verify b --count 2");
    let mut printed = BTreeSet::new();
    leaves(&value, "", &mut printed);
    assert_eq!(differences(&fields["verify"], &printed), Vec::<String>::new());
    // Fourteen commands, two of them with two forms; those of boards and bitstreams, and foldings,
    // are checked where they run.
    assert_eq!(fields.len(), 16, "{:?}", fields.keys());
}

#[test]
fn values_are_what_they_should_be() {
    let place = Place::new();
    let built = place.json("compile {student} --target icebreaker -o b --lanes fc1=32");
    assert_eq!((&built["out"], &built["target"]), (&"b".into(), &"icebreaker".into()));
    assert_eq!(built["layers"][0]["lanes"], 32);
    assert_eq!(built["bitstream"], Value::Null);
    let ran = serde_json::from_str::<Value>(&place.good("--json simulate b --count 5")).unwrap();
    assert_eq!((&ran["images"], &ran["accuracy_real"]), (&5.into(), &Value::Null));
    assert_eq!(ran["hardware"]["differences_to_interp"], 0);
    // Whoever reads figures has to know that their inputs were random.
    for (line, seed) in [
        ("simulate b --count 2", Value::from(1)),
        ("simulate {cycle} --count 2 --seed 7", 7.into()),
        ("energy b --count 2 --seed 8", 8.into()),
        ("simulate b --images {images} --count 2 --seed 9", Value::Null),
        ("energy b --images {images} --count 2", Value::Null),
    ] {
        assert_eq!(place.json(line)["random_seed"], seed, "{line}");
    }
    let without = Place::without_tools();
    without.good("compile {student} --target icebreaker -o b");
    assert_eq!(without.json("verify b --count 2 --seed 6")["random_seed"], 6);
    let targets = place.json("targets");
    let names: Vec<_> = targets.as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(
        names,
        [
            "ice40up5k",
            "icebreaker",
            "ice40hx8k",
            "hx8k-breakout",
            "ecp5-25f",
            "ecp5-85f",
            "ulx3s-25f",
            "ulx3s-85f",
            "orangecrab-25f",
            "gw1nr-9c",
            "gw2ar-18c",
            "tangnano9k",
            "tangnano20k",
            "xc7a35t",
            "xc7z020",
            "arty-a7-35t",
            "pynq-z2"
        ]
    );
    assert_eq!(place.json("inspect {student}")["parameters"], 102_298);
    assert!(place.json("inspect {student} --format dot").as_str().unwrap().starts_with("digraph"));
    let lifted = place.json("inspect {legacy} --lift");
    let sources = lifted["lifted"].as_array().unwrap().iter().map(|l| l["sources"].as_array());
    assert_eq!(sources.map(|s| s.unwrap().len()).sum::<usize>(), 104);
    place.good("inspect {student} --json -o graph.json");
    let file = std::fs::read(place.path("graph.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&file).unwrap()["timesteps"], 4);
}

#[test]
fn a_model_without_hardware_says_why() {
    let place = Place::new();
    place.file("long.sfir", crate::models::text(12, 8, 129));
    let ran = place.json("simulate long.sfir --count 3");
    assert_eq!(ran["hardware"], Value::Null);
    assert!(ran["hardware_reason"].as_str().unwrap().contains("129 timesteps"), "{ran}");
}

#[test]
fn missing_and_additional_fields_would_be_seen() {
    let set = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>();
    let fields = set(&["a", "b[].c", "d"]);
    assert!(differences(&fields, &set(&["a.x", "b[].c", "d[]"])).is_empty());
    assert!(differences(&fields, &set(&["a", "b[]", "d"])).is_empty());
    assert_eq!(differences(&fields, &set(&["a", "b[].c"])), ["not printed: d"]);
    assert_eq!(differences(&fields, &set(&["a", "b[].c", "d", "da"])), ["not documented: da"]);
}
