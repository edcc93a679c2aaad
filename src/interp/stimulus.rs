// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What the model's input presents at a timestep.

use super::Stimulus;
use super::value::Value;
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Kind, Node, NodeId, Op};

/// In which form the model's input presents levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As bit planes, for sums of bits.
    Planes,
    /// As real numbers: all that is done with them is to scale them, which would unpack the planes.
    Reals,
}

impl Form {
    /// What those who use the input take.
    pub(super) fn of(graph: &Graph, order: &[NodeId]) -> Self {
        let is_input = |id: &NodeId| matches!(graph.node(*id).op, Op::Input(_));
        let mut users = order.iter().filter(|&id| graph.operands(*id).iter().any(is_input));
        let scales = |id: &NodeId| matches!(graph.node(*id).op, Op::Scale(_));
        if users.all(scales) { Self::Reals } else { Self::Planes }
    }
}

/// The value of the input `node` at timestep `t`.
pub(super) fn present(node: &Node, form: Form, stimulus: Stimulus<'_>, t: usize) -> Result<Value> {
    let changes = matches!(stimulus, Stimulus::LevelSteps(_) | Stimulus::RealSteps(_));
    if changes && node.stream.is_static {
        return Err(bad(node, "the input changes over time; the model's input does not"));
    }
    match stimulus {
        Stimulus::Levels(v) => levels(node, form, v),
        Stimulus::LevelSteps(steps) => match steps.get(t) {
            Some(v) => levels(node, form, v),
            None => Ok(Value::zeros(&node.stream)),
        },
        Stimulus::Reals(v) => reals(node, form, v),
        Stimulus::RealSteps(steps) => match steps.get(t) {
            Some(v) => reals(node, form, v),
            None => Ok(Value::zeros(&node.stream)),
        },
    }
}

fn bad(node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::INPUT_SHAPE, message).at(node.name.clone())
}

fn count(node: &Node, given: usize) -> Result<()> {
    if given == node.stream.len() {
        return Ok(());
    }
    Err(bad(node, format!("{given} values were given; the model takes {}", node.stream)))
}

fn levels(node: &Node, form: Form, v: &[u16]) -> Result<Value> {
    count(node, v.len())?;
    let as_reals = || Value::Real(v.iter().map(|v| f64::from(*v)).collect());
    let bits = match node.stream.kind {
        Kind::Spikes => 1,
        Kind::Levels { bits } => bits,
        Kind::Real | Kind::Current { .. } => return Ok(as_reals()),
    };
    // Without an end in the middle all of them are compared at once.
    let all = v.iter().fold(0, |all, v| all | v);
    if u32::from(all) >> bits != 0 {
        let large = v.iter().find(|v| u32::from(**v) >> bits != 0).unwrap_or(&all);
        return Err(bad(node, format!("level {large} does not fit into {bits} bits")));
    }
    Ok(if form == Form::Reals { as_reals() } else { Value::from_levels(v, bits) })
}

fn reals(node: &Node, form: Form, v: &[f64]) -> Result<Value> {
    count(node, v.len())?;
    if let Some(v) = v.iter().find(|v| !v.is_finite()) {
        return Err(bad(node, format!("a value is {v}")));
    }
    if node.stream.kind == Kind::Real {
        return Ok(Value::Real(v.to_vec()));
    }
    let whole = |v: &f64| (v.fract() == 0.0 && (0.0..65536.0).contains(v)).then_some(*v as u16);
    match v.iter().map(whole).collect::<Option<Vec<u16>>>() {
        Some(v) => levels(node, form, &v),
        None => Err(bad(node, format!("the model takes {}, not real numbers", node.stream))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Input, PerChannel, Scale};

    /// Whoever works on integers needs the planes, whatever others do with the same input.
    #[test]
    fn levels_that_are_scaled_alone_stay_as_they_are() {
        let mut graph = Graph::new("g", 1);
        let input = Op::Input(Input { shape: vec![3], bits: Some(8), is_static: true });
        let x = graph.add("x", input, &[]).unwrap();
        graph.add("y", Op::Scale(Scale::by(PerChannel::All(0.5))), &[x]).unwrap();
        assert_eq!(Form::of(&graph, &graph.order().unwrap()), Form::Reals);
        graph.add("z", Op::Relu, &[x]).unwrap();
        assert_eq!(Form::of(&graph, &graph.order().unwrap()), Form::Planes);
    }
}
