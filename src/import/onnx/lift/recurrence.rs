// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Follows a neuron through the unrolled timesteps.
//!
//! A firing neuron is a comparison `c[t]` of a membrane potential `m[t]` with a
//! threshold. `m[1]` depends on the current `i[1]` only; each further one is a sum over
//! `m[t−1]`, `c[t−1]`, `i[t]`, what a layer makes of `c[t−1]` where spikes come back, and
//! products of these with `c[t−1]`. The chain ends where no comparison continues it.

use std::collections::{BTreeSet, VecDeque};

use super::affine::{Atom, Form, Looked};
use super::coeff::Coeff;
use super::feedback::{self, Back};
use super::{Flow, Lift, Stream};
use crate::import::onnx::tensor::Tensor;
use crate::import::onnx::values::ValueId;
use crate::ir::Compare;

/// How far a comparison may be from what it depends on, in operators.
const MAX_DISTANCE: usize = 16;

/// What a membrane is compared with its threshold by.
const COMPARISONS: &[&str] = &["Greater", "GreaterOrEqual", "Less", "LessOrEqual"];

/// What a membrane is computed by.
const SUMS: &[&str] = &["Add", "Sub", "Mul", "Div", "Neg", "Sum", "Mean", "Cast", "Where", "Not"];

/// All of these.
pub(super) const OPERATORS: &[&str] = &[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Neg",
    "Sum",
    "Mean",
    "Cast",
    "Where",
    "Not",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
];

/// Terms of an update beyond which it is none of a neuron.
pub(super) const MAX_TERMS: usize = 8;

/// One timestep of a neuron.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The comparison, a boolean value: the spikes.
    pub(super) fires: ValueId,
    pub(super) membrane: ValueId,
    pub(super) threshold: Coeff,
    pub(super) compare: Compare,
    /// The membrane as a sum; `i[t]` and `m[t−1]` may be the same value (see `lif`).
    pub(super) form: Form,
    /// What it takes of a layer of the spikes before.
    pub(super) back: Option<Back>,
    /// That is taken off again where the neuron itself fired.
    pub(super) loses_back: bool,
    /// The current.
    pub(super) current: ValueId,
    /// Constants that are added between membrane and comparison.
    pub(super) shifts: usize,
    /// Values that this step accounts for.
    taken: BTreeSet<ValueId>,
}

/// The neurons that a stream drives, one after another.
pub(super) struct Search<'s> {
    stream: &'s Stream,
    open: VecDeque<ValueId>,
    /// Comparisons that are of neurons which were found.
    used: BTreeSet<ValueId>,
}

impl<'s> Search<'s> {
    pub(super) fn new(lift: &Lift<'_>, stream: &'s Stream) -> Self {
        let first = stream.steps.first().filter(|_| !matches!(stream.flow, Flow::End(_)));
        let open = first.map(|first| comparisons(lift, &[*first])).unwrap_or_default();
        Self { stream, open: open.into_iter().collect(), used: BTreeSet::new() }
    }

    /// The timesteps of the next neuron.
    pub(super) fn next(&mut self, lift: &Lift<'_>) -> Option<Vec<Step>> {
        while let Some(fires) = self.open.pop_front() {
            if self.used.contains(&fires) || lift.account.has(fires) {
                continue;
            }
            let Some(found) = chain(lift, self.stream, fires, &self.used) else { continue };
            if let ([first], true) = (&found[..], self.stream.is_static())
                && self.stream.steps.first() != Some(&first.membrane)
            {
                // A multiple of the current that all timesteps share becomes a stream itself.
                let multiple = self.stream.of(vec![first.membrane]);
                let whole = chain(lift, &multiple, fires, &self.used).unwrap_or_default();
                if whole.len() > 1 {
                    self.skip(whole.iter().map(|s| s.fires));
                    continue;
                }
            }
            self.skip(found.iter().map(|s| s.fires));
            return Some(found);
        }
        None
    }

