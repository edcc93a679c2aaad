// SPDX-License-Identifier: Apache-2.0 OR MIT
//! How many timesteps are computed together.

use super::{Net, spikes_to_spikes};
use crate::hw::shared::{Shared, job_cycles};
use crate::hw::{Design, Estimate, Mapping, Options, lower};
use crate::ir::{Graph, Input, Op};
use crate::target;

/// 400 levels, 60 neurons, 10 classes.
fn lowered(timesteps: u32, chunk: Option<u32>) -> (Design, Estimate) {
    with(60, timesteps, chunk)
}

fn with(neurons: usize, timesteps: u32, chunk: Option<u32>) -> (Design, Estimate) {
    let mut n = Net::new(timesteps, &[400]);
    n.linear("fc1", "in", neurons, &[1, -1, -1]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 10, &[1, 1, -1]);
    n.read("fc2");
    let options = Options { mapping: Mapping::Shared, chunk, ..Options::default() };
    lower(&n.0, &target::load("icebreaker").unwrap(), &options).unwrap()
}

/// What is held is summed once for all of them, in accumulators that join.
#[test]
fn all_timesteps_at_once_are_taken_where_they_fit() {
    for timesteps in [1, 4, 32] {
        let (design, estimate) = lowered(timesteps, None);
        assert_eq!((design.width(), design.chunks()), (timesteps, 1));
        assert!(!estimate.reasons.iter().any(|r| r.contains("chunks")));
    }
    assert!(lowered(32, None).1.cycles < lowered(32, Some(2)).1.cycles);
}

/// A layer of spikes has a sum for each timestep: chunks of two leave room for more lanes, and would
/// be faster.
#[test]
fn all_timesteps_at_once_are_enough() {
    let net = spikes_to_spikes();
    let lowered = |chunk| {
        let options = Options { mapping: Mapping::Shared, chunk, ..Options::default() };
        lower(&net, &target::load("icebreaker").unwrap(), &options).unwrap()
    };
    let (design, estimate) = lowered(None);
    assert_eq!(design.chunks(), 1);
    assert!([2, 4, 8].iter().any(|w| lowered(Some(*w)).1.cycles < estimate.cycles));
}

/// Inputs that come and go are sparse: fewer timesteps at once, and more lanes, skip more of them.
#[test]
fn of_inputs_that_change_fewer_timesteps_may_be_faster() {
    let mut n = Net(Graph::new("net", 16));
    n.add("in", Op::Input(Input { shape: vec![2000], bits: Some(1), is_static: false }), &[]);
    n.linear("fc1", "in", 60, &[1, -1, -1]);
    n.lif("lif", "fc1", 50);
    n.linear("fc2", "lif", 10, &[1, 1, -1]);
    n.read("fc2");
    let lowered = |chunk| {
        let options = Options { mapping: Mapping::Shared, chunk, ..Options::default() };
        lower(&n.0, &target::load("icebreaker").unwrap(), &options).unwrap()
    };
    let (design, estimate) = lowered(None);
    let all = [1, 2, 4, 8, 16].map(|w| (lowered(Some(w)).1.cycles, w));
    assert_eq!(all.iter().min(), Some(&(estimate.cycles, design.width())), "{all:?}");
    assert!(design.width() < 16, "{all:?}");
}

#[test]
fn the_width_that_takes_the_fewest_cycles_is_taken() {
    let (design, estimate) = lowered(64, None);
    let all = [1, 2, 4, 8, 16, 32].map(|w| (lowered(64, Some(w)).1.cycles, w));
    assert_eq!(all.iter().min(), Some(&(estimate.cycles, design.width())), "{all:?}");
    assert!(design.width() > 1, "{all:?}");
    // Primes have two divisors, one of which is too wide for a word.
    assert_eq!(lowered(61, None).0.width(), 1);
}

/// Of ten timesteps one fires: of a thousand neurons 100 in one timestep, 344 in four.
#[test]
fn fewer_timesteps_have_fewer_events() {
    let cycles = |width| {
        let (mut design, _) = lowered(64, Some(width));
        let shared: &mut Shared = design.shared.as_mut().unwrap();
        (shared.lanes, shared.pack) = (10, 4);
        let all = |job: usize| {
            let job = &shared.jobs[job];
            job_cycles(shared, job, 64 / width) - job_cycles(shared, job, 0)
        };
        [all(0), all(1)]
    };
    // fc1: 400 levels, of which each is read in a cycle, and 4; or 10 results of two digits, if
    // those are more; six groups. Then the last one's results, and 7 of the tail.
    assert_eq!(cycles(1)[0], 64 * (6 * (400 + 4) + 21 + 7));
    assert_eq!(cycles(16)[0], 4 * (6 * (400 + 4) + 321 + 7));
    // fc2: 15 words of four trains, none of which takes less than a cycle; one group.
    assert_eq!(cycles(1)[1], 64 * ((15 + 4) + 11 + 6));
    // Four times 344 of a thousand are 1.376 events a word: 2.752 in two words, rounded down; the
    // 40 results of a group take longer.
    assert_eq!(cycles(4)[1], 16 * (41 + 41 + 6));
    // 80 words of eight trains: 2.752 events each, 5.504 in two words, rounded down.
    let mut wide = with(640, 64, Some(4)).0;
    let shared = wide.shared.as_mut().unwrap();
    (shared.lanes, shared.pack) = (10, 8);
    let head = &shared.jobs[1];
    let cycles = job_cycles(shared, head, 16) - job_cycles(shared, head, 0);
    assert_eq!(cycles, 16 * (80 * 5 / 2 + 4 + 41 + 6));
    let head = lowered(64, Some(1)).0;
    let shared = head.shared.as_ref().unwrap();
    // The readout follows once.
    let readout = 10 * (shared.readout.gain_bits + 3) + 5;
    assert_eq!(job_cycles(shared, &shared.jobs[1], 0), readout);
}
