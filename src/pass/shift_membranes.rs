// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `shift-membranes`: membranes count from the value that they begin at and are reset to.
//!
//! With v = v' + r the recurrence `u[t] = λ v[t−1] + g x[t] + b` becomes
//! `u'[t] = λ v'[t−1] + g x[t] + (b − (1 − λ) r)`, which fires at θ − r, begins at 0 and is reset
//! to 0: what hardware has.

use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Graph, Lif, Op, PerChannel, Reset};

/// See the module.
pub(super) struct ShiftMembranes;

impl Pass for ShiftMembranes {
    fn name(&self) -> &'static str {
        "shift-membranes"
    }

    fn description(&self) -> &'static str {
        "lets membranes count from the value that they begin at and are reset to: thresholds and constant currents change, spikes do not"
    }

    fn requires(&self) -> &'static str {
        "nothing; neurons that begin at another value than that of their reset, or above their threshold, are left as they are"
    }

    fn ensures(&self) -> &'static str {
        "membranes that begin where a hard reset puts them (all membranes, without a reset) begin at 0"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for id in graph.order()? {
            let node = graph.node(id);
            let (name, elements) = (node.name.clone(), node.stream.len());
            let Op::Lif(lif) = graph.op_mut(id) else { continue };
            if let Some(shifted) = shifted(lif, elements) {
                notes.push(format!(
                    "`{name}`: membranes count from {}, where they begin; spikes are the same",
                    said(&lif.start)
                ));
                *lif = shifted;
            }
        }
        graph.refresh()?;
        Ok(notes)
    }
}

/// Neurons that compute the same from 0; none if there is nothing to shift, or no way to.
fn shifted(lif: &Lif, elements: usize) -> Option<Lif> {
    let returns = |i| match lif.reset {
        Reset::Hard | Reset::HardDelayed => {
            lif.reset_to.of(i, elements) == lif.start.of(i, elements)
        }
        Reset::None => true,
        // What is subtracted is the threshold itself: both would have to be kept.
        Reset::Soft | Reset::SoftDelayed => false,
    };
    let below = |i| lif.start.of(i, elements) < lif.threshold.of(i, elements);
    let moves = lif.start.iter().any(|s| *s != 0.0);
    if !moves || !(0..elements).all(|i| returns(i) && below(i)) {
        return None;
    }
    // One entry for all where every list has one, else one an entry of the longest.
    let lists = [&lif.leak, &lif.bias, &lif.threshold, &lif.start];
    let each = |value: &dyn Fn(usize, usize) -> f64| {
        if lists.iter().all(|l| matches!(l, PerChannel::All(_))) {
            return PerChannel::All(value(0, 1));
        }
        let n = lists.iter().map(|l| l.iter().count()).max().unwrap_or(1);
        PerChannel::Each((0..n).map(|i| value(i, n)).collect())
    };
    let bias = each(&|i, n| lif.bias.of(i, n) - (1.0 - lif.leak.of(i, n)) * lif.start.of(i, n));
    let threshold = each(&|i, n| lif.threshold.of(i, n) - lif.start.of(i, n));
    Some(Lif {
        bias,
        threshold,
        reset_to: PerChannel::zero(),
        start: PerChannel::zero(),
        ..lif.clone()
    })
}

/// A value, or from where to where values lie.
fn said(values: &PerChannel<f64>) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least == most { format!("{least}") } else { format!("{least} to {most}") }
}
