// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `fold-batch-norm`: magnitudes, biases and batch norm become thresholds.
//!
//! For channel c let the current be `a_c · p_c + b_c`, with `p_c = Σ ±x` the sum that the
//! hardware computes. Dividing the membrane by `a_c` leaves `p_c + b_c / a_c` as current
//! and `θ / a_c` as threshold: exact in real numbers, for every reset. Where `a_c < 0`
//! the row of weights is negated instead of the comparison.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{BatchNorm, Compare, Graph, Kind, Lif, NodeId, Op, PerChannel, Reset, Weights};

/// See the module.
pub(super) struct FoldBatchNorm;

impl Pass for FoldBatchNorm {
    fn name(&self) -> &'static str {
        "fold-batch-norm"
    }

    fn description(&self) -> &'static str {
        "folds weight magnitudes, biases and batch norm into thresholds, constant currents and readout gains"
    }

    fn requires(&self) -> &'static str {
        "each linear layer is followed by [batch-norm and] lif or readout"
    }

    fn ensures(&self) -> &'static str {
        "weights are ±1, their sums are integers, no batch-norm is left"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        // Folding removes the batch norms from the graph, and so from its order.
        let mut layers = graph.order()?;
        layers.retain(|&id| matches!(graph.node(id).op, Op::Linear(_)));
        for id in layers {
            fold(graph, id, &mut notes)?;
        }
        graph.refresh()?;
        Ok(notes)
    }
}

fn fold(graph: &mut Graph, linear: NodeId, notes: &mut Vec<String>) -> Result<()> {
    let mut after = only_user(graph, linear)?;
    if matches!(graph.node(after).op, Op::FixedLif(_) | Op::FixedReadout(_)) {
        return Ok(()); // the integer form: nothing is left to fold
    }
    let mut norm = None;
    if let Op::BatchNorm(b) = &graph.node(after).op {
        norm = Some((after, b.clone()));
        after = only_user(graph, after)?;
    }
    let affine = take_affine(graph, linear, norm.as_ref().map(|(_, b)| b))?;
    if let Some((id, _)) = norm {
        graph.bypass(id)?;
    }
    let name = graph.node(after).name.clone();
    let timesteps = graph.timesteps;
    let reach = largest_sum(graph, linear);
    let negate = match graph.op_mut(after) {
        Op::Lif(l) => into_lif(l, &affine, reach, timesteps, notes, &name)?,
        Op::Readout(r) => {
            let scaled = |c: usize| {
                (r.gain.at(c) * affine[c].0, r.gain.at(c) * affine[c].1 + r.offset.at(c))
            };
            let (gain, offset): (Vec<_>, Vec<_>) = (0..affine.len()).map(scaled).unzip();
            if let Some(c) = (0..gain.len()).find(|&c| !(gain[c] + offset[c]).is_finite()) {
                let message = format!("class {c}: gain {:e} and offset {:e}", gain[c], offset[c]);
                return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message)
                    .at(name)
                    .help("weights, batch norm and readout together are too large for a number"));
            }
            let negate = gain.iter().map(|g| *g < 0.0).collect();
            r.gain = PerChannel::Each(gain.iter().map(|g| g.abs()).collect());
            r.offset = PerChannel::Each(offset);
            negate
        }
        other => {
            let message =
                format!("`{}` follows a linear layer; lif or readout was expected", other.name());
            return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
        }
    };
    if let Op::Linear(l) = graph.op_mut(linear) {
        let Some((signs, _)) = l.weights.binary_mut() else { return Ok(()) };
        for (row, _) in negate.iter().enumerate().filter(|(_, n)| **n) {
            signs.negate_row(row);
        }
    }
    Ok(())
}

fn only_user(graph: &Graph, id: NodeId) -> Result<NodeId> {
    let users = graph.users(id);
    let [user] = users[..] else {
        let message = format!("{} nodes take its result; one was expected", users.len());
        return Err(
            Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(graph.node(id).name.clone())
        );
    };
    Ok(user)
}

/// Largest |p| of the layer; 0 while its input is still real.
fn largest_sum(graph: &Graph, linear: NodeId) -> f64 {
    let Some(&operand) = graph.operands(linear).first() else { return 0.0 };
    let x = &graph.node(operand).stream;
    let level = match x.kind {
        Kind::Spikes => 1.0,
        Kind::Levels { bits } => f64::from((1u32 << bits) - 1),
        Kind::Real | Kind::Current { .. } => 0.0,
    };
    level * x.len() as f64
}

