// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The chain of stages of a graph, each layer with a single lane.

use super::{DenseStage, Design, Input, LifStage, Place, PlanesStage, ReadoutStage, Split, Stage};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{
    BitMatrix, FixedLif, FixedReadout, Graph, Kind, Linear, Node, NodeId, Op, PerChannel, Reset,
    Stream, Taken, Weights, planes,
};
use crate::target::Family;

/// Longest spike train: a word of a block RAM.
const MAX_TIMESTEPS: u32 = 16;
/// Inputs arrive as bytes.
const MAX_INPUT_BITS: u32 = 8;
/// The host link counts them in 16 bits.
const MAX_INPUTS: usize = u16::MAX as usize;
/// A logit is sent as four bytes.
const MAX_LOGIT_BITS: u32 = 32;
/// The class is sent as a byte.
const MAX_CLASSES: usize = 256;

/// Turns the graph's nodes into stages.
pub(super) fn build(graph: &Graph) -> Result<Design> {
    let chain = chain(graph)?;
    if graph.timesteps > MAX_TIMESTEPS {
        let message =
            format!("{} timesteps; the hardware runs up to {MAX_TIMESTEPS}", graph.timesteps);
        return Err(unsupported(graph.node(chain[0]), message));
    }
    let mut design = Design {
        name: graph.name.clone(),
        timesteps: graph.timesteps,
        input: Input { count: 0, bits: 0, changes: false },
        stages: Vec::new(),
        shared: None,
        knobs: None,
        trace: true,
        family: Family::default(),
    };
    for (i, &id) in chain.iter().enumerate() {
        let node = graph.node(id);
        let operand = i.checked_sub(1).map(|p| graph.node(chain[p]));
        let next = chain.get(i + 1).map(|&n| &graph.node(n).op);
        match (&node.op, operand) {
            (Op::Input(input), _) => {
                let bits = input.bits.filter(|b| *b <= MAX_INPUT_BITS && input.is_static);
                let Some(bits) = bits.filter(|_| node.stream.len() <= MAX_INPUTS) else {
                    let message = "an input has up to 65535 static levels of up to 8 bits";
                    return Err(unsupported(node, message));
                };
                design.input = Input { count: node.stream.len() as u32, bits, changes: false };
            }
            (Op::Linear(l), Some(from)) => {
                let last = matches!(next, Some(Op::FixedReadout(_)));
                let counted = last && !from.stream.is_static;
                if counted && graph.timesteps > 1 {
                    // W Σ_t s[t] = Σ_t W s[t]: one pass over the counts serves all timesteps.
                    design.stages.push(Stage::Count(graph.timesteps));
                }
                let bits = bits(node, l, last)?;
                let dense = dense(node, bits, &from.stream, graph.timesteps, counted)?;
                let planes = (dense.planes > 1).then(|| Stage::Planes(planes_of(&dense)));
                design.stages.push(Stage::Dense(dense));
                design.stages.extend(planes);
            }
            (Op::FixedLif(l), Some(from)) => {
                let Some(Stage::Dense(d)) = design.stages.last() else {
                    return Err(unsupported(node, "neurons that no linear layer feeds"));
                };
                let stage = lif(node, l, d.output_bits(), from.stream.is_static, graph.timesteps)?;
                design.stages.push(Stage::Lif(stage));
            }
            (Op::FixedReadout(r), Some(from)) => {
                if from.stream.is_static {
                    return Err(unsupported(node, "no layer before the readout fires"));
                }
                let spikes = matches!(from.stream.kind, Kind::Spikes);
                if spikes && graph.timesteps > 1 {
                    design.stages.push(Stage::Count(graph.timesteps));
                }
                let sum_bits = match design.stages.last() {
                    Some(Stage::Dense(d)) => d.output_bits(),
                    Some(Stage::Planes(p)) => p.sum_bits,
                    // A count is unsigned: one bit more for the sign.
                    _ => bits_for(u64::from(graph.timesteps)) + 1,
                };
                design.stages.push(Stage::Readout(readout(node, r, sum_bits)?));
            }
            (op, _) => {
                return Err(unsupported(node, format!("no engine computes `{}`", op.name())));
            }
        }
    }
    if !matches!(design.stages.last(), Some(Stage::Readout(_))) {
        return Err(unsupported(
            graph.node(graph.output()?),
            "the network does not end in a readout",
        ));
    }
    Ok(design)
}

