// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `quantise`: the border between real and integer numbers.
//!
//! Rounding, everywhere: thresholds, constant currents and gains to nearest (ties away
//! from zero); the leak's product towards −∞, as an arithmetic shift does.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::interval::{logit_width, membrane_width, operand_range, signed_width};
use crate::ir::{FixedLif, FixedReadout, Graph, Kind, Lif, NodeId, Op, Readout};

/// Widest membrane that the simulator and the hardware take.
const MAX_MEMBRANE: u32 = 31;
/// Width of a logit on the wire.
const LOGIT_WIDTH: u32 = 32;

/// See the module.
pub(super) struct Quantise;

impl Pass for Quantise {
    fn name(&self) -> &'static str {
        "quantise"
    }

    fn description(&self) -> &'static str {
        "makes every number an integer whose width interval analysis proves sufficient"
    }

    fn requires(&self) -> &'static str {
        "weights are ±1 and integers flow into lif and readout (fold-batch-norm)"
    }

    fn ensures(&self) -> &'static str {
        "the integer form; nothing saturates or wraps"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for id in graph.order()? {
            let located = |d: Box<Diagnostic>| d.at(graph.node(id).name.clone());
            let op = match &graph.node(id).op {
                Op::Input(_) | Op::Linear(_) | Op::FixedLif(_) | Op::FixedReadout(_) => continue,
                Op::Lif(l) => {
                    Op::FixedLif(lif(graph, id, l, options, &mut notes).map_err(located)?)
                }
                Op::Readout(r) => {
                    Op::FixedReadout(readout(graph, id, r, options, &mut notes).map_err(located)?)
                }
                other => {
                    return Err(located(unsupported(format!(
                        "`{}` has no integer form",
                        other.name()
                    ))));
                }
            };
            *graph.op_mut(id) = op;
            graph.refresh()?;
        }
        Ok(notes)
    }
}

fn unsupported(message: impl Into<String>) -> Box<Diagnostic> {
    Diagnostic::new(&codes::PASS_UNSUPPORTED, message)
}

/// k and m of the leak: exact if λ is k / 2^m, otherwise the nearest with m = `bits`.
fn leak(lambda: f64, bits: u32) -> (u32, u32) {
    for shift in 0..bits {
        let scaled = lambda * f64::from(1u32 << shift);
        if scaled == scaled.round() {
            return (scaled as u32, shift);
        }
    }
    ((lambda * f64::from(1u32 << bits)).round() as u32, bits)
}

