// SPDX-License-Identifier: Apache-2.0 OR MIT
//! `--outputs`: what the real-valued model computes, as an array.

use std::path::Path;

use npyz::WriterBuilder as _;

use crate::diag::{Diagnostic, Result, codes, write_file};
use crate::interp::{Logits, Record};
use crate::ir::{Graph, Op, ReadoutKind};

/// The outputs of the samples so far, if they are wanted.
#[derive(Default)]
pub(super) struct Outputs(Vec<f64>);

impl Outputs {
    /// Adds a sample: every timestep where each is an output, else the logits.
    pub(super) fn add(&mut self, graph: &Graph, record: &Record) -> Result<()> {
        match &record.logits {
            _ if is_per_step(graph)? => self.0.extend(record.steps.iter().flatten()),
            Logits::Real(logits) => self.0.extend(logits),
            Logits::Integer(_) => return Err(Diagnostic::internal("outputs", "integers")),
        }
        Ok(())
    }

    /// Adds the samples that come next.
    pub(super) fn append(&mut self, mut next: Self) {
        self.0.append(&mut next.0);
    }

    /// Writes `[sample, …]` or `[sample, timestep, …]` in double precision.
    pub(super) fn write(&self, graph: &Graph, path: &Path) -> Result<()> {
        let stream = &graph.node(graph.output()?).stream;
        let mut shape: Vec<u64> = stream.shape.iter().map(|&d| d as u64).collect();
        if is_per_step(graph)? {
            shape.insert(0, u64::from(graph.timesteps));
        }
        let sample: u64 = shape.iter().product();
        shape.insert(0, self.0.len() as u64 / sample.max(1));
        let mut bytes = Vec::new();
        let mut write = || -> std::io::Result<()> {
            let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
            let mut writer = options.writer(&mut bytes).begin_nd()?;
            writer.extend(self.0.iter().copied())?;
            writer.finish()
        };
        write().map_err(|e| {
            Diagnostic::new(&codes::FILE_WRITE, format!("cannot write: {e}")).in_file(path)
        })?;
        write_file(path, &bytes)
    }
}

fn is_per_step(graph: &Graph) -> Result<bool> {
    let readout = &graph.node(graph.output()?).op;
    Ok(matches!(readout, Op::Readout(r) if r.kind == ReadoutKind::PerStep))
}