    /// These comparisons belong to neurons.
    pub(super) fn skip(&mut self, fires: impl IntoIterator<Item = ValueId>) {
        self.used.extend(fires);
    }
}

/// The timesteps of the neuron that fires first at this comparison.
pub(super) fn chain(
    lift: &Lift<'_>,
    stream: &Stream,
    fires: ValueId,
    used: &BTreeSet<ValueId>,
) -> Option<Vec<Step>> {
    let mut chain = vec![step(lift, fires, *stream.steps.first()?, None)?];
    while let Some(next) = next(lift, stream, &chain, used) {
        // No neuron goes on where the gain changes. What the current of a synapse is a sum of
        // gets longer with every timestep.
        let gain = |s: &Step| s.form.coeff(Atom::Value(s.current));
        let last = chain.last().filter(|_| chain.len() > 2);
        let is_other = last.is_some_and(|last| !gain(last).is_near(&gain(&next), 0.0));
        chain.push(next);
        if is_other {
            break;
        }
    }
    Some(chain)
}

/// Where a constant that differs between the samples of a batch is added to the current:
/// no parameter does, so it is a state from the export.
pub(super) fn state_of_each_sample(lift: &Lift<'_>, stream: &Stream) -> Option<ValueId> {
    let current = stream.steps.first().copied()?;
    let shape = lift.values.shape(current)?;
    let is_state = |user: &ValueId| {
        let mut others = lift.values.operands(*user).iter().flatten();
        let of_samples = |t: &Tensor| Coeff::from_tensor(t, shape).is_none();
        matches!(lift.op(*user), "Add" | "Sub")
            && others.any(|&o| lift.values.constant(o).is_some_and(of_samples))
    };
    lift.values.users(current).iter().copied().find(is_state)
}

/// Values that a chain accounts for.
pub(super) fn taken(chain: &[Step]) -> Vec<ValueId> {
    chain.iter().flat_map(|s| s.taken.iter().copied()).collect()
}

fn next(
    lift: &Lift<'_>,
    stream: &Stream,
    chain: &[Step],
    used: &BTreeSet<ValueId>,
) -> Option<Step> {
    let last = chain.last()?;
    let current =
        if stream.is_static() { last.current } else { stream.steps.get(chain.len()).copied()? };
    let mut starts = vec![last.membrane, last.fires];
    if !stream.is_static() {
        starts.push(current);
    }
    let is_new = |id: &ValueId| !used.contains(id) && chain.iter().all(|s| s.fires != *id);
    comparisons(lift, &starts)
        .into_iter()
        .filter(is_new)
        .find_map(|fires| step(lift, fires, current, Some(last)))
}

/// What may be the membrane behind the last comparison, which nothing compares: as a timestep
/// with the threshold of those before, whose spikes are not there.
pub(super) fn uncompared(
    lift: &Lift<'_>,
    stream: &Stream,
    chain: &[Step],
) -> impl Iterator<Item = Step> {
    let last = chain.last();
    let current = match last {
        Some(last) if stream.is_static() => Some(last.current),
        _ => stream.steps.get(chain.len()).copied(),
    };
    let ends = last.zip(current);
    let near = ends.map(|(last, _)| reached(lift, &[last.membrane, last.fires]));
    near.into_iter().flatten().filter(|&id| is_sum(lift, id)).filter_map(move |id| {
        let (last, current) = ends?;
        let own = Atom::Value(last.membrane);
        let gated = Atom::product(last.membrane, last.fires);
        let allowed = of_update(current, last);
        let Looked { form, visited } =
            lift.look(id, [current, last.membrane, last.fires], MAX_TERMS);
        let form = form.with_truth(last.fires);
        let has = |atoms: &[Atom]| atoms.iter().any(|a| form.terms.contains_key(a));
        // Parts of it lack one of these.
        let is_whole = form.has_only(&allowed)
            && has(&allowed[..1])
            && has(&[own, gated])
            && has(&allowed[2..]);
        is_whole.then(|| Step {
            fires: id,
            membrane: id,
            threshold: last.threshold.clone(),
            compare: last.compare,
            form,
            back: None,
            loses_back: false,
            current,
            shifts: last.shifts,
            taken: visited.into_iter().collect(),
        })
    })
}

