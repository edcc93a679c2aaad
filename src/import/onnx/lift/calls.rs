// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of `ai.synfire`: neurons, integrators and thresholds that say what they
//! are (docs/onnx-dialect.md).

use std::collections::BTreeSet;

use super::coeff::Coeff;
use super::{Effect, Flow, Found, Hint, Lift as Lifting, Pattern, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::dialect::DOMAIN;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Compare, Op, PerChannel, Reset};

/// A chain of calls of `Lif`, each with the state that the one before left.
pub(super) struct Lif;

impl Pattern for Lif {
    fn name(&self) -> &'static str {
        "lif-call"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Lif"]
    }

    fn becomes(&self) -> &'static str {
        "`lif`, from calls of `ai.synfire.Lif`"
    }

    fn find(&self, lift: &Lifting<'_>, stream: &Stream) -> Result<Vec<Found>> {
        find(lift, stream, "Lif", lif)
    }
}

/// A chain of calls of `Li`.
pub(super) struct Li;

impl Pattern for Li {
    fn name(&self) -> &'static str {
        "li-call"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Li"]
    }

    fn becomes(&self) -> &'static str {
        "`li`, from calls of `ai.synfire.Li`"
    }

    fn find(&self, lift: &Lifting<'_>, stream: &Stream) -> Result<Vec<Found>> {
        find(lift, stream, "Li", li)
    }
}

/// Calls of `Threshold`.
pub(super) struct Threshold;

impl Pattern for Threshold {
    fn name(&self) -> &'static str {
        "threshold-call"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Threshold"]
    }

    fn becomes(&self) -> &'static str {
        "`threshold`, from calls of `ai.synfire.Threshold`"
    }

    fn find(&self, lift: &Lifting<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let Some(&first) = stream.steps.first() else { return Ok(Vec::new()) };
        let users = lift.values.users(first).iter().copied();
        let mut found = Vec::new();
        for start in users.filter(|&u| is_call(lift, u, "Threshold", first)) {
            let operand = lift.values.operand(start, 1);
            let same = |&s: &ValueId| {
                lift.spend(1);
                lift.values.users(s).iter().copied().find(|&u| {
                    is_call(lift, u, "Threshold", s)
                        && lift.values.operand(u, 1) == operand
                        && attribute(lift, u, "compare") == attribute(lift, start, "compare")
                })
            };
            let Some(group) = stream.steps.iter().map(same).collect::<Option<Vec<_>>>() else {
                return Err(bad(lift, start, "it is not there for every timestep"));
            };
            let threshold = parameters(lift, &group)(1, "threshold")?.into_per_channel();
            let op = Op::Threshold(ir::Threshold { threshold, compare: compare(lift, start)? });
            let hint = Hint::new("threshold").scope(lift.node(start));
            found.push(Found::layer(stream, hint, op, group));
        }
        Ok(found)
    }
}

/// Every chain of calls of `op` on the stream; `make` reads a chain's parameters, given the
/// state at first.
fn find(
    lift: &Lifting<'_>,
    stream: &Stream,
    op: &'static str,
    make: fn(&Lifting<'_>, &[ValueId], &Coeff) -> Result<Op>,
) -> Result<Vec<Found>> {
    let Some(&first) = stream.steps.first() else { return Ok(Vec::new()) };
    // Results or state may have no user.
    let call = |&user: &ValueId| user - lift.values.output_of(user);
    let starts: BTreeSet<_> = lift.values.users(first).iter().map(call).collect();
    let mut found = Vec::new();
    for start in starts {
        let state = lift.values.operand(start, 1);
        let Some(state) = state.and_then(|s| lift.values.constant(s)) else { continue };
        if !is_call(lift, start, op, first) || lift.account.has(start) {
            continue;
        }
        let chain = chain(lift, stream, op, start);
        if !stream.is_static() && chain.len() != stream.steps.len() {
            let message = format!(
                "this neuron can be followed for {} of {} timesteps only",
                chain.len(),
                stream.steps.len()
            );
            return Err(lift
                .error(start, &codes::LIFT_NEURON, message)
                .help("the state that a call returns is an operand of the next timestep's call"));
        }
        let shape = lift.values.shape(first).unwrap_or_default();
        let state = Coeff::from_tensor(state, shape)
            .ok_or_else(|| bad(lift, start, "its state differs between samples"))?;
        let hint = Hint::new(if op == "Li" { "li" } else { "lif" }).scope(lift.node(start));
        found.push(Found {
            effect: Effect::Nodes(vec![(hint, make(lift, &chain, &state)?)]),
            // Both results of a call.
            taken: chain.iter().flat_map(|&c| [c, c + 1]).collect(),
            steps: chain,
            flow: Flow::Steps,
        });
    }
    Ok(found)
}

fn is_call(lift: &Lifting<'_>, id: ValueId, op: &str, x: ValueId) -> bool {
    lift.node(id).is_some_and(|n| n.proto.domain() == DOMAIN && n.op() == op)
        && lift.values.operand(id, 0) == Some(x)
}

/// The first result of every timestep's call.
fn chain(lift: &Lifting<'_>, stream: &Stream, op: &str, start: ValueId) -> Vec<ValueId> {
    let mut chain = vec![start];
    while let Some(&last) = chain.last() {
        lift.spend(1);
        let current =
            if stream.is_static() { stream.steps.first() } else { stream.steps.get(chain.len()) };
        let (Some(&current), state) = (current, last + 1) else { break };
        let is_state =
            lift.values.node(state) == lift.values.node(last) && lift.values.output_of(state) == 1;
        // The first result may have no user: then only the state is among them.
        let next =
            lift.values.users(state).iter().copied().find(|&u| {
                is_call(lift, u, op, current) && lift.values.operand(u, 1) == Some(state)
            });
        match next {
            Some(next) if is_state => chain.push(next - lift.values.output_of(next)),
            _ => break,
        }
    }
    chain
}

fn bad(lift: &Lifting<'_>, id: ValueId, message: impl Into<String>) -> Box<Diagnostic> {
    lift.error(id, &codes::LIFT_NEURON, message)
        .help("docs/onnx-dialect.md says what the operands and attributes of the operators are")
}

/// What reads operand `i`, which is called so, of all these calls.
fn parameters<'l>(
    lift: &'l Lifting<'_>,
    calls: &'l [ValueId],
) -> impl Fn(usize, &str) -> Result<Coeff> + 'l {
    let first = calls.first().copied().unwrap_or_default();
    let x = lift.values.operand(first, 0);
    let shape = x.and_then(|id| lift.values.shape(id)).unwrap_or_default();
    move |i, name| {
        let id = lift.values.operand(first, i);
        if let Some(&other) = calls.iter().find(|&&c| lift.values.operand(c, i) != id) {
            return Err(bad(lift, other, format!("its {name} is another one than at first")));
        }
        let tensor = id.and_then(|id| lift.values.constant(id));
        tensor
            .and_then(|t| Coeff::from_tensor(t, shape))
            .ok_or_else(|| bad(lift, first, format!("its {name} is not constant per channel")))
    }
}