/// The nodes from input to output; every one takes the one before it.
fn chain(graph: &Graph) -> Result<Vec<NodeId>> {
    let order = graph.order()?;
    // What no engine computes is named before how it is connected.
    let known = |op: &Op| {
        matches!(op, Op::Input(_) | Op::Linear(_) | Op::FixedLif(_) | Op::FixedReadout(_))
    };
    if let Some(node) = order.iter().map(|&id| graph.node(id)).find(|n| !known(&n.op)) {
        return Err(unsupported(node, format!("no engine computes `{}`", node.op.name())));
    }
    for (i, &id) in order.iter().enumerate() {
        let before = i.checked_sub(1).map(|p| order[p]);
        if graph.operands(id) != before.into_iter().collect::<Vec<_>>() {
            return Err(unsupported(
                graph.node(id),
                "the hardware runs layers in a chain; this node does not take the one before it",
            ));
        }
    }
    let output = graph.output()?;
    if order.last() != Some(&output) {
        return Err(unsupported(graph.node(output), "nodes follow the output"));
    }
    Ok(order)
}

fn unsupported(node: &Node, message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::HW_UNSUPPORTED, message)
        .at(node.name.clone())
        .help("`synfire simulate` runs the model without hardware")
}

/// Refuses a reset that holds membranes: no engine has a bit a neuron for it.
pub(super) fn keeps_currents(node: &Node, reset: Reset) -> Result<()> {
    if reset != Reset::HardDelayed {
        return Ok(());
    }
    let message = "after a spike its membrane is held for a timestep, whose current is lost \
                   (reset `hard-delayed`); the hardware has no such reset";
    Err(unsupported(node, message).help(
        "train with a reset by subtraction (snnTorch: `reset_mechanism=\"subtract\"`), or with `Leaky`, whose reset to zero keeps the current; `synfire simulate` runs the model without hardware",
    ))
}

/// Refuses membranes that begin at or are reset to another value than 0, which no engine has a
/// register for.
pub(super) fn rests_at_zero(node: &Node, l: &FixedLif) -> Result<()> {
    let moves = |list: &[i64]| list.iter().any(|v| *v != 0);
    if moves(&l.start) {
        if l.start.iter().zip(&l.threshold).any(|(v, threshold)| v >= threshold) {
            let message = "membranes that begin at or above their thresholds, as where a \
                           threshold is 0 or below; the hardware begins at 0";
            return Err(unsupported(node, message).help(
                "train with thresholds above 0; `synfire simulate` runs the model without hardware",
            ));
        }
        let message = "membranes that begin at another value than 0, and not where a reset \
                       to a constant puts them";
        return Err(unsupported(node, message).help(
            "let membranes begin at 0, or where they are reset to; `synfire simulate` runs the model without hardware",
        ));
    }
    if moves(&l.reset_to) {
        return Err(resets_elsewhere(node));
    }
    Ok(())
}

/// Of membranes that a reset puts elsewhere than where they begin.
pub(super) fn resets_elsewhere(node: &Node) -> Box<Diagnostic> {
    unsupported(node, "membranes that reset to another value than 0").help(
        "train with a reset to 0 or by subtraction; `synfire simulate` runs the model without hardware",
    )
}

/// Refuses a readout of the largest: every engine adds timesteps up, or has the last one.
pub(super) fn adds_up(node: &Node, r: &FixedReadout) -> Result<()> {
    if r.kind != Taken::Max {
        return Ok(());
    }
    let message = "the largest of all timesteps is read out; the hardware reads their sum or \
                   the last one";
    Err(unsupported(node, message).help(
        "train with the sum, the mean or the last timestep (`.sum(0)`, `.mean(0)`, `out[-1]`); `synfire simulate` runs the model without hardware",
    ))
}

/// Bits of an unsigned number up to `largest`.
pub(super) fn bits_for(largest: u64) -> u32 {
    (u64::BITS - largest.leading_zeros()).max(1)
}

/// Bits of a two's-complement number, sign included.
pub(super) fn signed_bits(v: i64) -> u32 {
    bits_for(if v < 0 { !v as u64 } else { v as u64 }) + 1
}

/// The weights of a layer as bits, and the planes of a weight: signs are one plane; of numbers
/// each neuron's planes follow each other, the highest first.
fn bits(node: &Node, l: &Linear, last: bool) -> Result<(BitMatrix, u32)> {
    let values = match &l.weights {
        Weights::Binary { signs, .. } => return Ok((signs.clone(), 1)),
        Weights::Integer { values, .. } => values,
        Weights::Real { .. } => return Err(unsupported(node, "its weights are real numbers")),
    };
    let (planes, inputs) = (planes(values), l.weights.inputs());
    if planes > 1 && !last {
        let message = format!(
            "its weights have {planes} bits; engines of a chain take such weights in the last \
             layer, in others ±1"
        );
        return Err(unsupported(node, message)
            .help("the processor takes them in every layer: leave --mapping pipeline out"));
    }
    let bit = |row: usize, input: usize| {
        let (neuron, plane) = (row / planes as usize, row % planes as usize);
        let weight = values[neuron * inputs + input];
        // The only plane of ±1 is the opposite of the sign.
        if planes == 1 { weight > 0 } else { weight >> (planes as usize - 1 - plane) & 1 == 1 }
    };
    Ok((BitMatrix::from_fn(l.weights.outputs() * planes as usize, inputs, bit), planes))
}

