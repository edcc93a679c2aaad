// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A model in another format says the same.

use crate::run::Place;

#[test]
fn a_model_means_the_same_in_every_format() {
    let place = Place::new();
    let classes = |model: &str| {
        let line = format!("simulate {model} --count 20 --seed 3 --outputs y.npy");
        place.good(&line);
        std::fs::read(place.path("y.npy")).unwrap()
    };
    let before = classes("{small}");
    for out in ["b.sfir", "B.ONNX"] {
        let said = place.good(&format!("convert {{small}} -o {out}"));
        let bytes = std::fs::read(place.path(out)).unwrap();
        assert!(said.ends_with(&format!("written to {out}, {} bytes\n", bytes.len())), "{said}");
        assert_eq!(classes(out), before, "{out}");
    }
    let text = std::fs::read_to_string(place.path("b.sfir")).unwrap();
    assert!(text.starts_with("synfire-ir 1\n"), "{text}");
    let report = place.json("convert b.sfir -o c.sfir");
    assert_eq!(report["bytes"], text.len());
    assert_eq!(std::fs::read_to_string(place.path("c.sfir")).unwrap(), text);
}

#[test]
fn what_cannot_be_written_is_said() {
    let place = Place::new();
    place.refused("convert {small} -o b.nir", 1, "SF0003", "--dt gives the length of a timestep");
    place.refused("convert {small} -o b.txt", 1, "SF0003", "in which format");
    place.refused("convert {small} -o b", 1, "SF0003", "in which format");
    assert!(place.tree().is_empty());
}
