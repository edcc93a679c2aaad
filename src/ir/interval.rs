// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Interval analysis of what has a state: how far can a membrane, a logit go?
//!
//! `quantise` takes its widths from here and the verifier holds every declared width
//! against it, so that a graph written by hand cannot wrap either. Everything is computed
//! in 128 bits: parameters that have not been verified yet cannot overflow it.

use super::{Compare, FixedLi, FixedLif, FixedScale, Reset, entry};

/// Least and largest value.
pub type Range = (i64, i64);

/// Nothing that fits any declared width comes near it, and sums of it stay in 128 bits.
const FAR: i128 = 1 << 62;

/// A range in 64 bits; what is beyond every width stays so.
#[must_use]
pub fn range(lo: i128, hi: i128) -> Range {
    (lo.clamp(-FAR, FAR) as i64, hi.clamp(-FAR, FAR) as i64)
}

/// How a membrane integrates element `i` of `n`.
struct Membrane {
    leak_num: i128,
    leak_shift: u32,
    /// Range of what is added in a timestep.
    current: (i128, i128),
    start: i128,
}

impl Membrane {
    fn leak(&self, v: i128) -> i128 {
        (v * self.leak_num) >> self.leak_shift
    }

    /// Membranes that a current makes of `state`, and where a delayed reset holds some, its value.
    fn reached(&self, state: (i128, i128), held: Option<i128>) -> (i128, i128) {
        let u = (state.0 + self.current.0, state.1 + self.current.1);
        held.map_or(u, |to| (u.0.min(to), u.1.max(to)))
    }

    /// What a membrane in `u` leaves for the next timestep if it reaches `theta` or not.
    fn left(&self, u: (i128, i128), theta: i128, reset: Reset, reset_to: i128) -> (i128, i128) {
        // Without a spike u is at most θ; with one, at least θ.
        let below = (self.leak(u.0), self.leak(u.1.min(theta)));
        if u.1 < theta {
            return below;
        }
        let (lo, hi) = (u.0.max(theta), u.1);
        let above = match reset {
            Reset::Soft => (self.leak(lo - theta), self.leak(hi - theta)),
            Reset::SoftDelayed => (self.leak(lo) - theta, self.leak(hi) - theta),
            Reset::Hard => (self.leak(reset_to), self.leak(reset_to)),
            // Nothing is added to it: see `Membrane::reached`.
            Reset::HardDelayed => below,
            Reset::None => (self.leak(u.0), self.leak(hi)),
        };
        (below.0.min(above.0), below.1.max(above.1))
    }
}

/// The current of a membrane: ±x in its units, and the bias.
fn current(x: Range, sign: i8, frac: u32, bias: i64) -> (i128, i128) {
    let (a, b) = (i128::from(x.0) * i128::from(sign), i128::from(x.1) * i128::from(sign));
    let bias = i128::from(bias);
    ((a.min(b) << frac) + bias, (a.max(b) << frac) + bias)
}

/// Width that holds every value the registers of neuron `i` of `n` take in `timesteps`
/// steps, with its input in `x`: current, membrane before and after reset, and membrane
/// after leak and reset. Anything above 64 means "too wide".
#[must_use]
pub fn membrane_width(l: &FixedLif, i: usize, n: usize, x: Range, timesteps: u32) -> u32 {
    if l.frac > 62 || l.leak_shift > 31 {
        return u32::MAX;
    }
    let of = |list: &[i64]| i128::from(entry(list, i, n, 0));
    let (theta, reset_to) = (of(&l.threshold), of(&l.reset_to));
    let m = Membrane {
        leak_num: i128::from(l.leak_num.of(i, n)),
        leak_shift: l.leak_shift,
        current: current(x, entry(&l.sign, i, n, 1), l.frac, entry(&l.bias, i, n, 0)),
        start: of(&l.start),
    };
    let (lo, hi) = m.current;
    // The interval of the state that the next current is added to.
    let (mut state, mut held) = ((m.leak(m.start), m.leak(m.start)), None);
    let mut least = lo.min(0).min(m.start).min(reset_to);
    let mut most = hi.max(theta).max(m.start).max(reset_to);
    for _ in 0..timesteps {
        let (u, before) = (m.reached(state, held), (state, held));
        state = m.left(u, theta, l.reset, reset_to);
        held = (l.reset == Reset::HardDelayed && u.1 >= theta).then_some(reset_to);
        least = least.min(u.0).min(state.0);
        most = most.max(u.1).max(state.1);
        if before == (state, held) || wide(least, most) {
            break;
        }
    }
    signed_width(least).max(signed_width(most))
}