/// Is this what a membrane is compared with its threshold by?
pub(super) fn compares(lift: &Lift<'_>, id: ValueId) -> bool {
    COMPARISONS.contains(&lift.op(id))
}

/// Is this what a membrane is computed by?
pub(super) fn is_sum(lift: &Lift<'_>, id: ValueId) -> bool {
    SUMS.contains(&lift.op(id))
}

/// True if another comparison is reached from the last timestep of this chain.
pub(super) fn goes_on(lift: &Lift<'_>, chain: &[Step]) -> bool {
    let Some(last) = chain.last() else { return false };
    let is_new = |id: ValueId| chain.iter().all(|s| s.fires != id) && !lift.account.has(id);
    comparisons(lift, &[last.membrane, last.fires]).into_iter().any(is_new)
}

/// The comparison that would go on with this chain, if spikes did not multiply anything but
/// the membrane that they came from and its current.
pub(super) fn gated(lift: &Lift<'_>, stream: &Stream, chain: &[Step]) -> Option<ValueId> {
    let last = chain.last()?;
    let current = stream.steps.get(chain.len()).copied().unwrap_or(last.current);
    let stop = [current, last.membrane, last.fires];
    let is_gated = |fires: &ValueId| {
        let parts = lift.values.operands(*fires).iter().flatten();
        let mut forms = parts.map(|&x| lift.look(x, stop, MAX_TERMS).form);
        let own = of_update(current, last);
        let gates = |a: &Atom| match a {
            Atom::Product(a, b) => *a == last.fires || *b == last.fires,
            Atom::Value(_) => false,
        };
        forms.any(|f| f.terms.keys().any(|a| gates(a) && !own.contains(a)))
    };
    let is_new = |id: &ValueId| chain.iter().all(|s| s.fires != *id) && !lift.account.has(*id);
    // All timesteps take a static current.
    let starts = if stream.is_static() { &stop[1..] } else { &stop[..] };
    comparisons(lift, starts).into_iter().filter(is_new).find(is_gated)
}

/// Comparisons that are reached from `starts` through sums and products, in order.
fn comparisons(lift: &Lift<'_>, starts: &[ValueId]) -> BTreeSet<ValueId> {
    reached(lift, starts).into_iter().filter(|&id| compares(lift, id)).collect()
}

/// Comparisons, sums and products that are reached from `starts` through the latter two.
pub(super) fn reached(lift: &Lift<'_>, starts: &[ValueId]) -> BTreeSet<ValueId> {
    let mut open: VecDeque<_> = starts.iter().map(|&s| (s, 0)).collect();
    let mut found: BTreeSet<ValueId> = starts.iter().copied().collect();
    while let Some((id, distance)) = open.pop_front()
        && lift.fuel.get() > 0
    {
        for &user in lift.values.users(id) {
            lift.spend(1);
            let op = lift.op(user);
            if COMPARISONS.contains(&op) {
                found.insert(user);
            } else if SUMS.contains(&op) && distance < MAX_DISTANCE && found.insert(user) {
                open.push_back((user, distance + 1));
            }
        }
    }
    starts.iter().for_each(|s| {
        found.remove(s);
    });
    found
}

/// A value of which a comparison is true where `factor·x + shift` is above (or at least)
/// zero.
struct Compared {
    x: ValueId,
    factor: Coeff,
    shift: Coeff,
    /// Constants that were added on the way here.
    shifts: usize,
}

impl Compared {
    fn threshold(&self) -> Coeff {
        self.shift.zip(&self.factor, |s, f| -s / f).unwrap_or_else(|| Coeff::one(f64::NAN))
    }

