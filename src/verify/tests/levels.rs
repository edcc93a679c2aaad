// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Two levels on many inputs, and deliberate faults on few.

use super::stub::{SCOPE, Stub, inputs, outcome, slices};
use crate::verify::executor::{RTL, SIM};
use crate::verify::trial::Trial;
use crate::verify::{BATCH, Comparison, Mutation, MutationResult, Outcome, Pair, Tally};

/// Two full batches and a part of one.
const MANY: usize = 2 * BATCH + 10;

/// Compares sound outcomes with changed ones.
fn compared(change: impl Fn(&mut Stub)) -> Comparison {
    let (inputs, mut sim) = (inputs(MANY), Stub::new(SIM, vec![outcome(); MANY]));
    let mut rtl = Stub::new(RTL, vec![outcome(); MANY]);
    change(&mut rtl);
    Pair::SIM_RTL.compare(&mut sim, &mut rtl, &slices(&inputs), SCOPE, |_| ()).unwrap()
}

#[test]
fn both_levels_run_every_input_once_and_in_order() {
    let (inputs, mut said) = (inputs(MANY), Vec::new());
    let mut sim = Stub::new(SIM, vec![outcome(); MANY]);
    let mut rtl = Stub::new(RTL, vec![outcome(); MANY]);
    let slices = slices(&inputs);
    let c = Pair::SIM_RTL.compare(&mut sim, &mut rtl, &slices, SCOPE, |n| said.push(n)).unwrap();
    assert_eq!((&sim.seen, &rtl.seen), (&inputs, &inputs));
    assert_eq!((&*sim.batches, &*rtl.batches), (&[BATCH, BATCH, 10][..], &[BATCH, BATCH, 10][..]));
    assert_eq!(said, [0, BATCH, 2 * BATCH]);
    let n = MANY as u64;
    let all = Tally {
        images: n,
        spikes: (25 * n, 0),
        logits: (3 * n, 0),
        classes: 0,
        cycles: (11 * n, 0),
    };
    assert_eq!((c.tally, c.first, c.asked), (all, None, n));
    assert_eq!(c.levels.to_string(), "sim = RTL, with cycles");
}

#[test]
fn a_difference_is_found_in_every_batch_with_its_index() {
    for image in [0, BATCH - 1, BATCH, 2 * BATCH - 1, 2 * BATCH, MANY - 1] {
        let c = compared(|rtl| rtl.outcomes[image].logits[0] = 0);
        let first = c.first.unwrap();
        assert_eq!((first.image, &*first.what), (image, "logit 0: 0 instead of -4"));
        assert_eq!((c.tally.images, c.tally.differences()), (MANY as u64, 1));
    }
}

#[test]
fn the_differences_of_all_batches_count_and_the_first_is_named() {
    let c = compared(|rtl| {
        rtl.outcomes[MANY - 1].class = 0;
        rtl.outcomes[BATCH + 3].class = 2;
        rtl.outcomes[BATCH + 3].trains[1][0] = 0b11;
        rtl.outcomes[5].timing = None;
    });
    assert_eq!(c.first.unwrap().image, 5);
    let t = c.tally;
    assert_eq!((t.spikes.1, t.logits.1, t.classes, t.cycles.1), (2, 0, 2, 11));
}

#[test]
fn an_executor_with_fewer_or_more_outcomes_differs() {
    let c = compared(|rtl| rtl.extra = -1);
    assert_eq!((c.first.unwrap().image, c.tally.images), (MANY - 1, MANY as u64 - 1));
    assert_eq!(c.tally.differences(), 1);
    let c = compared(|rtl| rtl.extra = 1);
    let first = c.first.unwrap();
    assert_eq!((first.image, c.tally.images), (MANY, MANY as u64));
    assert_eq!(first.what, "11 inferences instead of 10");
    let c = compared(|rtl| rtl.extra = -10);
    assert_eq!(c.first.unwrap().what, "0 inferences instead of 10");
}

#[test]
fn no_inputs_compare_nothing() {
    let (mut sim, mut rtl) = (Stub::new(SIM, Vec::new()), Stub::new(RTL, Vec::new()));
    let c = Pair::SIM_RTL.compare(&mut sim, &mut rtl, &[], SCOPE, |_| ()).unwrap();
    assert_eq!((c.tally, c.first, c.asked), (Tally::default(), None, 0));
}

