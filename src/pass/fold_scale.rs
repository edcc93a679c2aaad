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
        "moves constant factors (pixels / 255) into the magnitudes of the weights that follow"
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
            let factor = scale.factor;
            for user in graph.users(id) {
                fold(graph, user, factor)?;
            }
            graph.bypass(id)?;
        }
        graph.refresh()?;
        Ok(Vec::new())
    }
}

fn fold(graph: &mut Graph, user: NodeId, factor: f64) -> Result<()> {
    let name = graph.node(user).name.clone();
    let Op::Linear(linear) = graph.op_mut(user) else {
        return Err(Diagnostic::new(
            &codes::PASS_UNSUPPORTED,
            "a constant factor stands before this node, and only a linear layer can take it in",
        )
        .at(name));
    };
    let Weights::Binary { signs, scale } = &mut linear.weights;
    if factor == 0.0 || !factor.is_finite() {
        return Err(Diagnostic::new(
            &codes::PASS_UNSUPPORTED,
            format!("its input is multiplied by {factor}"),
        )
        .at(name));
    }
    if factor < 0.0 {
        (0..signs.rows()).for_each(|r| signs.negate_row(r));
    }
    if !scale.iter().all(|s| (s * factor.abs()).is_normal()) {
        let message = format!("its weights times {factor:e} are no usable numbers");
        return Err(Diagnostic::new(&codes::PASS_UNSUPPORTED, message).at(name));
    }
    *scale = match &*scale {
        PerChannel::All(s) => PerChannel::All(s * factor.abs()),
        PerChannel::Each(v) => PerChannel::Each(v.iter().map(|s| s * factor.abs()).collect()),
    };
    Ok(())
}