    /// The same for what this value is computed from, if it is a sum with a constant or a
    /// multiple.
    fn inside(
        &self,
        lift: &Lift<'_>,
        constant: &impl Fn(ValueId) -> Option<Coeff>,
    ) -> Option<Self> {
        let l = lift.values.operand(self.x, 0)?;
        if lift.op(self.x) == "Neg" {
            let factor = self.factor.map(|f| -f);
            return Some(Self { x: l, factor, shift: self.shift.clone(), shifts: self.shifts });
        }
        let r = lift.values.operand(self.x, 1)?;
        let plus = |x, factor: &Coeff, c: &Coeff| {
            let more = self.factor.zip(c, |f, c| f * c)?;
            let shift = self.shift.zip(&more, |a, b| a + b)?;
            Some(Self { x, factor: factor.clone(), shift, shifts: self.shifts + 1 })
        };
        let times = |x, c: &Coeff, f: fn(f64, f64) -> f64| {
            let factor = self.factor.zip(c, f).filter(|_| c.all(|c| c > 0.0))?;
            Some(Self { x, factor, shift: self.shift.clone(), shifts: self.shifts })
        };
        match (lift.op(self.x), constant(l), constant(r)) {
            ("Add", None, Some(c)) => plus(l, &self.factor, &c),
            ("Add", Some(c), None) => plus(r, &self.factor, &c),
            ("Sub", None, Some(c)) => plus(l, &self.factor, &c.map(|v| -v)),
            ("Sub", Some(c), None) => plus(r, &self.factor.map(|f| -f), &c),
            ("Mul", None, Some(c)) => times(l, &c, |f, c| f * c),
            ("Mul", Some(c), None) => times(r, &c, |f, c| f * c),
            ("Div", None, Some(c)) => times(l, &c, |f, c| f / c),
            _ => None,
        }
    }
}

/// The timestep that ends in this comparison, if its membrane depends on the current and
/// the step before only.
fn step(lift: &Lift<'_>, fires: ValueId, current: ValueId, before: Option<&Step>) -> Option<Step> {
    let (a, b) = (lift.values.operand(fires, 0)?, lift.values.operand(fires, 1)?);
    let (above, below, compare) = match lift.op(fires) {
        "Greater" => (a, b, Compare::Above),
        "GreaterOrEqual" => (a, b, Compare::AtLeast),
        "Less" => (b, a, Compare::Above),
        "LessOrEqual" => (b, a, Compare::AtLeast),
        _ => return None,
    };
    let shape = lift.values.shape(current)?;
    if lift.values.shape(fires) != Some(shape) {
        return None;
    }
    let constant = |id: ValueId| {
        let number = lift.values.constant(id).and_then(|t| Coeff::from_tensor(t, shape))?;
        lift.spend(number.work());
        Some(number)
    };
    let (x, sign, shift) = match (constant(above), constant(below)) {
        (None, Some(c)) => (above, 1.0, c.map(|v| -v)),
        (Some(c), None) => (below, -1.0, c),
        _ => return None,
    };
    let shifts = usize::from(!shift.is_zero());
    let mut found = vec![Compared { x, factor: Coeff::one(sign), shift, shifts }];
    while let Some(outer) = found.last().filter(|c| c.x != current)
        && let Some(inner) = outer.inside(lift, &constant)
    {
        lift.spend(1);
        found.push(inner);
    }
    // Of the values that differ from the membrane by constants it is the one with the same
    // threshold as before; at first, the one that the next timestep goes on from.
    let goes_on = |c: &Compared| lift.values.users(c.x).len() > 1;
    let chosen = match before {
        Some(before) => found.iter().position(|c| c.threshold().is_near(&before.threshold, 0.0)),
        None => found.iter().position(goes_on),
    };
    let chosen = chosen.unwrap_or(found.len() - 1);
    let mut taken: BTreeSet<_> = found.iter().take(chosen).map(|c| c.x).collect();
    taken.insert(fires);
    let all = found.last().map_or(0, |c| c.shifts);
    let chosen = found.swap_remove(chosen);
    let (x, threshold) = (chosen.x, chosen.threshold());
    if !chosen.factor.all(|f| f > 0.0) {
        return None;
    }
    let mut stop = vec![current];
    let mut allowed = vec![Atom::Value(current)];
    if let Some(before) = before {
        stop.extend([before.membrane, before.fires]);
        allowed.extend_from_slice(&of_update(current, before)[1..]);
    }
    let mut form = if x == current {
        Form::atom(Atom::Value(x))
    } else {
        let looked = lift.look(x, stop, MAX_TERMS);
        // The first current of a synapse is what it takes up itself, as far as that shows.
        if before.is_none() && looked.visited.iter().any(|v| lift.account.has(*v)) {
            return None;
        }
        taken.extend(looked.visited);
        looked.form
    };
    if let Some(before) = before {
        form = form.with_truth(before.fires);
    }
    let split = before.and_then(|b| feedback::split(lift, &mut form, &allowed, b.fires));
    let loses_back = split.as_ref().is_some_and(|(_, lost)| *lost);
    let back = split.map(|(back, _)| back);
    if !form.has_only(&allowed) || !depends(&form, current, before) {
        return None;
    }
    Some(Step {
        fires,
        membrane: x,
        threshold,
        compare,
        form,
        back,
        loses_back,
        current,
        shifts: all,
        taken,
    })
}