#[test]
fn a_level_is_never_held_against_itself_or_run_by_another_one() {
    let run = |pair: Pair, expected, found| {
        let mut expected = Stub::new(expected, vec![outcome()]);
        let mut found = Stub::new(found, vec![outcome()]);
        pair.compare(&mut expected, &mut found, &[&[0]], SCOPE, |_| ())
    };
    assert!(run(Pair::SIM_RTL, SIM, RTL).is_ok());
    let sim = Pair { expected: SIM, found: SIM };
    for (pair, expected, found) in [
        (Pair::SIM_RTL, SIM, SIM),
        (Pair::SIM_RTL, RTL, RTL),
        (Pair::SIM_RTL, RTL, SIM),
        (Pair::SIM_BITSTREAM, SIM, RTL),
        (sim, SIM, SIM),
    ] {
        let error = run(pair, expected, found).unwrap_err();
        assert_eq!(error.code.id, "SF0000");
        assert!(error.message.contains(&format!("run on {expected} and {found}")), "{error}");
    }
}

/// A fault tried on inputs 7 and 8: what the hardware gives for them, and what `sim` says.
fn tried(hardware: [Outcome; 2], prediction: Option<[Outcome; 2]>) -> MutationResult {
    let (inputs, expected) = (inputs(2), [outcome(), outcome()]);
    let inputs = slices(&inputs);
    let trial = Trial { inputs: &inputs, start: 7, expected: &expected, scope: SCOPE };
    let mut hardware = Stub::new(RTL, hardware.into());
    let mut sim = prediction.map(|p| Stub::new(SIM, p.into()));
    let sim = sim.as_mut().map(|s| s as &mut dyn crate::verify::Executor);
    let result = trial.run(Mutation::Weight, "it".into(), &mut hardware, sim).unwrap();
    assert_eq!((hardware.seen.len(), &*result.fault), (2, "it"));
    result
}

fn faulty(class: usize) -> Outcome {
    Outcome { class, ..outcome() }
}

#[test]
fn a_fault_is_caught_from_what_the_hardware_gives() {
    // As predicted.
    let m = tried([outcome(), faulty(2)], Some([outcome(), faulty(2)]));
    let caught = m.caught.unwrap();
    assert_eq!((caught.image, &*caught.what), (8, "class 2 instead of 1"));
    assert_eq!(m.as_predicted, Some(true));
    // Predicted, and the hardware is sound all the same.
    let m = tried([outcome(), outcome()], Some([outcome(), faulty(2)]));
    assert_eq!((m.caught, m.as_predicted), (None, Some(false)));
    // Something else than predicted.
    let m = tried([faulty(0), outcome()], Some([outcome(), faulty(2)]));
    assert_eq!((m.caught.unwrap().image, m.as_predicted), (7, Some(false)));
    // Not predicted at all.
    let m = tried([faulty(0), outcome()], Some([outcome(), outcome()]));
    assert_eq!((m.caught.unwrap().image, m.as_predicted), (7, Some(false)));
}

#[test]
fn without_a_prediction_none_is_claimed() {
    let m = tried([outcome(), faulty(2)], None);
    assert_eq!((m.caught.unwrap().image, m.as_predicted), (8, None));
    let m = tried([outcome(), outcome()], None);
    assert_eq!((m.caught, m.as_predicted), (None, None));
}

#[test]
fn the_prediction_covers_cycles() {
    let mut later = faulty(2);
    later.timing.as_mut().unwrap().outputs[0].0 += 1;
    let m = tried([outcome(), later], Some([outcome(), faulty(2)]));
    assert_eq!((m.caught.is_some(), m.as_predicted), (true, Some(false)));
}

#[test]
fn a_fault_is_not_tried_on_sim() {
    let (inputs, expected) = (inputs(1), [outcome()]);
    let inputs = slices(&inputs);
    let trial = Trial { inputs: &inputs, start: 0, expected: &expected, scope: SCOPE };
    let mut sim = Stub::new(SIM, vec![faulty(2)]);
    let error = trial.run(Mutation::Load, "it".into(), &mut sim, None).unwrap_err();
    assert_eq!((error.code.id, &*error.message), ("SF0000", "it: tried on sim alone"));
}
