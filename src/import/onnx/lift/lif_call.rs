// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `ai.synfire.Lif`: neurons that say what they are (docs/onnx-dialect.md).

use std::collections::BTreeSet;

use super::coeff::Coeff;
use super::{Effect, Flow, Found, Hint, Lift as Lifting, Pattern, Stream};
use crate::diag::{Diagnostic, Result, codes};
use crate::import::onnx::dialect::DOMAIN;
use crate::import::onnx::values::ValueId;
use crate::ir::{self, Compare, Op, PerChannel, Reset};

/// A chain of calls, each with the state that the one before left.
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
        let Some(&first) = stream.steps.first() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        // Spikes or state may have no user.
        let call = |&user: &ValueId| user - lift.values.output_of(user);
        let starts: BTreeSet<_> = lift.values.users(first).iter().map(call).collect();
        for start in starts {
            let state = lift.values.operand(start, 1);
            let Some(state) = state.and_then(|s| lift.values.constant(s)) else { continue };
            if !is_call(lift, start, first) || lift.account.has(start) {
                continue;
            }
            let chain = chain(lift, stream, start);
            if !stream.is_static() && chain.len() != stream.steps.len() {
                let message = format!(
                    "this neuron can be followed for {} of {} timesteps only",
                    chain.len(),
                    stream.steps.len()
                );
                return Err(lift.error(start, &codes::LIFT_NEURON, message).help(
                    "the state that a call returns is an operand of the next timestep's call",
                ));
            }
            let shape = lift.values.shape(first).unwrap_or_default();
            let state = Coeff::from_tensor(state, shape)
                .ok_or_else(|| bad(lift, start, "its state differs between samples"))?;
            let op = Op::Lif(neuron(lift, &chain, &state)?);
            found.push(Found {
                effect: Effect::Nodes(vec![(Hint::new("lif").scope(lift.node(start)), op)]),
                // Both results of a call.
                taken: chain.iter().flat_map(|&c| [c, c + 1]).collect(),
                steps: chain,
                flow: Flow::Steps,
            });
        }
        Ok(found)
    }
}

fn is_call(lift: &Lifting<'_>, id: ValueId, current: ValueId) -> bool {
    lift.node(id).is_some_and(|n| n.proto.domain() == DOMAIN && n.op() == "Lif")
        && lift.values.operand(id, 0) == Some(current)
}

/// The spikes of every timestep.
fn chain(lift: &Lifting<'_>, stream: &Stream, start: ValueId) -> Vec<ValueId> {
    let mut chain = vec![start];
    while let Some(&last) = chain.last() {
        lift.spend(1);
        let current =
            if stream.is_static() { stream.steps.first() } else { stream.steps.get(chain.len()) };
        let (Some(&current), state) = (current, last + 1) else { break };
        let is_state =
            lift.values.node(state) == lift.values.node(last) && lift.values.output_of(state) == 1;
        // The spikes may have no user: then only the state of the call is among them.
        let next = lift
            .values
            .users(state)
            .iter()
            .copied()
            .find(|&u| is_call(lift, u, current) && lift.values.operand(u, 1) == Some(state));
        match next {
            Some(next) if is_state => chain.push(next - lift.values.output_of(next)),
            _ => break,
        }
    }
    chain
}

fn bad(lift: &Lifting<'_>, id: ValueId, message: impl Into<String>) -> Box<Diagnostic> {
    lift.error(id, &codes::LIFT_NEURON, message)
        .help("docs/onnx-dialect.md says what the operands and attributes of Lif are")
}

fn neuron(lift: &Lifting<'_>, chain: &[ValueId], state: &Coeff) -> Result<ir::Lif> {
    let Some(&first) = chain.first() else {
        return Err(Diagnostic::internal("lif-call", "a neuron without timesteps"));
    };
    let current = lift.values.operand(first, 0);
    let shape = current.and_then(|id| lift.values.shape(id)).unwrap_or_default();
    let parameter = |i: usize, name: &str| -> Result<Coeff> {
        let id = lift.values.operand(first, i);
        if let Some(&other) = chain.iter().find(|&&c| lift.values.operand(c, i) != id) {
            return Err(bad(lift, other, format!("its {name} is another one than at first")));
        }
        let tensor = id.and_then(|id| lift.values.constant(id));
        tensor
            .and_then(|t| Coeff::from_tensor(t, shape))
            .ok_or_else(|| bad(lift, first, format!("its {name} is not constant per channel")))
    };
    let word = |id: ValueId, name: &str| -> Result<Option<String>> {
        Ok(lift.node(id).map(|n| n.text(name)).transpose()?.flatten().map(str::to_owned))
    };
    for &call in chain {
        if ["reset", "compare"].iter().any(|a| word(call, a).ok() != word(first, a).ok()) {
            return Err(bad(lift, call, "its attributes are others than at first"));
        }
    }
    let reset = match word(first, "reset")?.as_deref() {
        Some("soft") => Reset::Soft,
        Some("soft-delayed") => Reset::SoftDelayed,
        Some("hard") => Reset::Hard,
        Some("none") => Reset::None,
        other => return Err(bad(lift, first, format!("its reset is {other:?}"))),
    };
    let compare = match word(first, "compare")?.as_deref() {
        Some("above") => Compare::Above,
        Some("at-least") => Compare::AtLeast,
        other => return Err(bad(lift, first, format!("its compare is {other:?}"))),
    };
    let leak = parameter(2, "leak")?;
    // The state is what has leaked already.
    let start = if state.is_zero() {
        PerChannel::zero()
    } else {
        let start = state.zip(&leak, |s, l| if s == 0.0 { 0.0 } else { s / l });
        start
            .filter(|s| s.all(f64::is_finite))
            .ok_or_else(|| bad(lift, first, "its first state cannot be what leaked"))?
            .into_per_channel()
    };
    Ok(ir::Lif {
        leak: leak.into_per_channel(),
        gain: parameter(3, "gain")?.into_per_channel(),
        bias: parameter(4, "bias")?.into_per_channel(),
        threshold: parameter(5, "threshold")?.into_per_channel(),
        reset,
        compare,
        reset_to: parameter(6, "reset_to")?.into_per_channel(),
        start,
    })
}
