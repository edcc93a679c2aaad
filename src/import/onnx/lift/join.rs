// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Sums and concatenations of streams: residual connections, ensembles.
//!
//! Every operand of every timestep must belong to a stream that is known. The last of them
//! to become known finds the join; before that there is none.

use super::{Effect, Flow, Found, Hint, Lift, Pattern, Stream};
use crate::diag::{Result, codes};
use crate::import::onnx::values::ValueId;
use crate::ir::{Concat, Op};

/// Ways of choosing streams for the operands that are tried; more than one exists only
/// where a value belongs to several streams.
const MAX_CHOICES: usize = 16;

/// `Add` and `Sum` of streams, `Concat` of channels.
pub(super) struct Join;

impl Pattern for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn operators(&self) -> &'static [&'static str] {
        &["Add", "Sub", "Sum", "Concat"]
    }

    fn becomes(&self) -> &'static str {
        "`add` or `concat` of two or more streams: residual connections, ensembles; a difference is the sum with the negative"
    }

    fn find(&self, lift: &Lift<'_>, stream: &Stream) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let Some(&first) = stream.steps.first() else { return Ok(found) };
        for &user in lift.values.users(first) {
            lift.spend(1);
            if !self.operators().contains(&lift.op(user)) || lift.account.has(user) {
                continue;
            }
            for operands in choices(lift, stream, user) {
                if let Some(group) = group(lift, user, &operands) {
                    found.push(join(lift, stream, operands, group)?);
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Ways in which the operands of `user` are first timesteps of known streams.
fn choices<'l>(lift: &'l Lift<'_>, stream: &'l Stream, user: ValueId) -> Vec<Vec<&'l Stream>> {
    let operands = lift.values.operands(user);
    let mut slots: Vec<Vec<&Stream>> = Vec::with_capacity(operands.len());
    for &operand in operands {
        let streams = match operand {
            Some(operand) if stream.steps.first() == Some(&operand) => vec![stream],
            Some(operand) => lift.known.beginning(operand, stream.flow).take(MAX_CHOICES).collect(),
            None => Vec::new(),
        };
        lift.spend(1);
        if streams.is_empty() {
            return Vec::new();
        }
        slots.push(streams);
    }
    if slots.len() < 2 {
        return Vec::new();
    }
    let count = slots.iter().fold(1usize, |n, s| n.saturating_mul(s.len())).min(MAX_CHOICES);
    let choice = |mut number: usize| {
        let pick = |s: &Vec<&'l Stream>| {
            let picked = s.get(number % s.len()).copied();
            number /= s.len();
            picked
        };
        slots.iter().filter_map(pick).collect()
    };
    (0..count).map(choice).collect()
}

/// The operators like `first` that take these streams, one a timestep.
fn group(lift: &Lift<'_>, first: ValueId, operands: &[&Stream]) -> Option<Vec<ValueId>> {
    let like = lift.node(first)?;
    let mut flowing = operands.iter().filter(|s| !s.is_static());
    let count = flowing.clone().map(|s| s.steps.len()).max().unwrap_or(1);
    let flow = flowing.clone().next().map(|s| s.flow);
    if flowing.any(|s| s.steps.len() != count || Some(s.flow) != flow) {
        return None;
    }
    let at = |s: &Stream, t: usize| match s.flow {
        Flow::Steps => s.steps.get(t).copied(),
        _ => s.steps.first().copied(),
    };
    let same = |user: ValueId, t: usize| {
        let wanted = operands.iter().map(|s| at(s, t));
        lift.node(user).is_some_and(|n| {
            n.is_standard() && n.op() == like.op() && n.proto.attribute == like.proto.attribute
        }) && lift.values.operands(user).iter().copied().eq(wanted)
    };
    // The operand whose value is used least often leads to the operator soonest.
    let step = |t: usize| {
        let users = |v: &ValueId| lift.values.users(*v).len();
        let value = operands.iter().filter_map(|s| at(s, t)).min_by_key(users)?;
        lift.spend(users(&value));
        lift.values.users(value).iter().copied().find(|&u| same(u, t))
    };
    (0..count).map(step).collect()
}

fn join(
    lift: &Lift<'_>,
    stream: &Stream,
    operands: Vec<&Stream>,
    group: Vec<ValueId>,
) -> Result<Found> {
    let id = group.first().copied().unwrap_or_default();
    let node = lift.node(id);
    let (hint, op) = match (lift.op(id), node) {
        ("Concat", Some(node)) => {
            let rank = lift.values.shape(id).map_or(0, <[usize]>::len);
            let axis = node.int("axis")?.unwrap_or(0);
            let axis = if axis < 0 { axis + i64::try_from(rank).unwrap_or(0) } else { axis };
            let Some(axis) = usize::try_from(axis).ok().and_then(|a| a.checked_sub(1)) else {
                return Err(node.error(
                    &codes::LIFT_UNSUPPORTED,
                    "it puts samples of different batches together; only channels can be",
                ));
            };
            ("concat", Op::Concat(Concat { axis }))
        }
        _ => ("add", Op::Add),
    };
    // An operand that broadcasts would need another operator.
    let shape = lift.values.shape(id);
    let broadcasts = |s: &&Stream| s.steps.first().and_then(|&v| lift.values.shape(v)) != shape;
    if op == Op::Add && operands.iter().any(broadcasts) {
        let message = "the values that it adds have different shapes";
        return Err(lift.error(id, &codes::LIFT_UNSUPPORTED, message).help(
            "add streams of the same shape; a constant per channel is a bias of the layer before",
        ));
    }
    let flow = operands.iter().map(|s| s.flow).find(|f| *f != Flow::Static);
    let nodes: Vec<_> = operands.iter().map(|s| s.node).collect();
    let hint = Hint::new(hint).scope(node);
    let effect = match (lift.op(id), &nodes[..]) {
        ("Sub", &[whole, part]) => Effect::Difference(hint, whole, part),
        _ => Effect::Join(hint, op, nodes),
    };
    Ok(Found { flow: flow.unwrap_or(Flow::Static), ..Found::new(stream, effect, group) })
}

#[cfg(test)]
mod tests {
    use crate::import::onnx::testing::{import, net, refusal, unroll};
    use crate::ir::{Op, ReadoutKind};

    /// Two students on the same current, whose spikes `end` brings together.
    fn students(end: &str) -> String {
        let student = |n: &str, theta: &str| {
            let spikes = format!("f{n}@ = Greater(m{n}@, {theta})\ns{n}@ = Cast(f{n}@) to=1");
            let update = format!("l{n}@ = Mul(beta, m{n}^)\nm{n}@ = Add(l{n}@, i)");
            format!(
                "m{n}1 = Identity(i)\n{}\n{}",
                unroll(1, 1, &spikes),
                unroll(2, 3, &format!("{update}\n{spikes}"))
            )
        };
        net(&format!("const q f32 -: 0.5\n{}\n{}\n{end}", student("a", "th"), student("b", "q")))
    }

    fn operator(text: &str, name: &str) -> (Op, Vec<String>) {
        let (graph, _) = import(text).unwrap_or_else(|d| panic!("{} {d}", d.code.id));
        let id = graph.find(name).unwrap_or_else(|| panic!("{graph:?}"));
        let operands = graph.operands(id).iter().map(|&o| graph.node(o).name.clone()).collect();
        (graph.node(id).op.clone(), operands)
    }

    #[test]
    fn spikes_of_every_timestep_are_added() {
        for order in ["sa@, sb@", "sb@, sa@"] {
            let add = unroll(1, 3, &format!("z@ = Add({order})"));
            let (op, mut operands) =
                operator(&students(&format!("{add}\ny = Sum(z1, z2, z3)")), "add1");
            assert_eq!(op, Op::Add);
            operands.sort();
            assert_eq!(operands, ["lif1", "lif2"]);
        }
    }

    #[test]
    fn means_are_put_together_before_a_head() {
        let end = "a = Mean(sa1, sa2, sa3)\nb = Mean(sb1, sb2, sb3)\ng = Concat(a, b) axis=-1
            const head f32 4x3: 0.5 -0.5 0.5\nconst o f32 3: 1 2 3\nh = MatMul(g, head)\ny = Add(h, o)";
        let (op, operands) = operator(&students(end), "concat1");
        assert!(matches!(op, Op::Concat(ref c) if c.axis == 0), "{op:?}");
        assert_eq!(operands, ["lif1", "lif2"]);
        let (op, _) = operator(&students(end), "y");
        assert!(matches!(op, Op::Readout(ref r) if r.kind == ReadoutKind::Mean), "{op:?}");
    }

    #[test]
    fn what_flows_once_and_at_every_timestep_stays_apart() {
        let end = "a = Mean(sa1, sa2, sa3)\nz1 = Add(a, sb1)\nz2 = Add(a, sb2)\nz3 = Add(a, sb3)\ny = Sum(z1, z2, z3)";
        assert!(refusal(&students(end)).starts_with("SF01"), "{}", refusal(&students(end)));
        let end =
            "z1 = Add(sa1, sb2)\nz2 = Add(sa2, sb1)\nz3 = Add(sa3, sb3)\ny = Mean(z1, z2, z3)";
        assert!(refusal(&students(end)).starts_with("SF01"), "{}", refusal(&students(end)));
    }

    #[test]
    fn batches_are_not_put_together() {
        let cat = unroll(1, 3, "z@ = Concat(sa@, sb@) axis=0");
        let got = refusal(&students(&format!("{cat}\ny = Sum(z1, z2, z3)")));
        assert!(got.starts_with("SF0120") && got.contains("samples"), "{got}");
    }
}