/// Takes magnitude and bias out of the layer; returns (a_c, b_c) with the batch norm's.
fn take_affine(
    graph: &mut Graph,
    linear: NodeId,
    norm: Option<&BatchNorm>,
) -> Result<Vec<(f64, f64)>> {
    let name = graph.node(linear).name.clone();
    let Op::Linear(l) = graph.op_mut(linear) else { return Ok(Vec::new()) };
    let Weights::Binary { signs, scale } = &mut l.weights else {
        let message = "its weights are not ±1 times a magnitude";
        return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
    };
    let affine = (0..signs.rows())
        .map(|c| {
            let (a, b) = (scale.at(c), l.bias.as_ref().map_or(0.0, |b| b[c]));
            norm.map_or((a, b), |n| {
                let g = n.gamma[c] / (n.var[c] + n.eps).sqrt();
                (a * g, (b - n.mean[c]) * g + n.beta[c])
            })
        })
        .collect();
    *scale = PerChannel::All(1.0);
    l.bias = None;
    Ok(affine)
}

/// Divides the membrane of every channel by its `a_c`; says which rows to negate.
fn into_lif(
    l: &mut Lif,
    affine: &[(f64, f64)],
    reach: f64,
    timesteps: u32,
    notes: &mut Vec<String>,
    name: &str,
) -> Result<Vec<bool>> {
    let (mut bias, mut threshold, mut negate) = (Vec::new(), Vec::new(), Vec::new());
    let mut silent = 0;
    // A threshold that no sum over all timesteps can reach.
    let never = reach * f64::from(timesteps) + 1.0;
    for (c, &(a, b)) in affine.iter().enumerate() {
        let (a, b) = (a * l.gain.at(c), b * l.gain.at(c) + l.bias.at(c));
        if a == 0.0 && fires(l, l.threshold.at(c), b, timesteps) {
            let message =
                format!("channel {c} fires whatever its input is: its batch-norm gain is 0");
            return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message)
                .at(name)
                .help("prune the channel, or train it with a gain other than 0"));
        }
        if a == 0.0 && reach == 0.0 {
            let message = format!("channel {c} has gain 0, but the layer's input is still real");
            return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message)
                .at(name)
                .help("run fold-scale before"));
        }
        let (current, theta) = (b / a.abs(), l.threshold.at(c) / a.abs());
        // A gain near 0 would make all membranes of the layer wide for a neuron that does nothing.
        let dead = reach > 0.0
            && (theta > never || current.abs() > never)
            && !fires(l, theta * (1.0 - 1e-9), current + reach, timesteps);
        if a == 0.0 || dead {
            silent += 1;
            bias.push(0.0);
            threshold.push(never);
            negate.push(false);
            continue;
        }
        if !current.is_finite() || !theta.is_finite() || theta == 0.0 {
            let message = format!(
                "channel {c}: threshold {:e} and current {b:e} cannot be divided by the gain {a:e}",
                l.threshold.at(c)
            );
            return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
        }
        bias.push(current);
        threshold.push(theta);
        negate.push(a < 0.0);
    }
    if silent > 0 {
        notes.push(format!("{name}: {silent} neuron(s) with a gain of 0 or near it never fire"));
    }
    l.gain = PerChannel::All(1.0);
    l.bias = PerChannel::Each(bias);
    l.threshold = PerChannel::Each(threshold);
    Ok(negate)
}

/// Does a neuron with a constant current ever fire? If not, it does not with any smaller
/// currents either: there is no reset before the first spike, and a membrane below 0 is
/// counted as 0.
fn fires(l: &Lif, threshold: f64, current: f64, timesteps: u32) -> bool {
    debug_assert!(matches!(l.reset, Reset::Soft | Reset::SoftDelayed | Reset::Hard | Reset::None));
    let mut u = 0.0;
    (0..timesteps).any(|_| {
        u = l.leak.at(0) * f64::max(u, 0.0) + current;
        match l.compare {
            Compare::AtLeast => u >= threshold,
            Compare::Above => u > threshold,
        }
    })
}
