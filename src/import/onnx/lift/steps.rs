// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Operators that do the same to every timestep of a stream.

use super::{Lift, Stream, sign};
use crate::diag::{Result, codes};
use crate::import::onnx::node::Node;
use crate::import::onnx::values::ValueId;

/// Values that `accept`ed operators compute from each timestep in the same way, with
/// constants as all other operands: one list for each such operator, with one value a
/// timestep.
///
/// # Errors
/// [`codes::LIFT_TIMESTEPS`] if an operator that nothing else took follows some of the
/// timesteps only.
pub(super) fn groups(
    lift: &Lift<'_>,
    stream: &Stream,
    accept: impl Fn(&Node<'_>) -> bool,
) -> Result<Vec<Vec<ValueId>>> {
    let mut groups: Vec<Vec<Option<ValueId>>> = Vec::new();
    for (t, &step) in stream.steps.iter().enumerate() {
        for &user in lift.values.users(step) {
            if !lift.node(user).is_some_and(|n| is_plain(n) && accept(n))
                || !others_are_constant(lift, user, step)
            {
                continue;
            }
            let mut place = None;
            if lift.fuel.get() == 0 {
                return Ok(Vec::new());
            }
            for group in &mut groups {
                lift.spend(1);
                let first = group.iter().enumerate().find_map(|(s, v)| v.map(|v| (s, v)));
                let Some((s, like)) = first else { continue };
                let like_step = stream.steps.get(s).copied().unwrap_or(step);
                if group.get(t).is_some_and(Option::is_none)
                    && is_same(lift, (like, like_step), (user, step))
                {
                    place = group.get_mut(t);
                    break;
                }
            }
            if let Some(place) = place {
                *place = Some(user);
            } else {
                let mut group = vec![None; stream.steps.len()];
                if let Some(place) = group.get_mut(t) {
                    *place = Some(user);
                }
                groups.push(group);
            }
        }
    }
    let mut whole = Vec::new();
    for group in groups {
        match group.iter().copied().collect::<Option<Vec<_>>>() {
            Some(values) => whole.push(values),
            // Where the last timestep alone goes on, `time` makes a stream of it.
            None if only_last(&group) || only_shared(lift, stream, &group) => {}
            None => partial(lift, &group)?,
        }
    }
    Ok(whole)
}

/// The first timestep may be that of another stream, too: the first membrane that is the
/// current.
fn only_shared(lift: &Lift<'_>, stream: &Stream, group: &[Option<ValueId>]) -> bool {
    let others = group.iter().skip(1).all(Option::is_none);
    let first = stream.steps.first();
    let shares = |s: &Stream| s.node != stream.node && s.steps.first() == first;
    let known = first.is_some_and(|&v| lift.known.beginning(v, stream.flow).any(shares));
    lift.spend(lift.open.len());
    others && (known || lift.open.iter().any(shares))
}

fn only_last(group: &[Option<ValueId>]) -> bool {
    group.iter().position(Option::is_some).is_some_and(|first| first + 1 == group.len())
}

fn partial(lift: &Lift<'_>, group: &[Option<ValueId>]) -> Result<()> {
    let Some(&id) = group.iter().flatten().find(|v| !lift.account.has(**v)) else {
        return Ok(());
    };
    let present: Vec<_> =
        group.iter().enumerate().filter(|(_, v)| v.is_some()).map(|(t, _)| t + 1).collect();
    let message = format!(
        "this is computed for {} of {} timesteps only (the first is {})",
        present.len(),
        group.len(),
        present.first().copied().unwrap_or(0)
    );
    Err(lift.error(id, &codes::LIFT_TIMESTEPS, message).help(
        "every timestep must run the same layers with the same weights, and the output must use all of them",
    ))
}

/// One output, so that the value is the operator.
fn is_plain(node: &Node<'_>) -> bool {
    let is_known = node.is_standard() || sign::is_quantiser(node);
    is_known && node.proto.output.iter().filter(|o| !o.is_empty()).count() == 1
}

fn others_are_constant(lift: &Lift<'_>, user: ValueId, step: ValueId) -> bool {
    let mut steps = 0;
    let is_const = |o: &ValueId| {
        steps += usize::from(*o == step);
        *o == step || lift.values.constant(*o).is_some()
    };
    lift.values.operands(user).iter().flatten().all(is_const) && steps == 1
}

fn is_same(lift: &Lift<'_>, a: (ValueId, ValueId), b: (ValueId, ValueId)) -> bool {
    let (Some(x), Some(y)) = (lift.node(a.0), lift.node(b.0)) else { return false };
    let operands = |(user, step): (ValueId, ValueId)| {
        // The step itself stands as none, an operand left out as the largest index.
        let place = move |o: &Option<ValueId>| match o {
            Some(o) if *o == step => None,
            other => Some(other.unwrap_or(ValueId::MAX)),
        };
        lift.values.operands(user).iter().map(place)
    };
    x.op() == y.op() && x.proto.attribute == y.proto.attribute && operands(a).eq(operands(b))
}
