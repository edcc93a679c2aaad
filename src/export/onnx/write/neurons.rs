// SPDX-License-Identifier: Apache-2.0 OR MIT
//! The operators of the dialect: neurons, integrators, thresholds.

use super::super::{NodeProto, Writer};
use super::{Io, at};
use crate::diag::{Diagnostic, Result};
use crate::import::onnx::dialect;
use crate::import::onnx::proto::AttributeProto;
use crate::ir::{Compare, Li, Lif, PerChannel, Threshold};

fn compare(c: Compare) -> AttributeProto {
    dialect::text(
        "compare",
        match c {
            Compare::Above => "above",
            Compare::AtLeast => "at-least",
        },
    )
}

impl Writer<'_> {
    pub(super) fn threshold(&mut self, io: &Io<'_>, t: &Threshold) -> Result<()> {
        let threshold = self.per_channel(format!("{}.threshold", io.name), &t.threshold, &io.taken);
        for (x, y) in io.x().iter().zip(&io.out) {
            self.op(io.name, "", "Threshold", &[x, &threshold], y);
            let node = self.last()?;
            node.domain = Some(dialect::DOMAIN.to_owned());
            node.attribute.push(compare(t.compare));
        }
        Ok(())
    }

    pub(super) fn li(&mut self, io: &Io<'_>, l: &Li) -> Result<Vec<String>> {
        let parameters = [("leak", &l.leak), ("gain", &l.gain), ("bias", &l.bias)];
        self.calls("Li", io, (&l.leak, &l.start), &parameters, &[])
    }

    pub(super) fn lif(&mut self, io: &Io<'_>, l: &Lif) -> Result<Vec<String>> {
        let parameters = [
            ("leak", &l.leak),
            ("gain", &l.gain),
            ("bias", &l.bias),
            ("threshold", &l.threshold),
            ("reset_to", &l.reset_to),
        ];
        let attributes = [dialect::text("reset", l.reset.name()), compare(l.compare)];
        self.calls("Lif", io, (&l.leak, &l.start), &parameters, &attributes)
    }

    /// A call a timestep, each with the state that the one before returns; at first it is
    /// what has leaked of the start.
    fn calls(
        &mut self,
        op: &str,
        io: &Io<'_>,
        (leak, start): (&PerChannel<f64>, &PerChannel<f64>),
        parameters: &[(&str, &PerChannel<f64>)],
        attributes: &[AttributeProto],
    ) -> Result<Vec<String>> {
        let name = io.name;
        let n: usize = io.taken.iter().product();
        let state: Vec<_> = (0..n).map(|i| leak.of(i, n) * start.of(i, n)).collect();
        let extents: Vec<_> = std::iter::once(1).chain(io.taken.iter().copied()).collect();
        let mut state = self.tensor(format!("{name}.state"), &extents, &state);
        let names: Vec<_> = parameters
            .iter()
            .map(|(n, p)| self.per_channel(format!("{name}.{n}"), p, &io.taken))
            .collect();
        let mut out = Vec::with_capacity(self.timesteps);
        for t in 1..=self.timesteps {
            let few = || Diagnostic::internal("onnx export", "a stream with too few timesteps");
            let current = at(io.x(), t - 1).ok_or_else(few)?;
            let (result, next) = (format!("{name}/{t}"), format!("{name}/{t}.state"));
            self.out.node.push(NodeProto {
                name: Some(format!("/{name}/{op}_{t}")),
                op_type: Some(op.to_owned()),
                domain: Some(dialect::DOMAIN.to_owned()),
                input: [current, &state].into_iter().chain(&names).cloned().collect(),
                output: vec![result.clone(), next.clone()],
                attribute: attributes.to_vec(),
                ..NodeProto::default()
            });
            out.push(result);
            state = next;
        }
        Ok(out)
    }
}
