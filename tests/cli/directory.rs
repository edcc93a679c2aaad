// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The output directory of `compile`: whole or not at all, and nothing of the user's lost.

use crate::hostile::{mark, none_is_left};
use crate::models::{small, text};
use crate::rounds::rounds;
use crate::run::Place;

#[test]
fn an_earlier_build_stays_when_a_later_one_fails() {
    let place = Place::without_tools();
    place.file("good.onnx", small());
    place.file("bad.onnx", &small()[..999]);
    place.file("large.sfir", text(784, 2048, 4));
    place.good("compile good.onnx --target icebreaker -o b");
    let before = place.tree();
    for (line, exit, code) in [
        ("compile bad.onnx --target icebreaker -o b", 1, "SF0101"),
        ("compile large.sfir --target icebreaker -o b", 1, "SF0411"),
        ("compile nowhere.onnx --target icebreaker -o b", 1, "SF0001"),
        ("compile good.onnx --target nowhere -o b", 1, "SF0401"),
        ("compile good.onnx --target icebreaker -o b --lanes nope=1", 1, "SF0003"),
        ("compile good.onnx --target icebreaker -o b --bitstream", 4, "SF0501"),
    ] {
        place.refused(line, exit, code, "");
        assert!(place.tree() == before, "{line}");
    }
    place.good("simulate b --count 1");
}

#[test]
fn an_earlier_build_is_replaced_whole() {
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    place.good("compile {small} --target icebreaker -o b");
    let twice = place.tree();
    let fresh = Place::new();
    fresh.good("compile {small} --target icebreaker -o b");
    assert!(twice == fresh.tree());
}

