// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Every figure of `synfire simulate`, computed by hand.

use super::confusion::Confusion;
use super::*;
use crate::data::{Samples, Values};
use crate::interp::{Logits, Record, Spikes};
use crate::ir;
use crate::sim::{Activity, Inference};
use crate::tune::After;

/// Two layers; a neuron fires at both timesteps or never. The real model's class is the pixel
/// that is at least 2, class 0 if none is.
const REAL: &str = r#"synfire-ir 1
graph "two" timesteps 2
%in = input() : levels[2; 2] static {"shape":[2],"bits":2,"is_static":true}
%fc1 = linear(%in) : current[2; fixed(4, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n1 = lif(%fc1) : spikes[2] {"leak":0.0,"gain":1.0,"bias":0.0,"threshold":2.0,"reset":"soft","compare":"at-least"}
%fc2 = linear(%n1) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n2 = lif(%fc2) : spikes[2] {"leak":0.0,"gain":1.0,"bias":0.0,"threshold":1.0,"reset":"soft","compare":"at-least"}
%y = readout(%n2) : real[2] {"kind":"sum","gain":1.0,"offset":0.0}
output %y
"#;

/// The same with the thresholds 1 and 3 in the first layer: on purpose another model.
const INTEGER: &str = r#"synfire-ir 1
graph "two" timesteps 2
%in = input() : levels[2; 2] static {"shape":[2],"bits":2,"is_static":true}
%fc1 = linear(%in) : current[2; fixed(4, 0)] static {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n1 = fixed-lif(%fc1) : spikes[2] {"leak_num":0,"leak_shift":0,"frac":0,"width":4,"bias":[0,0],"threshold":[1,3],"reset":"soft","compare":"at-least"}
%fc2 = linear(%n1) : current[2; fixed(3, 0)] {"weights":{"binary":{"signs":{"cols":2,"rows":["1","2"]},"scale":1.0}},"bias":null}
%n2 = fixed-lif(%fc2) : spikes[2] {"leak_num":0,"leak_shift":0,"frac":0,"width":3,"bias":[0,0],"threshold":[1,1],"reset":"soft","compare":"at-least"}
%y = fixed-readout(%n2) : current[2; fixed(4, 0)] {"frac":0,"gain":[1,1],"offset":[0,0],"gain_width":1,"width":4}
output %y
"#;

/// | image | real class | integer class | integer spikes | spikes that differ | label |
/// |-------|------------|---------------|----------------|--------------------|-------|
/// | 2, 0  | 0          | 0             | 4              | 0                  | 0     |
/// | 0, 2  | 1          | 0             | 0              | 4                  | 1     |
/// | 1, 0  | 0          | 0             | 4              | 4                  | 1     |
/// | 0, 3  | 1          | 1             | 4              | 0                  | 1     |
/// | 0, 3  | 1          | 1             | 4              | 0                  | 1     |
fn inputs() -> Samples {
    let mut samples =
        Samples::new(vec![2], None, Values::U8(vec![2, 0, 0, 2, 1, 0, 0, 3, 0, 3])).unwrap();
    samples.labels = Some(vec![0, 1, 1, 1, 1]);
    samples
}

fn graphs() -> (Graph, Graph) {
    (ir::parse(REAL).unwrap(), ir::parse(INTEGER).unwrap())
}

fn design(integer: &Graph) -> Design {
    let target = target::load("icebreaker").unwrap();
    hw::lower(integer, &target, &hw::Options::default()).unwrap().0
}

fn sums(range: std::ops::Range<usize>, design: Option<&Design>, inputs: &Samples) -> Sums {
    let (real, integer) = graphs();
    part(&real, &integer, (design, &[], None), inputs, range, &Plan::default(), &|| {}).unwrap().0
}

#[test]
fn every_tally_is_that_of_the_table() {
    let design = design(&graphs().1);
    let found = sums(0..5, Some(&design), &inputs());
    let want = Sums {
        images: 5,
        real_right: 4,
        integer_right: 3,
        same_class: 4,
        // 5 images × 2 layers × 2 neurons × 2 timesteps.
        spike_slots: 40,
        spikes: 16,
        spikes_differ: 8,
        sim_differs: 0,
        members: 0,
        early_right: 0,
        early_differs: 0,
        ..found.clone()
    };
    assert_eq!(found, want);
    let without = sums(0..5, None, &inputs());
    assert_eq!((without.latency, without.total, without.worst), (0, 0, 0));
}

/// The labels of other images, one to the left and one to the right, give other accuracies.
#[test]
fn each_image_has_its_own_label() {
    let right = |labels: [u8; 5]| {
        let mut inputs = inputs();
        inputs.labels = Some(labels.map(u32::from).to_vec());
        let s = sums(0..5, None, &inputs);
        (s.real_right, s.integer_right)
    };
    assert_eq!(right([0, 1, 0, 1, 1]), (5, 4));
    assert_eq!(right([1, 0, 1, 1, 0]), (1, 2));
    assert_eq!(right([1, 0, 1, 0, 1]), (1, 2));
    // A part that begins later takes its own labels, and the parts are those of the whole.
    let labelled = inputs();
    let (mut all, rest) = (sums(0..2, None, &labelled), sums(2..5, None, &labelled));
    assert_eq!((rest.images, rest.real_right, rest.integer_right), (3, 2, 2));
    all.add(&rest);
    assert_eq!(all, sums(0..5, None, &labelled));
    let mut unlabelled = inputs();
    unlabelled.labels = None;
    let s = sums(0..5, None, &unlabelled);
    assert_eq!((s.images, s.real_right, s.integer_right), (5, 0, 0));
}

/// The hardware of the real model's rounding beside the other integer model: two images give
/// other logits.
#[test]
fn hardware_that_computes_something_else_is_counted() {
    let integer = INTEGER.replace(r#""threshold":[1,3]"#, r#""threshold":[2,2]"#);
    let design = design(&ir::parse(&integer).unwrap());
    assert_eq!(sums(0..5, Some(&design), &inputs()).sim_differs, 2);
}

fn record(class: usize, logits: Logits, fired: &[&[[u8; 2]]]) -> Record {
    let layer = |(i, steps): (usize, &&[[u8; 2]])| Spikes {
        node: format!("n{i}"),
        neurons: 2,
        fired: steps.iter().map(|s| s.iter().map(|f| *f == 1).collect()).collect(),
    };
    Record {
        spikes: fired.iter().enumerate().map(layer).collect(),
        steps: Vec::new(),
        logits,
        class,
    }
}

fn inference(logits: [i32; 2], class: u8, last_input: u64, done: u64) -> Inference {
    Inference {
        logits: logits.to_vec(),
        class,
        ran: None,
        last_input,
        done,
        activity: Activity::default(),
    }
}

#[test]
fn one_inference_is_counted_once() {
    let real = record(1, Logits::Real(vec![0.0, 1.0]), &[&[[0, 0], [0, 0]], &[[1, 1], [0, 1]]]);
    let integer = record(0, Logits::Integer(vec![5, 4]), &[&[[1, 1], [0, 0]], &[[0, 1], [0, 1]]]);
    let mut sums = Sums::default();
    sums.count(&real, &integer, (Some(&inference([5, 4], 0, 19, 84)), None), Some(1));
    let want = Sums {
        images: 1,
        real_right: 1,
        integer_right: 0,
        same_class: 0,
        confusion: Confusion::of(&[(1, 0, 1)]),
        spike_slots: 8,
        // The integer model's; the other one has 3.
        spikes: 4,
        spikes_differ: 3,
        sim_differs: 0,
        members: 0,
        early_right: 0,
        early_differs: 0,
        // 84 − 19; cycles 0 to 84.
        latency: 65,
        total: 85,
        worst: 65,
    };
    assert_eq!(sums, want);
    // A longer, a shorter one; another logit, another class: each makes a difference.
    sums.count(&real, &integer, (Some(&inference([5, 3], 0, 19, 119)), None), Some(0));
    sums.count(&real, &integer, (Some(&inference([5, 4], 1, 19, 29)), None), None);
    let want = Sums {
        images: 3,
        integer_right: 1,
        confusion: Confusion::of(&[(0, 0, 1), (1, 0, 1)]),
        spike_slots: 24,
        spikes: 12,
        spikes_differ: 9,
        sim_differs: 2,
        latency: 65 + 100 + 10,
        total: 85 + 120 + 30,
        worst: 100,
        ..want
    };
    assert_eq!(sums, want);
}

/// Where the class is settled early, that is what the simulator has to say, members and all.
#[test]
fn what_stops_early_is_held_against_what_is_left() {
    let real = record(0, Logits::Real(vec![0.0, 1.0]), &[]);
    let integer = record(0, Logits::Integer(vec![9, 4]), &[]);
    let after = After { logits: vec![2, 5], class: 1, lead: 3 };
    let ran = |ran| Inference { ran, ..inference([2, 5], 1, 19, 84) };
    let mut sums = Sums::default();
    sums.count(&real, &integer, (Some(&ran(Some(2))), Some(&(2, after.clone()))), Some(1));
    let found = |s: &Sums| (s.members, s.early_right, s.early_differs, s.sim_differs);
    assert_eq!(found(&sums), (2, 1, 1, 0));
    sums.count(&real, &integer, (Some(&ran(Some(3))), Some(&(2, after.clone()))), Some(0));
    assert_eq!(found(&sums), (4, 1, 2, 1));
    let other = Inference { logits: vec![2, 6], ..ran(Some(1)) };
    sums.count(&real, &integer, (Some(&other), Some(&(1, after))), None);
    assert_eq!(found(&sums), (5, 1, 3, 2));
}

/// Each layer is held against the one of its name, wherever that stands.
#[test]
fn layers_are_compared_by_their_names() {
    let fired: &[&[[u8; 2]]] = &[&[[1, 1], [1, 1]], &[[0, 0], [0, 0]]];
    let integer = record(0, Logits::Integer(vec![1, 0]), fired);
    let mut real = record(0, Logits::Real(vec![1.0, 0.0]), fired);
    real.spikes.reverse();
    let mut sums = Sums::default();
    sums.count(&real, &integer, (None, None), None);
    assert_eq!((sums.spike_slots, sums.spikes, sums.spikes_differ), (8, 4, 0));
}

#[test]
fn sums_of_threads_are_added_and_the_worst_is_the_largest() {
    let each = |k: u64| Sums {
        images: k,
        real_right: 2 * k,
        integer_right: 3 * k,
        same_class: 5 * k,
        confusion: Confusion::of(&[(1, 2, 31 * k)]),
        spike_slots: 7 * k,
        spikes: 11 * k,
        spikes_differ: 13 * k,
        sim_differs: 17 * k,
        members: 37 * k,
        early_right: 41 * k,
        early_differs: 43 * k,
        latency: 19 * k,
        total: 23 * k,
        worst: 29 * k,
    };
    for (a, b) in [(1, 3), (3, 1)] {
        let mut sums = each(a);
        sums.add(&each(b));
        assert_eq!(sums, Sums { worst: 87, ..each(4) });
    }
}

/// Sums in which every figure is another one.
fn different() -> Sums {
    Sums {
        images: 2000,
        real_right: 1800,
        integer_right: 1700,
        same_class: 1900,
        confusion: Confusion::default(),
        spike_slots: 1_000_000,
        spikes: 123_400,
        spikes_differ: 56,
        sim_differs: 1234,
        members: 5000,
        early_right: 1600,
        early_differs: 7,
        latency: 3_000_200,
        total: 5_000_600,
        worst: 4321,
    }
}

#[test]
fn shares_and_means_are_of_the_right_whole() {
    let r = report(&different(), true, true, None);
    let accuracies = (r.accuracy_real, r.accuracy_integer);
    assert_eq!((r.images, accuracies), (2000, (Some(0.9), Some(0.85))));
    assert_eq!((r.class_agreement, r.firing_rate, r.spike_mismatch), (0.95, 0.1234, 56e-6));
    let h = r.hardware.unwrap();
    let early = h.early.as_ref().unwrap();
    assert_eq!((early.accuracy, early.classes_changed, early.mean_members), (Some(0.8), 7, 2.5));
    assert_eq!((h.differences_to_interp, h.worst_cycles_after_input), (1234, 4321));
    assert_eq!((h.mean_cycles_after_input, h.mean_cycles_in_all), (1500.1, 2500.3));
    let r = report(&different(), false, false, Some("why".into()));
    assert!(r.accuracy_real.is_none() && r.accuracy_integer.is_none() && r.hardware.is_none());
}

#[test]
fn each_line_has_its_own_figure() {
    let lines = text(&report(&different(), true, true, Some("none".into())));
    let want = "\
inferences                                    2,000
accuracy, real-valued model                 90.00 %
accuracy, integer model                     85.00 %
same class in both                          95.00 %
spikes that differ between both           0.00560 %
firing rate                                 12.34 %
accuracy, stopped early                     80.00 %
classes changed by stopping                       7
members that ran, mean                         2.50
inferences where sim differs from interp      1,234
core cycles after the last input, mean      1,500.1
core cycles after the last input, worst       4,321
core cycles from the first input, mean      2,500.3

no hardware: none
";
    assert_eq!(lines, want);
}