/// What puts the planes of a layer together.
fn planes_of(d: &DenseStage) -> PlanesStage {
    PlanesStage {
        name: d.name.clone(),
        planes: d.planes,
        input_bits: d.output_bits(),
        // Less than 2^acc_bits at each input, times −2^(W−1) at the lowest.
        sum_bits: d.acc_bits + d.planes,
    }
}

fn dense(
    node: &Node,
    (weights, planes): (BitMatrix, u32),
    x: &Stream,
    timesteps: u32,
    counted: bool,
) -> Result<DenseStage> {
    if !matches!(node.stream.kind, Kind::Current { .. }) {
        return Err(unsupported(
            node,
            format!("its result is {}; integers were expected", node.stream),
        ));
    }
    let level_bits = match x.kind {
        Kind::Levels { bits } => bits,
        _ => 1,
    };
    let (input_bits, time_parallel, largest) = if counted {
        (bits_for(u64::from(timesteps)), 1, u64::from(timesteps))
    } else if x.is_static {
        (level_bits, 1, (1 << level_bits) - 1)
    } else {
        (timesteps, timesteps, 1)
    };
    Ok(DenseStage {
        name: node.name.clone(),
        acc_bits: bits_for(largest * weights.cols() as u64),
        weights,
        planes,
        lanes: 1,
        input_bits,
        time_parallel,
        place: Place::Luts,
        split: Split::None,
    })
}

fn lif(node: &Node, l: &FixedLif, input_bits: u32, hold: bool, timesteps: u32) -> Result<LifStage> {
    let PerChannel::All(leak_num) = l.leak_num else {
        let message = "the leak differs between neurons; the hardware has one for a layer";
        return Err(unsupported(node, message));
    };
    keeps_currents(node, l.reset)?;
    if l.sign.iter().any(|s| *s != 1) {
        return Err(unsupported(
            node,
            "neurons that negate their input, or do not see it (a gain of 0)",
        ));
    }
    rests_at_zero(node, l)?;
    let bias_bits = l.bias.iter().map(|&b| signed_bits(b)).max().unwrap_or(1);
    let threshold_bits = l.threshold.iter().map(|&t| bits_for(t as u64)).max().unwrap_or(1);
    Ok(LifStage {
        name: node.name.clone(),
        timesteps,
        hold,
        input_bits,
        // The registers' operands are sign-extended to the membrane's width.
        membrane_bits: l.width.max(input_bits).max(bias_bits).max(threshold_bits + 1),
        frac: l.frac,
        leak_num,
        leak_shift: l.leak_shift,
        reset: l.reset,
        compare: l.compare,
        bias: l.bias.clone(),
        threshold: l.threshold.clone(),
        bias_bits,
        threshold_bits,
        block: false,
        knobs: false,
        members: 1,
    })
}

fn readout(node: &Node, r: &FixedReadout, input_bits: u32) -> Result<ReadoutStage> {
    adds_up(node, r)?;
    if r.kind == Taken::Last {
        let message = "only the last timestep is read out; a chain sums all of them";
        return Err(unsupported(node, message));
    }
    if r.gain.len() > MAX_CLASSES {
        return Err(unsupported(
            node,
            format!("{} classes; up to {MAX_CLASSES} are possible", r.gain.len()),
        ));
    }
    let offset_bits = r.offset.iter().map(|&o| signed_bits(o)).max().unwrap_or(1);
    let logit_bits = r.width.max(input_bits).max(offset_bits);
    if logit_bits > MAX_LOGIT_BITS {
        let message = format!("logits of {logit_bits} bits; up to {MAX_LOGIT_BITS} are possible");
        return Err(unsupported(node, message));
    }
    Ok(ReadoutStage {
        name: node.name.clone(),
        input_bits,
        gain: r.gain.clone(),
        offset: r.offset.clone(),
        gain_bits: r.gain_width,
        offset_bits,
        logit_bits,
        block: false,
        steps: 1,
        members: 1,
        margins: Vec::new(),
    })
}