/// Notes, a module of the user's own, a link, changes to a file of ours.
#[test]
fn what_a_user_put_into_a_build_stays() {
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    let top = std::fs::read_to_string(place.path("b/rtl/top.v")).unwrap();
    place.file("b/my_notes.txt", "mine");
    place.file("b/rtl/mine.v", "module mine; endmodule");
    place.file("b/rtl/top.v", format!("{top}// mine, too\n"));
    std::os::unix::fs::symlink("my_notes.txt", place.path("b/link")).unwrap();
    std::fs::create_dir(place.path("b/verify")).unwrap();
    place.file("b/verify/log", "ours");
    place.good("compile {small} --target icebreaker -o b");
    let read = |file: &str| std::fs::read_to_string(place.path(file)).unwrap();
    assert_eq!((read("b/my_notes.txt"), read("b/link")), ("mine".into(), "mine".into()));
    assert!(place.path("b/link").is_symlink() && !place.path("b/verify").exists());
    assert_eq!(read("b/rtl/mine.v"), "module mine; endmodule");
    assert!(read("b/rtl/top.v.changed").ends_with("// mine, too\n"));
    assert!(!read("b/rtl/top.v").contains("mine"));
    // Ever after, and nothing else is left beside it.
    place.good("compile {student} --target icebreaker -o b");
    assert!(read("b/rtl/top.v.changed").ends_with("// mine, too\n"));
    assert_eq!(read("b/rtl/mine.v"), "module mine; endmodule");
    assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 1);
    // Where a file of ours has to go, the user's is not overwritten.
    place.good("compile {conv} --target icebreaker -o c");
    let only = |dir: &str| {
        let names = std::fs::read_dir(place.path(dir)).unwrap().map(|f| f.unwrap().file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let new = only("c/rtl").difference(&only("b/rtl")).next().cloned().unwrap();
    place.file(&format!("b/rtl/{}", new.to_str().unwrap()), "mine");
    let before = place.tree();
    place.refused("compile {conv} --target icebreaker -o b", 1, "SF0002", "a file of ours");
    assert!(place.tree() == before);
}

/// A bitstream takes minutes. Compiling again without one keeps it, as long as the hardware is the
/// same; of other hardware it would be wrong. (The tools' part is made up here.)
#[test]
fn a_bitstream_stays_with_its_hardware() {
    let place = Place::new();
    let compile = |rest: &str| {
        place.good(&format!("compile {{student}} --target icebreaker -o b --lanes fc1=32 {rest}"))
    };
    // As if it had been placed and routed.
    let make_up = || {
        compile("");
        let manifest = std::fs::read_to_string(place.path("b/synfire.json")).unwrap();
        let report = r#""bitstream": {"lut4": 1, "ff": 2, "ebr": 3, "spram": 0, "dsp": 0, "logic_cells": 4, "fmax_mhz": 30.5, "bytes": 4}"#;
        assert!(manifest.contains("\"bitstream\": null"));
        place.file("b/synfire.json", manifest.replace("\"bitstream\": null", report));
        std::fs::create_dir(place.path("b/flow")).unwrap();
        place.file("b/flow/top.asc", "netlist");
        place.file("b/top.bin", "bits");
        crate::bad_build::sum_again(&place);
    };
    make_up();
    let here = |file: &str| place.path(file).is_file();
    let memory = || std::fs::read_to_string(place.path("b/memory.svg")).unwrap();
    assert!(!memory().contains("routed"));
    for _ in 0..2 {
        let said = compile("");
        assert!(said.contains("bitstream top.bin, 4 bytes, kept: the hardware is that"), "{said}");
        assert!(here("b/top.bin") && here("b/flow/top.asc"));
        assert!(memory().contains(">placed and routed: 1 LUT4, 4 logic cells, 3 EBR, 30.5 MHz<"));
    }
    // Nothing is kept where nothing was.
    let kept = |line: &str| {
        let said: serde_json::Value = serde_json::from_str(&place.good(line)).unwrap();
        said["kept"].as_bool().unwrap()
    };
    assert!(!kept("compile {student} --target icebreaker -o fresh --json"));
    // At a clock that it does not reach it has no energy; of a build without one nobody knows.
    place.good("energy b --count 1 --clock 30.5");
    place.refused(
        "energy b --count 1 --clock 200",
        1,
        "SF0003",
        "place and route reached 30.5 MHz",
    );
    place.good("compile {student} --target icebreaker -o other");
    let said = place.good("energy other --count 1 --clock 200");
    assert!(said.contains("reaches 200 MHz is not known"), "{said}");
    // One that somebody has changed is not taken over.
    place.file("b/top.bin", "bots");
    let said = compile("");
    assert!(said.contains("add --bitstream for a bitstream") && !here("b/top.bin"), "{said}");
    assert!(here("b/top.bin.changed"));
    // Nor one of other hardware.
    std::fs::remove_file(place.path("b/top.bin.changed")).unwrap();
    make_up();
    let said = place.good("compile {student} --target icebreaker -o b --lanes fc1=16");
    assert!(said.contains("add --bitstream for a bitstream") && !here("b/top.bin"), "{said}");
    // Nor one of the same core behind other pins.
    make_up();
    let board = std::fs::read_to_string("targets/icebreaker.toml").unwrap();
    place.file("pins.toml", board.replace("uart_rx_i = \"6\"", "uart_rx_i = \"4\""));
    assert!(!kept("compile {student} --target pins.toml -o b --lanes fc1=32 --json"));
    assert!(!here("b/top.bin"));
}

/// Eight at once, of two models, into one directory: it is one of both builds, whole, and has the
/// user's file.
#[test]
fn two_at_once_do_not_meet() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o small");
    place.good("compile {student} --target icebreaker -o student");
    let mark_of = format!("{}-at-once", place.dir.path().display());
    let start = |model: &str| {
        let args = ["compile", &crate::models::expand(model), "--target", "icebreaker", "-o", "b"];
        let mut command = place.command(args);
        mark(&mut command, &mark_of);
        command.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    place.good("compile {small} --target icebreaker -o b");
    for dir in ["b", "small", "student"] {
        place.file(&format!("{dir}/my_notes.txt"), "mine");
    }
    for _ in 0..rounds(3) {
        let runs: Vec<_> = (0..8).map(|i| start(["{small}", "{student}"][i % 2])).collect();
        for mut run in runs {
            assert_eq!(run.wait().unwrap().code(), Some(0));
        }
        none_is_left(&mark_of);
        let tree = place.tree();
        let of = |dir: &str| {
            let files = tree.iter().filter(|(p, _)| p.starts_with(dir));
            files.map(|(p, c)| (p.strip_prefix(dir).unwrap(), c)).collect::<Vec<_>>()
        };
        assert!(of("b") == of("small") || of("b") == of("student"));
        assert_eq!(std::fs::read_dir(place.dir.path()).unwrap().count(), 3, "something was left");
    }
}

/// Killed or interrupted at any time: what was there is whole, the user's files are there, and the next run
/// removes what was left.
#[test]
fn what_is_killed_leaves_nothing_half_done() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    place.file("b/my_notes.txt", "mine");
    place.file("b/rtl/mine.v", "mine");
    let before = place.tree();
    place.good("compile {student} --target icebreaker -o b");
    let after = place.tree();
    let (mut killed, mut alone) = (0, 0);
    for round in 0..rounds(60) as u64 {
        let model = ["{small}", "{student}"][round as usize % 2];
        let args = ["compile", &crate::models::expand(model), "--target", "icebreaker", "-o", "b"];
        let mut command = place.command(args);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mark_of = format!("{}-{round}", place.dir.path().display());
        mark(&mut command, &mark_of);
        let mut run = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 7 % 90));
        // By what cannot be minded, and by what is: it removes what it began.
        if round % 4 < 2 {
            run.kill().unwrap();
        } else {
            let kill = format!("kill -s TERM {}", run.id());
            std::process::Command::new("/bin/sh").args(["-c", &kill]).status().unwrap();
        }
        let code = run.wait().unwrap().code();
        assert!(matches!(code, None | Some(0 | 130)), "{round}: {code:?}");
        killed += usize::from(code != Some(0));
        none_is_left(&mark_of);
        alone += 1;
        let tree = place.tree();
        let visible = tree.into_iter().filter(|(p, _)| p.starts_with("b")).collect();
        assert!(before == visible || after == visible, "after {round}");
        assert!(place.path("b/rtl/mine.v").exists() && place.path("b/my_notes.txt").exists());
    }
    assert!(killed > rounds(10), "{killed} runs were killed");
    assert_eq!(alone, rounds(60), "runs that left no process");
    place.good("compile {small} --target icebreaker -o b");
    assert!(place.tree() == before, "something was left");
}

