// SPDX-License-Identifier: Apache-2.0 OR MIT
//! What is left of an integer graph when hardware is told at run time to leave timesteps and
//! members out: the graph that such an inference computes.

use super::{Options, Pass, reduce_timesteps::ReduceTimesteps, unsupported};
use crate::diag::Result;
use crate::ir::{BitMatrix, FixedLif, Graph, Linear, NodeId, Op, PerChannel, Weights};

/// The layers of an integer graph that an ensemble's members are parts of: each member has a part
/// of the first two's outputs, and of the third's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The linear layer of all members.
    pub linear: NodeId,
    /// Their neurons.
    pub neurons: NodeId,
    /// The linear layer that weighs them.
    pub head: NodeId,
}

/// The layers of which members are parts: the last neurons, the linear layer before them and the
/// one behind.
///
/// # Errors
/// SF0302 if other operators are there.
pub fn parts(graph: &Graph) -> Result<Parts> {
    let order = graph.order()?;
    let fires = |id: &NodeId| matches!(graph.node(*id).op, Op::FixedLif(_));
    let is_linear = |id: &NodeId| matches!(graph.node(*id).op, Op::Linear(_));
    let refused = |what: &str| {
        unsupported(format!(
            "members are left out at run time where they are one layer each: {what}"
        ))
        .help("leave --knobs out; `--keep-members` leaves members out for good")
    };
    let neurons = order.into_iter().rfind(fires).ok_or_else(|| refused("no layer fires"))?;
    let at = |d: Box<crate::diag::Diagnostic>| d.at(graph.node(neurons).name.clone());
    let before = graph.operands(neurons).first().copied().filter(is_linear);
    let linear = before.ok_or_else(|| at(refused("no linear layer is before these neurons")))?;
    let head = match graph.users(neurons)[..] {
        [head] if is_linear(&head) => head,
        _ => return Err(at(refused("no linear layer alone is behind these neurons"))),
    };
    Ok(Parts { linear, neurons, head })
}

/// The first `timesteps` timesteps, and of `count` members those in `members`, which are in order.
///
/// # Errors
/// What [`parts`] and `reduce-timesteps` refuse.
pub fn kept(graph: &Graph, timesteps: u32, members: &[u32], count: u32) -> Result<Graph> {
    let mut graph = graph.clone();
    let options = Options { keep_timesteps: Some(timesteps), ..Options::default() };
    ReduceTimesteps.run(&mut graph, &options)?;
    if members.len() < count as usize {
        let parts = parts(&graph)?;
        let size = graph.node(parts.neurons).stream.len() / count.max(1) as usize;
        let places: Vec<usize> =
            members.iter().flat_map(|m| (0..size).map(move |j| *m as usize * size + j)).collect();
        if let Op::Linear(linear) = graph.op_mut(parts.linear) {
            rows(linear, &places);
        }
        if let Op::FixedLif(lif) = graph.op_mut(parts.neurons) {
            channels(lif, &places);
        }
        if let Op::Linear(head) = graph.op_mut(parts.head) {
            columns(head, &places);
        }
        graph.refresh()?;
    }
    Ok(graph)
}

fn rows(linear: &mut Linear, places: &[usize]) {
    let inputs = linear.weights.inputs();
    match &mut linear.weights {
        Weights::Binary { signs, .. } => {
            *signs = BitMatrix::from_fn(places.len(), inputs, |r, c| signs.get(places[r], c));
        }
        Weights::Integer { values, .. } => {
            *values =
                places.iter().flat_map(|r| values[r * inputs..(r + 1) * inputs].to_vec()).collect();
        }
        Weights::Real { values, .. } => {
            *values =
                places.iter().flat_map(|r| values[r * inputs..(r + 1) * inputs].to_vec()).collect();
        }
    }
}

fn columns(linear: &mut Linear, places: &[usize]) {
    let (rows, all) = (linear.weights.outputs(), linear.weights.inputs());
    match &mut linear.weights {
        Weights::Binary { signs, .. } => {
            *signs = BitMatrix::from_fn(rows, places.len(), |r, c| signs.get(r, places[c]));
        }
        Weights::Integer { values, .. } => {
            *values = values.chunks(all).flat_map(|row| of(row, places)).collect();
        }
        Weights::Real { values, .. } => {
            *values = values.chunks(all).flat_map(|row| of(row, places)).collect();
        }
    }
}

fn channels(lif: &mut FixedLif, places: &[usize]) {
    if let PerChannel::Each(each) = &mut lif.leak_num {
        *each = of(each, places);
    }
    for list in [&mut lif.bias, &mut lif.threshold, &mut lif.reset_to, &mut lif.start] {
        // Empty is one value for all.
        if !list.is_empty() {
            *list = of(list, places);
        }
    }
    if !lif.sign.is_empty() {
        lif.sign = of(&lif.sign, places);
    }
}

fn of<T: Copy>(list: &[T], places: &[usize]) -> Vec<T> {
    places.iter().filter_map(|p| list.get(*p).copied()).collect()
}
