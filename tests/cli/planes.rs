// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What users see of a chain whose last layer has weights of several bits.

use crate::run::Place;

#[test]
fn a_head_of_several_bits_ends_a_chain() {
    let place = Place::new();
    let said = place.good("compile {ensemble} --target icebreaker -o b");
    // 256 inputs, 10 classes with 8 planes, 20 lanes, 4 groups.
    let head: Vec<_> = said
        .lines()
        .find(|l| l.starts_with("head.0.linear"))
        .unwrap_or_else(|| panic!("{said}"))
        .split_whitespace()
        .collect();
    assert_eq!(head, ["head.0.linear", "256", "10×8", "20", "4", "11", "EBR"]);
    assert!(said.contains("pipeline: an engine for each layer is fastest, and it fits"), "{said}");
    let layers = place.json("inspect b --hw")["layers"].clone();
    assert_eq!((&layers[1]["neurons"], &layers[1]["planes"]), (&10.into(), &8.into()));
    let svg = place.good("inspect b --format svg");
    assert!(svg.contains("sf_planes: 8 planes become a sum of 19 bits"));
    let stages = place.json("energy b --images {images} --count 3")["device"]["stages"].clone();
    let modules: Vec<_> = (0..6).map(|i| stages[i]["module"].as_str().unwrap()).collect();
    let want = ["sf_dense", "sf_lif", "sf_count_ones", "sf_dense", "sf_planes", "sf_readout"];
    assert_eq!(modules, want);
    assert_eq!(stages[4]["name"], "head.0.linear, planes");
    place.good("simulate b --images {images} --count 1 --report page.html");
    // The processor takes it as well, if it is asked for.
    let said = place.good("compile {ensemble} --target icebreaker --mapping shared -o c");
    assert!(said.contains("\njob "), "{said}");
}