/// A file may not grow beyond some size, as if the disk were full: the run says so, and what was
/// there stays.
#[test]
fn a_full_disk_leaves_what_was_there() {
    let place = Place::new();
    place.good("compile {student} --target icebreaker -o b");
    place.file("b/my_notes.txt", "mine");
    let after = place.tree();
    place.good("compile {small} --target icebreaker -o b");
    let before = place.tree();
    assert!(before.keys().any(|path| path.ends_with("my_notes.txt")));
    let largest = after.values().flatten().map(Vec::len).max().unwrap() as u64;
    let mut full = 0;
    for round in 0..rounds(16) as u64 {
        // In blocks of 512 bytes, up to a little more than is needed.
        let blocks = round * 7919 % (largest / 512 + 8);
        let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_synfire"));
        command.args(["compile", &crate::models::expand("{student}"), "--target", "icebreaker"]);
        let out =
            command.args(["-o", "b", "--json"]).current_dir(place.dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        if out.status.success() {
            assert!(place.tree() == after, "{blocks} blocks");
            place.good("compile {small} --target icebreaker -o b");
        } else {
            full += 1;
            assert_eq!(out.status.code(), Some(1), "{blocks} blocks: {said}");
            assert!(said.contains("SF0002") && said.contains("too large"), "{said}");
        }
        assert!(place.tree() == before, "{blocks} blocks");
    }
    assert!(full > rounds(8) as u64, "{full} runs did not get to their end");
}

#[test]
fn what_is_not_ours_is_not_replaced() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("theirs")).unwrap();
    place.file("theirs/thesis.tex", "\\end{document}");
    place.file("file", "content");
    std::fs::create_dir_all(place.path("b.partial")).unwrap();
    place.file("b.partial/notes", "mine");
    let before = place.tree();
    for (out, words) in [
        ("theirs", "theirs: it exists and is not a directory of synfire's"),
        ("file", "file: it exists and is not a directory of synfire's"),
        ("file/b", "file/b"),
        ("b", "b.partial: it is in the way and not synfire's"),
        (".", ".: it exists"),
        ("..", "..: it exists"),
        ("/", "/: it exists"),
        ("nowhere/..", "nowhere/.."),
        ("/proc/b", "/proc/b"),
    ] {
        place.refused(
            &format!("compile {{small}} --target icebreaker -o {out}"),
            1,
            "SF0002",
            words,
        );
        assert!(place.tree() == before, "{out}");
    }
}

#[test]
fn what_a_build_is_made_from_is_not_replaced_with_it() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    place.file("b/model.onnx", small());
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/targets/icebreaker.toml");
    std::fs::copy(target, place.path("b/my.toml")).unwrap();
    let before = place.tree();
    for (line, words) in [
        ("compile b/model.onnx --target icebreaker -o b", "b/model.onnx lies in it"),
        ("compile b/real.sfir --target icebreaker -o ./b", "b/real.sfir lies in it"),
        ("compile {small} --target b/my.toml -o b", "b/my.toml lies in it"),
    ] {
        place.refused(line, 1, "SF0002", words);
        assert!(place.tree() == before, "{line}");
    }
    // Nor is the directory that somebody stands in.
    let args = ["compile", &crate::models::expand("{small}"), "--target", "icebreaker", "-o", "."];
    let out = place.command(args).current_dir(place.path("b")).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(
        out.status.code() == Some(1) && said.contains("the current directory lies in it"),
        "{said}"
    );
    assert!(place.tree() == before);
}

#[test]
fn empty_directories_links_and_unfinished_builds_are_taken() {
    let place = Place::new();
    let compile =
        |out: &str| place.good(&format!("compile {{small}} --target icebreaker -o {out}"));
    std::fs::create_dir(place.path("empty")).unwrap();
    compile("empty");
    compile("deep/er/b");
    std::os::unix::fs::symlink(place.path("deep"), place.path("link")).unwrap();
    compile("link/er/b");
    std::os::unix::fs::symlink(place.path("empty"), place.path("other")).unwrap();
    compile("other/");
    assert!(place.path("other").is_symlink() && place.path("empty/synfire.json").is_file());
    // What an interrupted run leaves.
    std::fs::rename(place.path("deep/er/b"), place.path("b.partial")).unwrap();
    std::fs::remove_file(place.path("b.partial/synfire.json")).unwrap();
    compile("b");
    let names: Vec<_> = place.tree().into_keys().filter(|p| p.components().count() == 1).collect();
    assert_eq!(names.len(), 5, "{names:?}");
}
