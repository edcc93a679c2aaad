// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `whole-offsets`: what a readout adds is a whole number a timestep.
//!
//! Hardware that is told at run time to stop after some timesteps adds as many parts of the
//! offset. The unit of a logit is far below what tells classes apart; by how much logits change is
//! noted.

use super::{Options, Pass};
use crate::diag::Result;
use crate::ir::{Graph, Op, Taken};

/// See the module.
pub(super) struct WholeOffsets;

impl Pass for WholeOffsets {
    fn name(&self) -> &'static str {
        "whole-offsets"
    }

    fn description(&self) -> &'static str {
        "rounds what a readout adds to a whole number a timestep (--knobs)"
    }

    fn requires(&self) -> &'static str {
        "the integer form"
    }

    fn ensures(&self) -> &'static str {
        "reduce-timesteps takes the graph for any number of timesteps"
    }

    fn run(&self, graph: &mut Graph, _: &Options) -> Result<Vec<String>> {
        let (output, timesteps) = (graph.output()?, i64::from(graph.timesteps));
        let Op::FixedReadout(readout) = graph.op_mut(output) else { return Ok(Vec::new()) };
        if readout.kind != Taken::Sum {
            return Ok(Vec::new());
        }
        let (frac, mut most) = (readout.frac, 0);
        for offset in &mut readout.offset {
            // To the nearest, halves up.
            let whole = (2 * *offset + timesteps).div_euclid(2 * timesteps) * timesteps;
            most = most.max((whole - *offset).abs());
            *offset = whole;
        }
        graph.refresh()?;
        Ok(if most == 0 {
            Vec::new()
        } else {
            vec![format!(
                "offsets are whole numbers a timestep: logits change by up to {most} units of 2^{}",
                -frac
            )]
        })
    }
}
