// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `round-weights`: real weights become integers of a few bits.
//!
//! One scale an output: its largest weight is 2^(bits−1) − 1 steps, or the coarsest step on
//! which all of its weights lie. Where the operand is scaled numbers, rounded to a few bits itself
//! (`narrow-operands`), the weights get fewer bits: adders are as wide as the product.

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Conv, Graph, Kind, Linear, NodeId, Op, Weights};

/// See the module.
pub(super) struct RoundWeights;

impl Pass for RoundWeights {
    fn name(&self) -> &'static str {
        "round-weights"
    }

    fn description(&self) -> &'static str {
        "rounds weights that are not ±1 times a magnitude to integers of a few bits, with one scale an output"
    }

    fn requires(&self) -> &'static str {
        "nothing"
    }

    fn ensures(&self) -> &'static str {
        "weights are ±1 or integers, times a magnitude"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for (name, _) in &options.layer_bits {
            known(graph, name)?;
        }
        for id in graph.order()? {
            let name = graph.node(id).name.clone();
            let own = options.layer_bits.iter().find(|(layer, _)| *layer == name);
            let bits = match own {
                Some((_, bits)) => *bits,
                None if reads_products(graph, id) => options.product_weight_bits,
                None => options.weight_bits,
            };
            let (Op::Linear(Linear { weights, .. }) | Op::Conv(Conv { weights, .. })) =
                graph.op_mut(id)
            else {
                continue;
            };
            match weights {
                Weights::Binary { .. } => continue,
                // Integers stay what they are unless the user says otherwise.
                Weights::Integer { .. } if own.is_none() => continue,
                Weights::Integer { .. } | Weights::Real { .. } => {}
            }
            let (rounded, worst) = weights.rounded(bits);
            *weights = rounded;
            notes.push(format!(
                "{name}: weights of {bits} bits; the largest rounding is {:.3} % of the output's largest weight",
                100.0 * worst
            ));
        }
        graph.refresh()?;
        Ok(notes)
    }
}

/// Is the operand of a layer scaled numbers, which are rounded themselves? What the input is
/// multiplied with goes into the weights (`fold-scale`): a level stays what it is.
fn reads_products(graph: &Graph, id: NodeId) -> bool {
    let Some(&(mut x)) = graph.operands(id).first() else { return false };
    if graph.node(x).stream.kind != Kind::Real {
        return false;
    }
    while matches!(graph.node(x).op, Op::Scale(_) | Op::Reshape(_) | Op::Pool(_)) {
        let Some(&before) = graph.operands(x).first() else { break };
        x = before;
    }
    !matches!(graph.node(x).op, Op::Input(_))
}

/// A layer whose bits a user may choose.
fn known(graph: &Graph, name: &str) -> Result<()> {
    let refused = |message: String| Err(Diagnostic::new(&codes::BAD_OPTION, message));
    match graph.find(name).map(|id| &graph.node(id).op) {
        Some(Op::Linear(Linear { weights, .. }) | Op::Conv(Conv { weights, .. })) => {
            match weights {
                Weights::Binary { .. } => {
                    refused(format!("--precision: the weights of `{name}` have one bit"))
                }
                _ => Ok(()),
            }
        }
        Some(_) => refused(format!("--precision: `{name}` has no weights")),
        None => refused(format!("--precision: no layer is called `{name}`"))
            .map_err(|d: Box<Diagnostic>| d.help("`synfire inspect` lists the layers")),
    }
}
