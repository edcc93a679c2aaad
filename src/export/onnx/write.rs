// SPDX-License-Identifier: Apache-2.0 OR MIT
//! One operator of the graph after the other.

use super::Writer;
use crate::diag::{Diagnostic, Result};
use crate::import::onnx::dialect;
use crate::import::onnx::proto::attribute_proto::AttributeType;
use crate::import::onnx::proto::tensor_proto::DataType;
use crate::import::onnx::proto::{AttributeProto, NodeProto, StringStringEntryProto};
use crate::ir::{
    BatchNorm, Compare, Input, Lif, Linear, Node, NodeId, Op, PerChannel, Readout, ReadoutKind,
    Reset, Scale, Weights,
};

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind.into()),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, AttributeType::Int) }
}

impl Writer<'_> {
    /// Writes a node and gives its values back.
    pub(super) fn node(&mut self, id: NodeId) -> Result<Vec<String>> {
        let graph = self.graph;
        let node = graph.node(id);
        let operands = graph.operands(id);
        let x = operands.first().map(|&o| self.values_of(o)).unwrap_or_default();
        let name = node.name.clone();
        // The value of each timestep.
        let label = |t: usize| match x.len() {
            1 => name.clone(),
            _ => format!("{name}/{}", t + 1),
        };
        let out: Vec<_> = (0..x.len()).map(label).collect();
        match &node.op {
            Op::Input(i) => return self.input(&name, i, &node.op),
            Op::Scale(s) => self.scale(&name, s, &x, &out, &node.stream.shape),
            Op::Linear(l) => self.linear(&name, l, &x, &out),
            Op::BatchNorm(b) => self.batch_norm(&name, b, &x, &out)?,
            Op::Reshape(r) => {
                // 0 keeps the batch.
                let extent = |&d: &usize| i64::try_from(d).unwrap_or(i64::MAX);
                let shape: Vec<_> = std::iter::once(0).chain(r.shape.iter().map(extent)).collect();
                let shape = self.integers(format!("{name}.shape"), &shape);
                self.each(&name, "Reshape", &x, &[&shape], &out);
            }
            Op::Lif(l) => return self.lif(&name, l, &x, &node.stream.shape),
            Op::Readout(r) => return self.readout(&name, r, &x, node),
            other => return Err(self.unsupported(other, "")),
        }
        Ok(out)
    }

    /// A factor, an offset, or both.
    fn scale(&mut self, name: &str, s: &Scale, x: &[String], out: &[String], shape: &[usize]) {
        let (scales, shifts) = (s.factor.iter().any(|f| *f != 1.0), !s.offset.is_zero());
        let mut x = x.to_vec();
        if scales || !shifts {
            let factor = self.per_channel(format!("{name}.factor"), &s.factor, shape);
            let scaled = (1..=x.len()).map(|t| format!("{name}.scaled/{t}")).collect();
            let scaled = if shifts { scaled } else { out.to_vec() };
            self.each(name, "Mul", &x, &[&factor], &scaled);
            x = scaled;
        }
        if shifts {
            let offset = self.per_channel(format!("{name}.offset"), &s.offset, shape);
            self.each(name, "Add", &x, &[&offset], out);
        }
    }

    /// The same operator for every timestep.
    fn each(&mut self, name: &str, op: &str, x: &[String], more: &[&str], out: &[String]) {
        for (t, (x, y)) in x.iter().zip(out).enumerate() {
            let operands: Vec<_> =
                std::iter::once(x.as_str()).chain(more.iter().copied()).collect();
            self.op(name, &format!("_{}", t + 1), op, &operands, y);
        }
    }

    fn input(&mut self, name: &str, input: &Input, op: &Op) -> Result<Vec<String>> {
        if !input.is_static {
            return Err(self.unsupported(op, " that changes over time"));
        }
        let (elem, own) = match input.bits {
            Some(1) => (DataType::Bool, 1),
            Some(2..=8) => (DataType::Uint8, 8),
            Some(9..=16) => (DataType::Uint16, 16),
            _ => return Err(self.unsupported(op, " of real numbers or of more than 16 bits")),
        };
        let mut info = self.value_info(name, elem.into(), Some(&input.shape));
        if let Some(bits) = input.bits.filter(|b| *b != own) {
            info.metadata_props.push(StringStringEntryProto {
                key: Some(dialect::BITS.to_owned()),
                value: Some(bits.to_string()),
            });
        }
        self.out.input.push(info);
        let real = format!("{name}.real");
        self.op(name, "", "Cast", &[name], &real);
        let to = i64::from(self.elem());
        self.last()?.attribute.push(int("to", to));
        Ok(vec![real])
    }

    /// `x · BipolarQuant(signs, scale) + bias`, the weights as inputs by outputs.
    fn linear(&mut self, name: &str, l: &Linear, x: &[String], out: &[String]) {
        let (outputs, inputs) = (l.weights.outputs(), l.weights.inputs());
        let grid = |f: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
            (0..inputs)
                .flat_map(|i| (0..outputs).map(move |o| (o, i)))
                .map(|(o, i)| f(o, i))
                .collect()
        };
        let shape = [inputs, outputs];
        let weight = match &l.weights {
            Weights::Binary { signs, scale } => {
                let signs = grid(&|o, i| if signs.get(o, i) { 1.0 } else { -1.0 });
                let signs = self.tensor(format!("{name}.weight"), &shape, &signs);
                let scale = self.per_channel(format!("{name}.scale"), scale, &[outputs]);
                let binary = format!("{name}.binary");
                self.op(name, "", "BipolarQuant", &[&signs, &scale], &binary);
                if let Some(node) = self.out.node.last_mut() {
                    node.domain = Some(dialect::QONNX.to_owned());
                }
                binary
            }
            other => {
                let values = grid(&|o, i| other.value(o, i));
                self.tensor(format!("{name}.weight"), &shape, &values)
            }
        };
        let Some(bias) = &l.bias else {
            return self.each(name, "MatMul", x, &[&weight], out);
        };
        let bias = self.tensor(format!("{name}.bias"), &[outputs], bias);
        let products: Vec<_> = out.iter().map(|y| format!("{y}.product")).collect();
        self.each(name, "MatMul", x, &[&weight], &products);
        self.each(name, "Add", &products, &[&bias], out);
    }

    fn batch_norm(
        &mut self,
        name: &str,
        b: &BatchNorm,
        x: &[String],
        out: &[String],
    ) -> Result<()> {
        // The attribute is of single precision; what it cannot hold goes to the variance.
        #[allow(clippy::cast_possible_truncation)]
        let eps = b.eps as f32;
        let rest = b.eps - f64::from(eps);
        let var: Vec<_> = b.var.iter().map(|v| v + rest).collect();
        let parameters =
            [("weight", &b.gamma), ("bias", &b.beta), ("mean", &b.mean), ("var", &var)];
        let names = parameters.map(|(n, v)| self.tensor(format!("{name}.{n}"), &[v.len()], v));
        for (t, (x, y)) in x.iter().zip(out).enumerate() {
            let operands = [x, &names[0], &names[1], &names[2], &names[3]].map(String::as_str);
            self.op(name, &format!("_{}", t + 1), "BatchNormalization", &operands, y);
            let epsilon =
                AttributeProto { f: Some(eps), ..attribute("epsilon", AttributeType::Float) };
            self.last()?.attribute.push(epsilon);
        }
        Ok(())
    }

    /// A call a timestep, each with the state that the one before returns.
    fn lif(&mut self, name: &str, l: &Lif, x: &[String], shape: &[usize]) -> Result<Vec<String>> {
        let n: usize = shape.iter().product();
        let state: Vec<_> = (0..n).map(|i| l.leak.of(i, n) * l.start.of(i, n)).collect();
        let extents: Vec<_> = std::iter::once(1).chain(shape.iter().copied()).collect();
        let mut state = self.tensor(format!("{name}.state"), &extents, &state);
        let parameters = [
            ("leak", &l.leak),
            ("gain", &l.gain),
            ("bias", &l.bias),
            ("threshold", &l.threshold),
            ("reset_to", &l.reset_to),
        ];
        let names = parameters.map(|(n, p)| self.per_channel(format!("{name}.{n}"), p, shape));
        let reset = match l.reset {
            Reset::Soft => "soft",
            Reset::SoftDelayed => "soft-delayed",
            Reset::Hard => "hard",
            Reset::None => "none",
        };
        let compare = match l.compare {
            Compare::Above => "above",
            Compare::AtLeast => "at-least",
        };
        let mut spikes = Vec::with_capacity(self.timesteps);
        for t in 1..=self.timesteps {
            let current = match x {
                [one] => one,
                _ => x.get(t - 1).ok_or_else(|| {
                    Diagnostic::internal("onnx export", "a stream with too few timesteps")
                })?,
            };
            let (fires, next) = (format!("{name}/{t}"), format!("{name}/{t}.state"));
            let operands = [current, &state].into_iter().chain(&names).cloned().collect();
            self.out.node.push(NodeProto {
                name: Some(format!("/{name}/Lif_{t}")),
                op_type: Some("Lif".to_owned()),
                domain: Some(dialect::DOMAIN.to_owned()),
                input: operands,
                output: vec![fires.clone(), next.clone()],
                attribute: vec![dialect::text("reset", reset), dialect::text("compare", compare)],
                ..NodeProto::default()
            });
            spikes.push(fires);
            state = next;
        }
        Ok(spikes)
    }

    fn readout(
        &mut self,
        name: &str,
        r: &Readout,
        x: &[String],
        node: &Node,
    ) -> Result<Vec<String>> {
        let (op, shape) = (&node.op, &node.stream.shape);
        let all: Vec<String> = match x {
            [one] => vec![one.clone(); self.timesteps],
            _ => x.to_vec(),
        };
        let per_step = r.kind == ReadoutKind::PerStep;
        // Gain and offset follow the sum, except where every timestep is an output.
        #[allow(clippy::cast_precision_loss)]
        let times = if r.kind == ReadoutKind::Sum { all.len() as f64 } else { 1.0 };
        let mut values = match r.kind {
            ReadoutKind::PerStep => all,
            ReadoutKind::Last => all.last().cloned().into_iter().collect(),
            kind => {
                let operator = if kind == ReadoutKind::Sum { "Sum" } else { "Mean" };
                let operands: Vec<_> = all.iter().map(String::as_str).collect();
                self.op(name, "", operator, &operands, &format!("{name}.all"));
                vec![format!("{name}.all")]
            }
        };
        let is_all = |p: &PerChannel<f64>, x: f64| p.iter().all(|v| *v == x);
        if !is_all(&r.gain, 1.0) {
            let gain = self.per_channel(format!("{name}.gain"), &r.gain, shape);
            let out: Vec<_> = (1..=values.len()).map(|t| format!("{name}.scaled/{t}")).collect();
            self.each(name, "Mul", &values, &[&gain], &out);
            values = out;
        }
        if !is_all(&r.offset, 0.0) {
            let offset = match &r.offset {
                PerChannel::All(o) => PerChannel::All(o * times),
                PerChannel::Each(v) => PerChannel::Each(v.iter().map(|o| o * times).collect()),
            };
            let offset = self.per_channel(format!("{name}.offset"), &offset, shape);
            let out: Vec<_> = (1..=values.len()).map(|t| format!("{name}.shifted/{t}")).collect();
            self.each(name, "Add", &values, &[&offset], &out);
            values = out;
        }
        if per_step {
            let axis = self.integers(format!("{name}.axis"), &[0]);
            let rows: Vec<_> = (1..=values.len()).map(|t| format!("{name}.row/{t}")).collect();
            self.each(name, "Unsqueeze", &values, &[&axis], &rows);
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
