// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Values that do not fit, and designs whose numbers do not fit together.

use synfire::hw::Design;
use synfire::hw::shared::{Resets, Shared, Source, SumJob, Sums, Then, Work};
use synfire::ir::{Compare, Reset};
use synfire::sim::{NoProbe, Sim};

use super::worked;

/// The message for a changed design.
fn refused(mut design: Design, change: impl FnOnce(&mut Shared)) -> String {
    let input = [1, 0, 2, 3];
    Sim::new(&design).run(&input, &[], &mut NoProbe).unwrap();
    change(design.shared.as_mut().unwrap());
    let error = Sim::new(&design).run(&input, &[], &mut NoProbe).unwrap_err();
    assert_eq!(error.code.id, "SF0000", "{error}");
    error.message
}

fn sum(shared: &mut Shared, job: usize) -> &mut SumJob {
    match &mut shared.jobs[job].work {
        Work::Sum(sum) => sum,
        Work::Or { .. } => panic!("job {job} makes an OR"),
    }
}

#[test]
fn values_outside_their_width_are_noticed() {
    // Sums from −3 to 3, membranes down to −6: one bit less is refused.
    let page = |change: fn(&mut Shared)| refused(worked::page(), change);
    assert_eq!(page(|s| s.acc_bits = 2), "conv: a sum takes 3 bits, not 2");
    let once = |s: &mut Shared| (sum(s, 0).sums, s.once_bits) = (Sums::Held, 2);
    assert_eq!(page(once), "conv: a sum takes 3 bits, not 2");
    assert_eq!(page(|s| s.membrane_bits = 3), "conv: a membrane takes 4 bits, not 3");
    let product = "conv: a sum in the multiplier takes 3 bits, not 2";
    assert_eq!(page(|s| (s.digit_bits, sum(s, 0).digits) = (1, 2)), product);
    let summed = "head: a sum over the timesteps takes 4 bits, not 3";
    assert_eq!(page(|s| (s.readout.input_bits, sum(s, 2).gain[2]) = (3, 2)), summed);
    let gather = |change: fn(&mut Shared)| refused(worked::gather(), change);
    assert_eq!(gather(|s| s.current_bits = 2), "stem: a current takes 3 bits, not 2");
    let narrow = |s: &mut Shared| {
        if let Source::Currents(_, g) = &mut s.jobs[1].source {
            g.bits = 2;
        }
    };
    assert_eq!(gather(narrow), "mid: a sum of currents takes 3 bits, not 2");
}

#[test]
fn numbers_that_do_not_fit_together_are_noticed() {
    let page = |change: fn(&mut Shared)| refused(worked::page(), change);
    assert_eq!(page(|s| sum(s, 0).padding = [1, 0]), "conv: a window leaves the map");
    assert_eq!(page(|s| s.jobs[0].out = [3, 2, 2]), "conv: a window leaves the map");
    assert_eq!(page(|s| s.jobs[1].source = Source::Trains(2)), "pool: it reads or makes no map");
    assert_eq!(page(|s| s.jobs[1].source = Source::Input), "pool: OR reads trains");
    assert_eq!(page(|s| s.jobs[1].before = true), "before: the trains were overwritten");
    assert_eq!(page(|s| s.jobs[0].before = true), "before: the trains were overwritten");
    let other = "pool: the map of trains has another shape";
    assert_eq!(page(|s| s.trains[1].shape = [2, 1, 1]), other);
    assert_eq!(page(|s| s.input.bits = 5), "input: its map does not fit");
    let weight = "conv: a weight does not fit into its planes";
    assert_eq!(page(|s| sum(s, 0).weights[1] = 0), weight);
    assert_eq!(page(|s| sum(s, 0).weights.truncate(5)), "conv: weights are missing");
    assert_eq!(page(|s| sum(s, 0).gain.truncate(2)), "conv: gains or offsets are missing");
    assert_eq!(page(|s| sum(s, 0).planes = 9), "conv: planes or shift are out of range");
    let row = "conv: a group has more channels than a row of weights";
    assert_eq!(page(|s| sum(s, 0).slices = 2), row);
    let own = "head: whole weights are of a processor with one job";
    assert_eq!(page(|s| sum(s, 2).products = true), own);
    let last = "jobs: the last one, and no other, feeds the readout";
    assert_eq!(page(|s| sum(s, 0).then = Then::Readout), last);
    assert_eq!(page(|s| s.jobs.truncate(2)), last);
    assert_eq!(page(|s| s.readout.gain.truncate(2)), "head: the readout has other classes");
    const RESETS: Resets = Resets { reset: Reset::Soft, compare: Compare::Above, after: false };
    let theta = "conv: the thresholds of resets are of other channels";
    assert_eq!(page(|s| sum(s, 0).theta = vec![1]), theta);
    let leaky = |change: fn(&mut Shared)| refused(worked::leaky(), change);
    assert_eq!(leaky(|s| s.leaks[0].resets = Some(RESETS)), theta);
    let added = "conv: the added map has another shape";
    assert_eq!(page(|s| sum(s, 0).add = Some(0)), added);
}
