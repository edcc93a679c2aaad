// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--timings`: every phase has its name, and all of them are the whole. How long one takes is not
//! what a test can know.

use serde_json::Value;

use crate::run::Place;

/// The names of the phases, `other` last; their times are the whole.
#[track_caller]
pub(crate) fn phases(ran: &Value) -> Vec<&str> {
    let timings = &ran["timings"];
    let of = |key: &str| timings[key].as_array().unwrap().iter();
    let sum: u64 = of("phases").map(|p| p["ns"].as_u64().unwrap()).sum();
    assert_eq!(timings["total_ns"], sum, "{timings}");
    of("phases").map(|p| p["name"].as_str().unwrap()).collect()
}

fn threads(ran: &Value) -> Vec<&str> {
    let threads = ran["timings"]["threads"].as_array().unwrap();
    threads.iter().map(|p| p["name"].as_str().unwrap()).collect()
}

#[test]
fn phases_are_named_and_are_the_whole() {
    let place = Place::without_tools();
    let run = "simulate {student} --count 6 --threads 2";
    let ran = place.json(&format!("{run} --timings"));
    let after = ["inputs", "inferences", "results", "other"];
    assert_eq!(phases(&ran), [&["import", "passes", "hardware"][..], &after].concat());
    let want = ["real-valued model", "integer model", "simulator", "comparison", "other"];
    assert_eq!(threads(&ran), want);
    // Without it nothing changes from run to run.
    assert_eq!(place.json(run)["timings"], Value::Null);
    let (without, with) = (place.good(run), place.good(&format!("{run} --timings")));
    let more = with.strip_prefix(&without).unwrap();
    assert!(more.starts_with("\ntime "), "{more}");
    assert!(more.contains("\nof that, added up over all threads\nreal-valued model  "), "{more}");

    let built = place.json("compile {student} --target icebreaker -o b --timings");
    assert_eq!(phases(&built), ["import", "passes", "hardware", "files", "other"]);
    let ran = place.json("simulate b --count 2 --timings");
    assert_eq!(phases(&ran), [&["load"][..], &after].concat());

    let ran = place.json("simulate {cycle} --count 2 --timings");
    assert_eq!(phases(&ran), [&["import", "passes"][..], &after].concat());
    assert_eq!(threads(&ran), Vec::<&str>::new());
    assert_eq!(place.json("simulate {cycle} --count 2")["timings"], Value::Null);
}
