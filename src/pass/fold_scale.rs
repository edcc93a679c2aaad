// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `fold-scale`: constant factors move into the weights that follow.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, NodeId, Op, PerChannel};

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
        "every scale feeds linear layers only"
    }

    fn ensures(&self) -> &'static str {
        "no scale is left"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        for id in graph.order()? {
            let Op::Scale(scale) = &graph.node(id).op else { continue };
            let offset = scale.offset.clone();
            let PerChannel::All(factor) = scale.factor else {
                let message = "its factors differ between channels";
                let name = graph.node(id).name.clone();
                return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
            };
            for user in graph.users(id) {
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
    let Op::Linear(linear) = graph.op_mut(user) else {
        return Err(Diagnostic::new(
            &codes::PASS_UNSUPPORTED,
            "a constant factor stands before this node, and only a linear layer can take it in",
        )
        .at(name));
    };
    if factor == 0.0 || !factor.is_finite() {
        return Err(Diagnostic::new(
            &codes::PASS_UNSUPPORTED,
            format!("its input is multiplied by {factor}"),
        )
        .at(name));
    }
    let Some((_, scale)) = linear.weights.binary() else {
        let message = "its weights are not ±1 times a magnitude";
        return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
    };
    if !scale.iter().all(|s| (s * factor.abs()).is_normal()) {
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
