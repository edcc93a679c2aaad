// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interval analysis: how far can a sum, a membrane, a logit go?
//!
//! `quantise` takes its widths from here and the verifier holds every declared width
//! against it, so that a graph written by hand cannot wrap either. Everything is computed
//! in 128 bits: parameters that have not been verified yet cannot overflow it.

use super::{FixedLif, Graph, Kind, NodeId, Op, Reset};

/// Least and largest value.
pub type Range = (i64, i64);

/// Range of element `c` of an operand at one timestep; (0, 0) if it is real.
#[must_use]
pub fn operand_range(graph: &Graph, operand: NodeId, c: usize) -> Range {
    let node = graph.node(operand);
    match (&node.op, node.stream.kind) {
        (Op::Linear(l), Kind::Current { .. }) => {
            let level = graph.operands(operand).first().map_or(0, |&x| top(graph, x));
            let Some((signs, _)) = l.weights.binary() else { return (0, 0) };
            let plus: i64 = signs.row(c).iter().map(|w| i64::from(w.count_ones())).sum();
            (-level * (signs.cols() as i64 - plus), level * plus)
        }
        (_, Kind::Current { width, .. }) => {
            let limit = 1i64 << (width.clamp(1, 62) - 1);
            (-limit, limit - 1)
        }
        _ => (0, top(graph, operand)),
    }
}

/// Largest spike or level of a stream.
fn top(graph: &Graph, id: NodeId) -> i64 {
    match graph.node(id).stream.kind {
        Kind::Spikes => 1,
        Kind::Levels { bits } => (1 << bits.min(62)) - 1,
        Kind::Real | Kind::Current { .. } => 0,
    }
}

/// Width that holds every value a neuron's registers take in `timesteps` steps, with its
/// input in `x` (before the fraction bits): current, membrane before and after reset, and
/// membrane after leak and reset. Anything above 64 means "too wide".
#[must_use]
pub fn membrane_width(l: &FixedLif, neuron: usize, x: Range, timesteps: u32) -> u32 {
    if l.frac > 62 || l.leak_shift > 31 {
        return u32::MAX;
    }
    let (theta, bias) = (i128::from(l.threshold[neuron]), i128::from(l.bias[neuron]));
    let (lo, hi) = ((i128::from(x.0) << l.frac) + bias, (i128::from(x.1) << l.frac) + bias);
    let leak = |v: i128| (v * i128::from(l.leak_num)) >> l.leak_shift;
    // The interval of the state that the next current is added to.
    let (mut state_lo, mut state_hi) = (0, 0);
    let (mut least, mut most) = (lo.min(0), hi.max(theta));
    for _ in 0..timesteps {
        let (u_lo, u_hi) = (state_lo + lo, state_hi + hi);
        let before = (state_lo, state_hi);
        // Without a spike u is at most θ; with one, at least θ.
        (state_lo, state_hi) = (leak(u_lo), leak(u_hi.min(theta)));
        if u_hi >= theta {
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
        if before == (state_lo, state_hi) || signed_width(least).max(signed_width(most)) > 64 {
            break;
        }
    }
    signed_width(least).max(signed_width(most))
}

/// Width that holds a logit, its gain times any sum of `timesteps` inputs in `x`, and its
/// offset alone.
#[must_use]
pub fn logit_width(gain: i64, offset: i64, x: Range, timesteps: u32) -> u32 {
    let offset = i128::from(offset);
    let product = |x: i64| i128::from(gain) * i128::from(x) * i128::from(timesteps);
    [product(x.0), product(x.1)]
        .into_iter()
        .flat_map(|p| [p, p + offset])
        .chain([offset])
        .map(signed_width)
        .max()
        .unwrap_or(1)
}

/// Bits of a two's-complement number, sign included.
#[must_use]
pub fn signed_width(v: impl Into<i128>) -> u32 {
    let v: i128 = v.into();
    let magnitude = if v < 0 { !v } else { v };
    i128::BITS - magnitude.leading_zeros() + 1
}

#[cfg(test)]
mod tests {
    use super::signed_width;

    #[test]
    fn widths_of_signed_numbers() {
        let widths = [0, 1, -1, 2, -2, -3, 127, 128, -128, -129].map(|v: i64| signed_width(v));
        assert_eq!(widths, [1, 2, 1, 3, 2, 3, 8, 9, 8, 9]);
    }
}
