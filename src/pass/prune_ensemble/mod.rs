// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `prune-ensemble`: some members of an ensemble alone.
//!
//! A member that is left out counts as one that gives nothing but zeros (SNE,
//! arXiv:2502.14023, leaves open what stands in its place): what the head made of its part is
//! not computed any more. Which members are enough is measured by [`crate::tune`].

mod find;
mod narrow;

use super::{Options, Pass};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Op};

pub use find::{Ensemble, ensemble};

/// See the module.
pub(super) struct PruneEnsemble;

impl Pass for PruneEnsemble {
    fn name(&self) -> &'static str {
        "prune-ensemble"
    }

    fn description(&self) -> &'static str {
        "leaves out members of an ensemble (--keep-members)"
    }

    fn requires(&self) -> &'static str {
        "members whose results are added or put together, and no neurons behind that"
    }

    fn ensures(&self) -> &'static str {
        "the logits of the model before with zeros in the place of what left-out members give; what members share is there once"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let Some(keep) = &options.keep_members else { return Ok(Vec::new()) };
        let found = ensemble(graph)?.ok_or_else(no_members)?;
        let count = found.ends.len();
        let keep = chosen(keep, count)?;
        if keep.len() == count {
            return Ok(Vec::new());
        }
        let left: Vec<_> = keep.iter().map(|&m| found.ends[m]).collect();
        if let Op::Concat(c) = graph.node(found.join).op.clone() {
            let sizes = found.ends.iter().map(|&e| graph.node(e).stream.shape[c.axis]);
            let sizes: Vec<usize> = sizes.collect();
            let member = |m: usize| vec![keep.contains(&m); sizes[m]];
            let kept: Vec<bool> = (0..count).flat_map(member).collect();
            narrow::narrow(graph, found.join, c.axis, &kept)?;
        }
        match left[..] {
            [one] => graph.supersede(found.join, one),
            _ => {
                let op = graph.node(found.join).op.clone();
                graph.replace(found.join, op, &left);
            }
        }
        graph.prune()?;
        graph.refresh()?;
        let names: Vec<String> = keep.iter().map(usize::to_string).collect();
        Ok(vec![format!("members {} of {count}", names.join(", "))])
    }
}

/// The members to keep, in order, each once.
fn chosen(keep: &[usize], count: usize) -> Result<Vec<usize>> {
    let mut keep = keep.to_vec();
    keep.sort_unstable();
    keep.dedup();
    let refused = |message: String| {
        let help = format!("members are counted from 0: 0 to {}", count - 1);
        Err(Diagnostic::new(&codes::BAD_OPTION, message).help(help))
    };
    match keep.last() {
        None => refused("--keep-members: no member is left".into()),
        Some(m) if *m >= count => {
            refused(format!("--keep-members {m}: the ensemble has {count} members"))
        }
        Some(_) => Ok(keep),
    }
}

fn no_members() -> Box<Diagnostic> {
    Diagnostic::new(&codes::NO_ENSEMBLE, "--keep-members: the model has no members").help(
        "members are branches with neurons that end in one concat or add, with none behind it; `synfire inspect` shows the graph",
    )
}