/// What the update of a neuron is a sum of, beside what comes back: the current first.
fn of_update(current: ValueId, before: &Step) -> [Atom; 5] {
    let (own, fires) = (before.membrane, before.fires);
    [
        Atom::Value(current),
        Atom::Value(own),
        Atom::Value(fires),
        Atom::product(own, fires),
        Atom::product(current, fires),
    ]
}

/// True if the membrane takes up the current, and continues the step before.
fn depends(form: &Form, current: ValueId, before: Option<&Step>) -> bool {
    let has = |atom: Atom| form.terms.contains_key(&atom);
    if !has(Atom::Value(current)) {
        return false;
    }
    let Some(before) = before else { return true };
    let own = Atom::Value(before.membrane);
    before.current != current
        || has(Atom::Value(before.fires))
        || has(Atom::product(before.membrane, before.fires))
        || has(Atom::product(current, before.fires))
        // A static current may be the first membrane itself; then the leak adds to it.
        || (before.membrane != current && has(own))
        || (before.membrane == current && form.coeff(own) != before.form.coeff(own))
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, net, refusal, unroll, work};

    const SPIKES: &str = "d@ = Sub(m@, th)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1";
    const UPDATE: &str = "l@ = Mul(beta, m^)\na@ = Add(l@, i)\nm@ = Sub(a@, s^)";

    #[test]
    fn work_grows_as_timesteps_do() {
        let of = |timesteps: usize| {
            let spikes: Vec<_> = (1..=timesteps).map(|t| format!("s{t}")).collect();
            let text = net(&format!(
                "m1 = Identity(i)\n{}\n{}\ny = Sum({})",
                unroll(1, 1, SPIKES),
                unroll(2, timesteps, &format!("{UPDATE}\n{SPIKES}")),
                spikes.join(", ")
            ));
            let (graph, steps) = work(|| import(&text).unwrap().0);
            assert_eq!(graph.timesteps as usize, timesteps);
            steps
        };
        let (few, many) = (of(50), of(500));
        assert!(few > 0 && many < 11 * few, "{few}, {many}");
    }

    /// Each of the comparisons could be looked at from each other one: that takes more work than
    /// there is, and stops.
    #[test]
    fn a_fan_of_comparisons_ends_soon() {
        let fan =
            "const t@ f32 2: @ 1\nd@ = Sub(i, t@)\nf@ = Greater(d@, zero)\ns@ = Cast(f@) to=1";
        let spikes: Vec<_> = (1..=5000).map(|t| format!("s{t}")).collect();
        let text = net(&format!("{}\ny = Sum({})", unroll(1, 5000, fan), spikes.join(", ")));
        let (refused, steps) = work(|| refusal(&text));
        assert!(refused.starts_with("SF0"), "{refused}");
        // Four values a comparison, each with its constant.
        assert!(steps < 250 * 4 * 5000, "{steps}");
    }
}
