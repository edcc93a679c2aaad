// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Spikes that the counter follows through a network on a processor, worked by hand.

use super::*;
use crate::hw::shared::tests::Net;
use crate::hw::{self, Design, Mapping, Options};
use crate::ir::{Concat, PoolKind};
use crate::sim::Sim;
use crate::target;

/// 3 × 3 levels; `n1` fires where `c1` sees the pixel. `n2` behind `c2` never fires. A head
/// takes both side by side, one the maxima of windows of `n1`, one their sums.
fn network() -> (Graph, Design) {
    let mut net = Net::new(2, &[1, 3, 3]);
    net.conv("c1", "in", (2, 3, 1), &[1]);
    net.lif("n1", "c1", 5);
    net.conv("c2", "n1", (3, 3, 1), &[1, -2]);
    net.lif("n2", "c2", 1000);
    net.add("both", Op::Concat(Concat { axis: 0 }), &["n1", "n2"]);
    net.flatten("flat1", "both");
    net.linear("head", "flat1", 2, &[1, -1]);
    net.pool("most", "n1", PoolKind::Max, 2);
    net.flatten("flat2", "most");
    net.linear("third", "flat2", 2, &[1, -1, -1]);
    net.pool("sums", "n1", PoolKind::Sum, 2);
    net.flatten("flat3", "sums");
    net.linear("other", "flat3", 2, &[1, -4, -1]);
    net.add("all", Op::Add, &["head", "third", "other"]);
    net.read("all");
    let options = Options { mapping: Mapping::Shared, ..Options::default() };
    let (design, _) = hw::lower(&net.0, &target::load("icebreaker").unwrap(), &options).unwrap();
    (net.0, design)
}

/// Runs inferences with a pixel of 5 in a corner, or none.
fn counted(pixels: &[u8]) -> (Graph, Spikes) {
    let (graph, design) = network();
    let mut counter = SpikeCounter::new(&graph, &design).unwrap();
    for &pixel in pixels {
        let mut input = [0; 9];
        input[0] = pixel;
        Sim::new(&design).run(&input, &[], &mut counter).unwrap();
        counter.end(&input);
    }
    let spikes = counter.mean();
    (graph, spikes)
}

#[test]
fn spikes_are_followed_through_pools_and_concats() {
    let (_, spikes) = counted(&[5]);
    // 5 + 1 reaches the threshold of 5 at both timesteps, in the four places that see the pixel.
    let image = [2.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(spikes["n1"], [image, image].concat());
    assert_eq!(spikes["most"], [2.0, 2.0]);
    assert_eq!(spikes["n2"], [0.0; 27]);
    assert_eq!(spikes["both"], [&image[..], &image, &[0.0; 27]].concat());
    assert_eq!(spikes["flat1"], spikes["both"]);
    // A level counts once.
    assert_eq!(spikes["in"], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    // Sums of spikes are no spikes.
    assert!(!spikes.contains_key("sums"));
}

#[test]
fn convolutions_cost_what_their_places_reach() {
    // Half of the inferences are dark.
    let (graph, spikes) = counted(&[5, 0]);
    let l = literature(&graph, &spikes).unwrap();
    let layer = |name: &str| l.layers.iter().find(|l| l.name == name).unwrap();
    // A corner of 3 × 3 places is seen by 4 windows, an edge by 6, the middle by 9: 49 in all.
    let c1 = layer("c1");
    assert_eq!((c1.kind, c1.flops, c1.once, c1.repeated), (LayerKind::Mac, 98.0, 98.0, 196.0));
    // (4 + 6 + 6 + 9) windows · 2 channels · 2 timesteps · 3 channels, every other time.
    let c2 = layer("c2");
    assert_eq!((c2.kind, c2.flops, c2.once), (LayerKind::Ac, 294.0, 150.0));
    assert_eq!(c2.rate, Some(8.0 / 36.0));
    // 16 and 4 spikes, two classes.
    assert_eq!((layer("head").kind, layer("head").once), (LayerKind::Ac, 16.0));
    assert_eq!((layer("third").kind, layer("third").once), (LayerKind::Ac, 4.0));
    // Two levels, two classes, two timesteps.
    assert_eq!((layer("other").kind, layer("other").once), (LayerKind::Mac, 8.0));
    assert_eq!((l.once.macs, l.once.sops), (106.0, 170.0));
}

#[test]
fn widths_count_additions_and_gains() {
    let (graph, spikes) = counted(&[5]);
    let width = |name: &str| match graph.node(graph.find(name).unwrap()).stream.kind {
        Kind::Current { width, .. } => width,
        Kind::Levels { bits } => bits,
        _ => 0,
    };
    let w = literature(&graph, &spikes).unwrap().width_aware.unwrap();
    let add = |name| width::add(width(name)).value * 1e-3;
    // The pixel is in 4 windows of 2 channels; c2's are spikes, so its weights do not matter; two
    // sums, two classes, two timesteps, and weights of 3 bits.
    let synapses = 8.0 * add("c1")
        + 300.0 * add("c2")
        + 32.0 * add("head")
        + 8.0 * add("third")
        + 24.0 * add("other");
    assert!((w.synapses_nj.value - synapses).abs() < 1e-9, "{w:?} {synapses}");
    // Two sums of four, and three streams of two, at two timesteps.
    let scales = 2.0 * 2.0 * 3.0 * add("sums") + 2.0 * 2.0 * 2.0 * add("all");
    assert!((w.scales_nj.value - scales).abs() < 1e-9, "{w:?} {scales}");
}

/// A gain and an offset are an addition at their width and a multiplication of 32 bits: behind a
/// static stream once, behind another one at each of three timesteps.
#[test]
fn gains_cost_an_addition_and_a_multiplication() {
    let mut net = Net::new(3, &[1, 3, 3]);
    net.conv("c1", "in", (2, 3, 1), &[1, -2]);
    net.scale("s1", "c1", 3, 1, 1);
    net.lif("n1", "s1", 5);
    net.flatten("flat", "n1");
    net.linear("head", "flat", 2, &[1, -1]);
    net.scale("s2", "head", 5, 0, 2);
    net.read("s2");
    let spikes = [("in", 9), ("n1", 18), ("flat", 18)].map(|(n, len)| (n.into(), vec![1.0; len]));
    let w = literature(&net.0, &spikes.into()).unwrap().width_aware.unwrap();
    let width = |name: &str| match net.0.node(net.0.find(name).unwrap()).stream.kind {
        Kind::Current { width, .. } => width,
        _ => 0,
    };
    let add = |name| width::add(width(name)).value;
    let scales = (18.0 * (add("s1") + 3.1) + 6.0 * (add("s2") + 3.1)) * 1e-3;
    assert!((w.scales_nj.value - scales).abs() < 1e-9, "{w:?} {scales}");
    // 49 places of windows · 2 channels, weights of 2 bits on levels; 18 spikes, two classes.
    let synapses = (196.0 * add("c1") + 36.0 * add("head")) * 1e-3;
    assert!((w.synapses_nj.value - synapses).abs() < 1e-9, "{w:?} {synapses}");
}
