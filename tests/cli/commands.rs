// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every command does what it is for, and its help and lists are what users should see.
//! `SNAPSHOTS=overwrite cargo test --test cli` writes the lists.

use snapbox::{assert_data_eq, file};

use crate::run::Place;

const COMMANDS: [&str; 9] = [
    "compile", "inspect", "simulate", "verify", "energy", "targets", "passes", "doctor", "explain",
];

#[test]
fn help_has_examples_that_name_their_command() {
    let place = Place::new();
    let all = place.good("--help");
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{command}");
        let help = place.good(&format!("{command} --help"));
        let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{help}"));
        let named = examples.matches(&format!("synfire {command}")).count();
        assert!(named > 0 && examples.matches("synfire ").count() == named, "{examples}");
    }
}

/// A build may be named wherever a model is looked at or run; other commands make one.
#[test]
fn help_says_where_a_build_may_be_named() {
    let place = Place::new();
    for (command, takes) in
        [("inspect", true), ("simulate", true), ("compile", false), ("convert", false)]
    {
        let help = place.good(&format!("{command} --help"));
        let (_, model) = help.split_once("<MODEL>\n").unwrap();
        let (model, _) = model.split_once("Options:").unwrap();
        let model = model.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(model.contains(".onnx"), "{model}");
        assert_eq!(model.contains("synfire compile"), takes, "{command}: {model}");
    }
}

/// The options in an example are options there are.
#[test]
fn examples_have_no_unknown_options() {
    let place = Place::new();
    for command in COMMANDS {
        let help = place.good(&format!("{command} --help"));
        let (options, examples) = help.split_once("\nExamples:\n").unwrap();
        for word in examples.split_whitespace().filter(|w| w.starts_with('-')) {
            // An option may have its value behind a =.
            let (name, _) = word.split_once('=').unwrap_or((word, ""));
            assert!(options.contains(name), "{command}: {word}");
        }
    }
}

#[test]
fn lists_are_what_they_were() {
    let place = Place::new();
    assert_data_eq!(place.good("targets"), file!["targets.txt"]);
    assert_data_eq!(place.good("passes"), file!["passes.txt"]);
    assert_data_eq!(place.good("explain SF0411"), file!["explain.txt"]);
    assert_data_eq!(place.good("inspect {student}"), file!["inspect.txt"]);
}

#[test]
fn explain_knows_every_code_in_any_case() {
    let place = Place::new();
    let list = place.good("explain");
    assert!(list.lines().count() > 30);
    for line in list.lines() {
        let (code, title) = line.split_once("  ").unwrap();
        let lower = code.to_lowercase();
        assert!(
            place.good(&format!("explain {lower}")).starts_with(&format!("{code}: {title}\n\n"))
        );
    }
}

#[test]
fn compile_simulate_energy() {
    let place = Place::new();
    let said = place.good("compile {student} --target icebreaker -o out/b");
    assert!(said.contains("fc1") && said.contains("written to out/b; add --bitstream"), "{said}");
    for file in
        ["synfire.json", "target.json", "real.sfir", "integer.sfir", "rtl/top.v", "pins.pcf"]
    {
        assert!(place.path("out/b").join(file).is_file(), "{file}");
    }
    assert_eq!(place.tree().keys().filter(|p| p.components().count() == 2).count(), 1);

    let said = place.good("simulate out/b --images {images} --labels {labels} --count 50");
    assert!(said.contains("accuracy, integer model") && said.contains("differs from interp"));
    let said = place.good("energy out/b --images {images} --count 2 --clock 24");
    assert!(said.contains("icebreaker at 24 MHz, mean of 2"), "{said}");
    place.good("simulate {legacy} --count 2 --target ice40up5k --threads 3");
    place.good("doctor");

    // A bare device has no pins and no clock.
    place.good("compile {student} --target ice40up5k -o device --no-trace --lanes fc1=16");
    assert!(!place.path("device/pins.pcf").exists());
    place.good("energy device --count 1 --clock 12");
}

#[test]
fn what_was_compiled_can_be_compiled_again() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o a");
    place.good("compile a/real.sfir --target icebreaker -o b");
    let read = |f: &str| std::fs::read_to_string(place.path(f)).unwrap();
    assert_eq!(read("a/integer.sfir"), read("b/integer.sfir"));
    assert_eq!(read("a/rtl/sf_core.v"), read("b/rtl/sf_core.v"));
}

/// Of a build the graph language shows the model as it was imported, unless its integers are
/// wanted.
#[test]
fn a_build_has_both_forms() {
    let place = Place::without_tools();
    place.good("compile {small} --target icebreaker -o b");
    for (line, integer) in [("b --format ir", false), ("b --format ir --integer", true)] {
        let shown = place.good(&format!("inspect {line}"));
        assert_eq!((shown.contains("= fixed-lif("), shown.contains("= lif(")), (integer, !integer));
    }
    assert_eq!(place.good("inspect b --format ir"), place.good("inspect {small} --format ir"));
}

#[test]
fn inspect_draws_models_and_builds() {
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    let starts = |line: &str, start: &str| {
        let shown = place.good(&format!("inspect {line}"));
        assert!(shown.starts_with(start), "{line}: {}", shown.lines().next().unwrap_or_default());
        shown
    };
    for subject in ["{student}", "{legacy}", "{student} --integer", "b", "b --integer"] {
        assert!(starts(&format!("{subject} --format dot"), "digraph ").trim_end().ends_with('}'));
        let svg = starts(&format!("{subject} --format svg"), "<svg ");
        assert!(svg.trim_end().ends_with("</svg>"));
        starts(&format!("{subject} --format ir"), "synfire-ir 1\n");
        starts(&format!("{subject} --format text"), "student_");
    }
    let lift = starts("{student} --lift", "");
    assert!(lift.contains("linear → fc1"), "{lift}");
    // The hardware is on the picture of a build, and only there.
    assert!(starts("b --format svg", "<svg ").contains("sf_dense"));
    assert!(!starts("{student} --format svg", "<svg ").contains("sf_dense"));
    let memory = starts("b --format memory", "<svg ");
    assert_eq!(place.good("inspect b --format memory -o memory.svg"), "");
    assert_eq!(std::fs::read_to_string(place.path("memory.svg")).unwrap(), memory);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = Place::new();
    for line in [
        "",
        "frobnicate",
        "compile",
        "compile {student}",
        "compile {student} --target icebreaker",
        "compile {student} --target icebreaker -o b --frobnicate",
        "compile {student} --target icebreaker -o b --lanes fc1",
        "compile {student} --target icebreaker -o b --lanes fc1=0",
        "compile {student} --target icebreaker -o b --seed -1",
        "inspect {student} --format png",
        "simulate {student} --labels {labels}",
        "simulate {student} --count -1",
        "simulate {student} --threads 0",
        "simulate {student} --threads 100000",
        "verify",
        "explain SF0001 SF0002",
        "targets all",
    ] {
        let ran = place.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && ran.stderr.contains("--help"), "{line}: {}", ran.stderr);
    }
    assert!(place.tree().is_empty());
}