fn lif(
    graph: &Graph,
    id: NodeId,
    l: &Lif,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<FixedLif> {
    let node = graph.node(id);
    let n = node.stream.len();
    let operand = graph.operands(id)[0];
    if !matches!(
        graph.node(operand).stream.kind,
        Kind::Current { .. } | Kind::Spikes | Kind::Levels { .. }
    ) {
        return Err(unsupported(
            "its input is still real: weights or factors before it were not folded",
        ));
    }
    if l.gain.iter().any(|g| *g != 1.0) {
        return Err(unsupported(
            "its input is multiplied by a gain, which only a linear layer before it can take in",
        ));
    }
    if l.leak.iter().any(|v| *v != l.leak.at(0)) || !l.reset_to.is_zero() || !l.start.is_zero() {
        return Err(unsupported("its leak differs between neurons, or it does not reset to zero"));
    }
    let lambda = l.leak.at(0);
    let (leak_num, leak_shift) = leak(lambda, options.leak_bits);
    let error = f64::from(leak_num) / f64::from(1u32 << leak_shift) - lambda;
    let smallest = (0..n).map(|c| l.threshold.at(c)).fold(f64::INFINITY, f64::min);
    let largest = (0..n).map(|c| l.threshold.at(c)).fold(0.0, f64::max);
    let frac = (f64::from(options.precision_bits) - smallest.log2()).ceil().max(0.0);
    let unit = frac.exp2();
    let round = |v: f64| (v * unit).round() as i64;
    let mut fixed = FixedLif {
        leak_num,
        leak_shift,
        frac: frac as u32,
        width: MAX_MEMBRANE,
        bias: (0..n).map(|c| round(l.bias.at(c) + 0.0)).collect(),
        threshold: (0..n).map(|c| round(l.threshold.at(c)).max(1)).collect(),
        reset: l.reset,
        compare: l.compare,
    };
    let needed = |c| membrane_width(&fixed, c, operand_range(graph, operand, c), graph.timesteps);
    fixed.width = (0..n).map(needed).max().unwrap_or(1);
    if fixed.width > MAX_MEMBRANE {
        return Err(unsupported(format!(
            "the membrane needs {} bits; {MAX_MEMBRANE} are possible",
            if fixed.width > 64 { "over 64".into() } else { fixed.width.to_string() }
        ))
        .help(format!(
            "lower --precision-bits; thresholds lie between {smallest:.3e} and {largest:.3e} in units of a weighted sum"
        )));
    }
    let leak_text = if error == 0.0 {
        format!("leak {leak_num}/2^{leak_shift} exact")
    } else {
        format!("leak {leak_num}/2^{leak_shift} is off by {error:+.2e}")
    };
    notes.push(format!(
        "{}: {leak_text}; membrane {} bits, {} after the point; thresholds {}..{} rounded by at most half a unit",
        node.name,
        fixed.width,
        fixed.frac,
        fixed.threshold.iter().min().unwrap_or(&0),
        fixed.threshold.iter().max().unwrap_or(&0),
    ));
    Ok(fixed)
}

fn readout(
    graph: &Graph,
    id: NodeId,
    r: &Readout,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<FixedReadout> {
    let node = graph.node(id);
    let n = node.stream.len();
    let operand = graph.operands(id)[0];
    if graph.node(operand).stream.kind == Kind::Real {
        return Err(unsupported(
            "its input is still real: weights or factors before it were not folded",
        ));
    }
    if (0..n).any(|c| r.gain.at(c) < 0.0) {
        return Err(unsupported("a gain below 0, which only a linear layer before it can take in"));
    }
    let largest = (0..n).map(|c| r.gain.at(c)).fold(0.0, f64::max);
    if largest <= 0.0 {
        return Err(unsupported("every class has gain 0, so no class can win"));
    }
    // Equal gains that are a power of two, and no offsets: the sums themselves are the logits.
    let plain = largest.log2().fract() == 0.0
        && (0..n).all(|c| r.gain.at(c) == largest && r.offset.at(c) == 0.0);
    let mut bits = if plain { 1 } else { options.gain_bits };
    loop {
        let frac = (f64::from(bits) - largest.log2()).ceil() - 1.0;
        let gain: Vec<i64> = (0..n).map(|c| (r.gain.at(c) * frac.exp2()).round() as i64).collect();
        let offset: Vec<i64> = (0..n)
            .map(|c| (r.offset.at(c) * f64::from(graph.timesteps) * frac.exp2()).round() as i64)
            .collect();
        let gain_width = gain.iter().map(|&g| signed_width(g) - 1).max().unwrap_or(1).max(1);
        // Partial products pass through the same register: a bit to spare.
        let needed =
            |c| logit_width(gain[c], offset[c], operand_range(graph, operand, c), graph.timesteps);
        let width = (0..n).map(needed).max().unwrap_or(1) + 1;
        if width <= LOGIT_WIDTH {
            notes.push(format!(
                "{}: gains of {gain_width} bits, logits of {width} bits, unit 2^{}",
                node.name, -frac
            ));
            return Ok(FixedReadout { frac: frac as i32, gain, offset, gain_width, width });
        }
        if bits <= 4 {
            return Err(unsupported(format!(
                "a logit needs {width} bits; {LOGIT_WIDTH} are possible"
            )));
        }
        bits -= 1;
    }
}
