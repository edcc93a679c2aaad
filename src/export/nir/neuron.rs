// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Integrators and neurons: λ, g and b become τ, R and v_leak.

use super::euler::{constants, factor};
use super::layer::each;
use super::{Out, Value, unsupported};
use crate::diag::Result;
use crate::ir::{Compare, Li, Node, Op, PerChannel};

/// λ, g, b and the state before the first timestep.
type Membrane<'a> = [&'a PerChannel<f64>; 4];

fn membrane(op: &Op) -> Option<Membrane<'_>> {
    match op {
        Op::Li(l) => Some([&l.leak, &l.gain, &l.bias, &l.start]),
        Op::Lif(l) => Some([&l.leak, &l.gain, &l.bias, &l.start]),
        _ => None,
    }
}

fn zero(values: &PerChannel<f64>) -> bool {
    values.iter().all(|v| *v == 0.0)
}

/// Does it leak everywhere?
pub(super) fn leaks(op: &Op) -> bool {
    membrane(op).is_some_and(|m| m[0].iter().all(|l| *l < 1.0))
}

/// Can it be the synapse of a current-based neuron?
pub(super) fn is_synapse(l: &Li) -> bool {
    l.resets.is_none() && zero(&l.bias) && zero(&l.start) && l.leak.iter().all(|v| *v < 1.0)
}

/// I, LI, IF, LIF, or with a synapse CubaLI, CubaLIF; the flag says whether every number
/// reads back exactly.
pub(super) fn neuron(node: &Node, synapse: Option<&Li>, dt: f64) -> Result<(Out, bool)> {
    let shape = &node.stream.shape;
    let Some([leak, gain, bias, start]) = membrane(&node.op) else {
        return Err(unsupported(node, format!("NIR has no `{}`", node.op.name())));
    };
    if !zero(start) {
        return Err(unsupported(node, "NIR neurons start at 0, this one does not"));
    }
    if matches!(&node.op, Op::Li(l) if l.resets.is_some()) {
        return Err(unsupported(node, "NIR's integrators do not reset, this one does")
            .help("write its spikes: in NIR a neuron that resets fires"));
    }
    let reals = |values: Vec<f64>| Value::Reals(shape.clone(), values);
    let (leak, gain, bias) = (each(leak, shape), each(gain, shape), each(bias, shape));
    let mut exact = true;
    let mut parameters = Vec::new();
    let kind = if leak.iter().all(|l| *l == 1.0) {
        if bias.iter().any(|b| *b != 0.0) {
            return Err(unsupported(node, "NIR's neurons without leak have no constant current")
                .help("put the current into the bias of the layer before"));
        }
        let found: Vec<(f64, bool)> = gain.iter().map(|g| factor(*g, dt)).collect();
        exact &= found.iter().all(|f| f.1);
        parameters.push(("r", reals(found.iter().map(|f| f.0).collect())));
        ["I", "IF"]
    } else if leak.iter().all(|l| *l < 1.0) {
        let all: Vec<_> =
            (0..leak.len()).map(|i| constants(leak[i], &[gain[i], bias[i]], dt)).collect();
        exact &= all.iter().all(|c| c.2);
        let tau = if synapse.is_some() { "tau_mem" } else { "tau" };
        parameters.push((tau, reals(all.iter().map(|c| c.0).collect())));
        parameters.push(("r", reals(all.iter().map(|c| c.1[0]).collect())));
        parameters.push(("v_leak", reals(all.iter().map(|c| c.1[1]).collect())));
        if synapse.is_some() { ["CubaLI", "CubaLIF"] } else { ["LI", "LIF"] }
    } else {
        return Err(unsupported(
            node,
            "NIR has no layer in which some neurons leak and some do not",
        )
        .help("split the layer"));
    };
    if let Some(s) = synapse {
        let (leak, gain) = (each(&s.leak, shape), each(&s.gain, shape));
        let all: Vec<_> = (0..leak.len()).map(|i| constants(leak[i], &[gain[i]], dt)).collect();
        exact &= all.iter().all(|c| c.2);
        parameters.push(("tau_syn", reals(all.iter().map(|c| c.0).collect())));
        parameters.push(("w_in", reals(all.iter().map(|c| c.1[0]).collect())));
    }
    let Op::Lif(l) = &node.op else { return Ok((Out::new(kind[0], parameters), exact)) };
    let threshold = thresholds(&each(&l.threshold, shape), l.compare);
    parameters.push(("v_threshold", reals(threshold)));
    let reset_to =
        if l.reset.is_to_a_value() { each(&l.reset_to, shape) } else { vec![0.0; gain.len()] };
    parameters.push(("v_reset", reals(reset_to)));
    Ok((Out::new(kind[1], parameters), exact))
}

/// NIR fires above the threshold. u ≥ θ is u > the largest double below θ.
pub(super) fn thresholds(values: &[f64], compare: Compare) -> Vec<f64> {
    match compare {
        Compare::Above => values.to_vec(),
        Compare::AtLeast => values.iter().map(|t| t.next_down()).collect(),
    }
}
