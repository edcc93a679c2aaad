// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `compare` on outcomes that differ in one thing.

use super::stub::{SCOPE, outcome};
use crate::sim::{Recorder, Step};
use crate::verify::{Outcome, Scope, Tally, compare};

/// Compares one outcome with a changed copy of it; what differs, and the numbers of
/// differing spikes, logits, classes and cycles.
fn changed(change: impl Fn(&mut Outcome)) -> (Tally, String) {
    let mut other = outcome();
    change(&mut other);
    let (tally, first) = compare(1, &[outcome()], &[other], SCOPE);
    let first = first.unwrap();
    assert_eq!((first.image, tally.images), (0, 1));
    (tally, first.what)
}

type Change = fn(&mut Recorder);

fn timing(o: &mut Outcome) -> &mut Recorder {
    o.timing.as_mut().unwrap()
}

/// The tally of one sound outcome: 5 neurons × 5 timesteps; 2 + 3 + 2 + 4 cycle numbers.
fn sound() -> Tally {
    Tally { images: 1, spikes: (25, 0), logits: (3, 0), classes: 0, cycles: (11, 0) }
}

#[test]
fn equal_outcomes_are_counted_and_do_not_differ() {
    let two = [outcome(), outcome()];
    let (tally, first) = compare(2, &two, &two, SCOPE);
    let mut twice = sound();
    twice.add(&sound());
    assert_eq!((tally, first), (twice.clone(), None));
    assert_eq!((twice.images, twice.spikes.0, twice.logits.0, twice.cycles.0), (2, 50, 6, 22));
    assert_eq!(twice.differences(), 0);
}

#[test]
fn one_spike_differs() {
    // The last neuron of the last layer, at the last timestep.
    let (tally, what) = changed(|o| o.trains[1][2] |= 0b10000);
    assert_eq!(tally, Tally { spikes: (25, 1), ..sound() });
    assert!(what.starts_with("layer 1 neuron 2 fires 0b10110 instead of 0b110"), "{what}");
    let (tally, what) = changed(|o| o.trains[0][0] = 0b00110);
    assert_eq!((tally.spikes, tally.differences()), ((25, 3), 3));
    assert!(what.starts_with("layer 0 neuron 0 fires 0b110 instead of 0b1 "), "{what}");
    // One that falls silent, and one that wakes.
    let (tally, what) = changed(|o| o.trains[0][1] = 0);
    assert_eq!(tally, Tally { spikes: (25, 3), ..sound() });
    assert!(what.starts_with("layer 0 neuron 1 fires 0b0 instead of 0b11010"), "{what}");
    let (tally, _) = changed(|o| o.trains[1][0] = 0b11111);
    assert_eq!(tally, Tally { spikes: (25, 5), ..sound() });
}

#[test]
fn members_that_ran_differ() {
    let (tally, what) = changed(|o| o.ran = Some(2));
    assert_eq!(tally, Tally { classes: 1, ..sound() });
    assert_eq!(what, "2 members instead of none ran");
}

/// Slots are neurons × timesteps, however few of them fire.
#[test]
fn silent_neurons_count() {
    let silent = Outcome { trains: vec![vec![0, 0], vec![0b1, 0, 0]], ..outcome() };
    let silent = [silent];
    let (tally, first) = compare(1, &silent, &silent, SCOPE);
    assert_eq!((tally, first), (sound(), None));
}

#[test]
fn missing_and_additional_neurons_differ_at_every_timestep() {
    let (tally, what) = changed(|o| o.trains[1].truncate(2));
    assert_eq!(tally, Tally { spikes: (25, 5), ..sound() });
    assert_eq!(what, "layer 1 has 2 neurons instead of 3");
    let (tally, what) = changed(|o| o.trains[0].push(0));
    assert_eq!(tally, Tally { spikes: (30, 5), ..sound() });
    assert_eq!(what, "layer 0 has 3 neurons instead of 2");
    let (tally, what) = changed(|o| o.trains.truncate(1));
    assert_eq!(tally, Tally { spikes: (25, 15), ..sound() });
    assert_eq!(what, "1 layers fire instead of 2");
    let (tally, what) = changed(|o| o.trains.push(vec![0]));
    assert_eq!(tally, Tally { spikes: (30, 5), ..sound() });
    assert_eq!(what, "3 layers fire instead of 2");
}