/// The spikes that neuron `i` of `n` can give with its input in `x`: (0, 0) if it fires in none of
/// `timesteps` steps, (1, 1) if it fires in every one, else (0, 1).
///
/// As long as it always did the same, its membrane grows with every current there was, so that the
/// bounds are membranes that the smallest and the largest currents give.
#[must_use]
pub fn spikes(l: &FixedLif, i: usize, n: usize, x: Range, timesteps: u32) -> Range {
    if l.frac > 62 || l.leak_shift > 31 {
        return (0, 1);
    }
    let of = |list: &[i64]| i128::from(entry(list, i, n, 0));
    let (theta, reset_to, start) = (of(&l.threshold), of(&l.reset_to), of(&l.start));
    let m = Membrane {
        leak_num: i128::from(l.leak_num.of(i, n)),
        leak_shift: l.leak_shift,
        current: current(x, entry(&l.sign, i, n, 1), l.frac, entry(&l.bias, i, n, 0)),
        start,
    };
    let fires = |u: i128| match l.compare {
        Compare::AtLeast => u >= theta,
        Compare::Above => u > theta,
    };
    let mut u = m.reached((m.leak(m.start), m.leak(m.start)), None);
    let always = fires(u.0);
    for _ in 0..timesteps {
        if fires(u.0) != always || fires(u.1) != always || wide(u.0, u.1) {
            return (0, 1);
        }
        let left = |u: i128| match l.reset {
            Reset::Soft if always => m.leak(u - theta),
            Reset::SoftDelayed if always => m.leak(u) - theta,
            Reset::Hard if always => m.leak(reset_to),
            _ => m.leak(u),
        };
        let next = match l.reset {
            Reset::HardDelayed if always => (reset_to, reset_to),
            _ => m.reached((left(u.0), left(u.1)), None),
        };
        if next == u {
            break;
        }
        u = next;
    }
    if always { (1, 1) } else { (0, 0) }
}

fn wide(least: i128, most: i128) -> bool {
    signed_width(least).max(signed_width(most)) > 64
}

/// Every value that integrator `i` of `n` takes in `timesteps` steps, its start and what a
/// reset compares with and leaves included, with its input in `x`.
#[must_use]
pub fn integrator(l: &FixedLi, i: usize, n: usize, x: Range, timesteps: u32) -> Range {
    if l.frac > 62 || l.leak_shift > 31 {
        return range(-FAR, FAR);
    }
    let start = i128::from(entry(&l.start, i, n, 0));
    let m = Membrane {
        leak_num: i128::from(l.leak_num.of(i, n)),
        leak_shift: l.leak_shift,
        current: current(x, entry(&l.sign, i, n, 1), l.frac, entry(&l.bias, i, n, 0)),
        start,
    };
    let (lo, hi) = m.current;
    let resets = l.resets.as_ref().map(|r| {
        let of = |list: &[i64]| i128::from(entry(list, i, n, 0));
        (of(&r.threshold), r.reset, of(&r.reset_to))
    });
    let (mut state, mut held) = ((m.leak(start), m.leak(start)), None);
    let (mut least, mut most) = (start.min(lo), start.max(hi));
    if let Some((theta, _, reset_to)) = resets {
        // A membrane on its threshold leaves 0.
        (least, most) = (least.min(reset_to).min(0), most.max(theta).max(reset_to));
    }
    for _ in 0..timesteps {
        let (u, before) = (m.reached(state, held), (state, held));
        state = match resets {
            None => (m.leak(u.0), m.leak(u.1)),
            Some((theta, reset, reset_to)) => {
                held = (reset == Reset::HardDelayed && u.1 >= theta).then_some(reset_to);
                m.left(u, theta, reset, reset_to)
            }
        };
        (least, most) = (least.min(u.0), most.max(u.1));
        if resets.is_some() {
            // What a delayed reset leaves may be below all membranes.
            (least, most) = (least.min(state.0), most.max(state.1));
        }
        if before == (state, held) || wide(least, most) {
            break;
        }
    }
    range(least, most)
}

