// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Which frameworks may have written a file. Nothing in it names one, and whoever uses the
//! package `nir` can write the same; but of most files the exporters of three of the four can
//! be ruled out. Each rule is what the exporter writes with its defaults, as its source has it;
//! docs/nir.md has the table. It is for a message only: no number depends on it.

use super::flat::Flat;
use super::node::Node;
use super::producer::Producer;
use super::unsaid::{ROUNDING, is_single};

/// The timestep of the exporters of snnTorch and SpikingJelly, in seconds.
const STEP: f64 = 1e-4;
/// Types that all four exporters write.
const COMMON: &[&str] = &["Input", "Output", "Affine", "Conv2d", "LIF"];

/// What would be typed for them, and the facts by which they were told.
fn facts(producer: Producer) -> (&'static str, &'static str) {
    match producer {
        Producer::SnnTorch => ("snntorch", "r is its time constant / 1e-4"),
        Producer::Norse => ("norse", "r is 1, time constants are floats below 1"),
        Producer::Sinabs => ("sinabs", "r is 1, time constants count timesteps"),
        Producer::SpikingJelly => {
            ("spikingjelly", "the Input has the name of an argument, time constants are doubles")
        }
    }
}

/// A sentence that names who may have written the file, if that rules somebody out.
pub(super) fn sentence(flat: &Flat) -> Option<String> {
    let all = [Producer::SnnTorch, Producer::Norse, Producer::Sinabs, Producer::SpikingJelly];
    let left: Vec<Producer> = all.into_iter().filter(|&p| may_be(p, flat)).collect();
    match left[..] {
        [one] => {
            let (name, fact) = facts(one);
            Some(format!("the file looks like written by {name} ({fact}): try --from {name}"))
        }
        [one, other] => {
            let (one, other) = (facts(one).0, facts(other).0);
            Some(format!(
                "the file looks like written by {one} or {other}, whose exporters write the same here: --from {one} or --from {other}, as you know"
            ))
        }
        _ => None,
    }
}

/// Could the framework's exporter have written this, with its defaults?
fn may_be(producer: Producer, flat: &Flat) -> bool {
    // nirtorch's older way of tracing calls the input so; SpikingJelly's takes the name of
    // `forward`'s argument, and puts a number behind that of a built-in function.
    let is_input = flat.nodes[flat.input].path == "input";
    let more: &[&str] = match producer {
        Producer::SnnTorch => &["Linear", "AvgPool2d", "Flatten", "CubaLIF"],
        Producer::Norse => &["IF", "LI", "CubaLIF"],
        Producer::Sinabs => &["Conv1d", "SumPool2d", "Flatten", "IF", "LI"],
        Producer::SpikingJelly => &["Linear", "Conv1d", "AvgPool2d", "Flatten", "IF", "CubaLIF"],
    };
    let fits = |node: &Node| {
        let kind = node.kind.as_str();
        (COMMON.contains(&kind) || more.contains(&kind)) && writes(producer, node)
    };
    is_input != (producer == Producer::SpikingJelly) && flat.nodes.iter().all(fits)
}

/// Are the numbers of this node, if it has to do with time, such as the exporter writes?
fn writes(producer: Producer, node: &Node) -> bool {
    if !["IF", "LIF", "LI", "CubaLIF"].contains(&node.kind.as_str()) {
        return true;
    }
    let all = |name: &str, fits: &dyn Fn(f64) -> bool| {
        // What is absent is 1 or 0 (older versions of the package have no `v_reset`).
        values(node, name).iter().flatten().all(|v| fits(*v))
    };
    let every_time = |fits: &dyn Fn(f64) -> bool| {
        ["tau", "tau_mem", "tau_syn"].iter().all(|name| all(name, fits))
    };
    let is_one = all("r", &|r| r == 1.0) && all("w_in", &|w| w == 1.0);
    let (rests, resets) = (all("v_leak", &|v| v == 0.0), all("v_reset", &|v| v == 0.0));
    match producer {
        Producer::SnnTorch => gains(node) && rests && resets,
        Producer::Norse => is_one && resets && every_time(&|t| is_single(t) && t < 1.0),
        Producer::Sinabs => is_one && rests && resets && every_time(&|t| is_single(t) && t >= 1.0),
        Producer::SpikingJelly => {
            let reset = values(node, "v_reset");
            reset.is_some()
                && match node.kind.as_str() {
                    "IF" => all("r", &|r| near(r * STEP, 1.0)),
                    "LIF" => values(node, "v_leak") == reset && (is_one || gains(node)),
                    _ => rests && gains(node),
                }
                && every_time(&|t| t >= STEP)
        }
    }
}

fn values(node: &Node, name: &str) -> Option<Vec<f64>> {
    node.optional(name).ok().flatten().map(|t| t.values)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDING * b.abs()
}

/// Is every gain its time constant in timesteps, and none shorter than one of them?
fn gains(node: &Node) -> bool {
    let pairs: &[(&str, &str)] = match node.kind.as_str() {
        "LIF" => &[("tau", "r")],
        "CubaLIF" => &[("tau_mem", "r"), ("tau_syn", "w_in")],
        _ => return false,
    };
    pairs.iter().all(|(time, gain)| {
        let (Some(time), Some(gain)) = (values(node, time), values(node, gain)) else {
            return false;
        };
        let fits = |(t, g): (&f64, &f64)| near(g * STEP, *t) && *g >= 1.0 - ROUNDING;
        time.len() == gain.len() && time.iter().zip(&gain).all(fits)
    })
}
