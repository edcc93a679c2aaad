// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The equations of a neuron (docs/hardware.md, Neurons), the same in every mapping.

use crate::hw::LifStage;
use crate::ir::{Compare, Reset};
use crate::vector::vectorised;

/// Does a membrane of `u` fire?
#[inline(always)]
pub(super) fn fires(compare: Compare, u: i64, theta: i64) -> bool {
    match compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    }
}

/// What the reset leaves of a membrane before it leaks; of a delayed one nothing is taken yet.
#[inline(always)]
pub(super) fn left(reset: Reset, u: i64, theta: i64, fires: bool) -> i64 {
    match reset {
        Reset::Soft if fires => u - theta,
        Reset::Hard if fires => 0,
        _ => u,
    }
}

/// The membrane after reset and leak `num` / 2^`shift`: what the next timestep adds to.
#[inline(always)]
pub(super) fn after(
    reset: Reset,
    u: i64,
    theta: i64,
    fires: bool,
    (num, shift): (u32, u32),
) -> i64 {
    let leaked = (left(reset, u, theta, fires) * i64::from(num)) >> shift;
    if fires && reset == Reset::SoftDelayed { leaked - theta } else { leaked }
}

/// What the neurons from `first` on fire that each see one sum in all timesteps: bit t of a train
/// is timestep t.
pub(super) fn trains(stage: &LifStage, first: usize, sums: &[i64]) -> Vec<u32> {
    let (thresholds, biases) = (&stage.threshold[first..], &stage.bias[first..]);
    let (mut states, mut trains) = (vec![0; sums.len()], vec![0; sums.len()]);
    vectorised(
        #[inline(always)]
        || {
            for t in 0..stage.timesteps {
                let neurons = sums.iter().zip(thresholds).zip(biases);
                let held = states.iter_mut().zip(&mut trains);
                for (((sum, &theta), bias), (state, train)) in neurons.zip(held) {
                    let u = *state + (sum << stage.frac) + bias;
                    let fires = fires(stage.compare, u, theta);
                    *state =
                        after(stage.reset, u, theta, fires, (stage.leak_num, stage.leak_shift));
                    *train |= u32::from(fires) << t;
                }
            }
        },
    );
    trains
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reset that hardware has and both comparisons, one neuron after the other, one timestep after the other.
    #[test]
    fn trains_are_those_of_one_step_after_another() {
        let resets = [Reset::Soft, Reset::SoftDelayed, Reset::Hard, Reset::None];
        let compares = [Compare::AtLeast, Compare::Above];
        for (k, reset) in resets.into_iter().enumerate() {
            for compare in compares {
                let stage = LifStage {
                    name: "n".into(),
                    timesteps: 6,
                    hold: true,
                    input_bits: 5,
                    membrane_bits: 16,
                    frac: 1,
                    leak_num: 3,
                    leak_shift: 2,
                    reset,
                    compare,
                    bias: (0..33).map(|n| n % 3 - 1).collect(),
                    threshold: (0..33).map(|n| n % 7 + 1).collect(),
                    bias_bits: 2,
                    threshold_bits: 4,
                    block: false,
                    knobs: false,
                    members: 1,
                };
                let sums: Vec<i64> = (0..33).map(|n| n * (k as i64 + 3) % 11 - 4).collect();
                let one = |n: usize| {
                    let (theta, mut state, mut train) = (stage.threshold[n], 0, 0);
                    for t in 0..6 {
                        let u = state + 2 * sums[n] + stage.bias[n];
                        let fires = fires(compare, u, theta);
                        state = after(reset, u, theta, fires, (3, 2));
                        train |= u32::from(fires) << t;
                    }
                    train
                };
                let all: Vec<u32> = (0..33).map(one).collect();
                assert_eq!(trains(&stage, 0, &sums), all);
                assert_eq!(trains(&stage, 5, &sums[5..9]), all[5..9]);
            }
        }
    }
}