/// The results of a scale for element `i` of `n` with its input in `x`; none if a product
/// or a sum before the shift exceeds 62 bits.
#[must_use]
pub fn scaled(s: &FixedScale, i: usize, n: usize, x: Range) -> Option<Range> {
    let (gain, offset) = (entry(&s.gain, i, n, 0), entry(&s.offset, i, n, 0));
    let product = |x: i64| i128::from(gain) * i128::from(x);
    let (a, b) = (product(x.0), product(x.1));
    let (lo, hi) = (a.min(b) + i128::from(offset), a.max(b) + i128::from(offset));
    let fits = |v: &i128| signed_width(*v) <= 62;
    if s.shift > 62 || ![a, b, lo, hi].iter().all(fits) {
        return None;
    }
    Some(range(lo >> s.shift, hi >> s.shift))
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

/// Width that holds a range.
#[must_use]
pub fn range_width((lo, hi): Range) -> u32 {
    signed_width(lo).max(signed_width(hi))
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
    use super::{integrator, membrane_width, signed_width};
    use crate::ir::{Compare, FixedLi, FixedLif, FixedResets, Gives, PerChannel, Reset};

    /// A current of 5 to 10 reaches 8 at once. What a late reset leaves of it is −8, less than
    /// any membrane of this timestep.
    #[test]
    fn what_a_reset_leaves_is_in_the_range() {
        let resets = |reset| FixedResets {
            threshold: vec![8],
            reset,
            compare: Compare::AtLeast,
            reset_to: Vec::new(),
            gives: Gives::Before,
        };
        let of = |reset, timesteps| {
            let l = FixedLi {
                leak_num: PerChannel::All(0),
                leak_shift: 0,
                frac: 0,
                width: 8,
                bias: vec![5],
                sign: Vec::new(),
                start: Vec::new(),
                resets: Some(resets(reset)),
            };
            integrator(&l, 0, 1, (0, 5), timesteps)
        };
        assert_eq!([1, 9].map(|t| of(Reset::SoftDelayed, t)), [(-8, 10); 2]);
        assert_eq!([1, 9].map(|t| of(Reset::Soft, t)), [(0, 10); 2]);
    }

    /// 4 to 5 fires at 5, is held at 30 and leaks on from there; not before it has fired.
    #[test]
    fn what_is_held_is_in_the_range() {
        let resets = FixedResets {
            threshold: vec![5],
            reset: Reset::HardDelayed,
            compare: Compare::AtLeast,
            reset_to: vec![-30],
            gives: Gives::Before,
        };
        let l = FixedLi {
            leak_num: PerChannel::All(1),
            leak_shift: 0,
            frac: 0,
            width: 8,
            bias: vec![0],
            sign: Vec::new(),
            start: Vec::new(),
            resets: Some(resets),
        };
        let of = |x, timesteps| integrator(&l, 0, 1, x, timesteps);
        assert_eq!([1, 2].map(|t| of((-4, 5), t)), [(-30, 5), (-30, 10)]);
        // From −30 on by −4.
        assert_eq!(of((-4, 5), 3), (-34, 10));
        assert_eq!(of((-4, 4), 2), (-30, 8));
        let fires = FixedLif {
            leak_num: PerChannel::All(1),
            leak_shift: 0,
            frac: 0,
            width: 8,
            bias: vec![0],
            threshold: vec![5],
            reset: Reset::HardDelayed,
            compare: Compare::AtLeast,
            sign: Vec::new(),
            reset_to: vec![-30],
            start: Vec::new(),
        };
        // −30 and −32 take 6 bits, −34 seven.
        let width = |timesteps| membrane_width(&fires, 0, 1, (-4, 5), timesteps);
        assert_eq!([1, 2, 3].map(width), [6, 6, 7]);
    }

    #[test]
    fn widths_of_signed_numbers() {
        let widths = [0, 1, -1, 2, -2, -3, 127, 128, -128, -129].map(|v: i64| signed_width(v));
        assert_eq!(widths, [1, 2, 1, 3, 2, 3, 8, 9, 8, 9]);
    }
}
