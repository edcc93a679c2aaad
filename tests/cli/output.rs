// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where the output goes, and what happens if it cannot.

use crate::run::Place;

#[test]
fn results_and_errors_go_apart() {
    let place = Place::new();
    let good = place.run("simulate {small} --count 3");
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""));
    let bad = place.run("simulate nowhere");
    assert_eq!((bad.code, bad.stdout.as_str()), (Some(1), ""));
    assert!(bad.stderr.starts_with("SF0001: a file cannot be read\n"), "{}", bad.stderr);
    assert!(bad.stderr.contains("nowhere: cannot read: No such file"), "{}", bad.stderr);
    assert!(bad.stderr.contains("help: check the path"), "{}", bad.stderr);
    let json = place.run("simulate nowhere --json");
    assert_eq!((json.code, json.stdout.as_str()), (Some(1), ""));
    let error: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!(error["error"]["location"]["file"], "nowhere");
    for field in ["id", "title", "explain"] {
        assert!(error["error"]["code"][field].is_string());
    }
}

#[test]
fn a_reader_that_has_gone_is_no_mistake() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let out = place.command(["explain"]).stdout(writer).output().unwrap();
    assert_eq!(String::from_utf8(out.stderr).unwrap(), "");
    assert_eq!(out.status.code(), Some(0));
}

#[test]
fn a_full_disk_is_reported() {
    let place = Place::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let out = place.command(["explain"]).stdout(full()).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("SF0002") && said.contains("standard output"), "{said}");
    // Not even the error can be told: the exit code can.
    let out = place.command(["explain", "SF9999"]).stdout(full()).stderr(full()).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    place.refused("inspect {small} -o /dev/full", 1, "SF0002", "/dev/full");
    place.refused("inspect {small} -o nowhere/x", 1, "SF0002", "nowhere/x");
}

/// Below a file and a device, and where the system has files of its own, nobody writes, root
/// included: every command that writes says which place, and what was there stays.
#[test]
fn a_place_that_takes_nothing_is_named() {
    let place = Place::new();
    place.good("compile {small} --target icebreaker -o b");
    place.file("file", "content");
    let before = place.tree();
    let labelled = "simulate {student} --images {images} --labels {labels} --count 1";
    let lines = [
        "compile {small} --target icebreaker -o AT/b".to_owned(),
        "compile {small} --target icebreaker --as-core -o AT/deep/b".to_owned(),
        "convert {small} -o AT/m.onnx".to_owned(),
        "convert {small} -o AT/m.sfir".to_owned(),
        "inspect {small} -o AT/graph.json".to_owned(),
        "simulate b --count 1 --outputs AT/o.npy".to_owned(),
        "simulate b --count 1 --outputs AT/o.npz".to_owned(),
        "simulate b --count 1 --report AT/page.html".to_owned(),
        format!("{labelled} --confusion=AT/c.svg"),
    ];
    let mut refused = 0;
    for line in &lines {
        for at in ["file", "/dev/null", "/proc", "/sys"] {
            place.refused(&line.replace("AT", at), 1, "SF0002", &format!("{at}/"));
            assert!(place.tree() == before, "{line}, {at}");
            refused += 1;
        }
    }
    assert_eq!(refused, 36);
}