#[test]
fn missing_trains_are_a_difference() {
    let (tally, what) = changed(|o| o.trains.clear());
    assert_eq!(tally, Tally { spikes: (25, 25), ..sound() });
    assert_eq!(what, "0 layers fire instead of 2");
    // On both sides, too, unless the level promises none.
    let none = [Outcome { trains: Vec::new(), ..outcome() }];
    let (tally, first) = compare(1, &none, &none, SCOPE);
    assert_eq!(tally, Tally { spikes: (0, 1), ..sound() });
    assert_eq!(first.unwrap().what, "neither level has spike trains");
    let (tally, first) = compare(1, &none, &[outcome()], Scope { trains: None, ..SCOPE });
    assert_eq!((tally, first), (Tally { spikes: (0, 0), ..sound() }, None));
}

#[test]
fn one_logit_or_the_class_differs() {
    let (tally, what) = changed(|o| o.logits[2] = 2);
    assert_eq!(tally, Tally { logits: (3, 1), ..sound() });
    assert_eq!(what, "logit 2: 2 instead of 3");
    let (tally, what) = changed(|o| o.logits.truncate(2));
    assert_eq!(tally, Tally { logits: (3, 1), ..sound() });
    assert_eq!(what, "logit 2: none instead of 3");
    let (tally, what) = changed(|o| o.logits.push(0));
    assert_eq!(tally, Tally { logits: (4, 1), ..sound() });
    assert_eq!(what, "logit 3: 0 instead of none");
    let (tally, what) = changed(|o| o.class = 0);
    assert_eq!(tally, Tally { classes: 1, ..sound() });
    assert_eq!(what, "class 0 instead of 1");
    let none = [Outcome { logits: Vec::new(), ..outcome() }];
    let (tally, first) = compare(1, &none, &none, SCOPE);
    assert_eq!(tally, Tally { logits: (0, 1), ..sound() });
    assert_eq!(first.unwrap().what, "neither level has logits");
}

#[test]
fn one_cycle_number_differs() {
    let later: [(Change, &str); 4] = [
        (|t| t.inputs[1] += 1, "input 1 in cycle 2 instead of 1"),
        (|t| t.events[2].0 += 1, "weight read 2 in cycle 10 by stage 2 instead of"),
        (|t| t.steps[1].cycle += 1, "timestep 1: neuron "),
        (|t| t.outputs[3].0 += 1, "result byte 3: 1 in cycle 24 instead of"),
    ];
    for (change, words) in later {
        let (tally, what) = changed(|o| change(timing(o)));
        assert_eq!(tally, Tally { cycles: (11, 1), ..sound() }, "{what}");
        assert!(what.starts_with(words), "{what}");
    }
}

/// What happens in a cycle counts, not the cycle alone.
#[test]
fn what_happens_in_a_cycle_differs() {
    let other: [Change; 6] = [
        |t| t.events[0].1 = 2,
        |t| t.steps[0].stage = 3,
        |t| t.steps[0].neuron = 1,
        |t| t.steps[0].timestep = 1,
        |t| t.steps[0].fires = false,
        |t| t.outputs[0].1 = 8,
    ];
    for change in other {
        let (tally, what) = changed(|o| change(timing(o)));
        assert_eq!(tally, Tally { cycles: (11, 1), ..sound() }, "{what}");
    }
}

#[test]
fn missing_and_additional_cycle_numbers_differ() {
    let fewer: [Change; 4] = [
        |t| t.inputs.truncate(1),
        |t| t.events.truncate(2),
        |t| t.steps.truncate(1),
        |t| t.outputs.truncate(3),
    ];
    for change in fewer {
        let (tally, what) = changed(|o| change(timing(o)));
        assert_eq!(tally, Tally { cycles: (11, 1), ..sound() }, "{what}");
        assert!(what.contains("none"), "{what}");
    }
    let step = Step { cycle: 9, stage: 1, neuron: 1, timestep: 0, fires: false };
    let (tally, what) = changed(|o| timing(o).steps.push(step));
    assert_eq!(tally, Tally { cycles: (12, 1), ..sound() });
    assert!(
        what.starts_with(
            "timestep 2: neuron 1 of stage 1 is silent in timestep 0, cycle 9 instead of none"
        ),
        "{what}"
    );
}

