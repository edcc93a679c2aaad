// SPDX-License-Identifier: Apache-2.0 OR MIT

use super::width::add;
use super::*;
use crate::energy::Band;
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

/// So many spikes of each stream. Whose they are is all the same to a dense layer.
fn spikes<const N: usize>(all: [(&str, usize, f64); N]) -> Spikes {
    let each = |elements, n| [vec![n], vec![0.0; elements - 1]].concat();
    all.map(|(name, elements, n)| (name.to_owned(), each(elements, n))).into()
}

#[test]
fn first_layer_counts_once_or_at_every_timestep() {
    let spikes = spikes([("lif1", 10, 7.0)]);
    let l = literature(&graph(8), &spikes).unwrap();
    assert_eq!((l.once.macs, l.repeated.macs), (200.0, 800.0));
    assert_eq!((l.once.sops, l.repeated.sops), (21.0, 21.0));
    assert!((l.once.energy_nj - (0.92 + 0.0189)).abs() < 1e-12);
}

#[test]
fn counted_sops_are_rate_times_t_times_flop() {
    let spikes = spikes([("lif1", 10, 7.0)]);
    let l = literature(&graph(8), &spikes).unwrap();
    let fc2 = &l.layers[1];
    assert!((fc2.rate.unwrap() * 4.0 * fc2.flops - fc2.once).abs() < 1e-9);
}

#[test]
fn binary_pixels_count_as_spikes() {
    let spikes = spikes([("x", 20, 5.0), ("lif1", 10, 0.0)]);
    let l = literature(&graph(1), &spikes).unwrap();
    assert_eq!((l.once.macs, l.once.sops, l.repeated.sops), (0.0, 50.0, 200.0));
}

#[test]
fn a_missing_layer_is_named() {
    let d = literature(&graph(8), &Spikes::new()).unwrap_err();
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

/// 20 levels of 4 bits, 12 of them not zero; 10 neurons with 7 spikes; 3 classes.
const INTEGER: &str = r#"synfire-ir 1
graph "g" timesteps 4
%x = input() : levels[20; 4] static {"shape":[20],"bits":4,"is_static":true}
%fc1 = linear(%x) : current[10; fixed(10, 0)] static {"weights":{"binary":{"signs":{"cols":20,"rows":["00000","00000","00000","00000","00000","00000","00000","00000","00000","00000"]},"scale":1.0}},"bias":null}
%n1 = fixed-lif(%fc1) : spikes[10] {"leak_num":3,"leak_shift":2,"frac":0,"width":12,"bias":[0,0,0,0,0,0,0,0,0,0],"threshold":[9,9,9,9,9,9,9,9,9,9],"reset":"soft","compare":"at-least"}
%fc2 = linear(%n1) : current[3; fixed(5, 0)] {"weights":{"binary":{"signs":{"cols":10,"rows":["000","000","000"]},"scale":1.0}},"bias":null}
%y = fixed-readout(%fc2) : current[3; fixed(11, 0)] {"frac":0,"gain":[3,2,1],"offset":[0,0,0],"gain_width":2,"width":11}
output %y
"#;

fn near(found: Band, want: [f64; 3]) {
    let found = [found.value, found.low, found.high];
    for (a, b) in found.into_iter().zip(want) {
        assert!((a - b).abs() < 1e-12, "{found:?}, not {want:?}");
    }
}

#[test]
fn both_conventions_by_hand() {
    let graph = ir::parse(INTEGER).unwrap();
    let spikes = spikes([("x", 20, 12.0), ("n1", 10, 7.0)]);
    let l = literature(&graph, &spikes).unwrap();
    // 20 · 10 weights, once or at 4 timesteps; 7 spikes · 3 classes.
    assert_eq!((l.once.macs, l.once.sops), (200.0, 21.0));
    assert_eq!((l.repeated.macs, l.repeated.sops), (800.0, 21.0));
    assert!(
        (l.once.energy_nj - 0.9389).abs() < 1e-12 && (l.repeated.energy_nj - 3.6989).abs() < 1e-12
    );
    let [fc1, fc2] = &l.layers[..] else { panic!("{:?}", l.layers) };
    assert_eq!((fc1.kind, fc1.flops, fc1.rate), (LayerKind::Mac, 200.0, None));
    assert_eq!((fc2.kind, fc2.flops, fc2.rate), (LayerKind::Ac, 30.0, Some(7.0 / 40.0)));
    let w = l.width_aware.unwrap();
    // 12 · 10 additions of 10 bits: 0.03 + 2·0.07/24 pJ [10·0.1/32, 10·0.03/8]; 21 of 5 bits:
    // 0.03 − 3·0.07/24 [5·0.1/32, the same].
    near(w.synapses_nj, [4.74625e-3, 4.078_125e-3, 4.94625e-3]);
    // 10 neurons · 4 timesteps · (charge, compare, one adder for 3/4) of 12 bits.
    near(w.neurons_nj, [5e-3, 4.5e-3, 5.4e-3]);
    // 3 · (addition of 11 bits + 3.1 pJ).
    near(w.readout_nj, [9.41625e-3, 9.403_125e-3, 9.42375e-3]);
    near(w.total_nj(), [19.1625e-3, 17.98125e-3, 19.77e-3]);
    let text = l.to_string();
    for line in [
        "  static input at every timestep, as papers count         800 MAC        21 SOP        3.7 nJ",
        "  static input once, as the hardware computes             200 MAC        21 SOP        0.9 nJ",
        "    synapses 0.0 [0.0, 0.0] nJ, neurons 0.0 [0.0, 0.0] nJ, readout 0.009 [0.009, 0.009] nJ",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

/// A leak of 3/4 has one adder, one of 1/4 none: with five neurons of each, half an adder on
/// average.
#[test]
fn a_leak_of_each_neuron_has_its_adders() {
    let each = INTEGER.replace("\"leak_num\":3", "\"leak_num\":[3,1,3,1,3,1,3,1,3,1]");
    let graph = ir::parse(&each).unwrap();
    let spikes = spikes([("x", 20, 12.0), ("n1", 10, 7.0)]);
    let w = literature(&graph, &spikes).unwrap().width_aware.unwrap();
    // 10 neurons · 4 timesteps · 2.5 additions of 12 bits: 0.03 + 4·0.07/24 pJ.
    assert!((w.neurons_nj.value - 100.0 * (0.03 + 0.28 / 24.0) * 1e-3).abs() < 1e-12, "{w:?}");
}

#[test]
fn more_levels_than_weights_cost_no_more_than_the_weights() {
    let graph = ir::parse(INTEGER).unwrap();
    let synapses = |x: f64| {
        let spikes = spikes([("x", 20, x), ("n1", 10, 0.0)]);
        literature(&graph, &spikes).unwrap().width_aware.unwrap().synapses_nj.value
    };
    assert!((synapses(20.0) - 200.0 * add(10).value * 1e-3).abs() < 1e-12);
    assert_eq!(synapses(25.0), synapses(20.0));
}
