// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Neurons that hardware does without.

use serde_json::Value;

use crate::run::Place;

/// Of the first layer neuron 0 never fires, 2 is a copy of 1, and nobody reads 3.
const NET: &str = r#"synfire-ir 1
graph "net" timesteps 3
%in = input() : levels[4; 2] static {"shape":[4],"bits":2,"is_static":true}
%fc1 = linear(%in) : current[5; fixed(5, 0)] static {"weights":{"binary":{"signs":{"cols":4,"rows":["f","3","3","5","9"]},"scale":1.0}},"bias":null}
%lif1 = lif(%fc1) : spikes[5] {"leak":0.5,"gain":1.0,"bias":0.0,"threshold":[40.0,1.0,1.0,2.0,1.0],"reset":"soft","compare":"at-least"}
%fc2 = linear(%lif1) : current[2; fixed(4, 0)] {"weights":{"integer":{"rows":2,"values":[1,-1,2,0,1,3,1,-2,0,-1],"scale":1.0}},"bias":null}
%y = readout(%fc2) : real[2] {"kind":"sum","gain":[1.0,2.0],"offset":[1.0,0.0]}
output %y
"#;

const NOTES: [&str; 3] = [
    "drop-constant: `lif1`: 1 of 5 neurons (0) never fire: left out, the others keep their order",
    "merge-channels: `lif1`: 1 of 4 neurons (1) are copies of others: left out, the others keep their order",
    "drop-unread: `lif1`: 1 of 3 neurons (1) are read by nobody: left out, the others keep their order",
];

fn number(said: &Value, name: &str) -> f64 {
    said[name].as_f64().unwrap_or_else(|| panic!("{said}"))
}

/// They are named, hardware has none of them, and figures about neurons are those of all.
#[test]
fn what_goes_is_said_and_nothing_else_changes() {
    let place = Place::without_tools();
    place.file("net.sfir", NET);
    let said = place.good("compile net.sfir --target icebreaker -o b");
    let shown = place.good("inspect --integer net.sfir");
    for note in NOTES {
        assert!(said.contains(note) && shown.contains(note), "{note}\n{said}\n{shown}");
    }
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    assert!(read("b/integer.sfir").contains("%lif1 = fixed-lif(%fc1) : spikes[2]"));
    assert!(read("b/whole.sfir").contains("%lif1 = fixed-lif(%fc1) : spikes[5]"));
    place.good("compile net.sfir --target icebreaker --keep-neurons -o all");
    assert_eq!(read("b/whole.sfir"), read("all/integer.sfir"));
    assert!(!place.path("all/whole.sfir").exists());
    for model in ["b", "net.sfir"] {
        let line = format!("simulate {model} --count 64 --outputs {model}.npz --json");
        let said: Value = serde_json::from_str(&place.good(&line)).unwrap();
        assert_eq!(number(&said, "spike_mismatch"), 0.0, "{said}");
        assert_eq!(number(&said, "class_agreement"), 1.0, "{said}");
        assert_eq!(number(&said["hardware"], "differences_to_interp"), 0.0, "{said}");
    }
    // Also of neurons that the hardware does not have.
    assert_eq!(
        std::fs::read(place.path("b.npz")).unwrap(),
        std::fs::read(place.path("net.sfir.npz")).unwrap()
    );
    // With them hardware takes longer.
    let keeps = place.good("simulate net.sfir --keep-neurons --count 64 --json");
    let keeps: Value = serde_json::from_str(&keeps).unwrap();
    let leaves = place.good("simulate net.sfir --count 64 --json");
    let leaves: Value = serde_json::from_str(&leaves).unwrap();
    assert_eq!(keeps["firing_rate"], leaves["firing_rate"]);
    let cycles = |said: &Value| number(&said["hardware"], "mean_cycles_in_all");
    assert!(cycles(&keeps) > cycles(&leaves), "{keeps} {leaves}");

    // A build is what was written, all of it.
    std::fs::remove_file(place.path("b/whole.sfir")).unwrap();
    assert!(place.run("simulate b --count 1").stderr.contains("whole.sfir"));
}
