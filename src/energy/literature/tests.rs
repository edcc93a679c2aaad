// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::width::add;
use super::*;
use crate::ir::{self, BitMatrix, Compare, Lif, Linear, PerChannel, Reset, Weights};

/// 0.1 nJ in a figure in mJ.
fn mj(giga_ac: f64, giga_mac: f64) -> f64 {
    convention(giga_mac * 1e9, giga_ac * 1e9) * 1e-6
}

#[test]
fn published_imagenet_figures_are_reproduced() {
    // syops-counter, README: spiking-resnet18, sew-resnet18, resnet18 on ImageNet.
    assert!((mj(0.10, 0.14) - 0.734).abs() < 5e-4);
    assert!((mj(0.50, 2.75) - 13.10).abs() < 5e-3);
    assert!((mj(0.0, 1.82) - 8.372).abs() < 5e-4);
}

fn linear(rows: usize, cols: usize) -> Op {
    let signs = BitMatrix::from_fn(rows, cols, |r, c| (r + c) % 2 == 0);
    let weights = Weights::Binary { signs, scale: PerChannel::All(1.0) };
    Op::Linear(Linear { weights, bias: None })
}

fn graph(bits: u32) -> Graph {
    let mut g = Graph::new("g", 4);
    let input = Op::Input(ir::Input { shape: vec![20], bits: Some(bits), is_static: true });
    let x = g.add("x", input, &[]).unwrap();
    let a = g.add("fc1", linear(10, 20), &[x]).unwrap();
    let lif = Op::Lif(Lif {
        leak: PerChannel::All(0.5),
        gain: PerChannel::All(1.0),
        bias: PerChannel::All(0.0),
        threshold: PerChannel::All(1.0),
        reset: Reset::Soft,
        compare: Compare::AtLeast,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
    });
    let s = g.add("lif1", lif, &[a]).unwrap();
    let y = g.add("fc2", linear(3, 10), &[s]).unwrap();
    g.set_output(y);
    g
}

#[test]
fn first_layer_counts_once_or_at_every_timestep() {
    let spikes = BTreeMap::from([("lif1".to_owned(), 7.0)]);
    let l = literature(&graph(8), &spikes).unwrap();
    assert_eq!((l.once.macs, l.repeated.macs), (200.0, 800.0));
    assert_eq!((l.once.sops, l.repeated.sops), (21.0, 21.0));
    assert!((l.once.energy_nj - (0.92 + 0.0189)).abs() < 1e-12);
}

#[test]
fn counted_sops_are_rate_times_t_times_flop() {
    let spikes = BTreeMap::from([("lif1".to_owned(), 7.0)]);
    let l = literature(&graph(8), &spikes).unwrap();
    let fc2 = &l.layers[1];
    assert!((fc2.rate.unwrap() * 4.0 * fc2.flops - fc2.once).abs() < 1e-9);
}

#[test]
fn binary_pixels_count_as_spikes() {
    let spikes = BTreeMap::from([("x".to_owned(), 5.0), ("lif1".to_owned(), 0.0)]);
    let l = literature(&graph(1), &spikes).unwrap();
    assert_eq!((l.once.macs, l.once.sops, l.repeated.sops), (0.0, 50.0, 200.0));
}

#[test]
fn a_missing_layer_is_named() {
    let d = literature(&graph(8), &BTreeMap::new()).unwrap_err();
    assert_eq!(d.location.path.as_deref(), Some("fc2"));
}

#[test]
fn integer_adds_pass_through_the_table() {
    assert!((add(8).value - 0.03).abs() < 1e-12 && (add(32).value - 0.1).abs() < 1e-12);
    for w in 1..40 {
        let b = add(w);
        assert!(0.0 < b.low && b.low <= b.value && b.value <= b.high, "{w}: {b:?}");
    }
}