#[test]
fn missing_timing_is_a_difference() {
    let (tally, what) = changed(|o| o.timing = None);
    assert_eq!(tally, Tally { cycles: (11, 11), ..sound() });
    assert_eq!(what, "input 0 in cycle none instead of 0");
    let none = [Outcome { timing: None, ..outcome() }];
    let (tally, first) = compare(1, &none, &[outcome()], SCOPE);
    assert_eq!(tally, Tally { cycles: (11, 11), ..sound() });
    assert_eq!(first.unwrap().what, "input 0 in cycle 0 instead of none");
    let (tally, first) = compare(1, &none, &none, SCOPE);
    assert_eq!(tally, Tally { cycles: (0, 1), ..sound() });
    assert_eq!(first.unwrap().what, "neither level has cycle numbers");
    let (tally, first) = compare(1, &none, &[outcome()], Scope { cycles: false, ..SCOPE });
    assert_eq!((tally, first), (Tally { cycles: (0, 0), ..sound() }, None));
}

#[test]
fn the_first_difference_is_that_of_the_first_image() {
    let wrong = |class| Outcome { class, ..outcome() };
    let expected = [outcome(), outcome(), outcome(), outcome()];
    let found = [outcome(), wrong(7), outcome(), wrong(8)];
    let (tally, first) = compare(4, &expected, &found, SCOPE);
    let first = first.unwrap();
    assert_eq!((first.image, &*first.what), (1, "class 7 instead of 1"));
    assert_eq!((tally.classes, tally.images), (2, 4));
    // A shorter list does not hide it.
    let (tally, first) = compare(4, &expected, &found[..2], SCOPE);
    assert_eq!((first.unwrap().image, tally.classes, tally.images), (1, 3, 2));
}

#[test]
fn missing_and_additional_inferences_differ() {
    let three = vec![outcome(); 3];
    let cases: [(usize, usize, usize, u64, u64, &str); 6] = [
        (3, 2, 2, 1, 2, "2 inferences instead of 3"),
        (2, 3, 2, 1, 2, "2 inferences instead of 3"),
        (0, 3, 0, 3, 0, "0 inferences instead of 3"),
        // Both levels forget the same one, or all.
        (2, 2, 2, 2, 2, "2 inferences instead of 3"),
        (0, 0, 0, 6, 0, "0 inferences instead of 3"),
        (3, 0, 0, 3, 0, "0 inferences instead of 3"),
    ];
    for (expected, found, image, classes, images, words) in cases {
        let (tally, first) = compare(3, &three[..expected], &three[..found], SCOPE);
        let first = first.unwrap();
        assert_eq!((first.image, &*first.what), (image, words));
        assert_eq!((tally.images, tally.differences()), (images, classes));
    }
    let (tally, first) = compare(2, &three, &three, SCOPE);
    let first = first.unwrap();
    assert_eq!((first.image, &*first.what), (2, "3 inferences instead of 2"));
    assert_eq!((tally.images, tally.differences()), (2, 2));
}

#[test]
fn tallies_add_up_field_by_field() {
    let tally = |n: u64| Tally {
        images: n,
        spikes: (n + 1, n + 2),
        logits: (n + 3, n + 4),
        classes: n + 5,
        cycles: (n + 6, n + 7),
    };
    let mut sum = tally(100);
    sum.add(&tally(1000));
    let want = Tally {
        images: 1100,
        spikes: (1102, 1104),
        logits: (1106, 1108),
        classes: 1110,
        cycles: (1112, 1114),
    };
    assert_eq!(sum, want);
    assert_eq!(sum.differences(), 1104 + 1108 + 1110 + 1114);
}
