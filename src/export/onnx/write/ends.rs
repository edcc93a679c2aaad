// SPDX-License-Identifier: Apache-2.0 OR MIT
//! Where data enter and leave the model.

use super::super::{Writer, tensor};
use super::{Io, extent, int};
use crate::diag::Result;
use crate::import::onnx::dialect;
use crate::import::onnx::proto::StringStringEntryProto;
use crate::import::onnx::proto::tensor_proto::DataType;
use crate::ir::{Input, Op, PerChannel, Readout, ReadoutKind};

impl Writer<'_> {
    /// `[batch, …]`, or `[T, batch, …]` if the input changes.
    pub(super) fn input(&mut self, name: &str, input: &Input, op: &Op) -> Result<Vec<String>> {
        let own = match input.bits {
            None => None,
            Some(1) => Some((DataType::Bool, 1)),
            Some(2..=8) => Some((DataType::Uint8, 8)),
            Some(9..=16) => Some((DataType::Uint16, 16)),
            Some(_) => return Err(self.unsupported(op, " of more than 16 bits")),
        };
        let elem = own.map_or(self.elem(), |(elem, _)| elem.into());
        let time = (!input.is_static).then_some(self.timesteps);
        let mut info = tensor::value_info(name, elem, time, &input.shape);
        if let (Some(bits), Some((_, own))) = (input.bits, own)
            && bits != own
        {
            info.metadata_props.push(StringStringEntryProto {
                key: Some(dialect::BITS.to_owned()),
                value: Some(bits.to_string()),
            });
        }
        self.out.input.push(info);
        let mut whole = name.to_owned();
        if own.is_some() {
            whole = format!("{name}.real");
            self.op(name, "", "Cast", &[name], &whole);
            let to = i64::from(self.elem());
            self.last()?.attribute.push(int("to", to));
        }
        if input.is_static {
            return Ok(vec![whole]);
        }
        (0..self.timesteps)
            .map(|t| {
                let (index, step) =
                    (self.integer(format!("{name}.{t}"), extent(t)), format!("{name}/{}", t + 1));
                self.op(name, &format!("_{}", t + 1), "Gather", &[&whole, &index], &step);
                self.last()?.attribute.push(int("axis", 0));
                Ok(step)
            })
            .collect()
    }

    pub(super) fn readout(&mut self, io: &Io<'_>, r: &Readout, op: &Op) -> Result<Vec<String>> {
        let name = io.name;
        let all: Vec<String> = match io.x() {
            [one] => vec![one.clone(); self.timesteps],
            x => x.to_vec(),
        };
        if r.kind == ReadoutKind::Max && r.gain.iter().any(|g| *g < 0.0) {
            return Err(self.unsupported(op, ": with a gain below 0 the largest is the smallest"));
        }
        let per_step = r.kind == ReadoutKind::PerStep;
        // Gain and offset follow the sum, except where every timestep is an output.
        #[allow(clippy::cast_precision_loss)]
        let times = if r.kind == ReadoutKind::Sum { all.len() as f64 } else { 1.0 };
        let mut values = match r.kind {
            ReadoutKind::PerStep => all,
            ReadoutKind::Last => all.last().cloned().into_iter().collect(),
            kind => {
                let operator = match kind {
                    ReadoutKind::Sum => "Sum",
                    ReadoutKind::Max => "Max",
                    _ => "Mean",
                };
                let operands: Vec<_> = all.iter().map(String::as_str).collect();
                self.op(name, "", operator, &operands, &format!("{name}.all"));
                vec![format!("{name}.all")]
            }
        };
        let is_all = |p: &PerChannel<f64>, x: f64| p.iter().all(|v| *v == x);
        if !is_all(&r.gain, 1.0) {
            let gain = self.per_channel(format!("{name}.gain"), &r.gain, &io.taken);
            let out: Vec<_> = (1..=values.len()).map(|t| format!("{name}.scaled/{t}")).collect();
            self.map("Mul", name, &values, &[&gain], &out);
            values = out;
        }
        if !is_all(&r.offset, 0.0) {
            let offset = match &r.offset {
                PerChannel::All(o) => PerChannel::All(o * times),
                PerChannel::Each(v) => PerChannel::Each(v.iter().map(|o| o * times).collect()),
            };
            let offset = self.per_channel(format!("{name}.offset"), &offset, &io.taken);
            let out: Vec<_> = (1..=values.len()).map(|t| format!("{name}.shifted/{t}")).collect();
            self.map("Add", name, &values, &[&offset], &out);
            values = out;
        }
        if per_step {
            let axis = self.integers(format!("{name}.axis"), &[0]);
            let rows: Vec<_> = (1..=values.len()).map(|t| format!("{name}.row/{t}")).collect();
            self.map("Unsqueeze", name, &values, &[&axis], &rows);
            let rows: Vec<_> = rows.iter().map(String::as_str).collect();
            self.op(name, "", "Concat", &rows, name);
            self.last()?.attribute.push(int("axis", 0));
        } else {
            let Some(value) = values.first() else { return Err(self.unsupported(op, "")) };
            self.op(name, "_out", "Identity", &[value], name);
        }
        Ok(vec![name.to_owned()])
    }
}
