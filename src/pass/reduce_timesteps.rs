// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `reduce-timesteps`: the first timesteps of a model alone.
//!
//! Everything in a graph depends on earlier timesteps alone, so what is left fires as it did
//! before. How few timesteps are enough is measured by [`crate::tune`].

use super::{Options, Pass, unsupported};
use crate::diag::{Diagnostic, Result, codes};
use crate::ir::{Graph, Op, Taken};

/// See the module.
pub(super) struct ReduceTimesteps;

impl Pass for ReduceTimesteps {
    fn name(&self) -> &'static str {
        "reduce-timesteps"
    }

    fn description(&self) -> &'static str {
        "leaves out the last timesteps (--keep-timesteps)"
    }

    fn requires(&self) -> &'static str {
        "at least as many timesteps as are to be kept"
    }

    fn ensures(&self) -> &'static str {
        "the spikes of the first timesteps of the model before; a mean is one over those that are left"
    }

    fn run(&self, graph: &mut Graph, options: &Options) -> Result<Vec<String>> {
        let (Some(keep), all) = (options.keep_timesteps, graph.timesteps) else {
            return Ok(Vec::new());
        };
        if keep == 0 || keep > all {
            let message = format!("--keep-timesteps {keep}: the model has {all}");
            return Err(Diagnostic::new(&codes::BAD_OPTION, message)
                .help(format!("1 to {all} can be kept")));
        }
        let output = graph.output()?;
        let name = graph.node(output).name.clone();
        // The integer form holds what is added in all timesteps together.
        if let Op::FixedReadout(r) = graph.op_mut(output)
            && r.kind == Taken::Sum
        {
            for offset in &mut r.offset {
                let kept = *offset * i64::from(keep);
                if kept % i64::from(all) != 0 {
                    let message = format!(
                        "an offset of {offset} for {all} timesteps is no whole number for {keep}"
                    );
                    return Err(unsupported(message)
                        .at(name)
                        .help("reduce the model in its real form"));
                }
                *offset = kept / i64::from(all);
            }
        }
        graph.timesteps = keep;
        graph.refresh()?;
        Ok(if keep == all { Vec::new() } else { vec![format!("{keep} of {all} timesteps")] })
    }
}