fn attribute(lift: &Lifting<'_>, id: ValueId, name: &str) -> Option<String> {
    lift.node(id).and_then(|n| n.text(name).ok().flatten()).map(str::to_owned)
}

fn compare(lift: &Lifting<'_>, id: ValueId) -> Result<Compare> {
    match attribute(lift, id, "compare").as_deref() {
        Some("above") => Ok(Compare::Above),
        Some("at-least") => Ok(Compare::AtLeast),
        other => Err(bad(lift, id, format!("its compare is {other:?}"))),
    }
}

/// The start whose leak is the state.
fn start(lift: &Lifting<'_>, id: ValueId, state: &Coeff, leak: &Coeff) -> Result<PerChannel<f64>> {
    if state.is_zero() {
        return Ok(PerChannel::zero());
    }
    let start = state.zip(leak, |s, l| if s == 0.0 { 0.0 } else { s / l });
    start
        .filter(|s| s.all(f64::is_finite))
        .map(Coeff::into_per_channel)
        .ok_or_else(|| bad(lift, id, "its first state cannot be what leaked"))
}

fn li(lift: &Lifting<'_>, chain: &[ValueId], state: &Coeff) -> Result<Op> {
    let parameter = parameters(lift, chain);
    let first = chain.first().copied().unwrap_or_default();
    let leak = parameter(2, "leak")?;
    Ok(Op::Li(ir::Li {
        start: start(lift, first, state, &leak)?,
        leak: leak.into_per_channel(),
        gain: parameter(3, "gain")?.into_per_channel(),
        bias: parameter(4, "bias")?.into_per_channel(),
        resets: None,
    }))
}

fn lif(lift: &Lifting<'_>, chain: &[ValueId], state: &Coeff) -> Result<Op> {
    let parameter = parameters(lift, chain);
    let first = chain.first().copied().unwrap_or_default();
    for &call in chain {
        let differs = |a: &&str| attribute(lift, call, a) != attribute(lift, first, a);
        if ["reset", "compare"].iter().any(differs) {
            return Err(bad(lift, call, "its attributes are others than at first"));
        }
    }
    let reset = match attribute(lift, first, "reset").as_deref() {
        Some("soft") => Reset::Soft,
        Some("soft-delayed") => Reset::SoftDelayed,
        Some("hard") => Reset::Hard,
        Some("none") => Reset::None,
        other => return Err(bad(lift, first, format!("its reset is {other:?}"))),
    };
    let leak = parameter(2, "leak")?;
    Ok(Op::Lif(ir::Lif {
        start: start(lift, first, state, &leak)?,
        leak: leak.into_per_channel(),
        gain: parameter(3, "gain")?.into_per_channel(),
        bias: parameter(4, "bias")?.into_per_channel(),
        threshold: parameter(5, "threshold")?.into_per_channel(),
        reset,
        compare: compare(lift, first)?,
        reset_to: parameter(6, "reset_to")?.into_per_channel(),
    }))
}
