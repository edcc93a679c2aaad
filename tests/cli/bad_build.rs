// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Build directories that are none, or damaged.

use crate::run::Place;

const READERS: [&str; 3] = ["simulate b --count 1", "verify b --count 1", "energy b --count 1"];

#[test]
fn no_build_directory() {
    let place = Place::without_tools();
    for command in ["verify", "energy"] {
        place.refused(
            &format!("{command} nowhere"),
            1,
            "SF0001",
            "nowhere: there is no such directory",
        );
        let said = "this is a file, not a directory";
        place.refused(&format!("{command} {{student}}"), 1, "SF0001", said);
        place.refused(&format!("{command} {{student}}"), 1, "SF0001", "`synfire compile ");
        place.refused(&format!("{command} ."), 1, "SF0004", "there is no synfire.json in it");
    }
}

#[test]
fn missing_files_are_named() {
    for file in ["synfire.json", "target.json", "real.sfir", "integer.sfir", "SHA256SUMS"] {
        let place = Place::without_tools();
        place.good("compile {small} --target icebreaker -o b");
        std::fs::remove_file(place.path("b").join(file)).unwrap();
        for line in READERS {
            place.refused(line, 1, "SF0004", &format!("b: there is no {file} in it"));
        }
    }
}

/// Writes the sums anew, as someone would who wants a changed file to be believed.
pub(crate) fn sum_again(place: &Place) {
    let script = "find . -type f ! -name SHA256SUMS ! -path './verify/*' -printf '%P\\n' | sort | xargs sha256sum > sums && mv sums SHA256SUMS";
    let ran = std::process::Command::new("/bin/sh")
        .args(["-c", script])
        .current_dir(place.path("b"))
        .status();
    assert!(ran.unwrap().success());
}

/// A bit more of time, another clock, one weight less: whatever it was, it is seen.
#[test]
fn changed_files_are_not_believed() {
    let place = Place::without_tools();
    place.good("compile {small} --target icebreaker -o b");
    let check = std::process::Command::new("sha256sum")
        .args(["--check", "--quiet", "--strict", "SHA256SUMS"])
        .current_dir(place.path("b"))
        .status();
    assert!(check.unwrap().success());
    for (file, from, to) in [
        ("synfire.json", "\"no_trace\": false", "\"no_trace\": true"),
        ("target.json", "\"clock_mhz\": 12.0", "\"clock_mhz\": 13.0"),
        ("integer.sfir", "timesteps 3", "timesteps 2"),
        ("real.sfir", "timesteps 3", "timesteps 2"),
    ] {
        let path = place.path("b").join(file);
        let good = std::fs::read_to_string(&path).unwrap();
        assert!(good.contains(from), "{file}: {from}");
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        for line in READERS {
            place.refused(line, 1, "SF0004", &format!("b/{file}: it was changed"));
        }
        std::fs::write(&path, good).unwrap();
    }
    place.good("simulate b --count 1");
}

#[test]
fn changed_files_are_named() {
    let place = Place::without_tools();
    place.good("compile {small} --target icebreaker -o b");
    for (file, from, to, code, words) in [
        ("synfire.json", "{", "", "SF0004", "b/synfire.json"),
        ("synfire.json", "\"lanes\"", "\"lane\"", "SF0004", "missing field `lanes`"),
        (
            "synfire.json",
            "\"lanes\": {}",
            "\"lanes\": {\"x\": 1}",
            "SF0003",
            "b: --lanes names `x`",
        ),
        ("target.json", "\"lut4\": 5280", "\"lut4\": -1", "SF0004", "b/target.json"),
        ("target.json", "\"value\": 104.0", "\"value\": 4.0", "SF0004", "static_power"),
        ("target.json", "\"ebr\": 30", "\"ebr\": 0", "SF0411", "b: plain_legacy"),
        ("integer.sfir", "timesteps 3", "timesteps x", "SF0201", "b/integer.sfir: line 2"),
        ("integer.sfir", "timesteps 3", "timesteps 0", "SF0202", "b/integer.sfir"),
        ("integer.sfir", "timesteps 3", "timesteps 17", "SF0202", "b/integer.sfir"),
        ("real.sfir", "output %", "output %x", "SF0201", "b/real.sfir: line"),
    ] {
        let path = place.path("b").join(file);
        let good = std::fs::read_to_string(&path).unwrap();
        assert!(good.contains(from), "{file}: {from}");
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        sum_again(&place);
        for line in READERS {
            place.refused(line, 1, code, words);
        }
        std::fs::write(&path, good).unwrap();
    }
    // The real-valued model in the integer one's place has no hardware.
    std::fs::copy(place.path("b/real.sfir"), place.path("b/integer.sfir")).unwrap();
    sum_again(&place);
    for line in READERS {
        let ran = place.run(line);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(!ran.stderr.contains("SF0000"), "{}", ran.stderr);
    }
}
