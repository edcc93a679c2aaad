// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `fold-scale`: constant factors move into the weights that follow.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, NodeId, Op, PerChannel, Weights};

/// See the module.
pub(super) struct FoldScale;

impl Pass for FoldScale {
    fn name(&self) -> &'static str {
        "fold-scale"
    }

    fn description(&self) -> &'static str {
        "moves constant factors (pixels / 255) into the magnitudes of the weights that follow, what is added into their biases"
    }

    fn requires(&self) -> &'static str {
        "nothing; what feeds anything but linear layers is left to fold-batch-norm"
    }

    fn ensures(&self) -> &'static str {
        "no scale with one factor for all feeds linear layers alone"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        for id in graph.order()? {
            let Op::Scale(scale) = &graph.node(id).op else { continue };
            let offset = scale.offset.clone();
            let PerChannel::All(factor) = scale.factor else { continue };
            let users = graph.users(id);
            let linear = |&u: &NodeId| matches!(graph.node(u).op, Op::Linear(_));
            if factor == 0.0 || graph.output()? == id || !users.iter().all(linear) {
                continue;
            }
            for user in users {
                fold(graph, user, factor, &offset)?;
            }
            graph.bypass(id)?;
        }
        graph.refresh()?;
        Ok(Vec::new())
    }
}

/// `W (f x + o) + b = (f W) x + (W o + b)`.
fn fold(graph: &mut Graph, user: NodeId, factor: f64, offset: &PerChannel<f64>) -> Result<()> {
    let name = graph.node(user).name.clone();
    let Op::Linear(linear) = graph.op_mut(user) else { return Ok(()) };
    let usable = |s: &f64| (s * factor.abs()).is_normal() || *s == 0.0;
    let normal = match &linear.weights {
        Weights::Binary { scale, .. } | Weights::Integer { scale, .. } => scale.iter().all(usable),
        Weights::Real { values, .. } => values.iter().all(usable),
    };
    if !normal {
        let message = format!("its weights times {factor:e} are no usable numbers");
        return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
    }
    if !offset.is_zero() {
        let inputs = linear.weights.inputs();
        let sum = |o| (0..inputs).map(|i| linear.weights.value(o, i) * offset.of(i, inputs)).sum();
        let mut bias: Vec<f64> = (0..linear.weights.outputs()).map(sum).collect();
        for (all, own) in bias.iter_mut().zip(linear.bias.iter().flatten()) {
            *all += own;
        }
        linear.bias = Some(bias);
    }
    linear.weights.multiply(factor);
    Ok(())
}
