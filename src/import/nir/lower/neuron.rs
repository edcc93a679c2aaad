// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Integrators and neurons, stepped by forward Euler (docs/nir.md has the equations).

use super::super::node::Node;
use super::super::producer::Start;
use super::super::spread::{compact, grain, spread};
use super::super::unsaid::{Time, meant};
use super::Lowered;
use crate::diag::Result;
use crate::ir::{Li, Lif, Op, PerChannel};

/// λ, g and b of `v[t] = λ v[t−1] + g x[t] + b`.
struct Step {
    leak: PerChannel<f64>,
    gain: PerChannel<f64>,
    bias: PerChannel<f64>,
}

/// Everything that a membrane or a synapse may have.
const PARAMETERS: &[&str] =
    &["tau", "tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "v_reset", "w_in"];

/// A parameter of each element of a shape that [`grain`] gives.
fn parameter(node: &Node, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
    spread(node, name, &node.reals(name)?, shape)
}

/// `v' = R I` (I, IF): λ = 1, g = dt R.
fn perfect(node: &Node, shape: &[usize], time: &Time) -> Result<Step> {
    let gain = parameter(node, "r", shape)?.iter().map(|r| meant(r * time.dt, *r)).collect();
    Ok(Step { leak: PerChannel::All(1.0), gain: compact(gain, shape), bias: PerChannel::zero() })
}

/// `v` times the rates dt/τ, as it was [`meant`].
fn scaled(v: &[f64], rates: &[f64], tau: &[f64]) -> Vec<f64> {
    v.iter().zip(rates).zip(tau).map(|((v, q), tau)| meant(v * q, *tau)).collect()
}

/// `τ v' = (v_leak − v) + R I`: with q = dt/τ, λ = 1 − q, g = q R, b = q v_leak.
fn leaky(node: &Node, tau_name: &str, shape: &[usize], time: &Time) -> Result<Step> {
    let tau = parameter(node, tau_name, shape)?;
    let (rates, leaks) = time.rates(node, tau_name, &tau)?;
    let times = |v: Vec<f64>| scaled(&v, &rates, &tau);
    let gain = times(parameter(node, "r", shape)?);
    let bias = times(parameter(node, "v_leak", shape)?);
    Ok(Step { leak: compact(leaks, shape), gain: compact(gain, shape), bias: compact(bias, shape) })
}

fn step(node: &Node, shape: &[usize], time: &Time) -> Result<Step> {
    match node.kind.as_str() {
        "I" | "IF" => perfect(node, shape, time),
        "CubaLI" | "CubaLIF" => leaky(node, "tau_mem", shape, time),
        _ => leaky(node, "tau", shape, time),
    }
}

/// Where the membrane is before the first timestep.
fn start(
    node: &Node,
    shape: &[usize],
    time: &Time,
    reset_to: &PerChannel<f64>,
) -> Result<PerChannel<f64>> {
    Ok(match (time.start, node.optional("v_leak")?) {
        (Start::Leak, Some(t)) => compact(spread(node, "v_leak", &t, shape)?, shape),
        (Start::Reset, _) => reset_to.clone(),
        _ => PerChannel::zero(),
    })
}

/// I, LI, and the membrane of CubaLI.
pub(super) fn integrator(node: &Node, shape: &[usize], time: &Time) -> Result<Op> {
    let shape = &grain(node, PARAMETERS, shape)?;
    let Step { leak, gain, bias } = step(node, shape, time)?;
    let start = start(node, shape, time, &PerChannel::zero())?;
    Ok(Op::Li(Li { leak, gain, bias, start, resets: None }))
}

/// IF, LIF, and the membrane of CubaLIF.
pub(super) fn firing(node: &Node, shape: &[usize], time: &Time) -> Result<Op> {
    let shape = &grain(node, PARAMETERS, shape)?;
    let Step { leak, gain, bias } = step(node, shape, time)?;
    let threshold = compact(parameter(node, "v_threshold", shape)?, shape);
    if let Some(bad) = threshold.iter().find(|t| **t <= 0.0) {
        return Err(node.bad(format!("`v_threshold` is {bad}; it must be above 0")));
    }
    // Files written before nir 1.0.5 have no v_reset; the package takes zeros.
    let reset_to = match node.optional("v_reset")? {
        Some(t) => compact(spread(node, "v_reset", &t, shape)?, shape),
        None => PerChannel::zero(),
    };
    if !time.reset.is_to_a_value() && !reset_to.is_zero() {
        return Err(node
            .bad("`v_reset` is not zero, which has a meaning for a hard reset alone")
            .help("give --reset hard; if firing subtracts the threshold, the exporter must write v_reset = 0"));
    }
    let start = start(node, shape, time, &reset_to)?;
    Ok(Op::Lif(Lif {
        leak,
        gain,
        bias,
        threshold,
        reset: time.reset,
        compare: time.compare,
        reset_to,
        start,
    }))
}

/// `τ_syn I' = −I + w_in S` before a membrane. The synapse is stepped first and the
/// membrane takes the new current, as in snnTorch's `Synaptic`, in norse's
/// `lif_feed_forward_step` and in SpikingJelly's `CUBALIFNode`.
pub(super) fn current_based(
    node: &Node,
    shape: &[usize],
    time: &Time,
    membrane: fn(&Node, &[usize], &Time) -> Result<Op>,
) -> Result<Lowered> {
    let each = &grain(node, PARAMETERS, shape)?;
    let tau = parameter(node, "tau_syn", each)?;
    let (rates, leaks) = time.rates(node, "tau_syn", &tau)?;
    let weights = match node.optional("w_in")? {
        Some(t) => spread(node, "w_in", &t, each)?,
        None => vec![1.0; rates.len()],
    };
    let gain = scaled(&weights, &rates, &tau);
    let synapse = Op::Li(Li {
        leak: compact(leaks, each),
        gain: compact(gain, each),
        bias: PerChannel::zero(),
        start: PerChannel::zero(),
        resets: None,
    });
    Ok(vec![(".syn", synapse), ("", membrane(node, shape, time)?)])
}
