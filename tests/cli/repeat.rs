// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The same input gives the same bytes, wherever and however it is run.

use std::process::Stdio;

use crate::models::{expand, small, student};
use crate::run::Place;

#[test]
fn compile_writes_the_same_bytes_in_every_directory() {
    for model in [small(), student()] {
        let (here, there) = (Place::new(), Place::new());
        here.file("m.onnx", &model);
        std::fs::create_dir_all(there.path("a folder")).unwrap();
        there.file("a folder/m.onnx", &model);
        here.good("compile m.onnx --target icebreaker -o b");
        let model = there.path("a folder/m.onnx");
        let args = ["compile", model.to_str().unwrap(), "--target", "icebreaker", "-o", "x/y/b"];
        let ran = there.run_args(args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let below = |place: &Place, dir: &str| {
            let named = |(path, bytes): (std::path::PathBuf, _)| {
                Some((path.strip_prefix(dir).ok()?.to_path_buf(), bytes))
            };
            place.tree().into_iter().filter_map(named).collect::<Vec<_>>()
        };
        let (a, b) = (below(&here, "b"), below(&there, "x/y/b"));
        assert!(a.len() > 20);
        for ((name, a), (other, b)) in a.iter().zip(&b) {
            assert!(name == other && a == b, "{} or {} differs", name.display(), other.display());
        }
        assert_eq!(a.len(), b.len());
    }
}

#[test]
fn results_do_not_depend_on_threads_or_surroundings() {
    let place = Place::new();
    let line = "simulate {student} --images {images} --labels {labels} --count 60 --json";
    let first = place.good(&format!("{line} --threads 1"));
    for threads in [1, 2, 3, 60, 1000] {
        assert_eq!(place.good(&format!("{line} --threads {threads}")), first, "{threads}");
    }
    let args = line.split(' ').map(expand);
    let mut command = place.command(args);
    command.env("RAYON_NUM_THREADS", "1").env("LANG", "de_DE.UTF-8").env("TZ", "Asia/Tokyo");
    let out = command.stderr(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap(), first);
}

#[test]
fn every_command_prints_the_same_twice() {
    let place = Place::without_tools();
    place.good("compile {student} --target icebreaker -o b");
    for line in [
        "compile {student} --target icebreaker -o b",
        "inspect b --format svg",
        "inspect {legacy} --lift",
        "simulate b --count 5 --json",
        "verify b --count 5 --json",
        "energy b --count 5 --json",
        "targets --json",
    ] {
        assert_eq!(place.good(line), place.good(line), "{line}");
    }
    // The seed is what random inputs depend on.
    let seeded = |seed| place.good(&format!("energy b --count 3 --seed {seed}"));
    assert_eq!(seeded(1), place.good("energy b --count 3"));
    assert_ne!(seeded(1), seeded(2));
}
