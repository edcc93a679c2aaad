// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Thresholds of 0 or below.
//!
//! A membrane that counts from c instead of 0, `v = u − c`, computes
//!
//! ```text
//! v[t] = λ v[t−1] + g x[t] + b − (1 − λ) c,  fires at θ − c,  begins and is reset at what was there − c
//! ```
//!
//! and with `c = θ − 1` its threshold is 1. A reset by subtraction takes θ off, which would
//! be another number then: it becomes a spike that comes back. Without a state there is
//! nothing to begin or to reset, and a comparison takes any threshold.

use super::coeff::Coeff;
use crate::ir::{Compare, Reset};

/// The numbers of a layer of neurons.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    pub(super) leak: Coeff,
    pub(super) bias: Coeff,
    pub(super) threshold: Coeff,
    pub(super) reset: Reset,
    pub(super) reset_to: Coeff,
    pub(super) start: Coeff,
    /// What each neuron takes of its own spike beside the reset.
    pub(super) own: Coeff,
}

/// What a reset by subtraction takes off.
pub(super) fn subtracted(reset: Reset, leak: &Coeff, threshold: &Coeff) -> Option<Coeff> {
    match reset {
        Reset::Soft => leak.zip(threshold, |l, t| -l * t),
        Reset::SoftDelayed => Some(threshold.map(|t| -t)),
        Reset::Hard | Reset::HardDelayed | Reset::None => Some(Coeff::one(0.0)),
    }
}

/// What a reset by subtraction adds before the first timestep, where a membrane of 0 fires.
pub(super) fn at_rest(
    reset: Reset,
    leak: &Coeff,
    threshold: &Coeff,
    compare: Compare,
) -> Option<Coeff> {
    let fires = |t: f64| t < 0.0 || (t == 0.0 && compare == Compare::AtLeast);
    let taken = subtracted(reset, leak, threshold)?;
    taken.zip(threshold, |s, t| if fires(t) { s } else { 0.0 })
}

impl Numbers {
    /// The same neurons with thresholds above 0; none if parameters do not belong to one shape.
    pub(super) fn raised(self) -> Option<Self> {
        if self.threshold.all(|t| t > 0.0) {
            return Some(self);
        }
        let (leak, threshold) = (&self.leak, &self.threshold);
        let own = self.own.zip(&subtracted(self.reset, leak, threshold)?, |a, b| a + b)?;
        let reset = if self.reset.is_to_a_value() { self.reset } else { Reset::None };
        let from = threshold.map(|t| if t > 0.0 { 0.0 } else { t - 1.0 });
        // What does not leak on has no influence.
        let seen = from.zip(leak, |c, l| if l == 0.0 { 0.0 } else { c })?;
        let less = from.zip(leak, |c, l| (1.0 - l) * c)?;
        let reset_to = match reset {
            Reset::Hard => self.reset_to.zip(&seen, |r, c| r - c)?,
            // Compared with the threshold, too.
            Reset::HardDelayed => self.reset_to.zip(&from, |r, c| r - c)?,
            _ => Coeff::one(0.0),
        };
        Some(Self {
            bias: self.bias.zip(&less, |b, c| b - c)?,
            threshold: threshold.zip(&from, |t, c| t - c)?,
            start: self.start.zip(&seen, |s, c| s - c)?,
            reset,
            reset_to,
            own,
            leak: self.leak,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron};
    use crate::ir::{Lif, Op, PerChannel, Reset};

    const ABOVE: &str = "th f32 -: 1";

    fn read(first: &str, body: &str, thresholds: &str) -> (Lif, Option<PerChannel<f64>>) {
        let text = neuron(first, body).replace(ABOVE, thresholds);
        let (graph, _) = import(&text).unwrap_or_else(|d| panic!("{} {d}", d.code.id));
        let Op::Lif(lif) = &graph.node(graph.find("lif1").unwrap()).op else { panic!() };
        let own = graph.find("scale2").map(|id| match &graph.node(id).op {
            Op::Scale(s) => s.factor.clone(),
            other => panic!("{other:?}"),
        });
        (lif.clone(), own)
    }

    #[test]
    fn what_leaks_with_the_reset_comes_back() {
        let soft = "r@ = Mul(s^, th)\nv@ = Sub(m^, r@)\nl@ = Mul(v@, beta)\nm@ = Add(l@, i)";
        let (lif, own) = read("m1 = Identity(i)", soft, "th f32 2: 0.5 -0.5");
        assert_eq!((lif.reset, lif.threshold), (Reset::None, PerChannel::Each(vec![0.5, 1.0])));
        assert_eq!(own, Some(PerChannel::Each(vec![-0.375, 0.375])));
        assert_eq!(lif.start, PerChannel::Each(vec![0.0, 1.5]));
        assert_eq!(lif.bias, PerChannel::Each(vec![0.0, 0.375]));
    }

    #[test]
    fn a_reset_to_zero_is_one_to_where_it_counts_from() {
        let zero = "v@ = Where(f^, zero, m^)\nl@ = Mul(v@, beta)\nm@ = Add(l@, i)";
        let (lif, own) = read("m1 = Identity(i)", zero, "th f32 -: 0");
        assert_eq!((lif.reset, lif.threshold, own), (Reset::Hard, PerChannel::All(1.0), None));
        assert_eq!((lif.start, lif.reset_to), (PerChannel::All(1.0), PerChannel::All(1.0)));
    }

    /// A membrane that is held is compared, whether it leaks or not.
    #[test]
    fn a_membrane_is_held_where_it_counts_from() {
        let body = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nq@ = Mul(a@, s^)\nm@ = Sub(a@, q@)";
        let (lif, own) = read("m1 = Identity(i)", body, "th f32 -: 0");
        assert_eq!(
            (lif.reset, lif.threshold, own),
            (Reset::HardDelayed, PerChannel::All(1.0), None)
        );
        assert_eq!((lif.start, lif.reset_to), (PerChannel::All(1.0), PerChannel::All(1.0)));
        let body = body.replace("Add(l@, i)", "Identity(i)");
        let (lif, _) = read("m1 = Identity(i)", &body, "th f32 -: 0");
        assert_eq!((lif.leak, lif.reset_to), (PerChannel::All(0.0), PerChannel::All(1.0)));
    }

    /// What fires at rest takes its threshold off before the first timestep.
    #[test]
    fn a_reset_before_the_first_timestep_is_the_start() {
        let delayed = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";
        let (lif, own) = read("m1 = Sub(i, th)", delayed, "th f32 -: -1.5");
        // 1.5 that has leaked by 3/4 is 2, and it counts from -2.5.
        assert_eq!((lif.start, own), (PerChannel::All(4.5), Some(PerChannel::All(1.5))));
    }
}
