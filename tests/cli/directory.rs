// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The output directory of `compile`: whole or not at all, and nothing of the user's lost.

use crate::models::{small, text};
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
    place.file("b/left-over", "");
    place.good("compile {small} --target icebreaker -o b");
    let twice = place.tree();
    let fresh = Place::new();
    fresh.good("compile {small} --target icebreaker -o b");
    assert!(twice == fresh.tree());
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
        ("/proc/b", "/proc/b.partial"),
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
