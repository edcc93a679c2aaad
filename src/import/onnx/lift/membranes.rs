// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Membranes of neurons that reset, which are read in the place of their spikes.
//!
//! snnTorch gives the membrane that its neurons fire with, before the reset that comes a
//! timestep later: nothing compares the last one. `SpikingJelly`, and loops by hand, give
//! what the reset has left: `u − θ s`, or a constant in the place of u. Both are the
//! recurrence of neurons ([`super::lif`]); what flows on are membranes.

use super::affine::Atom;
use super::coeff::Coeff;
use super::lif::{self, Neuron};
use super::recurrence::{self, MAX_TERMS, Step};
use super::{Hint, Lift, Stream};
use crate::import::onnx::values::ValueId;
use crate::ir::{Gives, Li, Lif, Op, Reset, Resets};

/// Values that may be a membrane, beyond which none is tried.
const MAX_TRIED: usize = 16;

/// What of the timesteps of a layer flows on.
pub(super) struct Read {
    pub(super) neuron: Neuron,
    /// One value a timestep.
    pub(super) steps: Vec<ValueId>,
    pub(super) taken: Vec<ValueId>,
}

/// The membranes of this chain; none where its spikes are read, or where spikes come back
/// through more than the reset.
pub(super) fn read(lift: &Lift<'_>, stream: &Stream, chain: &[Step]) -> Option<Read> {
    if !chain.iter().all(|s| s.threshold.all(|t| t > 0.0)) {
        return None;
    }
    before(lift, stream, chain).or_else(|| after(lift, stream, chain))
}

/// Membranes with which neurons fire; of the last timestep nothing is compared.
fn before(lift: &Lift<'_>, stream: &Stream, chain: &[Step]) -> Option<Read> {
    if !stream.is_static() && chain.len() + 1 != stream.steps.len() {
        return None;
    }
    recurrence::uncompared(lift, stream, chain).take(MAX_TRIED).find_map(|last| {
        let steps: Vec<_> = chain.iter().map(|s| s.membrane).chain([last.membrane]).collect();
        let mut whole = chain.to_vec();
        whole.push(last);
        let neuron = resetting(lift, stream, &whole, Gives::Before)?;
        Some(Read { neuron, steps, taken: recurrence::taken(&whole) })
    })
}

/// Membranes that the reset has left.
fn after(lift: &Lift<'_>, stream: &Stream, chain: &[Step]) -> Option<Read> {
    let is_whole = stream.is_static() || chain.len() == stream.steps.len();
    let last = chain.last().filter(|_| is_whole && chain.len() > 1)?;
    left(lift, last, None)?;
    let neuron = resetting(lift, stream, chain, Gives::After)?;
    let [(_, Op::Li(Li { resets: Some(resets), .. }))] = &neuron.layers[..] else { return None };
    let mut taken = recurrence::taken(chain);
    let mut steps = Vec::with_capacity(chain.len());
    for step in chain {
        let (id, more) = left(lift, step, Some(resets))?;
        steps.push(id);
        taken.extend(more);
    }
    Some(Read { neuron, steps, taken })
}

/// What a reset leaves of the membrane of this timestep, and what that is computed by; any
/// reset if none is given.
fn left(lift: &Lift<'_>, step: &Step, resets: Option<&Resets>) -> Option<(ValueId, Vec<ValueId>)> {
    let (u, s) = (Atom::Value(step.membrane), Atom::Value(step.fires));
    let gated = Atom::product(step.membrane, step.fires);
    let one = Coeff::one(1.0);
    let near = recurrence::reached(lift, &[step.membrane, step.fires]);
    let near = near.into_iter().filter(|&id| recurrence::is_sum(lift, id)).take(MAX_TRIED);
    let found = near.filter_map(|id| {
        let looked = lift.look(id, [step.membrane, step.fires], MAX_TERMS);
        let form = looked.form;
        let is_left = form.has_only(&[u, s, gated])
            && form.constant.is_zero()
            && form.coeff(u).is_near(&one, 0.0);
        let taken_off = form.coeff(s);
        let is_own = match resets.map(|r| (r.reset, &r.reset_to)) {
            None => !taken_off.is_zero() || !form.coeff(gated).is_zero(),
            Some((Reset::Soft, _)) => {
                form.coeff(gated).is_zero() && taken_off.is_near(&step.threshold.map(|t| -t), 0.0)
            }
            Some((Reset::Hard, to)) => {
                form.coeff(gated).is_near(&one.map(|v| -v), 0.0)
                    && taken_off.into_per_channel() == *to
            }
            Some(_) => false,
        };
        (is_left && is_own).then(|| (id, looked.visited.into_iter().collect()))
    });
    // Others are computed from the same sum, such as one with 0 times the spikes.
    found.last()
}

