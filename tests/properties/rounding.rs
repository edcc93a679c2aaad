// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The leak rounds down, for every k/2^m, reset and comparison: in networks where rounding
//! towards zero gives other spikes.

use synfire::hw::{self, Options};
use synfire::interp::{Interp, Logits};
use synfire::ir::Graph;
use synfire::sim::{Recorder, Sim};

use super::common::big_target;
use super::common::reference::{self, Rounding};
use super::common::rounding::{KINDS, Kind, network};
use super::hardware::agree;
use super::rounds::rounds;

/// Every leak that `quantise` can choose with 8 bits: reduced, or in 256ths.
fn leaks() -> impl Iterator<Item = (u32, u32)> {
    let of = |m: u32| (1..1u32 << m).filter(move |k| m == 8 || k % 2 == 1).map(move |k| (k, m));
    (1..=8).flat_map(of)
}

/// Spikes of every layer by neuron; bit t is timestep t.
fn trains(fired: &[Vec<Vec<bool>>]) -> Vec<Vec<u128>> {
    let train = |layer: &Vec<Vec<bool>>, n: usize| {
        layer.iter().enumerate().fold(0, |w, (t, s)| w | u128::from(s[n]) << t)
    };
    fired.iter().map(|l| (0..l[0].len()).map(|n| train(l, n)).collect()).collect()
}

fn check(g: &Graph, kinds: &[Kind]) {
    let down = reference::integer(g, &[1]);
    assert!(down.misfits.is_empty(), "{:?}", down.misfits);
    let other = reference::integer_rounding(g, &[1], Rounding::TowardsZero);
    for (kind, (a, b)) in kinds.iter().zip(down.spikes.iter().zip(&other.spikes).skip(1)) {
        // Both neurons of both courses.
        let differ = (6..a[0].len()).filter(|&n| a.iter().zip(b).any(|(a, b)| a[n] != b[n]));
        assert_eq!(differ.count(), 4, "{kind:?}");
    }
    let interp = Interp::new(g).unwrap().run(&[1]).unwrap();
    let fired: Vec<_> = interp.spikes.iter().map(|s| s.fired.clone()).collect();
    assert_eq!(trains(&fired), trains(&down.spikes), "interp, {kinds:?}");
    let logits = down.logits.iter().map(|l| *l as i64).collect();
    assert_eq!(interp.logits, Logits::Integer(logits));
    let lanes = (0..=kinds.len()).map(|i| (format!("fc{i}"), i as u32 % 3 + 1)).collect();
    let options = Options { lanes, ..Options::default() };
    let (design, _) = hw::lower(g, &big_target(), &options).unwrap();
    let mut log = Recorder::default();
    let sim = Sim::new(&design).run(&[1], &[], &mut log).unwrap();
    agree(&design, &interp, &sim, &log).unwrap_or_else(|e| panic!("sim, {kinds:?}: {e}"));
}

/// A layer for each reset with each comparison, the leaks in turn.
#[test]
fn every_leak_rounds_down_with_every_reset_and_comparison() {
    let leaks: Vec<_> = leaks().collect();
    assert_eq!(leaks.len(), 382);
    // Every other one of them for each leak; its neighbours have the rest. All at night.
    let step = if rounds(1) > 1 { 1 } else { 2 };
    for first in (0..KINDS.len()).step_by(step) {
        let kinds: Vec<Kind> = leaks
            .iter()
            .enumerate()
            .map(|(i, &(k, m))| {
                let (reset, compare) = KINDS[(first + i) % KINDS.len()];
                (k, m, reset, compare)
            })
            .collect();
        for kinds in kinds.chunks(8) {
            check(&network(kinds), kinds);
        }
    }
}
