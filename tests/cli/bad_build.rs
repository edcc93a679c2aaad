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
        place.refused(&format!("{command} {{student}}"), 1, "SF0001", "no such directory");
        place.refused(&format!("{command} ."), 1, "SF0004", "there is no synfire.json in it");
    }
}

#[test]
fn missing_files_are_named() {
    for file in ["synfire.json", "target.json", "real.sfir", "integer.sfir"] {
        let place = Place::without_tools();
        place.good("compile {small} --target icebreaker -o b");
        std::fs::remove_file(place.path("b").join(file)).unwrap();
        for line in READERS {
            place.refused(line, 1, "SF0004", &format!("b: there is no {file} in it"));
        }
    }
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
        for line in READERS {
            place.refused(line, 1, code, words);
        }
        std::fs::write(&path, good).unwrap();
    }
    // The real-valued model in the integer one's place has no hardware.
    std::fs::copy(place.path("b/real.sfir"), place.path("b/integer.sfir")).unwrap();
    for line in READERS {
        let ran = place.run(line);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(!ran.stderr.contains("SF0000"), "{}", ran.stderr);
    }
}