/// The integrator that a layer of neurons is whose membranes are read.
fn resetting(lift: &Lift<'_>, stream: &Stream, chain: &[Step], gives: Gives) -> Option<Neuron> {
    let neuron = lif::neuron(lift, stream, chain).ok().filter(|n| n.ways.is_empty())?;
    let [(_, Op::Lif(l))] = &neuron.layers[..] else { return None };
    let Lif { leak, gain, bias, threshold, reset, compare, reset_to, start } = l.clone();
    if reset == Reset::None || (gives == Gives::After && reset.is_delayed()) {
        return None;
    }
    let resets = Some(Resets { threshold, reset, compare, reset_to, gives });
    let hint = Hint::new("li").scope_of_call(chain.first().and_then(|s| lift.node(s.fires)));
    let layers = vec![(hint, Op::Li(Li { leak, gain, bias, start, resets }))];
    Some(Neuron { layers, ..neuron })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, neuron, op, refusal};
    use crate::ir::{Gives, Li, Op, PerChannel, ReadoutKind, Reset, Resets};

    const FIRST: &str = "m1 = Identity(i)";
    const SUBTRACT: &str =
        "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nr@ = Mul(s^, th)\nm@ = Sub(a@, r@)";
    const ZERO: &str = "o@ = Sub(one, s^)\nh@ = Mul(o@, m^)\nl@ = Mul(beta, h@)\nm@ = Add(l@, i)";
    /// Membranes that have been reset, `v`, are what leaks.
    const SOFT: &str = "l@ = Mul(beta, v^)\nm@ = Add(l@, i)";

    fn text(body: &str, end: &str) -> String {
        neuron(FIRST, body).replace("y = Sum(s1, s2, s3)", end)
    }

    fn li(text: &str) -> Li {
        match op(text, "li1") {
            Op::Li(li) => li,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn membranes_before_a_delayed_reset() {
        for (end, kind) in [
            ("y = Sum(m1, m2, m3)", ReadoutKind::Sum),
            ("y = Mean(m1, m2, m3)", ReadoutKind::Mean),
            ("y = Identity(m3)", ReadoutKind::Last),
        ] {
            for (body, reset) in [(SUBTRACT, Reset::SoftDelayed), (ZERO, Reset::Hard)] {
                let text = text(body, end);
                let li = li(&text);
                assert_eq!((li.leak, li.gain), (PerChannel::All(0.75), PerChannel::All(1.0)));
                let resets = Resets {
                    threshold: PerChannel::All(1.0),
                    reset,
                    compare: crate::ir::Compare::Above,
                    reset_to: PerChannel::zero(),
                    gives: Gives::Before,
                };
                assert_eq!(li.resets, Some(resets), "{end}");
                let Op::Readout(r) = op(&text, "y") else { panic!("{end}") };
                assert_eq!(r.kind, kind, "{end}");
                assert_eq!(import(&text).unwrap().0.timesteps, 3);
            }
        }
    }

    #[test]
    fn membranes_after_the_reset() {
        let soft = "q@ = Mul(s@, th)\nv@ = Sub(m@, q@)";
        let hard = "v@ = Where(f@, zero, m@)";
        for (left, reset) in [(soft, Reset::Soft), (hard, Reset::Hard)] {
            let text = text(SOFT, "y = Sum(v1, v2, v3)");
            let spikes = "s@ = Cast(f@) to=1";
            let text = (1..=3).fold(text, |text, t| {
                let t = t.to_string();
                let spikes = spikes.replace('@', &t);
                text.replace(&spikes, &format!("{spikes}\n{}", left.replace('@', &t)))
            });
            let resets = li(&text).resets.unwrap();
            assert_eq!((resets.reset, resets.gives), (reset, Gives::After));
        }
    }

    #[test]
    fn what_is_no_membrane_of_every_timestep_is_refused() {
        // The leak of the last timestep is another one.
        let other = text(SUBTRACT, "y = Sum(m1, m2, m3)").replace("Mul(beta, m2)", "Mul(th, m2)");
        assert!(refusal(&other).starts_with("SF012"), "{}", refusal(&other));
        // Spikes come back with another size than the threshold's.
        let own =
            text("l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)", "y = Sum(m1, m2, m3)")
                .replace("th f32 -: 1", "th f32 -: 0.25");
        assert!(refusal(&own).starts_with("SF012"), "{}", refusal(&own));
        // These would count from another value than the membranes that are read.
        for body in [SUBTRACT, ZERO] {
            let low = text(body, "y = Sum(m1, m2, m3)").replace("th f32 -: 1", "th f32 -: -1");
            assert!(refusal(&low).starts_with("SF012"), "{}", refusal(&low));
        }
    }
}
