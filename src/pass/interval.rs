// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interval analysis: how far can a membrane go?

use crate::ir::{BitMatrix, FixedLif, Kind, Reset, Stream};

/// Range of `Σ ±x` for one row of weights, given what an input can be.
pub(super) fn sum_range(signs: &BitMatrix, row: usize, x: &Stream) -> (i64, i64) {
    let level: i64 = match x.kind {
        Kind::Spikes => 1,
        Kind::Levels { bits } => (1 << bits) - 1,
        Kind::Real | Kind::Current { .. } => 0,
    };
    let plus: i64 = signs.row(row).iter().map(|w| i64::from(w.count_ones())).sum();
    (-level * (signs.cols() as i64 - plus), level * plus)
}

/// Width that holds every value a neuron's registers take in `timesteps` steps, with its
/// sum in `sum` (integers, before the fraction bits): current, membrane before and after
/// reset, and membrane after leak and reset.
pub(super) fn membrane_width(l: &FixedLif, neuron: usize, sum: (i64, i64), timesteps: u32) -> u32 {
    let (theta, bias) = (l.threshold[neuron], l.bias[neuron]);
    let (lo, hi) = ((sum.0 << l.frac) + bias, (sum.1 << l.frac) + bias);
    let leak = |v: i64| (v * i64::from(l.leak_num)) >> l.leak_shift;
    // The interval of the state that the next current is added to.
    let (mut state_lo, mut state_hi) = (0, 0);
    let (mut least, mut most) = (lo.min(0), hi.max(theta));
    for _ in 0..timesteps {
        let (u_lo, u_hi) = (state_lo + lo, state_hi + hi);
        let fires = u_hi >= theta;
        // Without a spike u is at most θ; with one, at least θ.
        let (quiet_lo, quiet_hi) = (u_lo, u_hi.min(theta));
        (state_lo, state_hi) = (leak(quiet_lo), leak(quiet_hi));
        if fires {
            let (s_lo, s_hi) = match l.reset {
                Reset::Soft => (leak(u_lo.max(theta) - theta), leak(u_hi - theta)),
                Reset::SoftDelayed => (leak(u_lo.max(theta)) - theta, leak(u_hi) - theta),
                Reset::Hard => (0, 0),
                Reset::None => (leak(u_lo), leak(u_hi)),
            };
            (state_lo, state_hi) = (state_lo.min(s_lo), state_hi.max(s_hi));
        }
        least = least.min(u_lo).min(state_lo);
        most = most.max(u_hi).max(state_hi);
    }
    signed_width(least).max(signed_width(most))
}

/// Bits of a two's-complement number, sign included.
pub(super) fn signed_width(v: i64) -> u32 {
    let magnitude = if v < 0 { !v } else { v };
    i64::BITS - magnitude.leading_zeros() + 1
}
